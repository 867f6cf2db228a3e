"""Custom algorithms in lock-step: their rules, converted, take part where fastq's own do.

A rule is called once for a group of lanes, with vectors in place of numbers. `if_conversion` writes
it without branches, `lane_rules` says what its operations do. A function that it calls is
converted likewise. Some rules have no such form, or Numba finds no types for it: then a batch is
trained by the plain loop.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastq.agents import rules
from fastq.agents.algorithm import Algorithm
from fastq.base import if_conversion
from fastq.base.captured import plain_function
from fastq.base.jit import inlined
from fastq.training.kernels import lane_rules
from fastq.training.kernels.custom import UPDATE_DRAWS, chosen
from fastq.training.kernels.custom import learn as learned
from fastq.training.kernels.lane_agents import agents_of
from fastq.training.kernels.lane_episodes import Batch
from fastq.training.kernels.lane_step import ON_POLICY, go_from
from fastq.training.kernels.lane_tables import (
    Here,
    LaneTable,
    LaneTables,
    action_in,
    fault,
    next_action_in,
    next_state_in,
    state_in,
)
from fastq.training.kernels.lanes import (
    ACTION,
    GROUP,
    NEXT,
    NEXT_ACTION,
    NEXT_STATE,
    REWARD,
    ROW,
    STATE,
    STREAM,
    UNIFORM,
    Lanes,
    draw_in_group,
    draw_where,
)
from fastq.training.kernels.rows import integers, numbers, put, words
from fastq.training.kernels.step import Transition
from fastq.training.kernels.vector_functions import (
    numbers_of,
    truths_of,
    where,
    words_of,
)
from fastq.training.kernels.vectors import WIDTH

_STEP = 2.0**-53
_ZERO, _ONE, _WIDTH, _ALL = np.uint64(0), np.uint64(1), np.uint64(WIDTH), np.uint64(255)


@inlined
def draw_actions(lanes: Lanes, records: Any) -> np.uint64:
    """Ask the rule for an action in each lane; none of them is uncertain."""
    memory = lanes.words
    for group in range(lanes.groups):
        at = group * GROUP
        if ON_POLICY:
            goes_on = words(memory, at + NEXT) & _ONE == _ZERO
            put(memory, at + UNIFORM, numbers_of(draw_where(memory, at + STREAM, goes_on)))
            action = asked(lanes, records, group, next_state_in(memory, at + NEXT_STATE), goes_on)
            put(memory, at + NEXT_ACTION, action)
        else:
            put(memory, at + UNIFORM, numbers_of(draw_in_group(memory, at + STREAM)))
            # The state that a step came to has become the state, and stands where it did.
            state = next_state_in(memory, at + STATE)
            action = asked(lanes, records, group, state, truths_of(_ALL))
            put(memory, at + ACTION, action)
            go_from(lanes, at, words(memory, at + ROW), action)
    return _ZERO


@inlined
def here_of(lanes: Lanes, group: Any) -> Here:
    """Say where a group of lanes stands."""
    return Here(lanes, group * GROUP, group * _WIDTH)


@inlined
def asked(lanes: Lanes, records: Any, group: Any, state: Any, live: Any) -> Any:
    """Ask the rule for an action in some lanes of a group."""
    here = here_of(lanes, group)
    u = numbers(lanes.words, group * GROUP + UNIFORM) * _STEP
    agent = agents_of(lanes.agents, records, group)
    found = chosen(LaneTable(lanes, _ZERO), state, u, agent, here, live)
    action = words_of(lane_rules.whole(found))
    none = (action >= np.uint64(len(lanes.actions))) | (lane_rules.whole(found) != found)
    fault(here, live & none)
    return where(none, _ZERO, action)


@inlined
def set_draws(lanes: Lanes, lane: np.uint64, agent: Any) -> None:
    """Write down nothing: only the rule knows what it needs."""


@inlined
def first_action(batch: Batch, lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Ask the rule for the first action of a lane's episode, on-policy."""
    group, records = lane // _WIDTH, batch.learners.current
    state = next_state_in(lanes.words, group * GROUP + STATE)
    live = truths_of(_ONE << (lane % _WIDTH))
    put(lanes.words, group * GROUP + NEXT_ACTION, asked(lanes, records, group, state, live))
    action: np.uint64 = lanes.words[group * GROUP + NEXT_ACTION + lane % _WIDTH]
    return action


