"""How long fastq takes to start: a command, a training, a sweep; with kernels compiled and without.

    uv run python benchmarks/start_up.py [--write]

prints a table, and with ``--write`` puts it into the README. Each figure is the median of some
fresh processes; those that compile have an empty cache each. Exit status 1: the README lacks the
marks of the table.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import page

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TRAIN = "import fastq; fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=1, seed=0)"
SWEEP = ["-m", "fastq", "sweep", str(ROOT / "experiments" / "windy_gridworld.toml"), "--quiet"]


def main() -> None:
    """Measure, print, and write where asked."""
    if "--write" in sys.argv[1:]:
        page.parts(README, "start-up")
    rows = [
        ("what, in a new process", "kernels cached", "kernels compiled"),
        ("---", "---:", "---:"),
    ]
    rows += [
        ("`import fastq`", _seconds(["-c", "import fastq"]), ""),
        ("`fastq --help`", _seconds(["-m", "fastq", "--help"]), ""),
        ("the first `fastq.train`", _seconds(["-c", TRAIN]), _cold(["-c", TRAIN])),
        ("`fastq sweep` of 4,000 runs, with pictures", _seconds(SWEEP), _cold(SWEEP)),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    print(table)
    if "--write" in sys.argv[1:]:
        page.write(README, "start-up", table)


def _cold(arguments: list[str]) -> str:
    """Time processes that find no kernel in Numba's cache."""
    return _seconds(arguments, repeats=3, cold=True)


def _seconds(arguments: list[str], repeats: int = 7, *, cold: bool = False) -> str:
    """Time fresh Python processes, each in an empty folder; give the median."""
    times = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            cache = {"NUMBA_CACHE_DIR": str(Path(folder) / "cache")} if cold else {}
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=folder,
                env={**os.environ, **cache},
            )
            times.append(time.perf_counter() - started)
    return f"{statistics.median(times):.2f} s"


if __name__ == "__main__":
    main()
