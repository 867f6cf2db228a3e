"""The update rule of Dyna-Q: Q-learning from the step, then from remembered outcomes.

Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.layout import World
from fastq.training.kernels.q_learning import update as learn_directly
from fastq.training.kernels.scalars import draw_unit
from fastq.training.kernels.scratch import Model, Work
from fastq.training.kernels.step import Transition


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
    _remember(work.model, step)
    for _ in range(int(agent.planning_steps)):
        recalled = _recall(work.model, step, stream)
        learn_directly(q, recalled, agent, world, work, stream)


@inlined
def _remember(model: Model, step: Transition) -> None:
    """Keep the outcome of a step, in place of an earlier one."""
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
    place = np.uint64(draw_unit(stream) * model.num_seen_actions[state])
    action = model.seen_actions[state + place]
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
