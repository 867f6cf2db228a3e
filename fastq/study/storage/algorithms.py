"""The custom algorithms that a study holds, as ``algorithms/NAME-VERSION.py``.

The manifest lists them under ``sources``, by agent and version, with older versions. If a source
could not be written down, the manifest says why. Reading a study runs none of them. Training runs
again takes a class that the process has, if its name and version are those of the study. Otherwise
it runs the stored text, if this user's key has signed it or the user trusts it.
"""

import contextlib
import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fastq.agents.algorithm import Algorithm
from fastq.agents.sources import load, source_of
from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.base.listings import STORED
from fastq.base.signing import NoKeyError, is_signed, sign
from fastq.base.text import file_name
from fastq.base.transcript import UnwrittenError
from fastq.base.validation import shorten
from fastq.study.storage.store import Store

Entry = dict[str, Any]
"""What the manifest says of a source."""
_FOLDER = "algorithms"
_TEXT, _REASON = "sha256", "reason"


def entries_of(
    agents: Iterable[type[Agent]], study: str, old: Mapping[str, Any]
) -> dict[str, dict[str, Entry]]:
    """Write down for a manifest what algorithms a study holds.

    Parameters
    ----------
    agents : iterable of type
        Of the sweep that is run.
    study : str
        The study's identity, which a signature holds for.
    old : mapping
        The manifest as it was.
    """
    found = {agent: dict(versions) for agent, versions in _listed(old).items()}
    for kind in _own(agents):
        version = str(kind.algorithm_version())
        known = found.setdefault(kind.name, {})
        entry = _entry(kind, version, study)
        if _TEXT in entry or version not in known:
            known[version] = entry
    return found


def put_texts(store: Store, agents: Iterable[type[Agent]]) -> None:
    """Put the sources of algorithms beside a study, where they are not there yet.

    Raises
    ------
    OSError
        Where they cannot be written.
    """
    for kind in _own(agents):
        with contextlib.suppress(UnwrittenError):
            data = source_of(kind).text.encode()
            name = file_of(kind.name, str(kind.algorithm_version()))
            if name not in store.names(_FOLDER, ".py") or store.read(name) != data:
                store.put(name, data)


def file_of(agent: str, version: str) -> str:
    """Name the file of a source; whatever the words, it lies in the study."""
    return f"{_FOLDER}/{file_name(agent)}-{file_name(version)}.py"


def entry_of(manifest: Mapping[str, Any], agent: str) -> Entry | None:
    """Give what a manifest says of the source of an agent of its last sweep."""
    return _listed(manifest).get(agent, {}).get(manifest["algorithms"].get(agent))


def signed_text(store: Store, manifest: Mapping[str, Any], agent: str) -> str | None:
    """Read the source of an agent, if this user's key has signed it."""
    entry = entry_of(manifest, agent)
    if entry is None or _TEXT not in entry:
        return None
    version = manifest["algorithms"][agent]
    try:
        text = store.read(file_of(agent, version)).decode()
    except (OSError, UnicodeDecodeError):
        return None
    content = _content(manifest["study"].get("identity"), agent, version, entry, text)
    return text if is_signed(content, entry.get("signature")) else None


def algorithm_of(
    store: Store, manifest: Mapping[str, Any], agent: str, trust: bool, live: bool = True
) -> type[Algorithm]:
    """Find the algorithm of a study's agent: one that the process has, or the stored one.

    Parameters
    ----------
    store : Store
    manifest : mapping
    agent : str
    trust : bool
        Whether the stored one may be run if it is not signed by this user's key.
    live : bool
        Whether one that the process has will do.

    Raises
    ------
    InputError
        Where there is none, or it may not be run.
    """
    version = str(manifest["algorithms"].get(agent))
    for kind in live_algorithms() if live else ():
        if kind.name == agent and version_of(kind) == version:
            return kind
    entry = entry_of(manifest, agent)
    if entry is None or _TEXT not in entry:
        why = entry.get(_REASON) if entry else "an older fastq made it"
        raise InputError(
            f"{store}: to train {agent} again takes its class, and the study holds no source of "
            f"it ({shorten(why, 200)[1:-1]}); import the class first, or run the sweep again"
        )
    text = signed_text(store, manifest, agent)
    name = file_of(agent, version)
    if text is None and not trust:
        raise InputError(
            f"{store}: to train {agent} again would run code of this study that your key has not "
            f"signed; read {store}/{name}, and allow it with --trust, or with trust=True in Python"
        )
    return _loaded(entry, version, f"{store}/{name}", text or _whole(store, name, entry))


