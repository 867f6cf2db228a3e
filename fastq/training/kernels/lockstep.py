"""The loop in lock-step: many runs side by side, each in its lane, as if it were alone.

A single run waits most of the time. It waits for the Q-values on which its next action depends, and
for branches that the processor predicted wrongly: a learning agent is hard to predict. In lock-step
all lanes take a step, then all take the next, by the same instructions without a branch. While one
lane waits, others compute. A lane whose run is done takes the next one.

This file is a template, as `loop` is: `build` binds the names of `POINTS`. `lane_step` says what
most of them mean.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.intrinsics import lowest_bit
from fastq.base.jit import inlined
from fastq.base.references import by_reference
from fastq.training.kernels.lane_step import (
    LARGE,
    ON_POLICY,
    draw_actions,
    draw_outcomes,
    learn,
    learn_on_policy,
    look_ahead,
    take_steps,
)
from fastq.training.kernels.lanes import (
    ACTION,
    BEGIN,
    DEADLINE,
    ENVIRONMENT,
    GREEDY,
    MARGIN,
    NEVER,
    NEXT,
    OFFSET,
    OUTCOME,
    PAIR,
    REST,
    RETURN,
    ROW,
    SCALE,
    SHARE,
    STREAM,
    UNIFORM,
    Lanes,
    draw_in_lane,
    slot_of,
)
from fastq.training.kernels.layout import STOCHASTIC, Learners, World
from fastq.training.kernels.loop import TrainingOutput
from fastq.training.kernels.policy import draw_as_choice, draw_constants
from fastq.training.kernels.scalars import find_start, has_diverged, reschedule
from fastq.training.kernels.vectors import WIDTH

POINTS: tuple[str, ...] = (
    "ahead",
    "greatest",
    "value_at",
    "policy_at",
    "probability_of",
    "num_actions_of",
    "ON_POLICY",
    "STOCHASTIC",
    "LARGE",
)
"""The binding points of this template: all names that `build` may bind."""

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


def learn_lanes(
    world: World,
    learners: Learners,
    learner_of: NDArray[np.int64],
    runs: NDArray[np.int64],
    action_streams: NDArray[np.uint64],
    environment_streams: NDArray[np.uint64],
    q: NDArray[np.float64],
    lanes: Lanes,
    output: TrainingOutput,
) -> None:
    """Train some of N runs from scratch; the parameters are those of `loop.learn_batch`."""
    batch = Batch(
        by_reference(world),
        by_reference(learners),
        learner_of,
        runs,
        action_streams,
        environment_streams,
        q,
        by_reference(output),
    )
    learn_all(by_reference(batch), by_reference(lanes))


@inlined
def learn_all(batch: Batch, lanes: Lanes) -> None:
    """Train the runs of a batch, each in a lane, until none is left."""
    records, limit = batch.learners.current, np.uint64(batch.world.max_steps)
    busy, waiting, tick = _ZERO, 0, _ZERO
    num_lanes = np.int64(lanes.groups) * WIDTH
    for i in range(min(num_lanes, len(batch.runs))):
        begin_run(batch, lanes, np.uint64(i), waiting, tick)
        busy |= _ONE << np.uint64(i)
        waiting += 1
    earliest = limit
    while busy:
        if not ON_POLICY:
            draw_exactly_in(lanes, busy & draw_actions(lanes))
        if STOCHASTIC:
            draw_outcomes(lanes)
        ended = take_steps(lanes)
        tick += _ONE
        if tick >= earliest:
            late, earliest = find_late(lanes, busy, tick)
            earliest, ended = min(earliest, tick + limit), ended | late
        ended &= busy
        if ON_POLICY:
            look_ahead(lanes)
            draw_exactly_in(lanes, busy & draw_actions(lanes))
            learn_on_policy(lanes, records)
        else:
            learn(lanes, records)
        while ended:
            lane = lowest_bit(ended)
            ended &= ended - _ONE
            if end_episode(batch, lanes, lane, tick):
                begin_episode(batch, lanes, lane, tick)
            else:
                end_run(batch, lanes, lane)
                if waiting < len(batch.runs):
                    begin_run(batch, lanes, lane, waiting, tick)
                    waiting += 1
                else:
                    busy ^= _ONE << lane


@inlined
def find_late(lanes: Lanes, busy: np.uint64, tick: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Find the lanes whose episode has come to its time limit, and when the next one does."""
    late, earliest = _ZERO, NEVER
    while busy:
        lane = lowest_bit(busy)
        busy &= busy - _ONE
        deadline = lanes.words[DEADLINE + slot_of(lane)]
        if deadline <= tick:
            late |= _ONE << lane
        else:
            earliest = min(earliest, deadline)
    return late, earliest


@inlined
def draw_exactly_in(lanes: Lanes, uncertain: np.uint64) -> None:
    """Draw again, step by step, the actions of some lanes."""
    while uncertain:
        lane = lowest_bit(uncertain)
        uncertain &= uncertain - _ONE
        slot = slot_of(lane)
        row = lanes.words[NEXT + slot] >> _ONE if ON_POLICY else lanes.words[ROW + slot]
        draw_exactly(lanes, lane, row)


