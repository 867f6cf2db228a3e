"""Intervals against scipy and published examples, and by how often they cover."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fastq import statistics
from fastq.statistics import interval, resampling, t_interval
from tests.support.samples import ESTIMATORS

POINTWISE = ("t", "bootstrap", "bca")
MOUSE = np.array([94.0, 197, 16, 38, 99, 141, 23])
"""Survival of treated mice: Efron & Tibshirani (1993), table 2.1."""
SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4])
"""Additional sleep by one drug beside another: Student (1908)."""


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


def test_students_own_example():
    """Student's sleepers: mean difference 1.58, interval 0.70 to 2.46."""
    found = statistics.paired_difference(SLEEP, np.zeros(10))
    assert [round(float(x), 2) for x in found] == [1.58, 0.70, 2.46]


@pytest.mark.parametrize(("estimator", "error"), [("mean", 23.36), ("median", 37.83)])
def test_the_bootstrap_of_a_published_example(estimator, error):
    """The treated mice: mean 86.86, and the standard errors of endless resamples (chapter 2)."""
    counts, shares = all_resamples(7)
    ((_, found),) = resampling.resampled(MOUSE[:, None], estimator, counts)
    assert MOUSE.mean() == pytest.approx(86.86, abs=0.005)
    assert np.sqrt(np.cov(found[0], aweights=shares, ddof=0)) == pytest.approx(error, abs=0.005)
    ordered = found[0][np.argsort(found[0])]
    reached = shares[np.argsort(found[0])].cumsum()
    bounds = statistics.bootstrap_interval(MOUSE, 0.9, estimator=estimator, resamples=50_000)[1:]
    assert bounds == pytest.approx(ordered[np.searchsorted(reached, [0.05, 0.95])], abs=0.5)


def all_resamples(runs):
    """List how often each run can be drawn, and how probable that is."""
    counts = np.array([c for c in np.ndindex(*[runs + 1] * (runs - 1)) if sum(c) <= runs])
    counts = np.column_stack([counts, runs - counts.sum(axis=1)])
    return counts, stats.multinomial.pmf(counts, runs, np.full(runs, 1 / runs))


