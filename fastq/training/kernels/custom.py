"""Custom algorithms: their rules, compiled, take part where fastq's own do.

The rules see states as plain numbers and Q-values as a table of shape (S, A). They are compiled
with checks of every index, so that a wrong one is an error and not a damaged memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.agents.algorithm import Algorithm
from fastq.base.intrinsics import as_wide_as
from fastq.base.jit import inlined
from fastq.training.kernels.facts import Draws, KernelFacts
from fastq.training.kernels.layout import World
from fastq.training.kernels.scalars import draw_unit
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.step import Transition

POINTS: tuple[str, ...] = ("chosen", "learn", "UPDATE_DRAWS")
"""What `build` binds for each algorithm: its compiled `act` and `update`, and whether the latter
takes a uniform."""

UPDATE_DRAWS = False


def chosen(q: Any, state: Any, u: Any, agent: Any, *in_lanes: Any) -> Any:
    """Declare an algorithm's `act`, for type checkers."""
    raise NotImplementedError


def learn(q: Any, step: Transition, agent: Any, *others: Any) -> None:
    """Declare an algorithm's `update`, for type checkers."""
    raise NotImplementedError


@inlined
def pair_of_number(state: np.uint64, action: np.uint64, world: World) -> np.uint64:
    """Give the index of the pair of a state, a plain number, and an action."""
    return state * np.uint64(len(world.actions)) + action


@inlined
def clear(work: Work, initial_value: float) -> None:
    """Make ready for a run: further tables begin with zeros."""
    work.tables[:] = 0.0


@inlined
def act(
    q: NDArray[np.float64],
    state: np.uint64,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> np.uint64:
    """Ask the algorithm for an action."""
    action = chosen(as_wide_as(q, world.actions), np.int64(state), draw_unit(stream), agent)
    whole = np.int64(action)
    if not 0 <= action < len(world.actions) or whole != action:  # `whole` of a NaN is anything
        raise IndexError("act returned what is no action")
    return np.uint64(whole)


@inlined
def as_numbers(step: Transition, u: float) -> Transition:
    """Write a step in signed numbers, with which people compute."""
    return Transition(
        np.int64(step.state),
        np.int64(step.action),
        step.reward,
        np.int64(step.next_state),
        np.int64(step.next_action),
        step.terminated,
        step.episode,
        u,
    )


@inlined
def update(
    q: NDArray[np.float64],
    step: Transition,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> None:
    """Let the algorithm learn from a step."""
    u = draw_unit(stream) if UPDATE_DRAWS else 0.0
    learn(as_wide_as(q, world.actions), as_numbers(step, u), agent)


@inlined
def update_with_tables(
    q: NDArray[np.float64],
    step: Transition,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> None:
    """Let the algorithm learn from a step, with its further tables."""
    u = draw_unit(stream) if UPDATE_DRAWS else 0.0
    table = as_wide_as(q, world.actions)
    tables = as_wide_as(work.tables, world.actions)
    learn(table, as_numbers(step, u), agent, tables)


def facts_of(algorithm: type[Algorithm]) -> KernelFacts:
    """Say what distinguishes a custom algorithm; its class declares it."""
    return KernelFacts(
        agent=algorithm,
        names={
            "act": act,
            "update": update_with_tables if algorithm.tables else update,
            "pair_of": pair_of_number,
            "clear": clear,
            "UPDATE_DRAWS": algorithm.update_draws,
        },
        lane_names={"CUSTOM": True},
        on_policy=algorithm.on_policy,
        further_tables=algorithm.tables,
        rows=False,
        draws=Draws(update=int(algorithm.update_draws)),
    )
