"""Input is checked before any work starts; an error names the field, the value, what is allowed."""

import math
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator, Field

from fastq.base import validation
from fastq.base.errors import InputError
from fastq.base.validation import (
    LARGEST,
    Count,
    Finite,
    Fraction,
    Index,
    Seed,
    StepSize,
    Streams,
    Validated,
    check_arguments,
    choose,
    first_sentence,
    meant,
    not_allowed,
    shorten,
    split_word,
)


def refusal(call):
    """Give the line of an error."""
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value).isprintable()
    return str(caught.value)


class Numbers(Validated):
    step: StepSize = 1.0
    share: Fraction = 0.0
    finite: Finite = 0.0
    count: Count = 1
    index: Index = 0
    seed: Seed = 0
    streams: Streams = "common"


ALLOWED = {
    "step": ([5e-324, 0.5, 1, 1.0], [0, 0.0, -0.0, 1 + 2**-52, -1, math.nan, math.inf, "1", True]),
    "share": ([0, 0.0, 1, 0.5], [-5e-324, 1 + 2**-52, math.nan, -math.inf, None]),
    "finite": ([-1e308, 0, 1e308], [math.nan, math.inf, -math.inf, "0", [1.0]]),
    "count": ([1, LARGEST], [0, -1, LARGEST + 1, 1.0, 1.5, True, "1", math.nan]),
    "index": ([0, LARGEST], [-1, LARGEST + 1, 0.0, False]),
    "seed": ([0, 2**63 - 1], [-1, 2**63, 0.0, None]),
    "streams": (["common", "independent"], ["Common", "", 1]),
}
GOOD = [(field, value) for field, (good, _) in ALLOWED.items() for value in good]
BAD = [(field, value) for field, (_, bad) in ALLOWED.items() for value in bad]


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_what_a_field_takes_is_kept(field, value):
    assert getattr(Numbers(**{field: value}), field) == value


@pytest.mark.parametrize(("field", "value"), BAD)
def test_what_a_field_does_not_take_is_named(field, value):
    with pytest.raises(InputError) as caught:
        Numbers(**{field: value})
    error = caught.value
    assert str(error) == f"{field} = {value!r}: must be {error.allowed}"
    assert error.field == field
    assert error.value is value


@pytest.mark.parametrize(
    ("field", "value"), [("step", np.float32(0.5)), ("count", np.int64(3)), ("seed", np.uint8(3))]
)
def test_numbers_of_numpy_become_pythons_own(field, value):
    kept = getattr(Numbers(**{field: value}), field)
    assert kept == value
    assert type(kept) in (int, float)


def test_numbers_of_numpy_have_the_same_bounds():
    assert refusal(lambda: Numbers(step=np.float64(2))) == "step = 2.0: must be a number in (0, 1]"
    assert "count = True" in refusal(lambda: Numbers(count=np.bool_(True)))


class Outer(Validated):
    inner: Numbers = Numbers()
    listed: Annotated[list[StepSize], Field(description="a list of step sizes")] = []
    plain: list[StepSize] = []
    needed: Count

    def check(self) -> None:
        """Refuse a contradiction."""
        if self.needed > 5:
            raise InputError("needed: too many", field="needed")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, f"needed is missing: must be an integer from 1 to {LARGEST}"),
        ({"needed": 6}, "needed: too many"),
        ({"needed": 1, "plain": [0.5, 2.0]}, "plain.1 = 2.0: must be a number in (0, 1]"),
        ({"needed": 1, "listed": [0.5, 2.0]}, "listed.1 = 2.0: must be a list of step sizes"),
        ({"needed": 1, "inner": {"step": 2.0}}, "inner.step = 2.0: must be a number in (0, 1]"),
        ({"needed": 0, "neded": 1}, "neded = 1: no such field; allowed are inner, listed, plain, "),
    ],
)
def test_the_first_fault_is_said_in_one_line(fields, line):
    assert refusal(lambda: Outer(**fields)).startswith(line)


def test_an_unknown_field_is_told_which_one_was_meant():
    assert refusal(lambda: Outer(Needed=1, needed=1)).endswith("; did you mean needed?")
    assert refusal(lambda: Outer(weather=1, needed=1)).endswith("plain, needed")


