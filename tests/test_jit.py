"""Compiled functions are cached, and an edit of any compiled source compiles anew."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import fastq
from fastq import jit


def test_is_cached_after_a_call():
    fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=1, seed=0)
    from fastq.kernels.loop import learn

    assert jit.is_cached(learn)


def test_compiled_equals_plain():
    @jit.inlined
    def contracted(a, b, c):
        return a * b + c

    rng = np.random.default_rng(0)
    for a, b, c in rng.normal(size=(1000, 3)).tolist():
        assert contracted(a, b, c) == a * b + c  # a fused multiply-add would round once, not twice


def test_an_edited_helper_is_not_read_from_the_cache(tmp_path):
    """Numba checks only the file of the cached function itself; the digest checks the others."""
    shutil.copytree(
        Path(jit.__file__).parent, tmp_path / "fastq", ignore=shutil.ignore_patterns("__pycache__")
    )
    code = (
        "import fastq; mdp = fastq.windy_gridworld();"
        "print(fastq.train(mdp, fastq.QLearning(), episodes=1, seed=0, max_steps=1).q[30].min())"
    )

    def first_value():
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert first_value() == -0.6
    rule = tmp_path / "fastq" / "kernels" / "q_learning.py"
    rule.write_text(rule.read_text().replace("value + alpha *", "value + 2.0 * alpha *"))
    assert first_value() == -1.2
