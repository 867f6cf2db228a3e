"""A tick: one step in every lane, by stages without branches.

Each stage goes through the groups of lanes. Stages are short on purpose: then a processor, which
looks some hundreds of instructions ahead, has work of many lanes in sight.

This file is part of the template of `lockstep`; its names have Q-learning's values here. `ahead`
gives the value of the next state, `learning_column` says which column of a lane's tables learns.
``ON_POLICY`` is as in `loop`. ``STOCHASTIC`` and ``GENERAL`` say what a kernel knows, see `layout`;
``LARGE`` says that rows are asked for before they are read, ``CUSTOM`` that rules are custom, which
see states as plain numbers.
"""

from typing import Any

import numpy as np

from fastq.base.intrinsics import lowest_bit
from fastq.base.jit import inlined
from fastq.training.kernels.lane_agents import agents_of
from fastq.training.kernels.lane_values import (
    LaneRow,
    acting_of,
    columns_of,
    draw_by_weights,
    step_size,
)
from fastq.training.kernels.lanes import (
    ACTION,
    AHEAD,
    BASE,
    ENVIRONMENT,
    GREEDY,
    GROUP,
    MARGIN,
    NEXT,
    NEXT_ACTION,
    NEXT_STATE,
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
    draw_in_lane,
)
from fastq.training.kernels.layout import GENERAL
from fastq.training.kernels.policy import epsilon_greedy
from fastq.training.kernels.q_learning import ahead
from fastq.training.kernels.rows import (
    ask_pairs,
    ask_rows,
    element,
    numbers,
    pairs,
    places,
    put,
    put_element,
    shared,
    words,
)
from fastq.training.kernels.scalars import random_reward
from fastq.training.kernels.step import Transition
from fastq.training.kernels.turned import acting, best_of, with_changed
from fastq.training.kernels.values import moved, target_of
from fastq.training.kernels.vector_functions import (
    bits,
    numbers_of,
    off_whole,
    small_words,
    where,
    words_in,
)
from fastq.training.kernels.vectors import WIDTH

CUSTOM = False
LARGE = False
ON_POLICY = False

_STEP = 2.0**-53
_HALF_A_WORD, _LOWER = np.uint64(32), np.uint64(2**32 - 1)
_ZERO, _ONE, _WIDTH = np.uint64(0), np.uint64(1), np.uint64(WIDTH)


@inlined
def draw_actions(lanes: Lanes, records: Any) -> np.uint64:
    """Draw an action in each lane; return in which lanes it is uncertain, as bits."""
    memory, uncertain = lanes.words, _ZERO
    for group in range(lanes.groups):
        at = group * GROUP
        k = numbers_of(draw_in_group(memory, at + STREAM))
        put(memory, at + UNIFORM, k)
        if GENERAL:
            there, agent = row_ahead(lanes, group), agents_of(lanes.agents, records, group)
            place, near = draw_by_weights(there, agent, k * _STEP, draws_ahead(lanes, at))
        else:
            place = epsilon_greedy(
                k,
                numbers(memory, at + GREEDY),
                numbers(memory, at + SCALE),
                numbers(memory, at + OFFSET),
            )
            near = off_whole(place) <= numbers(memory, at + MARGIN)
        uncertain |= bits(near) << (group * _WIDTH)
        action = small_words(place)
        if ON_POLICY:
            put(memory, at + NEXT_ACTION, action)
        else:
            put(memory, at + ACTION, action)
            go_from(lanes, at, words(memory, at + ROW), action)
    return uncertain


@inlined
def draws_ahead(lanes: Lanes, at: np.uint64) -> Any:
    """Say how many draws in its state a lane's uniform is for: none where a step terminated."""
    ended = words(lanes.words, at + NEXT) & _ONE == _ONE
    return where(ended, 0.0, 1.0) if ON_POLICY else 1.0


