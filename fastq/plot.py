"""Pictures of finished tables; no statistics are computed here.

Each function draws on the `Axes` that it is given, or on those of a new figure, and returns them.
The colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; line styles
change where the colours run out.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fastq.errors import InputError
from fastq.mdp import FiniteMDP
from fastq.reference import EpisodeStats
from fastq.validation import choose

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_STYLES = ("-", "--", ":", "-.")
_CURVE_COLUMNS = ("episode", "estimate", "lower", "upper", "runs")
_INTERVALS = {"t": "t interval", "bootstrap": "bootstrap interval"}
_METRICS = {"return": "return", "length": "length (steps)"}


def learning_curves(curves: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over runs of each configuration against episodes, with its band.

    Parameters
    ----------
    curves : DataFrame
        From `Results.curves`, or some of its rows.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where columns are missing, or there are no rows.
    """
    _check_columns(curves, _CURVE_COLUMNS)
    ax = ax or _new_axes()
    names = [name for name in curves.columns if name not in _CURVE_COLUMNS]
    groups = curves.groupby(names, sort=False, dropna=False) if names else [((), curves)]
    for i, (values, curve) in enumerate(groups):
        colour = PALETTE[i % len(PALETTE)]
        style = _STYLES[i // len(PALETTE) % len(_STYLES)]
        label = ", ".join(
            _text(value) if name == "agent" else f"{name} = {_text(value)}"
            for name, value in zip(names, values, strict=True)
            if not _is_empty(value)
        )
        ax.plot(curve["episode"], curve["estimate"], color=colour, linestyle=style, label=label)
        ax.fill_between(
            curve["episode"], curve["lower"], curve["upper"], color=colour, alpha=0.25, linewidth=0
        )
    window = curves.attrs.get("window", 1)
    ax.set_xlabel("episode" if window == 1 else f"episode (means over {window} episodes)")
    ax.set_ylabel(_METRICS.get(curves.attrs.get("metric", ""), "estimate"))
    ax.legend(title=_band_title(curves), fontsize="small", title_fontsize="small")
    return ax


def _text(value: Any) -> str:
    """Write a hyperparameter: a number, or a word."""
    return value if isinstance(value, str) else f"{value:g}"


def _is_empty(value: Any) -> bool:
    """Say whether an agent lacks a hyperparameter that others have."""
    return bool(value == "" or pd.isna(value))


def _band_title(curves: pd.DataFrame) -> str:
    """Name the interval and the number of runs."""
    few, most = curves["runs"].min(), curves["runs"].max()
    runs = f"{most} run{'s' if most > 1 else ''}" if few == most else f"{few} to {most} runs"
    if curves["lower"].isna().all():
        return f"mean of {runs}; no interval"
    interval = _INTERVALS.get(curves.attrs.get("interval", ""), "interval")
    percent = f"{curves.attrs['level'] * 100:g} % " if "level" in curves.attrs else ""
    return f"mean of {runs}, {percent}{interval}"


def heatmap(
    summary: pd.DataFrame,
    x: str,
    y: str | None = None,
    value: str = "estimate",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a column of a summary over two hyperparameters.

    Where the grid has more of them, a cell shows the greatest value over the others.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`.
    x, y : str
        Hyperparameters; without `y` there is one row of cells.
    value : str
        The column to show.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Where one of the columns is missing.
    """
    _check_columns(summary, [name for name in (x, y, value) if name])
    ax = ax or _new_axes()
    keys = [x] if y is None else [y, x]
    table = summary.assign(**{name: _in_order(summary[name]) for name in keys})
    best = table.groupby(keys, observed=True)[value].max()
    cells = (
        best.to_frame().T
        if y is None
        else best.reset_index().pivot_table(value, y, x, observed=True)
    )
    image = ax.imshow(cells.to_numpy(), cmap="cividis", aspect="auto", origin="lower")
    ax.set_xticks(range(cells.shape[1]), [_text(value) for value in cells.columns])
    ax.set_yticks(range(cells.shape[0]), [_text(value) for value in cells.index] if y else [""])
    ax.set_xlabel(x)
    ax.set_ylabel(y or "")
    _write_cells(ax, cells.to_numpy())
    metric = _METRICS.get(summary.attrs.get("metric", ""))
    label = f"mean {metric}" if value == "estimate" and metric else value
    others = summary.duplicated(keys).any()
    ax.figure.colorbar(image, ax=ax, label=label + (", best over the others" if others else ""))
    return ax


def _in_order(column: pd.Series) -> Any:
    """Let words stand in the order in which they come, and numbers in their own."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    return pd.Categorical(column, categories=column.unique(), ordered=True)


def _write_cells(
    ax: "Axes", cells: NDArray[np.float64], form: str = ".4g", down: float = 0, size: float = 8
) -> None:
    """Write each cell's value into it, light on dark and dark on light."""
    middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
    for (row, column), cell in np.ndenumerate(cells):
        if np.isfinite(cell):
            style: dict[str, Any] = {"color": "white" if cell < middle else "black", "size": size}
            ax.text(column, row + down, f"{cell:{form}}", ha="center", va="center", **style)


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
    ax = ax or _new_axes()
    rows, columns = mdp.layout.shape
    closed = [*mdp.layout.walls, *mdp.layout.cliff]
    values = table.max(axis=1)
    values[closed] = np.nan
    values = values.reshape(rows, columns)
    image = ax.imshow(values, cmap="cividis")
    ax.patch.set(facecolor="white", edgecolor="grey", hatch="////")
    ax.figure.colorbar(image, ax=ax, label="greatest Q-value", shrink=0.7)
    _write_cells(ax, values, ".1f", down=0.34, size=6)
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


def episode_stats(
    stats: Any, smoothing_window: int = 10, axes: "Sequence[Axes] | None" = None
) -> "NDArray[Any]":
    """Draw the tutorial's three pictures of one run.

    They are the length of the episodes over time, their return over time, smoothed by a rolling
    mean, and the episodes finished against time steps.

    Parameters
    ----------
    stats : Training or EpisodeStats
        Of one run: from `fastq.train`, or from `fastq.reference.q_learning`.
    smoothing_window : int
        Episodes of the rolling mean, at least 1.
    axes : sequence of three Axes, optional

    Returns
    -------
    array of Axes, shape (3,)

    Raises
    ------
    InputError
        Where there is more than one run, or the window or the axes do not fit.
    """
    lengths, returns = _one_run(stats)
    if smoothing_window < 1:
        raise InputError(f"smoothing_window = {smoothing_window}: must be an integer >= 1")
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")[1]
    if len(axes) != 3:
        raise InputError(f"axes: {len(axes)} of them: must be 3")
    over_time, smoothed, against_steps = axes
    episodes = np.arange(len(lengths))
    over_time.plot(episodes, lengths, color=PALETTE[0], linewidth=1)
    over_time.set(xlabel="episode", ylabel="length (steps)", title="Episode length over time")
    rolling = pd.Series(returns).rolling(smoothing_window, min_periods=smoothing_window).mean()
    smoothed.plot(episodes, rolling, color=PALETTE[0], linewidth=1)
    smoothed.set(
        xlabel="episode",
        ylabel="return",
        title=f"Return over time, mean of {smoothing_window} episodes",
    )
    against_steps.plot(np.cumsum(lengths), episodes + 1, color=PALETTE[0])
    against_steps.set(
        xlabel="time step", ylabel="episodes finished", title="Episodes against time steps"
    )
    return np.asarray(axes, dtype=object)


def _one_run(stats: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Take lengths and returns from what the kernel or the reference gives for one run."""
    if isinstance(stats, EpisodeStats):
        return stats.episode_lengths, stats.episode_rewards
    if stats.lengths.ndim != 1:
        runs = len(stats.lengths)
        raise InputError(f"stats holds {runs} runs: must be one run, as fastq.train gives it")
    return stats.lengths, stats.returns


def _check_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise `InputError` unless a table has rows, and columns of these names."""
    if table.empty:
        raise InputError("the table has no rows: there is nothing to draw")
    for name in names:
        choose("column", name, list(table.columns))


def _new_axes() -> "Axes":
    """Make a figure with one Axes."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 4.2), layout="constrained")[1]