@inlined
def learn(lanes: Lanes, records: Any) -> None:
    """Let the algorithm learn from a step in each lane, and go to the next state."""
    memory = lanes.words
    for group in range(lanes.groups):
        at = group * GROUP
        following = words(memory, at + NEXT)
        u = 0.0
        if UPDATE_DRAWS:
            u = numbers_of(draw_in_group(memory, at + STREAM)) * _STEP
        action = next_action_in(memory, at + (NEXT_ACTION if ON_POLICY else ACTION))
        step = Transition(
            state_in(memory, at + STATE),
            action_in(memory, at + ACTION),
            numbers(memory, at + REWARD),
            next_state_in(memory, at + NEXT_STATE),
            action,
            following & _ONE == _ONE,
            integers(lanes.episode_of, group * _WIDTH),
            u,
        )
        agent, here = agents_of(lanes.agents, records, group), here_of(lanes, group)
        learn_from(lanes, step, agent, here)
        put(memory, at + ROW, following >> _ONE)
        put(memory, at + STATE, words(memory, at + NEXT_STATE))
        if ON_POLICY:
            put(memory, at + ACTION, words(memory, at + NEXT_ACTION))
            go_from(lanes, at, following >> _ONE, words(memory, at + NEXT_ACTION))


@inlined
def learn_from(lanes: Lanes, step: Transition, agent: Any, here: Here) -> None:
    """Call the rule of an algorithm without further tables."""
    learned(LaneTable(lanes, _ZERO), step, agent, here, truths_of(_ALL))


@inlined
def learn_with_tables(lanes: Lanes, step: Transition, agent: Any, here: Here) -> None:
    """Call the rule of an algorithm with further tables."""
    learned(LaneTable(lanes, _ZERO), step, agent, LaneTables(lanes), here, truths_of(_ALL))


def converted(function: Callable[..., Any], tag: str) -> Any:
    """Compile a function for vectors, with all that it calls.

    Parameters
    ----------
    function : function
    tag : str
        It tells the algorithm from others, whose functions may have the same names.

    Raises
    ------
    NotConvertibleError
        Where it has no form without branches.
    """
    plain = plain_function(function)
    known = _KNOWN.get(plain)
    if known is not None:
        return known
    if plain in _OF_NUMBERS:
        return inlined(_without_lanes(plain))
    text, calls = if_conversion.convert(plain)
    names = {
        name: one if isinstance(one, np.ndarray) else converted(one, tag)
        for name, one in calls.items()
    }
    space: dict[str, Any] = {"__name__": __name__, **_OPERATIONS, **names}
    exec(compile(text, f"<{plain.__name__} in lock-step>", "exec"), space)
    written = space[plain.__name__]
    written.__qualname__ += f"_{tag}"
    return inlined(written)


_OPERATIONS = {name: getattr(lane_rules, name) for name in if_conversion.OPERATIONS}
_KNOWN = {
    plain_function(getattr(rules, name)): getattr(lane_rules, name)
    for name in ("greatest", "greedy", "epsilon_greedy", "power")
} | {plain_function(rules.where): lane_rules.choice}
_OF_NUMBERS = {
    getattr(math, name)
    for name in (
        "exp",
        "expm1",
        "log",
        "log10",
        "log1p",
        "log2",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "atan",
        "fabs",
    )
}
"""Functions of one number, called lane by lane."""


def _without_lanes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of a number be called as a converted one."""
    return lambda x, here, live: function(x)


POINTS: tuple[str, ...] = (
    "draw_actions",
    "learn",
    "set_draws",
    "first_action",
    "chosen",
    "learned",
    "learn_from",
    "UPDATE_DRAWS",
)
"""What `build` may bind in lock-step besides what it may for fastq's own algorithms."""


def names_of(algorithm: type[Algorithm], tag: str) -> dict[str, Any]:
    """Say what is bound in lock-step for a custom algorithm.

    Raises
    ------
    NotConvertibleError
        Where a rule has no form without branches.
    """
    act, update = (converted(rule, tag) for rule in algorithm.rules())
    return {
        "draw_actions": draw_actions,
        "learn": learn,
        "set_draws": set_draws,
        "first_action": first_action,
        "chosen": act,
        "learned": update,
        "learn_from": learn_with_tables if algorithm.tables else learn_from,
        "UPDATE_DRAWS": algorithm.update_draws,
        "CUSTOM": True,
    }
