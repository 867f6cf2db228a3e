"""Maps of grid worlds."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastq.errors import InputError
from fastq.mdp import FiniteMDP
from fastq.plot.style import new_axes, write_cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def policy_map(mdp: FiniteMDP, q: ArrayLike, ax: "Axes | None" = None) -> "Axes":
    """Draw the greedy policy as arrows, over the greatest Q-value of each cell.

    Walls and cliffs are hatched.

    Parameters
    ----------
    mdp : FiniteMDP
        One whose `layout` says where its states lie on a grid.
    q : array, shape (S, A)
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where the MDP is no grid world, or `q` has another shape.
    """
    if mdp.layout is None:
        raise InputError(f"mdp {mdp.name!r} has no layout: must be a grid world")
    table = np.asarray(q, dtype=np.float64)
    if table.shape != (mdp.num_states, mdp.num_actions):
        expected = (mdp.num_states, mdp.num_actions)
        raise InputError(f"q has shape {table.shape}: must be {expected}")
    ax = ax or new_axes()
    rows, columns = mdp.layout.shape
    closed = [*mdp.layout.walls, *mdp.layout.cliff]
    values = table.max(axis=1)
    values[closed] = np.nan
    values = values.reshape(rows, columns)
    image = ax.imshow(values, cmap="cividis")
    ax.patch.set(facecolor="white", edgecolor="grey", hatch="////")
    ax.figure.colorbar(image, ax=ax, label="greatest Q-value", shrink=0.7)
    write_cells(ax, values, ".1f", down=0.34, size=6)
    moves = np.array(mdp.layout.moves)[table.argmax(axis=1)]
    moves[[mdp.layout.goal, *closed]] = 0
    _draw_arrows(ax, moves, columns)
    for state, mark in ((mdp.layout.start, "S"), (mdp.layout.goal, "G")):
        row, column = divmod(state, columns)
        box = {"boxstyle": "circle,pad=0.15", "facecolor": "white"}
        ax.text(column - 0.32, row - 0.3, mark, ha="center", va="center", bbox=box, fontsize=6)
    ax.set_xticks(range(columns))
    if mdp.layout.wind:
        ax.set_xticklabels([str(wind) for wind in mdp.layout.wind])
    ax.set_yticks(range(rows))
    ax.set_xlabel("wind of the column" if mdp.layout.wind else "column")
    ax.set_ylabel("row")
    return ax


def _draw_arrows(ax: "Axes", moves: NDArray[np.int64], columns: int) -> None:
    """Draw each state's move as an arrow of one length; none where it stays."""
    states = np.flatnonzero(moves.any(axis=1))
    row, column = np.divmod(states, columns)
    down, right = (moves[states] / np.hypot(*moves[states].T)[:, None]).T
    ax.quiver(
        column,
        row - 0.12,
        right,
        -down,
        pivot="mid",
        scale=2,
        scale_units="x",
        width=0.007,
        color="white",
        edgecolor="black",
        linewidth=0.5,
    )
