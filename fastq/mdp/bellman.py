"""Bellman's equations as sparse matrices: to look ahead, to solve for a policy, to improve on it.

Modified policy iteration: sweeps take an action only where it is strictly better, then the values
of the policy are solved for. With gamma = 1, a policy rests where from then on all expected rewards
are 0. V* is the least upper bound over the policies that end or rest with probability 1; it is -inf
where no policy does. A search of the graph finds a first such policy. The sweeps keep v <= r + P v.
So a set that the policy never leaves pays 0 or more on average, and exactly 0 only if no action in
it was strictly better. Hence each policy ends or rests again. Values rise and policies are finitely
many, so V* is reached, unless a policy collects reward for ever: then V* is infinite.

Sources: Puterman, Markov Decision Processes (1994), sections 6.5 and 7.2; Bertsekas & Tsitsiklis,
An analysis of stochastic shortest path problems, Mathematics of Operations Research 16 (1991).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_array, diags_array, eye_array, linalg

from fastq.mdp.arrays import check_each
from fastq.mdp.finite_mdp import FiniteMDP

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

TIE = 1e-10  # values with a smaller relative difference are equal
_ROUNDING = 1e-13  # a sum this small beside its absolute terms is 0
_SWEEPS = 50  # between two solutions, which take about as long
_DIRECT = 500  # states; beyond, a matrix of random worlds has full factors
_NEARLY = 1 - 1e-6  # a discount with which any policy has values


class Rows(NamedTuple):
    """What follows on R rows: S * A pairs of state and action, or S states under a policy."""

    onward: Any  # sparse (R, S): gamma * probability of going on; what is stored is > 0
    reward: Floats  # (R,), expected
    ends: Bools  # (R,), whether the episode may end

    def ahead(self, values: Floats) -> Floats:
        """Look one step ahead, shape (S, A)."""
        return np.asarray(self.reward + self.onward @ values).reshape(len(values), -1)

    def follow(self, policy: NDArray[Any]) -> "Rows":
        """Give what follows on each state under a policy: with action -1, nothing."""
        actions = len(self.reward) // len(policy)
        if policy.ndim == 1:
            policy = policy[:, None] == np.arange(actions)
        state, action = np.nonzero(policy)
        cells = (policy[state, action].astype(np.float64), (state, state * actions + action))
        choice = csr_array(cells, shape=(len(policy), len(self.reward)))
        reward, gross = choice @ self.reward, choice @ np.abs(self.reward)
        reward[np.abs(reward) <= _ROUNDING * gross] = 0.0
        return Rows(choice @ self.onward, reward, choice @ self.ends > 0)

    def climb(self, policy: Ints, gamma: float, tolerance: float) -> tuple[Ints, Floats]:
        """Improve on a policy until no other action is better; give it and its values."""
        everyone, values = np.arange(len(policy)), self.follow(policy).values(gamma)
        check_each(
            "V*", values, ~np.isnan(values), "at most 1e9 expected steps from an end or rest"
        )
        while tolerance <= 1:
            trial, raised, slack = policy, values, max(tolerance, _ROUNDING) * np.abs(values).max()
            for _ in range(_SWEEPS):
                best = (q := self.ahead(raised)).argmax(axis=1)
                better = q[everyone, best] > raised + slack
                if not better.any():
                    break
                trial = np.where(better, best, trial)
                raised = np.where(better, q[everyone, best], raised)
            if raised is values:
                break
            found = self.follow(trial).values(gamma)
            check_each(
                "V*", found, found != np.inf, "finite: reward comes for ever, unless gamma < 1"
            )
            # Otherwise only rounding looked better. Sums rise, so no policy is met twice.
            if math.fsum([*found, *-values]) > 0:
                policy, values = trial, found
            else:
                tolerance = 10 * max(tolerance, _ROUNDING)
        return policy, values

    def values(self, gamma: float) -> Floats:
        """Solve for the values of a policy."""
        values, going = np.zeros(len(self.reward)), np.ones(len(self.reward), dtype=np.bool_)
        if gamma == 1:
            closed, fate = self.fates()
            up, down, lost = (
                self._replace(ends=mark).towards(going[:, None], mark)[1]
                for mark in (fate == np.inf, fate == -np.inf, np.isnan(fate))
            )
            values = np.select([lost | (up & down), up, down], [np.nan, np.inf, -np.inf], 0.0)
            going = ~(closed | up | down | lost)
        values[going] = _solve(self.onward[going][:, going], self.reward[going])
        return values

    def fates(self) -> tuple[Bools, Floats]:
        """Find the states in sets that are never left, and the sums of rewards to come there."""
        label = csgraph.connected_components(self.onward, connection="strong")[1]
        row, following = self.onward.nonzero()
        leaves = self.ends.copy()
        leaves[row[label[row] != label[following]]] = True
        closed = np.bincount(label, leaves)[label] == 0
        head = np.unique(label, return_index=True)[1][label]
        # Over a round trip to the first state of a set, the sum has the sign of the average.
        trip = (self.onward @ diags_array(1.0 * (head != np.arange(len(head)))))[closed][:, closed]
        net, gross = np.zeros((2, len(head)))
        net[closed] = _solve(trip, self.reward[closed])
        gross[closed] = _solve(trip, np.abs(self.reward[closed]))
        fate = np.where(np.abs(net) > TIE * gross, np.copysign(np.inf, net), np.nan)
        return closed, np.where(closed & (gross[head] != 0), fate[head], 0.0)

    def towards(self, usable: Bools, goals: Bools) -> tuple[Ints, Bools]:
        """Search back from ends and goals: actions that lead nearest, and the states reached."""
        states, actions = usable.shape
        row, following = self.onward.nonzero()
        last, goal = np.flatnonzero(self.ends), np.flatnonzero(goals)
        row, following = np.append(row, last), np.append(following, 0 * last + states)
        row, following = row[usable.ravel()[row]], following[usable.ravel()[row]]
        links = (np.append(following, 0 * goal + states), np.append(row // actions, goal))
        back = csr_array((np.ones(len(links[0])), links), shape=(states + 1, states + 1))
        order = csgraph.breadth_first_order(back, states, return_predecessors=False)
        rank, nearest = np.full(states + 1, states + 1), np.full(usable.size, states + 2)
        rank[order] = np.arange(len(order))
        np.minimum.at(nearest, row, rank[following])
        return nearest.reshape(usable.shape).argmin(axis=1), rank[:-1] <= states

    def proper(self, usable: Bools, idle: Any = True) -> tuple[Bools, Bools, Ints]:
        """Keep actions that leave an end or rest certain; find those that rest; a quick policy."""
        still = usable & idle & (self.reward == 0).reshape(usable.shape)
        while (out := still & (self.onward @ ~still.any(axis=1) > 0).reshape(still.shape)).any():
            still &= ~out
        while True:
            nearest, found = self.towards(usable, still.any(axis=1))
            out = usable & (~found[:, None] | (self.onward @ ~found > 0).reshape(usable.shape))
            if not out.any():
                break
            usable = usable & ~out
        first = np.where(still.any(axis=1) | ~found, -1, nearest)
        # Never ending is the slowest, so strictly quicker actions still end.
        paced = Rows(self.onward * _NEARLY, np.where(usable.ravel(), -1.0, -np.inf), self.ends)
        return usable, still, paced.climb(first, _NEARLY, TIE)[0]


def lay_out(mdp: FiniteMDP, gamma: float) -> Rows:
    """Lay out the pairs of state and action, with probabilities that sum to 1 to the last bit."""
    share = mdp.probability / mdp.probability.sum(axis=2, keepdims=True)
    going = gamma * share * ~mdp.terminated
    row = np.nonzero(going.reshape(-1, mdp.num_outcomes))[0]
    cells = (going[going > 0], (row, mdp.next_state[going > 0]))
    onward = csr_array(cells, shape=(mdp.num_states * mdp.num_actions, mdp.num_states))
    reward, gross = (share * mdp.reward).sum(axis=2), (share * np.abs(mdp.reward)).sum(axis=2)
    reward[np.abs(reward) <= _ROUNDING * gross] = 0.0
    return Rows(onward, reward.ravel(), (share * mdp.terminated).any(axis=2).ravel())


def _solve(onward: Any, right: Floats) -> Floats:
    """Solve v = right + onward v; NaN where too many steps lie ahead for floats to tell."""
    matrix = eye_array(len(right), format="csr") - onward
    both = found = np.stack([right, np.ones(len(right))])
    if len(right) > _DIRECT and matrix.nnz > 3 * len(right):
        found = np.stack([linalg.bicgstab(matrix, b, rtol=1e-14, maxiter=100)[0] for b in both])
    wrong = np.abs(both - found @ matrix.T).max(axis=1, initial=0.0)
    if (wrong > _ROUNDING * np.abs(found).max(axis=1, initial=0.0)).any():
        try:
            found = linalg.splu(matrix.tocsc()).solve(both.T).T
        except RuntimeError:  # singular
            found = np.full(both.shape, np.nan)
    return np.where((found[1] > 0.5) & (found[1] < 1e9), found[0], np.nan)
