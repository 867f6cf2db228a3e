"""What all of the statistics have in common: words, invariants, seeds and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq import statistics
from fastq.statistics import INTERVALS, interval, t_interval
from tests.support.samples import samples_of


def test_all_names_are_there_and_documented():
    assert sorted(statistics.__all__) == sorted(set(statistics.__all__))
    assert all(getattr(statistics, name).__doc__ for name in statistics.__all__)


@pytest.mark.parametrize("kind", INTERVALS)
def test_a_word_names_its_interval(kind):
    samples = np.random.default_rng(3).normal(size=(60, 2))
    named = {
        "t": lambda: t_interval(samples, 0.8),
        "bootstrap": lambda: statistics.bootstrap_interval(samples, 0.8, seed=9),
        "bca": lambda: statistics.bca_interval(samples, 0.8, seed=9),
        "simultaneous": lambda: statistics.simultaneous_band(samples, 0.8, seed=9),
        "tolerance": lambda: statistics.tolerance_interval(samples, 0.8, estimator="mean"),
    }
    found, expected = interval(samples, kind, 0.8, seed=9), named[kind]()
    assert [bound.tolist() for bound in found] == [bound.tolist() for bound in expected]


@pytest.mark.parametrize("kind", ["bootstrap", "bca", "tolerance"])
def test_an_interval_is_that_of_its_estimator(kind):
    samples = np.random.default_rng(3).exponential(size=(60, 2))
    found = interval(samples, kind, estimator="quantile:0.9")
    assert found.estimate == pytest.approx(np.quantile(samples, 0.9, axis=0))


@pytest.mark.parametrize("kind", ["t", "bootstrap", "bca", "simultaneous"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(samples=samples_of, shift=st.floats(-1e3, 1e3))
def test_invariants(kind, samples, shift):
    found, moved = (interval(s, kind) for s in (samples, samples + shift))
    room = 1e-6 * (1 + np.abs(samples).max() + abs(shift))
    assert (found.lower <= found.estimate + room).all() or kind == "bca"
    assert (found.estimate <= found.upper + room).all() or kind == "bca"
    assert (found.lower <= found.upper + room).all()
    assert found.estimate.shape == samples.shape[1:]
    if kind in ("t", "bootstrap"):
        assert moved.lower == pytest.approx(found.lower + shift, abs=room)


@pytest.mark.parametrize("kind", INTERVALS)
def test_equal_runs_have_no_width(kind):
    found = interval(np.full((50, 3), 0.1), kind)
    assert found.lower == pytest.approx([0.1] * 3, rel=1e-12)
    assert found.upper == pytest.approx([0.1] * 3, rel=1e-12)


@pytest.mark.parametrize("kind", INTERVALS)
def test_a_curve_of_no_points_has_an_interval_of_none(kind):
    assert [bound.shape for bound in interval(np.empty((50, 0)), kind)] == [(0,)] * 3


@pytest.mark.parametrize("kind", [kind for kind in INTERVALS if kind != "tolerance"])
def test_one_run_has_no_interval(kind):
    found = interval(np.array([[1.0, 2.0]]), kind)
    assert found.estimate.tolist() == [1.0, 2.0]
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()


@pytest.mark.parametrize("kind", ["bootstrap", "bca", "simultaneous"])
def test_resampling_takes_its_seed_and_nothing_else(kind):
    samples = np.random.default_rng(0).normal(size=(10, 3))
    np.random.seed(1)  # noqa: NPY002 (the global state must not matter)
    first = interval(samples, kind, seed=5)
    np.random.seed(2)  # noqa: NPY002
    again = interval(samples, kind, seed=5)
    assert first.lower.tolist() == again.lower.tolist()
    assert interval(samples, kind, seed=6).lower.tolist() != first.lower.tolist()


BAD = [
    (lambda: t_interval(np.zeros((3, 1)), 95), r"level = 95: must be a number in \(0, 1\)"),
    (lambda: interval(np.zeros(3), "bca", float("nan")), "level = nan"),
    (lambda: t_interval(np.zeros(3), "0.9"), r"level = '0.9': must be a number in \(0, 1\)"),
    (lambda: statistics.best_set([[1, 2]], None), "level = None"),
    (lambda: interval(np.zeros(3), "t", np.array([0.5, 0.9])), "level = array"),
    (lambda: statistics.tolerance_runs(0.95, "most"), "content = 'most'"),
    (lambda: t_interval(np.zeros((0, 3))), "must hold at least one run"),
    (lambda: t_interval(1.0), "must hold at least one run"),
    (lambda: interval([[1, 2], [3]], "bootstrap"), "as many of each run"),
    (lambda: interval(["x"], "t"), "must be numbers"),
    (lambda: t_interval([1, float("nan")]), r"samples at \(1,\) = nan: must be finite"),
    (lambda: interval([[1, np.inf]], "simultaneous"), r"samples at \(0, 1\) = inf"),
    (lambda: interval(np.zeros(3), "z"), "interval = 'z': must be one of t, bootstrap, bca"),
    (lambda: interval(np.zeros(3), "t", estimator="iqm"), "is for the mean, not for 'iqm'"),
    (lambda: statistics.estimate(np.zeros(3), "mode"), "estimator = 'mode': must be one of mean"),
    (lambda: statistics.estimate(np.zeros(3), "quantile"), "must be a quantile in"),
    (lambda: statistics.estimate(np.zeros(3), "quantile:2"), "must be a quantile in"),
    (lambda: statistics.estimate(np.zeros(3), "mean:3"), "must be mean, with no number"),
    (lambda: statistics.estimate(np.zeros(3), "quantile:x"), "a finite number after the colon"),
    (lambda: statistics.bootstrap_interval(np.zeros(3), resamples=0), "resamples = 0"),
    (lambda: statistics.bca_interval(np.zeros(3), seed=-1), "seed = -1"),
    (lambda: statistics.tolerance_interval(np.zeros(45)), "runs = 45: must be at least 46"),
    (lambda: statistics.tolerance_interval(np.zeros(50), content=1), "content = 1: must be"),
    (lambda: statistics.tolerance_runs(0.95, 1 - 1e-9), "must be one that 10,000,000 runs suffice"),
    (lambda: statistics.paired_difference([1, 2], [1]), "must be alike, for runs are paired"),
    (
        lambda: statistics.probability_of_improvement([[1, 2]], [1, 2]),
        r"\(1, 2\) and \(2,\): .*alike",
    ),
    (lambda: statistics.probability_of_improvement([1, 2], [1], paired=True), "runs are paired"),
    (lambda: statistics.performance_profile([1], [np.nan]), r"samples at \(0,\) = nan"),
    (lambda: statistics.simultaneous_band(np.zeros(3), resamples=0), "resamples = 0"),
    (lambda: statistics.best_set([[1, 2]], seed=-1), "seed = -1"),
    (lambda: statistics.estimate([1, 2], "quantile:nan"), "a finite number after the colon"),
    (lambda: statistics.performance_profile([[1, 2]], [1]), r"must be \(runs,\) and"),
    (lambda: statistics.best_set([["a", "b"]]), r"samples = \[\['a', 'b'\]\]: must be numbers"),
    (lambda: statistics.best_set([[1, 2], [3]]), r"samples = \[\[1, 2\], \[3\]\]: .* of each run"),
    (lambda: statistics.best_set([1, 2]), r"must be \(runs, configurations\)"),
    (lambda: statistics.best_set([[1, np.nan]]), "must have at least one run"),
]


@pytest.mark.parametrize(("ask", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input(ask, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        ask()
    assert "\n" not in str(caught.value)
