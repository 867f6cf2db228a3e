"""`verify`: are results what their manifest says? Checksums, and runs that are computed again.

Some are computed in a fresh process, whose kernel cache is empty: a wrong kernel in the cache would
otherwise confirm its own numbers.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.base.validation import check_arguments
from fastq.execution.fresh_process import FreshProcessError, Task, learned_afresh
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import Entries, Learned, Record, entries
from fastq.study.runs import learned, settings_of
from fastq.study.storage.entries import read_entries, taken
from fastq.study.storage.manifest import read_manifest, read_study
from fastq.study.storage.parts import damaged_parts, part_names
from fastq.study.storage.remote import open_store
from fastq.study.storage.reopen import read_sweep
from fastq.study.storage.store import Store
from fastq.study.study import Study
from fastq.study.sweep import Configuration, Sweep
from fastq.training.parity import reference_run
from fastq.training.train import key_words


class Verdict(NamedTuple):
    """What was found."""

    manifest: dict[str, Any]
    parts: int
    damaged: list[str]
    """What is wrong with each part that is damaged, in one line each."""
    finished: int
    """Runs that are recorded."""
    checked: int
    """Runs that were computed again."""
    differing: list[str]
    """Which of them are others now."""
    left_out: str | None
    """Why some runs, or all, could not be computed again."""
    fresh: int = 0
    """Runs that were also computed in a fresh process with an empty kernel cache."""

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against the results."""
        return not self.damaged and not self.differing


def verify(
    directory: str | Path | Store,
    *,
    sample: int = 100,
    reference: bool = False,
    seed: int | None = None,
    trust: bool = False,
    fresh: bool = True,
) -> Verdict:
    """Check every checksum, compute a random sample of runs again, and compare all bits.

    Parameters
    ----------
    directory : str or Path
        Where `fastq.run` wrote to.
    sample : int
        How many entries: runs, or blocks of runs of which moments were recorded.
    reference : bool
        Whether to compute them with the pure-Python reference instead of the kernel, which takes
        some thousand times as long.
    seed : int, optional
        Of the sample's choice; another each time by default.
    trust : bool
        Whether code that the study holds may be run although your key has not signed it. Without
        it runs of such algorithms are not computed again.
    fresh : bool
        Whether to compute an entry of each agent's class also in a fresh process with an empty
        kernel cache, which compiles for some seconds; not with `reference`, and not where runs
        differ already.

    Raises
    ------
    InputError
        Where there is no study, or its manifest is damaged.
    """
    check_arguments(runs=sample)
    store = open_store(directory)
    manifest = read_manifest(store)
    study = read_study(store, manifest)
    damaged = damaged_parts(store, study.identity)
    names = len(part_names(store))
    if damaged:
        return Verdict(manifest, names, damaged, 0, 0, [], "parts are damaged")
    recorded = read_entries(store, study)
    blocks = recorded.columns["runs"][:, 0] if study.record.has_moments else None
    finished = len(recorded.run) if blocks is None else int(blocks.sum())
    found = Verdict(manifest, names, [], finished, 0, [], None)
    try:
        sweep = read_sweep(store, trust)
    except InputError as error:
        return found._replace(left_out=str(error))
    by_key = {configuration.key: configuration for configuration in sweep.configurations}
    known = np.array([key in by_key for key in study.keys])[recorded.configuration]
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(known))[:sample]
    recordings = [_Recording.at(i, recorded, study, by_key) for i in np.sort(chosen).tolist()]
    compute = _Reference(sweep, manifest["spec"]) if reference else _kernel
    found = _computed_again(
        found, recordings, lambda one: compute(sweep, one.configuration, one.runs)
    )
    if fresh and not reference and not found.differing:
        found = _computed_afresh(found, recordings, sweep)
    reasons = [*([] if known.all() else [_UNKNOWN]), *([found.left_out] if found.left_out else [])]
    return found._replace(left_out="; ".join(reasons) or None)


class _Recording(NamedTuple):
    """An entry: what was kept of a run, or of a block of runs."""

    configuration: Configuration
    runs: NDArray[np.int64]
    record: Record
    kept: Entries

    @classmethod
    def at(
        cls, i: int, recorded: Entries, study: Study, by_key: dict[str, Configuration]
    ) -> "_Recording":
        """Take the entry with an index."""
        kept = taken(recorded, slice(i, i + 1))
        count = int(kept.columns["runs"][0, 0]) if study.record.has_moments else 1
        runs = np.arange(kept.run[0], kept.run[0] + count)
        return cls(by_key[study.keys[kept.configuration[0]]], runs, study.record, kept)

    @property
    def name(self) -> str:
        """Which it is, for people."""
        return f"{self.configuration}, run {self.runs[0]}"

    def differs(self, told: Learned) -> bool:
        """Say whether what was computed differs from it in any bit."""
        again = entries(self.record, np.zeros_like(self.runs), self.runs, told)
        return not _is_same(self.kept, again)


