"""Digests hold all that Numba would compile: each edit is seen, and what is not used is not."""

import collections
import enum
import functools
import importlib
import math
import os
import subprocess
import sys
import types
from pathlib import Path

import numba
import numpy as np
import pytest
from joblib.externals.loky.cloudpickle_wrapper import dumps, loads

import fastq
from fastq.agents.digests import ValueKindError, digest_of
from fastq.agents.registry import find_agent
from fastq.base.captured import lookups, used
from fastq.training.parity import reference_run

ROOT = Path(__file__).parents[2]

CODE = """
import collections, enum, math, numba
import numpy as np
import fastq
import helpers
FACTOR = 1.0
LONG = np.zeros(2000)
LONG[1000] = 1.0
NESTED = (1, (LONG, "a"))
Pair = collections.namedtuple("Pair", "first second", defaults=[2.0])
PAIR = Pair(3.0)
alpha = t = 1.0
class Gain(enum.IntEnum):
    LOW = 1
def by_default(x, k=1.0):
    return k * x
def by_global_default(x, k=FACTOR):
    return k * x
def half(x):
    return 0.5 * x
def by_function(x, f=numba.njit(half)):
    return f(x)
def made(k):
    def inner(x):
        return k * x
    def outer(x):
        return inner(x)
    return outer
closed = made(1.0)
first, second = (lambda x: x), (lambda x: 3.0 * x)
chosen = first
class Mine(fastq.Algorithm):
    alpha: fastq.StepSize = 0.5
    def act(q, state, u, agent):
        return int(u * q.shape[1])
    def update(q, step, agent):
        gain = NESTED[1][0][1000] * PAIR.second * (Gain.LOW + 0) * helpers.inner.TIMES * FACTOR
        gain += by_default(step.reward) + by_global_default(1.0) + by_function(1.0)
        gain += closed(1.0) + chosen(1.0) + helpers.plus(1.0) + Pair(1.0, 2.0).first
        q[step.state, step.action] += agent.alpha * (gain - q[step.state, step.action])
"""
HELPERS = """
import types
inner = types.ModuleType("inner")
inner.TIMES = 1.0
def plus(x, k=1.0):
    return x + k
"""
UNSEEN = [
    ("alpha = t = 1.0", "alpha = t = 2.0"),
    ("alpha = t = 1.0", "alpha = t = reward = state = second = 2.0"),
    ("def half(x):", "def half(x: float) -> float:"),
    ("def plus(x, k=1.0):", "t = alpha = 2.0\ndef plus(x, k=1.0):"),
    ("    return k * x\ndef by_global", "    '''Scale.'''\n    return k * x\ndef by_global"),
]
SEEN = {
    "a default": ("by_default(x, k=1.0)", "by_default(x, k=0.05)"),
    "the last bit of a default": ("by_default(x, k=1.0)", "by_default(x, k=1.0 + 2**-52)"),
    "the kind of a default": ("by_default(x, k=1.0)", "by_default(x, k=1)"),
    "a default that is a global": ("FACTOR = 1.0", "FACTOR = 0.5"),
    "a default that is a function": ("return 0.5 * x", "return 0.25 * x"),
    "an array in a tuple": ("LONG[1000] = 1.0", "LONG[1000] = 2.0"),
    "a named tuple": ("PAIR = Pair(3.0)", "PAIR = Pair(3.0, 5.0)"),
    "the default of a named tuple": ("defaults=[2.0]", "defaults=[2.5]"),
    "an enum": ("LOW = 1", "LOW = 2"),
    "a closure in a closure": ("made(1.0)", "made(2.0)"),
    "one of two functions in a line": ("chosen = first", "chosen = second"),
    "the default of a helper in a module": ("plus(x, k=1.0)", "plus(x, k=2.0)"),
    "a value in a module of a module": ("TIMES = 1.0", "TIMES = 2.0"),
}


