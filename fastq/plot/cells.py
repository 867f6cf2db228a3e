"""Cells of an image, with their values written into them."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastq.plot.figures import LETTER, figure_of, large, points, small

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage

_LEAST = 4.5
_FILLED = 0.72
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def draw_cells(ax: "Axes", cells: NDArray[np.float64], label: str, **how: Any) -> "AxesImage":
    """Draw cells with a bar of colours; those that are not finite stay blank."""
    finite = np.where(np.isfinite(cells), cells, np.nan)
    image = ax.imshow(finite, **{"cmap": "cividis", **how})
    if not np.isfinite(finite).any():
        image.set_clim(0, 1)
    width, height = points(ax)
    square = ax.get_aspect() != "auto"
    shrink = min(1, width * cells.shape[0] / cells.shape[1] / height) if square else 1
    bar = figure_of(ax).colorbar(image, ax=ax, shrink=shrink)
    letters = int(shrink * height / (LETTER * large(ax)))
    bar.set_label("\n".join(textwrap.wrap(label, max(20, letters))), size=large(ax))
    bar.ax.tick_params(labelsize=small(ax))
    return image


def write_cells(
    ax: "Axes",
    image: "AxesImage",
    form: str = ".4g",
    down: float = 0,
    size: float = 8,
    *,
    uncoloured: NDArray[np.float64] | None = None,
) -> None:
    """Write each cell's value into it, light on dark and dark on light, where there is room.

    Values of cells without a colour are NaN where there are none.
    """
    coloured = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
    blank = ~np.isfinite(coloured)
    cells = coloured if uncoloured is None else np.where(blank, uncoloured, coloured)
    indices = np.argwhere(np.isfinite(cells))
    texts = [f"{cells[row, column]:{form}}" for row, column in indices]
    longest = max(map(len, texts), default=1)
    across, along = points(ax) / np.array(cells.shape)[::-1]
    if ax.get_aspect() != "auto":
        across = along = min(across, along)
    size = min(size, _FILLED * across / (LETTER * longest), 0.6 * along)
    if size < _LEAST:
        return
    light = np.where(blank, 1.0, image.to_rgba(coloured)[..., :3] @ _LUMINANCE)
    for (row, column), text in zip(indices, texts, strict=True):
        color = "black" if light[row, column] > 0.46 else "white"
        ax.text(column, row + down, text, ha="center", va="center", color=color, size=size)


def name_cells(ax: "Axes", axis: "Axis", texts: Sequence[str]) -> None:
    """Write names along an axis: all where there is room, else evenly spaced ones."""
    size = large(ax)
    across, along = points(ax)
    if axis is ax.xaxis:
        room = across / (size * LETTER * (max(map(len, texts)) + 1))
    else:
        room = along / (1.2 * size)
    every = max(1, int(np.ceil(len(texts) / room)))
    shown = range(0, len(texts), every)
    axis.set_ticks(shown, [texts[i] for i in shown])
