"""Builders of the named grid worlds, as `FiniteMDP`.

States are cells, row * columns + column; actions go up, right, down, left. Each cell has its moves
as if one could stand on it, also the goal, the cliff and walls, where no episode goes on.

Windy Gridworld (Sutton & Barto, 2nd edition, example 6.5): 7 rows and 10 columns, start (3, 0),
goal (3, 7), reward -1 a step. A wind blows upward by the column that the move starts from; move
and wind add up, and the sum is clipped to the grid once. Exercise 6.9 allows king's moves, and a
ninth action that stays; in exercise 6.10 the wind, where there is any, is a third of the time one
less than given, as given, or one more.

Cliff Walking (example 6.6): 4 rows and 12 columns, start (3, 0), goal (3, 11), reward -1 a step;
a step into the cliff between them pays -100 and leads back to the start.

The Dyna maze (figure 8.2): 6 rows and 9 columns, start (2, 0), goal (0, 8); who bumps into a wall
stays; reward 1 on reaching the goal, else 0.
"""

import numpy as np
from numpy.typing import NDArray

from fastq.base.validation import choose, not_allowed
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.grid_layout import GridLayout

Moves = tuple[tuple[int, int], ...]

_FOUR: Moves = ((-1, 0), (0, 1), (1, 0), (0, -1))
_DIAGONALS: Moves = ((-1, 1), (1, 1), (1, -1), (-1, -1))

MOVES: dict[str, Moves] = {
    "four": _FOUR,
    "king": _FOUR + _DIAGONALS,
    "king+stay": (*_FOUR, *_DIAGONALS, (0, 0)),
}
"""Rows and columns that each action moves by: up, right, down, left; then the diagonals
up-right, down-right, down-left, up-left; then staying."""

_WIND = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)


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
    _check_switch("stochastic_wind", stochastic_wind)
    layout = GridLayout(shape=(7, 10), moves=MOVES[moves], start=30, goal=37, wind=_WIND)
    gusts = (-1, 0, 1) if stochastic_wind else (0,)
    next_state = np.stack([_landings(layout, gust) for gust in gusts], axis=2)
    probability = np.full(next_state.shape, 1 / len(gusts))
    calm = np.flatnonzero(np.tile(_WIND, 7) == 0)
    next_state[calm] = _landings(layout)[calm, :, None]
    probability[calm] = np.arange(len(gusts)) == 0
    return FiniteMDP(
        next_state=next_state,
        reward=np.full(next_state.shape, -1.0),
        probability=probability,
        terminated=next_state == layout.goal,
        start=_start(layout),
        name="fastq/WindyGridworld-v0",
        layout=layout,
    )


def cliff_walking(*, fall_ends: bool = False) -> FiniteMDP:
    """Build Cliff Walking.

    Parameters
    ----------
    fall_ends : bool
        Whether a step into the cliff ends the episode, in the cliff, in place of leading back to
        the start. It pays -100 either way.

    Returns
    -------
    FiniteMDP
        48 states, row * 12 + column; 4 actions.

    Raises
    ------
    InputError
        Where `fall_ends` is neither True nor False.
    """
    _check_switch("fall_ends", fall_ends)
    layout = GridLayout(shape=(4, 12), moves=_FOUR, start=36, goal=47, cliff=tuple(range(37, 47)))
    landing = _landings(layout)
    fallen = np.isin(landing, layout.cliff)
    return _certain(
        "fastq/CliffWalking-v0",
        layout,
        landing if fall_ends else np.where(fallen, layout.start, landing),
        reward=np.where(fallen, -100.0, -1.0),
        terminated=(landing == layout.goal) | (fallen & fall_ends),
    )


def dyna_maze() -> FiniteMDP:
    """Build the Dyna maze.

    Returns
    -------
    FiniteMDP
        54 states, row * 9 + column, of which 7 are walls; 4 actions.
    """
    layout = GridLayout(
        shape=(6, 9), moves=_FOUR, start=18, goal=8, walls=(7, 11, 16, 20, 25, 29, 41)
    )
    landing = _landings(layout)
    reached = landing == layout.goal
    return _certain(
        "fastq/DynaMaze-v0", layout, landing, reward=reached.astype(np.float64), terminated=reached
    )


def _landings(layout: GridLayout, gust: int = 0) -> NDArray[np.int32]:
    """Give the cell that each move from each cell ends in, shape (S, A).

    A gust adds to the wind. Moves are clipped to the grid; who would enter a wall stays.
    """
    rows, columns = layout.shape
    wind = np.tile(layout.wind or (0,) * columns, rows)
    row, column = np.divmod(np.arange(rows * columns), columns)
    down, right = np.array(layout.moves).T
    row = np.clip((row - wind - gust)[:, None] + down, 0, rows - 1)
    landing = row * columns + np.clip(column[:, None] + right, 0, columns - 1)
    here = np.arange(rows * columns)[:, None]
    return np.where(np.isin(landing, layout.walls), here, landing).astype(np.int32)


def _certain(
    name: str,
    layout: GridLayout,
    next_state: NDArray[np.int32],
    reward: NDArray[np.float64],
    terminated: NDArray[np.bool_],
) -> FiniteMDP:
    """Build a world without chance from tables of shape (S, A)."""
    return FiniteMDP(
        next_state=next_state[..., None],
        reward=reward[..., None],
        probability=np.ones((*next_state.shape, 1)),
        terminated=terminated[..., None],
        start=_start(layout),
        name=name,
        layout=layout,
    )


def _start(layout: GridLayout) -> NDArray[np.float64]:
    """Start each episode in the layout's start."""
    start = np.zeros(layout.shape[0] * layout.shape[1])
    start[layout.start] = 1.0
    return start


def _check_switch(field: str, value: object) -> None:
    """Raise `InputError` unless a switch is True or False."""
    if not isinstance(value, bool):
        raise not_allowed(field, value, "True or False")
