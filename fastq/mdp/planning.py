"""Exact values of a `FiniteMDP`: those of a policy, and the best ones, V*.

A value is the expected sum of rewards until the episode ends (`max_steps` does not end it), each
discounted by one more factor gamma, in [0, 1]. V*(s) is the largest of the action values

    q(s, a) = r(s, a) + gamma * (sum over s' of p(going on to s' | s, a) * V*(s')).

With gamma = 1, V* is the least upper bound over the policies that end or rest with probability 1,
and -inf where no policy does. A policy rests where from then on all expected rewards are 0. So
where a loop is free, V* is 0 or more. V* is not the best value of the proper policies, which end
with probability 1: that value may be less, where each end costs (see `value_iteration`).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastq.base.validation import Count, Fraction, StepSize, Validated, choose, not_allowed
from fastq.mdp import finite_horizon as horizons
from fastq.mdp.arrays import check_each, check_shape
from fastq.mdp.bellman import TIE, Floats, Ints, lay_out
from fastq.mdp.finite_mdp import FiniteMDP


class _Numbers(Validated):
    gamma: Fraction
    epsilon: Fraction = 0.0
    tolerance: StepSize = 1.0
    horizon: Count = 1


def value_iteration(mdp: FiniteMDP, gamma: float = 1.0, tolerance: float = 1e-12) -> Floats:
    """Solve for the best values, V*.

    Parameters
    ----------
    mdp : FiniteMDP
    gamma : float
        Discount, in [0, 1].
    tolerance : float
        No other action is better than the one taken by more than this (or rounding) times the
        largest absolute value met.

    Returns
    -------
    array, shape (S,)
        With gamma = 1, the best over all policies that end or rest with certainty; to rest is to go
        round for ever for 0. Where a policy may stay for 0 or end for -1, V* is 0, and the best
        proper policy has value -1. V* is -inf where no policy ends or rests with certainty.

    Raises
    ------
    InputError
        For an argument that is not allowed. With gamma = 1, where reward can be collected for
        ever, or over 1e9 steps lie ahead.

    Notes
    -----
    Modified policy iteration: Puterman, Markov Decision Processes (1994), section 6.5. For the best
    proper policy, make each step cost a little.
    """
    _Numbers(gamma=gamma, tolerance=tolerance)
    rows, shape = lay_out(mdp, gamma), mdp.next_state.shape[:2]
    if gamma < 1:
        return rows.climb(rows.reward.reshape(shape).argmax(axis=1), gamma, tolerance)[1]
    usable, _, policy = rows.proper(np.ones(shape, dtype=np.bool_))
    doomed = np.asarray(~usable.any(axis=1))
    # States of value -inf may quit for 0, so that endless reward is found there too.
    rows.reward[~(usable | doomed[:, None]).ravel()] = -np.inf
    return np.where(doomed, -np.inf, rows.climb(policy, gamma, tolerance)[1])


def action_values(mdp: FiniteMDP, values: ArrayLike, gamma: float = 1.0) -> Floats:
    """Look one step ahead of values.

    Parameters
    ----------
    mdp : FiniteMDP
    values : array, shape (S,)
        Finite, or -inf.
    gamma : float
        Discount, in [0, 1].

    Returns
    -------
    array, shape (S, A)
        q(s, a), as above, with `values` in place of V*.

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    _Numbers(gamma=gamma)
    table = _read("values", values, mdp.next_state.shape[:1])
    check_each("values", table, table < np.inf, "finite or -inf")
    return lay_out(mdp, gamma).ahead(table)


