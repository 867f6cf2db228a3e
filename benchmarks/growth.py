"""How the time of a step grows with states, actions and outcomes; and the whole with the work.

    uv run python benchmarks/growth.py [--write]

prints tables, and with ``--write`` puts them into PERFORMANCE.md and draws benchmarks/growth.png.
Each point is the median of some batches on random MDPs, each of other runs, on one core: in
lock-step, by the plain loop, and in plain C, where there is a compiler. They take turns. Caches are
those that Linux tells of.
"""

import dataclasses
import functools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from math import isnan, nan
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
import page
from matplotlib.ticker import FuncFormatter
from peer import c
from peer.measure import timed
from peer.pairs import check

import fastq
from fastq.training.kernels import build, lanes
from fastq.training.train import Settings, train_pairs

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "PERFORMANCE.md"
STATES = (70, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
ACTIONS = (2, 4, 8, 16, 32, 64, 128, 256)
OUTCOMES = (1, 2, 4, 8, 16)
BATCH = 32
RUNS = (640, 6_400, 64_000)
EPISODES = (10, 100, 1_000, 10_000)
REPEATS = 5
LIMIT = 1000
"""Steps of an episode."""

Work = Callable[[fastq.FiniteMDP, int, int, int], tuple[float, int]]
"""It trains some runs for some episodes with a seed; it gives the seconds and the steps."""


class Loop(NamedTuple):
    """Who takes the steps, and how its points are drawn."""

    name: str
    style: str
    color: str


LOCKSTEP = Loop("in lock-step", "o-", "k")
PLAIN = Loop("plain loop", "s--", "0.5")
C = Loop("plain C", "^:", "C3")


class Axis(NamedTuple):
    """What grows, and the nanoseconds of a step by each of the loops; NaN where it takes none."""

    name: str
    values: tuple[int, ...]
    nanoseconds: dict[Loop, list[float]]


def main() -> None:
    """Measure, print, and write where asked."""
    if "--write" in sys.argv[1:]:
        page.parts(PAGE, "growth")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    axes = [
        _axis("states", STATES, lambda n: fastq.random_mdp(n, 4, 1, seed=0)),
        _axis("actions", ACTIONS, lambda n: fastq.random_mdp(100, n, 1, seed=0)),
        _axis("outcomes", OUTCOMES, lambda n: fastq.random_mdp(100, 4, n, seed=0)),
    ]
    text = "\n\n".join([*map(_table, axes), _linear()])
    print(text)
    if "--write" in sys.argv[1:]:
        _draw(axes)
        page.write(PAGE, "growth", text)


def _axis(name: str, values: tuple[int, ...], world: Callable[[int], fastq.FiniteMDP]) -> Axis:
    """Measure along an axis."""
    points = [_point(dataclasses.replace(world(value), max_steps=LIMIT)) for value in values]
    loops = [LOCKSTEP, PLAIN, C] if c.compiler() else [LOCKSTEP, PLAIN]
    return Axis(name, values, {loop: [point.get(loop, nan) for point in points] for loop in loops})


def _point(mdp: fastq.FiniteMDP) -> dict[Loop, float]:
    """Time a step by all loops: runs long enough that to clear their tables costs little."""
    episodes = min(max(20, 2 * mdp.num_states // LIMIT), 200)
    works: dict[Loop, Work] = {PLAIN: _plain}
    if build.variant_for(mdp, [fastq.QLearning()], BATCH).in_lanes:
        works[LOCKSTEP] = _seconds
    if c.compiler():
        works[C] = functools.partial(_in_c, _twin(mdp))
    for work in works.values():
        work(mdp, BATCH, 1, REPEATS)
    found: dict[Loop, list[float]] = {loop: [] for loop in works}
    for seed in range(REPEATS):
        for loop, work in works.items():
            seconds, steps = work(mdp, BATCH, episodes, seed)
            found[loop].append(seconds / steps)
    return {loop: statistics.median(each) * 1e9 for loop, each in found.items()}


def _twin(mdp: fastq.FiniteMDP) -> c.Twin:
    """Make the twin in C; its numbers are fastq's, or nothing is measured."""
    twin, runs = c.Twin(mdp, fastq.QLearning()), 2
    found = fastq.train_batch(mdp, fastq.QLearning(), episodes=2, seed=REPEATS, runs=runs)
    check(str(mdp), found, twin.prepare(REPEATS, np.arange(runs), 2)())
    return twin


def _plain(mdp: fastq.FiniteMDP, runs: int, episodes: int, seed: int) -> tuple[float, int]:
    """Train some runs by the plain loop."""
    with mock.patch.object(build, "fits_lanes", lambda *_, **__: False):
        return _seconds(mdp, runs, episodes, seed)


def _in_c(
    twin: c.Twin, mdp: fastq.FiniteMDP, runs: int, episodes: int, seed: int
) -> tuple[float, int]:
    """Train some runs in plain C."""
    done, seconds = timed(twin.prepare(seed, np.arange(runs), episodes, keep_q=False))
    return seconds, int(done.lengths.sum())


def _seconds(mdp: fastq.FiniteMDP, runs: int, episodes: int, seed: int) -> tuple[float, int]:
    """Train some runs; return the time and the steps."""
    settings, agents = Settings(episodes, seed, LIMIT, "common"), [fastq.QLearning()]
    run_of = np.arange(runs)
    started = time.perf_counter()
    done = train_pairs(mdp, agents, np.zeros_like(run_of), run_of, settings, keep_q=False)
    return time.perf_counter() - started, int(done.lengths.sum())


def _linear() -> str:
    """Show that time is linear in runs and in episodes: the same for each step."""
    mdp = fastq.windy_gridworld()
    _seconds(mdp, 64, 1, seed=0)
    lines = ["| work, Windy Gridworld | ns per step |", "|---|---|"]
    work = [(runs, 10) for runs in RUNS] + [(64, episodes) for episodes in EPISODES]
    for runs, episodes in work:
        found = [_seconds(mdp, runs, episodes, seed) for seed in range(3)]
        each = statistics.median(seconds / steps for seconds, steps in found) * 1e9
        lines.append(f"| {runs:,} runs of {episodes:,} episodes | {each:.1f} |")
    return "\n".join(lines)


def _table(axis: Axis) -> str:
    """Write an axis as a table."""
    first, *others = axis.nanoseconds
    heads = [axis.name, f"{first.name}, ns per step", *(loop.name for loop in others)]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for value, *found in zip(axis.values, *axis.nanoseconds.values(), strict=True):
        cells = ["-" if isnan(each) else f"{each:.1f}" for each in found]
        lines.append(f"| {value:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _caches() -> Iterable[tuple[str, int]]:
    """List the caches of the first core, as Linux tells: their names and bytes."""
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (folder / "type").read_text().strip() != "Instruction":
            kilobytes = (folder / "size").read_text().strip().removesuffix("K")
            yield f"L{(folder / 'level').read_text().strip()}", int(kilobytes) * 1024


def _draw(axes: list[Axis]) -> None:
    """Draw all axes, the first with the sizes of tables at which caches are full."""
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained", sharey=True)
    for panel, axis in zip(panels, axes, strict=True):
        for loop, each in axis.nanoseconds.items():
            panel.plot(axis.values, each, loop.style, color=loop.color, label=loop.name)
        panel.set(yscale="log", xlabel=axis.name)
        panel.set_xscale("log", base=10 if axis.name == "states" else 2)
        if axis.name != "states":
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for name, size in _caches():
        for runs, style in ((lanes.num_lanes(BATCH), ":"), (1, "-")):
            states = size / (8 * 4 * runs)
            if STATES[0] <= states <= STATES[-1]:
                panels[0].axvline(states, color="0.8", linestyle=style, zorder=0)
                label = f" {name}, {runs} table{'s' if runs > 1 else ''} "
                side, transform = "left" if runs > 1 else "right", panels[0].get_xaxis_transform()
                look = {"rotation": 90, "fontsize": 7, "ha": side, "va": "top"}
                panels[0].text(states, 0.98, label, transform=transform, **look)
    panels[0].set(ylabel="ns per step", ylim=(2, 1000))
    panels[2].legend(frameon=False, loc="upper left")
    figure.savefig(ROOT / "benchmarks" / "growth.png", dpi=150)


if __name__ == "__main__":
    main()
