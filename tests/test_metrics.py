"""Metrics of runs against plain loops over their episodes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.metrics import OF_LEARNING, OF_POLICIES, find_metric, of_learning

RNG = np.random.default_rng(0)
RETURNS = RNG.integers(-50, 0, size=(40, 30)).astype(float)
LENGTHS = RNG.integers(1, 60, size=(40, 30)).astype(np.int32)


def naive(text, returns, lengths):
    """What a metric says of one run."""
    name, _, number = text.partition(":")
    both = list(zip(returns.tolist(), lengths.tolist(), strict=True))
    if name in ("return", "length"):
        return sum(one[name == "length"] for one in both) / len(both)
    if name == "return_last":
        last = both[-int(number or len(both) // 10) :]
        return sum(one for one, _ in last) / len(last)
    if name == "return_over_steps":
        each = [one for one, steps in both for _ in range(steps)]
        return sum(each) / len(each)
    if name == "reward_per_step":
        return sum(one for one, _ in both) / sum(steps for _, steps in both)
    episodes = steps_taken = 0
    for one, steps in both:
        episodes, steps_taken = episodes + 1, steps_taken + steps
        if one >= float(number):
            break
    return episodes if name == "episodes_to" else steps_taken


@pytest.mark.parametrize(
    "text",
    [
        "return", "length", "return_last", "return_last:1", "return_last:30", "return_over_steps",
        "reward_per_step", "episodes_to:-5", "steps_to:-5", "episodes_to:-50", "steps_to:-50",
        "episodes_to:1", "steps_to:1", "steps_to:-2.5",
    ],
)  # fmt: skip
def test_metrics_are_those_of_a_plain_loop(text):
    metric = find_metric(text)
    found = of_learning(metric, RETURNS, LENGTHS)
    expected = [naive(text, *run) for run in zip(RETURNS, LENGTHS, strict=True)]
    assert found == pytest.approx(expected, rel=1e-12)
    assert find_metric(str(metric)) == metric


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_a_metric_is_written_with_all_its_digits(number):
    for name in ("steps_to", "episodes_to"):
        metric = find_metric(f"{name}:{number!r}")
        assert metric.number == number
        assert find_metric(str(metric)) == metric


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("steps_to:-20", "steps_to:-20"),
        ("steps_to:-20.0", "steps_to:-20"),
        ("steps_to:-1234567.5", "steps_to:-1234567.5"),
        ("return_last:1e7", "return_last:10000000"),
        ("episodes_to:0.73333333", "episodes_to:0.73333333"),
        ("return", "return"),
    ],
)
def test_how_a_metric_is_written(text, written):
    assert str(find_metric(text)) == written


def test_every_metric_is_tested_or_exact():
    assert set(OF_LEARNING) | set(OF_POLICIES) == {
        "return", "length", "return_last", "return_over_steps", "reward_per_step", "episodes_to",
        "steps_to", "value", "regret", "optimal_actions",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sign"),
    [("return", 1), ("length", -1), ("steps_to:-3", -1), ("regret", -1), ("optimal_actions", 1)],
)
def test_which_way_is_better(text, sign):
    assert find_metric(text).sign == sign


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "metric = 'x': must be one of return, length, return_last:NUMBER"),
        (3, "metric = 3: must be one of"),
        ("return:3", "must be return, with no number"),
        ("steps_to", "must say which return, as steps_to:-20"),
        ("steps_to:", "must be a finite number after the colon"),
        ("episodes_to:inf", "must be a finite number after the colon"),
        ("return_last:0", "must say how many episodes"),
        ("return_last:2.5", "must say how many episodes"),
        ("return_last:-4", "must say how many episodes"),
    ],
)
def test_bad_words(text, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        find_metric(text)
    assert "\n" not in str(caught.value)


def test_more_last_episodes_than_there_are():
    with pytest.raises(fastq.InputError, match="'return_last:31': must be at most 30"):
        of_learning(find_metric("return_last:31"), RETURNS, LENGTHS)