def write(folder, old="", new=""):
    """Write the code and its helpers, changed in one place."""
    folder.mkdir(exist_ok=True)
    assert old in CODE + HELPERS
    (folder / "mine.py").write_text(CODE.replace(old, new))
    (folder / "helpers.py").write_text(HELPERS.replace(old, new))
    return folder


def version(folder, monkeypatch):
    """Load the code of a folder, and digest it."""
    monkeypatch.syspath_prepend(folder)
    sys.modules.pop("helpers", None)
    importlib.invalidate_caches()
    found = find_agent(f"{folder / 'mine.py'}:Mine").algorithm_version()
    del sys.modules["helpers"]
    return found


@pytest.mark.parametrize("edit", SEEN.values(), ids=SEEN)
def test_an_edit_of_what_is_compiled_is_seen(tmp_path, monkeypatch, edit):
    before = version(write(tmp_path / "a"), monkeypatch)
    assert version(write(tmp_path / "b", *edit), monkeypatch) != before


@pytest.mark.parametrize("edit", UNSEEN, ids=str)
def test_an_edit_of_what_is_not_compiled_is_not(tmp_path, monkeypatch, edit):
    """Such as of a global that has the name of an attribute."""
    before = version(write(tmp_path / "a"), monkeypatch)
    assert version(write(tmp_path / "b", *edit), monkeypatch) == before


COMPILED = [  # each takes some seconds
    "a default",
    "a default that is a global",
    "a default that is a function",
    "an array in a tuple",
    "a closure in a closure",
    "one of two functions in a line",
]

SCRIPT = """
import importlib
import sys
import fastq
from fastq.training.parity import reference_run
from fastq.agents.registry import find_agent
mdp = fastq.windy_gridworld()
options = {"episodes": 2, "seed": 0, "max_steps": 30}
for folder in sys.argv[1:]:
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    sys.modules.pop("helpers", None)
    mine = find_agent(f"{folder}/mine.py:Mine")
    compiled = fastq.train(mdp, mine(), **options)
    plain = reference_run(mine(), mdp.to_gymnasium(), **options, run=0)
    assert compiled.q.tobytes() == plain.q.tobytes(), folder
    print(compiled.q.tobytes().hex())
"""


@pytest.mark.slow
def test_an_edited_script_never_runs_an_old_kernel(tmp_path):
    """All share a kernel cache; each is compared with its rules uncompiled."""
    names = [name for name in SEEN if name in COMPILED]
    edits = [("", ""), *(SEEN[name] for name in names)]
    folders = [str(write(tmp_path / str(i), *edit)) for i, edit in enumerate(edits)]
    settings = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, *folders]
    options = {"capture_output": True, "text": True}
    done = subprocess.run(command, check=False, env={**os.environ, **settings}, **options)
    assert done.returncode == 0, done.stderr
    first, *edited = done.stdout.split()
    assert len(edited) == len(COMPILED)
    assert first not in edited


@pytest.fixture
def plain():
    """An algorithm whose rules use nothing from outside, to be given other ones."""

    class Plain(fastq.Algorithm):
        x: float = 0.0

        def act(q, state, u, agent):
            return 0

        def update(q, step, agent):
            q[step.state, step.action] += 1.0

    return Plain


def function(text, **names):
    """Make a function of no file."""
    exec(text, names)
    return names["f"]


def digests(text, *values):
    """Digest a function as it uses one value V after the other."""
    return [digest_of([function(text, V=value)]) for value in values]


def power(x, n=2):
    return x**n


