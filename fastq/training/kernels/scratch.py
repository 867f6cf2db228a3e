"""The scratch tables of a run, beside its Q-table: what an update rule remembers.

They are allocated once for all runs of a call, and cleared for each run. What a call has no need
of is empty.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.schedules import Visits
from fastq.agents.td_control import Agent
from fastq.base.jit import inlined
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels.facts import KernelFacts


class Work(NamedTuple):
    """Scratch tables of one run; SA = S * A."""

    tables: NDArray[np.float64]
    """Further Q-tables, shape (T, SA), or (T, S, A) where states are plain numbers."""
    updates: NDArray[np.int64]
    """Updates of each pair and table, shape (T or 1, SA)."""
    draws: NDArray[np.int64]
    """Actions drawn in each state, at its row, shape (SA,)."""
    greedy: NDArray[np.unsignedinteger[Any]]
    """The first of the best actions of each state, at its row, shape (SA,). It is kept up to date:
    a search before each action would hold up the next step."""
    probabilities: NDArray[np.float64]
    """A policy in one state, shape (A,)."""
    memory: Any
    """What only this algorithm remembers."""


def lay_out_work(mdp: FiniteMDP, agents: Sequence[Agent], facts: KernelFacts) -> Work:
    """Allocate what agents of one class need."""
    states, actions = mdp.num_states, mdp.num_actions
    pairs, tables = states * actions, facts.further_tables
    return Work(
        tables=np.empty((tables, pairs) if facts.rows else (tables, states, actions)),
        updates=_counts((max(tables, 1), pairs), _any_by_visits(agents, "alpha")),
        draws=_counts((pairs,), _any_by_visits(agents, "epsilon")),
        greedy=np.empty(pairs if facts.rows else 0, dtype=np.min_scalar_type(actions - 1)),
        probabilities=np.empty(actions),
        memory=facts.memory(mdp) if facts.memory else (),
    )


def _counts(shape: tuple[int, ...], wanted: bool) -> NDArray[np.int64]:
    """Allocate counts of visits, or none."""
    return np.empty(shape if wanted else (*shape[:-1], 0), dtype=np.int64)


def _any_by_visits(agents: Sequence[Agent], name: str) -> bool:
    """Say whether a hyperparameter of some agent follows a schedule by visits."""
    return any(isinstance(getattr(agent, name, None), Visits) for agent in agents)


@inlined
def clear(work: Work, initial_value: float) -> None:
    """Make ready for a run."""
    work.tables[:] = initial_value
    work.updates[:] = 0
    work.draws[:] = 0
    work.greedy[:] = 0
