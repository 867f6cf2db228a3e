"""``manifest.json``: which study a directory holds, and with what it was made.

A directory holds one study. Its environment, seed, episodes, time limit, streams and what is
recorded never change. Later sweeps may add configurations, runs and agents. The manifest describes
the sweep that was run last.
"""

import datetime
import importlib.metadata
import io
import json
import platform
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from fastq.base.errors import InputError
from fastq.base.validation import Count, Seed, Validated, shorten
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.manifest_fields import Name, Seconds, Total, checked
from fastq.study.storage.algorithms import entries_of, put_texts
from fastq.study.storage.configurations import put_catalogue
from fastq.study.storage.store import Store, refused
from fastq.study.study import Study, identity_of
from fastq.study.sweep import Sweep

FORMAT = 4
MANIFEST, ENVIRONMENT = "manifest.json", "environment.npz"
_LIBRARIES = ("fastq-rl", "numpy", "numba", "gymnasium", "pandas", "pyarrow", "scipy", "joblib")


class Spec(Validated):
    """The sweep that was run last; what it says is checked again where a sweep is made of it."""

    model_config = ConfigDict(extra="allow")

    env: Name
    env_args: dict[Name, Any] = {}
    grid: dict[Name, list[Any]]
    fixed: dict[Name, Any] = {}
    streams: Name


class Manifest(Validated):
    """What a manifest says; what else stands in it is kept."""

    model_config = ConfigDict(extra="allow")

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT, description=str(FORMAT))]
    spec: Spec
    study: dict[str, Any]
    """A `Study`. `read_study` checks it, for it may be long and not every reader needs it."""
    seed: Seed
    environment: Name
    """The fingerprint of the environment's tables."""
    max_steps: Count
    algorithms: dict[Name, Name]
    """The version of each agent's algorithm."""
    sources: Any = None
    """Of custom algorithms. `fastq.study.storage.algorithms` reads it; what is damaged is none."""
    versions: dict[Name, Name]
    """Of Python and of libraries."""
    revision: Name | None
    """Of fastq's own checkout."""
    clean: bool | None = None
    """Whether nothing in the checkout was edited."""
    machine: Name
    created: Name
    wall_time: Seconds
    steps: Total
    checksum: str


def schema() -> dict[str, Any]:
    """Give the JSON schema of a manifest, as ``docs/manifest.schema.json`` has it."""
    whole = Manifest.model_json_schema()
    whole["properties"]["study"] = Study.model_json_schema()
    return whole


def check_study(store: Store, sweep: Sweep) -> None:
    """Check that a store can hold the study of a sweep; change nothing.

    Raises
    ------
    InputError
        Where it holds another study, or something else.
    """
    is_free = store.is_free()  # asked first, for another process may begin the study in between
    if has_manifest(store):
        _check_same_study(store, read_manifest(store), sweep)
    elif not is_free:
        allowed = "a new or empty directory, or one that holds this study"
        raise refused(store, f"holds something else; must be {allowed}")


def has_manifest(store: Store) -> bool:
    """Say whether a store holds a study."""
    return _is_there(store, MANIFEST)


