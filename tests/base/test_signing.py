"""Signatures: this user's, and nobody else's."""

import concurrent.futures
import os
import stat

import pytest

from fastq.base import signing

CONTENT = {"text": "x", "list": [1, 2]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTQ_KEY_DIR", str(tmp_path / "deep" / "key"))
    return tmp_path / "deep" / "key"


def test_a_signature_holds_for_its_content_and_its_key(folder, monkeypatch, tmp_path):
    assert not signing.is_signed(CONTENT, "0" * 64)
    assert not folder.exists()  # to look makes no key
    signature = signing.sign(CONTENT)
    assert signing.is_signed({"list": [1, 2], "text": "x"}, signature)
    assert not signing.is_signed({**CONTENT, "text": "y"}, signature)
    assert not signing.is_signed(CONTENT, signature[:-1])
    for no_text in (None, 3, "\N{SNOWMAN}"):
        assert not signing.is_signed(CONTENT, no_text)
    monkeypatch.setenv("FASTQ_KEY_DIR", str(tmp_path / "another"))
    assert signing.sign(CONTENT) != signature
    assert not signing.is_signed(CONTENT, signature)


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_nobody_else_reads_the_key(folder):
    signature = signing.sign(CONTENT)
    key = folder / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    key.chmod(0o640)
    assert not signing.is_signed(CONTENT, signature)
    with pytest.raises(signing.NoKeyError, match="others can read it; must have mode 600"):
        signing.sign(CONTENT)


def test_a_key_that_cannot_be_made_or_is_damaged(folder):
    folder.parent.mkdir()
    folder.write_text("a file")
    with pytest.raises(signing.NoKeyError):
        signing.sign(CONTENT)
    folder.unlink()
    signing.sign(CONTENT)
    (folder / "key").write_bytes(b"short")
    with pytest.raises(signing.NoKeyError, match="is damaged"):
        signing.sign(CONTENT)


def test_processes_make_one_key(folder):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = {*pool.map(lambda _: signing.sign(CONTENT), range(32))}
    assert len(found) == 1
    assert sorted(path.name for path in folder.iterdir()) in ([".lock", "key"], ["key"])


def test_by_default_it_lies_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("FASTQ_KEY_DIR", raising=False)
    monkeypatch.setattr(signing.platformdirs, "user_data_path", lambda *a, **k: (a, k))
    assert signing.key_folder() == (("fastq",), {"appauthor": False})
