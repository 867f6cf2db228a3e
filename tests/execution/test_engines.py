"""Engines: the same tables whoever does the work, and whichever of them dies at it."""

import io
import json
import os
import signal
import sys
from contextlib import closing

import distributed
import pandas as pd
import pyarrow.parquet as pq
import pytest
import ray

import fastq
from fastq.execution.engines import engine
from fastq.study.storage.store import Directory
from tests.conftest import SMALL

pytestmark = pytest.mark.slow

LONGER = {**SMALL, "runs": 1500, "episodes": 60, "grid": {"alpha": [0.1, 0.5]}}


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """A sweep of some seconds, and its tables by one thread."""
    sweep = fastq.Sweep(**LONGER)
    out = tmp_path_factory.mktemp("longer") / "one"
    return sweep, fastq.run(sweep, out=out, n_jobs=1, progress=False).episodes()


@pytest.fixture(scope="module")
def cluster():
    """A dask cluster of three worker processes."""
    options = {"n_workers": 3, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options, silence_logs=50) as found:
        yield found


class Killing(Directory):
    """A directory whose first part is death to who writes it."""

    def put(self, name, data):
        armed = self.path.with_name("armed")
        if name.startswith("parts") and armed.exists():
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, data)


class Deadly(Directory):
    """Death to whoever would write a run 1, alone or among others."""

    def put(self, name, data):
        if name.startswith("parts"):
            index = json.loads(pq.ParquetFile(io.BytesIO(data)).metadata.metadata[b"fastq.runs"])
            spans = [span for about in index["runs"].values() for span in about["runs"]]
            if any(first <= 1 < stop for first, stop in spans):
                os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, data)


def check(longer, out, **options):
    sweep, expected = longer
    found = fastq.run(sweep, out=out, progress=False, chunk_size=64, **options)
    pd.testing.assert_frame_equal(found.episodes(), expected, check_exact=True)


def test_dask(longer, cluster, tmp_path):
    check(longer, tmp_path / "x", backend="dask", address=cluster.scheduler_address)


def test_a_worker_of_dask_is_killed_in_mid_sweep(longer, cluster, tmp_path):
    pids = [worker.pid for worker in cluster.workers.values()]
    (tmp_path / "armed").touch()
    check(longer, Killing(tmp_path / "x"), backend="dask", address=cluster.scheduler_address)
    assert not (tmp_path / "armed").exists()
    assert [worker.pid for worker in cluster.workers.values()] != pids


def test_ray_and_a_worker_of_it_killed(longer, tmp_path):
    (tmp_path / "armed").touch()
    check(longer, Killing(tmp_path / "x"), backend="ray", n_jobs=2)
    assert not (tmp_path / "armed").exists()
    assert not ray.is_initialized()


def test_a_run_that_kills_its_workers_is_named_and_the_rest_go_on(tmp_path):
    sweep = fastq.Sweep(**{**SMALL, "runs": 2, "grid": {"alpha": [0.5]}})
    with pytest.raises(fastq.RunError) as caught:
        out, options = Deadly(tmp_path / "x"), {"n_jobs": 2, "backend": "loky", "chunk_size": 2}
        fastq.run(sweep, out=out, progress=False, **options)
    message = str(caught.value)
    assert message.startswith("1 of 2 runs failed")
    assert "alpha=0.5, run 1" in message
    assert "its worker died, perhaps for want of memory" in message
    assert fastq.Results(tmp_path / "x").finished == 1
    assert fastq.run(sweep, out=tmp_path / "x", n_jobs=1, progress=False).finished == 2


def double(number):
    return 2 * number


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_tasks_are_given_back_with_their_results(backend):
    with engine(backend, 2) as workers:
        assert workers.workers == 2
        with closing(workers.each(double, range(50))) as done:
            assert sorted(done) == [(i, 2 * i) for i in range(50)]
        with closing(workers.each(double, range(1000))) as done:
            next(done)  # and no more


def test_all_workers_of_a_cluster_are_counted(cluster):
    with engine("dask", -1, cluster.scheduler_address) as workers:
        assert workers.workers == 3
        with closing(workers.each(double, iter(range(20)))) as done:
            assert sorted(done) == [(i, 2 * i) for i in range(20)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("threading", 0), "n_jobs = 0: must be a number of workers"),
        (("carrier pigeon", 1), "backend = 'carrier pigeon': must be threading, loky, dask, ray"),
        (("loky", 1, "tcp://here:1"), "address = 'tcp://here:1': is for the backends dask, ray"),
        (("dask", 1, "tcp://127.0.0.1:1"), "must be where a dask cluster with workers listens"),
        (("dask", 1, "nonsense"), "must be where a dask cluster with workers listens"),
        (("ray", 1, "127.0.0.1:1"), "must be where a ray cluster with workers listens"),
    ],
)
def test_engines_that_are_not_there(arguments, message):
    with pytest.raises(fastq.InputError, match=message) as caught, engine(*arguments):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_missing_package_is_said(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, {"dask": "distributed", "ray": "ray"}[backend], None)
    with (
        pytest.raises(fastq.InputError, match=rf"install fastq-rl\[{backend}\]"),
        engine(backend, 1),
    ):
        pass
