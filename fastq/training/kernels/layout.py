"""An MDP and its agents laid out for the kernels: flat arrays, rows instead of states.

A *row* is ``state * num_actions``, where the state's Q-values begin in the flat table; transitions
store the next row, so that no step multiplies. Uniforms are compared as the 53-bit integers k from
which NumPy makes them (``u = k * 2**-53``): ``c <= u`` exactly where ``ceil(c * 2**53) <= k``.

An agent's hyperparameters are a record of float64, whose fields have their names: words count from
0 in the order in which they are allowed, what is left out is NaN. Beside each field that may have a
schedule stands its power, above 0 where the value is ``1 / n ** power``.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from fastq.agents.schedules import Exponential, Linear, Visits
from fastq.agents.td_control import Agent, TDAgent, Ties
from fastq.base.remembered import remembered
from fastq.mdp.finite_mdp import FiniteMDP

UNROLLED_ACTIONS = 16
"""Up to this many actions, their number is a constant of the compiled code."""

CONSTANT, LINEAR, EXPONENTIAL = range(3)

STOCHASTIC = True
"""Whether anything is drawn from the environment stream; bound by `build`, as the next ones."""
GENERAL = True
"""Whether a kernel knows what is seldom asked for, and looks for it in each step: softmax, random
ties, schedules by visits, random rewards."""
RANDOM_TIES = True
"""Whether lanes look for best actions that are equal; the plain loop does where it is general."""
CAREFUL = False
"""Whether a kernel orders values that are not finite as the reference does: see `greater`."""

States = NDArray[np.uint64]
Thresholds = NDArray[np.uint64]


class World(NamedTuple):
    """The tables of an MDP: outcome k of a state and action is at ``(row + action) * K + k``."""

    next_state: States
    """States are rows, or plain numbers for custom algorithms."""
    reward: NDArray[np.float64]
    reward_sd: NDArray[np.float64]
    """Of one element where `random_rewards` is False."""
    terminated: NDArray[np.bool_]
    cumulative: Thresholds
    start_states: States
    start_cumulative: Thresholds
    num_outcomes: np.uint64
    deterministic: bool
    random_rewards: bool
    max_steps: int
    actions: tuple[int, ...] | NDArray[np.int64]
    """The actions: a tuple, whose length is part of its type, so that loops over few actions are
    unrolled; an array where there are many, for which one compiled kernel serves all numbers."""


class Learners(NamedTuple):
    """Hyperparameters of M agents of one class, F numbers each."""

    current: NDArray[Any]
    """Records of F fields, shape (M,): the values in the present episode."""
    values: NDArray[np.float64]
    """The same memory as an array of shape (M, F)."""
    schedules: NDArray[np.float64]
    """Shape (M, F, 4): a kind and its three numbers."""
    scheduled: NDArray[np.bool_]
    """Shape (M,): whether any value changes from one episode to the next."""


@functools.lru_cache(maxsize=8)
def lay_out_world(mdp: FiniteMDP, max_steps: int, *, rows: bool) -> World:
    """Lay out an MDP, with a time limit instead of its own, and states as rows or as numbers."""
    num_actions = mdp.num_actions
    start_states = np.flatnonzero(mdp.start)
    reward_sd = np.zeros(1) if mdp.reward_sd is None else mdp.reward_sd.ravel()
    reward_sd.flags.writeable = False  # as an MDP's are: one type, compiled once
    stride = np.uint64(num_actions if rows else 1)
    return World(
        next_state=(mdp.next_state.astype(np.uint64) * stride).ravel(),
        reward=mdp.reward.ravel(),
        reward_sd=reward_sd,
        terminated=mdp.terminated.ravel(),
        cumulative=thresholds(np.cumsum(mdp.probability, axis=2)).ravel(),
        start_states=start_states.astype(np.uint64) * stride,
        start_cumulative=thresholds(np.cumsum(mdp.start)[start_states]),
        num_outcomes=np.uint64(mdp.num_outcomes),
        deterministic=mdp.deterministic,
        random_rewards=mdp.reward_sd is not None,
        max_steps=max_steps,
        actions=(
            tuple(range(num_actions)) if num_actions <= UNROLLED_ACTIONS else np.arange(num_actions)
        ),
    )


def lay_out_learners(agents: Sequence[Agent]) -> Learners:
    """Lay out the hyperparameters of M agents of one class."""
    if len(agents) == 1 and not _traits(agents[0]).scheduled:
        return _laid_out_alone(agents[0])  # kernels only read it
    return _laid_out(agents)


@remembered
def _laid_out_alone(agent: Agent) -> Learners:
    """Lay out one agent."""
    return _laid_out([agent])


def _laid_out(agents: Sequence[Agent]) -> Learners:
    """Lay out M agents in memory of their own."""
    traits = list(map(_traits, agents))
    schedules = np.array([one.schedules for one in traits])
    values = schedules[:, :, 1].copy()
    current = np.ndarray(len(traits), traits[0].record, values)
    return Learners(current, values, schedules, np.array([one.scheduled for one in traits]))


class Features(NamedTuple):
    """What agents ask for that not every kernel knows, or that takes further tables."""

    softmax: bool
    random_ties: bool
    alpha_by_visits: bool
    epsilon_by_visits: bool


def features_of(agents: Sequence[Agent]) -> Features:
    """Say what any of some agents asks for."""
    if len(agents) == 1:
        return _traits(agents[0]).features
    return Features(*map(any, zip(*(_traits(agent).features for agent in agents), strict=True)))


class _Traits(NamedTuple):
    """What kernels must know of an agent."""

    record: np.dtype[np.void]
    """F fields of float64, with the names of its hyperparameters."""
    schedules: NDArray[np.float64]
    """Shape (F, 4), as in `Learners`."""
    scheduled: bool
    """Whether any value changes from one episode to the next."""
    features: Features


@remembered
def _traits(agent: Agent) -> _Traits:
    """Give what kernels must know of an agent; looking it up takes as long as a short run."""
    columns = _columns(agent)
    features = Features(False, False, False, False)
    if isinstance(agent, TDAgent):
        features = Features(
            softmax=agent.temperature is not None,
            random_ties=agent.ties == "random",
            alpha_by_visits=isinstance(agent.alpha, Visits),
            epsilon_by_visits=isinstance(agent.epsilon, Visits),
        )
    return _Traits(
        record=_record(tuple(columns)),
        schedules=np.array(list(columns.values())),
        scheduled=any(row[0] != CONSTANT for row in columns.values()),
        features=features,
    )


@functools.cache
def _record(names: tuple[str, ...]) -> np.dtype[np.void]:
    """Give the type of records of float64 with such fields.

    One more field lies where the first does, and tells the type from all others: Numba takes a
    record for one of another type whose fields it has too, and warns.
    """
    fields = [*names, mark_of(names)]
    offsets = [*range(0, 8 * len(names), 8), 0]
    size = 8 * len(names)
    formats = [np.float64] * len(fields)
    return np.dtype({"names": fields, "formats": formats, "offsets": offsets, "itemsize": size})


def mark_of(names: Iterable[str]) -> str:
    """Give the field by which a record's type differs from all others."""
    return f"{_MARK}{' '.join(names)}"


