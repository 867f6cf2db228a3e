"""Dense arrays, the probability of each next state, read into tables of outcomes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import not_allowed
from fastq.mdp.arrays import as_table, check_distributions, check_each, check_shape
from fastq.mdp.outcomes import Tables, padded, read_start


def from_dense(
    transitions: Any, rewards: Any, reward_sd: Any, terminal: Any, start: Any
) -> tuple[Tables, NDArray[np.float64]]:
    """Read the probability of each next state, as `FiniteMDP.from_arrays` describes it.

    Raises
    ------
    InputError
        Naming the array, and the first entry of it that is wrong.
    """
    dense = as_table("transitions", transitions, np.float64)
    if dense.ndim != 3 or 0 in dense.shape or dense.shape[0] != dense.shape[2]:
        allowed = "(states, actions, states)"
        message = f"transitions has shape {dense.shape}: must be {allowed}"
        raise InputError(message, field="transitions", value=dense.shape, allowed=allowed)
    check_distributions("transitions", dense, or_zero=True)
    initial = read_start(start, len(dense))
    ends = _terminal(terminal, len(dense))
    check_each("start", initial, ~(ends & (initial > 0)), "0 in a terminal state")
    state, action, following = np.nonzero(dense)
    columns = Tables(
        following.astype(np.int32),
        _broadcast("rewards", rewards, dense)[state, action, following],
        dense[state, action, following],
        ends[following],
        _broadcast("reward_sd", 0.0 if reward_sd is None else reward_sd, dense)[
            state, action, following
        ],
    )
    counts = np.count_nonzero(dense, axis=2)
    return padded("transitions", counts, columns, initial), initial


def _terminal(terminal: Any, num_states: int) -> NDArray[np.bool_]:
    """Mark the terminal states among all."""
    states = np.atleast_1d(np.asarray(terminal))
    good = states.ndim == 1 and (states.size == 0 or states.dtype.kind in "iu")
    if not good or not all(0 <= state < num_states for state in states):
        allowed = f"a list of states from 0 to {num_states - 1}"
        raise not_allowed("terminal", terminal, allowed)
    marks = np.zeros(num_states, dtype=np.bool_)
    marks[states.astype(np.int64)] = True
    return marks


def _broadcast(field: str, values: Any, dense: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read rewards of a state, of a state and an action, or of a transition, as the last."""
    table = as_table(field, values, np.float64)
    if np.ndim(values):
        check_shape(field, table, [dense.shape[:1], dense.shape[:2], dense.shape])
    good = np.isfinite(table)
    if field == "reward_sd":
        check_each(field, table, good & (table >= 0), "finite and >= 0")
    check_each(field, table, good, "finite")
    return np.broadcast_to(table.reshape(table.shape + (1,) * (3 - table.ndim)), dense.shape)
