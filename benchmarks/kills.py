"""Kill sweeps at random moments, start them again, and compare every bit of what they recorded.

    uv run python benchmarks/kills.py [--kills 100] [--seed 0]

A kill is a SIGKILL while a sweep writes its parts: of the whole sweep, of the process that hands
out the work but not of its workers, or of one worker. Some sweeps are command lines, most are forks
of a process that has fastq imported already; some are killed again as they are resumed. Prints one
line. Exit status 1: a sweep that was killed does not end as one that never was. Needs Linux.
"""

import argparse
import contextlib
import hashlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from forks import PATIENCE, Forked, Forks

import fastq
from fastq.study.storage.entries import read_entries

SPEC = """\
env = "fastq/WindyGridworld-v0"
agent = "q_learning"
episodes = 300
runs = 2000
grid = {alpha = [0.1, 0.5]}
record = "%s"
"""
RECORDS = ("episodes", "moments", "summary")
FORK, COMMAND = "a fork", "a command line"
KINDS = [
    ("threading", FORK, "all"),
    ("loky", FORK, "worker"),
    ("threading", FORK, "all"),
    ("threading", COMMAND, "all"),
    ("threading", FORK, "all"),
    ("threading", FORK, "all"),
    ("loky", FORK, "parent"),
    ("threading", FORK, "all"),
    ("threading", COMMAND, "all"),
    ("threading", FORK, "all"),
    ("loky", FORK, "all"),
    ("loky", COMMAND, "all"),
]
"""The backend, who sweeps, and who is killed of them."""
_PARTS = {FORK: 125, COMMAND: 18}
"""Parts of a whole sweep, about."""
_PAUSE = {FORK: 0.01, COMMAND: 0.5}
"""A kill comes at most so many seconds after a part: a command line has pictures to draw."""


class Kill(NamedTuple):
    """Who is killed, and when."""

    backend: str
    who: str
    whom: str
    record: str
    moments: tuple[float, ...]
    """Of the first kill, and of others as the sweep is resumed: the share of the parts still to be
    written that are there by then."""
    pause: float

    def __str__(self) -> str:
        when = " and ".join(f"{moment:.0%}" for moment in self.moments)
        return f"{self.who}, {self.backend}, {self.record}: {self.whom} killed at {when}"


def kills(count: int, seed: int) -> list[Kill]:
    """Draw kills whose moments are spread evenly over a sweep, in random order."""
    chance = random.Random(seed)
    moments = [(i + chance.random()) / count for i in range(count)]
    chance.shuffle(moments)
    found = []
    for i, moment in enumerate(moments):
        backend, who, whom = KINDS[i % len(KINDS)]
        again = (chance.random(),) if i % 5 == 2 else ()
        pause = chance.random() * _PAUSE[who]
        found.append(Kill(backend, who, whom, RECORDS[i % 3], (moment, *again), pause))
    return found


Process = Forked | subprocess.Popen[bytes]


class Bench:
    """A folder with sweeps to kill, and what they record where they are not killed."""

    def __init__(self, folder: Path, forks: Forks) -> None:
        self.folder, self.forks = folder, forks
        self.log = folder / "log"
        self._expected: dict[str, dict[str, str]] = {}
        self._numbers = itertools.count()
        self._started: list[int] = []

    def spec(self, record: str) -> Path:
        """Write down a sweep."""
        path = self.folder / f"{record}.toml"
        path.write_text(SPEC % record)
        return path

    def finish(self, record: str, out: Path) -> fastq.Results:
        """Do a sweep here, or what is left of it."""
        sweep = fastq.Sweep.from_toml(self.spec(record))
        return fastq.run(sweep, out=out, n_jobs=1, progress=False)

    def expected(self, record: str) -> dict[str, str]:
        """Give the digests of what a sweep that is never killed records."""
        if record not in self._expected:
            out = self.folder / "whole"
            self._expected[record] = digests(self.finish(record, out))
            shutil.rmtree(out)
        return self._expected[record]

    def start(self, kill: Kill, out: Path) -> Process:
        """Start a sweep, or resume it."""
        spec = self.spec(kill.record)
        if kill.who == FORK:
            return self.forks.start(swept, self.log, spec=spec, out=out, backend=kill.backend)
        return command(self.log, "sweep", spec, "--out", out, "--backend", kill.backend)

    def survive(self, kill: Kill) -> tuple[int, list[str]]:
        """Kill a sweep, and resume it; say how many kills met it at work, and what is wrong."""
        out = self.folder / f"killed-{next(self._numbers)}"
        first, *more = kill.moments
        while not self._kill(kill, out, first):
            shutil.rmtree(out)
            first /= 2
        hits = 1 + sum(self._kill(kill, out, moment) for moment in more)
        again, wrong = self.start(kill._replace(who=FORK, backend="threading"), out), []
        if again.wait(PATIENCE):
            wrong.append(f"it cannot be resumed: {self.log.read_text()[-1000:]}")
        self._end_workers()
        results = self.finish(kill.record, out)
        if results.finished != results.total:
            wrong.append(f"{results.finished} of {results.total} runs")
        found, expected = digests(results), self.expected(kill.record)
        wrong += [f"{name} differ" for name in expected if found[name] != expected[name]]
        wrong += [f"{path.name} is left" for path in out.rglob("*.tmp")]
        shutil.rmtree(out)
        return hits, [f"{kill}: {what}" for what in wrong]

    def _kill(self, kill: Kill, out: Path, moment: float) -> bool:
        """Start a sweep and kill it; say whether it was still at work."""
        there = parts(out)
        goal = there + 1 + int(moment * max(0, _PARTS[kill.who] - there - 1))
        process = self.start(kill, out)
        self._started.append(process.pid)
        wait_until(process, lambda: parts(out) >= goal)
        time.sleep(kill.pause)
        hit = kill_now(process, kill.whom)
        status = process.wait(PATIENCE)
        if status not in ((0,) if kill.whom == "worker" else (0, -signal.SIGKILL)):
            raise RuntimeError(f"{kill}: exit status {status}: {self.log.read_text()[-1000:]}")
        return hit if kill.whom == "worker" else status != 0

    def _end_workers(self) -> None:
        """Kill the workers of those that were killed, which wait for more work."""
        while self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._started.pop(), signal.SIGKILL)


