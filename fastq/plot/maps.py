"""Maps of grid worlds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastq.base.errors import InputError
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.mdp.grid_layout import GridLayout
from fastq.plot.cells import draw_cells, name_cells, write_cells
from fastq.plot.figures import legend_below, new_axes
from fastq.plot.limits import log_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 100


def policy_map(
    mdp: FiniteMDP, q: ArrayLike, ax: "Axes | None" = None, *, initial: ArrayLike | None = None
) -> "Axes":
    """Draw the greedy policy as arrows, over the greatest Q-value of each cell.

    Walls and cliffs are hatched. Grey are cells about which nothing was learned, as no run visited
    them, and those that are undecided, as all actions have the same value: they have no arrow.

    Parameters
    ----------
    mdp : FiniteMDP
        One whose `layout` says where its states lie on a grid.
    q : array, shape (S, A)
        Where a state's greatest is not finite, the cell is blank.
    ax : Axes, optional
    initial : float or array of shape (S, A), optional
        What the Q-values were before training: the agent's `initial_value`. States that still have
        it are those never visited. Without it, they are among the undecided ones.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where the MDP is no grid world, or `q` or `initial` has another shape.
    """
    layout, table = _check(mdp, "q", q, (mdp.num_states, mdp.num_actions))
    values = table.max(axis=1)
    closed = [layout.goal, *layout.walls, *layout.cliff]
    unseen = _as_before(table, initial)
    even = (table == table[:, :1]).all(axis=1) & (mdp.num_actions > 1) & ~unseen
    even &= np.isfinite(values)
    unseen[closed] = even[closed] = False
    shown = np.where(unseen, np.nan, values)
    ax = _draw_map(layout, shown, "greatest Q-value", ax, down=0.34, grey=even)
    _mark_grey(ax, layout, {"never visited": unseen, "undecided: all actions equal": even})
    moves = np.array(layout.moves)[table.argmax(axis=1)]
    moves[closed] = 0
    moves[~np.isfinite(values) | unseen | even] = 0
    _draw_arrows(ax, moves, layout.shape[1])
    return ax


def value_map(mdp: FiniteMDP, values: ArrayLike, ax: "Axes | None" = None) -> "Axes":
    """Draw a value of each cell, as of `fastq.planning.value_iteration`.

    Walls and cliffs are hatched.

    Parameters
    ----------
    mdp : FiniteMDP
        One whose `layout` says where its states lie on a grid.
    values : array, shape (S,)
        Where one is not finite, the cell is blank.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where the MDP is no grid world, or `values` has another shape.
    """
    layout, table = _check(mdp, "values", values, (mdp.num_states,))
    return _draw_map(layout, table, "value", ax)


def visit_map(mdp: FiniteMDP, visits: ArrayLike, ax: "Axes | None" = None) -> "Axes":
    """Draw how often each cell is visited: white where never, the darker the more often.

    Where the most is over 100 times the least that is not 0, the colours are logarithmic. Walls
    and cliffs are hatched.

    Parameters
    ----------
    mdp : FiniteMDP
        One whose `layout` says where its states lie on a grid.
    visits : array, shape (S,)
        Counts, or expected visits in an episode: finite and not negative.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where the MDP is no grid world, or `visits` has another shape or other numbers.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    layout, table = _check(mdp, "visits", visits, (mdp.num_states,))
    bad = np.flatnonzero(~(np.isfinite(table) & (table >= 0)))
    if len(bad):
        raise InputError(f"visits[{bad[0]}] = {table[bad[0]]:g}: must be a finite number >= 0")
    some = table[table > 0]
    low, high = (some.min(), some.max()) if len(some) else (0.0, 1.0)
    wide = high > _WIDE * low > 0
    # From a clear blue, so that a cell that is hardly visited is no white one.
    colours = LinearSegmentedColormap.from_list("visits", ["#C6DBEF", "#4292C6", "#08306B"])
    norm = LogNorm(low, high) if wide else Normalize(0, high)
    shown = np.where(table > 0, table, np.nan)
    label = log_label("visits") if wide else "visits"
    return _draw_map(layout, shown, label, ax, form=".3g", cmap=colours, norm=norm)


