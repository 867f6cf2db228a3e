"""The sweep that a study was made by, made again from what the study holds.

Nothing is loaded because a manifest names it: the environment's tables lie beside the results, and
`fastq.study.storage.algorithms` says which custom algorithms may be run.
"""

import contextlib

from fastq.agents.registry import AGENTS
from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.study.record import as_record
from fastq.study.storage.algorithms import algorithm_of
from fastq.study.storage.manifest import MANIFEST, read_environment, read_manifest
from fastq.study.storage.store import Store
from fastq.study.sweep import Sweep, grid_size


def read_sweep(store: Store, trust: bool = False) -> Sweep:
    """Make the sweep that was run last, on the tables that lie beside its results.

    Parameters
    ----------
    store : Store
    trust : bool
        Whether code of the study may be run that this user's key has not signed.

    Raises
    ------
    InputError
        Where a custom algorithm is not at hand and may not be run, or the tables are damaged.
    """
    manifest = read_manifest(store)
    mdp, spec = read_environment(store), manifest["spec"]
    words, names = spec.get("agent"), manifest["study"].get("agents")
    listed = words if isinstance(words, list) else [words]
    if not isinstance(names, list) or len(names) != len(listed):
        raise InputError(f"{store}/{MANIFEST}: is damaged (study.agents = {shorten(names)})")
    keys, lists = manifest["study"].get("keys"), spec["grid"]
    known = {"env": mdp, "env_args": {}, "max_steps": manifest["max_steps"]}

    def made(live: bool) -> Sweep:
        agents = [
            word
            if isinstance(word, str) and word in AGENTS
            else algorithm_of(store, manifest, str(name), trust, live)
            for word, name in zip(listed, names, strict=True)
        ]
        agent = agents if isinstance(words, list) else agents[0]
        fields = {**spec, **known, "agent": agent}
        first = Sweep(**{**fields, "grid": {name: lists[name][:1] for name in lists}})
        # A forged grid takes no more time than its study.
        if grid_size(first.agents, lists) == len(keys):
            sweep, study = Sweep(**fields), manifest["study"]
            told = sweep.episodes, sweep.runs, sweep.seed, sweep.recording
            of_study = study["episodes"], study["runs"], study["seed"], as_record(study["record"])
            if told == of_study:
                return sweep
        raise InputError(f"{store}/{MANIFEST}: is damaged (spec and study say different things)")

    with contextlib.suppress(InputError):  # a class of this process may have other defaults
        sweep = made(live=True)
        if [one.key for one in sweep.configurations] == keys:
            return sweep
    return made(live=False)
