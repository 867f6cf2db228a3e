"""How long statistics take: bands of a hundred configurations, and a report on them.

    uv run python benchmarks/bands.py [--write]

prints a table, and with ``--write`` puts it into PERFORMANCE.md. The study has 100 configurations
of 100 runs of 500 episodes: five million returns. Each figure is the median of three, with what was
recorded in memory; of the report, of one, in a process of its own. Exit status 1: the page lacks
the marks of the table.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import page

import fastq

PAGE = Path(__file__).parent.parent / "PERFORMANCE.md"


def main() -> None:
    """Measure, print, and write where asked."""
    if "--write" in sys.argv[1:]:
        page.parts(PAGE, "bands")
    with tempfile.TemporaryDirectory() as folder:
        table = "\n".join(rows(f"{folder}/study"))
    print(table)
    if "--write" in sys.argv[1:]:
        page.write(PAGE, "bands", table)


def rows(directory: str) -> list[str]:
    """Run the study, and measure."""
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        agent="q_learning",
        grid={
            "alpha": np.linspace(0.1, 1, 10).round(2).tolist(),
            "epsilon": np.linspace(0.01, 0.1, 10).round(2).tolist(),
        },
        episodes=500,
        runs=100,
    )
    results = fastq.run(sweep, directory, progress=False)
    results.summary()
    found = ["| what | seconds |", "| --- | ---: |"]
    for kind in ("t", "bootstrap", "bca", "simultaneous", "tolerance"):
        seconds = _median(lambda kind=kind: results.curves(interval=kind))
        found.append(f"| `curves(interval={kind!r})` | {seconds:.2f} |")
    seconds = _median(lambda: results.curves(interval="bootstrap", estimator="iqm"), 1)
    found.append(f"| `curves(interval='bootstrap', estimator='iqm')` | {seconds:.2f} |")
    found.append(f"| `select()` | {_median(results.select):.2f} |")
    command = [sys.executable, "-m", "fastq", "report", directory, "-o", f"{directory}.html"]
    seconds = _median(lambda: subprocess.run(command, check=True, capture_output=True), 1)
    found.append(f"| `fastq report` | {seconds:.2f} |")
    return found


def _median(work: Callable[[], object], repeats: int = 3) -> float:
    """Time some work."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