def test_fields_are_named():
    line = refusal(lambda: Numbers(0.5))
    assert line == "Numbers(0.5): must name its fields, as Numbers(step=...)"


def test_a_field_may_be_called_self():
    class Odd(Validated):
        self: Count

    assert Odd(self=3).self == 3


def test_an_error_of_a_validator_gets_the_fields_name_once():
    def refuse(value):
        raise not_allowed("kind" if value else "field", value, "nothing")

    class Refusing(Validated):
        field: Annotated[int, BeforeValidator(refuse)]

    assert refusal(lambda: Refusing(field=1)) == "field.kind = 1: must be nothing"
    assert refusal(lambda: Refusing(field=0)) == "field = 0: must be nothing"


def test_a_record_is_frozen():
    numbers = Numbers()
    with pytest.raises(ValueError, match="frozen"):
        numbers.step = 0.5


def test_arguments_of_public_calls():
    check_arguments(episodes=1, seed=0, streams="common")
    assert refusal(lambda: check_arguments(runs=0)).startswith("runs = 0: must be an integer")
    assert "streams = 'own': must be one of common, independent" in refusal(
        lambda: check_arguments(streams="own")
    )


def test_one_of_some_words():
    choose("ties", "first", ["first", "random"])
    assert refusal(lambda: choose("ties", "Random", ["first", "random"])) == (
        "ties = 'Random': must be one of first, random; did you mean random?"
    )
    assert refusal(lambda: choose("ties", 3, ["first"])) == "ties = 3: must be one of first"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("QLearning", "; did you mean q_learning?"),
        ("q-learning", "; did you mean q_learning?"),
        ("sarsa", "; did you mean sarsa?"),
        ("x", ""),
        (3, ""),
        ("q_learning" * 10**6, ""),
    ],
)
def test_what_was_meant(word, hint):
    assert meant(word, ["q_learning", "sarsa"]) == hint


METRICS = {"return": False, "quantile": True}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("return", ("return", None)),
        ("quantile", ("quantile", None)),
        ("quantile:0.9", ("quantile", 0.9)),
        ("quantile:-1e3", ("quantile", -1000.0)),
    ],
)
def test_a_word_and_its_number(text, found):
    assert split_word("metric", text, METRICS) == found


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("quantil:0.9", "one of return, quantile:NUMBER; did you mean quantile?"),
        (3, "one of return, quantile:NUMBER"),
        ("return:3", "return, with no number"),
        ("return:", "return, with no number"),
        ("quantile:", "a finite number after the colon"),
        ("quantile:x", "a finite number after the colon"),
        ("quantile:nan", "a finite number after the colon"),
        ("quantile:inf", "a finite number after the colon"),
    ],
)
def test_a_word_or_a_number_that_is_none(text, rule):
    line = refusal(lambda: split_word("metric", text, METRICS))
    assert line == f"metric = {text!r}: must be {rule}"


@given(st.text() | st.lists(st.text()) | st.integers(), st.integers(10, 80))
def test_a_value_in_an_error_is_one_line_of_bounded_length(value, width):
    text = shorten(value, width)
    assert len(text) <= width
    assert "\n" not in text
    whole = " ".join(repr(value).split())
    assert text == whole if len(whole) <= width else whole.startswith(text.removesuffix("..."))


def test_a_number_of_thousands_of_digits():
    assert shorten(10**5000) == "<int>"


def test_the_first_sentence_of_a_long_message():
    error = ValueError("No such type. See the manual.\nMore lines.")
    assert first_sentence(error) == "No such type"


def test_plain_arguments_are_allowed_just_where_pydantic_allows_them():
    """They are looked at without it first."""
    for name, field in validation._Arguments.model_fields.items():
        for value in (-1, 0, 1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, True, "common", "x", 1.0):
            kind, allowed = validation._PLAIN[name]
            if type(value) is kind and value in allowed:
                assert getattr(validation._Arguments(**{name: value}), name) == value
            elif type(value) is kind:
                with pytest.raises(InputError, match=f"^{name} = .*: must be"):
                    validation._Arguments(**{name: value})
        assert validation._PLAIN[name][0] is (int if field.annotation is int else str)
