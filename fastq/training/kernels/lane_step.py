"""A tick: one step in every lane, by stages without branches.

Each stage goes through the groups of lanes. Stages are short on purpose: then a processor, which
looks some hundreds of instructions ahead, has work of many lanes in sight.

This file is part of the template of `lockstep`; its names have Q-learning's values here. `ahead`
gives the value of the next state. ``ON_POLICY`` is as in `loop`. ``STOCHASTIC`` and ``GENERAL`` say
what a kernel knows, see `layout`; ``LARGE`` says that rows are asked for before they are read.
"""

from typing import Any

import numpy as np

from fastq.base.jit import inlined
from fastq.training.kernels.lane_agents import agents_of
from fastq.training.kernels.lanes import (
    ACTION,
    AHEAD,
    ENVIRONMENT,
    GREEDY,
    GROUP,
    MARGIN,
    NEXT,
    OFFSET,
    OUTCOME,
    PAIR,
    RETURN,
    REWARD,
    ROW,
    SCALE,
    STREAM,
    UNIFORM,
    Lanes,
    draw_in_group,
)
from fastq.training.kernels.lane_values import LaneRow, columns_of
from fastq.training.kernels.layout import STOCHASTIC
from fastq.training.kernels.policy import epsilon_greedy
from fastq.training.kernels.q_learning import ahead
from fastq.training.kernels.rows import (
    ask_pairs,
    ask_rows,
    best_column,
    element,
    numbers,
    pairs,
    places,
    put,
    put_element,
    shared,
    with_changed,
    words,
)
from fastq.training.kernels.step import Transition
from fastq.training.kernels.values import moved, target_of
from fastq.training.kernels.vectors import (
    WIDTH,
    bits,
    numbers_of,
    off_whole,
    small_words,
    where,
    words_in,
)

LARGE = False
ON_POLICY = False

_ZERO, _ONE, _WIDTH = np.uint64(0), np.uint64(1), np.uint64(WIDTH)


@inlined
def draw_actions(lanes: Lanes) -> np.uint64:
    """Draw an action in each lane; return in which lanes it is uncertain, as bits."""
    memory, uncertain = lanes.words, _ZERO
    for group in range(lanes.groups):
        at = group * GROUP
        k = numbers_of(draw_in_group(memory, at + STREAM))
        middle = epsilon_greedy(
            k,
            numbers(memory, at + GREEDY),
            numbers(memory, at + SCALE),
            numbers(memory, at + OFFSET),
        )
        action = small_words(middle)
        put(memory, at + UNIFORM, k)
        put(memory, at + ACTION, action)
        near = off_whole(middle) <= numbers(memory, at + MARGIN)
        uncertain |= bits(near) << (group * _WIDTH)
        row = words(memory, at + (AHEAD if ON_POLICY else ROW))
        if not ON_POLICY:
            put(memory, at + PAIR, (row << lanes.shift) + action)
            put(memory, at + OUTCOME, (row + action) << lanes.outcome_shift)
            if LARGE:
                ask_pairs(lanes.transitions, places(memory, at + OUTCOME))
    return uncertain


@inlined
def draw_outcomes(lanes: Lanes) -> None:
    """Draw one of the outcomes of the state and action of each lane, as `draw_outcome` does."""
    memory = lanes.words
    for group in range(lanes.groups):
        at = group * GROUP
        k = draw_in_group(memory, at + ENVIRONMENT)
        first = words(memory, at + OUTCOME)
        where_first = places(memory, at + OUTCOME)
        passed = k & _ZERO
        for index in range(lanes.num_outcomes):
            reached = words_in(shared(lanes.thresholds, where_first, np.uint64(index))) <= k
            passed = passed + where(reached, _ONE, _ZERO)
        passed = where(passed < lanes.num_outcomes, passed, _ZERO)
        put(memory, at + OUTCOME, first + passed)


@inlined
def take_steps(lanes: Lanes) -> np.uint64:
    """Find out what comes of each lane's action; return in which lanes it is a final state."""
    memory, ended = lanes.words, _ZERO
    for group in range(lanes.groups):
        at = group * GROUP
        packed, reward = pairs(lanes.transitions, places(memory, at + OUTCOME))
        following = words_in(packed)
        ended |= bits((following & _ONE) == _ONE) << (group * _WIDTH)
        put(memory, at + NEXT, following)
        put(memory, at + AHEAD, (following >> _ONE) << lanes.shift)
        if LARGE:
            ask_rows(lanes.q, places(memory, at + AHEAD), group * _WIDTH, lanes.columns)
        put(memory, at + REWARD, reward)
        put(memory, at + RETURN, numbers(memory, at + RETURN) + reward)
    return ended


@inlined
def learn(lanes: Lanes, records: Any) -> None:
    """Learn from a step in each lane, go to the next state, and find the greedy action there."""
    memory, q = lanes.words, lanes.q
    for group in range(lanes.groups):
        at, lane = group * GROUP, group * _WIDTH
        agent, step = agents_of(lanes.agents, records, group), step_in(lanes, at)
        there, pair = row_ahead(lanes, at, lane), places(memory, at + PAIR)
        target = target_of(step, agent, ahead(there, step, agent))
        value = moved(element(q, pair, lane, lanes.columns), agent.alpha, target)
        stays = step.next_state == step.state
        seen = with_changed(columns_of(there), stays, step.action, value)
        put(memory, at + GREEDY, best_column(seen))
        put(memory, at + ROW, step.next_state)
        put_element(q, pair, lane, lanes.columns, value)


@inlined
def look_ahead(lanes: Lanes) -> None:
    """Find the greedy action of the state that each lane comes to."""
    for group in range(lanes.groups):
        at = group * GROUP
        there = row_ahead(lanes, at, group * _WIDTH)
        put(lanes.words, at + GREEDY, best_column(columns_of(there)))


@inlined
def learn_on_policy(lanes: Lanes, records: Any) -> None:
    """Learn from a step in each lane and the action that comes next, and go to the next state."""
    memory, q = lanes.words, lanes.q
    for group in range(lanes.groups):
        at, lane = group * GROUP, group * _WIDTH
        agent, step = agents_of(lanes.agents, records, group), step_in(lanes, at)
        there, pair = row_ahead(lanes, at, lane), places(memory, at + PAIR)
        target = target_of(step, agent, ahead(there, step, agent))
        value = moved(element(q, pair, lane, lanes.columns), agent.alpha, target)
        put(memory, at + ROW, step.next_state)
        put(memory, at + PAIR, there.place + step.next_action)
        put(memory, at + OUTCOME, (step.next_state + step.next_action) << lanes.outcome_shift)
        put_element(q, pair, lane, lanes.columns, value)


@inlined
def row_ahead(lanes: Lanes, at: np.uint64, lane: np.uint64) -> LaneRow:
    """Give the row of the next state of each lane of a group."""
    memory = lanes.words
    return LaneRow(lanes, words(memory, at + AHEAD), places(memory, at + AHEAD), at, lane)


@inlined
def step_in(lanes: Lanes, at: np.uint64) -> Transition:
    """Give the step of each lane of a group, in vectors."""
    memory = lanes.words
    following, action = words(memory, at + NEXT), words(memory, at + ACTION)
    return Transition(
        words(memory, at + ROW),
        action,
        numbers(memory, at + REWARD),
        following >> _ONE,
        action,
        (following & _ONE) == _ONE,
        0,
        0.0,
    )