def _is_there(store: Store, name: str) -> bool:
    """Say whether there is such a file, be it readable or not."""
    try:
        store.read(name)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def open_study(store: Store, sweep: Sweep) -> None:
    """Begin the study of a sweep in a store, or go on with the one that `check_study` found there.

    The environment's tables are kept beside the manifest, so that runs can be verified wherever
    the environment is not at hand.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    old = read_manifest(store) if has_manifest(store) else {}
    try:
        if not old:  # first of all, for it says what the store holds
            _write_manifest(store, _manifest(sweep, old))
        if not _is_there(store, ENVIRONMENT):
            tables = io.BytesIO()
            sweep.mdp.save(tables)
            store.put(ENVIRONMENT, tables.getvalue())
        put_texts(store, sweep.agents)
        put_catalogue(store, sweep)
        if old:  # last of all, so that a sweep that is refused changes nothing
            _write_manifest(store, _manifest(sweep, old))
    except OSError as error:
        raise refused(store, f"cannot be written ({said(error)})") from None


def said(error: OSError) -> str:
    """Say why something could not be read or written."""
    return error.strerror or shorten(str(error), 100)


def read_manifest(store: Store) -> dict[str, Any]:
    """Read a study's manifest.

    Raises
    ------
    InputError
        Where the directory holds no study, or a damaged one.
    """
    path = f"{store}/{MANIFEST}"
    try:
        manifest = json.loads(store.read(MANIFEST).decode())
        found = manifest["format"]
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        why = f"no {MANIFEST}" if missing else f"{MANIFEST} cannot be read: {said(error)}"
        raise InputError(f"{store}: holds no study ({why})") from None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = shorten(f"{type(error).__name__}: {error}", 100)
        raise InputError(f"{path}: is damaged ({reason})") from None
    if found != FORMAT:
        raise InputError(
            f"{path}: format = {shorten(found)}: must be {FORMAT}; made by another fastq",
            field="format",
            value=found,
            allowed=str(FORMAT),
        )
    try:
        checked(Manifest, manifest)
    except InputError as error:
        raise error.told(f"{path}: is damaged (", ")") from None
    try:
        is_whole = manifest["checksum"] == _checksum(manifest)
    except (RecursionError, ValueError):
        is_whole = False
    if not is_whole:
        raise InputError(f"{path}: is damaged (its content does not have its checksum)")
    return dict(manifest)


def read_study(store: Store, manifest: Mapping[str, Any]) -> Study:
    """Read from a study's manifest what its last sweep was.

    Raises
    ------
    InputError
        Where that is damaged.
    """
    try:
        return Study.from_manifest(manifest["study"])
    except InputError as error:
        raise error.inside("study").told(f"{store}/{MANIFEST}: is damaged (", ")") from None


def read_environment(store: Store) -> FiniteMDP:
    """Read the tables that a study's runs were trained on.

    Raises
    ------
    InputError
        Where they are missing or damaged.
    """
    path, expected = f"{store}/{ENVIRONMENT}", read_manifest(store)["environment"]
    try:
        mdp = FiniteMDP.load(io.BytesIO(store.read(ENVIRONMENT)))
    except (OSError, InputError) as error:
        reason = said(error) if isinstance(error, OSError) else shorten(str(error), 100)
        raise InputError(f"{path}: cannot be read ({reason})") from None
    if mdp.fingerprint != expected:
        raise InputError(f"{path}: is damaged (its tables are not those that were trained on)")
    return mdp


def add_work(store: Store, seconds: float, steps: int) -> None:
    """Add the time and the steps of a finished sitting to the manifest."""
    manifest = read_manifest(store)
    manifest["wall_time"] = round(manifest["wall_time"] + seconds, 3)
    manifest["steps"] = min(manifest["steps"] + steps, 2**63 - 1)
    _write_manifest(store, manifest)


def _check_same_study(store: Store, manifest: dict[str, Any], sweep: Sweep) -> None:
    """Raise `InputError` where the sweep contradicts the study in the directory."""
    stored = {**manifest["spec"], **manifest}
    new = {"env": sweep.env_name, "env_args": dict(sweep.env_args), **identity_of(sweep)}
    differing = {
        field: (stored.get(field), value)
        for field, value in new.items()
        if stored.get(field) != value
    }
    if "environment" not in differing:  # another name of the same tables is no other study
        differing = {
            field: both for field, both in differing.items() if not field.startswith("env")
        }
    there, here = read_study(store, manifest).agents, Study.of(sweep).agents
    if not set(there) & set(here):
        differing["agent"] = (there, here)
    for field, (old, value) in differing.items():
        raise refused(
            store,
            f"holds another study, with {field} = {shorten(old)} and not {shorten(value)}; "
            "must be a new directory, or the same study",
        )


def _manifest(sweep: Sweep, old: dict[str, Any]) -> dict[str, Any]:
    """Write down what is run, and with what."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    revision, study = _revision(), Study.of(sweep)
    return {
        "format": FORMAT,
        "spec": sweep.model_dump(mode="json"),
        "study": study.to_manifest(),
        "seed": sweep.seed,
        "environment": sweep.mdp.fingerprint,
        "max_steps": sweep.time_limit,
        "algorithms": {agent.name: str(agent.algorithm_version()) for agent in sweep.agents},
        "sources": entries_of(sweep.agents, study.identity, old),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "revision": revision,
        "clean": None if revision is None else not revision.endswith("-dirty"),
        "machine": f"{platform.system()} {platform.machine()}",
        "created": old.get("created", now),
        "wall_time": old.get("wall_time", 0.0),
        "steps": old.get("steps", 0),
    }


def _revision() -> str | None:
    """Name the revision of fastq's own checkout, or None where it runs from no checkout."""
    package = Path(__file__).parent
    commands = (
        ["git", "ls-files", "--error-unmatch", Path(__file__).name],
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
    )
    try:
        answers = [
            subprocess.run(command, cwd=package, capture_output=True, check=True, timeout=10)
            for command in commands
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return answers[-1].stdout.decode().strip()


def _write_manifest(store: Store, manifest: dict[str, Any]) -> None:
    """Write the manifest, whole, with a checksum that an edited one does not have."""
    whole = {**manifest, "checksum": _checksum(manifest)}
    store.put(MANIFEST, (json.dumps(whole, indent=2) + "\n").encode())


def _checksum(manifest: dict[str, Any]) -> str:
    """Sum up a manifest, to find damage, not malice."""
    content = {name: value for name, value in manifest.items() if name != "checksum"}
    return f"{zlib.crc32(json.dumps(content, sort_keys=True).encode()):08x}"