def _check(
    mdp: FiniteMDP, field: str, values: ArrayLike, shape: tuple[int, ...]
) -> tuple[GridLayout, NDArray[np.float64]]:
    """Give a grid world's layout, and what is to be drawn of it as an array of that shape."""
    if mdp.layout is None:
        raise InputError(f"mdp {mdp.name!r} has no layout: must be a grid world")
    table = np.asarray(values, dtype=np.float64)
    if table.shape != shape:
        raise InputError(f"{field} has shape {table.shape}: must be {shape}")
    return mdp.layout, table


def _draw_map(
    layout: GridLayout,
    values: NDArray[np.float64],
    label: str,
    ax: "Axes | None",
    *,
    form: str = "",
    down: float = 0.08,
    grey: NDArray[np.bool_] | None = None,
    **how: Any,
) -> "Axes":
    """Draw values of states as colours and numbers, with the marks of all maps.

    Those that will be grey are written, and have no part in the colours.
    """
    ax = ax or new_axes()
    rows, columns = layout.shape
    closed = [*layout.walls, *layout.cliff]
    cells = values.copy()
    cells[closed] = np.nan
    coloured = cells if grey is None else np.where(grey, np.nan, cells)
    image = draw_cells(ax, coloured.reshape(rows, columns), label, **how)
    form = form or f".{_decimals(cells)}f"
    write_cells(ax, image, form, down, size=7, uncoloured=cells.reshape(rows, columns))
    _draw_marks(ax, layout, closed)
    name_cells(ax, ax.xaxis, [str(text) for text in layout.wind or range(columns)])
    name_cells(ax, ax.yaxis, [str(row) for row in range(rows)])
    ax.set_xlabel("wind of the column" if layout.wind else "column")
    ax.set_ylabel("row")
    return ax


def _decimals(cells: NDArray[np.float64]) -> int:
    """Choose the decimals in which values that span so much are told apart."""
    finite = cells[np.isfinite(cells)]
    span = np.ptp(finite) if len(finite) else 0
    return 2 if 0 < span < 2 else 1 if span < 200 else 0


def _as_before(table: NDArray[np.float64], initial: ArrayLike | None) -> NDArray[np.bool_]:
    """Say which rows of Q-values are as they were before training."""
    if initial is None:
        return np.zeros(len(table), dtype=np.bool_)
    before = np.asarray(initial, dtype=np.float64)
    if before.shape not in ((), table.shape):
        raise InputError(
            f"initial has shape {before.shape}: must be a number, or of shape {table.shape}"
        )
    return np.asarray((table == before).all(axis=1))


def _mark_grey(ax: "Axes", layout: GridLayout, marked: Mapping[str, NDArray[np.bool_]]) -> None:
    """Make cells grey, those of the first kind with dots, and say below what they are."""
    from matplotlib.patches import Patch

    legend = []
    for (name, states), hatch in zip(marked.items(), ("....", ""), strict=True):
        how: dict[str, Any] = {"facecolor": "#D4D4D4", "edgecolor": "#8C8C8C", "hatch": hatch}
        for state in np.flatnonzero(states).tolist():
            _fill(ax, layout, state, **how)
        if states.any():
            legend.append(Patch(linewidth=0, label=name, **how))
    if legend:
        legend_below(ax, legend)


def _fill(ax: "Axes", layout: GridLayout, state: int, **how: Any) -> None:
    """Fill the cell of a state."""
    from matplotlib.patches import Rectangle

    row, column = divmod(state, layout.shape[1])
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, linewidth=0, **how))


def _draw_marks(ax: "Axes", layout: GridLayout, closed: list[int]) -> None:
    """Hatch what no one stands on, and mark start and goal."""
    for state in closed:
        _fill(ax, layout, state, facecolor="white", edgecolor="grey", hatch="////")
    for state, mark in ((layout.start, "S"), (layout.goal, "G")):
        row, column = divmod(state, layout.shape[1])
        box = {"boxstyle": "circle,pad=0.15", "facecolor": "white"}
        ax.text(column - 0.32, row - 0.3, mark, ha="center", va="center", bbox=box, fontsize=6)


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
