"""`verify`: are results what their manifest says? Checksums, and runs that are computed again."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from fastq.errors import InputError
from fastq.manifest import read_manifest, read_study
from fastq.mdp import FiniteMDP
from fastq.parity import reference_run
from fastq.parts import damaged_parts, part_names
from fastq.recorded import read_entries, taken
from fastq.records import Entries, Learned, entries
from fastq.remote import open_store
from fastq.reopen import read_sweep
from fastq.rerun import learned, settings_of
from fastq.store import Store
from fastq.sweep import Configuration, Sweep
from fastq.training import key_words
from fastq.validation import check_arguments


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
) -> Verdict:
    """Check every checksum, compute a random sample of runs again, and compare all bits.

    Parameters
    ----------
    directory : str or Path
        Where `fastq.run` wrote to.
    sample : int
        How many entries: runs, or blocks of runs of which moments were recorded.
    reference : bool
        Whether to compute them with the pure-Python reference in place of the kernel, which takes
        some thousand times as long.
    seed : int, optional
        Of the sample's choice; another each time by default.
    trust : bool
        Whether code that the study holds may be run although your key has not signed it. Without
        it runs of such algorithms are not computed again.

    Raises
    ------
    InputError
        Where there is no study, or its manifest is damaged.
    """
    check_arguments(runs=sample)
    store = open_store(directory)
    manifest, study = read_manifest(store), read_study(store)
    damaged = damaged_parts(store, study.identity)
    names = len(part_names(store))
    if damaged:
        return Verdict(manifest, names, damaged, 0, 0, [], "parts are damaged")
    recorded = read_entries(store, study)
    sizes = (
        recorded.columns["runs"][:, 0] if study.record.has_moments else np.ones_like(recorded.run)
    )
    found = Verdict(manifest, names, [], int(sizes.sum()), 0, [], None)
    try:
        sweep = read_sweep(store, trust)
    except InputError as error:
        return found._replace(left_out=str(error))
    by_key = {configuration.key: configuration for configuration in sweep.configurations}
    known = np.array([key in by_key for key in study.keys])[recorded.configuration]
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(known))[:sample]
    compute = _Reference(sweep, manifest["spec"]) if reference else _kernel
    differing = []
    for i in np.sort(chosen).tolist():
        configuration = by_key[study.keys[recorded.configuration[i]]]
        runs = np.arange(recorded.run[i], recorded.run[i] + sizes[i])
        told = compute(sweep, configuration, runs)
        again = entries(study.record, np.zeros_like(runs), runs, told)
        if not _is_same(taken(recorded, slice(i, i + 1)), again):
            differing.append(f"{configuration}, run {runs[0]}")
    why = None if known.all() else _UNKNOWN
    return found._replace(checked=int(sizes[chosen].sum()), differing=differing, left_out=why)


_UNKNOWN = "some configurations are of algorithms that are others by now"


def _kernel(sweep: Sweep, configuration: Configuration, runs: NDArray[np.int64]) -> Learned:
    """Compute runs of a configuration with the kernel."""
    place = np.zeros_like(runs)
    return learned(sweep.mdp, [configuration.agent], place, runs, settings_of(sweep))


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
    place = known.entry_point if known is not None else None
    return isinstance(place, str) and place.startswith(_TABULAR)


_TABULAR = ("fastq.envs:", "gymnasium.envs.toy_text.")


def _is_same(recorded: Entries, again: Entries) -> bool:
    """Compare all bits of what was recorded with what was computed."""
    for name, values in recorded.columns.items():
        found = np.broadcast_to(again.columns[name], values.shape).astype(values.dtype)
        if found.tobytes() != values.tobytes():
            return False
    return True
