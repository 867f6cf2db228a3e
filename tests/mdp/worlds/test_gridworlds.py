"""The grid worlds against the book, against gymnasium, and against moves written apart."""

from collections import deque

import numpy as np
import pytest

import fastq
from fastq.mdp.grid_layout import as_text
from fastq.mdp.worlds.gridworlds import cliff_walking, dyna_maze
from tests.support.mdps import newest


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


def shortest(mdp):
    """Count the steps from the start to a transition that terminates with the best reward."""
    start = int(np.argmax(mdp.start))
    distance, queue = {start: 0}, deque([start])
    while queue:
        state = queue.popleft()
        for action in range(mdp.num_actions):
            following = int(mdp.next_state[state, action, 0])
            if mdp.terminated[state, action, 0] and following == mdp.layout.goal:
                return distance[state] + 1
            if not mdp.terminated[state, action, 0] and following not in distance:
                distance[following] = distance[state] + 1
                queue.append(following)
    return None


def test_cliff_walking_is_that_of_gymnasium():
    read = fastq.FiniteMDP.from_gymnasium(newest("CliffWalking"))
    assert cliff_walking().fingerprint == read.fingerprint
    assert cliff_walking(fall_ends=True).fingerprint != read.fingerprint


@pytest.mark.parametrize(
    ("state", "action", "back", "ends"),
    [
        (36, 1, (36, -100.0, False), (37, -100.0, True)),  # into the cliff at once
        (30, 2, (36, -100.0, False), (42, -100.0, True)),
        (35, 2, (47, -1.0, True), (47, -1.0, True)),  # into the goal from above
        (24, 0, (12, -1.0, False), (12, -1.0, False)),
        (0, 0, (0, -1.0, False), (0, -1.0, False)),
    ],
)
def test_cliff_walking_by_hand(state, action, back, ends):
    for mdp, expected in ((cliff_walking(), back), (cliff_walking(fall_ends=True), ends)):
        place = (state, action, 0)
        found = (mdp.next_state[place], mdp.reward[place], mdp.terminated[place])
        assert found == expected


def test_cliff_walking_takes_13_steps():
    for mdp in (cliff_walking(), cliff_walking(fall_ends=True)):
        assert shortest(mdp) == 13
        assert mdp.deterministic


def test_the_maze_of_the_book():
    mdp = dyna_maze()
    picture = as_text(mdp.layout, None)
    assert picture.splitlines() == [
        ". . . . . . . # G",
        ". . # . . . . # .",
        "S . # . . . . # .",
        ". . # . . . . . .",
        ". . . . . # . . .",
        ". . . . . . . . .",
    ]
    assert shortest(mdp) == 14
    assert mdp.reward.sum() == mdp.terminated.sum() == np.sum(mdp.next_state == 8)


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (19, 1, 19),  # the wall (2, 2) from the left
        (21, 3, 21),  # from the right
        (2, 2, 2),  # from above
        (38, 0, 29 + 9),  # from below
        (40, 1, 40),
        (17, 0, 8),  # into the goal
        (18, 3, 18),  # the border
        (53, 2, 53),
    ],
)
def test_moves_in_the_maze(state, action, expected):
    assert dyna_maze().next_state[state, action, 0] == expected


def test_no_one_enters_a_wall():
    mdp = dyna_maze()
    open_states = np.setdiff1d(np.arange(54), mdp.layout.walls)
    assert not np.isin(mdp.next_state[open_states], mdp.layout.walls).any()


def test_bad_switch():
    with pytest.raises(fastq.InputError, match="fall_ends = 1: must be True or False"):
        cliff_walking(fall_ends=1)
