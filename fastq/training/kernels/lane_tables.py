"""The tables of custom rules in lock-step: what ``q[state, action]`` is there, read and written.

``live`` is the mask of the lanes in which Python would do it; ``here`` says where the group of
lanes stands. `lane_rules` has the other operations of a rule.

What is an error in Python is a *fault* here, and so is a NaN that is written. A fault is noted, and
the run in its lane is done again by the plain loop, which tells. So an operation may give
anything where it notes a fault; but it never reads or writes beyond a table.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from fastq.base.jit import inlined
from fastq.training.kernels import rows, turned
from fastq.training.kernels.lanes import AHEAD, BASE, PAIR, Lanes
from fastq.training.kernels.rows import index_loader
from fastq.training.kernels.vector_functions import (
    bits,
    each,
    numbers_of,
    small_product,
    together,
    where,
    words_of,
)
from fastq.training.kernels.vectors import Index, is_vector

_ZERO, _ONE, _ALL, _HALF = np.uint64(0), np.uint64(1), np.uint64(255), np.uint64(2**63)


class Here(NamedTuple):
    """The group of lanes that a rule works on."""

    lanes: Lanes
    at: np.uint64
    """Where the group's variables stand."""
    lane: np.uint64
    """The first of the group."""


class LaneTable(NamedTuple):
    """A table of shape (S, A) in each lane: `q`, or a further one."""

    lanes: Lanes
    first: Any
    """The first column of it, in the row of all tables of a state."""


class LaneTables(NamedTuple):
    """The further tables, of shape (T, S, A), in each lane."""

    lanes: Lanes


class LaneRow(NamedTuple):
    """A row of a table, of shape (A,), in each lane."""

    lanes: Lanes
    place: Any
    """Where it begins, as if there were lane 0 alone."""


def is_of(kind: Any, *classes: Any) -> bool:
    """Say whether a type of Numba's is that of one of these tuples."""
    return getattr(kind, "instance_class", None) in classes


OPTIONS: Any = {"forceinline": True}


@inlined
def fault(here: Here, wrong: Any) -> None:
    """Note a fault in those lanes of a group where something is wrong."""
    found = bits(wrong)
    if found != _ZERO:
        here.lanes.faults[0] |= found << here.lane


# Indices, and where what they stand for is. What the loop itself tells a rule is known to be in
# range, and where it is stands in memory.

state_in, next_state_in = index_loader("state"), index_loader("next state")
action_in, next_action_in = index_loader("action"), index_loader("next action")


def _what(index: Any) -> str:
    """Say which index of a step a type stands for, if it does for one."""
    return index.what if isinstance(index, Index) else ""


def _count(index: Any) -> int:
    """Count the parts of an index; 0 where it is no tuple."""
    return len(index) if isinstance(index, types.BaseTuple) else 0


def place_in(index: Any, length: Any, here: Here, live: Any) -> Any:
    """Give an index as words from 0; a negative one counts from the end, as in Python."""
    raise NotImplementedError


@overload(place_in, jit_options=OPTIONS)
def _place_in(index, length, here, live):  # type: ignore[no-untyped-def]
    if _what(index):
        return lambda index, length, here, live: words_of(index)
    return lambda index, length, here, live: _checked(index, length, here, live)


@inlined
def _checked(index: Any, length: Any, here: Here, live: Any) -> Any:
    """Check an index that a rule has computed."""
    place, count = words_of(index), np.uint64(length)
    if bits(place < count) == _ALL:
        return place
    place = where(place > _HALF, place + count, place)
    beyond = place >= count
    fault(here, live & beyond)
    return where(beyond, _ZERO, place)


def first_of(table: LaneTable, state: Any, here: Here, live: Any) -> Any:
    """Find where the row of a state begins, as if there were lane 0 alone."""
    raise NotImplementedError


