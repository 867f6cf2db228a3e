"""CSV for people: text that a spreadsheet would take for a formula is marked as text.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` and is no number gets a ``'`` in front. What
cannot be printed is written out, for a new line would begin a row, and a tab may begin a cell.

Source: OWASP, CSV Injection.
"""

from typing import TYPE_CHECKING, Any

from fastq.base.text import printable

if TYPE_CHECKING:
    import pandas as pd

# Beside the plain signs, those of full width: spreadsheets take them for the same.
_FULL_WIDTH = "\uff1d\uff0b\uff0d\uff20"
_BEGINS_FORMULA = tuple("=+-@" + _FULL_WIDTH)


def quoted(cell: str) -> str:
    """Write a cell of a CSV file so that no spreadsheet takes it for a formula."""
    shown = printable(cell)
    return f"'{shown}" if shown.startswith(_BEGINS_FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    """Say whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_csv(table: "pd.DataFrame") -> str:
    """Write a table as CSV, without its index; numbers stay as they are."""
    from pandas.api.types import is_numeric_dtype

    safe = table.set_axis(range(len(table.columns)), axis=1)
    for index in safe.columns:
        if not is_numeric_dtype(safe[index]):  # of bools as well
            safe[index] = safe[index].map(_quoted_if_text)
    names = [quoted(str(name)) for name in table.columns]
    return safe.set_axis(names, axis=1).to_csv(index=False, lineterminator="\n")


def _quoted_if_text(cell: Any) -> Any:
    """Quote a cell that is text."""
    return quoted(cell) if isinstance(cell, str) else cell
