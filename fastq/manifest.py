"""``manifest.json``: which study a directory holds, and with what it was made.

A directory holds one study: its environment, seed, episodes, time limit and streams never change.
Configurations and runs are added to, and agents to those that are there; the manifest tells of the
sweep that was run last.
"""

import datetime
import importlib.metadata
import json
import platform
import subprocess
import uuid
from pathlib import Path
from typing import Any

from fastq.atomic import put
from fastq.errors import InputError
from fastq.study import Study
from fastq.sweep import Sweep
from fastq.validation import shorten

FORMAT = 3
_LIBRARIES = ("fastq-rl", "numpy", "numba", "gymnasium", "pandas", "pyarrow", "scipy", "joblib")

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "spec": dict,
    "study": dict,
    "environment": str,
    "max_steps": int,
    "versions": dict,
    "revision": (str, type(None)),
    "wall_time": (int, float),
}
"""What each manifest holds and fastq reads again."""


def check_study(directory: Path, sweep: Sweep) -> None:
    """Check that a directory can hold the study of a sweep; change nothing.

    Raises
    ------
    InputError
        Where it holds another study, or something else.
    """
    if (directory / "manifest.json").exists():
        _check_same_study(directory, read_manifest(directory), sweep)
    elif directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(
            f"out = {str(directory)!r}: holds something else; "
            "must be a new or empty directory, or one that holds this study"
        )


def open_study(directory: Path, sweep: Sweep) -> None:
    """Make a directory the study of a sweep, or take up the study that `check_study` found there.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    known = (directory / "manifest.json").exists()
    old = read_manifest(directory) if known else {}
    try:
        (directory / "parts").mkdir(parents=True, exist_ok=True)
        _write_manifest(directory, _manifest(sweep, old))
    except OSError as error:
        reason = error.strerror
        raise InputError(f"out = {str(directory)!r}: cannot be written ({reason})") from None


def read_manifest(directory: Path) -> dict[str, Any]:
    """Read a study's manifest.

    Raises
    ------
    InputError
        Where the directory holds no study, or a damaged one.
    """
    path = directory / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
    except OSError:
        raise InputError(
            f"{directory}: holds no study (no manifest.json that can be read)"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: is damaged ({type(error).__name__}: {error})") from None
    if found != FORMAT:
        raise InputError(
            f"{path}: format = {shorten(found)}: must be {FORMAT}; made by another fastq"
        )
    for name, kind in _FIELDS.items():
        if not isinstance(manifest.get(name), kind):
            raise InputError(f"{path}: is damaged ({name} = {shorten(manifest.get(name))})")
    return dict(manifest)


def read_study(directory: Path) -> Study:
    """Read what a directory's last sweep was.

    Raises
    ------
    InputError
        Where the directory holds no study, or a damaged one.
    """
    stored = read_manifest(directory)["study"]
    try:
        return Study.from_manifest(stored)
    except InputError as error:
        raise InputError(f"{directory / 'manifest.json'}: is damaged (study.{error})") from None


def add_wall_time(directory: Path, seconds: float) -> None:
    """Add the time of a finished sitting to the manifest."""
    manifest = read_manifest(directory)
    manifest["wall_time"] = round(manifest["wall_time"] + seconds, 3)
    _write_manifest(directory, manifest)


def _identity(sweep: Sweep) -> dict[str, Any]:
    """List what two sweeps of one study have in common."""
    return {
        "env": sweep.env_name,
        "env_args": dict(sweep.env_args),
        "environment": sweep.mdp.fingerprint,
        "seed": sweep.seed,
        "episodes": sweep.episodes,
        "max_steps": sweep.time_limit,
        "streams": sweep.streams,
    }


def _check_same_study(directory: Path, manifest: dict[str, Any], sweep: Sweep) -> None:
    """Raise `InputError` where the sweep contradicts the study in the directory."""
    stored = {**manifest["spec"], **manifest}
    differing = {
        field: (stored.get(field), value)
        for field, value in _identity(sweep).items()
        if stored.get(field) != value
    }
    there, new = manifest["study"].get("agents"), Study.of(sweep).agents
    if not set(there if isinstance(there, list) else []) & set(new):
        differing["agent"] = (there, new)
    for field, (old, value) in differing.items():
        raise InputError(
            f"out = {str(directory)!r}: holds another study, with "
            f"{field} = {shorten(old)} and not {shorten(value)}; "
            "must be a new directory, or the same study"
        )


def _manifest(sweep: Sweep, old: dict[str, Any]) -> dict[str, Any]:
    """Write down what is run, and with what."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "format": FORMAT,
        "spec": sweep.model_dump(mode="json"),
        "study": Study.of(sweep).to_manifest(),
        "seed": sweep.seed,
        "environment": sweep.mdp.fingerprint,
        "max_steps": sweep.time_limit,
        "algorithms": {agent.name: agent.algorithm_version() for agent in sweep.agents},
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "revision": _revision(),
        "machine": platform.machine(),
        "created": old.get("created", now),
        "wall_time": old.get("wall_time", 0.0),
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


def _write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    """Put the manifest in place of an older one, whole."""
    text = json.dumps(manifest, indent=2) + "\n"
    temporary = directory / f".manifest-{uuid.uuid4().hex}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
    put(temporary, directory / "manifest.json")
