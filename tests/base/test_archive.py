"""Files of arrays: whole, or refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastq
from fastq.base import archive


def test_round_trip(tmp_path):
    path = tmp_path / "world"
    archive.write(path, {"a": np.arange(6).reshape(2, 3)}, {"name": "é\0"})
    arrays, about = archive.read(str(path), "a world")
    assert arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert about == {"name": "é\0"}
    assert [file.name for file in tmp_path.iterdir()] == ["world"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "world.npz"
    path.write_text("old")
    with pytest.raises(TypeError):
        archive.write(path, {}, {"name": object()})
    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="no space left"):
        archive.write(path, {}, {})
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def full_disk(file, **_):
    file.write(b"half")
    raise OSError("no space left")


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(fastq.InputError, match=r"path = '.*': must be in a folder that exists"):
        archive.write(tmp_path / "none" / "world.npz", {}, {})


def other_files(folder):
    """Write files that `write` never writes; give their paths."""
    text = np.array(json.dumps([1]))
    np.save(folder / "one.npy", np.zeros(3))
    np.savez(folder / "without.npz", a=np.zeros(3))
    np.savez(folder / "list.npz", about=text)
    np.savez(folder / "no_json.npz", about=np.array("{"))
    np.savez(folder / "pickle.npz", about=text, a=np.array([None]))
    (folder / "empty.npz").write_bytes(b"")
    (folder / "folder.npz").mkdir()
    return sorted(folder.iterdir())


def test_other_files(tmp_path):
    paths = other_files(tmp_path)
    assert len(paths) == 7
    for path in paths:
        with pytest.raises(fastq.InputError, match=r"path = '.*': must be a world \(") as caught:
            archive.read(path, "a world")
        assert "\n" not in str(caught.value)
    with pytest.raises(fastq.InputError, match="path = 'nowhere': no such file"):
        archive.read("nowhere", "a world")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file, and its bytes."""
    path = tmp_path_factory.mktemp("archive") / "world.npz"
    archive.write(path, {"a": np.arange(100)}, {"name": "w"})
    return path, path.read_bytes()


@given(data=st.data())
def test_damage_is_noticed(written, data):
    path, whole = written
    damaged = bytearray(whole)
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        arrays, about = archive.read(path, "a world")
    except fastq.InputError as error:
        assert "\n" not in str(error)
    else:  # there are bytes that say nothing, and names that are checked by who asks for them
        assert all(array.tolist() == list(range(100)) for array in arrays.values())
        assert about == {"name": "w"}
