"""What happens to a single lane of a lock-step: runs and episodes begin and end, draws are exact.

All this is seldom, so it is done for one lane at a time, as the plain loop does it. It is part of
the template of `lockstep`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import inlined
from fastq.training.kernels.lane_step import (
    CUSTOM,
    LARGE,
    ON_POLICY,
)
from fastq.training.kernels.lanes import (
    ACTION,
    AHEAD,
    BASE,
    BEGIN,
    DEADLINE,
    ENVIRONMENT,
    GREEDY,
    MARGIN,
    NEXT,
    OFFSET,
    OUTCOME,
    PAIR,
    REST,
    RETURN,
    ROW,
    SCALE,
    SHARE,
    STATE,
    STREAM,
    UNIFORM,
    Lanes,
    draw_in_lane,
    slot_of,
)
from fastq.training.kernels.layout import GENERAL, STOCHASTIC, Learners, World
from fastq.training.kernels.loop import TrainingOutput
from fastq.training.kernels.policy import draw_as_choice, draw_constants, fill_policy
from fastq.training.kernels.scalars import (
    find_start,
    first_greedy,
    has_diverged,
    mean,
    reschedule,
    visited,
)
from fastq.training.kernels.vectors import WIDTH

_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Batch(NamedTuple):
    """What there is to do, and where to write; as the parameters of `loop.learn_batch`."""

    world: World
    learners: Learners
    learner_of: NDArray[np.int64]
    runs: NDArray[np.int64]
    action_streams: NDArray[np.uint64]
    environment_streams: NDArray[np.uint64]
    q: NDArray[np.float64]
    output: TrainingOutput


@inlined
def begin_run(batch: Batch, lanes: Lanes, lane: np.uint64, index: int, tick: np.uint64) -> None:
    """Put a run into a lane."""
    run = batch.runs[index]
    agent = batch.learners.current[batch.learner_of[index]]
    lanes.run_of[lane], lanes.episode_of[lane] = index, 0
    width = len(batch.world.actions)
    if LARGE:
        number = np.uint64(run) if lanes.in_place else lane
        lanes.words[BASE + slot_of(lane)] = number * (np.uint64(batch.q.shape[1]) << lanes.shift)
    if not (LARGE and lanes.in_place and is_zero(agent.initial_value)):
        fill_tables(lanes, lane, batch.q.shape[1] // width, agent.initial_value)
    slot = slot_of(lane)
    lanes.words[NEXT + slot] = _ZERO  # no step has terminated
    for i in range(4):
        word = np.uint64(i * WIDTH) + slot
        lanes.words[STREAM + word] = batch.action_streams[run, i]
        lanes.words[ENVIRONMENT + word] = batch.environment_streams[run, i]
    follow(batch, lanes, lane)
    begin_episode(batch, lanes, lane, tick)


@inlined
def is_zero(value: float) -> bool:
    """Say whether a value is what memory is full of that was not written yet: no -0.0."""
    return bool(value == 0.0 and math.copysign(1.0, value) > 0.0)


@inlined
def fill_tables(lanes: Lanes, lane: np.uint64, num_states: int, initial_value: float) -> None:
    """Let the tables of a lane begin: custom algorithms have further ones, which begin with 0."""
    width = len(lanes.actions)
    for state in range(num_states):
        first = first_place(lanes, lane, np.uint64(state * width))
        for column in range(len(lanes.columns)):
            place = first + np.uint64(column)
            further = CUSTOM and column >= width
            lanes.q[place] = 0.0 if further else initial_value
            if GENERAL:
                forget(lanes, place)


@inlined
def forget(lanes: Lanes, place: np.uint64) -> None:
    """Set counts to 0."""
    if lanes.asked.alpha_by_visits:
        lanes.updates[place] = 0.0
    if lanes.asked.epsilon_by_visits:
        lanes.draws[place] = 0.0


@inlined
def follow(batch: Batch, lanes: Lanes, lane: np.uint64) -> None:
    """Bring a lane's hyperparameters up to its episode."""
    learners, learner = batch.learners, batch.learner_of[lanes.run_of[lane]]
    agent = agent_in(batch, lanes, lane)
    count = learners.values.shape[1]
    first = (np.int64(lane) // WIDTH) * count * WIDTH + np.int64(lane) % WIDTH
    for field in range(count):
        lanes.agents[np.uint64(first + field * WIDTH)] = learners.values[learner, field]
    set_draws(lanes, lane, agent)


@inlined
def set_draws(lanes: Lanes, lane: np.uint64, agent: Any) -> None:
    """Write down what a lane's draws of actions need of epsilon."""
    constants = draw_constants(agent.epsilon, len(lanes.actions))
    slot, numbers = slot_of(lane), lanes.numbers
    numbers[SHARE + slot], numbers[REST + slot] = constants.share, constants.rest
    numbers[SCALE + slot], numbers[OFFSET + slot] = constants.scale, constants.offset
    numbers[MARGIN + slot] = constants.margin


@inlined
def agent_in(batch: Batch, lanes: Lanes, lane: np.uint64) -> Any:
    """Give the hyperparameters of a lane's agent in its episode."""
    learners, learner = batch.learners, batch.learner_of[lanes.run_of[lane]]
    if learners.scheduled[learner]:
        reschedule(learners, learner, lanes.episode_of[lane])
    return learners.current[learner]


@inlined
def begin_episode(batch: Batch, lanes: Lanes, lane: np.uint64, tick: np.uint64) -> None:
    """Put a lane into a start state.

    Where a step terminated, its lane is in the first start state already, as `lanes.transitions`
    says. On-policy the first action is drawn here, for the last update may have changed which is
    the best: by the uniform drawn already where a step terminated, which had no use for it. A
    custom algorithm may have drawn another since then, so none is drawn in advance for it.
    """
    world, slot = batch.world, slot_of(lane)
    terminated = lanes.words[NEXT + slot] & _ONE == _ONE
    if batch.learners.scheduled[batch.learner_of[lanes.run_of[lane]]]:
        follow(batch, lanes, lane)
    k = draw_in_lane(lanes.words, ENVIRONMENT + slot) if STOCHASTIC else _ZERO
    if ON_POLICY or not terminated or len(world.start_states) > 1:
        row = find_start(world, k)
        lanes.words[ROW + slot], lanes.words[AHEAD + slot] = row, row_place(lanes, lane, row)
        if CUSTOM:
            lanes.words[STATE + slot] = row // np.uint64(len(lanes.actions))
        elif not GENERAL:
            lanes.numbers[GREEDY + slot] = greedy_at(lanes, first_place(lanes, lane, row)) + 0.5
    lanes.numbers[RETURN + slot] = 0.0
    lanes.words[BEGIN + slot] = tick
    lanes.words[DEADLINE + slot] = tick + np.uint64(world.max_steps)
    if ON_POLICY:
        if CUSTOM or not terminated:
            k = draw_in_lane(lanes.words, STREAM + slot)
            lanes.numbers[UNIFORM + slot] = np.float64(np.int64(k))
        set_pair(lanes, lane, row, first_action(batch, lanes, lane, row))


@inlined
def first_action(batch: Batch, lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Draw the first action of an episode, on-policy."""
    if GENERAL:
        count_draw(batch, lanes, lane, first_place(lanes, lane, row))
    return draw_exactly(batch, lanes, lane, row)


@inlined
def count_draw(batch: Batch, lanes: Lanes, lane: np.uint64, first: np.uint64) -> None:
    """Count a draw in a lane's state, on which epsilon may depend."""
    power = agent_in(batch, lanes, lane).epsilon_power
    if lanes.asked.epsilon_by_visits and power > 0.0:
        lanes.draws[first] += 1.0
        epsilon, slot = visited(power, lanes.draws[first]), slot_of(lane)
        lanes.numbers[SHARE + slot] = epsilon / len(lanes.actions)
        lanes.numbers[REST + slot] = 1.0 - epsilon


@inlined
def draw_exactly(batch: Batch, lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Find the action that a lane's uniform draws in a state, as `Generator.choice` does."""
    slot, probabilities, values = slot_of(lane), lanes.probabilities, lanes.values
    share, rest = lanes.numbers[SHARE + slot], lanes.numbers[REST + slot]
    first = first_place(lanes, lane, row)
    for action in range(len(values)):
        values[action] = acting_value(lanes, first + np.uint64(action))
    agent = agent_in(batch, lanes, lane)
    greedy, _ = first_greedy(values, _ZERO, lanes.actions)
    fill_policy(values, _ZERO, greedy, share, rest, agent, probabilities, lanes.actions)
    return draw_as_choice(np.uint64(lanes.numbers[UNIFORM + slot]), probabilities)


@inlined
def acting_value(lanes: Lanes, place: np.uint64) -> float:
    """Give the value that an agent acts on: the only one, or the mean of two tables."""
    value: float = lanes.q[place]
    if not CUSTOM and len(lanes.columns) > len(lanes.actions):
        value = mean(value, lanes.q[place + np.uint64(len(lanes.actions))])
    return value


@inlined
def set_pair(lanes: Lanes, lane: np.uint64, row: np.uint64, action: np.uint64) -> None:
    """Write down what a lane's state and action are the indices of."""
    slot = slot_of(lane)
    lanes.words[ACTION + slot] = action
    lanes.words[PAIR + slot] = row_place(lanes, lane, row) + action
    lanes.words[OUTCOME + slot] = (row + action) << lanes.outcome_shift


@inlined
def row_place(lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Find where the Q-values of a lane's state stand, as vectors count it: see `rows`."""
    place = row << lanes.shift
    return place + lanes.words[BASE + slot_of(lane)] if LARGE else place


@inlined
def first_place(lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Find where the Q-values of a lane's state stand."""
    return row_place(lanes, lane, row) + lane * np.uint64(len(lanes.apart))


@inlined
def retire(lanes: Lanes, lane: np.uint64) -> None:
    """Let a lane go on without a run: where tables are large, in a table that is nobody's."""
    if LARGE:
        lanes.words[BASE + slot_of(lane)] = lanes.spare
        lanes.words[AHEAD + slot_of(lane)] = lanes.spare
        set_pair(lanes, lane, _ZERO, _ZERO)


@inlined
def greedy_at(lanes: Lanes, first: np.uint64) -> int:
    """Find the first of the best actions of a lane's state."""
    best, greedy = acting_value(lanes, first), 0
    for action in range(1, len(lanes.actions)):
        value = acting_value(lanes, first + np.uint64(action))
        greedy = action if value > best else greedy
        best = value if value > best else best
    return greedy


@inlined
def end_episode(batch: Batch, lanes: Lanes, lane: np.uint64, tick: np.uint64) -> bool:
    """Write down the episode of a lane; say whether the run goes on."""
    output, run, slot = batch.output, batch.runs[lanes.run_of[lane]], slot_of(lane)
    episode = lanes.episode_of[lane]
    output.returns[run, episode] = lanes.numbers[RETURN + slot]
    output.lengths[run, episode] = tick - lanes.words[BEGIN + slot]
    output.truncated[run, episode] = lanes.words[NEXT + slot] & _ONE == _ZERO
    lanes.episode_of[lane] = episode + 1
    return bool(episode + 1 < output.returns.shape[1])


@inlined
def end_run(batch: Batch, lanes: Lanes, lane: np.uint64) -> None:
    """Write down what the run of a lane has learned."""
    run, width = batch.runs[lanes.run_of[lane]], len(batch.world.actions)
    result = batch.q[min(run, len(batch.q) - 1)]
    if not (LARGE and lanes.in_place):
        for state in range(len(result) // width):
            first = first_place(lanes, lane, np.uint64(state * width))
            for action in range(width):
                value = acting_value(lanes, first + np.uint64(action))
                result[np.uint64(state * width + action)] = value
    batch.output.diverged[run] = has_diverged(result, batch.output.returns[run])
    batch.output.finished[run] = True
