"""Chunks: the work of a sweep, cut into tasks that write what they compute.

A chunk is some pairs of a configuration and a run. The task that computes it also writes its part,
so nothing but counts comes back. No result depends on how the pairs are cut.
"""

import contextlib
import itertools
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.errors import InputError, RunError
from fastq.base.validation import shorten
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import Record, entries
from fastq.study.runs import learned, settings_of
from fastq.study.storage.manifest import read_environment
from fastq.study.storage.parts import Varied, varied_in, write_part
from fastq.study.storage.store import Store
from fastq.study.study import Study
from fastq.study.sweep import Configuration, Sweep
from fastq.training.failures import RuleError
from fastq.training.kernels.build import Kernel, kernel_for, variant_for
from fastq.training.kernels.lanes import FEWEST_RUNS, MOST_LANES, num_lanes
from fastq.training.train import Settings, train_batch

_CHUNKS_PER_JOB = 8
_TURNS = 8
"""In at least so many turns each configuration gets its runs, if it has so many."""
_MOST_ROWS = 2**17
"""Bound on the episodes of a chunk: some tens of MB at work, and as little lost at a stop."""
_SECONDS = 1.0
"""Bound on the time of a chunk, for the same reason; to hand one out takes some milliseconds."""
_PROBE_EPISODES, _PROBE_STEPS = 20, 1000


class Chunk(NamedTuple):
    """Work for one task."""

    store: Store
    environment: str
    """The fingerprint of the MDP: workers read its tables from the store, once for each process."""
    settings: Settings
    record: Record
    identity: str
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
    """Whether a rule of a custom algorithm failed."""

    def __str__(self) -> str:
        return f"{self.configuration}, run {self.run}: {self.reason}"


class ChunkResult(NamedTuple):
    """What came of a chunk."""

    finished: int
    steps: int
    failures: list[Failure]


