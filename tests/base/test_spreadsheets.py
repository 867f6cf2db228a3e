"""CSV for people: numbers are numbers, and text is no formula."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastq.base.spreadsheets import as_csv, quoted
from fastq.base.text import printable

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "-", "+x", "\uff1d1"]
NUMBERS = ["-1", "+2.5e-3", "-inf", "-.5", "0", "+0"]
WORDS = ["alpha", "a=b", "", "'=1", "1-2", "q_learning", "$=1"]


def test_what_begins_a_formula_gets_a_mark():
    assert [quoted(cell) for cell in FORMULAS] == [f"'{cell}" for cell in FORMULAS]
    assert [quoted(cell) for cell in (*NUMBERS, *WORDS)] == [*NUMBERS, *WORDS]
    assert quoted("\t=1\r\n=2") == r"\t=1\r\n=2"


@given(st.text())
def test_no_cell_begins_a_formula(text):
    cell = quoted(text)
    assert quoted(cell) == cell
    assert cell in (printable(text), f"'{printable(text)}")
    assert cell[:1] not in ("=", "@")
    if cell[:1] in ("+", "-"):
        float(cell)


def test_a_table_is_read_back():
    table = pd.DataFrame(
        {
            "=name": FORMULAS,
            "mixed": ["=1", -1.5, None, "-2", True, "x\n=1", -3, np.nan],
            "number": np.linspace(-1, 1, 8),
            "count": np.arange(-4, 4),
            "is": [True, False] * 4,
        }
    )
    text = as_csv(table)
    found = pd.read_csv(io.StringIO(text))
    assert list(found) == ["'=name", "mixed", "number", "count", "is"]
    numbers = ["number", "count", "is"]
    pd.testing.assert_frame_equal(found[numbers], table[numbers])
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == [f"'{cell}" for cell in FORMULAS]
    mixed = ["'=1", "-1.5", "", "-2", "True", r"x\n=1", "-3", ""]
    assert [row[1] for row in rows[1:]] == mixed
    assert table["=name"].tolist() == FORMULAS


@pytest.mark.parametrize("values", [[], [np.nan], [1.5, -2.0]])
def test_numbers_alone_are_written_as_pandas_writes_them(values):
    table = pd.DataFrame({"a": values, "b": values})
    assert as_csv(table) == table.to_csv(index=False, lineterminator="\n")
