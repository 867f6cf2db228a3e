"""The update rule of Dyna-Q: Q-learning from the step, then from remembered outcomes.

Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.2.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import DynaQ
from fastq.base.jit import inlined
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels.facts import Draws, KernelFacts
from fastq.training.kernels.layout import World
from fastq.training.kernels.learn import update as learn_directly
from fastq.training.kernels.scalars import draw_unit
from fastq.training.kernels.scratch import Work
from fastq.training.kernels.scratch import clear as clear_tables
from fastq.training.kernels.step import Transition


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


def lay_out_model(mdp: FiniteMDP) -> Model:
    """Allocate a model of an MDP."""
    states, pairs = mdp.num_states, mdp.num_states * mdp.num_actions
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


@inlined
def clear(work: Work, initial_value: float) -> None:
    """Make ready for a run: no pair was seen."""
    clear_tables(work, initial_value)
    model = work.memory
    model.num_seen_states[0] = 0
    model.num_seen_actions[:] = 0
    model.is_seen[:] = False


@inlined
def update(
    q: NDArray[np.float64],
    step: Transition,
    agent: Any,
    world: World,
    work: Work,
    stream: NDArray[np.uint64],
) -> None:
    """Learn from a step, remember it, and learn from so many remembered ones."""
    learn_directly(q, step, agent, world, work, stream)
    _remember(work.memory, step)
    for _ in range(int(agent.planning_steps)):
        recalled = _recall(work.memory, step, stream)
        learn_directly(q, recalled, agent, world, work, stream)


@inlined
def _remember(model: Model, step: Transition) -> None:
    """Keep the outcome of a step, and forget an earlier one."""
    pair = step.state + step.action
    if not model.is_seen[pair]:
        count = np.uint64(model.num_seen_actions[step.state])
        if count == np.uint64(0):
            model.seen_states[np.uint64(model.num_seen_states[0])] = step.state
            model.num_seen_states[0] += 1
        model.seen_actions[step.state + count] = step.action
        model.num_seen_actions[step.state] += 1
        model.is_seen[pair] = True
    model.reward[pair] = step.reward
    model.next_state[pair] = step.next_state
    model.terminated[pair] = step.terminated


@inlined
def _recall(model: Model, step: Transition, stream: NDArray[np.uint64]) -> Transition:
    """Draw a state seen before, then an action taken there, each with equal chances."""
    state = model.seen_states[np.uint64(draw_unit(stream) * model.num_seen_states[0])]
    index = np.uint64(draw_unit(stream) * model.num_seen_actions[state])
    action = model.seen_actions[state + index]
    pair = state + action
    return Transition(
        state,
        action,
        model.reward[pair],
        model.next_state[pair],
        action,
        model.terminated[pair],
        step.episode,
        0.0,
    )


FACTS = KernelFacts(
    agent=DynaQ,
    names={"update": update, "clear": clear},
    memory=lay_out_model,
    draws=Draws(planning_step=2),
)
