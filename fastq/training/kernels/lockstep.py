"""The loop in lock-step: many runs side by side, each in its lane, as if it were alone.

A single run waits most of the time. It waits for the Q-values on which its next action depends, and
for branches that the processor predicted wrongly: a learning agent is hard to predict. In lock-step
all lanes take a step, then all take the next, by the same instructions without a branch. While one
lane waits, others compute. A lane whose run is done takes the next one.

This file is a template, as `loop` is: `build` binds the names of `POINTS`. `lane_step` says what
most of them mean.
"""

import numpy as np
from numpy.typing import NDArray

from fastq.base.intrinsics import lowest_bit
from fastq.base.jit import inlined
from fastq.base.references import by_reference
from fastq.training.kernels.lane_episodes import (
    Batch,
    begin_episode,
    begin_run,
    draw_exactly,
    end_episode,
    end_run,
    retire,
    set_pair,
)
from fastq.training.kernels.lane_step import (
    CUSTOM,
    ON_POLICY,
    draw_actions,
    draw_outcomes,
    learn,
    look_ahead,
    take_steps,
)
from fastq.training.kernels.lanes import (
    DEADLINE,
    NEVER,
    NEXT,
    NEXT_ACTION,
    ROW,
    Lanes,
    slot_of,
)
from fastq.training.kernels.layout import GENERAL, STOCHASTIC, Learners, World
from fastq.training.kernels.loop import TrainingOutput

POINTS: tuple[str, ...] = (
    "ahead",
    "greatest",
    "value_at",
    "policy_at",
    "probability_of",
    "num_actions_of",
    "both",
    "drawn_best",
    "learning_column",
    "ON_POLICY",
    "STOCHASTIC",
    "GENERAL",
    "CAREFUL",
    "LARGE",
    "CUSTOM",
)
"""The binding points of this template: all names that `build` may bind."""

_ZERO, _ONE = np.uint64(0), np.uint64(1)


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
    limit = np.uint64(batch.world.max_steps)
    busy, waiting, tick = _ZERO, 0, _ZERO
    for i in range(len(lanes.run_of)):
        retire(lanes, np.uint64(i))
    for i in range(min(len(lanes.run_of), len(batch.runs))):
        begin_run(batch, lanes, np.uint64(i), waiting, tick)
        busy |= _ONE << np.uint64(i)
        waiting += 1
    earliest = limit
    while busy:
        if not ON_POLICY:
            draw_in_all(batch, lanes, busy)
        if STOCHASTIC:
            draw_outcomes(lanes)
        ended = take_steps(lanes)
        tick += _ONE
        if tick >= earliest:
            late, earliest = find_late(lanes, busy, tick)
            earliest, ended = min(earliest, tick + limit), ended | late
        ended &= busy
        if ON_POLICY:
            if not (GENERAL or CUSTOM):
                look_ahead(lanes)
            draw_in_all(batch, lanes, busy)
        learn(lanes, batch.learners.current)
        lost = busy & lanes.faults[0] if CUSTOM else _ZERO
        lanes.faults[0] = _ZERO
        ended |= lost
        while ended:
            lane = lowest_bit(ended)
            ended &= ended - _ONE
            if goes_on(batch, lanes, lane, tick, lost):
                begin_episode(batch, lanes, lane, tick)
            elif waiting < len(batch.runs):
                begin_run(batch, lanes, lane, waiting, tick)
                waiting += 1
            else:
                busy ^= _ONE << lane
                retire(lanes, lane)


@inlined
def goes_on(batch: Batch, lanes: Lanes, lane: np.uint64, tick: np.uint64, lost: np.uint64) -> bool:
    """Write down what has ended in a lane, and say whether its run goes on.

    Of a lost run, in which a custom rule failed, nothing is written.
    """
    if (lost >> lane) & _ONE == _ONE:
        return False
    if end_episode(batch, lanes, lane, tick):
        return True
    end_run(batch, lanes, lane)
    return False


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
def draw_in_all(batch: Batch, lanes: Lanes, busy: np.uint64) -> None:
    """Draw an action in each lane: of the state that it is in or, on-policy, that it comes to."""
    uncertain = busy & draw_actions(lanes, batch.learners.current)
    if not CUSTOM:
        draw_exactly_in(batch, lanes, uncertain)


@inlined
def draw_exactly_in(batch: Batch, lanes: Lanes, uncertain: np.uint64) -> None:
    """Draw again, step by step, the actions of some lanes."""
    while uncertain:
        lane = lowest_bit(uncertain)
        uncertain &= uncertain - _ONE
        slot = slot_of(lane)
        if ON_POLICY:
            row = lanes.words[NEXT + slot] >> _ONE
            lanes.words[NEXT_ACTION + slot] = draw_exactly(batch, lanes, lane, row)
        else:
            row = lanes.words[ROW + slot]
            set_pair(lanes, lane, row, draw_exactly(batch, lanes, lane, row))
