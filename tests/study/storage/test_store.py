"""Stores: files are whole or not there, wherever they lie."""

import pickle
import shutil
import subprocess
import sys

import pytest

import fastq
from fastq.study.storage import store as stores
from fastq.study.storage.remote import open_store
from fastq.study.storage.store import Directory


@pytest.fixture
def store(tmp_path):
    (tmp_path / "x").mkdir()
    return Directory(tmp_path / "x")


def test_what_is_put_is_read(store):
    store.put("parts/b.parquet", b"2")
    store.put("parts/a.parquet", b"1")
    store.put("parts/a.parquet", b"3")
    assert store.read("parts/a.parquet") == b"3"
    assert store.names("parts", ".parquet") == ["parts/a.parquet", "parts/b.parquet"]
    assert store.names("nothing", "") == []
    with pytest.raises(FileNotFoundError):
        store.read("parts/c.parquet")


def test_a_put_that_fails_changes_nothing(store, monkeypatch):
    store.put("parts/a.parquet", b"old")

    def broken(_final, data):
        assert data == b"new"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores, "put", broken)
    with pytest.raises(OSError, match="No space"):
        store.put("parts/a.parquet", b"new")
    assert store.read("parts/a.parquet") == b"old"
    assert [path.name for path in (store.path / "parts").iterdir()] == ["a.parquet"]


def test_what_killed_processes_left_is_swept_up(store):
    store.put("parts/a.parquet", b"1")
    (store.path / "parts" / ".b.tmp").write_bytes(b"half")
    (store.path / ".c.tmp").write_bytes(b"half")
    assert store.names("parts", "") == ["parts/a.parquet"]
    store.sweep_up()
    assert {path.name for path in store.path.rglob("*")} == {"parts", "a.parquet"}


def test_only_one_holds_the_lock(store):
    store.put("manifest.json", b"{}")
    with (
        store.lock(),
        pytest.raises(fastq.InputError, match="another sweep is at work there"),
        Directory(store.path).lock(),
    ):
        pass
    with Directory(store.path).lock():
        pass


def test_the_lock_of_a_killed_process_is_free(store):
    code = (
        "import os, sys, fastq.study.storage.store as s\n"
        "with s.Directory(sys.argv[1]).lock():\n    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(store.path)], check=False)
    assert done.returncode == -9
    with store.lock():
        assert store.is_free()


def test_a_place_that_was_only_locked_is_left_as_it_was(store):
    store.path.rmdir()
    with store.lock():
        assert store.is_free()
        assert store.path.exists()
    assert not store.path.exists()


def test_workers_find_it_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    taken = pickle.dumps(Directory("x"))
    monkeypatch.chdir("/")
    pickle.loads(taken).put("a", b"1")
    assert (tmp_path / "x" / "a").read_bytes() == b"1"


def test_a_path_is_a_directory_and_a_store_itself(store):
    assert open_store(store) is store
    assert str(open_store(store.path)) == str(store.path)


def test_a_put_makes_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        Directory(tmp_path / "x").put("parts/a.parquet", b"1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there_is_a_new_one", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_a_locked_directory_that_goes_away_is_not_made_again(store, moved, there_is_a_new_one):
    old = store.path
    with store.lock():
        store.put("parts/a.parquet", b"1")
        traveller = pickle.loads(pickle.dumps(store))
        if moved:
            old.rename(old.with_name("y"))
        else:
            shutil.rmtree(old)
        if there_is_a_new_one:
            old.mkdir()
            (old / ".theirs.tmp").touch()
        for one in (store, traveller):
            with pytest.raises(FileNotFoundError, match="was moved or deleted while a sweep"):
                one.put("parts/b.parquet", b"2")
            one.sweep_up()
        with pytest.raises(fastq.RunError, match="what was finished is where the directory is now"):
            store.check_place()
    assert old.exists() == there_is_a_new_one
    if there_is_a_new_one:
        assert [path.name for path in old.iterdir()] == [".theirs.tmp"]
    with pytest.raises(fastq.RunError), store.lock():
        pass
    assert old.exists() == there_is_a_new_one
    if moved:
        assert Directory(old.with_name("y")).names("parts", "") == ["parts/a.parquet"]
