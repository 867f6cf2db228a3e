"""The peers benchmark: equal numbers first, the missing are named, nothing is half written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastq

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import peers  # noqa: E402
from peer import c, customs, large, narrow, pairs, sweeps, table, work  # noqa: E402
from peer.measure import Missing, Timed, measure  # noqa: E402

pytestmark = pytest.mark.slow

README = "before\n<!-- peers -->\nold\n<!-- /peers -->\nafter\n"
START = "import sys; sys.modules['jax'] = None; sys.path.insert(0, {!r}); import peers\n"


def program(code, *arguments):
    """Run the program in a process of its own, without JAX and without a compiler."""
    return subprocess.run(
        [sys.executable, "-c", START.format(str(BENCHMARKS)) + code, *arguments],
        env={**os.environ, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("title", work.tasks())
def test_twins_in_c_equal_fastq(title):
    mdp, agent = work.tasks()[title]
    if c.compiler() is None:
        with pytest.raises(Missing, match="no compiler"):
            c.Twin(mdp, agent)
        return
    batch = fastq.train_batch(mdp, agent, episodes=30, seed=5, runs=4)
    runs = np.arange(4)
    work.check(title, batch, c.Twin(mdp, agent).prepare(5, runs, 30)())
    other = c.Twin(mdp, type(agent)(alpha=0.5)).prepare(5, runs, 30)()
    other.q[:, -1] += 1e-9  # also where nothing was learned, as on a lake
    with pytest.raises(SystemExit, match=re.escape(f"differs from fastq in {title}")):
        work.check(title, batch, other)


@pytest.mark.parametrize("algorithm", [customs.Custom, customs.Branches])
def test_the_twin_of_custom_algorithms_draws_as_they_do(algorithm):
    if c.compiler() is None:
        pytest.skip("no C compiler")
    mdp, runs = fastq.windy_gridworld(), np.arange(4)
    batch = fastq.train_batch(mdp, algorithm(), episodes=30, seed=5, runs=4)
    twin = c.Twin(mdp, fastq.QLearning(), simple=True)
    work.check("custom", batch, twin.prepare(5, runs, 30)())
    other = c.Twin(mdp, fastq.QLearning()).prepare(5, runs, 30)()
    with pytest.raises(SystemExit, match="differs from fastq in custom"):
        work.check("custom", batch, other)


def test_a_large_world_ends_seldom_and_has_a_twin():
    mdp = large.world(10_000)
    assert mdp.deterministic
    assert 0 < mdp.terminated.mean() < 2 * large.ENDS
    if c.compiler() is None:
        pytest.skip("no C compiler")
    batch = fastq.train_batch(mdp, fastq.QLearning(), episodes=2, seed=5, runs=16)
    twin = c.Twin(mdp, fastq.QLearning())
    work.check("large", batch, twin.prepare(5, np.arange(16), 2)())
    last = twin.prepare(5, np.arange(16), 2, keep_q=False)()
    assert last.q.tobytes() == batch.q[-1].tobytes()


def test_numba_is_told_of_no_feature_that_haswell_lacks(monkeypatch):
    monkeypatch.setattr(narrow, "_host", lambda: {"avx2": True, "fma": False, "avx512f": True})
    told = narrow.environment()
    assert told["NUMBA_CPU_NAME"] == "haswell"
    assert told["NUMBA_CPU_FEATURES"] == "+avx2,-fma,-avx512f"


def test_without_avx2_its_contest_is_left_out(monkeypatch):
    monkeypatch.setattr(narrow, "_host", lambda: {"sse2": True})
    with pytest.raises(Missing, match="AVX2 only"):
        narrow.contest(pairs.QUICK)


def test_a_process_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(narrow, "environment", lambda: {"PYTHONPATH": "/nowhere"})
    with pytest.raises(SystemExit, match="its process has failed: nothing is measured"):
        narrow.Process(pairs.QUICK)


def test_a_sweep_and_the_bare_kernel_train_the_same_runs():
    assert sweeps.bare(3, 2).steps == sweeps.recorded(3, 2).steps


def test_only_some_contests_are_measured_and_never_written(tmp_path):
    done = program("peers.main(sys.argv[1:])", "--quick", "--only", "BATCHES OF Q")
    assert done.returncode == 0, done.stderr
    assert work.PYTHON not in done.stdout
    assert work.THREADS in done.stdout or "there is one core" in done.stdout
    readme = tmp_path / "README.md"
    readme.write_text(README)
    for arguments, message in (
        (["--only", "Taxi", "--write", "--readme", str(readme)], "--only and --write: must be one"),
        (["--quick", "--only", "tea"], "--only 'tea': must be a part of a title; there are "),
    ):
        with pytest.raises(SystemExit, match=message) as error:
            peers.main(arguments)
        assert len(str(error.value).splitlines()) == 1
    assert readme.read_text() == README


def test_without_jax_and_compiler_the_rest_is_measured_and_written(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(README)
    code = "peers.main(sys.argv[1:])"
    done = program(code, "--quick", "--write", "--readme", str(readme))
    assert done.returncode == 0, done.stderr
    assert "Left out: plain C (no compiler is found); JAX (it is not installed" in done.stdout
    for name in (work.PYTHON, work.NUMBA, work.BATCH, work.CUSTOM):
        assert f"{name} " in done.stdout
    assert f"| {work.C} |" not in done.stdout
    assert re.search(r"^Measured on .+ cores?, Python \S+, numpy \S+, numba", done.stdout, re.M)
    begin, end = "before\n<!-- peers -->\n", "<!-- /peers -->\nafter\n"
    assert readme.read_text() == f"{begin}{done.stdout}{end}"
    assert list(tmp_path.iterdir()) == [readme]


def test_an_interrupted_benchmark_writes_nothing(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(README)
    code = """
def say(line):
    if line.startswith("repeat 2"):
        raise KeyboardInterrupt
say, peers.say = peers.say, say
peers.main(sys.argv[1:])
"""
    done = program(code, "--quick", "--write", "--readme", str(readme))
    assert done.returncode == 130
    assert done.stdout == ""
    assert readme.read_text() == README


def test_a_readme_without_a_place_is_said_at_once(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(README.replace("<!-- /peers -->", ""))
    with pytest.raises(SystemExit) as error:
        peers.main(["--write", "--readme", str(readme)])
    message = str(error.value)
    assert message.endswith("nothing is written")
    assert len(message.splitlines()) == 1


def test_peers_work_in_turns_with_other_seeds():
    turns = []

    def peer(name, seconds):
        def work(seed):
            turns.append((name, seed))
            return Timed(seconds * (1 + seed), 1_000_000_000)

        return work

    contests = {work.WINDY: {work.C: peer("c", 3.0), work.BATCH: peer("fastq", 1.5)}}
    figures = measure(contests, 3, lambda line: None)
    assert turns == [("c", 0), ("fastq", 0), ("fastq", 1), ("c", 1), ("c", 2), ("fastq", 2)]
    text = table.tables(figures, ["tea"])
    assert "| plain C | 6.00 | 3.00 to 9.00 | 1.00 |" in text
    assert f"| {work.WINDY}: {work.BATCH} beside plain C | 2.00 | 2.00 to 2.00 |" in text
    assert "Left out: tea." in text
