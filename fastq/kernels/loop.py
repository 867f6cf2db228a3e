"""The plain loop: one run after another, each from its own streams.

What a step does, in the order of the reference: draw the action from the epsilon-greedy policy,
draw the outcome, update, count. The greedy action of the next state, which the target needs, is
kept for the next draw; only where a transition leads back to its own state has the update changed
it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.jit import compiled, inlined
from fastq.kernels.q_learning import updated
from fastq.kernels.scalars import draw_action, draw_outcome, draw_start, first_greedy
from fastq.kernels.tables import Learners, World
from fastq.streams import next_bits

_ELEVEN = np.uint64(11)


class Record(NamedTuple):
    """What a kernel writes of N runs with E episodes each; all arrays of shape (N, E)."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]


@compiled
def learn(
    world: World,
    learners: Learners,
    learner_of: NDArray[np.int64],
    action_states: NDArray[np.uint64],
    environment_states: NDArray[np.uint64],
    q: NDArray[np.float64],
    record: Record,
) -> None:
    """Train N runs from scratch.

    Parameters
    ----------
    world, learners
        From `tables`.
    learner_of : shape (N,)
        Which of the learners each run belongs to.
    action_states, environment_states : shape (N, 4)
        SFC64 states at the start of the runs.
    q : shape (N, S * A), or (1, S * A)
        Filled with the Q-values at the end of each run, or with the last run's only.
    record
        Filled.
    """
    for run in range(len(learner_of)):
        table = q[min(run, len(q) - 1)]
        _learn_one(
            world,
            learners,
            learner_of[run],
            action_states[run],
            environment_states[run],
            table,
            record,
            run,
        )


@inlined
def _learn_one(
    world: World,
    learners: Learners,
    learner: int,
    action_state: NDArray[np.uint64],
    environment_state: NDArray[np.uint64],
    q: NDArray[np.float64],
    record: Record,
    run: int,
) -> None:
    """Train one run."""
    a, b, c, counter = action_state
    e_a, e_b, e_c, e_counter = environment_state
    policy = learners.policy[learner]
    alpha, gamma = learners.alpha[learner], learners.gamma[learner]
    actions = world.actions
    q[:] = learners.initial_value[learner]
    for episode in range(record.returns.shape[1]):
        row = world.start_rows[0]
        if not world.deterministic:
            bits, e_a, e_b, e_c, e_counter = next_bits(e_a, e_b, e_c, e_counter)
            row = draw_start(bits >> _ELEVEN, world)
        greedy, _ = first_greedy(q, row, actions)
        episode_return, length, terminated = 0.0, 0, False
        while not terminated and length < world.max_steps:
            bits, a, b, c, counter = next_bits(a, b, c, counter)
            here = row + draw_action(bits >> _ELEVEN, greedy, policy, actions)
            outcome = here
            if not world.deterministic:
                bits, e_a, e_b, e_c, e_counter = next_bits(e_a, e_b, e_c, e_counter)
                outcome = draw_outcome(bits >> _ELEVEN, world, here * world.num_outcomes)
            next_row, reward = world.next_row[outcome], world.reward[outcome]
            terminated = world.terminated[outcome]
            greedy, next_value = first_greedy(q, next_row, actions)
            q[here] = updated(q[here], reward, next_value, terminated, alpha, gamma)
            if next_row == row:
                greedy, _ = first_greedy(q, next_row, actions)
            row = next_row
            episode_return += reward
            length += 1
        record.returns[run, episode] = episode_return
        record.lengths[run, episode] = length
        record.truncated[run, episode] = not terminated
