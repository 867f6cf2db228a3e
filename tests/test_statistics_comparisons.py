"""Which is better, how surely, and how much: against scipy, by simulation, and by symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fastq.statistics import (
    best_set,
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


def grid(rng, runs, behind):
    """Configurations that share half of their luck, each so far behind the first."""
    return rng.normal(size=(runs, 1)) + rng.normal(size=(runs, len(behind))) - behind


@pytest.mark.parametrize("runs", [10, 30])
def test_the_best_stays_in_its_set_and_the_greatest_is_often_another(runs):
    rng, behind = np.random.default_rng(runs), np.array([0, 0.05, 0.05, 0.1, 1, 2, 4])
    kept, won, dropped = 0, 0, 0
    for _ in range(200):
        samples = grid(rng, runs, behind)
        found = best_set(samples, resamples=300)
        kept += found.plausible[0]
        won += samples.mean(axis=0).argmax() == 0
        dropped += not found.plausible[-1]
    assert kept >= 0.93 * 200
    assert won < 0.7 * 200
    assert dropped == 200


def test_equals_are_equal():
    samples = grid(np.random.default_rng(3), 20, np.array([0, 0, 3.0]))
    samples[:, 1] = samples[:, 0]
    found = best_set(samples)
    assert found.plausible.tolist() == [True, True, False]
    assert found.wins == pytest.approx([0.5, 0.5, 0])
    assert best_set(np.ones((5, 3))).plausible.all()
    assert best_set([[1.0, 2.0]]).plausible.all()


def test_the_order_and_the_scale_of_configurations_do_not_matter():
    samples = grid(np.random.default_rng(4), 25, np.linspace(0, 2, 8))
    found, order = best_set(samples), np.random.default_rng(5).permutation(8)
    moved = best_set(7 + 3 * samples[:, order])
    assert moved.plausible.tolist() == found.plausible[order].tolist()
    assert moved.wins == pytest.approx(found.wins[order])
    assert 0 < found.plausible.sum() < 8


def test_configurations_that_lack_runs_are_compared_over_those_they_have():
    samples = grid(np.random.default_rng(6), 40, np.array([0, 0.1, 5]))
    samples[10:, 2] = np.nan
    found = best_set(samples)
    assert found.plausible.tolist() == [True, True, False]
    both = best_set(samples[:, :2])
    assert found.plausible[:2].tolist() == both.plausible.tolist()


def test_what_is_ahead_by_rounding_is_not_ahead():
    samples = np.full((6, 2), 0.3)
    samples[:, 1] = 0.1 + 0.2
    assert samples[0, 0] != samples[0, 1]
    assert best_set(samples).plausible.all()


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


def test_a_configuration_of_one_run_may_be_the_best():
    samples = grid(np.random.default_rng(10), 20, np.array([0, 9.0, 9.0]))
    samples[1:, 2] = np.nan
    assert best_set(samples).plausible.tolist() == [True, False, True]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(samples=arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=whole))
def test_the_greatest_mean_is_always_plausible_and_wins_are_shares(samples):
    found = best_set(samples, resamples=50)
    means = samples.mean(axis=0)
    assert found.plausible[np.isclose(means, means.max(), rtol=0, atol=1e-9)].all()
    assert found.wins.sum() == pytest.approx(1)
    assert (found.wins >= 0).all()


def test_a_configuration_with_a_run_that_failed_could_not_be_the_best():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(20, 4))
    with_failures = table.copy()
    with_failures[3, 1], with_failures[7, 2] = np.inf, -np.inf
    found = best_set(with_failures)
    alone = best_set(table[:, [0, 3]])
    assert found.wins[[0, 3]].tolist() == alone.wins.tolist()
    assert found.plausible[[0, 3]].tolist() == alone.plausible.tolist()
    assert not found.plausible[[1, 2]].any()
    assert not found.wins[[1, 2]].any()
    assert best_set([[np.inf, 1.0], [1.0, -np.inf]]).plausible.all()


def test_values_near_the_greatest_float_are_compared():
    table = np.random.default_rng(1).normal(size=(12, 3)) + np.array([0.0, 0.0, 3.0])
    found, great = best_set(table), best_set(table * 2.0**1020)
    assert found.wins.tolist() == great.wins.tolist()
    assert found.plausible.tolist() == great.plausible.tolist()
