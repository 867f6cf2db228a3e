"""Windy Gridworld against the book, and against a model written apart."""

from collections import deque

import numpy as np
import pytest

import fastq


def test_the_book_world():
    mdp = fastq.windy_gridworld()
    assert (mdp.num_states, mdp.num_actions, mdp.num_outcomes) == (70, 4, 1)
    assert np.flatnonzero(mdp.start).tolist() == [30]
    assert (mdp.reward == -1).all()
    assert set(mdp.next_state[mdp.terminated].tolist()) == {37}
    assert mdp.deterministic


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (30, 1, 31),  # no wind in the first columns
        (0, 0, 0),  # clipped above
        (60, 2, 60),  # clipped below
        (30, 3, 30),  # clipped at the left
        (33, 1, 24),  # the wind of the column that the move starts from
        (56, 0, 26),  # wind 2 and a move of 1
        (6, 2, 6),  # clipped once, after move and wind: down 1 and up 2 from row 0
        (39, 1, 39),
        (48, 3, 37),  # into the goal
    ],
)
def test_moves_by_hand(state, action, expected):
    assert fastq.windy_gridworld().next_state[state, action, 0] == expected


@pytest.mark.parametrize(("moves", "steps"), [("four", 15), ("king", 7), ("king+stay", 7)])
def test_shortest_paths(moves, steps):
    mdp = fastq.windy_gridworld(moves=moves)
    distance, queue = {30: 0}, deque([30])
    while queue:
        state = queue.popleft()
        for following in mdp.next_state[state, :, 0].tolist():
            if following not in distance:
                distance[following] = distance[state] + 1
                queue.append(following)
    assert distance[37] == steps


def test_stochastic_wind():
    mdp = fastq.windy_gridworld(moves="king", stochastic_wind=True)
    assert mdp.next_state.shape == (70, 8, 3)
    assert not mdp.deterministic
    # Row 3, column 3 has wind 1; moving right, the rows change by 0, 1 or 2 upward.
    assert mdp.next_state[33, 1].tolist() == [34, 24, 14]
    assert mdp.probability[33, 1].tolist() == [1 / 3] * 3
    assert mdp.probability[30, 1].tolist() == [1, 0, 0]


def test_bad_moves():
    with pytest.raises(fastq.InputError, match=r"moves = 'knight': must be one of four, king"):
        fastq.windy_gridworld(moves="knight")
    with pytest.raises(fastq.InputError, match="stochastic_wind = 'yes': must be True or False"):
        fastq.windy_gridworld(stochastic_wind="yes")
