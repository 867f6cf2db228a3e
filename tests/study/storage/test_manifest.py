"""`manifest.json`: what it says, whom it refuses, and what damage does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastq
from fastq.study.storage import manifest
from fastq.study.storage.store import Directory
from tests.conftest import contents, rerun


def test_manifest(results, sweep):
    found = json.loads((results.directory / "manifest.json").read_text())
    assert fastq.Sweep(**found["spec"]) == sweep
    assert found["seed"] == 3
    assert found["environment"] == sweep.mdp.fingerprint
    assert found["versions"]["numpy"] == np.__version__
    assert found["wall_time"] > 0
    assert "revision" in found


def test_the_revision_is_that_of_fastqs_own_checkout(tmp_path):
    """In a checkout it is git's own word; in a folder that is none there is no revision."""
    copy = tmp_path / "fastq"
    shutil.copytree(Path(fastq.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def revision():
        code = "from fastq.study.storage.manifest import _revision; print(_revision())"
        command = [sys.executable, "-c", code]
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def git(*arguments):
        who = ["-c", "user.name=x", "-c", "user.email=x"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert revision() == "None"
    if shutil.which("git") is None:
        return  # a machine without git has no checkouts, and no revision is all there is to see
    git("init", "-q")
    git("add", "fastq/*.py")
    git("commit", "-q", "-m", "copy")
    assert revision() == git("rev-parse", "--short=12", "HEAD")
    edited = copy / "study" / "storage" / "manifest.py"
    edited.write_text(edited.read_text() + "# edited\n")
    assert revision() == git("rev-parse", "--short=12", "HEAD") + "-dirty"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, "with seed = 3 and not 4"),
        ({"episodes": 21}, "with episodes = 20 and not 21"),
        ({"max_steps": 50}, "with max_steps = 10000 and not 50"),
        ({"streams": "independent"}, "with streams = 'common' and not 'independent'"),
        ({"env_args": {"moves": "king"}}, "with env_args = {} and not {'moves': 'king'}"),
        ({"env": "FrozenLake-v1"}, "with env = 'fastq/WindyGridworld-v0' and not"),
    ],
)
def test_another_study_is_refused(study, fields, changes, message):
    before = contents(study)
    with pytest.raises(fastq.InputError, match=message):
        rerun(fields, study, **changes)
    assert contents(study) == before


def test_a_directory_of_something_else_is_refused(fields, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(fastq.InputError, match="holds something else"):
        rerun(fields, tmp_path)
    with pytest.raises(fastq.InputError, match="holds something else"):
        rerun(fields, tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_directory_that_cannot_be_made(fields, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(fastq.InputError, match="cannot be written"):
        rerun(fields, tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "manifest.json: is damaged"),
        ("[]", "manifest.json: is damaged"),
        ("{}", "manifest.json: is damaged"),
        ('{"format": 99, "spec": {"env": ""}, "environment": "", "max_steps": 1}', "format = 99"),
        ({"wall_time": "long"}, r"manifest.json: is damaged \(wall_time = 'long'\)"),
        ({"spec": None}, r"manifest.json: is damaged \(spec = None\)"),
        ({"study": {}}, r"manifest.json: is damaged \(its content does not have its checksum"),
    ],
)
def test_a_damaged_manifest(study, text, message):
    path = study / "manifest.json"
    if isinstance(text, dict):
        text = json.dumps({**json.loads(path.read_text()), **text})
    path.write_text(text)
    with pytest.raises(fastq.InputError, match=message):
        fastq.Results(study)


def test_no_study():
    with pytest.raises(fastq.InputError, match="holds no study"):
        fastq.Results("nowhere")


def test_a_second_sitting_adds_to_the_first(fields, tmp_path):
    """Steps and time add up, the day of its making stays, and another name is no other study."""
    rerun(fields, tmp_path / "x", runs=3)
    path = tmp_path / "x" / "manifest.json"
    first = json.loads(path.read_text())
    old = {**first, "created": "2001-02-03T04:05:06+00:00", "wall_time": 1000.0}
    old["checksum"] = manifest._checksum(old)
    path.write_text(json.dumps(old))
    results = rerun(fields, tmp_path / "x", env=fastq.windy_gridworld())
    second = json.loads(path.read_text())
    assert second["created"] == old["created"]
    assert second["wall_time"] > 1000
    assert second["steps"] == results.episodes()["length"].sum() > first["steps"] > 0


@pytest.mark.parametrize(
    ("revision", "clean"), [("0123456789ab", True), ("0123456789ab-dirty", False), (None, None)]
)
def test_a_clean_checkout_is_one_without_edits(sweep, tmp_path, monkeypatch, revision, clean):
    monkeypatch.setattr(manifest, "_revision", lambda: revision)
    (tmp_path / "x").mkdir()
    manifest.open_study(Directory(tmp_path / "x"), sweep)
    found = json.loads((tmp_path / "x" / "manifest.json").read_text())
    assert (found["revision"], found["clean"]) == (revision, clean)