def live_algorithms() -> Iterator[type[Algorithm]]:
    """List the custom algorithms that the process has, the latest first."""
    found: dict[type[Algorithm], None] = {}
    waiting: list[type[Algorithm]] = [Algorithm]
    while waiting:
        kinds = waiting.pop(0).__subclasses__()
        found |= dict.fromkeys(kinds)
        waiting += kinds
    for kind in reversed(found):
        with contextlib.suppress(InputError):
            if not kind.rules()[1].__code__.co_filename.startswith(STORED):
                yield kind


def home_of(kind: type[Algorithm]) -> str | None:
    """Name the file of an algorithm's rules; None for a cell, which is no file."""
    file = kind.rules()[1].__code__.co_filename
    return str(Path(file).absolute()) if Path(file).is_file() else None


def version_of(kind: type[Algorithm]) -> str | None:
    """Give the version of an algorithm; None where it has none."""
    with contextlib.suppress(InputError):
        return str(kind.algorithm_version())
    return None


def _loaded(entry: Entry, version: str, path: str, text: str) -> type[Algorithm]:
    """Run a source, once for a process."""
    key = text, str(entry.get("class")), version
    if key not in _LOADED:
        try:
            _LOADED[key] = load(*key, f"{STORED}{Path(path).name}")
        except Exception as error:
            reason = shorten(f"{type(error).__name__}: {error}", 150)
            raise InputError(f"{path}: cannot be loaded ({reason})") from None
    return _LOADED[key]


_LOADED: dict[tuple[str, str, str], type[Algorithm]] = {}


def _whole(store: Store, name: str, entry: Entry) -> str:
    """Read a source that is not signed, and check that it is whole."""
    try:
        data = store.read(name)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or shorten(str(error), 100)
        raise InputError(f"{store}/{name}: cannot be read ({reason})") from None
    if hashlib.sha256(data).hexdigest() != entry[_TEXT]:
        raise InputError(f"{store}/{name}: is damaged (its content does not have its checksum)")
    return text


def _own(agents: Iterable[type[Agent]]) -> list[type[Algorithm]]:
    """List the custom algorithms among agents."""
    return [kind for kind in agents if issubclass(kind, Algorithm)]


def _entry(kind: type[Algorithm], version: str, study: str) -> Entry:
    """Write down an algorithm for the manifest, signed where there is a key."""
    try:
        source = source_of(kind)
    except UnwrittenError as error:
        return {_REASON: str(error)}
    entry: Entry = {
        "class": source.name,
        "module": kind.__module__,
        "qualified_name": kind.__qualname__,
        "file": home_of(kind),
        "places": [list(place) for place in source.places],
        _TEXT: hashlib.sha256(source.text.encode()).hexdigest(),
    }
    try:
        entry["signature"] = sign(_content(study, kind.name, version, entry, source.text))
    except NoKeyError as error:
        warnings.warn(
            f"the study is not signed: there is no key ({error}); to train its runs again will "
            "take trust elsewhere",
            stacklevel=2,
        )
        entry["signature"] = None
    return entry


def _content(study: Any, agent: str, version: str, entry: Entry, text: str) -> Any:
    """List what a signature holds for."""
    said = {name: value for name, value in entry.items() if name != "signature"}
    return {"study": study, "agent": agent, "version": version, "said": said, "text": text}


def _listed(manifest: Mapping[str, Any]) -> dict[str, dict[str, Entry]]:
    """Read what a manifest says of sources; one of an older fastq, or another, says nothing."""
    stored = manifest.get("sources")
    found: dict[str, dict[str, Entry]] = {}
    for agent, versions in stored.items() if isinstance(stored, dict) else ():
        if isinstance(versions, dict):
            entries = {key: one for key, one in versions.items() if isinstance(one, dict)}
            found[agent] = entries
    return found
