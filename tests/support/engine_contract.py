"""What every engine promises, whoever does the work. A test class of each engine inherits it.

A class says which backend it has and how many workers. One with a cluster overrides `options`. Its
module gives a fixture, `expected`: the tables of the sweep `FIELDS`, done by one thread. Engines
whose workers are processes, which can die, inherit `ProcessContract`.
"""

import io
import json
import os
import signal
import time
from contextlib import closing

import pandas as pd
import pyarrow.parquet as pq
import pytest

import fastq
from fastq.execution import run as run_module
from fastq.execution.engines import engine
from fastq.study.storage.store import Directory
from tests.conftest import SMALL, rerun

FIELDS = {**SMALL, "runs": 400, "episodes": 30, "grid": {"alpha": [0.1, 0.5]}}
CHUNK = 64
PAIR = {**SMALL, "runs": 2, "grid": {"alpha": [0.5]}}
MANY = 1000
PATIENCE = 300.0
"""Seconds that a task waits for another one at most; only a broken promise uses them up."""


class Killing(Directory):
    """A directory whose first part is death to who writes it."""

    def put(self, name, data):
        armed = self.path.with_name("armed")
        if name.startswith("parts") and armed.exists():
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, data)


class Failing(Directory):
    """A directory that cannot hold a run 1, alone or among others."""

    def put(self, name, data):
        if name.startswith("parts") and holds_run_1(data):
            self.fail()
        super().put(name, data)

    def fail(self):
        raise ZeroDivisionError("on purpose")


class Deadly(Failing):
    """Death to whoever would write a run 1."""

    def fail(self):
        os.kill(os.getpid(), signal.SIGKILL)


def holds_run_1(data):
    """Say whether a part holds a run 1."""
    index = json.loads(pq.ParquetFile(io.BytesIO(data)).metadata.metadata[b"fastq.runs"])
    spans = [span for about in index["runs"].values() for span in about["runs"]]
    return any(first <= 1 < stop for first, stop in spans)


class InterruptedBar(run_module.tqdm):
    """A progress bar at whose third report the user presses Ctrl-C."""

    def update(self, n=1):
        self.reports = getattr(self, "reports", 0) + 1
        if self.reports == 3:
            raise KeyboardInterrupt
        return super().update(n)


def double(number):
    return 2 * number


def double_slowly(number):
    """Take so long that MANY tasks outlast a main process that is held up for seconds."""
    time.sleep(0.02)
    return double(number)


def first_one_late(task):
    """Let the first task last until somebody says that the second one was given back."""
    number, given = task
    deadline = time.monotonic() + PATIENCE
    while number == 0 and not given.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return number


class EngineContract:
    """The promises."""

    backend: str
    n_jobs = 2

    @pytest.fixture
    def options(self):
        """What `fastq.run` takes for this engine."""
        return {"backend": self.backend, "n_jobs": self.n_jobs}

    def check(self, out, options, expected):
        """Run the sweep, and compare all bits."""
        found = fastq.run(
            fastq.Sweep(**FIELDS), out=out, progress=False, chunk_size=CHUNK, **options
        )
        pd.testing.assert_frame_equal(found.episodes(), expected, check_exact=True)

    def test_all_workers_are_counted(self, options):
        with engine(**options) as workers:
            assert workers.workers == self.n_jobs

    def test_tasks_are_given_back_with_their_results(self, options):
        with engine(**options) as workers, closing(workers.each(double, iter(range(50)))) as done:
            assert sorted(done) == [(i, 2 * i) for i in range(50)]

    def test_the_first_to_finish_is_given_first(self, options, tmp_path):
        # The second task cannot say itself that it is done: its word reaches the first task before
        # its result reaches us, so that either may be the first to finish.
        given = tmp_path / "given"
        tasks = [(number, given) for number in range(4)]
        if self.n_jobs == 1:
            given.touch()
        order = []
        with (
            engine(**options) as workers,
            closing(workers.each(first_one_late, iter(tasks))) as done,
        ):
            for _, number in done:
                order.append(number)
                if number == 1:
                    given.touch()
        assert sorted(order) == [0, 1, 2, 3]
        assert (order.index(0) < order.index(1)) == (self.n_jobs == 1)

    def test_who_closes_the_generator_gets_no_more(self, options):
        handed_out = []

        def tasks():
            for number in range(MANY):
                handed_out.append(number)
                yield number

        with engine(**options) as workers:
            with closing(workers.each(double_slowly, tasks())) as done:
                next(done)
            count = len(handed_out)
            assert count < MANY
            with closing(workers.each(double, range(3))) as done:  # and the workers go on
                assert sorted(done) == [(0, 0), (1, 2), (2, 4)]
            assert len(handed_out) == count

    def test_the_same_bits(self, options, expected, tmp_path):
        self.check(tmp_path / "x", options, expected)

    def test_the_bar_shows_all_runs(self, options, tmp_path, capsys):
        fastq.run(fastq.Sweep(**SMALL), out=tmp_path / "x", chunk_size=4, **options)
        shown = capsys.readouterr().err
        counts = [int(part.split()[-1]) for part in shown.split("/30 ")[:-1]]
        assert counts == sorted(counts)
        assert counts[-1] == 30

    def test_ctrl_c_stops_and_the_sweep_can_be_resumed(
        self, options, expected, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(run_module, "tqdm", InterruptedBar)
        with pytest.raises(KeyboardInterrupt):
            self.check(tmp_path / "x", options, expected)
        assert 0 < fastq.Results(tmp_path / "x").finished < 800
        monkeypatch.undo()
        self.check(tmp_path / "x", options, expected)

    def test_a_run_that_fails_is_named_and_the_rest_go_on(self, options, tmp_path):
        with pytest.raises(fastq.RunError) as caught:
            out = Failing(tmp_path / "x")
            fastq.run(fastq.Sweep(**PAIR), out=out, progress=False, chunk_size=2, **options)
        message = str(caught.value)
        assert message.startswith("1 of 2 runs failed")
        assert message.endswith("alpha=0.5, run 1: ZeroDivisionError: 'on purpose'"), message
        assert fastq.Results(tmp_path / "x").finished == 1


class ProcessContract(EngineContract):
    """The promises of an engine whose workers may die."""

    def test_the_runs_of_a_worker_that_is_killed_are_done_again(self, options, expected, tmp_path):
        (tmp_path / "armed").touch()
        self.check(Killing(tmp_path / "x"), options, expected)
        assert not (tmp_path / "armed").exists()

    def test_a_run_that_kills_its_workers_is_named_and_the_rest_go_on(self, options, tmp_path):
        with pytest.raises(fastq.RunError) as caught:
            out = Deadly(tmp_path / "x")
            fastq.run(fastq.Sweep(**PAIR), out=out, progress=False, chunk_size=2, **options)
        message = str(caught.value)
        assert message.startswith("1 of 2 runs failed")
        assert "alpha=0.5, run 1" in message
        assert "its worker died, perhaps for want of memory" in message
        assert fastq.Results(tmp_path / "x").finished == 1
        assert rerun(PAIR, tmp_path / "x").finished == 2
