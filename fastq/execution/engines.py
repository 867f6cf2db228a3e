"""Engines: who does the tasks of a sweep, on one machine or on many.

Other backends are joblib's: its own hand out tasks on this machine.
``dask`` and ``ray`` are engines of clusters, which are asked directly: when a worker dies, joblib's
backends for them lose the tasks of all others, or wait forever.

A task whose worker died yields None as its result.
"""

import contextlib
import itertools
import logging
import os
import signal
import socket
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any, TypeVar

import joblib

from fastq.base.disk_cache import CacheWarning
from fastq.base.errors import InputError, RunError
from fastq.base.validation import not_allowed, shorten

T = TypeVar("T")
R = TypeVar("R")
Done = tuple[T, R | None]
"""A task and what came of it."""

_AHEAD = 2
"""Tasks in hand for each worker of a cluster, so that none waits for the next."""
_GLANCE = 0.5
"""Seconds until a worker looks again whether its parent lives."""
_PATIENCE = 10.0
"""Seconds until nobody is thought to listen at an address."""
_NEVER = {"distributed.deploy.lost-worker-timeout": "365 days"}
"""How long a cluster of this machine waits until a worker that died is back. Dask gives it up after
15 seconds: where workers start slowly and die often, none would be left in the end."""


class Engine(ABC):
    """Workers at hand."""

    workers: int

    @abstractmethod
    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Generator[Done[T, R]]:
        """Do some work for each task; give the tasks, the first to finish first, and their results.

        A task whose worker died yields None. When several tasks share a dead worker, any of them
        may be the cause.
        """


def engine(
    backend: str, n_jobs: int, address: str | None = None
) -> contextlib.AbstractContextManager[Engine]:
    """Make an engine, which works as long as the context lasts.

    Parameters
    ----------
    backend : str
        dask, ray, or a backend of joblib's: threading, loky.
    n_jobs : int
        As in joblib: -1 for all cores, or all workers of a cluster.
    address : str, optional
        Where dask's scheduler, or ray's head, listens; by default a cluster on this machine.

    Raises
    ------
    InputError
        Where there is no such backend, its package is missing, or nobody answers.
    """
    if not isinstance(n_jobs, int) or n_jobs == 0:
        raise not_allowed("n_jobs", n_jobs, "a number of workers, or -1 for all cores")
    if address is not None and backend not in _CLUSTERS:
        raise InputError(
            f"address = {address!r}: is for the backends {', '.join(_CLUSTERS)}; must be left out",
            field="address",
            value=address,
            allowed="left out",
        )
    if backend not in _CLUSTERS:
        return _joblib(backend, n_jobs)
    if address is not None:
        _knock(backend, address)
    return _CLUSTERS[backend](n_jobs, address)


class _Joblib(Engine):
    """The backend that is joblib's present one."""

    def __init__(self) -> None:
        self.workers = max(1, int(joblib.effective_n_jobs(None)))

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Generator[Done[T, R]]:
        """Do some work for each task; when a process dies, all that were in hand are lost."""
        in_hand: dict[int, T] = {}
        numbered = enumerate(tasks)

        def calls() -> Iterator[Any]:
            for number, task in numbered:
                in_hand[number] = task
                yield joblib.delayed(_numbered)(work, number, task)

        while True:
            done = joblib.Parallel(return_as="generator_unordered")(calls())
            try:
                for number, result in done:
                    yield in_hand.pop(number), result
                break
            except BrokenExecutor:
                pass  # all that were in hand are lost
            finally:
                with warnings.catch_warnings(), _without_lost_tasks():
                    warnings.simplefilter("ignore")  # of tasks that nobody waits for
                    done.close()
            for number in list(in_hand):
                yield in_hand.pop(number), None


@contextlib.contextmanager
def _without_lost_tasks() -> Iterator[None]:
    """Keep loky's thread from printing that a task is gone: it was just taken from it."""
    print_it = threading.excepthook

    def hook(error: threading.ExceptHookArgs) -> None:
        is_lost = error.exc_type is KeyError and "ExecutorManager" in type(error.thread).__name__
        if not is_lost:
            print_it(error)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = print_it


def _numbered(work: Callable[[T], R], number: int, task: T) -> tuple[int, R]:
    """Do a task, and say which it was."""
    return number, work(task)


def _follow(parent: int) -> None:
    """End this worker when its parent has ended, however that was: nobody else would end it.

    And leave it to the parent to say that the disk is full, and to heed Ctrl-C, which a terminal
    sends to all: a worker amid compiled code could only print where it was.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", category=CacheWarning)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_GLANCE)
        os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _joblib(backend: str, n_jobs: int) -> Iterator[Engine]:
    """Make a backend joblib's present one."""
    options: dict[str, Any] = {}
    if backend == "loky":
        options = {"initializer": _follow, "initargs": (os.getpid(),)}
    try:
        context = joblib.parallel_config(backend=backend, n_jobs=n_jobs, **options)
    except (ValueError, ImportError) as error:
        raise _unknown(backend, error) from None
    with context:
        try:
            found = _Joblib()
        except (ValueError, ImportError) as error:
            raise _unknown(backend, error) from None
        yield found


