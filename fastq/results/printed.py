"""How a summary prints: the estimate in sight, no line too long.

Where a table is too wide, pandas leaves out its middle columns. Here the last ones are left out,
and named below the table.
"""

import shutil

import pandas as pd

_WIDTH = 100


class Summary(pd.DataFrame):
    """A table of `Results.summary`; what is made of it is a plain DataFrame again."""

    def __repr__(self) -> str:
        terminal = shutil.get_terminal_size((_WIDTH, 24)).columns
        width = max(pd.get_option("display.width") or 0, min(_WIDTH, terminal))
        return fitted(self, width)


def fitted(table: pd.DataFrame, width: int, *, index: bool = True) -> str:
    """Write a summary in lines of at most so many letters.

    Hyperparameters have up to six significant digits, estimates four. Rows are left out as pandas'
    options ``display.max_rows`` and ``display.min_rows`` say.
    """
    names = [str(name) for name in table.columns]
    first = names.index("estimate") if "estimate" in names else 0
    forms = {
        name: ("{:g}" if i < first else "{:.4g}").format
        for i, name in enumerate(names)
        if pd.api.types.is_float_dtype(table[name])
    }
    rows = {name: pd.get_option(f"display.{name}") for name in ("max_rows", "min_rows")}
    for count in range(len(names), 0, -1):
        text = str(table.to_string(columns=names[:count], index=index, formatters=forms, **rows))
        if max(map(len, text.splitlines())) <= width:
            break
    left_out = f"; not shown: {', '.join(names[count:])}" if count < len(names) else ""
    size = f"\n[{len(table)} rows x {len(names)} columns{left_out}]"
    return text + (size if left_out or len(table) > (rows["max_rows"] or len(table)) else "")
