"""`run`: split a sweep into chunks, fan them out through joblib, collect.

A chunk is some pairs of a configuration and a run. The task that computes a chunk also writes its
part, so nothing but counts goes through the parent. No result depends on how the pairs are split.
"""

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fastq.agents import Agent
from fastq.errors import InputError, RunError
from fastq.kernels.build import Kernel, kernel_for, sort_for
from fastq.kernels.lanes import FEWEST_RUNS, LANES
from fastq.manifest import add_wall_time, check_study, open_study
from fastq.mdp import FiniteMDP
from fastq.mishaps import RuleError
from fastq.parts import Varied, varied_in, write_part
from fastq.results import Results, missing_runs
from fastq.study import Study
from fastq.sweep import Configuration, Sweep
from fastq.training import Settings, train_batch, train_pairs, why_failed
from fastq.validation import check_arguments, shorten

_CHUNKS_PER_JOB = 8
_MOST_ROWS = 2**17
"""Bound on the episodes of a chunk: some tens of MB at work, and as little lost at a stop."""


class Chunk(NamedTuple):
    """Work for one task."""

    directory: Path
    mdp: FiniteMDP
    settings: Settings
    varied: Varied
    configurations: list[Configuration]
    configuration_of: NDArray[np.int64]
    run_of: NDArray[np.int64]


class Failure(NamedTuple):
    """A run that failed."""

    configuration: Configuration
    run: int
    reason: str
    of_rule: bool
    """Whether it is a rule of one's own that failed."""

    def __str__(self) -> str:
        return f"{self.configuration}, run {self.run}: {self.reason}"


class Report(NamedTuple):
    """What came of a chunk."""

    finished: int
    failures: list[Failure]


def run(
    sweep: Sweep,
    out: str | Path,
    *,
    n_jobs: int = -1,
    backend: str = "threading",
    chunk_size: int | None = None,
    progress: bool = True,
) -> Results:
    """Run a sweep, or what is missing of it, and write its results to a directory.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path
        A new directory, or one that holds the same study: then only the configurations and runs
        that it lacks are computed.
    n_jobs : int
        As in joblib: -1 for all cores.
    backend : str
        As in joblib. Threads serve well, since the kernels release the GIL.
    chunk_size : int, optional
        Runs of a task; chosen by default. It changes no result.
    progress : bool
        Whether to show a progress bar of finished runs.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        Where the directory holds something else; nothing is then changed.
    RunError
        Where runs failed; all others are kept.
    """
    if n_jobs == 0:
        raise InputError("n_jobs = 0: must be a number of workers, or -1 for all cores")
    if chunk_size is not None:
        check_arguments(chunk_size=chunk_size)
    workers = _workers(n_jobs, backend)
    directory = Path(out)
    check_study(directory, sweep)
    study = Study.of(sweep)
    configuration_of, run_of = missing_runs(directory, study)
    if len(run_of):
        compile_kernels(sweep)
    open_study(directory, sweep)
    size, total = chunk_size or _chunk_size(len(run_of), sweep.episodes, workers), study.total
    failures: list[Failure] = []
    if len(run_of):
        chunks = _chunks(directory, sweep, configuration_of, run_of, size)
        started = time.perf_counter()
        try:
            with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
                failures = _fan_out(chunks, total, total - len(run_of), progress)
        finally:
            add_wall_time(directory, time.perf_counter() - started)
    if failures:
        raise RunError(
            f"{len(failures)} of {total} runs failed, the others are kept in {directory}; "
            f"the first: {_explained(sweep, failures[0])}"
        )
    return Results(directory, study)


def _explained(sweep: Sweep, failure: Failure) -> str:
    """Say where a run failed; for rules of one's own, by doing it again in plain Python."""
    if not failure.of_rule:
        return str(failure)
    agent = failure.configuration.agent
    return why_failed(sweep.mdp, agent, failure.run, _settings(sweep), failure.reason)


def _settings(sweep: Sweep) -> Settings:
    """Give what all runs of a sweep have in common."""
    return Settings(sweep.episodes, sweep.seed, sweep.time_limit, sweep.streams)


def _fan_out(chunks: Iterator[Chunk], total: int, done: int, progress: bool) -> list[Failure]:
    """Compute chunks with the workers of the active backend; return what failed."""
    tasks = (joblib.delayed(run_chunk)(chunk) for chunk in chunks)
    failures = []
    with tqdm(total=total, initial=done, unit=" runs", disable=not progress) as bar:
        for report in joblib.Parallel(return_as="generator_unordered")(tasks):
            bar.update(report.finished)
            failures += report.failures
    return failures


