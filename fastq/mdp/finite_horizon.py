"""What a policy yields in an episode of at most T steps: sums of rewards, steps, visits.

    v[t + 1] = g + P v[t],  v[0] = 0

where g(s) is what a step from s brings, and P(s, s') the probability that the episode goes on to
s'. Unlike values without a limit, these are finite for every policy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fastq.mdp.bellman import Floats, Ints, Rows

_LOOK = 32
"""Steps between two looks at whether anything still changes."""
_SAME = 2**-48
"""Relative difference that rounding may make between what two steps bring."""
_OVER = 2**-54
"""Share of a sum that rounding swallows."""


def onward_under(rows: Rows, policies: Ints) -> Any:
    """Give where N policies go on to, as one sparse matrix of N blocks.

    Parameters
    ----------
    rows : Rows
        Of all pairs of state and action.
    policies : array of int, shape (N, S)
        Actions.

    Returns
    -------
    csr_array, shape (N * S, N * S)
    """
    count, states = policies.shape
    chosen = rows.onward[pairs(rows, policies).ravel()]
    block = np.repeat(np.arange(count), np.diff(chosen.indptr[::states]))
    indices = chosen.indices + block * states
    return csr_array((chosen.data, indices, chosen.indptr), shape=(count * states, count * states))


def pairs(rows: Rows, policies: Ints) -> Ints:
    """Give the rows of the pairs that policies choose, shape (N, S)."""
    states = policies.shape[1]
    chosen: Ints = policies + np.arange(states) * (len(rows.reward) // states)
    return chosen


def expected_sums(onward: Any, gains: Floats, blocks: int, horizon: int) -> Floats:
    """Add up what steps bring, over episodes of at most so many steps.

    Parameters
    ----------
    onward : sparse array, shape (R, R)
        Of blocks that do not lead to each other.
    gains : array, shape (R, M)
        Of a step from each state, M kinds of them.
    blocks : int
        How many blocks of equal size there are.
    horizon : int
        At least 1.

    Returns
    -------
    array, shape (R, M)
    """
    if np.diff(onward.indptr).max(initial=0) <= 1 and (onward.data == 1).all():
        return _by_doubling(onward, gains, horizon)
    found, indices = np.empty_like(gains), np.arange(len(gains)).reshape(blocks, -1)
    # What the t-th step brings is computed by itself. As the difference of two sums it would be
    # lost in rounding, and whether it still shrinks could not be seen.
    sums, brings = gains, gains
    for step in range(1, horizon):
        after = onward @ brings
        if step % _LOOK == 0:
            steady = _is_steady(sums, brings, after, horizon - step, len(indices))
            going = _rows(~steady, indices)
            found[indices[steady].ravel()] = (sums + (horizon - step) * brings)[~going]
            indices, sums, after = indices[~steady], sums[going], after[going]
            if not len(indices):
                return found
            onward = onward[going][:, going]
        sums, brings = sums + after, after
    found[indices.ravel()] = sums
    return found


def _is_steady(
    sums: Floats, brings: Floats, after: Floats, left: int, blocks: int
) -> NDArray[np.bool_]:
    """Say of which blocks each step that is left brings the same, or nothing that matters."""

    def largest(values: Floats) -> Floats:
        return np.asarray(np.abs(values).reshape(blocks, -1, sums.shape[1]).max(axis=1))

    size = largest(brings)
    same = largest(after - brings) <= _SAME * size
    over = left * size <= _OVER * largest(sums)
    return np.asarray((same | over).all(axis=1))


def _by_doubling(onward: Any, gains: Floats, horizon: int) -> Floats:
    """Add up sums where each state leads to one other or to the end, which is a state more.

    2 t steps bring what t steps bring, and what t more bring from where these lead.
    """
    end = len(gains)
    leads = np.full(end + 1, end)
    leads[:end][np.diff(onward.indptr) == 1] = onward.indices
    each = np.append(gains, np.zeros((1, gains.shape[1])), axis=0)
    sums, after = each.copy(), leads
    for digit in f"{horizon:b}"[1:]:
        sums, after = sums + sums[after], after[after]
        if digit == "1":
            sums, after = each + sums[leads], after[leads]
    return np.asarray(sums[:end])


def _rows(chosen: NDArray[np.bool_], indices: Ints) -> NDArray[np.bool_]:
    """Mark the rows of chosen blocks, among those that are left."""
    return np.repeat(chosen, indices.shape[1])


def expected_visits(onward: Any, start: Floats, horizon: int) -> Floats:
    """Give how often each state is expected to be stepped from in an episode.

    Parameters
    ----------
    onward : sparse array, shape (S, S)
    start : array, shape (S,)
        Where episodes begin.
    horizon : int
        At least 1.

    Returns
    -------
    array, shape (S,)
    """
    back, here = onward.T.tocsr(), start
    visits = start.copy()
    for step in range(1, horizon):
        before, here = here, back @ here
        if (here == before).all():  # at rest: the same for ever, or no episode goes on
            return np.asarray(visits + (horizon - step) * here)
        visits += here
    return visits
