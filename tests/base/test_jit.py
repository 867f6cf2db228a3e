"""Compiled functions are cached, and an edit of any compiled source compiles them again."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import fastq
from fastq.base import jit
from fastq.training.kernels.build import KernelVariant, kernel_for, variant_for
from fastq.training.kernels.layout import fields_of, lay_out_learners

PLAIN = KernelVariant(False, stochastic=False, general=False)


def test_is_cached_after_a_call():
    mdp, agent = fastq.windy_gridworld(), fastq.QLearning()
    fastq.train(mdp, agent, episodes=1, seed=0)
    assert jit.is_cached(kernel_for(fastq.QLearning, variant_for(mdp, [agent], 1)))


def test_compiled_equals_plain():
    @jit.compiled
    def contracted(a, b, c):
        return a * b + c

    rng = np.random.default_rng(0)
    for a, b, c in rng.normal(size=(1000, 3)).tolist():
        assert contracted(a, b, c) == a * b + c  # a fused multiply-add would round once, not twice


USES_A_HELPER = """
import numpy as np
from fastq.base.jit import compiled
from fastq.training.kernels.scalars import draw_unit

@compiled
def first(stream):
    return draw_unit(stream)

print(first(np.array([2**62, 0, 0, 0], dtype=np.uint64)), sum(first.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_an_edited_helper_is_not_read_from_the_cache(tmp_path):
    """Numba checks only the file of the cached function itself; the digest checks the others."""
    package = Path(jit.__file__).parents[1]
    shutil.copytree(package, tmp_path / "fastq", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "uses.py").write_text(USES_A_HELPER)

    def first_and_hits():
        command = [sys.executable, "uses.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert first_and_hits() == ["0.25", "0"]
    assert first_and_hits() == ["0.25", "1"]
    helper = tmp_path / "fastq" / "training" / "kernels" / "scalars.py"
    text = helper.read_text()
    helper.write_text(text.replace("draw(stream) * _STEP", "draw(stream) * (2.0 * _STEP)"))
    assert first_and_hits() == ["0.5", "0"]


SCALE, SHIFT = 2.0, 0.0


@numba.njit
def scaled(x):
    return SCALE * x + SHIFT


def template(x):
    return scaled(x)


def test_names_of_a_template_and_of_what_it_calls_are_bound():
    function = jit.specialised(template, "tripled", "", {"SCALE": 3.0}, ("SCALE",))
    assert (function(2.0), scaled(2.0)) == (6.0, 4.0)


def test_only_the_declared_names_of_a_template_are_bound():
    """Also one that its functions use cannot be bound where it is not declared."""
    told = "SCLE: template lets only SCALE, SHIFT be bound; did you mean SCALE?"
    with pytest.raises(fastq.InputError) as found:
        jit.specialised(template, "tripled", "", {"SCLE": 3.0}, ("SCALE", "SHIFT"))
    assert str(found.value) == told
    with pytest.raises(fastq.InputError, match=r"SHIFT: template lets only SCALE be bound$"):
        jit.specialised(template, "shifted", "", {"SHIFT": 3.0}, ("SCALE",))


def test_checked_functions_have_pythons_errors():
    """Even where the compiled function around them has NumPy's."""

    def risky(values, place, divisor):
        return _half(values[place]) / divisor

    inner = jit.checked(risky)

    @numba.njit(error_model="numpy")
    def outer(values, place, divisor):
        return inner(values, place, divisor)

    values = np.array([1.0, 2.0])
    assert outer(values, 1, 4.0) == 0.25
    assert outer(values, -1, 4.0) == 0.25
    for place, divisor, error in [
        (2, 1.0, IndexError),
        (-3, 1.0, IndexError),
        (0, 0.0, ZeroDivisionError),
    ]:
        with pytest.raises(error):
            outer(values, place, divisor)


def _half(value):
    return value / 2


def test_a_checked_function_cannot_call_itself():
    with pytest.raises(fastq.InputError, match="_even calls itself: a compiled rule cannot"):
        jit.checked(_even)


def _even(n):
    return n == 0 or _odd(n - 1)


def _odd(n):
    return n != 0 and _even(n - 1)


@pytest.mark.slow
def test_without_the_compiler_there_is_one_line(tmp_path):
    """Kernels run uncompiled would be wrong, or fail somewhere deep inside."""
    (tmp_path / "spec.toml").write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = "q_learning"\nepisodes = 2\nruns = 1\n'
        "grid = {alpha = [0.5]}\n"
    )
    train = (
        "import fastq\n"
        "try:\n"
        "    fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=1, seed=0)\n"
        "except fastq.InputError as error:\n"
        "    print(error)"
    )
    told = "NUMBA_DISABLE_JIT = 1: kernels cannot run uncompiled; must be unset or 0"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "fastq", "sweep", "spec.toml"]
    for arguments, status in (([sys.executable, "-c", train], 0), (command, 2)):
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status
        assert told in (done.stdout if status == 0 else done.stderr)
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


def doubled(x):
    return scaled(scaled(x))


def test_kernels_that_bind_the_same_share_what_they_call():
    def called(name, scale):
        function = jit.specialised(doubled, name, "", {"SCALE": scale}, ("SCALE", "SHIFT"))
        assert function(1.0) == scale**2
        return function.py_func.__globals__["scaled"]

    first, same, other = called("one", 3.0), called("two", 3.0), called("three", 5.0)
    assert first is same
    assert other is not same
    assert other.py_func.__qualname__ != same.py_func.__qualname__


def test_agents_share_functions_which_have_names_of_their_own():
    """Numba makes symbols of names: two functions of one name would be taken for each other."""

    def called(kind):
        run = kernel_for(kind, PLAIN).py_func.__globals__["learn_run"].py_func.__globals__
        return run["update"].py_func.__qualname__, run["act"]

    updates, acts = zip(*map(called, (fastq.QLearning, fastq.Sarsa, fastq.DynaQ)), strict=True)
    assert len(set(updates)) == 3
    assert acts[0] is acts[1] is acts[2]


def test_a_record_of_hyperparameters_is_of_no_other_type():
    """Numba takes a record for another that has some of its fields, and warns each time."""
    mine, theirs = (
        numba.typeof(lay_out_learners([kind()]).current).dtype
        for kind in (fastq.DynaQ, fastq.QLearning)
    )
    assert set(fields_of(theirs.fields)) < set(fields_of(mine.fields))
    assert mine.can_convert_to(None, theirs) is None


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="of x86-64")
def test_what_is_cached_is_for_one_processor(tmp_path):
    """One folder may serve several machines, as a home on a cluster does."""
    code = (
        "import numpy as np; from fastq.base import jit; from fastq.training import streams;"
        "made = jit.is_cached(streams._fill_states);"
        "streams.states(0, np.arange(1), 0, np.empty((1, 0), dtype=np.uint32));"
        "print(made, jit.is_cached(streams._fill_states))"
    )

    def cached_before_and_after(**processor):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), **processor}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert cached_before_and_after() == ["False", "True"]
    assert cached_before_and_after(**generic) == ["False", "True"]
    assert cached_before_and_after(**generic) == ["True", "True"]
    assert cached_before_and_after() == ["True", "True"]
