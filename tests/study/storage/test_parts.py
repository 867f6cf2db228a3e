"""Part files: what is in them, and what damage does."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import fastq
from fastq.study.record import Entries
from fastq.study.storage import parts
from fastq.study.storage.manifest import open_study
from fastq.study.storage.store import Directory
from tests.conftest import contents, rerun


def test_parts_are_readable_without_fastq(results, sweep):
    table = pd.read_parquet(results.directory / "parts")
    assert list(table.columns) == [
        "configuration", "alpha", "epsilon", "run", "episode", "return", "length", "truncated",
        "diverged",
    ]  # fmt: skip
    assert len(table) == 6 * 5 * 20
    agent = fastq.QLearning(alpha=0.5, gamma=1.0, epsilon=0.1)
    rows = table[(table["alpha"] == 0.5) & (table["epsilon"] == 0.1) & (table["run"] == 4)]
    expected = fastq.train(sweep.mdp, agent, episodes=20, seed=3, run=4)
    assert rows.sort_values("episode")["return"].tolist() == expected.returns.tolist()
    assert set(rows["configuration"]) == {agent.key(sweep.mdp.fingerprint)}


def test_a_cell_is_empty_where_an_agent_lacks_it_or_has_a_schedule(fields, tmp_path):
    several = {
        "agent": ["q_learning", "dyna_q"],
        "grid": {"alpha": [0.5, fastq.Visits(power=0.8)], "planning_steps": [0, 3]},
    }
    found = rerun(fields, tmp_path / "x", **several)
    table = pd.read_parquet(tmp_path / "x" / "parts").drop_duplicates("configuration")
    table[["agent", "schedules"]] = table[["agent", "schedules"]].astype(str)
    rows = table.sort_values(["agent", "planning_steps", "schedules"])
    assert rows["agent"].tolist() == ["dyna_q"] * 4 + ["q_learning"] * 2
    assert rows["planning_steps"].fillna(-1).tolist() == [0, 0, 3, 3, -1, -1]
    assert rows["alpha"].fillna(-1).tolist() == [0.5, -1] * 3
    assert rows["schedules"].tolist() == ["", "alpha = 1/n^0.8"] * 3
    assert found.study.num_configurations == 6


def test_no_temporary_file_is_left(results):
    names = [path.name for path in results.directory.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith(".tmp")]


def test_a_failed_write_leaves_nothing(sweep, tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    store = Directory(tmp_path / "x")
    open_study(store, sweep)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fastq.study.storage.store, "put", full)
    one, points = np.array([0]), np.arange(20, dtype=np.int32)
    entries = Entries(one, one, {"return": np.zeros((1, 20))})
    with pytest.raises(OSError, match="No space left"):
        parts.write_part(store, sweep.configurations, one, one, entries, points, {}, "study")
    assert not list((tmp_path / "x" / "parts").iterdir())


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
        parts.finished_runs(Directory(study), fastq.Results(study).study.identity)


def test_rows_that_do_not_fill_episodes(study):
    part = next((study / "parts").glob("*.parquet"))
    table = pq.read_table(part)
    part.unlink()
    pq.write_table(table.slice(0, table.num_rows - 1), study / "parts" / "x")
    data = (study / "parts" / "x").read_bytes()
    (study / "parts" / f"x-{zlib.crc32(data):08x}.parquet").write_bytes(data)
    with pytest.raises(fastq.InputError, match=r"holds \d+ rows, no multiple of 20"):
        fastq.Results(study).episodes()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_reading_starts_no_thread_that_may_outlive_the_interpreter(results):
    """A thread of pyarrow's that frees a part's bytes as the interpreter ends aborts it."""
    code = (
        "import os, sys, pyarrow, fastq; pyarrow.set_cpu_count(4)\n"
        "results = fastq.Results(sys.argv[1]); results.finished\n"
        "before = set(os.listdir('/proc/self/task')); results.episodes()\n"
        "from fastq.study.storage.parts import damaged_parts\n"
        "assert damaged_parts(results.store, results.study.identity) == []\n"
        "print(len(set(os.listdir('/proc/self/task')) - before))"
    )
    command = [sys.executable, "-c", code, str(results.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
