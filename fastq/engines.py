"""Engines: who does the tasks of a sweep. joblib hands them out, on one machine or on many.

``threading`` and ``loky`` are joblib's own; ``dask`` and ``ray`` are engines of clusters, which
joblib knows how to speak to.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from fastq.errors import InputError
from fastq.validation import shorten

T = TypeVar("T")
R = TypeVar("R")
Deaths = tuple[type[BaseException], ...]


class Engine(NamedTuple):
    """Workers at hand."""

    workers: int
    died: Deaths
    """What is raised where a worker dies in the middle of a task."""

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Do some work for each task; give what comes of them, the first to finish first."""
        calls = (joblib.delayed(work)(task) for task in tasks)
        return iter(joblib.Parallel(return_as="generator_unordered")(calls))


@contextlib.contextmanager
def engine(backend: str, n_jobs: int, address: str | None = None) -> Iterator[Engine]:
    """Make an engine the one that works, for as long as the context lasts.

    Parameters
    ----------
    backend : str
        A backend of joblib's: threading, loky, dask, ray.
    n_jobs : int
        As in joblib: -1 for all cores, or all workers of a cluster.
    address : str, optional
        Where dask's scheduler, or ray's head, listens; by default a cluster on this machine.

    Raises
    ------
    InputError
        Where there is no such backend, its package is missing, or nobody answers.
    """
    if n_jobs == 0:
        raise InputError("n_jobs = 0: must be a number of workers, or -1 for all cores")
    if address is not None and backend not in _CLUSTERS:
        raise InputError(
            f"address = {address!r}: is for the backends {', '.join(_CLUSTERS)}; must be left out"
        )
    with contextlib.ExitStack() as stack:
        died: Deaths = (BrokenProcessPool,)
        try:
            if backend in _CLUSTERS:
                died += stack.enter_context(_CLUSTERS[backend](address, n_jobs))
            stack.enter_context(joblib.parallel_config(backend=backend, n_jobs=n_jobs))
            workers = max(1, int(joblib.effective_n_jobs()))
        except (ValueError, ImportError, OSError, RuntimeError) as error:
            raise InputError(
                f"backend = {backend!r}: must be one that joblib knows, as threading or loky "
                f"({shorten(str(error), 80)})"
            ) from None
        yield Engine(workers, died)


@contextlib.contextmanager
def _dask(address: str | None, n_jobs: int) -> Iterator[Deaths]:
    """Connect to dask's scheduler, or start a cluster of this machine's cores."""
    from distributed import Client, KilledWorker, LocalCluster

    with contextlib.ExitStack() as stack:
        if address is None:
            workers = {} if n_jobs < 0 else {"n_workers": n_jobs}
            options = {"threads_per_worker": 1, "dashboard_address": None, **workers}
            cluster = stack.enter_context(LocalCluster(**options))
            address = cluster.scheduler_address
        stack.enter_context(Client(address, timeout=_PATIENCE))
        yield (KilledWorker,)


_PATIENCE = 5
"""Seconds until nobody is thought to listen at an address."""
_CLUSTERS: dict[str, Callable[[str | None, int], contextlib.AbstractContextManager[Deaths]]] = {
    "dask": _dask,
}
