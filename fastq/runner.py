"""`run`: find what is missing of a sweep, hand it out, collect."""

import time
from collections.abc import Generator, Iterator
from pathlib import Path

from tqdm import tqdm

from fastq.chunks import (
    Chunk,
    Failure,
    Report,
    chunk_size,
    compile_kernels,
    cut,
    failures,
    halves,
    run_chunk,
    seconds_per_run,
    settings_of,
    summed,
)
from fastq.engines import Engine, engine
from fastq.errors import RunError
from fastq.manifest import add_work, check_study, has_manifest, open_study
from fastq.parts import finished_runs
from fastq.recorded import missing_runs
from fastq.results import Results
from fastq.store import Store, open_store
from fastq.study import Study
from fastq.sweep import Sweep
from fastq.training import why_failed
from fastq.validation import check_arguments


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
        Where runs failed; all others are kept.
    """
    if chunk_size is not None:
        check_arguments(chunk_size=chunk_size)
    store = open_store(out)
    check_study(store, sweep)
    with engine(backend, n_jobs, address) as workers, store.lock():
        check_study(store, sweep)
        failed = _complete(store, sweep, workers, chunk_size, fail_fast, progress)
    if failed:
        raise RunError(
            f"{len(failed)} of {Study.of(sweep).total} runs failed, the others are kept in "
            f"{store}; the first: {_explained(sweep, failed[0])}"
        )
    return Results(store, sweep)


def _complete(
    store: Store,
    sweep: Sweep,
    workers: Engine,
    size: int | None,
    fail_fast: bool,
    progress: bool,
) -> list[Failure]:
    """Do what is missing of a sweep; return what failed."""
    study = Study.of(sweep)
    finished = finished_runs(store, study.identity) if has_manifest(store) else {}
    configuration_of, run_of = missing_runs(finished, study)
    count = len(run_of)
    if count:
        compile_kernels(sweep)
    open_study(store, sweep)
    store.sweep_up()
    if not count:
        return []
    size = size or chunk_size(count, sweep.episodes, workers.workers, seconds_per_run(sweep))
    reports = _reports(workers, cut(store, sweep, configuration_of, run_of, size))
    failed, steps, started = [], 0, time.perf_counter()
    try:
        with tqdm(
            total=study.total, initial=study.total - count, unit=" runs", disable=not progress
        ) as bar:
            for report in reports:
                bar.update(report.finished)
                steps += report.steps
                failed += report.failures
                if failed and fail_fast:
                    break
    finally:
        reports.close()
        add_work(store, time.perf_counter() - started, steps)
    return failed


def _reports(workers: Engine, chunks: Iterator[Chunk]) -> Generator[Report]:
    """Have chunks computed; where a worker dies, find the run that kills it, and go on."""
    in_hand: dict[int, Chunk] = {}
    numbered = enumerate(chunks)

    def handed_out() -> Iterator[tuple[int, Chunk]]:
        for number, chunk in numbered:
            in_hand[number] = chunk
            yield number, chunk

    while True:
        try:
            for number, report in workers.each(_run_numbered, handed_out()):
                del in_hand[number]
                yield report
            return
        except workers.died:
            for number in list(in_hand):
                yield _run_alone(workers, in_hand.pop(number))


def _run_numbered(task: tuple[int, Chunk]) -> tuple[int, Report]:
    """Compute a chunk, and say which it was."""
    number, chunk = task
    return number, run_chunk(chunk)


def _run_alone(workers: Engine, chunk: Chunk) -> Report:
    """Compute a chunk while no other is at work, so that a worker's death is its own doing."""
    try:
        [(_, report)] = workers.each(_run_numbered, [(0, chunk)])
        return report
    except workers.died as error:
        if len(chunk.run_of) == 1:
            return Report(0, 0, failures(chunk, error))
        return summed([_run_alone(workers, half) for half in halves(chunk)])


def _explained(sweep: Sweep, failure: Failure) -> str:
    """Say where a run failed; for rules of one's own, by doing it again in plain Python."""
    if not failure.of_rule:
        return str(failure)
    agent = failure.configuration.agent
    return why_failed(sweep.mdp, agent, failure.run, settings_of(sweep), failure.reason)