def _unknown(backend: str, error: Exception) -> InputError:
    """Say that joblib does not know a backend."""
    allowed = f"threading, loky, {', '.join(_CLUSTERS)}, or another that joblib knows"
    message = f"backend = {backend!r}: must be {allowed} ({shorten(str(error), 80)})"
    return InputError(message, field="backend", value=backend, allowed=allowed)


class _Dask(Engine):
    """The workers of a dask cluster; it tries a task on some workers before it gives it up."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.workers = sum(client.nthreads().values())

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Generator[Done[T, R]]:
        """Do some work for each task."""
        from distributed import KilledWorker, as_completed

        left = iter(tasks)
        task_of: dict[Any, T] = {}

        def submit(task: T) -> Any:
            future = self._client.submit(work, task, pure=False)
            task_of[future] = task
            return future

        first = [submit(task) for task in itertools.islice(left, _AHEAD * self.workers)]
        finished = as_completed(first, loop=self._client.loop)
        for future in finished:
            for task in itertools.islice(left, 1):
                finished.add(submit(task))
            try:
                result = future.result()
            except KilledWorker:
                result = None
            except CancelledError:
                raise RunError("dask's scheduler is gone; what was finished is kept") from None
            yield task_of.pop(future), result


@contextlib.contextmanager
def _dask(n_jobs: int, address: str | None) -> Iterator[Engine]:
    """Connect to dask's scheduler, or start a cluster of this machine's cores."""
    try:
        import dask
        import distributed
    except ImportError:
        raise _missing("dask") from None
    with contextlib.ExitStack() as stack:
        try:
            if address is None:
                stack.enter_context(dask.config.set(_NEVER))
                options = {"n_workers": joblib.effective_n_jobs(n_jobs), "threads_per_worker": 1}
                cluster = distributed.LocalCluster(dashboard_address=":0", **options)
                stack.enter_context(cluster)
            client = distributed.Client(address or cluster, timeout=_PATIENCE, set_as_default=False)
            stack.enter_context(client)
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, ValueError, TimeoutError, RuntimeError) as error:
            raise _unreachable("dask", address, error) from None
        yield _Dask(client)


class _Ray(Engine):
    """The cores of a ray cluster; it tries a task on some workers before it gives it up."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Generator[Done[T, R]]:
        """Do some work for each task."""
        import ray

        remote, left = ray.remote(work), iter(tasks)
        task_of = {remote.remote(t): t for t in itertools.islice(left, _AHEAD * self.workers)}
        while task_of:
            (reference,), _ = ray.wait(list(task_of), num_returns=1)
            task_of |= {remote.remote(task): task for task in itertools.islice(left, 1)}
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError:
                raise
            except ray.exceptions.RayError:  # its worker, or the node that it was on, is gone
                result = None
            yield task_of.pop(reference), result


@contextlib.contextmanager
def _ray(n_jobs: int, address: str | None) -> Iterator[Engine]:
    """Connect to ray's head, or start a cluster of this machine's cores."""
    if address is None:  # workers use this very environment; `uv run` would have each make its own
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
    except ImportError:
        raise _missing("ray") from None
    if ray.is_initialized():  # the user's own, who also ends it
        yield _Ray(_cores(ray))
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    here = {"num_cpus": joblib.effective_n_jobs(n_jobs), "include_dashboard": False}
    where = {"address": address} if address else {"address": "local", **here}
    try:
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreachable("ray", address, error) from None
    try:
        yield _Ray(_cores(ray))
    finally:
        ray.shutdown()


def _cores(ray: Any) -> int:
    """Count a ray cluster's cores."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _knock(backend: str, address: str) -> None:
    """Raise `InputError` where nobody listens: the engines themselves wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable(backend, address, error) from None


def _missing(backend: str) -> InputError:
    """Say that a package is missing."""
    message = f"backend = {backend!r}: its package is missing; install fastq-rl[{backend}]"
    return InputError(message, field="backend", value=backend)


def _unreachable(backend: str, address: str | None, error: Exception) -> InputError:
    """Say that nobody answers."""
    allowed = f"where a {backend} cluster with workers listens"
    reason = f"{type(error).__name__}: {shorten(str(error), 80)}"
    message = f"address = {address!r}: must be {allowed} ({reason})"
    return InputError(message, field="address", value=address, allowed=allowed)


_CLUSTERS: dict[str, Callable[[int, str | None], contextlib.AbstractContextManager[Engine]]] = {
    "dask": _dask,
    "ray": _ray,
}