@inlined
def draw_exactly(lanes: Lanes, lane: np.uint64, row: np.uint64) -> None:
    """Find the action that a lane's uniform draws in a state, as `Generator.choice` does."""
    slot, probabilities = slot_of(lane), lanes.probabilities
    probabilities[:] = lanes.numbers[SHARE + slot]
    probabilities[np.uint64(lanes.numbers[GREEDY + slot])] += lanes.numbers[REST + slot]
    action = draw_as_choice(np.uint64(lanes.numbers[UNIFORM + slot]), probabilities)
    lanes.words[ACTION + slot] = action
    if not ON_POLICY:
        set_pair(lanes, lane, row, action)


@inlined
def set_pair(lanes: Lanes, lane: np.uint64, row: np.uint64, action: np.uint64) -> None:
    """Write down what a lane's state and action are the indices of."""
    slot = slot_of(lane)
    lanes.words[PAIR + slot] = (row << lanes.shift) + action
    lanes.words[OUTCOME + slot] = (row + action) << lanes.outcome_shift


@inlined
def first_place(lanes: Lanes, lane: np.uint64, row: np.uint64) -> np.uint64:
    """Find where the Q-values of a lane's state stand."""
    return (row << lanes.shift) + lane * np.uint64(len(lanes.columns))


@inlined
def begin_run(batch: Batch, lanes: Lanes, lane: np.uint64, index: int, tick: np.uint64) -> None:
    """Put a run into a lane."""
    run = batch.runs[index]
    agent = batch.learners.current[batch.learner_of[index]]
    lanes.run_of[lane], lanes.episode_of[lane] = index, 0
    width = len(batch.world.actions)
    for state in range(batch.q.shape[1] // width):
        first = first_place(lanes, lane, np.uint64(state * width))
        for column in range(len(lanes.columns)):
            lanes.q[first + np.uint64(column)] = agent.initial_value
    slot = slot_of(lane)
    for i in range(4):
        word = np.uint64(i * WIDTH) + slot
        lanes.words[STREAM + word] = batch.action_streams[run, i]
        lanes.words[ENVIRONMENT + word] = batch.environment_streams[run, i]
    follow(batch, lanes, lane)
    begin_episode(batch, lanes, lane, tick)


@inlined
def follow(batch: Batch, lanes: Lanes, lane: np.uint64) -> None:
    """Bring a lane's hyperparameters up to its episode."""
    learners, learner = batch.learners, batch.learner_of[lanes.run_of[lane]]
    if learners.scheduled[learner]:
        reschedule(learners, learner, lanes.episode_of[lane])
    count = learners.values.shape[1]
    first = (np.int64(lane) // WIDTH) * count * WIDTH + np.int64(lane) % WIDTH
    for field in range(count):
        lanes.agents[np.uint64(first + field * WIDTH)] = learners.values[learner, field]
    epsilon = learners.current[learner].epsilon
    constants = draw_constants(epsilon, len(batch.world.actions))
    slot, numbers = slot_of(lane), lanes.numbers
    numbers[SHARE + slot], numbers[REST + slot] = constants.share, constants.rest
    numbers[SCALE + slot], numbers[OFFSET + slot] = constants.scale, constants.offset
    numbers[MARGIN + slot] = constants.margin


@inlined
def begin_episode(batch: Batch, lanes: Lanes, lane: np.uint64, tick: np.uint64) -> None:
    """Put a lane into a start state.

    Where a step terminated, its lane is in the first start state already, as `lanes.transitions`
    says. On-policy the first action is drawn here, for the last update may have changed which is
    the best: by the uniform drawn already where a step terminated, which had no use for it.
    """
    world, slot = batch.world, slot_of(lane)
    terminated = lanes.words[NEXT + slot] & _ONE == _ONE
    if batch.learners.scheduled[batch.learner_of[lanes.run_of[lane]]]:
        follow(batch, lanes, lane)
    k = draw_in_lane(lanes.words, ENVIRONMENT + slot) if STOCHASTIC else _ZERO
    if ON_POLICY or not terminated or len(world.start_states) > 1:
        row = find_start(world, k)
        lanes.words[ROW + slot] = row
        lanes.numbers[GREEDY + slot] = greedy_at(lanes, first_place(lanes, lane, row)) + 0.5
    lanes.numbers[RETURN + slot] = 0.0
    lanes.words[BEGIN + slot] = tick
    lanes.words[DEADLINE + slot] = tick + np.uint64(world.max_steps)
    if ON_POLICY:
        if not terminated:
            k = draw_in_lane(lanes.words, STREAM + slot)
            lanes.numbers[UNIFORM + slot] = np.float64(np.int64(k))
        draw_exactly(lanes, lane, row)
        set_pair(lanes, lane, row, lanes.words[ACTION + slot])


@inlined
def greedy_at(lanes: Lanes, first: np.uint64) -> int:
    """Find the first of the best actions of a lane's state."""
    best, greedy = lanes.q[first], 0
    for action in range(1, len(lanes.probabilities)):
        value = lanes.q[first + np.uint64(action)]
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
    for state in range(len(result) // width):
        first = first_place(lanes, lane, np.uint64(state * width))
        for action in range(width):
            result[np.uint64(state * width + action)] = lanes.q[first + np.uint64(action)]
    batch.output.diverged[run] = has_diverged(result, batch.output.returns[run])
    batch.output.finished[run] = True
    lanes.words[NEXT + slot_of(lane)] = _ZERO
