"""Files that are whole or not there."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import fastq
from fastq.base import files
from tests.conftest import contents


def test_put_replaces_a_file_whole(tmp_path):
    final = tmp_path / "final"
    for data in (b"old", b"new"):
        files.put(final, data)
        assert contents(tmp_path) == {final: data}


def test_a_failed_put_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    final = tmp_path / "final"
    final.write_bytes(b"old")

    def full(_file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.put(final, b"new")
    assert contents(tmp_path) == {final: b"old"}


def test_bytes_are_on_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    """Else a loss of power leaves an empty file under the name of a whole one."""
    final, order = tmp_path / "final", []
    fsync, replace = os.fsync, Path.replace

    def flush(handle):
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        order.append((kind, os.fstat(handle).st_size if kind == "file" else final.exists()))
        fsync(handle)

    def rename(path, target):
        order.append(("rename", target.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", rename)
    files.put(final, b"four")
    assert order == [("file", 4), ("rename", "final"), ("folder", True)]


def test_a_failed_rename_leaves_nothing(tmp_path, monkeypatch):
    def refuse(_path, _target):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="Permission"):
        files.put(tmp_path / "final", b"new")
    assert contents(tmp_path) == {}


WRITES_ALL = """
import os, sys
import fastq
from pathlib import Path
from fastq.report.pictures import write_pictures
from fastq.report.report import write_report

renamed, opened = set(), set()

def listen(event, told):
    if event == "os.rename" and str(told[0]).endswith(".tmp"):
        renamed.add(os.path.realpath(told[1]))
    if event == "open" and isinstance(told[0], str) and told[2] and told[2] & os.O_ACCMODE:
        opened.add(os.path.realpath(told[0]))

sys.addaudithook(listen)
out = Path(sys.argv[1])
sweep = fastq.Sweep(env=fastq.windy_gridworld(), agent="q_learning", grid={"alpha": [0.1, 0.5]},
                    episodes=5, runs=3)
results = fastq.run(sweep, out=out / "study", n_jobs=1, progress=False)
write_pictures(results)
write_report(results, out / "report.html", confirm_runs=0)
fastq.plot.save(fastq.plot.learning_curves(results.curves()), out / "curves.svg")
fastq.windy_gridworld().save(out / "windy.npz")
(out / "control.txt").write_text("as no file of fastq's is written")
files = {os.path.realpath(p) for p in out.rglob("*") if p.is_file() and p.name != ".lock"}
for name in sorted((files - renamed) | (files & opened)):
    print(os.path.basename(name))
print(len(files))
"""


@pytest.mark.slow
def test_each_file_that_fastq_writes_gets_its_name_by_a_rename(tmp_path):
    """Of a study, its pictures, a report, a figure and an MDP; one file is written otherwise."""
    done = subprocess.run(
        [sys.executable, "-c", WRITES_ALL, str(tmp_path)],
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=True,
    )
    *by_another_way, count = done.stdout.split()
    assert by_another_way == ["control.txt"]
    assert int(count) > 10


def test_a_link_in_place_of_the_other_name_is_not_followed(tmp_path, monkeypatch):
    other, final = tmp_path / "other", tmp_path / "final"
    other.write_bytes(b"somebody else's")
    monkeypatch.setattr(files.uuid, "uuid4", lambda: type("Known", (), {"hex": "known"}))
    (tmp_path / ".known.tmp").symlink_to(other)
    with pytest.raises(FileExistsError):
        files.put(final, b"new")
    assert other.read_bytes() == b"somebody else's"
    assert not final.exists()


@pytest.mark.parametrize("what", ["report", "picture", "tables"])
def test_no_file_is_written_through_a_link_that_can_be_foreseen(results, tmp_path, what):
    import matplotlib.pyplot as plt

    other = tmp_path / "other"
    other.write_bytes(b"somebody else's")
    names = {"report": "report.html", "picture": "a.png", "tables": "a.npz"}
    final = tmp_path / names[what]
    for link in (final, tmp_path / f".{final.name}.tmp"):
        link.symlink_to(other)
    if what == "report":
        from fastq.report.report import write_report

        write_report(results, final, confirm_runs=0)
    elif what == "picture":
        figure, ax = plt.subplots()
        fastq.plot.save(ax, final)
        plt.close(figure)
    else:
        fastq.windy_gridworld().save(final)
    assert other.read_bytes() == b"somebody else's"
    assert len(final.read_bytes()) > 500
    assert not final.is_symlink()


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, said in [
            ("pipe", "it is a pipe; must be a regular file"),
            ("folder", "directory"),
            ("device", "it is a device"),
            ("socket", ""),
        ]:
            with pytest.raises(OSError, match=f"(?i){said}"):
                files.read(tmp_path / name)


def test_the_size_is_checked_before_reading(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(OSError, match="it has 4398046511104 bytes; must be at most 4294967296"):
        files.read(path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such rights")
@pytest.mark.parametrize(("options", "mode"), [({}, 0o666), ({"mode": 0o600}, 0o600)])
def test_a_file_has_the_rights_that_are_asked_for(options, mode, tmp_path):
    """As far as the mask of the process lets it."""
    for mask in (0, 0o027):
        before = os.umask(mask)
        try:
            files.put(tmp_path / "x", b"", **options)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == mode & ~mask
