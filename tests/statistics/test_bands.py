"""Bands that hold a whole curve of means."""

import numpy as np
import pytest
from scipy import special

from fastq.statistics import simultaneous_band, t_interval
from fastq.statistics.bands import t_statistics
from fastq.statistics.resampling import drawn


def curves(rng, runs, points=40):
    """Curves whose neighbouring points are alike, about 0."""
    found = rng.normal(size=(runs, points))
    for point in range(1, points):
        found[:, point] = 0.8 * found[:, point - 1] + 0.6 * found[:, point]
    return found


def test_a_band_holds_the_whole_curve_and_intervals_do_not():
    rng = np.random.default_rng(0)
    held = np.zeros(2)
    for _ in range(300):
        samples = curves(rng, 30)
        for i, found in enumerate((simultaneous_band(samples, resamples=400), t_interval(samples))):
            held[i] += ((found.lower <= 0) & (found.upper >= 0)).all()
    assert held[0] / 300 == pytest.approx(0.95, abs=0.04)
    assert held[1] / 300 < 0.7


def test_a_band_of_one_point_is_students():
    samples = np.repeat(np.random.default_rng(1).normal(size=(40, 1)), 5, axis=1)
    found = simultaneous_band(samples, resamples=20_000)
    factor = (found.upper - found.estimate) / (samples.std(axis=0, ddof=1) / np.sqrt(40))
    assert factor == pytest.approx([special.stdtrit(39, 0.975)] * 5, rel=0.05)


def test_it_is_wider_than_intervals_and_has_no_width_where_runs_are_equal():
    samples = curves(np.random.default_rng(2), 20)
    samples[:, 3] = 7.0
    found, pointwise = simultaneous_band(samples), t_interval(samples)
    others = np.arange(40) != 3
    assert (found.upper > pointwise.upper)[others].all()
    assert (found.lower < pointwise.lower)[others].all()
    assert found.lower[3] == found.upper[3] == 7.0


def test_a_run_that_stands_alone_does_not_make_it_infinite():
    samples = np.zeros((10, 2))
    samples[0, 0] = samples[::2, 1] = 1.0
    assert np.isfinite(simultaneous_band(samples).upper).all()


def test_a_band_of_few_runs_by_its_definition():
    """Four runs: the largest t statistic of each resample, written out; variances by n - 1.

    A resample's variance counts as at least a twentieth of that of the samples.
    """
    samples = np.array([[1.0, 2.0], [2.0, 0.0], [4.0, 3.0], [9.0, 4.0]])
    counts = drawn(4, 500, 0)
    mean, largest = samples.mean(axis=0), []
    for count in counts:
        resample = np.repeat(samples, count, axis=0)
        error = np.maximum(
            resample.std(axis=0, ddof=1), np.sqrt(0.05 * samples.var(axis=0) * 4 / 3)
        ) / np.sqrt(4)
        largest.append(np.abs((resample.mean(axis=0) - mean) / error).max())
    half = np.quantile(largest, 0.9) * samples.std(axis=0, ddof=1) / np.sqrt(4)
    found = simultaneous_band(samples, 0.9, resamples=500, seed=0)
    assert found.upper - mean == pytest.approx(half)


def test_t_statistics_by_hand():
    """A resample of one run alone has no variance of its own: a twentieth of the samples' counts.

    The mean is 1 and the samples' variance is 3, both with runs as the divisor. The second resample
    has the mean 2 and the variance 4, the third those of the samples.
    """
    samples = np.array([[0.0], [0.0], [0.0], [4.0]])
    counts = np.array([[0, 0, 0, 4], [1, 1, 0, 2], [1, 1, 1, 1]])
    found = t_statistics(samples, counts)[:, 0]
    assert found == pytest.approx([3 * np.sqrt(3 / 0.15), np.sqrt(3 / 4), 0.0])
    assert t_statistics(np.ones((4, 1)), counts).tolist() == [[0], [0], [0]]


def test_a_resample_without_spread_does_not_decide_the_width():
    """Of five runs one stands apart: most resamples of the rest have no spread of their own."""
    samples = np.array([0.0, 1e-9, 0.0, 1e-9, 1.0])[:, None]
    found = simultaneous_band(samples, resamples=400)
    assert np.isfinite(found.upper).all()
    assert found.upper[0] - found.estimate[0] < 100 * samples.std()
