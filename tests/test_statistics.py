"""Estimates and intervals against scipy, by invariants, and by how often they cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import fastq
from fastq.statistics import bootstrap_interval, interval, t_interval

samples_of = arrays(
    np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_t_equals_scipy(level):
    samples = np.random.default_rng(0).normal(3, 2, size=(12, 5, 2))
    found = t_interval(samples, level)
    expected = stats.ttest_1samp(samples, 0, axis=0).confidence_interval(level)
    assert found.estimate == pytest.approx(samples.mean(axis=0))
    assert found.lower == pytest.approx(expected.low)
    assert found.upper == pytest.approx(expected.high)


def test_t_of_a_published_example():
    """NIST/SEMATECH e-Handbook 1.3.5.2, ZARR13.DAT: n 195, mean 9.261460, sd 0.02278881."""
    half_sd = 0.02278881 * np.sqrt(194 / 195)
    spread = np.r_[9.261460, np.repeat([9.261460 - 1, 9.261460 + 1], 97)]
    scale = half_sd / spread.std()
    samples = 9.261460 + (spread - 9.261460) * scale
    found = t_interval(samples)
    assert (found.lower, found.upper) == pytest.approx((9.258242, 9.264679), abs=1e-6)


def test_bootstrap_is_close_to_scipys():
    samples = np.random.default_rng(1).exponential(size=60)
    found = bootstrap_interval(samples, resamples=20_000)
    expected = stats.bootstrap(
        (samples,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    width = expected.high - expected.low
    assert found.lower == pytest.approx(expected.low, abs=0.03 * width)
    assert found.upper == pytest.approx(expected.high, abs=0.03 * width)


@pytest.mark.parametrize(("kind", "runs"), [("t", 10), ("t", 30), ("bootstrap", 200)])
def test_intervals_cover_as_often_as_they_say(kind, runs):
    """Normal samples, 2,000 of them side by side: within 2 points of 90 %."""
    samples = np.random.default_rng(3).normal(size=(runs, 2000))
    found = interval(samples, kind, 0.9)
    covered = np.mean((found.lower <= 0) & (found.upper >= 0))
    assert covered == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("kind", INTERVALS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(samples=samples_of, shift=st.floats(-1e3, 1e3))
def test_invariants(kind, samples, shift):
    found, moved = (interval(s, kind) for s in (samples, samples + shift))
    room = 1e-6 * (1 + np.abs(samples).max() + abs(shift))
    assert (found.lower <= found.estimate + room).all()
    assert (found.estimate <= found.upper + room).all()
    assert found.estimate.shape == samples.shape[1:]
    assert moved.lower == pytest.approx(found.lower + shift, abs=room)


@pytest.mark.parametrize("kind", INTERVALS)
def test_equal_runs_have_no_width(kind):
    found = interval(np.full((5, 3), 2.0), kind)
    assert found.lower == pytest.approx([2.0] * 3)
    assert found.upper == pytest.approx([2.0] * 3)


@pytest.mark.parametrize("kind", INTERVALS)
def test_one_run_has_no_interval(kind):
    found = interval(np.array([[1.0, 2.0]]), kind)
    assert found.estimate.tolist() == [1.0, 2.0]
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()


def test_the_bootstrap_takes_its_seed_and_nothing_else():
    samples = np.random.default_rng(0).normal(size=(10, 3))
    np.random.seed(1)  # noqa: NPY002 (the global state must not matter)
    first = bootstrap_interval(samples, seed=5)
    np.random.seed(2)  # noqa: NPY002
    again = bootstrap_interval(samples, seed=5)
    assert first.lower.tolist() == again.lower.tolist()
    assert bootstrap_interval(samples, seed=6).lower.tolist() != first.lower.tolist()


@pytest.mark.parametrize("level", [0.0, 1.0, -1, 95, float("nan")])
def test_bad_level(level):
    with pytest.raises(fastq.InputError, match=r"level = .*: must be a number in \(0, 1\)"):
        t_interval(np.zeros((3, 1)), level)


@pytest.mark.parametrize("samples", [np.zeros((0, 3)), np.float64(1)])
def test_no_runs(samples):
    with pytest.raises(fastq.InputError, match="must hold at least one run"):
        t_interval(samples)


def test_bad_kind():
    with pytest.raises(fastq.InputError, match="interval = 'z': must be one of t, bootstrap"):
        interval(np.zeros((3, 1)), "z")
