"""What an update rule asks of Q-values, in lock-step: `values`, with vectors of lanes.

A row is loaded where it is asked for. The compiler sees where the same one is asked for twice.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from fastq.base.jit import inlined
from fastq.training.kernels import rows, turned
from fastq.training.kernels.lanes import CHOSEN, REST, SHARE, STREAM, Lanes, draw_where
from fastq.training.kernels.layout import GENERAL
from fastq.training.kernels.scalars import visited
from fastq.training.kernels.step import Transition
from fastq.training.kernels.vector_functions import (
    bits,
    each,
    numbers_of,
    together,
    where,
    whole_part,
)

_ZERO, _ALL = np.uint64(0), np.uint64(255)
_STEP = 2.0**-53


class LaneRow(NamedTuple):
    """The Q-values of a state in each lane of a group."""

    lanes: Lanes
    place: Any
    """Where they stand, as a vector of words."""
    places: Any
    """The same, one by one."""
    at: np.uint64
    """Where the group's variables stand."""
    lane: np.uint64
    """The first lane of the group."""


@inlined
def columns_of(row: LaneRow) -> Any:
    """Load a row: one vector for each column of the lane's tables."""
    return rows.columns(row.lanes.q, row.places, row.lane, row.lanes.apart, row.lanes.columns)


@inlined
def acting_of(row: LaneRow) -> Any:
    """Load the values that the agent acts on: one vector for each action."""
    return turned.acting(columns_of(row), row.lanes.actions)


@inlined
def greatest(row: LaneRow) -> Any:
    """Give the greatest Q-value of a row."""
    return turned.greatest_of(columns_of(row), ())


def value_at(row: Any, action: Any) -> Any:
    """Give the Q-value of an action: of one for all lanes, or of each lane's own."""
    raise NotImplementedError


@overload(value_at, jit_options={"forceinline": True})
def _value_at(row, action):  # type: ignore[no-untyped-def]
    if getattr(row, "instance_class", None) is LaneTable:
        return lambda row, action: turned.column_at(row.columns, (action,))
    if isinstance(action, types.Integer):
        return lambda row, action: columns_of(row)[action]
    return lambda row, action: rows.element(
        row.lanes.q, each(row.place + action), row.lane, row.lanes.apart
    )


@inlined
def num_actions_of(row: LaneRow) -> int:
    """Count the actions of a row."""
    return len(row.lanes.actions)


@inlined
def policy_at(row: LaneRow, agent: Any) -> Any:
    """Find the probabilities by which the next action in a state would be drawn now."""
    lanes, values = row.lanes, acting_of(row)
    share = rows.numbers(lanes.words, row.at + SHARE)
    rest = rows.numbers(lanes.words, row.at + REST)
    if GENERAL and lanes.asked.epsilon_by_visits:
        n = rows.element(lanes.draws, row.places, row.lane, lanes.apart) + 1.0
        share, rest = shares_at_visit(row, agent, n)
    best = turned.best_of(values, ())
    policy = turned.shared_out(values, (best, share + rest, share))
    if GENERAL and lanes.asked.random_ties:
        value = turned.greatest_of(values, ())
        bonus = rest / turned.count_equal(values, (value,))
        several = turned.shared_out_by_value(values, (value, share + bonus, share))
        policy = turned.row_where(agent.ties > 0.0, several, policy)
    if GENERAL and lanes.asked.softmax:
        value = turned.greatest_of(values, ())
        softmax = softmax_of(turned.scaled(values, (value, agent.temperature)))
        policy = turned.row_where(agent.temperature > 0.0, softmax, policy)
    return policy


def softmax_of(scaled: Any) -> Any:
    """Give the probabilities of a softmax policy, with the exponentials of the library."""
    raise NotImplementedError


@overload(softmax_of)
def _softmax_of(scaled):  # type: ignore[no-untyped-def]
    count = len(scaled)
    weights = [f"w{i} = math.exp(scaled[{i}])" for i in range(count)]
    total = " + ".join(["0.0", *(f"w{i}" for i in range(count))])
    shares = ", ".join(f"w{i} / total" for i in range(count))
    lines = [*weights, f"total = {total}", f"return ({shares},)"]
    names: dict[str, Any] = {"math": math}
    exec("def softmax(scaled):\n" + "".join(f"    {line}\n" for line in lines), names)
    return names["softmax"]


@inlined
def probability_of(policy: Any, action: int) -> Any:
    """Give the probability of an action."""
    return policy[action]


