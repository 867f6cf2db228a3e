"""How often intervals cover what they should: on samples whose truth is known.

    uv run python benchmarks/interval_coverage.py [--write]

prints a table, and with ``--write`` puts it into docs/statistics.md. It takes some minutes. Each
figure is a share of 10,000 samples (of 1,000 for whole curves, of 500 for whole grids); its own
standard error is 0.2 points (0.7, 1.0). Exit status 1: the page lacks the marks of the table.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import page
from numpy.typing import NDArray
from scipy import stats

from fastq import statistics
from fastq.execution.race import looks, still_left

PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"
RUNS = (10, 30, 100)
LEVEL = 0.95
MANY, SOME, GRIDS = 10_000, 1_000, 500
FIRST_RUNS = 60
POINTS, CONFIGURATIONS = 100, 20

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def _bimodal(rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """Three runs of ten fail: they end about 0, the others about 10."""
    return np.where(rng.random(size) < 0.3, 0.5 * rng.normal(size=size), rng.normal(10, size=size))


def _failing(rate: float) -> Draw:
    """Let a share of all runs fail: they lose 20 standard deviations."""
    return lambda rng, size: rng.normal(size=size) - 20.0 * (rng.random(size) < rate)


SAMPLES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.lognormal(size=size),
    "bimodal": _bimodal,
    "fails in 5 %": _failing(0.05),
    "fails in 2 %": _failing(0.02),
}
"""Standard normal; lognormal with sigma 1, of skewness 6; mixtures of two normals."""
MEANS = {
    "normal": 0.0,
    "skewed": float(np.exp(0.5)),
    "bimodal": 7.0,
    "fails in 5 %": -1.0,
    "fails in 2 %": -0.4,
}


def main() -> None:
    """Measure, print, and write where asked."""
    if "--write" in sys.argv[1:]:
        page.parts(PAGE, "coverage")
    heads = [f"{samples}, {runs}" for samples in SAMPLES for runs in RUNS]
    rows = [["95 % interval", *heads], ["---", *["---:"] * len(heads)]]
    for name, share in measures().items():
        cells = [f"{100 * share(draw, runs):.1f}" for draw in SAMPLES.values() for runs in RUNS]
        rows.append([name, *(cell if cell != "nan" else "" for cell in cells)])
        print(f"| {' | '.join(rows[-1])} |", flush=True)
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    if "--write" in sys.argv[1:]:
        page.write(PAGE, "coverage", table)


def measures() -> dict[str, Callable[[Draw, int], float]]:
    """Name what is measured: each takes samples and a number of runs, and gives a share."""
    found: dict[str, Callable[[Draw, int], float]] = {"t, mean": partial(of_interval, "t", "mean")}
    for kind in ("bootstrap", "bca"):
        for estimator in ("mean", "median", "iqm"):
            name = f"{kind}, {estimator}"
            found[name] = partial(of_interval, kind, estimator)
    found["tolerance, 90 % of runs"] = of_tolerance
    found["simultaneous, mean of 100 points"] = of_band
    found["performance profile, all thresholds"] = of_profile
    found["probability of improvement"] = partial(of_improvement, paired=False)
    found["probability of improvement, paired"] = partial(of_improvement, paired=True)
    found["paired difference, t"] = of_difference
    found["best set, 20 configurations"] = of_best_set
    found["race, 20 configurations"] = of_race
    return found


def of_interval(kind: str, estimator: str, draw: Draw, runs: int) -> float:
    """Cover the estimator of all runs there could be."""
    samples = draw(np.random.default_rng(runs), (runs, MANY))
    return _covered(
        statistics.interval(samples, kind, LEVEL, estimator=estimator), _truth(draw, estimator)
    )


def of_tolerance(draw: Draw, runs: int) -> float:
    """Hold 90 % of all runs."""
    if runs < statistics.tolerance_runs(LEVEL):
        return float("nan")
    samples = draw(np.random.default_rng(runs), (runs, MANY))
    found = statistics.tolerance_interval(samples, LEVEL)
    everything = _everything(draw)
    below, above = (np.searchsorted(everything, bound) for bound in (found.lower, found.upper))
    return float(np.mean((above - below) / len(everything) >= 0.9))


def of_band(draw: Draw, runs: int) -> float:
    """Hold the means of all points of a curve, each of which depends on the one before."""
    rng = np.random.default_rng(runs)
    truth, held = _truth(draw, "mean"), 0
    for _ in range(SOME):
        curves = _chained(rng, draw, runs)
        found = statistics.simultaneous_band(curves, LEVEL, resamples=1000)
        held += bool(np.all((found.lower <= truth) & (truth <= found.upper)))
    return held / SOME


def _chained(rng: np.random.Generator, draw: Draw, runs: int) -> Floats:
    """Draw curves whose points are kept from one to the next nine times of ten."""
    fresh = draw(rng, (runs, POINTS))
    last = np.where(rng.random((runs, POINTS)) < 0.1, np.arange(POINTS), 0)
    return np.take_along_axis(fresh, np.maximum.accumulate(last, axis=1), axis=1)


def of_profile(draw: Draw, runs: int) -> float:
    """Hold the shares of runs above all thresholds."""
    rng, everything = np.random.default_rng(runs), _everything(draw)
    levels = np.linspace(0.005, 0.995, 100)
    thresholds = np.quantile(everything, levels)
    held = 0
    for _ in range(SOME):
        found = statistics.performance_profile(draw(rng, (runs,)), thresholds, LEVEL)
        held += bool(np.all((found.lower <= 1 - levels) & (1 - levels <= found.upper)))
    return held / SOME


def of_improvement(draw: Draw, runs: int, *, paired: bool) -> float:
    """Cover the probability that a run moved up is better than one that was not.

    Half of all pairs are the same run but for the move, and so sure to be better.
    """
    one, other = _pairs(draw, runs, paired)
    everything = _everything(draw)
    moved = np.searchsorted(everything, everything[::100] + _spread(draw)) / len(everything)
    found = statistics.probability_of_improvement(one, other, LEVEL, paired=paired)
    return _covered(found, (1 + moved.mean()) / 2 if paired else float(moved.mean()))


def of_difference(draw: Draw, runs: int) -> float:
    """Cover the mean difference of pairs that share half of their luck."""
    one, other = _pairs(draw, runs, True)
    return _covered(statistics.paired_difference(one, other, level=LEVEL), _spread(draw))


def _pairs(draw: Draw, runs: int, paired: bool) -> tuple[Floats, Floats]:
    """Draw two groups of runs, the first moved up; the same in half of all pairs."""
    rng = np.random.default_rng(runs)
    one, other = draw(rng, (runs, SOME * 2)), draw(rng, (runs, SOME * 2))
    same = rng.random(one.shape) < 0.5 * paired
    return np.where(same, other, one) + _spread(draw), other


def of_best_set(draw: Draw, runs: int) -> float:
    """Keep the best of twenty configurations, three of which are nearly as good."""
    return _kept(draw, runs, [runs])


def of_race(draw: Draw, runs: int) -> float:
    """Keep the same one at each look of a race; with one look, it is the set of the best."""
    counts = looks(FIRST_RUNS, runs)
    return _kept(draw, runs, counts) if len(counts) > 1 else float("nan")


def _kept(draw: Draw, runs: int, counts: list[int]) -> float:
    """Give the share of grids in which the best is left after looks at so many runs."""
    rng, kept = np.random.default_rng(runs), 0
    behind = _spread(draw) * np.linspace(0, 2, CONFIGURATIONS)
    behind[1:4] = 0.01 * behind[-1]
    for _ in range(GRIDS):
        samples = draw(rng, (runs, CONFIGURATIONS)) - behind
        left = np.ones(CONFIGURATIONS, dtype=np.bool_)
        for count in counts:
            left = still_left(samples[:count], left, LEVEL, len(counts), resamples=1000)
        kept += bool(left[0])
    return kept / GRIDS


def _covered(found: statistics.Estimate, truth: float) -> float:
    """Give the share of intervals that hold the truth."""
    return float(np.mean((found.lower <= truth) & (truth <= found.upper)))


_KNOWN: dict[Draw, Floats] = {}


def _everything(draw: Draw) -> Floats:
    """Stand for all runs there could be: two million of them, in order."""
    if draw not in _KNOWN:
        _KNOWN[draw] = np.sort(draw(np.random.default_rng(0), (2_000_000,)))
    return _KNOWN[draw]


def _truth(draw: Draw, estimator: str) -> float:
    """Give what is to be covered."""
    if estimator == "mean":
        return MEANS[_name(draw)]
    everything = _everything(draw)
    return float(
        np.median(everything) if estimator == "median" else stats.trim_mean(everything, 0.25)
    )


def _spread(draw: Draw) -> float:
    """Give half a standard deviation."""
    return 0.5 * float(_everything(draw).std())


def _name(draw: Draw) -> str:
    """Name samples."""
    return next(name for name, one in SAMPLES.items() if one is draw)


if __name__ == "__main__":
    main()
