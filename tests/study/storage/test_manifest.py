"""`manifest.json`: what it says, whom it refuses, and what damage does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydantic
import pytest

import fastq
from fastq.study.storage import manifest
from fastq.study.storage.manifest import Manifest
from fastq.study.storage.store import Directory
from fastq.study.study import Study
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
        (
            {"wall_time": "long"},
            r"is damaged \(wall_time = 'long': must be a number from 0 to 1e15\)",
        ),
        ({"steps": True}, r"is damaged \(steps = True: must be an integer from 0 to 2\*\*63 - 1\)"),
        ({"spec": None}, r"manifest.json: is damaged \(spec = None: "),
        ({"spec": {"env": "a\n"}}, r"is damaged \(spec\.env = 'a\\n': must be text that can be"),
        ({"clean": "yes"}, r"manifest.json: is damaged \(clean = 'yes': "),
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


@pytest.mark.parametrize(
    "name", [name for name, field in Manifest.model_fields.items() if field.is_required()]
)
def test_a_manifest_that_lacks_a_field(study, name):
    path = study / "manifest.json"
    found = json.loads(path.read_text())
    del found[name]
    path.write_text(json.dumps(found))
    with pytest.raises(fastq.InputError, match=f"manifest.json: is damaged .*{name}"):
        fastq.Results(study)


def test_the_model_has_each_field_that_is_written(results):
    found = json.loads((results.directory / "manifest.json").read_text())
    assert set(found) == set(Manifest.model_fields)
    assert set(found["study"]) == set(Study.model_fields)


def test_fields_of_a_later_fastq_are_kept(study):
    path = study / "manifest.json"
    found = {**json.loads(path.read_text()), "weather": "mild"}
    found["checksum"] = manifest._checksum(found)
    path.write_text(json.dumps(found))
    assert fastq.Results(study).manifest["weather"] == "mild"


def test_the_schema_in_the_docs_is_that_of_the_model():
    """If it differs, write it again: ``json.dumps(schema(), indent=2)``, with a last newline."""
    path = Path(fastq.__file__).parents[1] / "docs" / "manifest.schema.json"
    if tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 11):
        pytest.skip("pydantic before 2.11 writes some parts of a schema differently")
    assert json.loads(path.read_text()) == manifest.schema()


def test_no_study():
    with pytest.raises(fastq.InputError, match="holds no study"):
        fastq.Results("nowhere")


def test_a_second_sitting_adds_to_the_first(fields, tmp_path):
    """Steps and time add up, and the day of its making stays."""
    rerun(fields, tmp_path / "x", runs=3)
    path = tmp_path / "x" / "manifest.json"
    first = json.loads(path.read_text())
    old = {**first, "created": "2001-02-03T04:05:06+00:00", "wall_time": 1000.0}
    old["checksum"] = manifest._checksum(old)
    path.write_text(json.dumps(old))
    results = rerun(fields, tmp_path / "x")
    second = json.loads(path.read_text())
    assert second["created"] == old["created"]
    assert second["wall_time"] > 1000
    assert second["steps"] == results.episodes()["length"].sum() > first["steps"] > 0


def test_another_name_of_the_same_tables_is_no_other_study(study, fields):
    mdp = fastq.FiniteMDP.from_gymnasium(fields["env"])
    tables = {name: getattr(mdp, name) for name in ("next_state", "reward", "probability")}
    tables |= {"terminated": mdp.terminated, "start": mdp.start}
    other = fastq.FiniteMDP(**tables, max_steps=mdp.max_steps, name="another name")
    assert rerun(fields, study, env=other).study.env == "another name"
    tables["reward"] = 2 * mdp.reward
    different = fastq.FiniteMDP(**tables, max_steps=mdp.max_steps, name="another name")
    with pytest.raises(fastq.InputError, match="holds another study, with environment = "):
        rerun(fields, study, env=different)


@pytest.mark.parametrize(
    ("revision", "clean"), [("0123456789ab", True), ("0123456789ab-dirty", False), (None, None)]
)
def test_a_clean_checkout_is_one_without_edits(sweep, tmp_path, monkeypatch, revision, clean):
    monkeypatch.setattr(manifest, "_revision", lambda: revision)
    (tmp_path / "x").mkdir()
    manifest.open_study(Directory(tmp_path / "x"), sweep)
    found = json.loads((tmp_path / "x" / "manifest.json").read_text())
    assert (found["revision"], found["clean"]) == (revision, clean)
