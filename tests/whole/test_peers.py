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
from peer import c, table, work  # noqa: E402
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
    with pytest.raises(SystemExit, match=f"differs from fastq in {title}"):
        work.check(title, batch, other)


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