def kernels_of(sweep: Sweep) -> list[Kernel]:
    """Give the kernels that most of a sweep needs."""
    return [
        kernel_for(type(agents[0]), sort_for(sweep.mdp, agents, sweep.runs * len(agents)))
        for agents in _agents_by_type(sweep)
    ]


def compile_kernels(sweep: Sweep) -> None:
    """Compile what the sweep needs, or load it from disk, before work is fanned out.

    Raises
    ------
    InputError
        Where an algorithm of one's own cannot be compiled.
    """
    for agents in _agents_by_type(sweep):
        runs = min(sweep.runs, math.ceil(FEWEST_RUNS / len(agents)))
        with contextlib.suppress(RunError):  # each run that fails will say so
            train_batch(sweep.mdp, agents, episodes=1, seed=0, runs=runs, max_steps=1)


def _agents_by_type(sweep: Sweep) -> list[list[Agent]]:
    """Group the agents of a sweep by their class."""
    agents = [configuration.agent for configuration in sweep.configurations]
    return [[agent for agent in agents if type(agent) is kind] for kind in sweep.agents]


def run_chunk(chunk: Chunk) -> Report:
    """Compute the runs of a chunk and write their part; where it fails, find which run fails."""
    try:
        _compute(chunk)
    except OSError as error:  # what cannot be written whole cannot be written in halves
        return Report(0, _failures(chunk, error))
    except Exception as error:
        count = len(chunk.run_of)
        if count == 1:
            return Report(0, _failures(chunk, error))
        halves = [_part_of(chunk, 0, count // 2), _part_of(chunk, count // 2, count)]
        reports = [run_chunk(half) for half in halves]
        return Report(
            sum(report.finished for report in reports),
            [failure for report in reports for failure in report.failures],
        )
    return Report(len(chunk.run_of), [])


def _failures(chunk: Chunk, error: Exception) -> list[Failure]:
    """Say of each run of a chunk that it failed, and why."""
    of_rule = isinstance(error, RuleError)
    reason = str(error) if of_rule else f"{type(error).__name__}: {shorten(str(error), 200)}"
    pairs = zip(chunk.configuration_of.tolist(), chunk.run_of.tolist(), strict=True)
    return [Failure(chunk.configurations[place], run, reason, of_rule) for place, run in pairs]


def _compute(chunk: Chunk) -> None:
    """Train the runs of a chunk and write them."""
    training = train_pairs(
        chunk.mdp,
        [configuration.agent for configuration in chunk.configurations],
        chunk.configuration_of,
        chunk.run_of,
        chunk.settings,
        keep_q=False,
    )
    columns: dict[str, NDArray[Any]] = {
        "return": training.returns,
        "length": training.lengths,
        "truncated": training.truncated,
        "diverged": training.diverged[:, None],
    }
    write_part(
        chunk.directory,
        chunk.configurations,
        chunk.configuration_of,
        chunk.run_of,
        columns,
        chunk.varied,
    )


def _chunks(
    directory: Path,
    sweep: Sweep,
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    size: int,
) -> Iterator[Chunk]:
    """Cut the missing pairs into chunks, each with the configurations that it needs."""
    settings = _settings(sweep)
    varied = varied_in(sweep.configurations)
    fewest = FEWEST_RUNS if size >= LANES else 1  # what would fill no lanes joins the task before
    starts = range(0, max(len(run_of) - fewest, 0) + 1, size)
    for start in starts:
        cut = slice(start, None if start == starts[-1] else start + size)
        needed, place = np.unique(configuration_of[cut], return_inverse=True)
        configurations = [sweep.configurations[i] for i in needed]
        yield Chunk(directory, sweep.mdp, settings, varied, configurations, place, run_of[cut])


def _part_of(chunk: Chunk, start: int, stop: int) -> Chunk:
    """Cut a smaller chunk from a chunk."""
    return chunk._replace(
        configuration_of=chunk.configuration_of[start:stop], run_of=chunk.run_of[start:stop]
    )


def _workers(n_jobs: int, backend: str) -> int:
    """Ask joblib how many workers there will be, or say which backends it knows."""
    try:
        with joblib.parallel_config(backend=backend, n_jobs=n_jobs):
            return max(1, int(joblib.effective_n_jobs()))
    except (ValueError, ImportError) as error:
        raise InputError(
            f"backend = {backend!r}: must be one that joblib knows, as threading or loky "
            f"({shorten(str(error), 80)})"
        ) from None


def _chunk_size(runs: int, episodes: int, workers: int) -> int:
    """Choose how many runs a task has: lanes full, size bounded, and enough tasks to balance."""
    balanced = math.ceil(runs / (_CHUNKS_PER_JOB * workers))
    size = min(balanced, _MOST_ROWS // episodes)
    return max(1, size if size < LANES else size - size % LANES)