def cut(
    store: Store,
    sweep: Sweep,
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    size: int,
) -> Iterator[Chunk]:
    """Cut missing pairs into chunks of a size, each with the configurations that it needs.

    All configurations get their first runs before any gets its last, so that a sweep that is
    interrupted is a fair table. A turn is an eighth of the runs, rounded down to a power of two: it
    fills lanes, is a span of few in a part's list, and a block of moments.
    """
    turn = _power_of_two(min(max(1, sweep.runs // _TURNS), size))
    order = np.lexsort((run_of, configuration_of, run_of // turn))
    configuration_of, run_of = configuration_of[order], run_of[order]
    settings, identity = settings_of(sweep), Study.of(sweep).identity
    _remember(sweep.mdp)
    varied = varied_in(sweep.configurations)
    fewest = (
        FEWEST_RUNS if size >= MOST_LANES else 1
    )  # what would fill no lanes joins the task before
    starts = range(0, max(len(run_of) - fewest, 0) + 1, size)
    for start in starts:
        some = slice(start, None if start == starts[-1] else start + size)
        runs, needed = run_of[some], configuration_of[some]
        order = np.lexsort((runs, needed))
        needed, index = np.unique(needed[order], return_inverse=True)
        yield Chunk(
            store,
            sweep.mdp.fingerprint,
            settings,
            sweep.recording,
            identity,
            varied,
            [sweep.configurations[i] for i in needed],
            index,
            runs[order],
        )


def _power_of_two(number: int) -> int:
    """Round down to a power of two."""
    return 1 << (number.bit_length() - 1)


def halves(chunk: Chunk) -> list[Chunk]:
    """Cut a chunk of at least two runs in two."""
    middle = len(chunk.run_of) // 2
    return [
        chunk._replace(configuration_of=chunk.configuration_of[some], run_of=chunk.run_of[some])
        for some in (slice(middle), slice(middle, None))
    ]


def chunk_size(runs: int, episodes: int, workers: int, seconds: float) -> int:
    """Choose how many runs a task has: lanes full, size bounded, and enough tasks to balance.

    Parameters
    ----------
    runs, episodes, workers : int
        How many runs there are to do, of how many episodes, by how many workers.
    seconds : float
        What a run takes, by a measurement.
    """
    balanced = math.ceil(runs / (_CHUNKS_PER_JOB * workers))
    size = min(balanced, _MOST_ROWS // episodes, int(_SECONDS / seconds))
    lanes = num_lanes(size)
    return max(1, size if size < lanes else size - size % lanes)


def chunks_of_a_task(runs: int, size: int, workers: int, seconds: float) -> int:
    """Choose how many chunks to hand out at once: about a second's work, and enough to balance.

    To hand out a task takes a cluster some milliseconds. Parameters are those of `chunk_size`, and
    the size that it chose.
    """
    balanced = runs // (size * _CHUNKS_PER_JOB * workers)
    return max(1, min(balanced, int(_SECONDS / (seconds * size))))


def grouped(chunks: Iterator[Chunk], count: int) -> Iterator[list[Chunk]]:
    """Give so many chunks at a time."""
    while task := list(itertools.islice(chunks, count)):
        yield task


def kernels_of(sweep: Sweep) -> list[Kernel]:
    """Give the kernels that most of a sweep needs."""
    return [
        kernel_for(type(agents[0]), variant_for(sweep.mdp, agents, sweep.runs * len(agents)))
        for agents in _agents_by_type(sweep)
    ]


def compile_kernels(sweep: Sweep) -> None:
    """Compile what the sweep needs, or load it from disk, before work is fanned out.

    Raises
    ------
    InputError
        Where a custom algorithm cannot be compiled.
    """
    for agents in _agents_by_type(sweep):
        runs = min(sweep.runs, math.ceil(FEWEST_RUNS / len(agents)))
        with contextlib.suppress(RunError):  # each run that fails will say so
            train_batch(sweep.mdp, agents, episodes=1, seed=0, runs=runs, max_steps=1)


def seconds_per_run(sweep: Sweep) -> float:
    """Measure, in some milliseconds, about how long a run takes: not less, for agents learn."""
    episodes, limit = min(sweep.episodes, _PROBE_EPISODES), min(sweep.time_limit, _PROBE_STEPS)
    runs, total = min(sweep.runs, MOST_LANES), 0.0
    kinds = _agents_by_type(sweep)
    for agents in kinds:
        for count, most in ((1, 1), (episodes, limit)):  # the first time, a kernel is loaded
            started = time.perf_counter()
            with contextlib.suppress(RunError):
                train_batch(sweep.mdp, agents[0], episodes=count, seed=0, runs=runs, max_steps=most)
        total += time.perf_counter() - started
    return total / (len(kinds) * runs) * sweep.episodes / episodes


def _agents_by_type(sweep: Sweep) -> list[list[Agent]]:
    """Group the agents of a sweep by their class."""
    agents = [configuration.agent for configuration in sweep.configurations]
    return [[agent for agent in agents if type(agent) is kind] for kind in sweep.agents]


def run_chunk(chunk: Chunk) -> ChunkResult:
    """Compute the runs of a chunk and write their part; where it fails, find which run fails."""
    try:
        steps = _compute(chunk)
    except OSError as error:  # what cannot be written whole cannot be written in halves
        return ChunkResult(0, 0, failures(chunk, error))
    except Exception as error:
        if len(chunk.run_of) == 1:
            return ChunkResult(0, 0, failures(chunk, error))
        return summed([run_chunk(half) for half in halves(chunk)])
    return ChunkResult(len(chunk.run_of), steps, [])


def summed(reports: list[ChunkResult]) -> ChunkResult:
    """Add up reports."""
    return ChunkResult(
        sum(report.finished for report in reports),
        sum(report.steps for report in reports),
        [failure for report in reports for failure in report.failures],
    )


def failures(chunk: Chunk, error: BaseException) -> list[Failure]:
    """Say of each run of a chunk that it failed, and why."""
    of_rule = isinstance(error, RuleError)
    reason = (
        error.reason
        if isinstance(error, RuleError)
        else f"{type(error).__name__}: {shorten(str(error), 200)}"
    )
    pairs = zip(chunk.configuration_of.tolist(), chunk.run_of.tolist(), strict=True)
    return [Failure(chunk.configurations[index], run, reason, of_rule) for index, run in pairs]


def _compute(chunk: Chunk) -> int:
    """Train the runs of a chunk, and write what is kept of them; count their steps."""
    _check_unchanged(chunk)
    found = learned(
        _mdp(chunk),
        [configuration.agent for configuration in chunk.configurations],
        chunk.configuration_of,
        chunk.run_of,
        chunk.settings,
    )
    write_part(
        chunk.store,
        chunk.configurations,
        chunk.configuration_of,
        chunk.run_of,
        entries(chunk.record, chunk.configuration_of, chunk.run_of, found),
        chunk.record.points(chunk.settings.episodes),
        chunk.varied,
        chunk.identity,
    )
    return int(found.lengths.sum())


def _check_unchanged(chunk: Chunk) -> None:
    """Raise `InputError` where an algorithm differs from what its key says."""
    one_of_each = {type(one.agent): one for one in chunk.configurations}
    for kind, one in one_of_each.items():
        if one.agent.key(chunk.environment) != one.key:
            raise InputError(
                f"agent = {kind.name}: its rules, or values that they use, changed since the sweep "
                "was made; make the sweep again"
            )


_MDPS: dict[str, FiniteMDP] = {}
"""Those that this process worked on last, by their fingerprints."""
_MOST_MDPS = 4


def _mdp(chunk: Chunk) -> FiniteMDP:
    """Give the MDP of a chunk."""
    known = _MDPS.get(chunk.environment)
    if known is None:
        _remember(known := read_environment(chunk.store))
    return known


def _remember(mdp: FiniteMDP) -> None:
    """Keep an MDP; the one that was kept first goes."""
    _MDPS[mdp.fingerprint] = mdp
    for oldest in list(_MDPS)[:-_MOST_MDPS]:
        _MDPS.pop(oldest, None)