Pair = collections.namedtuple("Pair", "a b")
Other = collections.namedtuple("Other", "a b")
Move = enum.Enum("Move", "LEFT RIGHT")
DIFFERENT = [
    (0.0, -0.0, 0, False, None, "0", b"0", 0j, np.float64(0), np.float32(0), np.int64(0), ...),
    (float("nan"), np.float64("nan"), np.array(float("nan")), np.array([float("nan")])),
    ((1, 2), ((1, 2),), (1, (2,)), ("1, 2",), ("1", "2"), Pair(1, 2), Other(1, 2), Pair, Other),
    (np.zeros(4), np.zeros((2, 2)), np.zeros(4, np.float32), np.zeros(4, np.int64), np.zeros(5)),
    (np.array([[1, 2], [2, 1]]), np.asfortranarray([[1, 2], [2, 1]]), np.array([[1, 2], [1, 2]])),
    (np.zeros(2, [("a", "f8")]), np.zeros(2, [("b", "f8")]), np.zeros(2)),
    (np.arange(9999.0), np.arange(9999.0) + (np.arange(9999) == 5000), (np.arange(9999.0),)),
    (Move, Move.LEFT, Move.RIGHT, enum.Enum("Move", "LEFT UP"), enum.IntEnum("Move", "LEFT RIGHT")),
    (math.exp, np.exp, math, np, math.log, np.full, int, float, np.float64, np.dtype("f8"), "f8"),
    (numba.float64, numba.float32, numba.prange, np.mean, np.linalg.norm, ValueError, KeyError),
    (power, numba.njit(lambda x, n=2: x * n), lambda x, n=3: x**n, (power,), (power, power)),
    (slice(1, 2), slice(None, 2), slice(1, 2, 1), (1, 2)),
]


@pytest.mark.parametrize("values", DIFFERENT, ids=lambda values: str(type(values[0])))
def test_different_values_have_different_digests(values):
    found = digests("def f(): return V", *values)
    assert len({*found}) == len(values)
    assert digests("def f(): return V", *values) == found


SAME = [
    (power, numba.njit(power), numba.njit(fastmath=True)(power)),
    (np.arange(4.0), np.arange(8.0)[:4], np.arange(4.0)),
    (np.float64(0.1), np.array([0.1])[0]),
]


@pytest.mark.parametrize("values", SAME, ids=lambda values: str(type(values[0])))
def test_equal_values_have_one_digest(values):
    assert len({*digests("def f(): return V", *values)}) == 1


def test_which_of_two_functions_a_name_stands_for_counts():
    text = "def f(x): return A(x) + B(x) + C(x)"
    one, other = function("def f(x): return x"), function("def f(x): return -x")
    found = {
        digest_of([function(text, **dict(zip("ABC", functions, strict=True)))])
        for functions in [(one, other, one), (one, other, other), (one, one, other)]
    }
    assert len(found) == 3


@numba.vectorize
def vectorized(x):
    return x + 1.0


BAD = [
    functools.partial(power, n=3),
    functools.lru_cache(power),
    [1.0],
    {1: 2.0},
    {1.0},
    range(3),
    object(),
    fastq.Algorithm,
    np.array([None]),
    np.ma.array([1.0], mask=[True]),
    (1.0, [2.0]),
    vectorized,
    "abc".upper,
]


@pytest.mark.parametrize("value", BAD, ids=lambda value: type(value).__name__)
def test_values_that_cannot_be_written_down_are_refused(value, plain):
    with pytest.raises(ValueKindError):
        digests("def f(): return V", value)
    plain.update = function("def f(q, step, agent): V", V=value)
    with pytest.raises(
        fastq.InputError, match=r"^Plain \(<string>, line 1\): f uses V of the kind"
    ):
        find_agent(plain)


def test_what_is_looked_up_outside():
    module = types.ModuleType("mine")
    module.inner = types.ModuleType("inner")
    module.inner.gain, module.gain, module.other = 1.0, None, 3.0
    text = """
def f(x):
    def local(y):
        return y.gain + x.other + m.inner.gain + math.exp(LIMIT)
    return local(x).unused + [z.alpha for z in (m.gain, x)][0]
"""
    names = {"m": module, "math": math, "LIMIT": 1.0}
    unrelated = dict.fromkeys(["gain", "other", "unused", "alpha", "y", "z", "x", "inner"], 0.5)
    found = function(text, **names, **unrelated)
    assert dict(used(found)) == {"LIMIT": 1.0, "m.gain": None, "m.inner.gain": 1.0, "math": math}
    assert {one.name for one in lookups(found.__code__)} == {"m", "math", "LIMIT"}
    bare = function("def f(x):\n    n = m\n    return n.inner.gain + x.other", **names)
    assert dict(used(bare)) == {"m.gain": None, "m.inner.gain": 1.0, "m.other": 3.0}  # perhaps


