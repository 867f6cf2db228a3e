"""`Sweep`: an experiment as data. It says what to run and runs nothing.

A sweep is an environment, one agent or several, a grid of hyperparameters, and how many runs of how
many episodes from which seed. Its configurations are the points of the grid, agent by agent, in the
grid's own order, the last hyperparameter varying fastest. An agent takes of the grid, and of what
is fixed, the hyperparameters that it has.
"""

import contextlib
import functools
import gc
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import tomli_w

from fastq.agents.registry import find_agent
from fastq.agents.td_control import Agent
from fastq.base.errors import InputError
from fastq.base.validation import (
    Count,
    Seed,
    Streams,
    Validated,
    meant,
    not_allowed,
    shorten,
)
from fastq.mdp.find import find_mdp
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import COLUMNS, Record, as_record
from fastq.study.sweep_fields import Agents, EnvArgs, Environment, Fixed, Grid, Recorded, Value
from fastq.study.sweep_file import misplaced, read_fields

_MOST = 10**7
"""Bound on configurations: each takes some microseconds and about a kilobyte."""


@dataclass
class Configuration:
    """One point of the grid. It never changes; a frozen class would take twice as long to make."""

    agent: Agent
    environment: str
    """The fingerprint of the MDP."""
    version: int | str
    """That of the agent's algorithm when the sweep was made."""
    point: dict[str, Value]
    """What varies: the agent where there are several, and the hyperparameters of the grid."""

    @functools.cached_property
    def key(self) -> str:
        """Digest of all that, besides seed and run, decides what is learned."""
        return self.agent.key(self.environment, self.version)

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.point.items())


