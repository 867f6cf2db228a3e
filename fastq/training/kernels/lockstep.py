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
from fastq.training.kernels.lane_step import (
    NONE,
    NUM_TABLES,
    ON_POLICY,
    draw_outcomes,
    greedy_at,
    learn,
    look_ahead,
    store,
    tied_with,
)
from fastq.training.kernels.lanes import (
    ACTION,
    ALPHA,
    ENVIRONMENT,
    GAMMA,
    GREEDY,
    LANES,
    LENGTH,
    REST,
    RETURN,
    ROW,
    SHARE,
    STREAM,
    TABLE,
    TIED,
    TIES,
    TRANSITION,
    UNIFORM,
    Lanes,
    draw,
    draw_actions,
    set_epsilon,
)
from fastq.training.kernels.layout import RANDOM_TIES, STOCHASTIC, Learners, World
from fastq.training.kernels.loop import TrainingOutput
from fastq.training.kernels.policy import draw_as_choice
from fastq.training.kernels.scalars import find_start, has_diverged, mean, reschedule

POINTS: tuple[str, ...] = (
    "bootstrap",
    "learn",
    "greedy_at",
    "NUM_TABLES",
    "ON_POLICY",
    "STOCHASTIC",
    "RANDOM_TIES",
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
    batch = Batch(world, learners, learner_of, runs, action_streams, environment_streams, q, output)
    learn_all(batch, lanes)


@inlined
def learn_all(batch: Batch, lanes: Lanes) -> None:
    """Train the runs of a batch, each in a lane, until none is left."""
    words, numbers, world = lanes.words, lanes.numbers, batch.world
    busy, waiting = _ZERO, 0
    for i in range(min(LANES, len(batch.runs))):
        begin_run(batch, lanes, np.uint64(i), waiting)
        busy |= _ONE << np.uint64(i)
        waiting += 1
    while busy:
        if not ON_POLICY:
            draw_in_all(lanes, busy)
        if STOCHASTIC:
            draw_outcomes(words, world.cumulative, world.num_outcomes)
        if ON_POLICY:
            look_ahead(words, numbers, lanes.q, lanes.transitions, world.reward, world.actions)
            draw_in_all(lanes, busy)
        ended = busy & learn(
            words,
            numbers,
            lanes.q,
            lanes.transitions,
            world.reward,
            world.actions,
            world.max_steps,
        )
        store(words, numbers, lanes.q)
        while ended:
            lane = lowest_bit(ended)
            ended &= ended - _ONE
            if end_episode(batch, lanes, lane):
                begin_episode(batch, lanes, lane, words[TRANSITION + lane] & _ONE == _ONE)
            else:
                end_run(batch, lanes, lane)
                if waiting < len(batch.runs):
                    begin_run(batch, lanes, lane, waiting)
                    waiting += 1
                else:
                    busy ^= _ONE << lane


@inlined
def draw_in_all(lanes: Lanes, busy: np.uint64) -> None:
    """Draw an action in each lane: of the state that it is in or, on-policy, that it comes to."""
    words = lanes.words
    uncertain = busy & draw_actions(words, lanes.numbers)
    while uncertain:
        lane = lowest_bit(uncertain)
        row = words[TRANSITION + lane] >> _ONE if ON_POLICY else words[ROW + lane]
        draw_exactly(lanes, lane, row)
        uncertain &= uncertain - _ONE


@inlined
def draw_exactly(lanes: Lanes, lane: np.uint64, row: np.uint64) -> None:
    """Find the action that a lane's uniform draws, as `Generator.choice` does."""
    words, numbers, probabilities = lanes.words, lanes.numbers, lanes.probabilities
    greedy = words[GREEDY + lane]
    probabilities[:] = numbers[SHARE + lane]
    if RANDOM_TIES and words[TIED + lane]:
        at = words[TABLE + lane] + row
        best, count = lanes.q[at + greedy], 0
        for action in range(len(probabilities)):
            count += lanes.q[at + np.uint64(action)] == best
        for action in range(len(probabilities)):
            if lanes.q[at + np.uint64(action)] == best:
                probabilities[action] += numbers[REST + lane] / count
    else:
        probabilities[greedy] += numbers[REST + lane]
    words[ACTION + lane] = draw_as_choice(words[UNIFORM + lane], lanes.probabilities)


@inlined
def begin_run(batch: Batch, lanes: Lanes, lane: np.uint64, index: int) -> None:
    """Put a run into a lane."""
    run = batch.runs[index]
    agent = batch.learners.current[batch.learner_of[index]]
    lanes.run_of[lane], lanes.episode_of[lane] = index, 0
    first = np.int64(lanes.words[TABLE + lane])
    lanes.q[first : first + NUM_TABLES * batch.q.shape[1]] = agent.initial_value
    for i in range(4):
        word = np.uint64(i) * np.uint64(LANES) + lane
        lanes.words[STREAM + word] = batch.action_streams[run, i]
        lanes.words[ENVIRONMENT + word] = batch.environment_streams[run, i]
    follow(batch, lanes, lane)
    begin_episode(batch, lanes, lane, False)


@inlined
def follow(batch: Batch, lanes: Lanes, lane: np.uint64) -> None:
    """Bring a lane's hyperparameters up to its episode."""
    learners, learner = batch.learners, batch.learner_of[lanes.run_of[lane]]
    if learners.scheduled[learner]:
        reschedule(learners, learner, lanes.episode_of[lane])
    agent = learners.current[learner]
    lanes.numbers[ALPHA + lane] = agent.alpha
    lanes.numbers[GAMMA + lane] = agent.gamma
    lanes.words[TIES + lane] = np.uint64(agent.ties)
    set_epsilon(lanes.numbers, lane, agent.epsilon, len(batch.world.actions))


@inlined
def begin_episode(batch: Batch, lanes: Lanes, lane: np.uint64, has_uniform: bool) -> None:
    """Put a lane into a start state.

    On-policy the first action is drawn here: by the uniform drawn already where the last step was
    a final one, which had no use for it.
    """
    words, world = lanes.words, batch.world
    if batch.learners.scheduled[batch.learner_of[lanes.run_of[lane]]]:
        follow(batch, lanes, lane)
    k = draw(words, ENVIRONMENT, lane) if STOCHASTIC else _ZERO
    row = find_start(world, k)
    at = words[TABLE + lane] + np.uint64(NUM_TABLES) * row
    words[ROW + lane] = row
    words[GREEDY + lane] = greedy_at(lanes.q, at, world.actions)
    if RANDOM_TIES:
        words[TIED + lane] = words[TIES + lane] & tied_with(lanes.q, at, NONE, 0.0, world.actions)
    lanes.numbers[RETURN + lane], words[LENGTH + lane] = 0.0, _ZERO
    if ON_POLICY:
        if not has_uniform:
            words[UNIFORM + lane] = draw(words, STREAM, lane)
        draw_exactly(lanes, lane, row)


@inlined
def end_episode(batch: Batch, lanes: Lanes, lane: np.uint64) -> bool:
    """Write down the episode of a lane; say whether the run goes on."""
    output, run = batch.output, batch.runs[lanes.run_of[lane]]
    episode = lanes.episode_of[lane]
    output.returns[run, episode] = lanes.numbers[RETURN + lane]
    output.lengths[run, episode] = lanes.words[LENGTH + lane]
    output.truncated[run, episode] = lanes.words[TRANSITION + lane] & _ONE == _ZERO
    lanes.episode_of[lane] = episode + 1
    return bool(episode + 1 < output.returns.shape[1])


@inlined
def end_run(batch: Batch, lanes: Lanes, lane: np.uint64) -> None:
    """Write down what the run of a lane has learned."""
    run, num_actions = batch.runs[lanes.run_of[lane]], len(batch.world.actions)
    learned, result = lanes.words[TABLE + lane], batch.q[min(run, len(batch.q) - 1)]
    for pair in range(len(result)):
        index = learned + np.uint64(pair)
        if NUM_TABLES == 1:
            result[pair] = lanes.q[index]
        else:
            index += np.uint64(pair // num_actions * num_actions)
            result[pair] = mean(lanes.q[index], lanes.q[index + np.uint64(num_actions)])
    batch.output.diverged[run] = has_diverged(result, batch.output.returns[run])
    batch.output.finished[run] = True