@inlined
def visited_each(power: Any, n: Any) -> Any:
    """Give what schedules by visits have at the n-th visit, in each lane."""
    if bits(power == 1.0) == _ALL:
        return 1.0 / n
    p, m = each(power), each(n)
    return together(
        (
            visited(p[0], m[0]),
            visited(p[1], m[1]),
            visited(p[2], m[2]),
            visited(p[3], m[3]),
            visited(p[4], m[4]),
            visited(p[5], m[5]),
            visited(p[6], m[6]),
            visited(p[7], m[7]),
        )
    )


@inlined
def step_size(row: Any, agent: Any, pair: Any) -> Any:
    """Give the step size of each lane's pair, and count its update where it depends on that."""
    lanes = row.lanes
    if GENERAL and lanes.asked.alpha_by_visits:
        n = rows.element(lanes.updates, pair, row.lane, lanes.apart) + 1.0
        rows.put_element(lanes.updates, pair, row.lane, lanes.apart, n)
        power = agent.alpha_power
        return where(power > 0.0, visited_each(power, n), agent.alpha)
    return agent.alpha


@inlined
def shares_at_visit(row: LaneRow, agent: Any, n: Any) -> Any:
    """Give epsilon / A and 1 - epsilon at the n-th draw in a state."""
    power = agent.epsilon_power
    epsilon = where(power > 0.0, visited_each(power, n), agent.epsilon)
    return epsilon / len(row.lanes.actions), 1.0 - epsilon


@inlined
def refresh_epsilon(row: LaneRow, agent: Any, counts: Any) -> Any:
    """Count draws in states, and give epsilon's share and rest, which may depend on the count."""
    lanes = row.lanes
    if lanes.asked.epsilon_by_visits:
        n = rows.element(lanes.draws, row.places, row.lane, lanes.apart) + counts
        rows.put_element(lanes.draws, row.places, row.lane, lanes.apart, n)
        share, rest = shares_at_visit(row, agent, n)
        rows.put(lanes.words, row.at + SHARE, share)
        rows.put(lanes.words, row.at + REST, rest)
    return rows.numbers(lanes.words, row.at + SHARE), rows.numbers(lanes.words, row.at + REST)


@inlined
def draw_by_weights(row: LaneRow, agent: Any, uniform: Any, counts: Any) -> Any:
    """Draw an action in each lane by any policy; give it plus a half, and where it is unsure."""
    values, asked = acting_of(row), row.lanes.asked
    share, rest = refresh_epsilon(row, agent, counts)
    best = turned.best_of(values, ())
    weights = turned.shared_out(values, (best, share + rest, share))
    value = turned.greatest_of(values, ())
    if asked.random_ties:
        bonus = rest / turned.count_equal(values, (value,))
        several = turned.shared_out_by_value(values, (value, share + bonus, share))
        weights = turned.row_where(agent.ties > 0.0, several, weights)
    if asked.softmax:
        scaled = turned.scaled(values, (value, agent.temperature))
        softmax = turned.almost_exponentials(scaled, ())
        weights = turned.row_where(agent.temperature > 0.0, softmax, weights)
    return turned.passed(weights, (uniform,)), turned.unsure(weights, (uniform,))


class LaneTable(NamedTuple):
    """The Q-values of a state in one of several tables of each lane."""

    row: LaneRow
    columns: Any
    """One vector for each action."""


@inlined
def both(row: LaneRow) -> tuple[LaneTable, LaneTable]:
    """Give the row in the table that learns, and in the other one."""
    columns, actions = columns_of(row), row.lanes.actions
    one, two = turned.table_of(columns, (), actions), turned.table_of(columns, (0,), actions)
    second = rows.words(row.lanes.words, row.at + CHOSEN) != _ZERO
    return (
        LaneTable(row, turned.row_where(second, two, one)),
        LaneTable(row, turned.row_where(second, one, two)),
    )


@inlined
def drawn_best(table: LaneTable, step: Transition, agent: Any) -> Any:
    """Give one of the best actions, plus a half: the first or, with random ties, drawn."""
    lanes, columns = table.row.lanes, table.columns
    best = turned.best_of(columns, ())
    if GENERAL and lanes.asked.random_ties:
        ties = agent.ties > 0.0
        k = draw_where(lanes.words, table.row.at + STREAM, ties & ~step.terminated)
        value = turned.greatest_of(columns, ())
        left = whole_part(numbers_of(k) * _STEP * turned.count_equal(columns, (value,)))
        best = where(ties, turned.nth_equal(columns, (value, left)), best)
    return best
