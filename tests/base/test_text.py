# ruff: noqa: RUF001
"""Text of others: nothing that a terminal obeys, and nothing that leaves a folder."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastq
from fastq.base.text import LONGEST, file_name, is_name, printable

NAMES = [r"$\frac$", "α", "a/b", "../../x", "<script>", "..", "", "\x1b[31m", "a" * 300, "CON "]


@given(st.text())
def test_what_is_printed_is_one_line_and_obeyed_by_no_terminal(text):
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert shown == text or not text.isprintable()


def test_characters_are_written_as_python_writes_them():
    assert printable("a\x1b[31m\u202eb\x9b\n\ud800α") == r"a\x1b[31m\u202eb\x9b\n\ud800α"
    assert printable("a\n\x07", keep="\n") == "a\n\\x07"


@pytest.mark.parametrize("kind", [fastq.InputError, fastq.RunError])
def test_errors_hold_no_such_characters(kind):
    error = kind("a\nerror: \x1b[2Jb")
    assert str(error) == r"a\nerror: \x1b[2Jb"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@given(st.lists(st.sampled_from(NAMES) | st.text(), unique=True, max_size=20))
def test_names_of_files(names):
    found = [file_name(name) for name in names]
    assert all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,59}", name) for name in found)
    assert len(set(found)) == len(found)


def test_plain_names_stay_as_they_are():
    assert [file_name(name) for name in ("q_learning", "sensitivity-alpha", "a.b")] == [
        "q_learning",
        "sensitivity-alpha",
        "a.b",
    ]


def test_a_name_is_printable_text_of_at_most_1000_letters():
    assert LONGEST == 1000
    assert is_name("a" * 1000)
    for bad in ("a" * 1001, "a\nb", 3, None):
        assert not is_name(bad)