def in_order(estimator):
    """Sort runs before they are estimated: rounding then tells no two resamples of them apart."""

    def sorted_first(samples, axis):
        runs, ordered = samples.shape[axis], np.sort(samples, axis=axis)
        if estimator == "iqm":
            middle = np.arange(runs // 4, runs - runs // 4)
            return ordered.take(middle, axis=axis).mean(axis=axis)
        return ESTIMATORS[estimator](ordered, axis=axis)

    return sorted_first


@pytest.mark.parametrize("estimator", [name for name in ESTIMATORS if name != "quantile:0"])
@pytest.mark.parametrize(("kind", "method"), [("bootstrap", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("shape", [(20,), (21, 3, 5), (7, 2, 3, 2)], ids=str)
def test_bootstraps_equal_scipys_given_the_same_resamples(
    kind, method, estimator, shape, monkeypatch
):
    monkeypatch.setattr(resampling, "_BYTES", 8 * 300 * 4)  # four columns at a time
    samples = np.random.default_rng(1).exponential(size=shape)
    bootstrap = {"bootstrap": statistics.bootstrap_interval, "bca": statistics.bca_interval}[kind]
    found = bootstrap(samples, 0.9, estimator=estimator, resamples=300, seed=4)
    expected = stats.bootstrap(
        (samples,),
        in_order(estimator),
        axis=0,
        n_resamples=300,
        confidence_level=0.9,
        method=method,
        rng=np.random.default_rng(4),
        vectorized=True,
    ).confidence_interval
    assert found.estimate.shape == shape[1:]
    assert found.lower == pytest.approx(expected.low, rel=1e-12)
    assert found.upper == pytest.approx(expected.high, rel=1e-12)


def two_humps(rng, size):
    """Three runs of ten fail."""
    return np.where(rng.random(size) < 0.3, 0.5 * rng.normal(size=size), rng.normal(10, size=size))


NORMAL = "normal", lambda rng, size: rng.normal(size=size), 0.0
SKEWED = "skewed", lambda rng, size: rng.lognormal(size=size), np.exp(0.5)
BIMODAL = "bimodal", two_humps, 7.0
MEASURED = {  # by benchmarks/interval_coverage.py, at 10, 30 and 100 runs
    ("t", "normal"): (95.0, 94.8, 94.9),
    ("t", "skewed"): (84.0, 87.6, 91.5),
    ("t", "bimodal"): (95.0, 94.2, 95.1),
    ("bootstrap", "normal"): (90.3, 93.3, 94.3),
    ("bootstrap", "skewed"): (80.5, 86.8, 91.6),
    ("bootstrap", "bimodal"): (91.8, 93.6, 95.0),
    ("bca", "normal"): (90.1, 93.1, 94.4),
    ("bca", "skewed"): (82.5, 88.4, 92.0),
    ("bca", "bimodal"): (95.3, 95.5, 95.5),
}


@pytest.mark.parametrize("samples", [NORMAL, SKEWED, BIMODAL], ids=lambda samples: samples[0])
@pytest.mark.parametrize("kind", POINTWISE)
@pytest.mark.parametrize(("index", "runs"), [(0, 10), (1, 30), (2, 100)])
def test_intervals_cover_as_often_as_was_measured(kind, samples, index, runs):
    name, draw, truth = samples
    found = interval(draw(np.random.default_rng(index), (runs, 3000)), kind)
    covered = 100 * np.mean((found.lower <= truth) & (truth <= found.upper))
    assert covered == pytest.approx(MEASURED[kind, name][index], abs=1.8)
    if name == "normal" and (kind == "t" or runs == 100):
        assert covered == pytest.approx(95, abs=2)


MENTIONED = {
    "t, mean": (statistics.t_interval, (3, 9, 12)),
    "bootstrap, mean": (statistics.bootstrap_interval, (0, 3)),
    "bca, mean": (statistics.bca_interval, (0, 3)),
    "simultaneous, mean of 100 points": (statistics.simultaneous_band, (0, 3)),
    "probability of improvement": (statistics.probability_of_improvement, (0,)),
}


def shares_of(row):
    """Read a row of the measured table: normal, skewed and bimodal, each of 10, 30 and 100 runs."""
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {row} |")]
    return line.removesuffix(" |").split(" | ")[1:]


@pytest.mark.parametrize(("kind", "samples"), MEASURED)
def test_the_figures_here_are_those_of_the_page(kind, samples):
    index = 3 * ["normal", "skewed", "bimodal"].index(samples)
    shares = shares_of(f"{kind}, mean")[index : index + 3]
    assert tuple(map(float, shares)) == MEASURED[kind, samples]


def test_docstrings_say_extremes_as_measured():
    band, tolerance, best = (
        " ".join(function.__doc__.split())
        for function in (
            statistics.simultaneous_band,
            statistics.tolerance_interval,
            statistics.best_set,
        )
    )
    assert f"three fail it held {shares_of('simultaneous, mean of 100 points')[6]} %" in band
    held = sorted({share.strip() for share in shares_of("tolerance, 90 % of runs")} - {""})
    assert f"from 100 runs held 90 % of all runs {held[0]} to {held[-1]} %" in tolerance
    shares = sorted(map(float, shares_of("best set, 20 configurations")))
    assert f"in the set {shares[0]} to {shares[-1]} %" in best


@pytest.mark.parametrize("row", MENTIONED)
def test_docstrings_say_what_was_measured(row):
    shares = shares_of(row)
    function, indices = MENTIONED[row]
    said = " ".join(function.__doc__.split())
    for index in indices:
        assert "{}, {} and {}".format(*shares[index : index + 3]) in said


SIZES = st.sampled_from([0.0, 1e-300, 1e-12, 0.1, 1.0, 3.0, 1e6, 1e300])
NUMBERS = st.builds(lambda size, sign: sign * size, SIZES, st.sampled_from([-1, 1])) | st.floats(
    -1e300, 1e300, allow_subnormal=False
)
RUNS = arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.just(3)),
    elements=NUMBERS,
    fill=SIZES,  # many are equal, and some columns are constant
)
WAYS = [
    ("t", "mean"),
    ("simultaneous", "mean"),
    *itertools.product(["bootstrap", "bca"], ["mean", "median", "iqm", "quantile:0", "quantile:1"]),
]


def holds(found):
    """Say whether each estimate lies in its interval, which is known."""
    return bool(np.all((found.lower <= found.estimate) & (found.estimate <= found.upper)))


@pytest.mark.parametrize(("kind", "estimator"), WAYS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(samples=RUNS, level=st.sampled_from([0.01, 0.5, 0.95, 0.999]))
def test_an_interval_holds_its_estimate(kind, estimator, samples, level):
    assert holds(interval(samples, kind, level, estimator=estimator))


@pytest.mark.parametrize("estimator", ["mean", "median", "iqm", "quantile:0.1", "quantile:1"])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(samples=RUNS, content=st.sampled_from([0.05, 0.5]))
def test_a_tolerance_interval_holds_its_estimate(estimator, samples, content):
    samples = np.concatenate([samples, samples])
    found = statistics.tolerance_interval(samples, 0.3, content=content, estimator=estimator)
    assert holds(found)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(samples=RUNS, level=st.sampled_from([0.01, 0.5, 0.95, 0.999]))
def test_shares_and_differences_lie_in_their_intervals(samples, level):
    first, second = samples[:, 0], samples[:, 1]
    for paired in (True, False):
        found = statistics.probability_of_improvement(first, second, level, paired=paired)
        assert holds(found)
        assert 0 <= found.lower <= found.upper <= 1
    assert holds(statistics.performance_profile(first, np.unique(samples), level))
    with np.errstate(over="ignore"):  # of huge numbers of both signs
        assert holds(statistics.paired_difference(first / 2, second / 2, level=level))


@pytest.mark.parametrize("runs", range(2, 60))
def test_no_rounding_parts_a_certain_probability_from_its_interval(runs):
    """Where one always loses, the unpaired lower bound came out as 6.9e-18."""
    for level in (0.9, 0.95, 0.99):
        for paired in (True, False):
            worse = statistics.probability_of_improvement(
                np.zeros(runs), np.ones(runs), level, paired=paired
            )
            better = statistics.probability_of_improvement(
                np.ones(runs), np.zeros(runs), level, paired=paired
            )
            assert (worse.estimate, worse.lower) == (0, 0)
            assert (better.estimate, better.upper) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "level", "end"), [("bootstrap", 0.1, "upper"), ("bca", 0.05, "lower")]
)
def test_a_bootstrap_that_would_not_hold_the_estimate_is_widened_to_it(kind, level, end):
    """At a low level and of skewed runs; at 95 % scipy's interval stays as it is."""
    samples = np.random.default_rng(0).lognormal(sigma=2, size=(8, 100))
    found = interval(samples, kind, level)
    assert holds(found)
    widened = getattr(found, end) == found.estimate
    assert 10 < widened.sum() < 90
    usual = interval(samples, kind)
    assert not ((usual.lower == usual.estimate) | (usual.upper == usual.estimate)).any()


def test_a_tolerance_interval_is_widened_to_a_mean_far_off():
    samples = np.r_[np.arange(99.0), 1e6]
    found = interval(samples, "tolerance", estimator="median")
    assert found.estimate == 49.5
    assert found.upper < 99
    far = interval(samples, "tolerance", estimator="mean")
    assert (far.lower, far.upper) == (found.lower, samples.mean())


@pytest.mark.parametrize("kind", [*POINTWISE, "simultaneous"])
@pytest.mark.parametrize("size", [2.0**-1000, 2.0**1000], ids=["tiny", "huge"])
def test_an_interval_scales_with_its_samples(kind, size):
    """Squares of tiny numbers would vanish, and no width be left; those of huge ones overflow."""
    samples = np.random.default_rng(3).exponential(size=(9, 2))
    found, expected = interval(size * samples, kind), interval(samples, kind)
    for bound, other in zip(found, expected, strict=True):
        assert bound == pytest.approx(size * other, rel=1e-12)
    table = size * np.random.default_rng(4).normal([0, 3, 3], size=(20, 3))
    same = statistics.best_set(table), statistics.best_set(table / size)
    assert [found.plausible.tolist() for found in same] == [[False, True, True]] * 2


@pytest.mark.parametrize("kind", ["bootstrap", "bca"])
def test_runs_that_are_equal_leave_no_width_that_rounding_makes(kind):
    """The mean of seven times -13.7 is not -13.7 in binary; resampled means round as it does."""
    samples = np.full((7, 2), -13.7)
    samples[:, 1] = np.arange(7)
    found = interval(samples, kind)
    assert found.lower[0] == found.upper[0] == found.estimate[0] == samples[:, 0].mean()
