"""Estimates and intervals against scipy and published examples, and by how often they cover."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import fastq
from fastq import statistics
from fastq.statistics import INTERVALS, interval, resampling, t_interval

POINTWISE = ("t", "bootstrap", "bca")
ESTIMATORS = {
    "mean": np.mean,
    "median": np.median,
    "iqm": lambda x, axis=0: stats.trim_mean(x, 0.25, axis=axis),
    "quantile:0.9": lambda x, axis=0: np.quantile(x, 0.9, axis=axis),
    "quantile:0": np.min,
}
samples_of = arrays(
    np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)
MOUSE = np.array([94.0, 197, 16, 38, 99, 141, 23])
"""Survival of treated mice: Efron & Tibshirani (1993), table 2.1."""
SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4])
"""Additional sleep by one drug beside another: Student (1908)."""


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


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("runs", [1, 2, 3, 4, 9, 20])
def test_estimates_equal_numpys_and_scipys(estimator, runs):
    samples = np.random.default_rng(runs).exponential(size=(runs, 3, 2))
    found = statistics.estimate(samples, estimator)
    assert found == pytest.approx(ESTIMATORS[estimator](samples, axis=0), rel=1e-12)


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


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("columns", [1, 2, 7, 100])
def test_in_how_many_blocks_columns_are_resampled_does_not_matter(estimator, columns, monkeypatch):
    samples, counts = np.random.default_rng(2).normal(size=(9, 7)), resampling.drawn(9, 40, 1)
    ((everything, whole),) = resampling.resampled(samples, estimator, counts)
    monkeypatch.setattr(resampling, "_BYTES", 8 * 40 * columns)
    pieces = list(resampling.resampled(samples, estimator, counts))
    assert everything == slice(0, 7)
    assert [some.start for some, _ in pieces] == list(range(0, 7, columns))
    assert np.concatenate([found for _, found in pieces]) == pytest.approx(whole, rel=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    samples=samples_of,
    estimator=st.sampled_from(sorted(ESTIMATORS)),
    seed=st.integers(0, 2**63 - 1),
)
def test_a_resample_is_estimated_as_the_runs_that_were_drawn(samples, estimator, seed):
    runs = len(samples)
    picked = np.random.default_rng(seed).integers(0, runs, size=(5, runs))
    ((_, found),) = resampling.resampled(samples, estimator, resampling.drawn(runs, 5, seed))
    expected = np.stack([statistics.estimate(samples[rows], estimator) for rows in picked], axis=1)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.abs(samples).max())


@settings(max_examples=50, deadline=None, derandomize=True)
@given(samples=samples_of, estimator=st.sampled_from(sorted(ESTIMATORS)))
def test_runs_are_left_out_one_at_a_time(samples, estimator):
    found = np.sort(resampling.left_out(samples, estimator), axis=0)
    without = [np.delete(samples, run, axis=0) for run in range(len(samples))]
    expected = np.sort([statistics.estimate(others, estimator) for others in without], axis=0)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.abs(samples).max())


def test_compiled_resampling_equals_its_source():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(6, 9))
    order = np.argsort(samples, axis=1)
    counts, below = resampling.drawn(9, 20, 0), np.append(0.0, np.full(9, 1 / 9).cumsum())
    outs = np.empty((2, 6, 20))
    for fill, out in zip((resampling._fill, resampling._fill.py_func), outs, strict=True):
        fill(np.take_along_axis(samples, order, axis=1), order, counts, below, out)
    assert outs[0].tobytes() == outs[1].tobytes()


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
@pytest.mark.parametrize(("place", "runs"), [(0, 10), (1, 30), (2, 100)])
def test_intervals_cover_as_often_as_was_measured(kind, samples, place, runs):
    name, draw, truth = samples
    found = interval(draw(np.random.default_rng(place), (runs, 3000)), kind)
    covered = 100 * np.mean((found.lower <= truth) & (truth <= found.upper))
    assert covered == pytest.approx(MEASURED[kind, name][place], abs=1.8)
    if name == "normal" and (kind == "t" or runs == 100):
        assert covered == pytest.approx(95, abs=2)


MENTIONED = {
    "t, mean": (statistics.t_interval, (3,)),
    "bootstrap, mean": (statistics.bootstrap_interval, (0, 3)),
    "bca, mean": (statistics.bca_interval, (0, 3)),
    "simultaneous, mean of 100 points": (statistics.simultaneous_band, (0, 3)),
    "probability of improvement": (statistics.probability_of_improvement, (0,)),
}


def shares_of(row):
    """Read a row of the measured table: normal, skewed and bimodal, each of 10, 30 and 100 runs."""
    page = (Path(__file__).parent.parent / "docs" / "statistics.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {row} |")]
    return line.removesuffix(" |").split(" | ")[1:]


@pytest.mark.parametrize(("kind", "samples"), MEASURED)
def test_the_figures_here_are_those_of_the_page(kind, samples):
    place = 3 * ["normal", "skewed", "bimodal"].index(samples)
    shares = shares_of(f"{kind}, mean")[place : place + 3]
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
    (share,) = {share.strip() for share in shares_of("tolerance, 90 % of runs")} - {""}
    assert f"from 100 runs held 90 % of all runs {share} %" in tolerance
    shares = sorted(map(float, shares_of("best set, 20 configurations")))
    assert f"in the set {shares[0]} to {shares[-1]} %" in best


@pytest.mark.parametrize("row", MENTIONED)
def test_docstrings_say_what_was_measured(row):
    shares = shares_of(row)
    function, places = MENTIONED[row]
    said = " ".join(function.__doc__.split())
    for place in places:
        assert "{}, {} and {}".format(*shares[place : place + 3]) in said


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
    (lambda: statistics.best_set([[1, np.inf]]), r"samples at \(0, 1\) = inf"),
    (lambda: statistics.best_set([1, 2]), r"must be \(runs, configurations\)"),
    (lambda: statistics.best_set([[1, np.nan]]), "must have at least one run"),
]


@pytest.mark.parametrize(("ask", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input(ask, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        ask()
    assert "\n" not in str(caught.value)
