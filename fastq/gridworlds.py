"""Builders of the named grid worlds, as `FiniteMDP`.

Windy Gridworld (Sutton & Barto, 2nd edition, example 6.5): 7 rows and 10 columns, start (3, 0),
goal (3, 7), reward -1 a step. A wind blows upward by the column that the move starts from; move
and wind add up, and the sum is clipped to the grid once. Exercise 6.9 allows king's moves, and a
ninth action that stays; in exercise 6.10 the wind, where there is any, is a third of the time one
less than given, as given, or one more.
"""

from itertools import product

import numpy as np

from fastq.errors import InputError
from fastq.mdp import FiniteMDP, GridLayout
from fastq.validation import choose, shorten

_FOUR = ((-1, 0), (0, 1), (1, 0), (0, -1))
_DIAGONALS = ((-1, 1), (1, 1), (1, -1), (-1, -1))

MOVES: dict[str, tuple[tuple[int, int], ...]] = {
    "four": _FOUR,
    "king": _FOUR + _DIAGONALS,
    "king+stay": (*_FOUR, *_DIAGONALS, (0, 0)),
}
"""Rows and columns that each action moves by: up, right, down, left; then the diagonals
up-right, down-right, down-left, up-left; then staying."""

_WIND = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)
_SHAPE = (7, 10)
_START = (3, 0)
_GOAL = (3, 7)


def windy_gridworld(*, moves: str = "four", stochastic_wind: bool = False) -> FiniteMDP:
    """Build Windy Gridworld, or one of its variants.

    Parameters
    ----------
    moves : {"four", "king", "king+stay"}
        The actions: see `MOVES`.
    stochastic_wind : bool
        Whether the wind varies by one, where it is not 0.

    Returns
    -------
    FiniteMDP
        70 states, row * 10 + column; 4, 8 or 9 actions.

    Raises
    ------
    InputError
        For other moves or winds.
    """
    choose("moves", moves, MOVES)
    if not isinstance(stochastic_wind, bool):
        raise InputError(f"stochastic_wind = {shorten(stochastic_wind)}: must be True or False")
    rows, columns = _SHAPE
    steps = MOVES[moves]
    gusts = (-1, 0, 1) if stochastic_wind else (0,)
    shape = (rows * columns, len(steps), len(gusts))
    next_state = np.zeros(shape, dtype=np.int32)
    probability = np.zeros(shape)
    for row, column, action in product(range(rows), range(columns), range(len(steps))):
        state = row * columns + column
        wind = _WIND[column]
        for i, gust in enumerate(gusts if wind else (0,)):
            landed = _clip(row + steps[action][0] - wind - gust, column + steps[action][1])
            next_state[state, action, i] = landed
            probability[state, action, i] = 1 / len(gusts) if wind else 1.0
    start = np.zeros(rows * columns)
    start[_state(*_START)] = 1.0
    return FiniteMDP(
        next_state=next_state,
        reward=np.full(shape, -1.0),
        probability=probability,
        terminated=next_state == _state(*_GOAL),
        start=start,
        name="fastq/WindyGridworld-v0",
        layout=GridLayout(_SHAPE, steps, _state(*_START), _state(*_GOAL), _WIND),
    )


def _state(row: int, column: int) -> int:
    """Give a cell its number."""
    return row * _SHAPE[1] + column


def _clip(row: int, column: int) -> int:
    """Give the number of the nearest cell of the grid."""
    return _state(min(max(row, 0), _SHAPE[0] - 1), min(max(column, 0), _SHAPE[1] - 1))
