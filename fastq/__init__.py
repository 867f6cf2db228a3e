"""fastq: tabular reinforcement-learning experiments at the speed of compiled code.

The public names are loaded when they are first used, so that ``import fastq`` and
``fastq --help`` answer at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fastq._register import register_when_imported

if TYPE_CHECKING:
    from fastq import metrics, planning, plot, reference, rules, statistics, streams
    from fastq.agents import Agent, DoubleQLearning, DynaQ, ExpectedSarsa, QLearning, Sarsa
    from fastq.algorithm import Algorithm
    from fastq.errors import InputError, RunError, StaleWarning
    from fastq.gridworlds import cliff_walking, dyna_maze, windy_gridworld
    from fastq.layout import GridLayout
    from fastq.mdp import FiniteMDP
    from fastq.parity import check_parity
    from fastq.racing import Race, race
    from fastq.results import Results
    from fastq.runner import run
    from fastq.schedules import (
        Exponential,
        Linear,
        ScheduledFraction,
        ScheduledStepSize,
        Visits,
    )
    from fastq.selection import Comparison, Selection
    from fastq.sweep import Sweep
    from fastq.training import Training, train, train_batch
    from fastq.validation import Fraction, StepSize
    from fastq.worlds import maximization_bias, random_mdp, random_walk

__version__ = "0.1.0"

_HOME = {
    "Agent": "agents",
    "Algorithm": "algorithm",
    "Comparison": "selection",
    "DoubleQLearning": "agents",
    "DynaQ": "agents",
    "ExpectedSarsa": "agents",
    "Exponential": "schedules",
    "FiniteMDP": "mdp",
    "Fraction": "validation",
    "GridLayout": "layout",
    "InputError": "errors",
    "Linear": "schedules",
    "QLearning": "agents",
    "Race": "racing",
    "Results": "results",
    "RunError": "errors",
    "Sarsa": "agents",
    "ScheduledFraction": "schedules",
    "ScheduledStepSize": "schedules",
    "StaleWarning": "errors",
    "StepSize": "validation",
    "Selection": "selection",
    "Sweep": "sweep",
    "Training": "training",
    "Visits": "schedules",
    "check_parity": "parity",
    "cliff_walking": "gridworlds",
    "dyna_maze": "gridworlds",
    "maximization_bias": "worlds",
    "race": "racing",
    "random_mdp": "worlds",
    "random_walk": "worlds",
    "run": "runner",
    "train": "training",
    "train_batch": "training",
    "windy_gridworld": "gridworlds",
}
_MODULES = ("metrics", "planning", "plot", "reference", "rules", "statistics", "streams")

__all__ = [
    "Agent",
    "Algorithm",
    "Comparison",
    "DoubleQLearning",
    "DynaQ",
    "ExpectedSarsa",
    "Exponential",
    "FiniteMDP",
    "Fraction",
    "GridLayout",
    "InputError",
    "Linear",
    "QLearning",
    "Race",
    "Results",
    "RunError",
    "Sarsa",
    "ScheduledFraction",
    "ScheduledStepSize",
    "Selection",
    "StaleWarning",
    "StepSize",
    "Sweep",
    "Training",
    "Visits",
    "check_parity",
    "cliff_walking",
    "dyna_maze",
    "maximization_bias",
    "metrics",
    "planning",
    "plot",
    "race",
    "random_mdp",
    "random_walk",
    "reference",
    "rules",
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
        near = "" if name.startswith("_") else _meant(name)
        raise AttributeError(f"module 'fastq' has no attribute {name!r}{near}")
    value = getattr(importlib.import_module(f"fastq.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    """Say which public name was probably meant."""
    from fastq.validation import meant

    return meant(name, __all__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_when_imported()
