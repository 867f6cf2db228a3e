"""Engines: each keeps the contract, and one that is not there is named.

Clusters are started once for all tests. They give a task up after its first death, so
that the tests see what fastq does then, and need not wait until a cluster has tried four workers.
"""

import logging
import os
import subprocess
import sys
import threading

import pandas as pd
import pytest

import fastq
from fastq.execution import engines
from fastq.execution.engines import engine
from tests.conftest import SMALL, rerun
from tests.support.engine_contract import FIELDS, PATIENCE, EngineContract, ProcessContract


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The tables of a sweep that one thread did."""
    return rerun(FIELDS, tmp_path_factory.mktemp("expected") / "x").episodes()


@pytest.fixture(scope="module")
def dask_cluster():
    """A cluster of two worker processes."""
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    dask = pytest.importorskip("dask")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0, **engines._NEVER}),
        distributed.LocalCluster(**options, silence_logs=50) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def ray_cluster():
    """A cluster of two cores, which is the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        patch.setenv("RAY_TASK_MAX_RETRIES", "0")
        ray = pytest.importorskip("ray", reason="ray is not installed")
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        ray.init(address="local", num_cpus=2, include_dashboard=False, **quiet)
        yield
        assert ray.is_initialized()  # who started it also ends it
        ray.shutdown()


class TestSerial(EngineContract):
    backend = "threading"
    n_jobs = 1


class TestThreads(EngineContract):
    backend = "threading"


@pytest.mark.slow
class TestProcesses(ProcessContract):
    backend = "loky"


@pytest.mark.slow
class TestDask(ProcessContract):
    backend = "dask"

    @pytest.fixture
    def options(self, dask_cluster):
        """As ever, when those that the last test killed are back."""
        dask_cluster.wait_for_workers(2, timeout=PATIENCE)
        return {"backend": "dask", "n_jobs": -1, "address": dask_cluster.scheduler_address}

    def test_the_runs_of_a_worker_that_is_killed_are_done_again(
        self, options, expected, tmp_path, dask_cluster
    ):
        pids = [worker.pid for worker in dask_cluster.workers.values()]
        super().test_the_runs_of_a_worker_that_is_killed_are_done_again(options, expected, tmp_path)
        assert [worker.pid for worker in dask_cluster.workers.values()] != pids


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
class TestRay(ProcessContract):
    backend = "ray"


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_of_this_machine_is_started_and_ended(backend, package, tmp_path):
    """As a user starts it, by default with as many tries as the cluster makes."""
    pytest.importorskip(package, reason=f"{backend} is not installed")
    (tmp_path / "mine.toml").write_text(fastq.Sweep(**SMALL).to_toml())
    command = [sys.executable, "-m", "fastq", "sweep", "mine.toml", "--out", "x", "--quiet"]
    done = subprocess.run(
        [*command, "--backend", backend, "--jobs", "1"],
        cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found, expected = fastq.Results(tmp_path / "x"), rerun(SMALL, tmp_path / "y")
    pd.testing.assert_frame_equal(found.episodes(), expected.episodes(), check_exact=True)


def test_a_cluster_of_this_machine_keeps_workers_that_are_slow_to_come_back(monkeypatch):
    """By default, dask does without one that is away 15 seconds after it died, even the last."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    name, patience = "distributed.deploy.lost-worker-timeout", []

    def start(**options):
        patience.append(dask.config.get(name))
        raise RuntimeError("enough")

    monkeypatch.setattr(distributed, "LocalCluster", start)
    with dask.config.set({name: "15s"}):
        with pytest.raises(fastq.InputError, match="enough"), engine("dask", 1):
            pass
        assert dask.config.get(name) == "15s"
    assert patience == [engines._NEVER[name]]


def test_what_loky_says_of_tasks_that_were_taken_from_it_is_not_printed(monkeypatch):
    """Only that: any other error of a thread is."""
    printed = []
    monkeypatch.setattr(threading, "excepthook", lambda error: printed.append(error.exc_type))

    class ExecutorManagerThread(threading.Thread):
        pass

    def fail(kind, error):
        def work():
            raise error

        thread = kind(target=work)
        thread.start()
        thread.join()

    with engines._without_lost_tasks():
        fail(ExecutorManagerThread, KeyError(45))
        fail(ExecutorManagerThread, ValueError)
        fail(threading.Thread, KeyError(45))
    fail(ExecutorManagerThread, KeyError(45))
    assert printed == [ValueError, KeyError, KeyError]


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
    assert caught.value.field == (message.partition(" =")[0] if " = " in message else "address")


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_missing_package_is_said(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, {"dask": "distributed", "ray": "ray"}[backend], None)
    with (
        pytest.raises(fastq.InputError, match=rf"install fastq-rl\[{backend}\]"),
        engine(backend, 1),
    ):
        pass
