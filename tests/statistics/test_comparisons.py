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
    """Paired, it is exact, and so covers somewhat more often than it says."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 30, 3000))
    spread = np.sqrt(2)
    if paired:
        first = (first + second) / np.sqrt(2)  # half of the luck is the same
        spread = np.sqrt(2 - np.sqrt(2))
    found = probability_of_improvement(first + 0.5, second, paired=paired)
    truth = stats.norm.cdf(0.5 / spread)
    covered = np.mean((found.lower <= truth) & (truth <= found.upper))
    assert (0.94 if paired else 0.925) <= covered <= 0.985


@pytest.mark.parametrize(
    ("first", "second", "paired", "apart"),
    [
        # Better by a little in each run: run by run always, over all pairs of runs rarely.
        ([1.0, 2, 3, 4], [0.5, 1.5, 2.5, 3.5], 1.0, 10 / 16),
        # A win, two losses and a tie, which counts half; over all pairs, 3 + 0 + 2 + 2 of 16.
        ([3.0, 0, 2, 2], [1.0, 2, 2, 5], 1.5 / 4, 7 / 16),
        ([1.0, 1], [1.0, 1], 0.5, 0.5),
        ([0.0, 9], [9.0, 0], 0.5, 0.5),
    ],
)
def test_improvement_by_hand(first, second, paired, apart):
    assert probability_of_improvement(first, second, paired=True).estimate == paired
    assert probability_of_improvement(first, second).estimate == apart


@pytest.mark.parametrize(("wins", "runs"), [(0, 100), (7, 10), (10, 10), (1, 2)])
def test_paired_improvement_has_the_interval_of_clopper_and_pearson(wins, runs):
    first = np.where(np.arange(runs) < wins, 1.0, -1.0)
    found = probability_of_improvement(first, np.zeros(runs), 0.9, paired=True)
    expected = stats.binomtest(wins, runs).proportion_ci(0.9, method="exact")
    assert found == pytest.approx((wins / runs, expected.low, expected.high))


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("runs", [2, 5, 12])
def test_paired_improvement_with_ties_covers_by_enumeration(runs, level):
    """All counts of wins, ties and losses, each as probable as it is."""
    counts = np.array([c for c in np.ndindex(runs + 1, runs + 1) if sum(c) <= runs])
    samples = np.stack([np.repeat([1.0, 0, -1], [w, t, runs - w - t]) for w, t in counts], 1)
    found = probability_of_improvement(samples, np.zeros_like(samples), level, paired=True)
    outcomes = np.column_stack([counts, runs - counts.sum(axis=1)])
    for tie in (0, 0.1, 0.5, 0.9):
        for win in np.linspace(0, 1 - tie, 21):
            chance = stats.multinomial.pmf(outcomes, runs, [win, tie, max(1 - tie - win, 0)])
            truth = win + tie / 2
            held = (found.lower <= truth + 1e-12) & (truth - 1e-12 <= found.upper)
            assert chance[held].sum() >= level


def test_shared_luck_shows_in_pairs():
    rng = np.random.default_rng(1)
    luck = rng.normal(size=50)
    first, second = luck + 0.1 + 0.1 * rng.normal(size=50), luck + 0.1 * rng.normal(size=50)
    paired, apart = (probability_of_improvement(first, second, paired=p) for p in (True, False))
    assert paired.estimate == np.mean(first > second) > 0.65
    assert apart.estimate < 0.6
    assert paired.lower > 0.5 > apart.lower
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
    assert found.estimate == pytest.approx([np.mean(runs > cut) for cut in thresholds])
    half = stats.kstwo.ppf(0.95, 40)
    assert found.lower == pytest.approx(np.clip(found.estimate - half, 0, 1))
    assert found.upper == pytest.approx(np.clip(found.estimate + half, 0, 1))


def test_improvement_of_a_published_example():
    """Ages at which males and females were diagnosed: Shier (2004), as in scipy; U is 17."""
    males, females = [19.0, 22, 16, 29, 24], [20.0, 11, 17, 12]
    assert probability_of_improvement(males, females).estimate == pytest.approx(17 / 20)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(pairs=arrays(np.float64, st.tuples(st.integers(2, 9), st.just(2)), elements=whole))
def test_pairs_are_compared_one_by_one_and_mirrored_too(pairs):
    first, second = pairs.T
    found, mirrored = (
        probability_of_improvement(*both, paired=True)
        for both in [(first, second), (second, first)]
    )
    assert found.estimate == np.mean((first > second) + 0.5 * (first == second))
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert found == pytest.approx((1 - mirrored.estimate, 1 - mirrored.upper, 1 - mirrored.lower))


def test_paired_improvement_of_curves_is_that_of_each_point():
    first, second = np.random.default_rng(7).integers(0, 3, size=(2, 8, 3, 2)).astype(float)
    found = probability_of_improvement(first, second, paired=True)
    for index in np.ndindex(3, 2):
        alone = probability_of_improvement(first[:, *index], second[:, *index], paired=True)
        assert [bound[index] for bound in found] == pytest.approx(list(alone))
    assert np.isnan(probability_of_improvement([1.0], [0.0], paired=True).lower)


def test_improvement_of_curves_is_that_of_each_point():
    first, second = np.random.default_rng(7).normal(size=(2, 8, 3, 2))
    found = probability_of_improvement(first, second[:6])
    for index in np.ndindex(3, 2):
        alone = probability_of_improvement(first[:, *index], second[:6, *index])
        assert [bound[index] for bound in found] == pytest.approx(list(alone))


def test_the_interval_of_improvement_by_its_definition():
    """Wilson's, for as many runs as have DeLong's variance, with Student's t of the fewer runs."""
    first, second = [3.0, 1.0, 5.0, 2.0], [0.0, 4.0, 2.5, 1.5, -1.0, 2.0]
    wins = np.array([[(a > b) + (a == b) / 2 for b in second] for a in first])
    share = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / 4 + wins.mean(axis=0).var(ddof=1) / 6
    runs = share * (1 - share) / variance
    z = stats.t.ppf(0.95, 4 - 1)
    middle = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    spread = np.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2))
    half = z / (1 + z**2 / runs) * spread
    found = probability_of_improvement(first, second, 0.9)
    assert found == pytest.approx((share, middle - half, middle + half), rel=1e-12)
    assert 0 < found.lower < found.upper < 1  # neither bound is cut off


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
