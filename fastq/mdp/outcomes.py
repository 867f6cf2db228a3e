"""The outcomes of each state and action as tables, and as the lists that gymnasium calls ``P``.

Tables have shape (S, A, K), where K is the largest number of outcomes of a state and an action;
shorter lists are padded with their first outcome at probability 0. The order of a list is kept, for
an outcome is drawn by inverse CDF along it.

A state may be left without outcomes where no episode goes on from it: every transition into it
ends the episode, and no episode starts there. It becomes a loop that ends the episode and pays 0.
"""

from itertools import islice
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import LARGEST, not_allowed
from fastq.mdp.arrays import as_table, check_shape

Outcome = tuple[float, int, float | NormalDist, bool]
"""Probability, next state, reward or its normal distribution, terminated."""

Lists = dict[int, dict[int, list[Outcome]]]


class Tables(NamedTuple):
    """Tables of shape (S, A, K), or flat columns of as many outcomes as are listed."""

    next_state: NDArray[np.int32]
    reward: NDArray[np.float64]
    probability: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    reward_sd: NDArray[np.float64]


def read_start(start: Any, num_states: int) -> NDArray[np.float64]:
    """Read a state or a distribution over states as an array of shape (num_states,)."""
    if np.ndim(start) == 0:
        if isinstance(start, bool) or start not in range(num_states):
            allowed = f"a state from 0 to {num_states - 1}, or a distribution over the states"
            raise not_allowed("start", start, allowed)
        table = np.zeros(num_states)
        table[start] = 1.0
        return table
    table = as_table("start", start, np.float64)
    check_shape("start", table, [(num_states,)])
    return table


def to_lists(tables: Tables) -> Lists:
    """List outcomes in Python's own numbers, less the improbable ones at the end of a list.

    Where no list is as long as the tables are wide, the first keeps all, so that the tables can be
    read back as they were.
    """
    most = tables.next_state.shape[2]
    counts = most - np.argmax(tables.probability[..., ::-1] > 0, axis=2)
    if counts.max() < most:
        counts[0, 0] = most
    listed = np.arange(most) < counts[..., None]
    following, reward, probability, terminated, sd = (t[listed].tolist() for t in tables)
    pays = [NormalDist(*pair) if pair[1] > 0 else pair[0] for pair in zip(reward, sd, strict=True)]
    flat = iter(zip(probability, following, pays, terminated, strict=True))
    return {
        state: {action: list(islice(flat, count)) for action, count in enumerate(row)}
        for state, row in enumerate(counts.tolist())
    }


def padded(
    name: str, counts: NDArray[np.int64], columns: Tables, start: NDArray[np.float64]
) -> Tables:
    """Lay columns out as tables; `counts`, of shape (S, A), are the lengths of the lists."""
    most = max(int(counts.max()), 1)
    if counts.size * most > LARGEST:
        message = f"{name} has {counts.size * most} outcomes: must have at most {LARGEST}"
        raise InputError(message, field=name)
    if not len(columns.next_state):
        raise InputError(f"{name} has no outcome: must have one in some state", field=name)
    empty = counts == 0
    first = np.cumsum(counts).reshape(counts.shape) - counts
    listed = np.arange(most) < counts[..., None]
    index = np.where(empty, 0, first)[..., None] + np.where(listed, np.arange(most), 0)
    tables = Tables(*(column[index] for column in columns))
    tables.probability[~listed] = 0
    if empty.any():
        _close(name, tables, empty, start)
    return tables


def _close(name: str, tables: Tables, empty: NDArray[np.bool_], start: NDArray[np.float64]) -> None:
    """Make what has no outcomes a loop that ends, where no episode goes on from there."""
    tables.next_state[empty] = np.nonzero(empty)[0][:, None]
    tables.reward[empty] = tables.reward_sd[empty] = 0
    tables.terminated[empty] = True
    tables.probability[empty, 0] = 1
    lived_in = start > 0
    lived_in[tables.next_state[(tables.probability > 0) & ~tables.terminated]] = True
    bad = np.argwhere(empty & lived_in[:, None])
    if bad.size:
        state, action = bad[0].tolist()
        allowed = f"one at least, as episodes go on from state {state}"
        field = f"{name}[{state}][{action}]"
        raise InputError(f"{field} has no outcome: must have {allowed}", field=field)
