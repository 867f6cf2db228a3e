"""`plan`: what a sweep would do, before anything is done: runs, steps, time and bytes.

Steps, time and bytes are estimated: some runs of some configurations are trained, measured and
thrown away.
"""

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastq.base.errors import RunError
from fastq.execution.chunks import compile_kernels
from fastq.study.record import entries, last_of
from fastq.study.runs import learned, settings_of
from fastq.study.storage.entries import Stale, missing_runs, stale_runs
from fastq.study.storage.manifest import check_study, has_manifest
from fastq.study.storage.parts import finished_runs, packed, varied_in
from fastq.study.storage.remote import open_store
from fastq.study.study import Study
from fastq.study.sweep import Configuration, Sweep, check_sweep
from fastq.training.failures import RuleError
from fastq.training.kernels.lanes import MOST_LANES
from fastq.training.loops import how_trained

_CONFIGURATIONS = 8
_EPISODES = 2000
_SECONDS = 2.0
"""A sample ends with the configuration in hand when so much time is over."""


class Plan(NamedTuple):
    """What a sweep would do."""

    study: Study
    finished: int
    """Runs that are recorded already."""
    steps: float
    """Steps that are to be taken, about; NaN where all runs of the sample fail."""
    seconds: float
    """Time that one core takes, about, besides compiling."""
    bytes: float
    """What the parts to be written take, about."""
    stale: list[Stale]
    loops: dict[str, str]
    """How each agent's runs are trained: ``in lock-step``, or ``one run after another, because:
    ...``; empty where none is to be done."""

    @property
    def missing(self) -> int:
        """Runs that are to be done."""
        return self.study.total - self.finished


class _Sample(NamedTuple):
    """Of one run, on average."""

    steps: float
    seconds: float
    bytes: float


def plan(sweep: Sweep, out: str | Path) -> Plan:
    """Say what `fastq.run` would do, and change nothing.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path
        As for `run`.

    Raises
    ------
    InputError
        Where `run` would raise one.
    """
    check_sweep(sweep)
    store, study = open_store(out), Study.of(sweep)
    check_study(store, sweep)
    finished = finished_runs(store, study.identity) if has_manifest(store) else {}
    configuration_of, runs = missing_runs(finished, study)
    versions = {agent.name: str(agent.algorithm_version()) for agent in sweep.agents}
    each, loops = _Sample(0.0, 0.0, 0.0), {}
    if len(runs):
        compile_kernels(sweep)
        spread = np.linspace(0, len(configuration_of) - 1, _CONFIGURATIONS).astype(np.int64)
        some = [sweep.configurations[i] for i in np.unique(configuration_of[spread])]
        each = _sample(sweep, some)
        loops = _loops(sweep, len(runs))
    steps, seconds, size = (len(runs) * value for value in each)
    stale = stale_runs(finished, versions)
    return Plan(study, study.total - len(runs), steps, seconds, size, stale, loops)


def _loops(sweep: Sweep, runs: int) -> dict[str, str]:
    """Say how the runs of each agent are trained."""
    agents = {one.agent.name: one.agent for one in sweep.configurations}
    together = min(runs // len(agents), MOST_LANES)
    return {name: how_trained(sweep.mdp, agent, together) for name, agent in agents.items()}


def _sample(sweep: Sweep, configurations: list[Configuration]) -> _Sample:
    """Train some runs of some configurations; give what one takes on average."""
    with contextlib.suppress(RunError, RuleError):
        _runs_of(sweep, configurations[0])  # the first time, much is loaded
    found, started = [], time.perf_counter()
    for one in configurations:
        try:
            found.append(_runs_of(sweep, one))
        except (RunError, RuleError):  # the sweep itself will say so
            continue
        if time.perf_counter() - started > _SECONDS:
            break
    return _Sample(*np.mean(found, axis=0)) if found else _Sample(*[float("nan")] * 3)


def _runs_of(sweep: Sweep, one: Configuration) -> _Sample:
    """Train some runs of a configuration, of so many episodes at most; the rest is as the last."""
    episodes, runs = min(sweep.episodes, _EPISODES), min(sweep.runs, MOST_LANES)
    settings = settings_of(sweep)._replace(episodes=episodes)
    run_of, agent_of = np.arange(runs), np.zeros(runs, dtype=np.int64)
    started = time.perf_counter()
    found = learned(sweep.mdp, [one.agent], agent_of, run_of, settings)
    kept = entries(sweep.recording, agent_of, run_of, found)
    points = sweep.recording.points(episodes)
    data = packed([one], kept, points, varied_in(sweep.configurations))
    seconds = time.perf_counter() - started
    steps = found.lengths.sum(axis=1).mean()
    late = found.lengths[:, -last_of(episodes) :].mean() * (sweep.episodes - episodes)
    longer = len(sweep.recording.points(sweep.episodes)) / len(points)
    return _Sample(steps + late, seconds / runs * (steps + late) / steps, len(data) / runs * longer)
