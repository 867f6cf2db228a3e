"""Cells of an image, with what they are worth written into them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastq.plot.figures import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage

_WIDTH, _LEAST = 0.62, 3.5
_CENTRE = 0.72
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def draw_cells(ax: "Axes", cells: NDArray[np.float64], label: str, **how: Any) -> "AxesImage":
    """Draw cells with a bar of colours; those that are not finite stay blank."""
    finite = np.where(np.isfinite(cells), cells, np.nan)
    image = ax.imshow(finite, **{"cmap": "cividis", **how})
    if not np.isfinite(finite).any():
        image.set_clim(0, 1)
    bar = figure_of(ax).colorbar(image, ax=ax)
    size = ax.xaxis.label.get_fontsize()
    bar.set_label(label, size=size)
    bar.ax.tick_params(labelsize=_CENTRE * size)
    return image


def write_cells(
    ax: "Axes", image: "AxesImage", form: str = ".4g", down: float = 0, size: float = 8
) -> None:
    """Write each cell's value into it, light on dark and dark on light, where there is room."""
    cells = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
    places = np.argwhere(np.isfinite(cells))
    texts = [f"{cells[row, column]:{form}}" for row, column in places]
    longest = max(map(len, texts), default=1)
    across, along = _points(ax) / np.array(cells.shape)[::-1]
    size = min(size, _CENTRE * across / (_WIDTH * longest), 0.6 * along)
    if size < _LEAST:
        return
    light = image.to_rgba(cells)[..., :3] @ _LUMINANCE
    for (row, column), text in zip(places, texts, strict=True):
        color = "black" if light[row, column] > 0.4 else "white"
        ax.text(column, row + down, text, ha="center", va="center", color=color, size=size)


def name_cells(ax: "Axes", axis: "Axis", texts: Sequence[str]) -> None:
    """Write names along an axis: all where there is room, else evenly spaced ones."""
    size = ax.xaxis.label.get_fontsize()
    across, along = _points(ax)
    if axis is ax.xaxis:
        room = across / (size * _WIDTH * (max(map(len, texts)) + 1))
    else:
        room = along / (1.2 * size)
    every = max(1, int(np.ceil(len(texts) / room)))
    places = range(0, len(texts), every)
    axis.set_ticks(places, [texts[place] for place in places])


def _points(ax: "Axes") -> NDArray[np.float64]:
    """Give the width and the height of an Axes in points, before its labels take their part."""
    return np.array([ax.bbox.width, ax.bbox.height]) * 72 / figure_of(ax).dpi
