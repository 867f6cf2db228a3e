"""How often a race drops the best configuration where the others fail rarely.

    uv run python benchmarks/rare_failures.py [--write]

prints a table, and with ``--write`` puts it into docs/statistics.md. It takes some minutes. In each
world a safe arm earns 0. One or four others earn more, but lose 20 in some of their runs, which
costs them twice what they lead by: the safe one is the best. All earn 0.1 more or less by chance.
A configuration plays one arm, a run is one episode, and each configuration draws from its own
streams. Of each race 400 are held on arrays (the standard error of 5 % is 1.1 points), and 40 of
some by `fastq.race` itself, whose runs have the same law. Exit status 1: the page lacks the marks
of the table.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import page
from numpy.typing import NDArray

import fastq
from fastq import statistics
from fastq.execution.race import looks, still_left

PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"
COST, NOISE = 20.0, 0.1
REAL, MADE_UP = 40, 400
RUNS, FIRST_RUNS, LEVEL = 240, 60, 0.95
OFTEN, SELDOM = 0.05, 0.02

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Drop = Callable[..., Bools]


class Arm(fastq.Algorithm):
    """Play one arm, and learn nothing."""

    arm: int = 0

    def act(q, state, u, agent):
        return int(agent.arm)

    def update(q, step, agent):
        q[step.state, step.action] += 0.0


def lead(rate: float) -> float:
    """Give what the others earn while they do not fail: half of what failures cost in the mean."""
    return COST * rate / 2


def bandit(arms: int, rate: float) -> fastq.FiniteMDP:
    """Build the world: one state, and an arm for each action; the first one is safe."""

    def pays(reward: float, share: float) -> list[tuple[float, int, float, bool]]:
        return [(share / 2, 0, reward + sign * NOISE, True) for sign in (-1, 1)]

    rival = [*pays(lead(rate), 1 - rate), *pays(lead(rate) - COST, rate)]
    return fastq.FiniteMDP.from_arrays([[pays(0.0, 1.0), *[rival] * (arms - 1)]], name="bandit")


def drawn(rng: np.random.Generator, runs: int, arms: int, rate: float) -> Floats:
    """Draw what the arms earn in each run, shape (runs, arms)."""
    values = NOISE * rng.choice([-1.0, 1.0], size=(runs, arms))
    values[:, 1:] += lead(rate) - COST * (rng.random((runs, arms - 1)) < rate)
    return values


def real(arms: int, rate: float, **options: object) -> tuple[float, float]:
    """Run races; give the share that drops the best, and the share of runs that they take."""
    if rate < OFTEN:
        return float("nan"), float("nan")
    dropped, taken = 0, 0
    for seed in range(REAL):
        sweep = fastq.Sweep(
            env=bandit(arms, rate),
            agent=Arm,
            grid={"arm": list(range(arms))},
            episodes=1,
            runs=RUNS,
            seed=seed,
            streams="independent",
        )
        with tempfile.TemporaryDirectory() as out:
            found = fastq.race(sweep, out, progress=False, n_jobs=1, **options)
        dropped += not found.table["left"][0]
        taken += found.done
    return dropped / REAL, taken / (REAL * RUNS * arms)


def made_up(arms: int, rate: float, drop: Drop, runs: int, first: int) -> tuple[float, float]:
    """Hold the same races on arrays."""
    rng, counts, dropped, taken = np.random.default_rng(arms), looks(first, runs), 0, 0
    for _ in range(MADE_UP):
        values, left, done = drawn(rng, runs, arms, rate), np.ones(arms, dtype=np.bool_), 0
        for count in counts:
            taken += int(left.sum()) * (count - done)
            done = count
            left = drop(values[:count], left, len(counts))
            if left.sum() == 1:
                break
        dropped += not left[0]
    return dropped / MADE_UP, taken / (MADE_UP * runs * arms)


def by_best_set(values: Floats, left: Bools, count: int) -> Bools:
    """Decide as a race does by default, with fewer resamples."""
    return still_left(values, left, LEVEL, count, resamples=400)


def by_bounds(values: Floats, left: Bools, _count: int) -> Bools:
    """Decide as a race does with guarantee = "any"."""
    still, bounds = left.copy(), (-COST - NOISE, lead(OFTEN) + NOISE)
    still[left] = statistics.anytime_best_set(
        values[:, left], *bounds, LEVEL, configurations=len(left)
    )
    return still


Race = Callable[[int, float], tuple[float, float]]
RACES: dict[str, Race] = {
    f"default, {RUNS} runs, {REAL} races by `fastq.race`": real,
    f"default, {RUNS} runs": partial(made_up, drop=by_best_set, runs=RUNS, first=FIRST_RUNS),
    f"`first_runs=10`, {RUNS} runs": partial(made_up, drop=by_best_set, runs=RUNS, first=10),
    f"`first_runs=150`, {2 * RUNS} runs": partial(
        made_up, drop=by_best_set, runs=2 * RUNS, first=150
    ),
    f'`guarantee="any"`, {RUNS} runs, {REAL} races by `fastq.race`': partial(real, guarantee="any"),
    f'`guarantee="any"`, {10 * RUNS:,} runs': partial(
        made_up, drop=by_bounds, runs=10 * RUNS, first=FIRST_RUNS
    ),
}


def main() -> None:
    """Measure, print, and write where asked."""
    if "--write" in sys.argv[1:]:
        page.parts(PAGE, "rare failures")
    worlds = [(arms, rate) for rate in (OFTEN, SELDOM) for arms in (2, 5)]
    heads = [f"{arms} arms, {100 * rate:g} %" for arms, rate in worlds]
    rows = [["race: best dropped / runs taken, in %", *heads], ["---", *["---:"] * len(heads)]]
    for name, race in RACES.items():
        found = [race(arms, rate) for arms, rate in worlds]
        cells = [f"{100 * dropped:.1f} / {100 * taken:.0f}" for dropped, taken in found]
        rows.append([name, *("" if "nan" in cell else cell for cell in cells)])
        print(f"| {' | '.join(rows[-1])} |", flush=True)
    if "--write" in sys.argv[1:]:
        page.write(PAGE, "rare failures", "\n".join(f"| {' | '.join(row)} |" for row in rows))


if __name__ == "__main__":
    main()
