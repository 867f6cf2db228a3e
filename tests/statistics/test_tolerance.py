"""Tolerance intervals hold what they say, and the plain quantiles do not."""

import numpy as np
import pytest
from scipy import stats

from fastq.statistics import tolerance_interval, tolerance_runs


@pytest.mark.parametrize(
    ("level", "content", "runs"), [(0.95, 0.9, 46), (0.95, 0.95, 93), (0.99, 0.9, 64)]
)
def test_how_many_runs_it_takes(level, content, runs):
    """Wilks' numbers, as published: 1 - n p^(n-1) + (n-1) p^n is the confidence."""
    assert tolerance_runs(level, content) == runs

    def confidence(n):
        return 1 - n * content ** (n - 1) + (n - 1) * content**n

    assert confidence(runs - 1) < level <= confidence(runs)


@pytest.mark.parametrize("runs", [46, 47, 77, 100, 500])
@pytest.mark.parametrize(("level", "content"), [(0.95, 0.9), (0.9, 0.5), (0.5, 0.9)])
def test_the_bounds_are_the_nearest_pair_of_runs(runs, level, content):
    found = tolerance_interval(np.arange(runs)[::-1], level, content=content)
    low, high = int(found.lower), int(found.upper)
    spans = [
        span
        for span in range(1, runs)
        if stats.beta.sf(content, span, runs - span + 1) >= level  # what lies between two runs
    ]
    assert high - low == min(spans)
    assert abs(low - (runs - 1 - high)) <= 1
    assert found.estimate == pytest.approx((runs - 1) / 2)


@pytest.mark.parametrize("runs", [46, 100])
def test_nine_of_ten_runs_are_held_nineteen_times_of_twenty(runs):
    samples = np.random.default_rng(runs).lognormal(size=(runs, 4000))
    found = tolerance_interval(samples)
    held = stats.lognorm.cdf(found.upper, 1) - stats.lognorm.cdf(found.lower, 1)
    assert np.mean(held >= 0.9) >= 0.94
    naive = np.quantile(samples, [0.05, 0.95], axis=0)
    naively_held = stats.lognorm.cdf(naive[1], 1) - stats.lognorm.cdf(naive[0], 1)
    assert np.mean(naively_held >= 0.9) < 0.6
