"""What distinguishes an algorithm, as data.

The module of each algorithm declares its `FACTS`. `build` binds their names in a loop, `scratch`
and `lanes` allocate the memory that they ask for. So a module is all that an algorithm needs here:
nothing else names it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fastq.agents.td_control import Agent
from fastq.mdp.finite_mdp import FiniteMDP


class Draws(NamedTuple):
    """How many uniforms an update draws, beside the one of each action."""

    update: int = 0
    random_ties: int = 0
    """In addition, with random ties, in a step that did not terminate."""
    planning_step: int = 0
    """In addition, for each planning step."""


class KernelFacts(NamedTuple):
    """What a kernel has of its algorithm."""

    agent: type[Agent]
    """The class of the agents that it trains."""
    names: Mapping[str, Any]
    """What is bound in the plain loop, by the names of `loop.POINTS`; and in lock-step, as far as
    `lockstep.POINTS` has the name."""
    lane_names: Mapping[str, Any] = MappingProxyType({})
    """What is bound in lock-step in its place or beside it, by the names of `lockstep.POINTS`."""
    on_policy: bool = False
    """Whether the next action is drawn before the update."""
    further_tables: int = 0
    """How many Q-tables it learns beside the one that it acts on."""
    rows: bool = True
    """Whether states are rows of the flat table, else plain numbers."""
    memory: Callable[[FiniteMDP], Any] | None = None
    """Allocates what only this algorithm remembers of a run; it binds a `clear` of its own then."""
    draws: Draws = Draws()

    @property
    def tables(self) -> int:
        """Count the tables of a lane: `q` is the mean of further ones, if it is not custom."""
        return max(self.further_tables, 1) if self.rows else 1 + self.further_tables

    @property
    def in_lanes(self) -> bool:
        """Whether it has rules for lock-step: `ahead` says all, or `lane_names` say the rest."""
        return bool(self.lane_names) or ("ahead" in self.names and "update" not in self.names)