def _computed_again(
    found: Verdict, recordings: Sequence[_Recording], compute: Callable[[_Recording], Learned]
) -> Verdict:
    """Compute entries here, and name those that differ."""
    differing = [one.name for one in recordings if one.differs(compute(one))]
    checked = sum(len(one.runs) for one in recordings)
    return found._replace(checked=checked, differing=differing)


def _computed_afresh(found: Verdict, recordings: Sequence[_Recording], sweep: Sweep) -> Verdict:
    """Compute an entry of each class of agents, of few runs, in a fresh process."""
    first: dict[type[Agent], _Recording] = {}
    for one in sorted(recordings, key=lambda one: len(one.runs)):
        first.setdefault(type(one.configuration.agent), one)
    if not first:
        return found
    settings = settings_of(sweep)
    tasks = [
        Task(sweep.mdp, one.configuration.agent, one.runs, settings, one.configuration.key)
        for one in first.values()
    ]
    try:
        told = zip(first.values(), learned_afresh(tasks), strict=True)
    except FreshProcessError as error:
        return found._replace(left_out=f"no run in a fresh process ({error})")
    differing = [f"{one.name}, in a fresh process" for one, new in told if one.differs(new)]
    return found._replace(
        differing=[*found.differing, *differing],
        fresh=sum(len(one.runs) for one in first.values()),
    )


_UNKNOWN = "some configurations are of algorithms that are others by now"


def _kernel(sweep: Sweep, configuration: Configuration, runs: NDArray[np.int64]) -> Learned:
    """Compute runs of a configuration with the kernel."""
    agent_of = np.zeros_like(runs)
    return learned(sweep.mdp, [configuration.agent], agent_of, runs, settings_of(sweep))


class _Reference:
    """The pure-Python reference, on the real environment where it is at hand and the same.

    That a manifest names an environment is no reason to load it: only gymnasium's tabular ones and
    fastq's own are made. For all others the study's tables stand in.
    """

    def __init__(self, sweep: Sweep, spec: dict[str, Any]) -> None:
        self._env: gymnasium.Env[Any, Any] = sweep.mdp.to_gymnasium()
        if not _is_known(spec["env"]):
            return
        with contextlib.suppress(InputError, gymnasium.error.Error):
            mdp = FiniteMDP.from_gymnasium(spec["env"], **spec["env_args"])
            if mdp.fingerprint == sweep.mdp.fingerprint:
                self._env = gymnasium.make(spec["env"], **spec["env_args"])

    def __call__(
        self, sweep: Sweep, configuration: Configuration, runs: NDArray[np.int64]
    ) -> Learned:
        """Compute runs of a configuration."""
        agent, independent = configuration.agent, sweep.streams == "independent"
        key = key_words(agent.key(sweep.mdp.fingerprint)) if independent else ()
        options = {"episodes": sweep.episodes, "seed": sweep.seed, "max_steps": sweep.time_limit}
        done = [reference_run(agent, self._env, run=r, key=key, **options) for r in runs.tolist()]
        return Learned(
            np.array([one.returns for one in done]),
            np.array([one.lengths for one in done]),
            np.array([one.truncated for one in done]),
            np.array([one.diverged for one in done]),
        )


def _is_known(env: object) -> bool:
    """Say whether an environment is one of fastq's, or of gymnasium's with tables."""
    known = gymnasium.registry.get(env) if isinstance(env, str) else None
    entry_point = known.entry_point if known is not None else None
    return isinstance(entry_point, str) and entry_point.startswith(_TABULAR)


_TABULAR = ("fastq.mdp.worlds.envs:", "gymnasium.envs.toy_text.")


def _is_same(recorded: Entries, again: Entries) -> bool:
    """Compare all bits of what was recorded with what was computed."""
    for name, values in recorded.columns.items():
        found = np.broadcast_to(again.columns[name], values.shape).astype(values.dtype)
        if found.tobytes() != values.tobytes():
            return False
    return True
