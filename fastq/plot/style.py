"""What all pictures share: colours, words, and what is asked of a table.

The colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; line styles
change where the colours run out.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq.errors import InputError
from fastq.validation import choose

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
STYLES = ("-", "--", ":", "-.")
METRICS = {"return": "return", "length": "length (steps)"}


def check_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise `InputError` unless a table has rows, and columns of these names."""
    if table.empty:
        raise InputError("the table has no rows: there is nothing to draw")
    for name in names:
        choose("column", name, list(table.columns))


def new_axes() -> "Axes":
    """Make a figure with one Axes."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(7, 4.2), layout="constrained")[1]


def text_of(value: Any) -> str:
    """Write a hyperparameter: a number, or a word."""
    return value if isinstance(value, str) else f"{value:g}"


def is_empty(value: Any) -> bool:
    """Say whether an agent lacks a hyperparameter that others have."""
    return bool(value == "" or pd.isna(value))


def write_cells(
    ax: "Axes", cells: NDArray[np.float64], form: str = ".4g", down: float = 0, size: float = 8
) -> None:
    """Write each cell's value into it, light on dark and dark on light."""
    middle = (np.nanmin(cells) + np.nanmax(cells)) / 2
    for (row, column), cell in np.ndenumerate(cells):
        if np.isfinite(cell):
            style: dict[str, Any] = {"color": "white" if cell < middle else "black", "size": size}
            ax.text(column, row + down, f"{cell:{form}}", ha="center", va="center", **style)
