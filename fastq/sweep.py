"""`Sweep`: an experiment as data. It says what to run and runs nothing.

A sweep is an environment, an agent, a grid of hyperparameters, and how many runs of how many
episodes from which seed. Its configurations are the points of the grid, in the grid's own order,
the last hyperparameter varying fastest.
"""

import functools
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from fastq.agents import AGENTS, Agent
from fastq.errors import InputError
from fastq.mdp import FiniteMDP
from fastq.validation import Count, Seed, Streams, Validated, choose, plain_number, shorten


def _plain_lists(grid: Any) -> Any:
    """Take arrays, tuples and ranges for the values of a grid, as well as lists."""
    if not isinstance(grid, Mapping):
        return grid
    return {name: _plain_list(values) for name, values in grid.items()}


def _plain_list(values: Any) -> Any:
    """Turn one sequence of numbers into a list of Python's own numbers."""
    if isinstance(values, np.ndarray | tuple | range):
        values = list(values)
    if not isinstance(values, list):
        return values
    return [plain_number(value) for value in values]


Grid = Annotated[
    dict[str, list[float]],
    BeforeValidator(_plain_lists),
    Field(description="a table from hyperparameters to lists of numbers"),
]
Fixed = Annotated[
    dict[str, float], Field(description="a table from hyperparameters to single numbers")
]
Name = Annotated[str, Field(min_length=1, description="a name in quotes")]
EnvArgs = Annotated[
    dict[str, bool | int | float | str],
    Field(description="a table of arguments to gymnasium.make"),
]


@dataclass(frozen=True)
class Configuration:
    """One point of the grid."""

    agent: Agent
    key: str
    """Digest of all that, besides seed and run, decides what is learned."""
    point: dict[str, float]
    """The hyperparameters that the grid varies."""

    def __str__(self) -> str:
        return ", ".join(f"{name}={value:g}" for name, value in self.point.items())


class Sweep(Validated):
    """A grid of hyperparameters to train, many runs for each of its points.

    Parameters
    ----------
    env : str
        A gymnasium id whose environment exposes a table ``P``.
    env_args : dict, optional
        Passed to `gymnasium.make`.
    agent : {"q_learning"}
    grid : dict of str to sequence of float
        Values for each hyperparameter that is varied.
    fixed : dict of str to float, optional
        Values for those that are not; the agent's defaults hold for the rest.
    episodes, runs : int
        Episodes of a run, and runs of each configuration, at least 1.
    seed : int, optional
        At least 0; 0 by default.
    max_steps : int, optional
        Time limit of an episode in steps; the environment's own by default, else 10,000.
    streams : {"common", "independent"}, optional
        Whether all configurations share the random streams of a run ("common", the default, which
        makes paired comparisons sharp), or each draws from its own.

    Raises
    ------
    InputError
        Naming the first field that is wrong, its value, and what is allowed.
    """

    env: Name
    env_args: EnvArgs = {}
    agent: Name
    grid: Grid
    fixed: Fixed = {}
    episodes: Count
    runs: Count
    seed: Seed = 0
    max_steps: Count | None = None
    streams: Streams = "common"

    def check(self) -> None:
        """Raise `InputError` unless each point of the grid makes an agent, and the env an MDP."""
        choose("agent", self.agent, AGENTS)
        if not self.grid:
            raise InputError("grid = {}: must name at least one hyperparameter with its values")
        for name, values in self.grid.items():
            self._check_hyperparameter("grid", name)
            if name in self.fixed:
                raise InputError(f"{name} is in both grid and fixed: must be in one of them")
            self._check_values(f"grid.{name}", name, values)
        for name, value in self.fixed.items():
            self._check_hyperparameter("fixed", name)
            self._check_value(f"fixed.{name}", name, value)
        _ = self.mdp

    def _check_hyperparameter(self, table: str, name: str) -> None:
        """Raise `InputError` unless the agent has a hyperparameter of that name."""
        known = AGENTS[self.agent].model_fields
        if name not in known:
            raise InputError(
                f"{table}.{name}: {self.agent} has no such hyperparameter; "
                f"must be one of {', '.join(known)}"
            )

    def _check_values(self, place: str, name: str, values: list[float]) -> None:
        """Raise `InputError` unless the values of the grid are allowed, and differ."""
        if not values:
            raise InputError(f"{place} = []: must hold at least one value")
        for i, value in enumerate(values):
            self._check_value(f"{place}[{i}]", name, value)
            if value in values[:i]:
                raise InputError(f"{place}[{i}] = {value}: is there twice; must differ")

    def _check_value(self, place: str, name: str, value: float) -> None:
        """Raise `InputError` unless the agent takes the value for a hyperparameter."""
        try:
            AGENTS[self.agent](**{name: value})
        except InputError as error:
            raise InputError(f"{place}{str(error).removeprefix(name)}") from None

    @functools.cached_property
    def mdp(self) -> FiniteMDP:
        """The environment's tables."""
        return FiniteMDP.from_gymnasium(self.env, **self.env_args)

    @property
    def time_limit(self) -> int:
        """The most steps of an episode."""
        return self.max_steps or self.mdp.max_steps

    @property
    def num_configurations(self) -> int:
        """How many points the grid has."""
        return math.prod(len(values) for values in self.grid.values())

    @functools.cached_property
    def configurations(self) -> tuple[Configuration, ...]:
        """The points of the grid, in order."""
        agent_type = AGENTS[self.agent]
        found = []
        for values in product(*self.grid.values()):
            point = dict(zip(self.grid, values, strict=True))
            agent = agent_type(**self.fixed, **point)
            found.append(Configuration(agent, agent.key(self.mdp.fingerprint), point))
        return tuple(found)

    @classmethod
    def from_toml(cls, path: str | Path) -> "Sweep":
        """Read a sweep from a TOML file with these fields at its top level.

        Raises
        ------
        InputError
            Naming the file besides what is wrong.
        """
        try:
            with Path(path).open("rb") as file:
                fields = tomllib.load(file)
            return cls(**fields)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: is not TOML ({shorten(str(error), 100)})") from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def to_toml(self) -> str:
        """Write the sweep as TOML that `from_toml` reads back to an equal one."""
        fields = self.model_dump(exclude_none=True)
        tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
        lines = [
            f"{name} = {json.dumps(value)}" for name, value in fields.items() if name not in tables
        ]
        for name, table in tables.items():
            if table:
                lines += ["", f"[{name}]"]
                lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        return "\n".join(lines) + "\n"
