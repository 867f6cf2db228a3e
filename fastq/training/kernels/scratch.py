"""The scratch tables of a run, beside its Q-table: what an update rule remembers.

They are allocated once for all runs of a call, and cleared for each run. What a call has no need
of is empty.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.jit import inlined
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.layout import features_of


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
    features = features_of(agents)
    return Work(
        tables=np.empty((tables, pairs) if facts.rows else (tables, states, actions)),
        updates=np.empty((tables or 1, pairs if features.alpha_by_visits else 0), dtype=np.int64),
        draws=np.empty(pairs if features.epsilon_by_visits else 0, dtype=np.int64),
        greedy=np.empty(pairs if facts.rows else 0, dtype=_smallest_type(actions)),
        probabilities=np.empty(actions),
        memory=facts.memory(mdp) if facts.memory else (),
    )


@functools.cache
def _smallest_type(actions: int) -> np.dtype[Any]:
    """Give the smallest type of integers that holds each action."""
    return np.min_scalar_type(actions - 1)


@inlined
def clear(work: Work, initial_value: float) -> None:
    """Make ready for a run."""
    work.tables[:] = initial_value
    work.updates[:] = 0
    work.draws[:] = 0
    work.greedy[:] = 0
