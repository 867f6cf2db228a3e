"""Algorithms written down: the text gives the same algorithm where its files are not."""

import linecache
import sys
import types

import numpy as np
import pytest

import fastq
from fastq.agents.sources import load, source_of
from fastq.base.listings import literal_in, meaning, named, parsed
from fastq.base.literals import NoLiteralError, literal, preamble
from fastq.base.transcript import UnwrittenError

HELPERS = """
import numpy as np
SCALE = 0.5
TABLE = np.linspace(0, 1, 7)
def share(x):
    return SCALE * x + TABLE[2]
"""
MINE = """
import enum
import math
from typing import Annotated
import numpy as np
from numba import njit
from pydantic import Field
import fastq
from fastq import StepSize
import own_helpers
from own_helpers import share as imported
SCALE, TOP = 0.25, 1.0
class Kind(enum.IntEnum):
    A = 1
    B = 2
KIND = Kind.B
Rate = Annotated[float, Field(gt=0, le=TOP)]
half = lambda x: 0.5 * x
@njit
def fast(x):
    return x * SCALE  # a comment
def maker(c):
    def step(x):
        return c * x
    return step
one, two = maker(0.1), maker(0.2)
class Base(fastq.Algorithm):
    alpha: StepSize = 0.5
    def act(q, state, u, agent):
        return 0
class Mine(Base):
    name = "my_own"
    rate: "Rate" = SCALE
    def update(q, step, agent):
        v = own_helpers.share(agent.alpha) + imported(1.0) + fast(1.0) + half(2.0)
        if KIND == Kind.B:
            v += math.exp(-1.0) + np.pi + one(1.0) + two(1.0)
        q[step.state, step.action] += agent.rate * v
class Sub(Mine):
    beta: float = 3.0
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module that uses much of Python, and another module."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_helpers.py").write_text(HELPERS)
    (tmp_path / "own_mine.py").write_text(MINE)
    import own_mine

    yield own_mine
    for name in ("own_mine", "own_helpers"):
        del sys.modules[name]


def learned(kind):
    """Let a class learn once, in plain Python."""
    q, step = np.zeros((1, 1)), types.SimpleNamespace(state=0, action=0, reward=1.0)
    kind.rules()[1](q, step, kind())
    return q.tobytes()


@pytest.mark.parametrize("name", ["Mine", "Sub"])
def test_all_that_a_class_uses_is_written_down(mine, name, tmp_path):
    kind = getattr(mine, name)
    source = source_of(kind)
    for path in tmp_path.glob("*.py"):
        path.unlink()
    found = load(source.text, source.name, "v", "<fastq>/test.py")
    assert found is not kind
    assert (found.name, found.algorithm_version()) == (kind.name, "v")
    assert learned(found) == learned(kind)
    with pytest.raises(fastq.InputError, match=r"rate = 2\.0"):
        found(rate=2.0)


def test_the_digest_is_the_same(tmp_path, monkeypatch):
    """A plain script: what was written down is the same algorithm by its digest, too."""
    path = tmp_path / "plain.py"
    path.write_text(PLAIN)
    module = types.ModuleType("plain")
    exec(compile(PLAIN, str(path), "exec"), module.__dict__)
    version = module.Mine.algorithm_version()
    source = source_of(module.Mine)
    found = load(source.text, source.name, version, "<fastq>/plain.py")
    del found.algorithm_version
    assert found.algorithm_version() == version
    assert [place.name for place in source.places] == ["RATE", "share", "Mine"]


PLAIN = """
import fastq
RATE = 0.5
def share(x):
    return RATE * x
class Mine(fastq.Algorithm):
    alpha: fastq.StepSize = 0.5
    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, 0.5)
    def update(q, step, agent):
        q[step.state, step.action] += share(agent.alpha) * step.reward
"""


def test_values_are_those_of_the_moment(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(PLAIN + "RATE = RATE / 3\n")
    module = types.ModuleType("plain")
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    source = source_of(module.Mine)
    assert f"RATE = {0.5 / 3!r}" in source.text
    assert "RATE" not in [place.name for place in source.places]  # the file does not say it


def test_notebook_cells():
    """Cells are in `linecache`, and nowhere else."""
    module = types.ModuleType("__main__")
    cells = PLAIN.replace("class Mine", "#cut\nclass Mine").split("#cut\n")
    try:
        for number, cell in enumerate(cells):
            file = f"/nowhere/ipykernel_1/{number}.py"
            linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
            exec(compile(cell, file, "exec"), module.__dict__)
        source = source_of(module.Mine)
    finally:
        for number in range(len(cells)):
            del linecache.cache[f"/nowhere/ipykernel_1/{number}.py"]
    found = load(source.text, source.name, "v", "<fastq>/cells.py")
    assert learned(found) == learned(module.Mine)


def test_an_edited_file_is_not_written_down(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(PLAIN)
    module = types.ModuleType("plain")
    exec(compile(PLAIN, str(path), "exec"), module.__dict__)
    path.write_text(PLAIN.replace("RATE * x", "RATE + x"))
    with pytest.raises(UnwrittenError, match=r"plain\.py was edited after it was loaded"):
        source_of(module.Mine)


def test_a_class_of_no_file_is_not_written_down():
    module = types.ModuleType("nowhere")
    exec(PLAIN, module.__dict__)
    with pytest.raises(UnwrittenError, match="the source of Mine is not to be found"):
        source_of(module.Mine)


@pytest.mark.parametrize(
    "value",
    [
        *(0.1, -0.0, float("inf"), 2**80, True, None, "a'\n", b"\0", 1 - 0j, complex(0, -0.0)),
        *((), (1,), [1, (2.5, "x")], {1, 2}, frozenset({3}), set(), {"a": [1]}, range(3)),
        *(np.float32(0.1), np.int8(3), np.bool_(True), np.array(1.5), np.zeros((0, 3))),
        *(np.array([[1, 2], [3, 4]], order="F"), np.array([np.nan, -0.0]), np.arange(1000.0)),
        np.array([1 + 2j]),
    ],
    ids=repr,
)
def test_literals_are_exact(value):
    text = literal(value)
    space = {}
    exec(preamble(text), space)
    found = eval(text, space)
    assert type(found) is type(value)
    assert repr(found) == repr(value)
    if isinstance(value, np.ndarray):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tobytes() == value.tobytes()
        assert found.flags.f_contiguous == value.flags.f_contiguous


@pytest.mark.parametrize(
    "value", [object(), np.array([None]), [object()], type("I", (int,), {})(3)]
)
def test_what_is_no_literal(value):
    with pytest.raises(NoLiteralError):
        literal(value)


def test_what_a_file_says_is_found_without_running_it():
    tree = parsed(
        "class A:\n  class B:\n    'doc'\n    x = 1  # why\nif A:\n  C = (1, -2)\nD = f()\n"
    )
    again = parsed("class A:\n  class B:\n    x = (1)\n")
    assert meaning(named(tree, "A.B")) == meaning(named(again, "A.B"))
    assert named(tree, "B") is None
    assert literal_in(tree, "C") == ((1, -2),)
    assert literal_in(tree, "D") == literal_in(tree, "E") == ()
    assert parsed("class (") is None
