"""How fast the kernel is beside the reference, with start-up and compilation measured apart.

    uv run python benchmarks/speed.py [--write]

prints a table, and with ``--write`` puts it into the README. The speed is a ratio of medians from
one process; every repeat trains other runs, from the first episode on. Start-up is that of fresh
processes; compilation that of one with an empty cache.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fastq.bench import benchmark

TRAIN = "import fastq; fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=1, seed=0)"
START_UPS = {
    "`import fastq`, in a new process": ["-c", "import fastq"],
    "`fastq --help`": ["-m", "fastq", "--help"],
    "first training of a process, kernels cached": ["-c", TRAIN],
}


README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    """Measure, print, and write where asked."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = "\n".join(f"| {what} | {figure} |" for what, figure in _measure())
    print(table)
    if "--write" in sys.argv[1:]:
        text = README.read_text()
        before, rest = text.split("<!-- speed -->\n")
        _, after = rest.split("<!-- /speed -->")
        README.write_text(f"{before}<!-- speed -->\n{table}\n<!-- /speed -->{after}")


def _measure() -> list[tuple[str, str]]:
    """Collect the rows of the table."""
    found = benchmark()
    if not found.equal:
        raise SystemExit("the kernel differs from the reference: its speed means nothing")
    rows = [
        ("what", "median"),
        ("---", "---"),
        ("the tutorial's plain Python", f"{found.reference_steps_per_second:,.0f} steps/s"),
        ("`fastq.train_batch`, equal bit for bit", f"{found.kernel_steps_per_second:,.0f} steps/s"),
        ("ratio", f"{found.ratio:,.0f}"),
    ]
    rows += [(what, f"{_seconds(arguments):.2f} s") for what, arguments in START_UPS.items()]
    with tempfile.TemporaryDirectory() as empty:
        cold = _seconds(["-c", TRAIN], repeats=1, NUMBA_CACHE_DIR=empty)
    return [*rows, ("first training on a machine, kernels compiled", f"{cold:.2f} s")]


def _seconds(arguments: list[str], repeats: int = 5, **environment: str) -> float:
    """Time a fresh Python process, as the median of some."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
