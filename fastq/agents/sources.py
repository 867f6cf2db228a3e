"""The source of a custom algorithm: one text that gives the same algorithm anywhere.

The text holds the class, all functions that its rules call, and the values that they use
(`fastq.base.transcript`). It is run once when it is written, to see that it does.
"""

import functools
import linecache
from typing import Any, NamedTuple

from fastq.agents.algorithm import Algorithm
from fastq.base.listings import STORED
from fastq.base.loading import execute, loading
from fastq.base.transcript import Place, Transcript, UnwrittenError
from fastq.base.validation import shorten


class Source(NamedTuple):
    """An algorithm as a text."""

    text: str
    name: str
    """What the text calls the class."""
    places: tuple[Place, ...]
    """Where its definitions and values stand."""


def source_of(algorithm: type[Algorithm]) -> Source:
    """Write down a custom algorithm, and check what was written.

    Raises
    ------
    UnwrittenError
        Where that is not possible.
    """
    return _source_of(algorithm, algorithm.algorithm_version())


@functools.lru_cache(maxsize=64)
def _source_of(algorithm: type[Algorithm], version: str) -> Source:
    """Write down an algorithm of some version: values from outside may change between two."""
    transcript = Transcript()
    name = transcript.add_class(algorithm)
    source = Source(transcript.text(), name, tuple(transcript.places))
    try:
        found = load(source.text, name, version, f"{STORED}{name}.py")
    except Exception as error:
        reason = shorten(f"{type(error).__name__}: {error}", 100)
        raise UnwrittenError(f"what was written down fails: {reason}") from None
    if _declared(found) != _declared(algorithm):
        raise UnwrittenError("the class was changed after it was made")
    return source


def _declared(algorithm: type[Algorithm]) -> list[Any]:
    """List what a class says of itself besides its rules."""
    fields = algorithm.model_fields.items()
    names = ("name", "tables", "on_policy", "update_draws")
    hyperparameters = [(name, repr(field.default), repr(field.metadata)) for name, field in fields]
    return [*hyperparameters, *(getattr(algorithm, name) for name in names)]


def load(text: str, name: str, version: str, file: str) -> type[Algorithm]:
    """Run the text of a source; give its class.

    Parameters
    ----------
    text, name
        As of a `Source`.
    version : str
        Of the algorithm that was written down: another Python may digest the text otherwise.
    file : str
        What tracebacks and messages call the text.

    Raises
    ------
    Exception
        Whatever the text raises; TypeError where it has no such class.
    """
    lines = text.splitlines(keepends=True)
    linecache.cache[file] = (len(text), None, lines, file)
    with loading(f"the source of {name}"):
        found = getattr(execute(text, file, name), name, None)
    if not (isinstance(found, type) and issubclass(found, Algorithm)):
        raise TypeError(f"{name} is no Algorithm")
    found.rules()
    pinned: Any = classmethod(lambda _: version)
    found.algorithm_version = pinned  # type: ignore[method-assign]
    return found
