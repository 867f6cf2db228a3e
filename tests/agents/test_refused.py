"""Rules may not use what has other bits compiled than plain; what is advised has the same."""

import math
import types

import numba
import numpy as np
import pytest

import fastq
from fastq.agents.refused import refused_in
from fastq.agents.registry import find_agent


def function(expression, **names):
    """Make a function of an expression in x, y and i."""
    known = {"np": np, "math": math, "fastq": fastq, **names}
    exec(f"def f(x, y, i, agent=None):\n    return (\n{expression})", known)
    return known["f"]


def mean(x):
    return x


REFUSED = {
    "np.exp(x)": "uses np.exp, whose bits differ in compiled code; use math.exp",
    "np.log1p(x[i] + 1.0)": "uses np.log1p, whose bits differ in compiled code; use math.log1p",
    "np.tanh(x)": "uses np.tanh, whose bits differ in compiled code; use math.tanh",
    "np.arctan2(x, y)": "uses np.arctan2, whose bits differ in compiled code; use math.atan2",
    "np.mean(x)": "uses np.mean, whose bits differ in compiled code; use a loop that adds up",
    "x.sum()": "uses .sum(), whose bits differ in compiled code; use a loop that adds up",
    "x[i].mean(0)": "uses .mean(), whose bits differ in compiled code; use a loop that adds up",
    "TABLE.std()": "uses .std(), whose bits differ in compiled code; use a loop that adds up",
    "sum(x)": "uses sum, whose bits differ in compiled code; use a loop that adds up",
    "x.dot(y)": "uses .dot(), whose bits differ in compiled code; use a loop that adds up",
    "x @ y": "uses @, whose bits differ in compiled code; use a loop that adds up",
    "x[i] ** 2": "differ in compiled code; use fastq.rules.power(x, y), or x * x",
    "agent.gamma ** i": "uses **, whose bits",
    "pow(x, y)": "uses pow, whose bits",
    "math.pow(x, i)": "uses math.pow, whose bits",
    "np.power(x, i)": "uses np.power, whose bits",
    "math.hypot(x, y)": "use math.sqrt(x * x + y * y)",
    "math.lgamma(x)": "uses math.lgamma, whose bits",
    "np.linalg.norm(x)": "uses np.linalg, whose bits differ in compiled code; use a loop",
    "norm(x)": "uses np.linalg.norm, whose bits differ in compiled code; use a loop",
    "e(x)": "uses np.exp, whose bits",
    "[z ** 2 for z in x][0]": "uses **, whose bits",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_has_other_bits_is_refused_with_its_line(expression):
    helper = function(expression, TABLE=np.ones(2), norm=np.linalg.norm, e=np.exp)
    rules = {"helper": helper, "__module__": __name__}
    exec(
        "def act(q, state, u, agent): return 0\ndef update(q, step, agent): helper(q, q, 0)", rules
    )
    mine = type("Mine", (fastq.Algorithm,), {name: rules[name] for name in ("act", "update")})
    with pytest.raises(fastq.InputError) as found:
        find_agent(mine)
    assert str(found.value).startswith("Mine (<string>, line 3): f uses ")
    assert REFUSED[expression] in str(found.value)


ALLOWED = [
    "agent.mean + agent.sum * agent.dot",
    "helpers.mean(x)",
    "max(x) + x.max() + x.argmax() + np.argmax(x) + x.prod()",
    "math.exp(x) + math.log(x) + np.sqrt(x) + np.maximum(x, y) + abs(x) + np.floor(x)",
    "np.zeros(3)[i] + 2**3 + fastq.rules.power(x, 0.5)",
]


@pytest.mark.parametrize("expression", ALLOWED)
def test_what_has_the_same_bits_is_not(expression):
    helpers = types.ModuleType("helpers")
    helpers.mean = mean
    assert [*refused_in(function(expression, helpers=helpers))] == []


def test_what_is_advised_has_the_same_bits_compiled():
    """And what is refused has not: the check would see it."""

    def advised(x, y):
        return (
            (math.exp(y), math.expm1(y), math.exp2(y), math.log(x), math.log2(x), math.log10(x)),
            (math.log1p(x), math.sin(y), math.cos(y), math.tan(y), math.sinh(y), math.cosh(y)),
            (math.tanh(y), math.asin(y / 8), math.acos(y / 8), math.atan(y), math.atan2(x, y)),
            (math.asinh(y), math.acosh(1 + x), math.atanh(y / 8), math.sqrt(x * x + y * y)),
            (power(x, 2), power(x, 0.5), power(x, -1), power(2, y), power(0.25, y), power(x, y)),
            (power(x, 3), power(10, y), power(x, 1 / 3), x % 0.3, y // 0.3, np.rint(y)),
        )

    def refused(x, y):
        return x**2, x**3, x**0.5, 0.5**y, math.lgamma(x)

    power = fastq.rules.power
    rng = np.random.default_rng(0)
    pairs = np.column_stack([rng.exponential(size=4000), rng.uniform(-8, 8, 4000)]).tolist()
    plain = types.FunctionType(
        advised.__code__, advised.__globals__, closure=(types.CellType(power.py_func),)
    )
    compiled = numba.njit(error_model="python")(advised)
    assert [compiled(x, y) for x, y in pairs] == [plain(x, y) for x, y in pairs]
    compiled = numba.njit(error_model="python")(refused)
    differ = np.array([compiled(x, y) for x, y in pairs]) != [refused(x, y) for x, y in pairs]
    assert differ[:, [1, 4]].any(axis=0).all()
