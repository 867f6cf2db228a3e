"""Published figures, drawn again at full scale, with their claims checked: see README.md.

Each experiment is a module of this package with a function ``run(scale)`` that gives what it found.
"""

import importlib
from collections.abc import Callable

from experiments.claims import Found, Scale

NAMES = (
    "windy_gridworld",
    "kings_moves",
    "cliff_walking",
    "figure_6_3",
    "figure_6_5",
    "van_hasselt_2010",
    "figure_8_2",
    "frozen_lake",
    "tutorial",
)
"""The experiments, in the order of RESULTS.md."""


def find(name: str) -> Callable[[Scale], Found]:
    """Give an experiment by its name."""
    run: Callable[[Scale], Found] = importlib.import_module(f"experiments.{name}").run
    return run


def source(name: str) -> str:
    """Give the line in which an experiment says what it is, and where it was published."""
    return str(importlib.import_module(f"experiments.{name}").__doc__).splitlines()[0]
