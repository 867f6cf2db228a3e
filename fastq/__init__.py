"""fastq: tabular reinforcement-learning experiments at the speed of compiled code.

The public names are loaded when they are first used, so that ``import fastq`` and
``fastq --help`` answer at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fastq._register import register_when_imported

if TYPE_CHECKING:
    from fastq import plot, reference, statistics, streams
    from fastq.agents import QLearning
    from fastq.errors import InputError, RunError
    from fastq.gridworlds import windy_gridworld
    from fastq.mdp import FiniteMDP
    from fastq.results import Results
    from fastq.runner import run
    from fastq.sweep import Sweep
    from fastq.training import Training, train, train_batch

__version__ = "0.1.0"

_HOME = {
    "FiniteMDP": "mdp",
    "InputError": "errors",
    "QLearning": "agents",
    "Results": "results",
    "RunError": "errors",
    "Sweep": "sweep",
    "Training": "training",
    "run": "runner",
    "train": "training",
    "train_batch": "training",
    "windy_gridworld": "gridworlds",
}
_MODULES = ("plot", "reference", "statistics", "streams")

__all__ = [
    "FiniteMDP",
    "InputError",
    "QLearning",
    "Results",
    "RunError",
    "Sweep",
    "Training",
    "plot",
    "reference",
    "run",
    "statistics",
    "streams",
    "train",
    "train_batch",
    "windy_gridworld",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _MODULES:
        return importlib.import_module(f"fastq.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'fastq' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"fastq.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_when_imported()
