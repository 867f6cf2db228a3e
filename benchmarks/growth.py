"""How the time of a step grows with states, actions and outcomes; and the whole with the work.

    uv run python benchmarks/growth.py [--write]

prints tables, and with ``--write`` puts them into PERFORMANCE.md and draws benchmarks/growth.png.
Each point is the median of some batches on random MDPs, each of other runs, on one core. Caches are
those that Linux tells of.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
import page
from matplotlib.ticker import FuncFormatter

import fastq
from fastq.training.kernels import build, lanes
from fastq.training.train import Settings, train_pairs

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "PERFORMANCE.md"
STATES = (70, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
ACTIONS = (2, 4, 8, 16, 32, 64, 128, 256)
OUTCOMES = (1, 2, 4, 8, 16)
RUNS = (640, 6_400, 64_000)
EPISODES = (10, 100, 1_000, 10_000)
REPEATS = 5
LIMIT = 1000
"""Steps of an episode."""


class Axis(NamedTuple):
    """What grows, and the nanoseconds of a step by each of the loops."""

    name: str
    values: tuple[int, ...]
    lockstep: list[float]
    plain: list[float]


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
    worlds = [world(value) for value in values]
    with mock.patch.object(lanes, "MOST_BYTES", 2**40):
        lockstep = [_nanoseconds(mdp) for mdp in worlds]
    with mock.patch.object(build, "fits_lanes", lambda *_, **__: False):
        plain = [_nanoseconds(mdp) for mdp in worlds]
    return Axis(name, values, lockstep, plain)


def _nanoseconds(mdp: fastq.FiniteMDP) -> float:
    """Time a step: runs long enough that to clear their tables costs little."""
    episodes = min(max(20, 2 * mdp.num_states // LIMIT), 200)
    _seconds(mdp, 32, 1, seed=REPEATS)
    found = [_seconds(mdp, 32, episodes, seed) for seed in range(REPEATS)]
    return statistics.median(seconds / steps for seconds, steps in found) * 1e9


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
    lines = [f"| {axis.name} | in lock-step, ns per step | plain loop |", "|---|---|---|"]
    for value, quick, plain in zip(axis.values, axis.lockstep, axis.plain, strict=True):
        same = axis.name == "actions" and value > lanes.UNROLLED_ACTIONS
        lines.append(f"| {value:,} | {'-' if same else f'{quick:.1f}'} | {plain:.1f} |")
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
        shown = [v for v in axis.values if axis.name != "actions" or v <= lanes.UNROLLED_ACTIONS]
        panel.plot(axis.values, axis.plain, "s--", color="0.5", label="plain loop")
        panel.plot(shown, axis.lockstep[: len(shown)], "o-", color="k", label="in lock-step")
        panel.set(yscale="log", xlabel=axis.name)
        panel.set_xscale("log", base=10 if axis.name == "states" else 2)
        if axis.name != "states":
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for name, size in _caches():
        for runs, style in ((lanes.LANES, ":"), (1, "-")):
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
