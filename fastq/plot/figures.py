"""Figures in the sizes of a paper, files of them, and legends that leave room for the curves."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastq.base.errors import InputError
from fastq.base.files import put

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZES = {1: (3.5, 2.6), 2: (7.2, 4.2)}
_POINTS = {1: 8, 2: 10}
_SMALL = 0.85
_FORMATS = ("svg", "pdf", "png")
# With no dates and no random names in it, the same picture gives the same file.
_METADATA = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
_RULES: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "fastq", "pdf.fonttype": 42}
_ENTRIES, _INSIDE = 20, 6
_DRAWINGS = 4
LETTER = 0.62
"""How wide a letter is, in sizes of letters, with some room."""


def new_axes(columns: int = 2) -> "Axes":
    """Make a figure with one Axes, as wide as one or two columns of a paper.

    Parameters
    ----------
    columns : {1, 2}
        1 for 3.5 x 2.6 inches with letters of 8 points, 2 for 7.2 x 4.2 inches with 10 points.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        For another number of columns.
    """
    import matplotlib.pyplot as plt

    if columns not in _SIZES:
        raise InputError(f"columns = {columns!r}: must be 1 or 2")
    points = _POINTS[columns]
    with plt.rc_context({"font.size": points, "axes.titlesize": points, "legend.fontsize": points}):
        ax = plt.subplots(figsize=_SIZES[columns], layout="constrained")[1]
        ax.tick_params(labelsize=points * _SMALL)
    return ax


def new_rows(rows: int) -> "Axes":
    """Make a figure of two columns' width, with room for so many named rows."""
    ax = new_axes()
    figure_of(ax).set_figheight(0.4 * rows + 1.8)
    return ax


def save(drawn: "Axes | Figure", path: str | Path) -> None:
    """Write a picture as SVG, PDF or PNG; the same picture always gives the same bytes.

    Parameters
    ----------
    drawn : Axes or Figure
        What a function of `fastq.plot` returned, or its figure.
    path : str or Path
        Ends in ``.svg`` (text stays text), ``.pdf`` or ``.png`` (300 dots per inch).

    Raises
    ------
    InputError
        For another ending, or where the file cannot be written.
    """
    import matplotlib as mpl

    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise InputError(f"path = {str(path)!r}: must end in .svg, .pdf or .png")
    figure = figure_of(drawn)
    buffer = io.BytesIO()
    with mpl.rc_context(_RULES), _settled(figure):
        figure.savefig(buffer, format=suffix, dpi=300, metadata=_METADATA[suffix])
    try:
        put(path, buffer.getvalue())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


@contextlib.contextmanager
def _settled(figure: "Figure") -> Iterator[None]:
    """Hold the layout still: each drawing moves it by ever less, down to rounding errors."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    for _ in range(_DRAWINGS):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        laid_out = ax.get_in_layout()
        ax.set_position(np.round(ax.get_position(original=True).bounds, 6).tolist())
        ax.set_in_layout(laid_out)  # which a set position puts an end to
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def figure_of(drawn: "Axes | Figure") -> "Figure":
    """Give the figure that all lies on."""
    figure = drawn.get_figure(root=True)
    if figure is None:
        raise InputError("the Axes were removed from their figure: there is nothing to draw on")
    return figure


def large(ax: "Axes") -> float:
    """Give the size of letters, in points, of an Axes' labels."""
    return float(ax.xaxis.label.get_fontsize())


def small(ax: "Axes") -> float:
    """Give the size of letters, in points, that are somewhat smaller than an Axes' labels."""
    return _SMALL * large(ax)


def points(ax: "Axes") -> tuple[float, float]:
    """Give the width and the height of an Axes in points, before its labels take their part."""
    scale = 72 / figure_of(ax).dpi
    return ax.bbox.width * scale, ax.bbox.height * scale


def add_legend(
    ax: "Axes", handles: "Sequence[Artist]", title: str = "", *, above: bool = False
) -> None:
    """Draw a legend: inside where it is short, else to the right, with at most 20 entries.

    Where it is inside, and to stand above all that is drawn, the y-axis is made longer.
    """
    from matplotlib.lines import Line2D

    named = [handle for handle in handles if not str(handle.get_label()).startswith("_")]
    shown = named[:_ENTRIES]
    if len(named) > _ENTRIES:
        more = f"... and {len(named) - _ENTRIES} more"
        shown.append(Line2D([], [], linestyle="none", label=more))
    outside = len(shown) > _INSIDE
    size = min(small(ax), 0.6 * figure_of(ax).get_figheight() * 72 / (len(shown) + 2))
    if above and not outside:
        _lengthen(ax, (len(shown) + 1) * 1.35 * size + 8)
    ax.legend(
        handles=shown,
        title=title.replace(", ", ",\n") if outside else title,
        loc="upper left" if outside else "upper right" if above else "best",
        bbox_to_anchor=(1.01, 1) if outside else None,
        borderaxespad=0 if outside else None,
        fontsize=size,
        title_fontsize=size,
        alignment="left",
        labelspacing=0.3,
        handlelength=3,
    )


def legend_below(ax: "Axes", handles: "Sequence[Artist]", **how: Any) -> None:
    """Draw a legend in one line, below the label of the x-axis."""
    from matplotlib.transforms import ScaledTranslation

    size = small(ax)
    below = ScaledTranslation(0, -(14 + 2.7 * size) / 72, figure_of(ax).dpi_scale_trans)
    ax.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1, 0),
        bbox_transform=ax.transAxes + below,
        ncols=len(handles),
        frameon=False,
        fontsize=size,
        borderpad=0,
        borderaxespad=0,
        **how,
    )


def _lengthen(ax: "Axes", room: float) -> None:
    """Leave so many points free at the top of an Axes."""
    share = min(0.6, room / points(ax)[1])
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, bottom + (top - bottom) / (1 - share))
