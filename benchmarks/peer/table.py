"""The tables of what was measured, as Markdown, and the machine that it was measured on."""

import importlib.metadata
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

from peer import c, customs, sweeps, work
from peer.measure import Figures, ratios


def tables(figures: Figures, left_out: Sequence[str]) -> str:
    """Write all that is to be said."""
    parts = [_peers(figures[work.WINDY])] if work.WINDY in figures else []
    parts.append(_ratios(figures))
    if left_out:
        parts.append(f"Left out: {'; '.join(left_out)}.")
    return "\n\n".join([*parts, machine()])


def machine() -> str:
    """Say in one line on what machine, and with which versions."""
    packages = ("numpy", "numba", "jax")
    versions = [f"{name} {version}" for name in packages if (version := _version(name))]
    said = [
        f"{_processor()}, {os.cpu_count()} cores",
        f"Python {platform.python_version()}",
        *versions,
        *_compiler(),
    ]
    return f"Measured on {', '.join(said)}."


def _peers(contest: dict[str, list[float]]) -> str:
    """Write the table of all peers in the first contest, slowest first."""
    rows = [
        f"| {work.WINDY} | ns per step | range | times as fast as plain C |",
        "| --- | ---: | ---: | ---: |",
    ]
    by_speed = sorted(contest, key=lambda name: -statistics.median(contest[name]))
    for name in by_speed:
        beside = ""
        if work.C in contest:
            beside = _number(statistics.median(ratios(contest[work.C], contest[name])))
        rows.append(f"| {name} | {_median(contest[name])} | {_range(contest[name])} | {beside} |")
    return "\n".join(rows)


def _ratios(figures: Figures) -> str:
    """Write the table of the ratios that were asked for."""
    rows = ["| what | times as fast | range |", "| --- | ---: | ---: |"]
    for title, contest in figures.items():
        for slow, fast in _PAIRS:
            if slow in contest and fast in contest:
                found = ratios(contest[slow], contest[fast])
                what = f"{title}: {fast} beside {slow}"
                rows.append(f"| {what} | {_median(found)} | {_range(found)} |")
    return "\n".join(rows)


_PAIRS = (
    (work.PYTHON, work.BATCH),
    (work.C, work.BATCH),
    (work.C, work.SINGLE),
    (work.SINGLE, work.CUSTOM),
    (work.C, customs.CUSTOM),
    (customs.BUILT_IN, customs.CUSTOM),
    (work.C, customs.BRANCHES),
    (customs.BUILT_IN, customs.BRANCHES),
    (work.ONE, work.TWO),
    (sweeps.BARE, sweeps.RECORDED),
)
"""Who is compared: the second is so many times as fast as the first."""


def _median(values: Sequence[float]) -> str:
    return _number(statistics.median(values))


def _range(values: Sequence[float]) -> str:
    return f"{_number(min(values))} to {_number(max(values))}"


def _number(value: float) -> str:
    """Write a number so that it shows what matters, and no more."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 0.1:
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{value:.2g}"


def _version(package: str) -> str | None:
    """Give the version of a package, or None where it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """Name the processor's model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _compiler() -> list[str]:
    """Name the C compiler, where there is one."""
    found = c.compiler()
    if found is None:
        return []
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    return said.stdout.splitlines()[:1]
