"""`run`: find what is missing of a sweep, hand it out, collect."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fastq.base.errors import InputError, RunError
from fastq.base.loading import refuse_while_loading
from fastq.base.memory import check_cells
from fastq.base.validation import check_arguments
from fastq.execution.chunks import (
    Chunk,
    ChunkResult,
    Failure,
    chunk_size,
    chunks_of_a_task,
    compile_kernels,
    cut,
    failures,
    grouped,
    halves,
    run_chunk,
    seconds_per_run,
    summed,
)
from fastq.execution.engines import Engine, engine
from fastq.results.results import Results
from fastq.study.runs import settings_of
from fastq.study.storage.entries import missing_runs
from fastq.study.storage.manifest import add_work, check_study, has_manifest, open_study
from fastq.study.storage.parts import finished_runs
from fastq.study.storage.remote import open_store
from fastq.study.storage.store import Store
from fastq.study.study import Study
from fastq.study.sweep import Sweep, check_sweep
from fastq.training.train import why_failed

Bools = NDArray[np.bool_]


def run(
    sweep: Sweep,
    out: str | Path,
    *,
    n_jobs: int = -1,
    backend: str = "threading",
    address: str | None = None,
    chunk_size: int | None = None,
    fail_fast: bool = False,
    progress: bool = True,
) -> Results:
    """Run a sweep, or what is missing of it, and write its results.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path
        A new directory, or one that holds the same study: then only the configurations and runs
        that it lacks are computed. Or a URL that fsspec knows, as ``s3://bucket/study``.
    n_jobs : int
        As in joblib: -1 for all cores, or all workers of a cluster.
    backend : str
        As in joblib: threading, loky, dask or ray. Threads serve well on one machine, since the
        kernels release the GIL.
    address : str, optional
        Of dask's scheduler or ray's head; by default a cluster on this machine. The workers must
        reach `out` by the same name.
    chunk_size : int, optional
        Runs of a task; by default as many as take about a second. It changes no result.
    fail_fast : bool
        Whether to stop at the first run that fails, and not to go on with the rest.
    progress : bool
        Whether to show a progress bar of finished runs.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        Where `out` holds something else, or another process works on it; nothing is then changed.
    RunError
        Where runs failed; all others are kept. Or where `out` was moved or deleted meanwhile.
    """
    check_sweep(sweep)
    check_cells(sweep.num_configurations, sweep.runs)
    return run_some(
        sweep,
        out,
        np.ones((sweep.num_configurations, sweep.runs), dtype=np.bool_),
        n_jobs=n_jobs,
        backend=backend,
        address=address,
        chunk_size=chunk_size,
        fail_fast=fail_fast,
        progress=progress,
    )


def run_some(
    sweep: Sweep,
    out: str | Path | Store,
    wanted: Bools,
    *,
    n_jobs: int = -1,
    backend: str = "threading",
    address: str | None = None,
    chunk_size: int | None = None,
    fail_fast: bool = False,
    progress: bool = True,
) -> Results:
    """Run what is wanted of a sweep; but for `wanted`, shape (configurations, runs), as `run`."""
    refuse_while_loading()
    if chunk_size is not None:
        check_arguments(chunk_size=chunk_size)
    store = open_store(out)
    check_study(store, sweep)
    with engine(backend, n_jobs, address) as workers, store.lock():
        check_study(store, sweep)
        failed = _complete(store, sweep, wanted, workers, chunk_size, fail_fast, progress)
    if failed:
        raise RunError(
            f"{len(failed)} of {Study.of(sweep).total} runs failed, the others are kept in "
            f"{store}; the first: {_explained(sweep, failed[0])}"
        )
    return Results(store, sweep)


def _complete(
    store: Store,
    sweep: Sweep,
    wanted: Bools,
    workers: Engine,
    size: int | None,
    fail_fast: bool,
    progress: bool,
) -> list[Failure]:
    """Do what is missing of a sweep; return what failed."""
    study = Study.of(sweep)
    finished = finished_runs(store, study.identity) if has_manifest(store) else {}
    configuration_of, run_of = missing_runs(finished, study)
    some = wanted[configuration_of, run_of]
    configuration_of, run_of = configuration_of[some], run_of[some]
    count, total = len(run_of), int(wanted.sum())
    if count:
        compile_kernels(sweep)
    open_study(store, sweep)
    store.sweep_up()
    if not count:
        return []
    pace = seconds_per_run(sweep)
    size = size or chunk_size(count, sweep.episodes, workers.workers, pace)
    chunks = cut(store, sweep, configuration_of, run_of, size)
    together = chunks_of_a_task(count, size, workers.workers, pace)
    reports = _reports(workers, grouped(chunks, together))
    failed, steps, started = [], 0, time.perf_counter()
    try:
        with tqdm(total=total, initial=total - count, unit=" runs", disable=not progress) as bar:
            for report in reports:
                store.check_place()
                bar.update(report.finished)
                steps += report.steps
                failed += report.failures
                if failed and fail_fast:
                    break
    finally:
        reports.close()
        # It tells of the work, and no more: the parts are what counts.
        with suppress(OSError, InputError):
            add_work(store, time.perf_counter() - started, steps)
            store.sweep_up()
    store.check_place()
    return failed


def _reports(workers: Engine, tasks: Iterator[list[Chunk]]) -> Generator[ChunkResult]:
    """Have tasks done; where a worker dies, find the run that kills it, and go on."""
    suspects = []
    with closing(workers.each(_run_task, tasks)) as done:
        for task, report in done:
            if report is None:
                suspects.append(task)
            else:
                yield report
    for task in suspects:
        yield _run_alone(workers, task)


def _run_task(task: list[Chunk]) -> ChunkResult:
    """Compute some chunks."""
    return summed([run_chunk(chunk) for chunk in task])


def _run_alone(workers: Engine, task: list[Chunk]) -> ChunkResult:
    """Do a task while no other is in hand, so that a worker's death is its own doing."""
    with closing(workers.each(_run_task, [task])) as done:
        [(_, report)] = done
    if report is not None:
        return report
    if len(task) > 1:
        return summed([_run_alone(workers, [chunk]) for chunk in task])
    if len(task[0].run_of) > 1:
        return summed([_run_alone(workers, [half]) for half in halves(task[0])])
    return ChunkResult(0, 0, failures(task[0], RuntimeError(_DIED)))


_DIED = "its worker died, perhaps for want of memory"


def _explained(sweep: Sweep, failure: Failure) -> str:
    """Say where a run failed; for a custom algorithm, train the run again in plain Python."""
    if not failure.of_rule:
        return str(failure)
    agent = failure.configuration.agent
    return why_failed(sweep.mdp, agent, failure.run, settings_of(sweep), failure.reason)
