"""`GridLayout`: where the states of a grid world lie, as text and as an image."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fastq.base.errors import InputError
from fastq.base.validation import Count, Index, Number, Validated

_CELL = 24
_PAPER, _LINE, _GUST = (255, 255, 255), (200, 200, 200), (41, 25, 11)
_WALL, _CLIFF = (90, 90, 90), (213, 94, 0)
_START, _GOAL, _AGENT = (230, 159, 0), (0, 158, 115), (0, 114, 178)
_Colour = tuple[int, int, int]
_Whole = Annotated[int, Number, Field(description="an integer")]
RGB = NDArray[np.uint8]


class GridLayout(Validated):
    """How the states of a grid world lie: state = row * columns + column."""

    shape: tuple[Count, Count]
    """Rows and columns."""
    moves: tuple[tuple[_Whole, _Whole], ...]
    """For each action, the rows and columns it moves by."""
    start: Index
    goal: Index
    wind: tuple[_Whole, ...] = ()
    """For each column, the rows it blows upward by; empty where there is none."""
    walls: tuple[Index, ...] = ()
    """The states that no one can enter."""
    cliff: tuple[Index, ...] = ()
    """The states that one falls from."""

    def check(self) -> None:
        """Raise `InputError` where a state or a wind lies outside the grid."""
        rows, columns = self.shape
        for field in ("start", "goal", "walls", "cliff"):
            value = getattr(self, field)
            if max(value if isinstance(value, tuple) else (value,), default=0) >= rows * columns:
                allowed = f"states from 0 to {rows * columns - 1}"
                message = f"layout.{field} = {value}: must be {allowed}"
                raise InputError(message, field=f"layout.{field}", value=value, allowed=allowed)
        if len(self.wind) not in (0, columns):
            message = f"layout.wind = {self.wind}: must have {columns} numbers, or none"
            raise InputError(message, field="layout.wind", value=self.wind)


def from_json(fields: Any) -> GridLayout:
    """Make a layout from what JSON keeps of its fields: lists, where they were tuples."""
    return GridLayout(**{field: _tuples(value) for field, value in fields.items()})


def as_text(layout: GridLayout, state: int | None) -> str:
    """Write x for the agent, S and G for start and goal, # for walls, C for the cliff.

    The wind, where there is any, stands below its columns.
    """
    rows, columns = layout.shape
    marks = dict.fromkeys(layout.walls, "#") | dict.fromkeys(layout.cliff, "C")
    marks |= {layout.start: "S", layout.goal: "G"}
    if state is not None:
        marks[state] = "x"
    cells = [marks.get(cell, ".") for cell in range(rows * columns)]
    lines = [" ".join(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
    if layout.wind:
        lines.append(" ".join(str(wind) for wind in layout.wind))
    return "\n".join(lines) + "\n"


def as_image(layout: GridLayout, state: int | None) -> RGB:
    """Paint winds, walls, cliff, start, goal and the agent; shape (height, width, 3)."""
    rows, columns = layout.shape
    image = np.full((rows * _CELL, columns * _CELL, 3), _PAPER, dtype=np.uint8)
    for column, wind in enumerate(layout.wind):
        shade = np.clip(np.array(_PAPER) - wind * np.array(_GUST), 0, 255)
        image[:, column * _CELL : (column + 1) * _CELL] = shade
    marked = [(cell, _WALL) for cell in layout.walls] + [(cell, _CLIFF) for cell in layout.cliff]
    for cell, colour in (*marked, (layout.start, _START), (layout.goal, _GOAL)):
        _paint(image, columns, cell, colour, margin=1)
    image[::_CELL] = image[:, ::_CELL] = _LINE
    if state is not None:
        _paint(image, columns, state, _AGENT, margin=_CELL // 4)
    return image


def _tuples(value: Any) -> Any:
    """Turn lists, and those inside them, into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _paint(image: RGB, columns: int, state: int, colour: _Colour, margin: int) -> None:
    """Fill the square of a state, up to a margin."""
    row, column = divmod(state, columns)
    top, left = row * _CELL, column * _CELL
    inside = slice(margin, _CELL - margin)
    image[top : top + _CELL, left : left + _CELL][inside, inside] = colour
