"""The types of what a manifest may say."""

import pytest
from pydantic import TypeAdapter, ValidationError

from fastq.study.manifest_fields import Name, StoredCell


@pytest.mark.parametrize("cell", [0, -(2**63), 2**63 - 1, 0.5, "visits", "é"])
def test_cells_that_a_table_can_show(cell):
    assert TypeAdapter(StoredCell).validate_python(cell) == cell


@pytest.mark.parametrize(
    "cell", [2**63, -(2**63) - 1, float("inf"), float("nan"), "a\nb", None, []]
)
def test_cells_that_none_can(cell):
    with pytest.raises(ValidationError):
        TypeAdapter(StoredCell).validate_python(cell)


def test_names_are_text_that_can_be_printed():
    assert TypeAdapter(Name).validate_python("q_learning") == "q_learning"
    for bad in ("a\x1b[2J", 3):
        with pytest.raises(ValidationError):
            TypeAdapter(Name).validate_python(bad)
