"""What grows with the number of runs, and what it costs to hand out tasks.

    uv run python benchmarks/scaling.py [--write]

prints tables, and with ``--write`` puts them into docs/scaling.md. Sweeps are of 10 episodes of
Windy Gridworld, each in a process of its own on all cores; engines get tasks that only wait.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import page

import fastq
from fastq.execution.engines import engine

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
RUNS = (1_000, 10_000, 100_000, 1_000_000)
RECORDS = ("episodes", "moments", "summary")
ENGINES = ("threading", "loky", "dask", "ray")
TASKS, NAP, WORKERS = 24, 0.25, 2


def main() -> None:
    """Measure, print, and write where asked."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(_sweep(sys.argv[2], int(sys.argv[3]))))
        return
    if "--write" in sys.argv[1:]:
        page.parts(PAGE, "scaling")
    text = f"{_growth()}\n\n{_handing_out()}"
    print(text)
    if "--write" in sys.argv[1:]:
        page.write(PAGE, "scaling", text)


def _growth() -> str:
    """Measure sweeps of more and more runs."""
    lines = [
        "| record | runs | time | steps per s | peak memory | on disk | `summary()` |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for record in RECORDS:
        for runs in RUNS:
            command = [sys.executable, __file__, "--one", record, str(runs)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            lines.append(
                f"| {record} | {runs:,} | {found['seconds']:.1f} s "
                f"| {found['steps'] / found['seconds'] / 1e6:.0f} M | {found['memory']:.0f} MB "
                f"| {found['bytes'] / 1e6:.1f} MB | {found['reading']:.2f} s |"
            )
    return "\n".join(lines)


def _sweep(record: str, runs: int) -> dict[str, Any]:
    """Run a sweep, and say what it took."""
    about = {"env": "fastq/WindyGridworld-v0", "agent": "q_learning", "grid": {"alpha": [0.5]}}
    warm = fastq.Sweep(**about, episodes=10, runs=64, record=record)
    sweep = fastq.Sweep(**about, episodes=10, runs=runs, record=record)
    with tempfile.TemporaryDirectory() as folder:
        fastq.run(warm, Path(folder) / "warm", progress=False)
        started = time.perf_counter()
        results = fastq.run(sweep, Path(folder) / "x", progress=False)
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started = time.perf_counter()
        results.summary()
        reading = time.perf_counter() - started
        size = sum(path.stat().st_size for path in (Path(folder) / "x" / "parts").iterdir())
        steps = fastq.Results(Path(folder) / "x").manifest["steps"]
    return {
        "seconds": seconds,
        "memory": memory,
        "reading": reading,
        "bytes": size,
        "steps": steps,
    }


def _handing_out() -> str:
    """Measure what a task costs besides its work."""
    lines = [
        f"| engine, {WORKERS} workers | start | ms to hand out a task | share of a task of 1 s |",
        "|---|---:|---:|---:|",
    ]
    for name in ENGINES:
        started = time.perf_counter()
        with engine(name, WORKERS) as workers:
            _all(workers, [0.0] * 2 * WORKERS)  # so that workers are up
            start = time.perf_counter() - started
            started = time.perf_counter()
            _all(workers, [NAP] * TASKS)
            lost = time.perf_counter() - started - NAP * TASKS / WORKERS
        each = lost / TASKS * WORKERS
        lines.append(f"| {name} | {start:.1f} s | {1e3 * each:.1f} | {100 * each:.2f} % |")
    return "\n".join(lines)


def _all(workers: Any, naps: list[float]) -> None:
    """Have all tasks done."""
    with closing(workers.each(_nap, naps)) as done:
        assert len(list(done)) == len(naps)


def _nap(seconds: float) -> float:
    """Wait."""
    time.sleep(seconds)
    return seconds


if __name__ == "__main__":
    main()