@inlined
def go_from(lanes: Lanes, at: np.uint64, row: Any, action: Any) -> None:
    """Write down what the states and actions of a group's lanes are the indices of."""
    memory = lanes.words
    put(memory, at + PAIR, place_of(lanes, at, row) + action)
    put(memory, at + OUTCOME, (row + action) << lanes.outcome_shift)
    if LARGE:
        ask_pairs(lanes.transitions, places(memory, at + OUTCOME))


@inlined
def place_of(lanes: Lanes, at: np.uint64, row: Any) -> Any:
    """Find where the Q-values of a row of each lane of a group stand."""
    place = row << lanes.shift
    return place + words(lanes.words, at + BASE) if LARGE else place


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
        if CUSTOM:
            put(memory, at + NEXT_STATE, following >> _HALF_A_WORD)
        following = following & _LOWER
        ended |= bits((following & _ONE) == _ONE) << (group * _WIDTH)
        put(memory, at + NEXT, following)
        put(memory, at + AHEAD, place_of(lanes, at, following >> _ONE))
        if LARGE:
            ask_rows(lanes.q, places(memory, at + AHEAD), group * _WIDTH, lanes.apart)
        put(memory, at + REWARD, reward)
        if GENERAL:
            draw_rewards(lanes, at)
        put(memory, at + RETURN, numbers(memory, at + RETURN) + numbers(memory, at + REWARD))
    return ended


@inlined
def draw_rewards(lanes: Lanes, at: np.uint64) -> None:
    """Draw the rewards of a group that are random, each around its mean."""
    if lanes.random_rewards:
        random = bits(shared(lanes.reward_sd, places(lanes.words, at + OUTCOME), _ZERO) > 0.0)
        while random:
            slot = at + lowest_bit(random)
            random &= random - _ONE
            sd = lanes.reward_sd[lanes.words[OUTCOME + slot]]
            u = draw_in_lane(lanes.words, ENVIRONMENT + slot) * _STEP
            lanes.numbers[REWARD + slot] = random_reward(u, lanes.numbers[REWARD + slot], sd)


@inlined
def look_ahead(lanes: Lanes) -> None:
    """Find the greedy action of the state that each lane comes to."""
    for group in range(lanes.groups):
        best = best_of(acting_of(row_ahead(lanes, group)), ())
        put(lanes.words, group * GROUP + GREEDY, best)


@inlined
def learning_column(lanes: Lanes, at: np.uint64, action: Any) -> Any:
    """Give the column whose value learns: where a lane has one table, that of the action."""
    return action


@inlined
def learn(lanes: Lanes, records: Any) -> None:
    """Learn from a step in each lane, and go to the next state.

    Off-policy the greedy action there is found as well, while its row is at hand.
    """
    memory, q = lanes.words, lanes.q
    for group in range(lanes.groups):
        at, lane = group * GROUP, group * _WIDTH
        agent, step = agents_of(lanes.agents, records, group), step_in(lanes, at)
        column = learning_column(lanes, at, step.action)
        there, pair = row_ahead(lanes, group), places(memory, at + PAIR)
        target = target_of(step, agent, ahead(there, step, agent))
        alpha = step_size(there, agent, pair)
        value = moved(element(q, pair, lane, lanes.apart), alpha, target)
        if ON_POLICY:
            put(memory, at + ACTION, step.next_action)
            go_from(lanes, at, step.next_state, step.next_action)
        elif not GENERAL:
            stays = step.next_state == step.state
            seen = with_changed(columns_of(there), (stays, column, value))
            put(memory, at + GREEDY, best_of(acting(seen, lanes.actions), ()))
        put(memory, at + ROW, step.next_state)
        put_element(q, pair, lane, lanes.apart, value)


@inlined
def row_ahead(lanes: Lanes, group: Any) -> LaneRow:
    """Give the row of the next state of each lane of a group."""
    memory, at = lanes.words, group * GROUP
    return LaneRow(lanes, words(memory, at + AHEAD), places(memory, at + AHEAD), at, group * _WIDTH)


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
        words(memory, at + NEXT_ACTION) if ON_POLICY else action,
        (following & _ONE) == _ONE,
        0,
        0.0,
    )
