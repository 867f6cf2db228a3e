"""Which is better, how surely, and how much: against scipy, by simulation, and by symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fastq.statistics import (
    interval,
    paired_difference,
    performance_profile,
    probability_of_improvement,
)

whole = st.integers(-3, 3).map(float)
few = arrays(np.float64, st.integers(2, 12), elements=whole)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(first=few, second=few)
def test_improvement_is_mann_whitneys(first, second):
    found = probability_of_improvement(first, second)
    expected = stats.mannwhitneyu(first, second).statistic / (len(first) * len(second))
    assert found.estimate == pytest.approx(expected)
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert found.upper - found.lower > 0.01
    mirrored = probability_of_improvement(second, first)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((1 - found.upper, 1 - found.lower))


@pytest.mark.parametrize("paired", [False, True])
def test_improvement_covers(paired):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 30, 3000))
    if paired:
        first = (first + second) / np.sqrt(2)  # half of the luck is the same
    found = probability_of_improvement(first + 0.5, second, paired=paired)
    truth = stats.norm.cdf(0.5 / np.sqrt(2))  # of two runs that share no luck
    covered = np.mean((found.lower <= truth) & (truth <= found.upper))
    assert covered == pytest.approx(0.95, abs=0.025)


def test_shared_luck_makes_intervals_narrower():
    rng = np.random.default_rng(1)
    luck = rng.normal(size=50)
    first, second = luck + 0.1 + 0.1 * rng.normal(size=50), luck + 0.1 * rng.normal(size=50)
    paired, apart = (probability_of_improvement(first, second, paired=p) for p in (True, False))
    assert paired.estimate == apart.estimate
    assert paired.upper - paired.lower < 0.5 * (apart.upper - apart.lower)
    gap = paired_difference(first, second)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert gap.upper - gap.lower < 0.3 * (welch.high - welch.low)
    assert gap.lower > 0 > welch.low


def test_always_better_is_still_not_certain():
    found = probability_of_improvement(np.arange(10.0) + 100, np.arange(10.0))
    assert found.estimate == found.upper == 1
    assert 0.5 < found.lower < 0.9


def test_profiles_count_runs_above():
    rng = np.random.default_rng(2)
    runs, thresholds = rng.integers(0, 9, size=40).astype(float), np.arange(-1.0, 10)
    found = performance_profile(runs, thresholds)
    assert found.estimate == pytest.approx([np.mean(runs > place) for place in thresholds])
    half = stats.kstwo.ppf(0.95, 40)
    assert found.lower == pytest.approx(np.clip(found.estimate - half, 0, 1))
    assert found.upper == pytest.approx(np.clip(found.estimate + half, 0, 1))


def test_improvement_of_a_published_example():
    """Ages at which males and females were diagnosed: Shier (2004), as in scipy; U is 17."""
    males, females = [19.0, 22, 16, 29, 24], [20.0, 11, 17, 12]
    assert probability_of_improvement(males, females).estimate == pytest.approx(17 / 20)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(pairs=arrays(np.float64, st.tuples(st.integers(2, 9), st.just(2)), elements=whole))
def test_pairs_change_the_interval_only_and_are_mirrored_too(pairs):
    first, second = pairs.T
    found, mirrored = (
        probability_of_improvement(*both, paired=True)
        for both in [(first, second), (second, first)]
    )
    assert found.estimate == probability_of_improvement(first, second).estimate
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert (mirrored.lower, mirrored.upper) == pytest.approx((1 - found.upper, 1 - found.lower))


def test_improvement_of_curves_is_that_of_each_point():
    first, second = np.random.default_rng(7).normal(size=(2, 8, 3, 2))
    found = probability_of_improvement(first, second[:6])
    for place in np.ndindex(3, 2):
        alone = probability_of_improvement(first[:, *place], second[:6, *place])
        assert [bound[place] for bound in found] == pytest.approx(list(alone))


@pytest.mark.parametrize(("first", "second"), [([1.0], [0.0, 2.0]), ([0.0, 2.0], [1.0])])
def test_one_run_of_either_leaves_improvement_open(first, second):
    found = probability_of_improvement(first, second)
    assert found.estimate == 0.5
    assert np.isnan([found.lower, found.upper]).all()


@pytest.mark.parametrize("kind", ["t", "bootstrap", "bca"])
def test_a_paired_difference_is_the_interval_of_the_differences(kind):
    first, second = np.random.default_rng(8).normal(size=(2, 12, 3))
    found = paired_difference(first, second, kind, 0.9, seed=3)
    expected = interval(first - second, kind, 0.9, seed=3)
    assert [bound.tolist() for bound in found] == [bound.tolist() for bound in expected]


@pytest.mark.parametrize(
    ("runs", "width"), [(5, 0.56328), (10, 0.40925), (20, 0.29408), (40, 0.21012)]
)
def test_the_width_of_profiles_is_the_tabulated_one(runs, width):
    """Miller (1956), Table of Percentage Points of Kolmogorov Statistics: 5 %, both sides."""
    found = performance_profile(np.arange(runs), [runs / 2 - 0.5])
    assert found.upper - found.estimate == pytest.approx([width], abs=6e-6)


def test_a_profile_holds_the_whole_truth_and_an_interval_a_point_does_not():
    rng, thresholds = np.random.default_rng(9), np.linspace(-2, 2, 50)
    truth, held, held_by_points = stats.norm.sf(thresholds), 0, 0
    for _ in range(200):
        found = performance_profile(rng.normal(size=30), thresholds)
        held += ((found.lower <= truth) & (truth <= found.upper)).all()
        half = 1.96 * np.sqrt(truth * (1 - truth) / 30)
        held_by_points += (np.abs(found.estimate - truth) <= half).all()
    assert held >= 0.93 * 200
    assert held_by_points < 0.85 * 200
