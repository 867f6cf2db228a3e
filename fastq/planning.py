"""Exact values of a `FiniteMDP`, arrays of shape (S,): those of a policy, and the best ones, V*.

A value is the expected sum of rewards until the episode ends (`max_steps` does not end it), each
discounted by one more factor gamma, in [0, 1]. V*(s) is the largest of the action values

    q(s, a) = r(s, a) + gamma * (sum over s' of p(going on to s' | s, a) * V*(s')).

Modified policy iteration: sweeps take an action only where it is strictly better, then the values
of the policy are solved for. With gamma = 1, a policy rests where from then on all expected rewards
are 0. V* is the least upper bound over the policies that surely (with probability 1) end or rest,
-inf where none does. A search of the graph finds a first one. The sweeps keep v <= r + P v, so a
set that the policy never leaves pays 0 or more on average, and exactly 0 only if no action in it
was strictly better: each policy is again such a one, until V* is reached, as values rise and
policies are finitely many; or one collects reward for ever, and V* is infinite.

Sources: Puterman, Markov Decision Processes (1994), sections 6.5 and 7.2; Bertsekas & Tsitsiklis,
An analysis of stochastic shortest path problems, Mathematics of Operations Research 16 (1991).
All functions raise `InputError` for an argument that is not allowed.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csgraph, csr_array, diags_array, eye_array, linalg

from fastq.errors import InputError
from fastq.mdp import FiniteMDP
from fastq.validation import Count, Fraction, StepSize, Validated, choose, shorten

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_ROUNDING = 1e-13  # a sum this small beside its absolute terms is 0
_TIE = 1e-10  # what differs by less, relatively, is equal
_SWEEPS = 50  # between two solutions, which take about as long
_DIRECT = 500  # states; beyond, a matrix of random worlds has full factors
_NEARLY = 1 - 1e-6  # a discount with which any policy has values


class _Numbers(Validated):
    gamma: Fraction
    epsilon: Fraction = 0.0
    tolerance: StepSize = 1.0
    horizon: Count = 1


def value_iteration(mdp: FiniteMDP, gamma: float = 1.0, tolerance: float = 1e-12) -> Floats:
    """Solve for V*, shape (S,); with gamma = 1 as defined above.

    No other action is better by more than `tolerance`, or rounding, times the largest |value| met.

    Raises
    ------
    InputError
        With gamma = 1, where reward can be collected for ever, or over 1e9 steps lie ahead.
    """
    _Numbers(gamma=gamma, tolerance=tolerance)
    rows, shape = _lay_out(mdp, gamma), mdp.next_state.shape[:2]
    if gamma < 1:
        return rows.climb(rows.reward.reshape(shape).argmax(axis=1), gamma, tolerance)[1]
    usable, _, policy = rows.proper(np.ones(shape, dtype=np.bool_))
    doomed = np.asarray(~usable.any(axis=1))
    # The doomed may quit for 0, so that reward collected for ever shows there too.
    rows.reward[~(usable | doomed[:, None]).ravel()] = -np.inf
    return np.where(doomed, -np.inf, rows.climb(policy, gamma, tolerance)[1])


def action_values(mdp: FiniteMDP, values: ArrayLike, gamma: float = 1.0) -> Floats:
    """Look one step ahead of values, shape (S,), finite or -inf: q as above, shape (S, A)."""
    _Numbers(gamma=gamma)
    table = _read("values", values, mdp.next_state.shape[:1])
    _check("values", table, table < np.inf, "finite or -inf")
    return _lay_out(mdp, gamma).ahead(table)


def greedy_policy(mdp: FiniteMDP, values: ArrayLike, gamma: float = 1.0) -> Ints:
    """Give the first of the best actions, shape (S,), one step ahead of values, shape (S,).

    Best is what comes within 1e-10 of the largest |q|. With gamma = 1, where the first of the best
    go round and do not attain the values, those that end soonest, or rest where the value is 0,
    come in their place; so on V* the policy attains V*.
    """
    q = action_values(mdp, values, gamma)
    top = q.max(axis=1)
    slack = _TIE * np.abs(top[np.isfinite(top)]).max(initial=0.0)
    best = q >= (top - slack)[:, None]
    first: Ints = best.argmax(axis=1)
    if gamma < 1:
        return first
    rows = _lay_out(mdp, gamma)
    attained = rows.follow(first).values(gamma) >= top - 100 * slack
    usable, still, sure = rows.proper(best, np.abs(q) <= slack)
    sure = np.where(still.any(axis=1), still.argmax(axis=1), sure)
    return np.where(attained | ~usable.any(axis=1), first, sure)


def policy_evaluation(mdp: FiniteMDP, policy: ArrayLike, gamma: float = 1.0) -> Floats:
    """Solve for the values of a policy: actions, shape (S,), or their probabilities, (S, A).

    With gamma = 1, an improper policy has infinite cost: where it may come to a set of states that
    it never leaves, the value is -inf if that costs on average, and inf if it pays. If all expected
    rewards in the set are 0, it counts 0. If they only average 0 (within 1e-10 of their size), the
    sum never settles: NaN, as where both infinities may come, or over 1e9 steps lie ahead.
    """
    _Numbers(gamma=gamma)
    shape = mdp.next_state.shape[:2]
    table = _read("policy", policy, shape[:1], shape)
    if table.ndim == 1:
        _check("policy", table, np.isin(table, range(shape[1])), f"an action below {shape[1]}")
    else:
        _check("policy", table, (table >= 0) & (table <= 1), "in [0, 1]")
        _check("the sum of policy", total := table.sum(axis=1), np.abs(total - 1) <= 1e-9, "1")
        table = table / total[:, None]
    return _lay_out(mdp, gamma).follow(table).values(gamma)


def epsilon_greedy_value(
    mdp: FiniteMDP, q: ArrayLike, epsilon: float, gamma: float = 1.0, ties: str = "first"
) -> Floats:
    """Solve for the values of the epsilon-greedy policy on q, shape (S, A).

    The random action is any of all actions. Of exactly equal best actions, `ties` takes the
    "first", or a "random" one, each equally often. Values are as for `policy_evaluation`.
    """
    _Numbers(gamma=gamma, epsilon=epsilon)
    choose("ties", ties, ("first", "random"))
    table = _read("q", q, mdp.next_state.shape[:2])
    _check("q", table, np.isfinite(table), "finite")
    best = table == table.max(axis=1, keepdims=True)
    if ties == "first":
        best &= best.cumsum(axis=1) == 1
    policy = (1 - epsilon) * best / best.sum(axis=1, keepdims=True) + epsilon / best.shape[1]
    return _lay_out(mdp, gamma).follow(policy).values(gamma)


def finite_horizon_value(mdp: FiniteMDP, horizon: int | None = None, gamma: float = 1.0) -> Floats:
    """Find the best values, shape (S,), within `horizon` steps; `max_steps` where it is None."""
    steps = _Numbers(gamma=gamma, horizon=mdp.max_steps if horizon is None else horizon).horizon
    rows, values = _lay_out(mdp, gamma), np.zeros(mdp.num_states)
    for _ in range(steps):
        previous, values = values, rows.ahead(values).max(axis=1)
        if np.array_equal(values, previous):
            break
    return values


def _read(field: str, values: Any, *sizes: tuple[int, ...]) -> Floats:
    """Read values as a table of one of the shapes."""
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{field} = {shorten(values)}: must be a table of numbers") from None
    if table.shape not in sizes:
        raise InputError(f"{field} has shape {table.shape}: must be {' or '.join(map(str, sizes))}")
    return table


def _check(field: str, table: Floats, good: Bools, allowed: str) -> None:
    """Name the first entry that is not good."""
    for place in map(tuple, np.argwhere(~good).tolist()):
        raise InputError(f"{field} at {place} = {table[place]}: must be {allowed}")


class _Rows(NamedTuple):
    """What follows on R rows: S * A pairs of state and action, or S states under a policy."""

    onward: Any  # sparse (R, S): gamma * probability of going on; what is stored is > 0
    reward: Floats  # (R,), expected
    ends: Bools  # (R,), whether the episode may end

    def ahead(self, values: Floats) -> Floats:
        """Look one step ahead, shape (S, A)."""
        return np.asarray(self.reward + self.onward @ values).reshape(len(values), -1)

    def follow(self, policy: NDArray[Any]) -> "_Rows":
        """Give what follows on each state under a policy: with action -1, nothing."""
        actions = len(self.reward) // len(policy)
        if policy.ndim == 1:
            policy = policy[:, None] == np.arange(actions)
        state, action = np.nonzero(policy)
        cells = (policy[state, action].astype(np.float64), (state, state * actions + action))
        choice = csr_array(cells, shape=(len(policy), len(self.reward)))
        reward, gross = choice @ self.reward, choice @ np.abs(self.reward)
        reward[np.abs(reward) <= _ROUNDING * gross] = 0.0
        return _Rows(choice @ self.onward, reward, choice @ self.ends > 0)

    def climb(self, policy: Ints, gamma: float, tolerance: float) -> tuple[Ints, Floats]:
        """Improve on a policy until no other action is better; give it and its values."""
        everyone, values = np.arange(len(policy)), self.follow(policy).values(gamma)
        _check("V*", values, ~np.isnan(values), "at most 1e9 expected steps from an end or rest")
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
            _check("V*", found, found != np.inf, "finite: reward comes for ever, unless gamma < 1")
            # Else it was rounding that looked better. As sums rise, no policy is met twice.
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
        fate = np.where(np.abs(net) > _TIE * gross, np.copysign(np.inf, net), np.nan)
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
        """Keep the actions that leave an end or rest sure; find those that rest; a quick policy."""
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
        # Never to end is the slowest, so strictly quicker actions keep to ending.
        paced = _Rows(self.onward * _NEARLY, np.where(usable.ravel(), -1.0, -np.inf), self.ends)
        return usable, still, paced.climb(first, _NEARLY, _TIE)[0]


def _lay_out(mdp: FiniteMDP, gamma: float) -> _Rows:
    """Lay out the pairs of state and action, with probabilities that sum to 1 to the last bit."""
    share = mdp.probability / mdp.probability.sum(axis=2, keepdims=True)
    going = gamma * share * ~mdp.terminated
    row = np.nonzero(going.reshape(-1, mdp.num_outcomes))[0]
    cells = (going[going > 0], (row, mdp.next_state[going > 0]))
    onward = csr_array(cells, shape=(mdp.num_states * mdp.num_actions, mdp.num_states))
    reward, gross = (share * mdp.reward).sum(axis=2), (share * np.abs(mdp.reward)).sum(axis=2)
    reward[np.abs(reward) <= _ROUNDING * gross] = 0.0
    return _Rows(onward, reward.ravel(), (share * mdp.terminated).any(axis=2).ravel())


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
