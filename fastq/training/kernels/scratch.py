"""The scratch tables of a run, beside its Q-table: what an update rule remembers.

They are allocated once for all runs of a call, and cleared for each run. What a call has no need
of is empty.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.algorithm import Algorithm
from fastq.agents.schedules import Visits
from fastq.agents.td_control import Agent, DoubleQLearning, DynaQ, TDAgent
from fastq.base.jit import inlined
from fastq.mdp.finite_mdp import FiniteMDP

_ZERO = np.uint64(0)


class Model(NamedTuple):
    """The last outcome of each pair of state and action, and which pairs were seen, in order."""

    next_state: NDArray[np.uint64]
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    seen_states: NDArray[np.uint64]
    """Shape (S,), of which so many are filled: `num_seen_states`, an array of one element."""
    num_seen_states: NDArray[np.int64]
    seen_actions: NDArray[np.uint64]
    """From a state's row on, the actions seen there; how many stands in `num_seen_actions`."""
    num_seen_actions: NDArray[np.int64]
    is_seen: NDArray[np.bool_]


class Work(NamedTuple):
    """Scratch tables of one run; SA = S * A."""

    tables: NDArray[np.float64]
    """Further Q-tables, shape (T, SA)."""
    updates: NDArray[np.int64]
    """Updates of each pair and table, shape (T or 1, SA)."""
    draws: NDArray[np.int64]
    """Actions drawn in each state, at its row, shape (SA,)."""
    greedy: NDArray[np.unsignedinteger[Any]]
    """The first of the best actions of each state, at its row, shape (SA,): to find it anew for
    each action would stand in the way of the next step, for which a step back must wait."""
    probabilities: NDArray[np.float64]
    """A policy in one state, shape (A,)."""
    model: Model


def lay_out_work(mdp: FiniteMDP, agents: Sequence[Agent]) -> Work:
    """Allocate what agents of one class need."""
    states, pairs = mdp.num_states, mdp.num_states * mdp.num_actions
    tables = 2 if isinstance(agents[0], DoubleQLearning) else 0
    shape: tuple[int, ...] = (tables, pairs)
    if isinstance(agents[0], Algorithm):
        shape = (agents[0].tables, states, mdp.num_actions)
    by_visits = {
        name: any(isinstance(getattr(agent, name), Visits) for agent in agents)
        for name in ("alpha", "epsilon")
        if isinstance(agents[0], TDAgent)
    }
    return Work(
        tables=np.empty(shape),
        updates=np.empty((max(tables, 1), pairs if by_visits.get("alpha") else 0), dtype=np.int64),
        draws=np.empty(pairs if by_visits.get("epsilon") else 0, dtype=np.int64),
        greedy=np.empty(
            pairs if isinstance(agents[0], TDAgent) else 0,
            dtype=np.min_scalar_type(mdp.num_actions - 1),
        ),
        probabilities=np.empty(mdp.num_actions),
        model=_lay_out_model(states, pairs) if isinstance(agents[0], DynaQ) else _NO_MODEL,
    )


def _lay_out_model(states: int, pairs: int) -> Model:
    """Allocate a model of an MDP."""
    return Model(
        next_state=np.empty(pairs, dtype=np.uint64),
        reward=np.empty(pairs),
        terminated=np.empty(pairs, dtype=np.bool_),
        seen_states=np.empty(states, dtype=np.uint64),
        num_seen_states=np.zeros(1, dtype=np.int64),
        seen_actions=np.empty(pairs, dtype=np.uint64),
        num_seen_actions=np.empty(pairs, dtype=np.int64),
        is_seen=np.empty(pairs, dtype=np.bool_),
    )


_NO_MODEL = _lay_out_model(0, 0)


@inlined
def clear(work: Work, initial_value: float) -> None:
    """Make ready for a run."""
    work.tables[:] = initial_value
    work.updates[:] = 0
    work.draws[:] = 0
    work.greedy[:] = 0
    work.model.num_seen_states[0] = 0
    work.model.num_seen_actions[:] = 0
    work.model.is_seen[:] = False


@inlined
def clear_to_zero(work: Work, initial_value: float) -> None:
    """Make ready for a run of an algorithm of one's own."""
    work.tables[:] = 0.0
