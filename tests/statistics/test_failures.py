"""Which failures runs show, and where intervals are doubtful: by simulation and against scipy."""

import numpy as np
import pytest
from scipy import stats

import fastq
from fastq.statistics import describe_doubt, describe_unseen, doubtful, t_interval, visible_rate

MANY = 2000


def failing(rng, size, rate):
    return rng.normal(size=size) - 20 * (rng.random(size) < rate)


@pytest.mark.parametrize("runs", [1, 10, 60, 10_000])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_a_visible_failure_shows_as_often_as_is_said(runs, level):
    assert stats.binom.sf(0, runs, visible_rate(runs, level)) == pytest.approx(level)


def test_what_docstrings_say_of_runs():
    assert [round(visible_rate(runs), 4) for runs in (60, 30, 10)] == [0.0487, 0.095, 0.2589]
    assert visible_rate(59) < 0.05 < visible_rate(58)
    assert visible_rate(149) < 0.02 < visible_rate(148)
    assert visible_rate(1000) == pytest.approx(3 / 1000, rel=0.01)  # the rule of three
    assert describe_unseen(60, 0.95) == (
        "failures in less than 4.9 % of runs may show in none of 60"
    )


@pytest.mark.parametrize(("runs", "share"), [(10, 1.7), (30, 1.1), (100, 0.0)])
def test_normal_runs_are_seldom_doubtful(runs, share):
    found = 100 * doubtful(np.random.default_rng(0).normal(size=(runs, 20_000))).mean()
    assert found == pytest.approx(share, abs=0.05)
    assert "1.7, 1.1 and 0.0 %" in doubtful.__doc__


@pytest.mark.parametrize("runs", [30, 60, 100])
@pytest.mark.parametrize("rate", [0.05, 0.02])
def test_failures_that_show_are_doubtful_and_the_interval_is(runs, rate):
    samples = failing(np.random.default_rng(runs), (runs, MANY), rate)
    said, shown = doubtful(samples), (samples < -10).any(axis=0)
    assert said[shown].mean() > 0.95
    assert said[~shown].mean() < 0.02
    found = t_interval(samples)
    covered = (found.lower <= -20 * rate) & (-20 * rate <= found.upper)
    assert covered.mean() < 0.93
    assert covered[~said].mean() < covered.mean()  # where none shows, doubt says nothing


def test_skewed_runs_are_doubtful_and_two_humps_are_not():
    rng = np.random.default_rng(1)
    assert doubtful(rng.lognormal(size=(30, MANY))).mean() > 0.8
    humps = np.where(rng.random((60, MANY)) < 0.3, 0.0, 10.0) + rng.normal(size=(60, MANY))
    assert doubtful(humps).mean() < 0.03


@pytest.mark.parametrize("runs", [10, 60, 400])
def test_doubt_is_by_skewness_and_runs(runs):
    samples = np.random.default_rng(2).gamma(4.0, size=(runs, 500)) * 1e-200
    limit = max(np.sqrt(runs / 25), 2.5 * np.sqrt(6 * (runs - 2) / ((runs + 1) * (runs + 3))))
    expected = np.abs(stats.skew(samples * 1e200)) > limit
    assert doubtful(samples).tolist() == expected.tolist()
    assert doubtful(-samples.reshape(runs, 50, 10)).ravel().tolist() == expected.tolist()


def test_few_and_equal_runs_are_not_doubtful():
    assert not doubtful(np.arange(2.0))
    assert not doubtful([1.0, np.inf, 2.0, 1.0, 50.0, 1.0])  # there is no interval to doubt
    assert not doubtful(np.full((50, 3), 0.1)).any()
    nearly = np.full(50, 0.3)
    nearly[7] = 0.1 + 0.2
    assert not doubtful(nearly)


def test_words():
    assert describe_doubt(1, 3).startswith("1 of 3 intervals is doubtful, and may be far too")
    assert describe_doubt(2, 3).startswith("2 of 3 intervals are doubtful")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: visible_rate(0), "runs = 0: must be an integer from 1"),
        (lambda: visible_rate(9, 95), r"level = 95: must be a number in \(0, 1\)"),
        (lambda: doubtful(["a"]), "must be numbers"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(fastq.InputError, match=message):
        call()
