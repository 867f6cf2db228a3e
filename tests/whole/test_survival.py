"""Sweeps outlive kills, signals, full disks and each other: what they record stays the same."""

import itertools
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

import fastq
from fastq.execution import chunks
from fastq.study.storage.store import Directory
from tests.conftest import contents

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import kills
from forks import PATIENCE, Forks

KILLS = 10
STRIDE = 4
"""Of the steps at which a sweep may fail, so many make one that is tried: 1 tries all."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are Linux's"),
]


@pytest.fixture(scope="module")
def forks():
    with Forks() as found:
        yield found


@pytest.fixture(scope="module")
def bench(forks, tmp_path_factory):
    return kills.Bench(tmp_path_factory.mktemp("bench"), forks)


@pytest.fixture
def spec(sweep, tmp_path):
    """The small sweep, as a file."""
    path = tmp_path / "spec.toml"
    path.write_text(sweep.to_toml())
    return path


@pytest.fixture
def end(request):
    """Kill, at the end of a test, what is left of processes."""

    def later(process):
        def now():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(PATIENCE)

        request.addfinalizer(now)
        return process

    return later


def left(out):
    """List what no finished sweep leaves behind."""
    return [path.name for path in out.rglob("*.tmp")]


def wrong_with(results, sweep, out):
    """Do a sweep, or what is left of it; say what is wrong with it, if anything."""
    try:
        check(results, sweep, out)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def check(results, sweep, out):
    """Check that a sweep, or what is left of it, can be done, and gives the right tables."""
    again = fastq.run(sweep, out=out, n_jobs=1, progress=False)
    for table in ("episodes", "curves", "summary"):
        found, expected = getattr(again, table)(), getattr(results, table)()
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert again.finished == again.total
    assert left(out) == []


@pytest.mark.parametrize("kill", kills.kills(KILLS, seed=7), ids=str)
def test_a_killed_sweep_ends_as_one_that_never_was(bench, kill):
    _, wrong = bench.survive(kill)
    assert wrong == []


def test_the_kill_test_sees_a_single_bit(results):
    table = results.episodes()
    other = table.copy()
    other.loc[7, "return"] = -other.loc[7, "return"]
    pairs = [
        (table, other),
        (table, table.iloc[::-1]),
        (table, table.astype({"length": "int64"})),
        (table, table.rename(columns={"length": "steps"})),
        (pd.DataFrame({"x": [0.0]}), pd.DataFrame({"x": [-0.0]})),
    ]
    assert [kills.digest(one) == kills.digest(two) for one, two in pairs] == [False] * 5
    assert kills.digest(table) == kills.digest(table.copy())


def dies(spec, out, step):
    """Do a sweep, and die before it changes a file or folder for the so many-th time."""
    import itertools
    import os
    import signal
    import sys

    import fastq

    steps = itertools.count()

    def watch(event, arguments):
        if not any(
            str(one).startswith(out) for one in arguments if isinstance(one, str | os.PathLike)
        ):
            return
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not (writes or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir")):
            return
        if next(steps) == step:
            if writes:
                with open(arguments[0], "wb") as file:  # noqa: PTH123
                    file.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sweep = fastq.Sweep.from_toml(spec)
    fastq.run(sweep, out=out, n_jobs=1, chunk_size=15, progress=False)


@pytest.mark.parametrize("begun", [False, True], ids=["from the start", "as it is extended"])
def test_it_may_be_killed_at_each_step(results, forks, spec, sweep, fields, tmp_path, begun):
    wrong = []
    for step in itertools.count(int(begun), STRIDE):
        out = tmp_path / str(step)
        if begun:
            smaller = fastq.Sweep(**{**fields, "runs": 2})
            fastq.run(smaller, out=out, n_jobs=1, progress=False)
        if not forks.start(dies, tmp_path / "log", spec=spec, out=out, step=step).wait():
            break
        there = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
        if trouble := wrong_with(results, sweep, out):
            wrong.append(f"{step}: {trouble}, with {there}")
    assert step > 20
    assert not wrong, "\n".join(wrong)


def fills_up(spec, out, step):
    """Do a sweep by the command line, on a disk that is full from the so many-th file on."""
    import errno
    import itertools
    import os
    import sys

    import fastq.cli

    steps = itertools.count()

    def watch(event, arguments):
        if event != "open" or not str(arguments[0]).startswith(out):
            return
        if arguments[2] & os.O_WRONLY and next(steps) >= step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sys.addaudithook(watch)
    sys.argv = ["fastq", "sweep", spec, "--out", out, "--jobs", "1", "--quiet"]
    fastq.cli.main()


def test_the_disk_may_be_full_at_each_step(results, forks, spec, sweep, tmp_path):
    wrong = []
    for step in itertools.count(0, STRIDE):
        out, log = tmp_path / str(step), tmp_path / f"{step}.log"
        status = forks.start(fills_up, log, spec=spec, out=out, step=step).wait()
        if status == 0:
            break
        said = log.read_text()
        if not re.fullmatch(r"error: .*No space left on device.*\n", said) or status > 2:
            wrong.append(f"{step}: exit status {status}: {said[-300:]}")
        elif trouble := wrong_with(results, sweep, out):
            wrong.append(f"{step}: {trouble}")
    assert step > 8
    assert not wrong, "\n".join(wrong)


def limited(spec, out, limit):
    """Do a sweep by the command line, where no file may be longer than so many bytes."""
    import resource
    import sys

    import fastq.cli

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["fastq", "sweep", spec, "--out", out, "--jobs", "2", "--quiet"]
    fastq.cli.main()


@pytest.fixture(scope="module")
def longer(bench):
    """A sweep of 4000 runs, its file, and its results when nothing comes in its way."""
    spec = bench.spec("episodes")
    out = bench.folder / "longer"
    sweep = fastq.Sweep.from_toml(spec)
    return sweep, spec, fastq.run(sweep, out=out, n_jobs=2, progress=False)


def check_longer(longer, out):
    """Check that what is left of the longer sweep can be done, and gives the right tables."""
    sweep, _, results = longer
    again = fastq.run(sweep, out=out, n_jobs=2, progress=False)
    pd.testing.assert_frame_equal(again.episodes(), results.episodes(), check_exact=True)
    assert left(out) == []


@pytest.mark.parametrize("share", [0, 0.5], ids=["all parts", "some parts"])
def test_parts_that_cannot_be_written_whole_do_not_count(forks, longer, tmp_path, share):
    """No file may be longer than a limit: the system itself refuses the rest of it."""
    _, spec, results = longer
    sizes = sorted(path.stat().st_size for path in results.directory.glob("parts/*"))
    out, log = tmp_path / "out", tmp_path / "log"
    limit = int(sizes[int(share * len(sizes))]) - 1 if share else 10_000
    assert limit < sizes[-1]
    assert forks.start(limited, log, spec=spec, out=out, limit=limit).wait() == 1
    said = re.fullmatch(
        r"error: (\d+) of 4000 runs failed, the others are kept in \S+; the first: .*"
        r"OSError: .*File too large.*\n",
        log.read_text(),
    )
    assert said, log.read_text()
    kept = fastq.Results(out)
    assert kept.finished == 4000 - int(said[1])
    assert left(out) == []
    if kept.finished:
        assert len(kept.episodes()) == kept.finished * 300
    check_longer(longer, out)


def test_a_manifest_that_cannot_be_written(forks, longer, tmp_path):
    _, spec, _ = longer
    out, log = tmp_path / "out", tmp_path / "log"
    assert forks.start(limited, log, spec=spec, out=out, limit=500).wait() == 2
    assert re.fullmatch(r"error: out = .*: cannot be written \(File too large\)\n", log.read_text())
    check_longer(longer, out)


def typed(spec, out, backend):
    """Type a command line."""
    import sys

    import fastq.cli

    sys.argv = ["fastq", "sweep", spec, "--out", out, "--jobs", "2", "--backend", backend]
    fastq.cli.main()


@pytest.fixture
def endless(tmp_path):
    """The file of the longer sweep with ten times as many runs: it does not end by itself."""
    path = tmp_path / "endless.toml"
    path.write_text((kills.SPEC % "episodes").replace("runs = 2000", "runs = 20000"))
    return path


def interrupt(process, out, number, send):
    """Send a signal in mid-sweep; give the exit status."""
    kills.wait_until(process, lambda: kills.parts(out) > 2)
    send(process.pid, number)
    return process.wait(PATIENCE)


@pytest.mark.parametrize(("backend", "send"), [("loky", os.killpg)])
def test_terminated(forks, longer, endless, tmp_path, end, backend, send):
    out, log = tmp_path / "out", tmp_path / "log"
    process = end(forks.start(typed, log, spec=endless, out=out, backend=backend))
    status = interrupt(process, out, signal.SIGTERM, send)
    said, kept = log.read_text(), fastq.Results(out).finished
    assert status == 143, said
    assert f"interrupted: {kept} of 40000 runs are kept in {out}; to resume: " in said
    assert said.endswith(f"fastq sweep {endless} --out {out}\n")
    assert "Traceback" not in said
    assert 0 < kept < 40000
    assert list(kills.workers_of(process.pid)) == []
    check_longer(longer, out)


def test_terminated_again_and_again(forks, longer, endless, tmp_path, end):
    """As below `uv run`, which passes on what all its group got already."""
    out, log = tmp_path / "out", tmp_path / "log"
    process = end(forks.start(typed, log, spec=endless, out=out, backend="threading"))

    def again_and_again(pid, number):
        while process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            time.sleep(0.005)

    status = interrupt(process, out, signal.SIGTERM, again_and_again)
    assert status in (143, -signal.SIGTERM), log.read_text()
    assert "Traceback" not in log.read_text()
    check_longer(longer, out)


def test_a_real_process_is_terminated(longer, endless, tmp_path, end):
    out, log = tmp_path / "out", tmp_path / "log"
    process = end(kills.command(log, "sweep", endless, "--out", out))
    assert interrupt(process, out, signal.SIGTERM, os.kill) == 143, log.read_text()
    assert f"to resume: fastq sweep {endless} --out {out}\n" in log.read_text()


def held(spec, out):
    """Do a sweep, and stop in the middle of its third part, until a signal says to go on."""
    import itertools
    import os
    import signal
    import sys

    import fastq

    renamed = itertools.count(1)

    def watch(event, arguments):
        if event == "os.rename" and str(arguments[1]).endswith(".parquet") and next(renamed) == 3:
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(watch)
    fastq.run(fastq.Sweep.from_toml(spec), out=out, n_jobs=2, progress=False)


@pytest.fixture
def holder(forks, longer, tmp_path, end):
    """A sweep that is at work on a directory for as long as nobody tells it to go on."""
    process = end(forks.start(held, tmp_path / "held", spec=longer[1], out=tmp_path / "out"))

    def is_stopped():
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    kills.wait_until(process, is_stopped)
    return process


def test_a_second_sweep_is_refused_while_one_is_at_work(holder, longer, tmp_path):
    out, log = tmp_path / "out", tmp_path / "log"
    before = contents(out)
    second = kills.command(log, "sweep", longer[1], "--out", out)
    assert second.wait(PATIENCE) == 2
    assert re.fullmatch(
        r".* -> \S+\nerror: out = .*: another sweep is at work there; must be one at a time\n",
        log.read_text(),
    ), log.read_text()
    assert contents(out) == before
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.wait() == 0, (tmp_path / "held").read_text()
    found = fastq.Results(out)
    pd.testing.assert_frame_equal(found.episodes(), longer[2].episodes(), check_exact=True)


def test_a_kill_frees_the_directory(holder, longer, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(fastq.InputError, match="another sweep is at work there"):
        fastq.run(longer[0], out=out, progress=False)
    os.kill(holder.pid, signal.SIGKILL)
    assert holder.wait() == -signal.SIGKILL
    check_longer(longer, out)


def race(spec, out, rounds):
    """Start some sweeps at the same moment, again and again; print how each of them ends."""
    import os
    import sys

    import fastq

    def one(number):
        try:
            fastq.run(fastq.Sweep.from_toml(spec), out=f"{out}-{number}", n_jobs=1, progress=False)
        except fastq.InputError as error:
            print(error)
        else:
            print("done")
        sys.stdout.flush()

    for number in range(rounds):
        started = []
        for _ in range(4):
            started.append(os.fork())
            if not started[-1]:
                one(number)
                os._exit(0)
        for process in started:
            os.waitpid(process, 0)


def test_of_sweeps_that_start_together_one_is_at_work(results, forks, spec, sweep, tmp_path):
    rounds = 10
    log = tmp_path / "log"
    assert forks.start(race, log, spec=spec, out=tmp_path / "out", rounds=rounds).wait() == 0
    said = log.read_text().splitlines()
    refused = [line for line in said if "another sweep is at work there" in line]
    assert len(said) == 4 * rounds
    assert [line for line in said if line != "done" and line not in refused] == []
    for number in range(rounds):
        check(results, sweep, tmp_path / f"out-{number}")


class Choking(Directory):
    """A directory where the first worker dies with a part half written."""

    def put(self, name, data):
        flag = self.path.with_name("died")
        if name.startswith("parts") and not flag.exists():
            flag.touch()
            (self.path / "parts").mkdir(exist_ok=True)
            (self.path / "parts" / ".half.tmp").write_bytes(data[:100])
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, data)


def test_a_worker_that_dies_as_it_writes_costs_nothing(results, sweep, tmp_path):
    out = Choking(tmp_path / "out")
    found = fastq.run(sweep, out=out, n_jobs=2, backend="loky", chunk_size=4, progress=False)
    assert (tmp_path / "died").exists()
    pd.testing.assert_frame_equal(found.episodes(), results.episodes(), check_exact=True)
    assert left(tmp_path / "out") == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_fail_fast_leaves_the_rest(results, sweep, tmp_path, monkeypatch, jobs):
    compute = chunks._compute

    def fragile(chunk):
        if 0 in chunk.run_of:
            raise ZeroDivisionError("on purpose")
        return compute(chunk)

    monkeypatch.setattr(chunks, "_compute", fragile)
    options = {"n_jobs": jobs, "chunk_size": 1, "progress": False}
    with pytest.raises(fastq.RunError, match=r"^[1-5] of 30 runs failed.*run 0: ZeroDiv"):
        fastq.run(sweep, out=tmp_path / "x", fail_fast=True, **options)
    assert fastq.Results(tmp_path / "x").finished < 15
    with pytest.raises(fastq.RunError, match=r"^6 of 30 runs failed"):
        fastq.run(sweep, out=tmp_path / "x", **options)
    monkeypatch.undo()
    check(results, sweep, tmp_path / "x")
