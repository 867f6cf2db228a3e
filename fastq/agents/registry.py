"""Agents by the words that name them in a spec.

One of fastq's own has a name, as ``q_learning``. A custom algorithm is named by where its class
stands: ``path/to/file.py:Class``, the path seen from the present directory, or ``module:Class``.
"""

import functools
import importlib
import operator
import sys
import types
from pathlib import Path

from fastq.agents.algorithm import Algorithm
from fastq.agents.td_control import (
    Agent,
    DoubleQLearning,
    DynaQ,
    ExpectedSarsa,
    QLearning,
    Sarsa,
    TDAgent,
)
from fastq.base.errors import InputError
from fastq.base.loading import SweepWhileLoadingError, execute, loading
from fastq.base.validation import meant, shorten

AGENTS: dict[str, type[Agent]] = {
    agent.name: agent
    for agent in (
        QLearning,
        Sarsa,
        ExpectedSarsa,
        DoubleQLearning,
        DynaQ,
    )
}
"""Every agent of fastq's own by its name.

The function of this name in `fastq.reference` is its reference. Its kernel is found by the `FACTS`
that name the class.
"""


def find_agent(word: object) -> type[Agent]:
    """Find the class of agents that a word of a spec names; a class is taken as it is.

    Raises
    ------
    InputError
        Where there is none, or it lacks a rule.
    """
    found = word
    if isinstance(word, str):
        found = _load(word) if ":" in word else AGENTS.get(word)
    if isinstance(found, type) and issubclass(found, Algorithm):
        found.rules()
        found.algorithm_version()
        return found
    if isinstance(found, type) and issubclass(found, TDAgent) and hasattr(found, "name"):
        return found
    raise InputError(
        f"agent = {shorten(word)}: must be one of {', '.join(AGENTS)}, "
        f"or a custom algorithm as file.py:Class{meant(word, AGENTS)}"
    )


def word_for(agent_type: type[Agent]) -> str:
    """Give the word by which `find_agent` finds a class again, on this machine at least."""
    if not issubclass(agent_type, Algorithm):
        return agent_type.name
    module = sys.modules.get(agent_type.__module__)
    if agent_type.__module__ != "__main__" and module is not None:
        return f"{agent_type.__module__}:{agent_type.__qualname__}"
    return f"{_source_file(agent_type)}:{agent_type.__qualname__}"


def _source_file(agent_type: type[Algorithm]) -> str:
    """Name the file of a class, from the present directory where it lies below."""
    path = Path(agent_type.rules()[1].__code__.co_filename)
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _load(word: str) -> object:
    """Load what a word names in a file or a module."""
    place, _, name = word.rpartition(":")
    try:
        with loading(place):
            if place.endswith(".py"):
                path = Path(place).resolve()
                module = _run_file(path, path.stat().st_mtime_ns)
            else:
                module = importlib.import_module(place)
        return operator.attrgetter(name)(module)
    except SweepWhileLoadingError as error:
        raise InputError(f"agent = {word!r}: {error}") from None
    except Exception as error:
        reason = shorten(f"{type(error).__name__}: {error}", 150)
        raise InputError(f"agent = {word!r}: cannot be loaded ({reason})") from None


@functools.cache
def _run_file(path: Path, changed: int) -> types.ModuleType:
    """Run a file as a module, once for each of its versions."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # what stands beside it can be imported, as in a script
    return execute(path.read_text(encoding="utf-8"), str(path), path.stem)