def greedy_policy(mdp: FiniteMDP, values: ArrayLike, gamma: float = 1.0) -> Ints:
    """Choose the first of the best actions, one step ahead of values.

    An action within 1e-10 of the largest action value is among the best. With gamma = 1, the first
    of the best may go round and not attain the values. Then the policy takes those that end
    soonest, or rest where the value is 0. So on V* the policy attains V*.

    Parameters
    ----------
    mdp, values, gamma
        As for `action_values`.

    Returns
    -------
    array of int, shape (S,)

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    q = action_values(mdp, values, gamma)
    top = q.max(axis=1)
    slack = TIE * np.abs(top[np.isfinite(top)]).max(initial=0.0)
    best = q >= (top - slack)[:, None]
    first: Ints = best.argmax(axis=1)
    if gamma < 1:
        return first
    rows = lay_out(mdp, gamma)
    attained = rows.follow(first).values(gamma) >= top - 100 * slack
    usable, still, sure = rows.proper(best, np.abs(q) <= slack)
    sure = np.where(still.any(axis=1), still.argmax(axis=1), sure)
    return np.where(attained | ~usable.any(axis=1), first, sure)


def policy_evaluation(mdp: FiniteMDP, policy: ArrayLike, gamma: float = 1.0) -> Floats:
    """Solve for the values of a policy.

    With gamma = 1, a policy that is not proper may come to a set of states that it never leaves.
    The value is then -inf if the set costs on average, and inf if it pays. If all expected rewards
    in the set are 0, the set counts 0. If they only average 0 (within 1e-10 of their size), the sum
    never settles, and the value is NaN. It is also NaN where both infinities are possible, or where
    more than 1e9 steps lie ahead.

    Parameters
    ----------
    mdp : FiniteMDP
    policy : array, shape (S,) or (S, A)
        The action in each state, or the probability of each action.
    gamma : float
        Discount, in [0, 1].

    Returns
    -------
    array, shape (S,)

    Raises
    ------
    InputError
        For an argument that is not allowed.

    Notes
    -----
    Source: Sutton & Barto, 2nd edition, equation 4.4, solved as a sparse linear system.
    """
    _Numbers(gamma=gamma)
    return lay_out(mdp, gamma).follow(_read_policy(mdp, policy)).values(gamma)


def expected_visits(mdp: FiniteMDP, policy: ArrayLike, horizon: int | None = None) -> Floats:
    """Find how often a policy is expected to act in each state during an episode.

    Parameters
    ----------
    mdp : FiniteMDP
    policy : array, shape (S,) or (S, A)
        The action in each state, or the probability of each action.
    horizon : int, optional
        The most steps, at least 1; the MDP's own `max_steps` by default.

    Returns
    -------
    array, shape (S,)
        Their sum is the expected length of an episode.

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    steps = _Numbers(gamma=1.0, horizon=mdp.max_steps if horizon is None else horizon).horizon
    onward = lay_out(mdp, 1.0).follow(_read_policy(mdp, policy)).onward
    return horizons.expected_visits(onward, np.asarray(mdp.start), steps)


def epsilon_greedy_value(
    mdp: FiniteMDP, q: ArrayLike, epsilon: float, gamma: float = 1.0, ties: str = "first"
) -> Floats:
    """Solve for the values of an epsilon-greedy policy.

    Parameters
    ----------
    mdp : FiniteMDP
    q : array, shape (S, A)
    epsilon : float
        Probability, in [0, 1], of an action drawn uniformly from all actions.
    gamma : float
        Discount, in [0, 1].
    ties : {"first", "random"}
        Which of exactly equal best actions is greedy: the first, or any, each equally often.

    Returns
    -------
    array, shape (S,)
        As for `policy_evaluation`.

    Raises
    ------
    InputError
        For an argument that is not allowed.
    """
    _Numbers(gamma=gamma, epsilon=epsilon)
    choose("ties", ties, ("first", "random"))
    table = _read("q", q, mdp.next_state.shape[:2])
    check_each("q", table, np.isfinite(table), "finite")
    best = table == table.max(axis=1, keepdims=True)
    if ties == "first":
        best &= best.cumsum(axis=1) == 1
    policy = (1 - epsilon) * best / best.sum(axis=1, keepdims=True) + epsilon / best.shape[1]
    return lay_out(mdp, gamma).follow(policy).values(gamma)


def finite_horizon_value(mdp: FiniteMDP, horizon: int | None = None, gamma: float = 1.0) -> Floats:
    """Find the best values under a step limit.

    Parameters
    ----------
    mdp : FiniteMDP
    horizon : int, optional
        The most steps, at least 1; the MDP's own `max_steps` by default.
    gamma : float
        Discount, in [0, 1].

    Returns
    -------
    array, shape (S,)

    Raises
    ------
    InputError
        For an argument that is not allowed.

    Notes
    -----
    Backward induction: Puterman (1994), section 4.5. It takes as many sweeps as the horizon, unless
    the values repeat.
    """
    steps = _Numbers(gamma=gamma, horizon=mdp.max_steps if horizon is None else horizon).horizon
    rows, values = lay_out(mdp, gamma), np.zeros(mdp.num_states)
    for _ in range(steps):
        previous, values = values, rows.ahead(values).max(axis=1)
        if np.array_equal(values, previous):
            break
    return values


def _read_policy(mdp: FiniteMDP, policy: ArrayLike) -> Floats:
    """Read a policy: actions, or probabilities that sum to 1 to the last bit."""
    shape = mdp.next_state.shape[:2]
    table = _read("policy", policy, shape[:1], shape)
    if table.ndim == 1:
        check_each("policy", table, np.isin(table, range(shape[1])), f"an action below {shape[1]}")
        return table
    check_each("policy", table, (table >= 0) & (table <= 1), "in [0, 1]")
    check_each("the sum of policy", total := table.sum(axis=1), np.abs(total - 1) <= 1e-9, "1")
    return np.asarray(table / total[:, None])


def _read(field: str, values: Any, *sizes: tuple[int, ...]) -> Floats:
    """Read values as a table of one of the shapes."""
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise not_allowed(field, values, "a table of numbers") from None
    check_shape(field, table, sizes)
    return table
