"""`run`: the same tables however the work is split, resumed or interrupted."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pandas as pd
import pytest

import fastq
from fastq.execution import chunks
from fastq.execution import run as run_module
from fastq.study.storage.store import Directory


def run(sweep, out, **options):
    return fastq.run(sweep, out=out, progress=False, **{"n_jobs": 1, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"n_jobs": 2},
        {"n_jobs": 2, "backend": "loky"},
        {"n_jobs": 2, "chunk_size": 1},
        {"chunk_size": 7},
        {"chunk_size": 1000},
    ],
)
def test_tables_do_not_depend_on_how_the_work_is_split(results, sweep, tmp_path, options):
    other = run(sweep, tmp_path / "other", **options)
    for table in ("episodes", "curves", "summary"):
        left, right = getattr(results, table)(), getattr(other, table)()
        assert left.to_csv() == right.to_csv()
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def parts(directory):
    return {path: path.stat().st_mtime_ns for path in (directory / "parts").iterdir()}


def test_a_finished_sweep_is_not_computed_again(sweep, tmp_path, monkeypatch):
    run(sweep, tmp_path / "x")
    before = parts(tmp_path / "x")
    monkeypatch.setattr(run_module, "run_chunk", lambda chunk: pytest.fail("computed again"))
    again = run(sweep, tmp_path / "x")
    assert parts(tmp_path / "x") == before
    assert again.finished == 30


@pytest.mark.parametrize(
    "extension",
    [
        {"runs": 9},
        {"grid": {"alpha": [0.1, 0.3, 0.5, 0.9], "epsilon": [0.05, 0.1]}},
        {
            "grid": {"alpha": [0.9, 0.5, 0.1], "epsilon": [0.1, 0.05], "gamma": [1.0, 0.9]},
            "fixed": {},
        },
    ],
)
def test_an_extension_computes_the_difference_only(fields, tmp_path, extension):
    run(fastq.Sweep(**fields), tmp_path / "x")
    before = parts(tmp_path / "x")
    larger = fastq.Sweep(**{**fields, **extension})
    extended = run(larger, tmp_path / "x")
    after = parts(tmp_path / "x")
    assert {path: after[path] for path in before} == before
    recorded = len(pd.read_parquet(tmp_path / "x" / "parts")) // 20
    assert recorded == larger.num_configurations * larger.runs
    fresh = run(larger, tmp_path / "fresh")
    pd.testing.assert_frame_equal(extended.episodes(), fresh.episodes(), check_exact=True)


def test_a_smaller_sweep_shows_its_own_rows(fields, tmp_path):
    run(fastq.Sweep(**fields), tmp_path / "x")
    smaller = fastq.Sweep(
        **{**fields, "grid": {"alpha": [0.5]}, "fixed": {"epsilon": 0.1}, "runs": 2}
    )
    found = run(smaller, tmp_path / "x").episodes()
    assert len(found) == 2 * 20
    pd.testing.assert_frame_equal(found, run(smaller, tmp_path / "fresh").episodes())


def test_lost_parts_are_computed_again(results, sweep, tmp_path):
    found = run(sweep, tmp_path / "x", chunk_size=4)
    for part in list((tmp_path / "x" / "parts").iterdir())[::2]:
        part.unlink()
    again = run(sweep, tmp_path / "x")
    pd.testing.assert_frame_equal(again.episodes(), results.episodes(), check_exact=True)
    assert found.total == 30


def test_half_written_parts_are_not_read(results, sweep, tmp_path):
    run(sweep, tmp_path / "x")
    (tmp_path / "x" / "parts" / ".abc-1.tmp").write_bytes(b"half a par")
    again = run(sweep, tmp_path / "x")
    pd.testing.assert_frame_equal(again.episodes(), results.episodes(), check_exact=True)


def test_failing_runs_are_named_and_the_others_kept(sweep, tmp_path, monkeypatch):
    compute = chunks._compute

    def fragile(chunk):
        for index, number in zip(chunk.configuration_of, chunk.run_of, strict=True):
            point = chunk.configurations[index].point
            if point == {"alpha": 0.5, "epsilon": 0.1} and number == 3:
                raise ZeroDivisionError("on purpose")
        return compute(chunk)

    monkeypatch.setattr(chunks, "_compute", fragile)
    with pytest.raises(fastq.RunError) as caught:
        run(sweep, tmp_path / "x", chunk_size=8)
    message = str(caught.value)
    assert message.startswith("1 of 30 runs failed")
    assert "alpha=0.5, epsilon=0.1, run 3: ZeroDivisionError" in message
    assert fastq.Results(tmp_path / "x").finished == 29
    monkeypatch.undo()
    assert run(sweep, tmp_path / "x").finished == 30


def test_a_full_disk_is_said_once_for_each_run(sweep, tmp_path, monkeypatch):
    tried = []

    def full(*_arguments):
        tried.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chunks, "write_part", full)
    with pytest.raises(fastq.RunError, match=r"30 of 30 runs failed.*No space left on device"):
        run(sweep, tmp_path / "x", chunk_size=10)
    assert len(tried) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 0}, "n_jobs = 0: must be"),
        (
            {"backend": "carrier pigeon"},
            "backend = 'carrier pigeon': must be threading, loky, dask, ray",
        ),
        ({"chunk_size": 0}, "chunk_size = 0: must be an integer from 1"),
    ],
)
def test_bad_options_start_nothing(sweep, tmp_path, options, message):
    with pytest.raises(fastq.InputError, match=message):
        run(sweep, tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()


def test_the_progress_bar_counts_runs(sweep, tmp_path, capsys):
    fastq.run(sweep, out=tmp_path / "x", n_jobs=1)
    shown = capsys.readouterr().err
    assert "30/30" in shown
    assert "runs/s" in shown


HEEDFUL = (
    "import signal, fastq.cli; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "fastq.cli.main()"
)
"""The command line, also below a shell that ignores Ctrl-C, as all below it then do."""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_interrupted_and_resumed(tmp_path, backend):
    """A real process is interrupted in mid-sweep; run again, it ends as if it never was."""
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = "q_learning"\nepisodes = 300\nruns = 2000\n'
        "grid = {alpha = [0.1, 0.5]}\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", HEEDFUL, "sweep", str(spec), "--out", str(out), "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--backend", backend],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(out.glob("parts/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"to resume: fastq sweep {spec} --out {out}" in errors
    assert "Traceback" not in errors
    kept = fastq.Results(out).finished
    assert 0 < kept < 4000
    assert f"{kept} of 4000 runs are kept" in errors
    sweep = fastq.Sweep.from_toml(spec)
    resumed, fresh = run(sweep, out), run(sweep, tmp_path / "fresh")
    pd.testing.assert_frame_equal(resumed.episodes(), fresh.episodes(), check_exact=True)


class Leaving(Directory):
    """A directory that goes away once it has three parts, as the file ``fate`` beside it says."""

    def put(self, name, data):
        super().put(name, data)
        if not name.startswith("parts") or len(self.names("parts", "")) < 3:
            return
        with suppress(FileNotFoundError):  # it goes once
            fate = self.path.with_name("fate").rename(self.path.with_name("met")).read_text()
            elsewhere = self.path.rename(self.path.with_name("elsewhere"))
            if fate == "deleted":  # where another thread may write a file meanwhile
                shutil.rmtree(elsewhere, ignore_errors=True)
            if fate == "replaced":
                self.path.mkdir()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fate", "options"),
    [
        ("moved", {}),
        ("moved", {"n_jobs": 2, "backend": "loky"}),
        ("deleted", {"n_jobs": 2}),
        ("replaced", {"n_jobs": 2}),
    ],
)
def test_a_directory_that_goes_away_stops_the_sweep(results, sweep, tmp_path, fate, options):
    (tmp_path / "fate").write_text(fate)
    out = Leaving(tmp_path / "out")
    with pytest.raises(fastq.RunError) as caught:
        run(sweep, out, chunk_size=2, **options)
    assert str(caught.value) == (
        f"{tmp_path / 'out'}: was moved or deleted while a sweep was at work in it; "
        "what was finished is where the directory is now"
    )
    if fate == "replaced":
        assert list((tmp_path / "out").iterdir()) == []
    else:
        assert not (tmp_path / "out").exists()
    if fate != "deleted":
        moved = tmp_path / "elsewhere"
        kept = fastq.Results(moved)
        assert 6 <= kept.finished < 30
        assert len(kept.episodes()) == kept.finished * 20
        resumed = run(sweep, moved)
        pd.testing.assert_frame_equal(resumed.episodes(), results.episodes(), check_exact=True)


def test_an_interrupted_sweep_is_a_fair_table(sweep, tmp_path, monkeypatch):
    compute = chunks._compute
    done = []

    def interrupted(chunk):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(chunk)
        return compute(chunk)

    monkeypatch.setattr(chunks, "_compute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(sweep, tmp_path / "x", chunk_size=4)
    counts = fastq.Results(tmp_path / "x").summary()["runs"]
    assert counts.sum() == 16
    assert len(counts) == 6
    assert counts.max() - counts.min() <= 1


def test_a_pipe_in_place_of_a_part_is_refused_at_once(study):
    part = next((study / "parts").glob("*.parquet"))
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(fastq.InputError, match=r"is damaged \('it is a pipe; must be a regular"):
        fastq.Results(study).episodes()
