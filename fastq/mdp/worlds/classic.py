"""Builders of the named worlds that are no grids, as `FiniteMDP`.

The random walk (Sutton & Barto, 2nd edition, examples 6.2 and 7.1): states in a row between two
ends. Example 6.2 has 5 states and pays 1 at the right end, 0 at the left; example 7.1 has 19 and
pays -1 at the left.

Maximization bias (example 6.7, figure 6.5): from state A, right ends the episode and pays 0; left
leads to B and pays 0; each action in B ends it and pays a reward drawn from N(-0.1, 1). So left is
a mistake, which the largest of many noisy estimates hides.

Random MDPs, known as Garnet (T. Archibald, K. McKinnon and L. Thomas, "On the generation of Markov
decision processes", Journal of the Operational Research Society 46, 1995; the form is that of
S. Bhatnagar, R. Sutton, M. Ghavamzadeh and M. Lee, "Natural actor-critic algorithms", Automatica
45, 2009): each state and action has `branching` next states, all sets of them equally likely, with
the lengths between the sorted cut points of a unit interval as probabilities. Rewards of each
transition have means drawn from N(0, 1).
"""

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import LARGEST, Count, Finite, Fraction, Seed, Validated, not_allowed
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.grid_layout import GridLayout


class _Numbers(Validated):
    """The numbers that builders take."""

    states: Count = 1
    actions: Count = 1
    branching: Count = 1
    seed: Seed = 0
    left: Finite = 0.0
    right: Finite = 0.0
    mean: Finite = 0.0
    sd: Finite = 0.0
    ends: Fraction = 0.0


def random_walk(states: int = 19, *, left: float = -1.0, right: float = 1.0) -> FiniteMDP:
    """Build the random walk; a policy that takes both actions equally often walks at random.

    Parameters
    ----------
    states : int
        Number of inner states; odd, so that one of them is in the middle.
    left, right : float
        Rewards for reaching the ends; all others are 0.

    Returns
    -------
    FiniteMDP
        states + 2 states: the left end is 0, the right end states + 1. Action 0 goes left, 1 goes
        right. Episodes start in the middle.

    Raises
    ------
    InputError
        For an even number of states, or rewards that are no finite numbers.
    """
    _Numbers(states=states, left=left, right=right)
    if states % 2 == 0:
        raise not_allowed("states", states, "odd, to start in the middle")
    last = states + 1
    here = np.arange(last + 1)[:, None]
    next_state = np.where((here == 0) | (here == last), here, here + np.array([-1, 1]))
    terminated = (next_state == 0) | (next_state == last)
    reward = np.select([next_state == here, next_state == 0, next_state == last], [0, left, right])
    layout = GridLayout(
        shape=(1, last + 1), moves=((0, -1), (0, 1)), start=(states + 1) // 2, goal=last
    )
    return FiniteMDP(
        next_state=next_state[..., None],
        reward=reward[..., None],
        probability=np.ones((*next_state.shape, 1)),
        terminated=terminated[..., None],
        start=np.arange(last + 1) == layout.start,
        name="fastq/RandomWalk-v0",
        layout=layout,
    )


def maximization_bias(actions: int = 10, *, mean: float = -0.1, sd: float = 1.0) -> FiniteMDP:
    """Build the world of the maximization bias.

    Parameters
    ----------
    actions : int
        Number of actions in B; even. In A, where the book has two, even ones go left and odd ones
        right, so that a random action goes left half of the time, as in the book.
    mean, sd : float
        The distribution of the rewards in B.

    Returns
    -------
    FiniteMDP
        3 states: A, where episodes start, B and the end.

    Raises
    ------
    InputError
        For an odd number of actions, or a distribution that is none.
    """
    _Numbers(actions=actions, mean=mean, sd=sd)
    if actions % 2:
        raise not_allowed("actions", actions, "even, half to the left, half to the right")
    b, end = 1, 2
    next_state = np.full((3, actions, 1), end)
    next_state[0, ::2] = b
    reward, reward_sd = np.zeros(next_state.shape), np.zeros(next_state.shape)
    reward[b], reward_sd[b] = mean, sd
    return FiniteMDP(
        next_state=next_state,
        reward=reward,
        probability=np.ones(next_state.shape),
        terminated=next_state == end,
        start=np.array([1.0, 0.0, 0.0]),
        name="fastq/MaximizationBias-v0",
        reward_sd=reward_sd,
    )


def random_mdp(
    states: int, actions: int, branching: int, seed: int, *, ends: float = 0.0, sd: float = 0.0
) -> FiniteMDP:
    """Build a random MDP, a function of its arguments alone.

    Parameters
    ----------
    states, actions : int
    branching : int
        Number of next states of each state and action, at most `states`.
    seed : int
        Of NumPy's PCG64.
    ends : float
        Probability that a step ends the episode, in each state; in [0, 1]. Above 0, every policy
        comes to an end, so that gamma = 1 makes sense. It doubles the outcomes.
    sd : float
        Standard deviation of each reward about its mean.

    Returns
    -------
    FiniteMDP
        Episodes start in state 0.

    Raises
    ------
    InputError
        For numbers that make no such MDP.
    """
    _Numbers(states=states, actions=actions, branching=branching, seed=seed, ends=ends, sd=sd)
    if branching > states:
        raise not_allowed("branching", branching, f"at most states = {states}")
    outcomes = states * actions * branching * (2 if ends else 1)
    if outcomes > LARGEST:
        message = f"states = {states}: makes {outcomes} outcomes, must be {LARGEST} at most"
        raise InputError(message, field="states", value=states)
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = (states, actions, branching)
    next_state = _distinct(rng, states * actions, branching, states).reshape(shape)
    cuts = np.sort(rng.random((states, actions, branching - 1)), axis=2)
    probability = np.diff(cuts, axis=2, prepend=0.0, append=1.0)
    reward = rng.standard_normal(shape)
    terminated = np.zeros(shape, dtype=np.bool_)
    if ends:
        next_state, reward = (np.concatenate([t, t], axis=2) for t in (next_state, reward))
        probability = np.concatenate([ends * probability, (1 - ends) * probability], axis=2)
        terminated = np.concatenate([~terminated, terminated], axis=2)
    return FiniteMDP(
        next_state=next_state,
        reward=reward,
        probability=probability,
        terminated=terminated,
        start=np.arange(states) == 0,
        name="fastq/RandomMDP-v0",
        reward_sd=np.full(reward.shape, sd) if sd else None,
    )


def _distinct(rng: np.random.Generator, rows: int, count: int, below: int) -> NDArray[np.int32]:
    """Draw `count` distinct numbers from 0 for each row, sorted; all sets are equally likely.

    What is drawn twice is drawn again. No number is preferred at any time, so no set is.
    """
    if 2 * count > below:
        kept = np.ones((rows, below), dtype=np.bool_)
        np.put_along_axis(kept, _distinct(rng, rows, below - count, below), False, axis=1)
        return np.nonzero(kept)[1].reshape(rows, count).astype(np.int32)
    drawn = rng.integers(below, size=(rows, count), dtype=np.int32)
    drawn.sort(axis=1)
    while True:
        again = np.diff(drawn, axis=1, prepend=-1) == 0
        if not again.any():
            return drawn
        drawn[again] = rng.integers(below, size=np.count_nonzero(again), dtype=np.int32)
        drawn.sort(axis=1)
