"""What rules may not use, for its numbers differ between NumPy, Python and compiled code.

NumPy adds up in pairs and has vectorized forms of its own of exponentials and the like, which
depend on the processor; BLAS depends on the library at hand. Compiled code replaces powers, and
adds up from the left. All that follows was measured, or differs on other processors.
"""

import dis
import functools
import math
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastq.base.captured import is_attribute, is_silent, reached, starts_lookup

_POWER = "fastq.rules.power(x, y), or x * x"
_LOOP = "a loop that adds up"
_SAME = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan")
_HYPERBOLIC = ("sinh", "cosh", "tanh")
_ARCS = ("sin", "cos", "tan", "tan2", *_HYPERBOLIC)
_LIKE_MATH: dict[str, str] = {
    **{name: f"math.{name}" for name in (*_SAME, *_HYPERBOLIC)},
    **{f"arc{name}": f"math.a{name}" for name in _ARCS},
    "cbrt": "fastq.rules.power(x, 1 / 3)",
    "hypot": "math.sqrt(x * x + y * y)",
    "sinc": "math.sin",
    **dict.fromkeys(["logaddexp", "logaddexp2"], "math.log and math.exp"),
    **dict.fromkeys(["power", "float_power", "logspace", "geomspace"], _POWER),
}
_SUMS = (
    "sum mean std var average trace cov corrcoef trapz trapezoid percentile quantile dot vdot "
    "inner matmul convolve correlate nansum nanmean nanstd nanvar nanpercentile nanquantile"
)
_NAMED = {**_LIKE_MATH, **dict.fromkeys(_SUMS.split(), _LOOP)}
_METHODS = ("sum", "mean", "std", "var", "dot", "trace")
_OPERATORS = {"**": _POWER, "**=": _POWER, "@": _LOOP, "@=": _LOOP}
_OTHERS: list[tuple[Any, str, str]] = [
    (math.pow, "math.pow", _POWER),
    (pow, "pow", _POWER),
    (math.gamma, "math.gamma", "math.exp and math.log"),
    (math.lgamma, "math.lgamma", "math.log"),
    (math.hypot, "math.hypot", "math.sqrt(x * x + y * y)"),
    (sum, "sum", _LOOP),
]


def refused_in(function: types.FunctionType) -> Iterator[tuple[int | None, str, str]]:
    """List what a function uses that is refused: the line, its name, and what to use instead.

    fastq's own building blocks may use what they are written around.
    """
    if str(function.__globals__.get("__name__")).startswith("fastq."):
        return
    for _, value, line in reached(function):
        home = getattr(value, "__self__", None)
        if isinstance(value, types.ModuleType) and value.__name__ == "numpy.linalg":
            yield line, "np.linalg", "a loop"
        elif isinstance(home, np.ndarray) and value.__name__ in _METHODS:
            yield line, f".{value.__name__}()", _LOOP
        elif id(value) in _held():
            yield line, *_held()[id(value)]
    yield from _operations(function.__code__)


@functools.cache
def _held() -> dict[int, tuple[str, str]]:
    """Give the name of what is refused, and what to use, by what it is: names may be others."""
    named = {f"np.{name}": (getattr(np, name, None), _NAMED[name]) for name in _NAMED}
    linear = {f"np.linalg.{name}": (value, "a loop") for name, value in vars(np.linalg).items()}
    others = {name: (value, instead) for value, name, instead in _OTHERS}
    found = {**linear, **others, **named}.items()
    return {id(value): (name, instead) for name, (value, instead) in found if callable(value)}


@functools.lru_cache(maxsize=1024)
def _operations(code: types.CodeType) -> tuple[tuple[int | None, str, str], ...]:
    """List the operators and methods in code that are refused, and in the code inside it."""
    found, is_outside = [], False
    for one in dis.get_instructions(code):
        if is_silent(one):
            continue
        line = one.positions.lineno if one.positions else None
        if is_attribute(one):
            is_call = one.opname == "LOAD_METHOD" or "NULL|self" in one.argrepr
            if is_call and not is_outside and one.argval in _METHODS:
                found.append((line, f".{one.argval}()", _LOOP))
            continue
        is_outside = starts_lookup(code, one)
        if one.opname.startswith(("BINARY_", "INPLACE_")) and one.argrepr in _OPERATORS:
            found.append((line, one.argrepr, _OPERATORS[one.argrepr]))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _operations(constant)
    return tuple(found)