def test_a_variable_of_an_enclosing_function_is_no_global():
    text = """
def f(x):
    alpha = x
    def inner(y):
        return alpha * y
    return inner(x)
"""
    assert digest_of([function(text)]) == digest_of([function(text, alpha=3.0, inner=2.0, y=1)])


def test_a_wrapper_counts_besides_what_it_wraps(tmp_path):
    text = """
import functools
def twice(g):
    @functools.wraps(g)
    def wrapper(x):
        return 2.0 * g(x)
    return wrapper
@twice
def f(x):
    return x
"""
    found = set()
    for i, code in enumerate([text, text.replace("2.0 *", "3.0 *"), text.replace("@twice", "")]):
        path, names = tmp_path / f"{i}.py", {}
        path.write_text(code)
        exec(compile(code, path, "exec"), names)
        found.add(digest_of([names["f"]]))
    assert len(found) == 3


def test_a_file_that_was_edited_since_is_not_taken_for_the_source(tmp_path):
    """Not even where the bytecode stands in it still, in another line."""
    path, text = tmp_path / "mine.py", "def f(x):\n    return x\n\ndef g(x):\n    return -x\n"
    names, moved = {}, {}
    exec(compile(text, path, "exec"), names)
    path.write_text("def g(x):\n    return -x\n\n" + text.partition("def g")[0])
    exec(compile(path.read_text(), path, "exec"), moved)
    assert digest_of([names["f"]]) != digest_of([moved["g"]])
    assert digest_of([names["g"]]) != digest_of([moved["f"]])


def test_a_function_keeps_its_digest_without_its_file(tmp_path):
    """A worker that gets it by value may not have the file, and must write the same version."""
    path, text, names = tmp_path / "mine.py", "def f(x):\n    return x\n", {}
    path.write_text(text)
    exec(compile(text, path, "exec"), names)
    found = digest_of([names["f"]])
    data = dumps(names["f"])
    path.unlink()
    assert digest_of([loads(data)]) == found
    assert digest_of([function(text)]) != found  # of its bytecode


def test_what_has_changed_between_two_calls_is_compiled_anew(plain):
    mdp, options = fastq.windy_gridworld(), {"episodes": 1, "seed": 0, "max_steps": 2}
    table = np.array([1.0, 2.0])
    plain.update = function(
        "def f(q, step, agent): q[0, 0] = GAIN * TABLE[1]", TABLE=table, GAIN=1.0
    )
    found = []
    for change in (lambda: None, lambda: table.__setitem__(1, 3.0)):
        change()
        run = fastq.train(mdp, plain(), **options)
        assert (
            run.q.tobytes()
            == reference_run(plain(), mdp.to_gymnasium(), run=0, **options).q.tobytes()
        )
        found.append((run.q[0, 0], plain.algorithm_version(), plain().key("x")))
    assert [q for q, *_ in found] == [2.0, 3.0]
    assert len({key for *_, key in found}) == len({version for _, version, _ in found}) == 2


def test_a_sweep_whose_algorithm_has_changed_writes_nothing_under_the_old_keys(plain, tmp_path):
    plain.update = function("def f(q, step, agent): q[0, 0] = GAIN", GAIN=1.0)
    mdp = fastq.windy_gridworld()
    sweep = fastq.Sweep(env=mdp, agent=plain, grid={"x": [1.0]}, episodes=1, runs=2, max_steps=2)
    plain.update.__globals__["GAIN"] = 3.0
    with pytest.raises(fastq.RunError, match="changed since the sweep was made"):
        fastq.run(sweep, out=tmp_path / "x", n_jobs=1, progress=False)
    assert not [*(tmp_path / "x" / "parts").glob("*.parquet")]
