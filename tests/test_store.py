"""The directory of a study: what is in it, whom it refuses, and what damage does."""

import json
import shutil
import zlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import fastq
from fastq import store


@pytest.fixture
def study(results, tmp_path):
    """A copy of the finished study, to do harm to."""
    return shutil.copytree(results.directory, tmp_path / "study")


def rerun(fields, out, **changes):
    return fastq.run(fastq.Sweep(**{**fields, **changes}), out=out, n_jobs=1, progress=False)


def contents(directory):
    return {p: p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def test_parts_are_readable_without_fastq(results, sweep):
    table = pd.read_parquet(results.directory / "parts")
    assert list(table.columns) == [
        "configuration", "alpha", "gamma", "epsilon", "initial_value",
        "run", "episode", "return", "length", "truncated",
    ]  # fmt: skip
    assert len(table) == 6 * 5 * 20
    agent = fastq.QLearning(alpha=0.5, gamma=1.0, epsilon=0.1)
    rows = table[(table["alpha"] == 0.5) & (table["epsilon"] == 0.1) & (table["run"] == 4)]
    expected = fastq.train(sweep.mdp, agent, episodes=20, seed=3, run=4)
    assert rows.sort_values("episode")["return"].tolist() == expected.returns.tolist()
    assert set(rows["configuration"]) == {agent.key(sweep.mdp.fingerprint)}


def test_manifest(results, sweep):
    manifest = json.loads((results.directory / "manifest.json").read_text())
    assert fastq.Sweep(**manifest["spec"]) == sweep
    assert manifest["seed"] == 3
    assert manifest["environment"] == sweep.mdp.fingerprint
    assert manifest["versions"]["numpy"] == np.__version__
    assert manifest["wall_time"] > 0
    assert "revision" in manifest


def test_no_temporary_file_is_left(results):
    names = [path.name for path in results.directory.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith(".tmp")]


def test_a_failed_write_leaves_nothing(sweep, tmp_path, monkeypatch):
    store.open_study(tmp_path / "x", sweep)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_put", full)
    columns = {"return": np.zeros((1, 20))}
    with pytest.raises(OSError, match="No space left"):
        store.write_part(
            tmp_path / "x", sweep.configurations, np.array([0]), np.array([0]), columns
        )
    assert not list((tmp_path / "x" / "parts").iterdir())


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


def _truncate(data):
    return data[: len(data) // 2]


def _flip(data):
    """Flip one bit, in the footer: the middle of a small part."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x40]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "harm", [_truncate, _flip, lambda _: b"", lambda _: b"PAR1 is not enough PAR1"]
)
def test_a_damaged_part_is_named(study, fields, harm):
    part = next((study / "parts").glob("*.parquet"))
    part.write_bytes(harm(part.read_bytes()))
    with pytest.raises(fastq.InputError, match=f"{part.name}: is damaged .*delete it") as caught:
        rerun(fields, study).episodes()
    assert "\n" not in str(caught.value)
    before = contents(study)
    with pytest.raises(fastq.InputError, match="is damaged"):
        rerun(fields, study, runs=9)
    assert contents(study) == before
    part.unlink()
    assert rerun(fields, study).finished == 30


def test_a_parquet_file_of_someone_else(study):
    pd.DataFrame({"x": [1]}).to_parquet(study / "parts" / "other.parquet")
    with pytest.raises(fastq.InputError, match=r"other.parquet: is damaged"):
        store.finished_runs(study)


def test_rows_that_do_not_fill_episodes(study):
    part = next((study / "parts").glob("*.parquet"))
    table = pq.read_table(part)
    part.unlink()
    pq.write_table(table.slice(0, table.num_rows - 1), study / "parts" / "x")
    data = (study / "parts" / "x").read_bytes()
    (study / "parts" / f"x-{zlib.crc32(data):08x}.parquet").write_bytes(data)
    with pytest.raises(fastq.InputError, match="must be a multiple of 20 episodes"):
        fastq.Results(study).episodes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "manifest.json: is damaged"),
        ("[]", "manifest.json: is damaged"),
        ("{}", "manifest.json: is damaged"),
        ('{"format": 99, "spec": {"env": ""}, "environment": "", "max_steps": 1}', "format = 99"),
        (
            '{"format": 1, "spec": {"env": "x"}, "environment": "", "max_steps": 1}',
            "manifest.json: spec: agent is missing",
        ),
    ],
)
def test_a_damaged_manifest(study, text, message):
    (study / "manifest.json").write_text(text)
    with pytest.raises(fastq.InputError, match=message):
        fastq.Results(study)


def test_no_study():
    with pytest.raises(fastq.InputError, match="holds no study"):
        fastq.Results("nowhere")
