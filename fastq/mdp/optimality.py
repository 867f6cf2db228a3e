"""Which actions are optimal, and in which worlds that says something of a policy.

An action is optimal in a state if its value q(s, a), under V*, is the largest there. Source: Sutton
& Barto, 2nd edition, section 3.6. A policy that takes only such actions is a best one, but for two
cases with gamma = 1. There a policy without any value could have a share of 1:

- Where no policy ends or rests with certainty, V* is -inf, and no action is better than another.
- Where optimal actions go round for ever, as in a maze without a cost for steps, each of them could
  still lead to the goal, and none of them does.
"""

import numpy as np
from scipy.sparse import csgraph, csr_array

from fastq.base.errors import InputError
from fastq.mdp.bellman import TIE, Bools, Floats, lay_out
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.planning import action_values, value_iteration


def optimal_actions(mdp: FiniteMDP, gamma: float) -> Bools:
    """Mark the optimal actions.

    Parameters
    ----------
    mdp : FiniteMDP
    gamma : float
        Discount, in [0, 1].

    Returns
    -------
    array of bool, shape (S, A)

    Raises
    ------
    InputError
        Where V* is infinite or not known in a state that can be reached, where each action is
        optimal in all of these, or where optimal actions may go round for ever and never bring
        their value.
    """
    try:
        values = value_iteration(mdp, gamma)
    except InputError as error:
        raise _refusal(str(error)) from None
    reached = _reached(mdp)
    for state in np.flatnonzero(reached & np.isneginf(values)).tolist():
        raise _refusal(
            f"from state {state} of {mdp.name!r} no policy surely ends; must have gamma < 1"
        )
    q = action_values(mdp, values, gamma)
    slack = TIE * np.abs(values[np.isfinite(values)]).max(initial=0.0)
    optimal: Bools = q >= q.max(axis=1, keepdims=True) - slack
    for state in _endless(mdp, optimal & reached[:, None], values, slack)[:1] if gamma == 1 else ():
        raise _refusal(
            f"from state {state} of {mdp.name!r} optimal actions may go round for ever; must have "
            "gamma < 1"
        )
    if optimal[reached].all():
        raise _refusal(f"in {mdp.name!r} each action is optimal, so it is 1 whatever is learned")
    return optimal


def all_alike(mdp: FiniteMDP) -> bool:
    """Say whether all actions do the same in each state that can be reached."""
    possible, reached = mdp.probability > 0, _reached(mdp)
    tables = (mdp.next_state, mdp.reward, mdp.probability, mdp.terminated)
    each = (np.where(possible, table, 0)[reached] for table in tables)
    return all(bool((table == table[:, :1]).all()) for table in each)


def _refusal(why: str) -> InputError:
    metric = optimal_actions.__name__  # the metric has the name of the function
    return InputError(f"metric = '{metric}': {why}", field="metric", value=metric)


def _reached(mdp: FiniteMDP) -> Bools:
    """Mark the states that some policy may come to."""
    row, following = lay_out(mdp, 1.0).onward.nonzero()
    states, begin = mdp.num_states, np.flatnonzero(mdp.start)
    links = (
        np.append(row // mdp.num_actions, np.full(len(begin), states)),
        np.append(following, begin),
    )
    graph = csr_array((np.ones(len(links[0])), links), shape=(states + 1, states + 1))
    found = csgraph.breadth_first_order(graph, states, return_predecessors=False)
    reached = np.zeros(states + 1, dtype=np.bool_)
    reached[found] = True
    return reached[:-1]


def _endless(mdp: FiniteMDP, optimal: Bools, values: Floats, slack: float) -> list[int]:
    """List the states that optimal actions may return to for ever, but for rests of value 0.

    These are the end components of the MDP of optimal actions: sets of states, each with actions
    that stay in the set with certainty and may lead from each state to each other. Those that may
    leave are dropped until none is left (de Alfaro, 1997, Formal Verification of Probabilistic
    Systems).
    """
    rows = lay_out(mdp, 1.0)
    row, following = rows.onward.nonzero()
    state, stays = row // mdp.num_actions, (optimal & ~rows.ends.reshape(optimal.shape)).ravel()
    while True:
        used = stays[row]
        links = (np.ones(used.sum()), (state[used], following[used]))
        graph = csr_array(links, shape=(mdp.num_states, mdp.num_states))
        label = csgraph.connected_components(graph, connection="strong")[1]
        left = np.asarray(~stays.reshape(optimal.shape).any(axis=1))
        leaves = used & ((label[state] != label[following]) | left[following])
        if not leaves.any():
            break
        stays[row[leaves]] = False
    paid = (np.abs(values) > slack)[:, None] | (rows.reward != 0).reshape(optimal.shape)
    endless = (stays.reshape(optimal.shape) & paid).any(axis=1)
    return [int(state) for state in np.flatnonzero(endless)]
