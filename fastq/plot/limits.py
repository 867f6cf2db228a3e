"""The axis of estimates: where it ends, its scale, and what its label says of both.

The estimates always lie within the axis. A band may reach beyond it: where a few bounds lie far
off, as those of two or three runs do, an axis that held them all would flatten the curves. The
label then says that the band reaches beyond.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fastq.plot.figures import LETTER, large, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAR, _ROOM = 4, 1.5
"""In half widths of the typical band: from where on a bound is far off, and what is left of it."""
_LOG_ROOM = 1.3


def frame(
    ax: "Axes",
    table: pd.DataFrame,
    label: str,
    *,
    runs: ArrayLike = (),
    also: ArrayLike = (),
    log: bool = False,
) -> None:
    """Bound the y-axis by the estimates and the bounds near them, and label it.

    Parameters
    ----------
    ax : Axes
        With all curves drawn.
    table : DataFrame
        estimate, lower, upper.
    label : str
        What is estimated.
    runs : array, optional
        Values of single runs that are drawn too; all but the outermost hundredths are shown.
    also : array, optional
        Values that must lie within the axis.
    log : bool
        Whether the axis is logarithmic, in both directions from 1 where signs are mixed.
    """
    estimate, low, high, single = map(_finite, (*(table[name] for name in _NAMES), runs))
    inner = np.quantile(single, [0.01, 0.99]) if len(single) else single
    shown = np.concatenate([estimate, inner, _finite(also)])
    words = []
    if len(shown):
        bottom, top = float(shown.min()), float(shown.max())
        if log:
            words.append(_log_scale(ax, bottom, top))
        else:
            _cut(ax, (bottom, top), _half_width(table), np.concatenate([low, high, single]))
        words += _beyond(ax, {"band": np.append(low, high), "runs": single})
    ax.set_ylabel(_with_words(label, words, points(ax)[1] / (LETTER * large(ax))))


_NAMES = ("estimate", "lower", "upper")


def log_label(label: str) -> str:
    """Say in a label that the scale is logarithmic."""
    return f"{label} (log scale)"


def _finite(values: Any) -> NDArray[np.float64]:
    """Take the values that are finite."""
    numbers = np.asarray(values, dtype=np.float64).ravel()
    return numbers[np.isfinite(numbers)]


def _half_width(table: pd.DataFrame) -> float:
    """Give the median half width of the band, 0 where there is none."""
    estimate = table["estimate"].to_numpy(dtype=np.float64)
    halves = _finite([estimate - table["lower"], table["upper"] - estimate])
    return float(np.median(halves)) if len(halves) else 0.0


def _cut(ax: "Axes", shown: tuple[float, float], half: float, bounds: NDArray[np.float64]) -> None:
    """Cut a linear axis where bounds lie far off what must be shown."""
    bottom, top = shown
    far, room = max(top - bottom, _FAR * half), max(0.1 * (top - bottom), _ROOM * half)
    if not far or not len(bounds):
        return
    if bounds.min() < bottom - far:
        ax.set_ylim(bottom=bottom - room)
    if bounds.max() > top + far:
        ax.set_ylim(top=top + room)


def _log_scale(ax: "Axes", bottom: float, top: float) -> str:
    """Make the axis logarithmic, bounded by what must be shown with some room; name the scale."""
    from matplotlib.ticker import ScalarFormatter, SymmetricalLogLocator

    ax.set_yscale("symlog", linthresh=1)
    ax.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1, subs=[1, 2, 5]))
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.set_ylim(
        bottom * _LOG_ROOM if bottom < 0 else bottom / _LOG_ROOM,
        top / _LOG_ROOM if top < 0 else top * _LOG_ROOM,
    )
    return "symmetric log scale" if bottom < 0 < top else "log scale"


def _beyond(ax: "Axes", drawn: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Say what reaches beyond the axis."""
    bottom, top = sorted(ax.get_ylim())
    found = [
        name
        for name, values in drawn.items()
        if len(values) and (values.min() < bottom or values.max() > top)
    ]
    reaches = "reaches" if found == ["band"] else "reach"
    return [f"{' and '.join(found)} {reaches} beyond"] if found else []


def _with_words(label: str, words: list[str], letters: float) -> str:
    """Add words to a label; in a line of their own where one line has not the room."""
    if not words:
        return label
    added = f"({', '.join(words)})"
    return f"{label}{' ' if len(f'{label} {added}') < letters else chr(10)}{added}"
