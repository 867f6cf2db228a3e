"""Was an algorithm edited since a study was run? Its file is parsed for that, and never run.

The study's version is compared with the latest class of the same name from the same file or module
of this process, and with the files that the algorithm was written down from. These files are read
only if this user's key has signed the study, so that nobody else's manifest chooses which files are
read.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastq.agents.registry import AGENTS
from fastq.base.files import read
from fastq.base.listings import literal_in, meaning, named, parsed
from fastq.study.storage.algorithms import (
    Entry,
    entry_of,
    home_of,
    live_algorithms,
    signed_text,
    version_of,
)
from fastq.study.storage.entries import Stale, counted, stale_runs
from fastq.study.storage.parts import Finished
from fastq.study.storage.store import Store
from fastq.study.study import Study
from fastq.study.sweep import Sweep

_LARGEST = 2**20


def stale_of(
    store: Store,
    manifest: Mapping[str, Any],
    study: Study,
    finished: Mapping[str, Finished],
    sweep: Sweep | None,
) -> list[Stale]:
    """List the runs whose algorithm is another by now, shown or not.

    Parameters
    ----------
    store : Store
    manifest : mapping
    study : Study
        Whose runs are shown.
    finished : mapping
        From `finished_runs`.
    sweep : Sweep, optional
        The study's, where its algorithms are at hand.
    """
    agents = sweep.agents if sweep else ()
    stored = manifest["algorithms"]
    versions = stored | {agent.name: str(agent.algorithm_version()) for agent in agents}
    found = stale_runs(finished, versions)
    for owner, runs in counted(finished[key] for key in study.keys if key in finished):
        newer = None
        if owner.agent in AGENTS:
            is_same = owner.version == str(AGENTS[owner.agent].algorithm_version())
            newer = None if is_same else "fastq"
        elif owner.version == stored.get(owner.agent):
            newer = newer_of(store, manifest, owner.agent)
        if newer is not None:
            found.append(Stale(*owner, runs, newer))
    return found


def newer_of(store: Store, manifest: Mapping[str, Any], agent: str) -> str | None:
    """Say where a newer version of a study's algorithm is: the name of a file, or the class.

    Parameters
    ----------
    store : Store
    manifest : mapping
    agent : str
        A custom algorithm of the study's last sweep.

    Returns
    -------
    str or None
        None where nothing is known of a newer one.
    """
    entry = entry_of(manifest, agent)
    if entry is None:
        return None
    if _is_newer_here(entry, manifest["algorithms"].get(agent)):
        file = entry.get("file")
        return Path(file).name if isinstance(file, str) else str(entry.get("qualified_name"))
    text = signed_text(store, manifest, agent)
    tree = parsed(text) if text is not None else None
    for file, name, written in entry["places"] if tree is not None else ():
        if tree is not None and _differs(tree, written, Path(file), name):
            return Path(file).name
    return None


def _is_newer_here(entry: Entry, version: object) -> bool:
    """Say whether the latest class from the same file or module is another version."""
    for kind in live_algorithms():
        if kind.__qualname__ != entry.get("qualified_name"):
            continue
        home = home_of(kind)
        is_cell = home is None and kind.__module__ == entry.get("module")
        if home == entry.get("file") and (home is not None or is_cell):
            return version_of(kind) != version
    return False


def _differs(stored: ast.Module, written: str, file: Path, name: str) -> bool:
    """Say whether a file has something else by a name than what was stored."""
    tree = _read(file)
    if tree is None:
        return False
    value = literal_in(stored, written)
    if value:
        return repr(literal_in(tree, name)) != repr(value)
    now = named(tree, name)
    nodes = [node for node in ast.walk(stored) if getattr(node, "name", None) == written]
    return now is None or meaning(now) not in map(meaning, nodes)


def _read(file: Path) -> ast.Module | None:
    """Parse a file of Python, if it is a plain one of a moderate size."""
    if not file.is_absolute() or file.suffix != ".py":
        return None
    try:
        return parsed(read(file, _LARGEST).decode())
    except (OSError, ValueError):
        return None
