"""How peers are timed: on one core, in turns, each turn on other runs.

In each repeat every peer of a contest works once, with the repeat's seed: a seed that is repeated
would be learned by heart by the branch predictor. Peers that are compared stand side by side, and
every other repeat goes through them backwards, so that none is always the first. So a ratio within
a repeat compares neighbours in time, however the machine's speed drifts.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Peer = Callable[[int], "Timed"]
"""It takes a seed, trains other runs with it, and says how long that took."""

Contest = Mapping[str, Peer]
"""Peers by name."""

Figures = dict[str, dict[str, list[float]]]
"""Nanoseconds per step of each repeat, by contest and peer."""

CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
"""The cores that this process was given, before it was pinned; empty where that is not known."""


class Missing(Exception):  # noqa: N818
    """A peer that this machine does not have; the message says which, and why."""


class Timed(NamedTuple):
    """What a peer did."""

    seconds: float
    steps: int

    @property
    def nanoseconds_per_step(self) -> float:
        """Give the time of a step."""
        return 1e9 * self.seconds / self.steps


def timed(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """Do some work; return what came of it, and the seconds it took."""
    started = time.perf_counter()
    result = work(*args, **kwargs)
    return result, time.perf_counter() - started


def measure(contests: Mapping[str, Contest], repeats: int, say: Callable[[str], None]) -> Figures:
    """Let all peers of all contests work in turns; say how far it is."""
    figures: Figures = {
        title: {name: [] for name in contest} for title, contest in contests.items()
    }
    for repeat in range(repeats):
        say(f"repeat {repeat + 1} of {repeats}")
        for title, contest in contests.items():
            names = list(contest) if repeat % 2 == 0 else list(reversed(contest))
            for name in names:
                figures[title][name].append(contest[name](repeat).nanoseconds_per_step)
    return figures


def ratios(slow: list[float], fast: list[float]) -> list[float]:
    """Say how many times as fast one peer was as the other, within each repeat."""
    return [a / b for a, b in zip(slow, fast, strict=True)]


def pin() -> None:
    """Keep this process, and the threads that it starts from now on, on one core."""
    if CORES:
        os.sched_setaffinity(0, {min(CORES)})


@contextlib.contextmanager
def unpinned() -> Iterator[None]:
    """Use all cores for a while."""
    os.sched_setaffinity(0, CORES)
    try:
        yield
    finally:
        pin()