def swept(spec: str, out: str, backend: str) -> None:
    """Run a sweep in many small parts."""
    import fastq

    jobs = 2 if backend == "loky" else 3
    options = {"n_jobs": jobs, "backend": backend, "chunk_size": 32, "progress": False}
    fastq.run(fastq.Sweep.from_toml(spec), out=out, **options)


def command(log: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a command line, in a session of its own; what it prints is added to a log."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "fastq", *map(str, arguments), "--jobs", "2"],
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip


def parts(out: Path) -> int:
    """Count the parts of a study."""
    return sum(1 for _ in out.glob("parts/*.parquet"))


def wait_until(process: Process, is_so: Callable[[], bool]) -> None:
    """Wait until something is so, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("a sweep does not get on")
        time.sleep(0.0005)


def kill_now(process: Process, whom: str) -> bool:
    """Kill a process, or all its group, or one of its workers; say whether there was one."""
    if process.poll() is not None:
        return False
    if whom == "all":
        os.killpg(process.pid, signal.SIGKILL)
    elif whom == "parent":
        os.kill(process.pid, signal.SIGKILL)
    else:
        worker = next(workers_of(process.pid), None)
        if worker is None:
            return False
        os.kill(worker, signal.SIGKILL)
    return True


def workers_of(group: int) -> Iterator[int]:
    """List loky's workers in a group of processes."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes()
            if b"popen_loky" in line and os.getpgid(int(process.name)) == group:
                yield int(process.name)


def digests(results: fastq.Results) -> dict[str, str]:
    """Sum up all bits of what a study recorded, table by table."""
    kind, tables = results.study.record.name, {"the summary": results.summary()}
    if kind == "moments":
        tables |= {f"moments of {name}s": results.moments(name) for name in ("return", "length")}
    else:
        rows = read_entries(results.store, results.study)
        columns = {"configuration": rows.configuration, "run": rows.run, **rows.columns}
        tables["the rows"] = pd.DataFrame({name: list(rows) for name, rows in columns.items()})
    if kind == "episodes":
        tables["the episodes"] = results.episodes()
    return {name: digest(table) for name, table in tables.items()}


def digest(table: pd.DataFrame) -> str:
    """Sum up all bits of a table of numbers, or of arrays of numbers."""
    whole = hashlib.sha256(str(table.dtypes.to_dict()).encode())
    for name in table.columns:
        values = table[name].to_numpy()
        for cell in values if values.dtype == object else [values]:
            whole.update(np.ascontiguousarray(cell).tobytes())
    return whole.hexdigest()


def main() -> None:
    """Kill, and say in one line how it ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started, hits, wrong = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory() as folder, Forks() as forks:
        bench = Bench(Path(folder), forks)
        for kill in kills(arguments.kills, arguments.seed):
            if hits < arguments.kills:
                hit, found = bench.survive(kill)
                hits += hit
                wrong += found
    if wrong:
        raise SystemExit("\n".join(wrong))
    seconds = time.monotonic() - started
    print(
        f"{hits} kills in mid-sweep, in {seconds:.0f} s: all tables are, bit for bit, those of "
        "sweeps that were never killed, and no temporary file is left"
    )


if __name__ == "__main__":
    main()