def fields_of(record: Iterable[str]) -> tuple[str, ...]:
    """Give the hyperparameters among the fields of a record, in their order."""
    return tuple(name for name in record if not name.startswith(_MARK))


_MARK = "= "


def _columns(agent: Agent) -> dict[str, tuple[float, float, float, float]]:
    """Write each hyperparameter as a kind of schedule and its numbers."""
    columns: dict[str, tuple[float, float, float, float]] = {}
    for name in type(agent).model_fields:
        value, power = getattr(agent, name), 0.0
        if isinstance(value, float):
            columns[name] = (CONSTANT, value, 0.0, 0.0)
        elif isinstance(value, Linear):
            columns[name] = (LINEAR, value.start, value.end, value.episodes)
        elif isinstance(value, Exponential):
            columns[name] = (EXPONENTIAL, value.start, value.rate, value.end)
        elif isinstance(value, Visits):
            columns[name], power = (CONSTANT, 1.0, 0.0, 0.0), value.power
        else:
            columns[name] = (CONSTANT, _number(value), 0.0, 0.0)
        if name in ("alpha", "epsilon") and isinstance(agent, TDAgent):
            columns[f"{name}_power"] = (CONSTANT, power, 0.0, 0.0)
    columns.setdefault("initial_value", (CONSTANT, 0.0, 0.0, 0.0))
    return columns


def _number(value: Any) -> float:
    """Write a hyperparameter as a number."""
    if value is None:
        return math.nan
    return float(_TIES.index(value) if isinstance(value, str) else value)


_TIES: tuple[str, ...] = get_args(get_args(Ties)[0])


def thresholds(cumulative: NDArray[np.float64]) -> Thresholds:
    """Turn cumulative probabilities c into the least k for which ``c <= k * 2**-53``."""
    return np.ceil(cumulative * 2.0**53).astype(np.uint64)