@overload(first_of, jit_options=OPTIONS)
def _first_of(table, state, here, live):  # type: ignore[no-untyped-def]
    if _what(state) == "next state":
        return lambda table, state, here, live: (
            rows.words(here.lanes.words, here.at + AHEAD) + table.first
        )
    return lambda table, state, here, live: _found(table, state, here, live)


@inlined
def _found(table: LaneTable, state: Any, here: Here, live: Any) -> Any:
    """Find the row of any state."""
    lanes = table.lanes
    stride = np.uint64(len(lanes.actions)) << lanes.shift
    place = small_product(place_in(state, lanes.num_states, here, live), stride) + table.first
    if len(lanes.apart) == 0:  # tables are large
        place = place + rows.words(lanes.words, here.at + BASE)
    return place


def row_of(table: LaneTable, state: Any, here: Here, live: Any) -> Any:
    """Load the row of a state: one vector for each action."""
    raise NotImplementedError


@overload(row_of, jit_options=OPTIONS)
def _row_of(table, state, here, live):  # type: ignore[no-untyped-def]
    if _what(state) == "next state" and _is_first(table):
        return lambda table, state, here, live: rows.columns(
            here.lanes.q,
            rows.places(here.lanes.words, here.at + AHEAD),
            here.lane,
            here.lanes.apart,
            here.lanes.actions,
        )
    return lambda table, state, here, live: rows.columns(
        here.lanes.q,
        each(first_of(table, state, here, live)),
        here.lane,
        here.lanes.apart,
        here.lanes.actions,
    )


def _is_first(table: Any) -> bool:
    """Say whether a table is `q` itself, whose first column is a number."""
    return is_of(table, LaneTable) and not is_vector(table.types[1])


