"""Run a text as a module that stays unregistered, so that workers get its classes by value.

While the text runs, no sweep may run: a script that ends by running its sweep would run it again.
"""

import contextlib
import itertools
import sys
import types
from collections.abc import Iterator
from contextvars import ContextVar

from fastq.base.errors import InputError

_counter = itertools.count()
_loading: ContextVar[str | None] = ContextVar("fastq_loading", default=None)


def execute(text: str, file: str, name: str) -> types.ModuleType:
    """Run a text as a module.

    Parameters
    ----------
    text : str
    file : str
        Where it stands, for tracebacks.
    name : str
        Of the module; a number is put before it.

    Raises
    ------
    Exception
        Whatever it raises.
    """
    module = types.ModuleType(f"fastq_file_{next(_counter)}_{name}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses and postponed annotations look it up
    try:
        exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module


class SweepWhileLoadingError(InputError):
    """A sweep is to be run while a file is loaded for its class."""


@contextlib.contextmanager
def loading(what: str) -> Iterator[None]:
    """Say that a file or module is being loaded."""
    token = _loading.set(what)
    try:
        yield
    finally:
        _loading.reset(token)


def refuse_while_loading() -> None:
    """Raise `SweepWhileLoadingError` where a sweep is to be run while a file is loaded."""
    what = _loading.get()
    if what is not None:
        raise SweepWhileLoadingError(
            f"{what} runs a sweep when it is loaded; put what runs it under "
            'if __name__ == "__main__":'
        )
