"""The plain loop: one run after another, each from its own streams.

This file is a template. `build` binds the names of `POINTS` for each algorithm; here they have
Q-learning's values. `act` draws an action. `update` learns from a step; `ahead` says in it what
the next state is worth. `pair_of` gives the index
of a state and an action. `start_value` is what Q-values start from. `clear` makes the scratch
tables ready. ``ON_POLICY`` says whether the next action is drawn before the update, as Sarsa's
target needs it. The others say what a kernel knows: see `layout`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.base.references import by_reference
from fastq.training.kernels.layout import Learners, World
from fastq.training.kernels.learn import update
from fastq.training.kernels.policy import act
from fastq.training.kernels.scalars import (
    draw_outcome,
    draw_reward,
    draw_start,
    has_diverged,
    reschedule,
    start_value,
)
from fastq.training.kernels.scratch import Work, clear
from fastq.training.kernels.step import Transition
from fastq.training.kernels.step import pair_of_row as pair_of

POINTS: tuple[str, ...] = (
    "act",
    "update",
    "ahead",
    "pair_of",
    "start_value",
    "clear",
    "ON_POLICY",
    "STOCHASTIC",
    "GENERAL",
    "CAREFUL",
)
"""The binding points of this template: all names that `build` may bind."""

ON_POLICY = False


class TrainingOutput(NamedTuple):
    """What a kernel writes of N runs with E episodes each; arrays of shape (N, E)."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    """Shape (N,): see `has_diverged`."""
    finished: NDArray[np.bool_]
    """Shape (N,): whether the kernel has come to the end of a run. It stays False in a run where a
    custom rule fails, and in those that would have come after it."""


def learn_batch(
    world: World,
    learners: Learners,
    learner_of: NDArray[np.int64],
    runs: NDArray[np.int64],
    action_streams: NDArray[np.uint64],
    environment_streams: NDArray[np.uint64],
    q: NDArray[np.float64],
    work: Work,
    output: TrainingOutput,
) -> None:
    """Train some of N runs from scratch.

    Parameters
    ----------
    world, learners, work
        From `layout` and `scratch`.
    learner_of : shape (n,)
        Which of the learners each run belongs to.
    runs : shape (n,)
        Their indices among all N runs.
    action_streams, environment_streams : shape (N, 4)
        SFC64 states at the start of the runs; used up.
    q : shape (N, S * A), or (1, S * A)
        Filled with the Q-values at the end of each run, or with the last run's only.
    output
        Filled; `output.finished` must be False before.
    """
    the_world, the_learners = by_reference(world), by_reference(learners)
    the_work, results = by_reference(work), by_reference(output)
    for i in range(len(runs)):
        run = runs[i]
        table = q[min(run, len(q) - 1)]
        learn_run(
            the_world,
            the_learners,
            learner_of[i],
            action_streams[run],
            environment_streams[run],
            table,
            the_work,
            results,
            run,
        )
        output.diverged[run] = has_diverged(table, output.returns[run])
        output.finished[run] = True


@inlined
def learn_run(
    world: World,
    learners: Learners,
    learner: int,
    stream: NDArray[np.uint64],
    environment: NDArray[np.uint64],
    q: NDArray[np.float64],
    work: Work,
    output: TrainingOutput,
    run: int,
) -> None:
    """Train one run."""
    agent = learners.current[learner]
    q[:] = start_value(agent.initial_value)
    clear(work, agent.initial_value)
    action = next_action = np.uint64(0)
    for episode in range(output.returns.shape[1]):
        if learners.scheduled[learner]:
            reschedule(learners, learner, episode)
        state = draw_start(world, environment)
        if ON_POLICY:
            next_action = act(q, state, agent, world, work, stream)
        episode_return, length, terminated = 0.0, 0, False
        while not terminated and length < world.max_steps:
            action = next_action if ON_POLICY else act(q, state, agent, world, work, stream)
            outcome = draw_outcome(world, pair_of(state, action, world), environment)
            reward = draw_reward(world, outcome, environment)
            next_state, terminated = world.next_state[outcome], world.terminated[outcome]
            if ON_POLICY and not terminated:
                next_action = act(q, next_state, agent, world, work, stream)
            step = Transition(
                state, action, reward, next_state, next_action, terminated, episode, 0.0
            )
            update(q, step, agent, world, work, stream)
            state = next_state
            episode_return += reward
            length += 1
        output.returns[run, episode] = episode_return
        output.lengths[run, episode] = length
        output.truncated[run, episode] = not terminated