@inlined
def number_of_table(index: Any, lanes: Lanes, here: Here, live: Any) -> Any:
    """Find the first column of a further table."""
    actions = np.uint64(len(lanes.actions))
    table = place_in(index, len(lanes.columns) // len(lanes.actions) - 1, here, live)
    return small_product(table + _ONE, actions)


@inlined
def loaded(places: Any, here: Here) -> Any:
    """Load a number of each lane."""
    return rows.element(here.lanes.q, places, here.lane, here.lanes.apart)


@inlined
def stored(places: Any, value: Any, here: Here, live: Any) -> None:
    """Write a number of each live lane."""
    fault(here, live & (value != value))  # noqa: PLR0124 (NaN differs from itself)
    kept = where(live, value, loaded(places, here))
    rows.put_element(here.lanes.q, places, here.lane, here.lanes.apart, kept)


def places_of(table: Any, index: Any, here: Here, live: Any) -> Any:
    """Find where the numbers of an index stand, one by one."""
    raise NotImplementedError


@overload(places_of, jit_options=OPTIONS)
def _places_of(table, index, here, live):  # type: ignore[no-untyped-def]
    if is_of(table, LaneRow):
        return lambda table, index, here, live: each(
            table.place + place_in(index, len(here.lanes.actions), here, live)
        )
    if is_of(table, LaneTable) and _count(index) == 2:
        if _is_first(table) and [_what(index[0]), _what(index[1])] == ["state", "action"]:
            return lambda table, index, here, live: rows.places(here.lanes.words, here.at + PAIR)
        return lambda table, index, here, live: each(
            first_of(table, index[0], here, live)
            + place_in(index[1], len(here.lanes.actions), here, live)
        )
    return None


# Operations.


def get(table: Any, index: Any, here: Here, live: Any) -> Any:
    """Give ``table[index]``."""
    raise NotImplementedError


@overload(get, jit_options=OPTIONS)
def _get(table, index, here, live):  # type: ignore[no-untyped-def]  # noqa: PLR0911
    several = _count(index)
    if isinstance(table, types.Array):
        return _of_array(table, several)
    if several == 2 and _is_at_hand(table, index[0]):
        if not is_vector(index[1]):
            return lambda table, index, here, live: _of_column(
                row_of(table, index[0], here, live), index[1], here, live
            )
        if _num_actions(table) <= _FEW:
            return lambda table, index, here, live: _of_columns(
                row_of(table, index[0], here, live), index[1], here, live
            )
    if is_of(table, LaneRow) or (is_of(table, LaneTable) and several == 2):
        return lambda table, index, here, live: loaded(places_of(table, index, here, live), here)
    if several == 1:
        return lambda table, index, here, live: get(table, index[0], here, live)
    if several:
        return lambda table, index, here, live: get(
            get(table, index[0], here, live), index[1:], here, live
        )
    if is_of(table, LaneTable):
        return lambda table, index, here, live: LaneRow(
            table.lanes, first_of(table, index, here, live)
        )
    if is_of(table, LaneTables):
        return lambda table, index, here, live: LaneTable(
            table.lanes, number_of_table(index, table.lanes, here, live)
        )
    return None


_FEW = 8
"""Actions, of which a value is selected from a row sooner than loaded alone."""


def _is_at_hand(table: Any, state: Any) -> bool:
    """Say whether the row of a state is one that rules read again and again: then it is turned."""
    return _is_first(table) and _what(state) == "next state"


def _num_actions(table: Any) -> int:
    """Count the actions of a table, by its type."""
    lanes = table.types[0].referred
    return len(lanes.types[lanes.fields.index("actions")])


@inlined
def _of_column(row: Any, action: Any, here: Here, live: Any) -> Any:
    """Give the value of an action that is the same in all lanes."""
    index = action + len(row) if action < 0 else action
    if index < 0 or index >= len(row):
        fault(here, live)
        index = 0
    return row[index]


@inlined
def _of_columns(row: Any, action: Any, here: Here, live: Any) -> Any:
    """Give the value of an action in each lane."""
    index = numbers_of(place_in(action, len(row), here, live)) + 0.5
    return turned.column_at(row, (index,))


def _of_array(table: Any, several: int) -> Any:
    """Give what reads an array that all lanes share, of one axis or two."""
    if table.dtype not in (types.float64, types.int64) or table.ndim != max(several, 1):
        return None
    if several < 2:
        return lambda table, index, here, live: _taken(
            table, each(place_in(index, len(table), here, live))
        )
    return lambda table, index, here, live: _taken_from_rows(
        table,
        each(place_in(index[0], table.shape[0], here, live)),
        each(place_in(index[1], table.shape[1], here, live)),
    )


@inlined
def _taken(table: Any, i: Any) -> Any:
    """Load a number for each lane."""
    return together(
        (
            table[i[0]],
            table[i[1]],
            table[i[2]],
            table[i[3]],
            table[i[4]],
            table[i[5]],
            table[i[6]],
            table[i[7]],
        )
    )


@inlined
def _taken_from_rows(table: Any, i: Any, j: Any) -> Any:
    """Load a number for each lane from an array of two axes."""
    return together(
        (
            table[i[0], j[0]],
            table[i[1], j[1]],
            table[i[2], j[2]],
            table[i[3], j[3]],
            table[i[4], j[4]],
            table[i[5], j[5]],
            table[i[6], j[6]],
            table[i[7], j[7]],
        )
    )


def put(table: Any, index: Any, value: Any, here: Here, live: Any) -> None:
    """Do ``table[index] = value``."""
    raise NotImplementedError


@overload(put, jit_options=OPTIONS)
def _put(table, index, value, here, live):  # type: ignore[no-untyped-def]
    several = _count(index)
    if is_of(table, LaneRow) or (is_of(table, LaneTable) and several == 2):
        return lambda table, index, value, here, live: stored(
            places_of(table, index, here, live), 1.0 * value, here, live
        )
    if several == 1:
        return lambda table, index, value, here, live: put(table, index[0], value, here, live)
    if several:
        return lambda table, index, value, here, live: put(
            get(table, index[0], here, live), index[1:], value, here, live
        )
    return None