class Sweep(Validated):
    """A grid of hyperparameters to train, many runs for each of its points.

    Parameters
    ----------
    env : str or FiniteMDP
        A gymnasium id whose environment exposes a table ``P``, the name of a file that
        `FiniteMDP.save` wrote, which ends in ``.npz``, or the MDP itself.
    env_args : dict, optional
        Passed to `gymnasium.make`, with an id only.
    agent : str, class, or list of them
        One of fastq's own by its name, as ``"q_learning"`` (`fastq.agents.registry.AGENTS` has
        them all); a custom algorithm, or where its class stands: ``"file.py:Class"``.
    grid : dict of str to sequence
        Values for each hyperparameter that is varied: numbers, words or schedules.
    fixed : dict, optional
        Values for those that are not; the agents' defaults hold for the rest.
    episodes, runs : int
        Episodes of a run, and runs of each configuration, at least 1.
    seed : int, optional
        At least 0; 0 by default.
    max_steps : int, optional
        Time limit of an episode in steps; the environment's own by default, else 10,000.
    streams : {"common", "independent"}, optional
        Whether all configurations share the random streams of a run ("common", the default, which
        makes paired comparisons sharp), or each draws from its own.
    record : {"episodes", "moments", "summary"} or {"window": int}, optional
        What is kept of the runs: every episode (the default), each run's means over windows of so
        many episodes, the moments over runs of each episode, or one row for each run.

    Raises
    ------
    InputError
        Naming the first field that is wrong, its value, and what is allowed.
    """

    env: Environment
    env_args: EnvArgs = {}
    agent: Agents
    grid: Grid
    fixed: Fixed = {}
    episodes: Count
    runs: Count
    seed: Seed = 0
    max_steps: Count | None = None
    streams: Streams = "common"
    record: Recorded = "episodes"

    def __repr__(self) -> str:
        size = f"{self.num_configurations:,} configurations x {self.runs:,} runs"
        lines = [
            f"Sweep({self.agent_names} on {self.env_name}:",
            f"  {size} x {self.episodes:,} episodes, seed {self.seed}",
            *(f"  {name} = {shorten(values, 90)}" for name, values in self.grid.items()),
        ]
        more = f"\n  and {len(lines) - _LINES} more" if len(lines) > _LINES else ""
        return "\n".join(lines[:_LINES]) + more + ")"

    __str__ = __repr__

    def check(self) -> None:
        """Raise `InputError` unless each point of the grid makes an agent, and the env an MDP."""
        self._check_agents()
        if not self.grid:
            allowed = "at least one hyperparameter with its values"
            raise InputError(f"grid = {{}}: must name {allowed}", field="grid", value=self.grid)
        for name, values in self.grid.items():
            self._check_hyperparameter("grid", name)
            if name in COLUMNS:
                message = f"grid.{name}: must have another name, for a column is called so"
                raise InputError(message, field=f"grid.{name}")
            if name in self.fixed:
                message = f"{name} is in both grid and fixed: must be in one of them"
                raise InputError(message, field=name)
            if not values:
                message = f"grid.{name} = []: must hold at least one value"
                raise InputError(message, field=f"grid.{name}", value=values)
        for name in self.fixed:
            self._check_hyperparameter("fixed", name)
        self._check_size()
        try:
            _ = self.configurations  # which makes an agent of each value, so most are checked once
        except InputError:
            self._check_values()
            raise
        for name, values in self.grid.items():
            if len(set(values)) < len(values):
                self._check_list(name, values)

    def _check_agents(self) -> None:
        """Raise `InputError` unless the agents are known, and each has a name of its own."""
        names = [agent_type.name for agent_type in self.agents]
        for name in names:
            if names.count(name) > 1:
                message = f"agent: {name} is there twice; must differ"
                raise InputError(message, field="agent", value=names)

    def _check_hyperparameter(self, table: str, name: str) -> None:
        """Raise `InputError` unless an agent has a hyperparameter of that name."""
        known = dict.fromkeys(field for agent in self.agents for field in agent.model_fields)
        if name not in known:
            have = "have" if len(self.agents) > 1 else "has"
            allowed = f"one of {', '.join(known) or 'none'}"
            raise InputError(
                f"{table}.{name}: {self.agent_names} {have} no such hyperparameter; must be "
                f"{allowed}{meant(name, known)}",
                field=f"{table}.{name}",
                allowed=allowed,
            )

    def _check_size(self) -> None:
        """Raise `InputError` where there are too many configurations to be listed."""
        count = grid_size(self.agents, self.grid)
        if count > _MOST:
            allowed = f"at most {_MOST:,}"
            message = f"grid: makes {count:,} configurations; must be {allowed}"
            raise InputError(message, field="grid", allowed=allowed)

    def _check_values(self) -> None:
        """Raise `InputError` where one value by itself is not allowed, and say which."""
        for name, values in self.grid.items():
            self._check_list(name, values)
        for name, value in self.fixed.items():
            self._check_value(f"fixed.{name}", name, value)

    def _check_list(self, name: str, values: list[Value]) -> None:
        """Raise `InputError` where a value of a list is not allowed, or is there twice."""
        seen: set[Value] = set()
        for i, value in enumerate(values):
            place = f"grid.{name}[{i}]"
            self._check_value(place, name, value)
            if value in seen:
                message = f"{place} = {value}: is there twice; must differ"
                raise InputError(message, field=place, value=value)
            seen.add(value)

    def _check_value(self, place: str, name: str, value: Value) -> None:
        """Raise `InputError` unless the agents take the value for a hyperparameter."""
        for agent_type in self.agents:
            if name not in agent_type.model_fields:
                continue
            try:
                agent_type(**{name: value})
            except InputError as error:
                wrong, *parts = (error.field or "").split(".")
                if wrong == name:  # else it is another that has no default
                    raise error.renamed(".".join([place, *parts])) from None

    @functools.cached_property
    def agents(self) -> tuple[type[Agent], ...]:
        """The classes of agents."""
        words = self.agent if isinstance(self.agent, list) else [self.agent]
        return tuple(find_agent(word) for word in words)

    @property
    def agent_names(self) -> str:
        """The agents' names, for people."""
        return ", ".join(agent_type.name for agent_type in self.agents)

    @property
    def env_name(self) -> str:
        """The environment's name, for people."""
        return self.env if isinstance(self.env, str) else self.env.name

    @functools.cached_property
    def mdp(self) -> FiniteMDP:
        """The environment's tables."""
        return find_mdp(self.env, self.env_args)

    @property
    def time_limit(self) -> int:
        """The most steps of an episode."""
        return self.max_steps or self.mdp.max_steps

    @property
    def recording(self) -> Record:
        """What is kept of the runs."""
        return as_record(self.record)

    @property
    def num_configurations(self) -> int:
        """How many configurations there are."""
        return len(self.configurations)

    @functools.cached_property
    def configurations(self) -> tuple[Configuration, ...]:
        """The points of the grid, in order, agent by agent."""
        with _uncollected():
            agents = [one for kind in self.agents for one in self._points_of(kind)]
            environment = self.mdp.fingerprint
            versions = {kind: kind.algorithm_version() for kind in self.agents}
            return tuple(
                Configuration(agent, environment, versions[type(agent)], point)
                for agent, point in agents
            )

    def _points_of(self, agent_type: type[Agent]) -> Iterator[tuple[Agent, dict[str, Value]]]:
        """Make an agent at each point of its share of the grid."""
        has = agent_type.model_fields
        fixed = {name: value for name, value in self.fixed.items() if name in has}
        grid = {name: values for name, values in self.grid.items() if name in has}
        several = {"agent": agent_type.name} if len(self.agents) > 1 else {}
        for values in product(*grid.values()):
            varied = dict(zip(grid, values, strict=True))
            try:
                agent = agent_type(**fixed, **varied)
            except InputError as error:
                place = ", ".join(f"{name} = {value}" for name, value in varied.items())
                raise error.told(f"{agent_type.name} with {place}: ") from None
            told = vars(agent)
            for name in varied:
                varied[name] = told[name]
            yield agent, {**several, **varied} if several else varied

    @classmethod
    def from_toml(cls, path: str | Path) -> "Sweep":
        """Read a sweep from a TOML file with these fields at its top level.

        Files that it names, ``.npz`` or ``.py``, are looked for beside it.

        Raises
        ------
        InputError
            Naming the file besides what is wrong.
        """
        if not isinstance(path, str | Path):
            raise not_allowed("path", path, "the name of a TOML file")
        fields: dict[str, Any] = {}
        try:
            fields = read_fields(path)
            return cls(**fields)
        except InputError as error:
            hint = misplaced(fields, cls.model_fields, error.field)
            raise error.told(f"{path}: ", hint) from None

    def to_toml(self) -> str:
        """Write the sweep as TOML that `from_toml` reads back to an equal one.

        Raises
        ------
        InputError
            Where the environment is an MDP that stands in no file.
        """
        if not isinstance(self.env, str):
            raise InputError(
                f"env = {self.env.name!r}: must be a name to be written; save() the MDP, and "
                "give the file's name",
                field="env",
                value=self.env,
                allowed="a name to be written",
            )
        return tomli_w.dumps(self.model_dump(exclude_none=True))


_LINES = 8
"""Of what is shown of a sweep."""


def grid_size(agents: Iterable[type[Agent]], grid: Mapping[str, Sequence[Any]]) -> int:
    """Say how many configurations there are: each agent takes of the grid what it has."""
    shares = ([v for name, v in grid.items() if name in one.model_fields] for one in agents)
    return sum(math.prod(map(len, share)) for share in shares)


def check_sweep(sweep: object) -> None:
    """Raise `InputError` unless something is a sweep."""
    if not isinstance(sweep, Sweep):
        raise not_allowed("sweep", sweep, "a Sweep", "; Sweep.from_toml reads one from a file")


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Postpone garbage collection: it takes longer than making 100,000 objects that all stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
