"""What functions use from outside: each way to use something is seen, and nothing else is."""

import dis
import functools
import math
import types
from typing import NamedTuple

import numba
import numpy as np
import pytest

from fastq.base import captured
from fastq.base.captured import Lookup

CODE = """
import math, numpy as np, tools, tools as t
FACTOR, alpha = 2.0, 1.0
def double(x):
    return FACTOR * x
def triple(x):
    return 3 * x
def plain(x):
    return x
def by_global(x):
    return FACTOR * x
def by_attribute_of_an_argument(agent):
    return agent.alpha
def by_call(x):
    return double(x)
def by_library(x):
    return math.sqrt(np.float64(x))
def by_module(x):
    return tools.scale(x) + t.inner.OFFSET
def by_unclear_module(x):
    one = tools
    return one.scale(x)
def by_inner_function(x):
    def inner(y):
        return FACTOR * y
    return inner(x)
def by_comprehension(x):
    return [FACTOR * one for one in range(x)]
def by_unknown(x):
    return unknown(x)
def by_builtin(x):
    return abs(x)
def with_defaults(x, y, k=FACTOR, *, f=double):
    return f(k * x)
def made(k, late=None):
    def closed(x):
        return k * x + FACTOR
    def own_name(x):
        k = 3
        return k * x
    return closed, own_name
closed, own_name = made(5.0)
def maker():
    def before(x):
        return later * x
    found = before
    if False:
        later = 1.0
    return found
without_a_value = maker()
pair = (double, triple)
def by_tuple(x):
    return pair[0](x)
"""


@pytest.fixture(scope="module")
def own():
    """A script that uses a module of its user's own."""
    tools = types.ModuleType("tools")
    exec(
        "SCALE = 7.0\ndef scale(x):\n    return SCALE * x\ndef unused(x):\n    return x",
        vars(tools),
    )
    tools.inner = types.ModuleType("tools.inner")
    tools.inner.OFFSET = 1.0
    code = CODE.replace("import math, numpy as np, tools, tools as t", "import math, numpy as np")
    values = {"__name__": "script", "tools": tools, "t": tools}
    exec(code, values)
    return types.SimpleNamespace(**values)


def names(function):
    return [name for name, _ in captured.used(function)]


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ("plain", []),
        ("by_global", ["FACTOR"]),
        ("by_attribute_of_an_argument", []),
        ("by_call", ["double"]),
        ("by_library", ["math", "np"]),
        ("by_module", ["t.inner.OFFSET", "tools.scale"]),
        ("by_unclear_module", ["tools.scale"]),
        ("by_inner_function", ["FACTOR"]),
        ("by_comprehension", ["FACTOR"]),
        ("by_unknown", []),
        ("by_builtin", []),
        ("with_defaults", []),
        ("closed", ["FACTOR", "k"]),
        ("own_name", []),
        ("without_a_value", []),
        ("by_tuple", ["pair"]),
    ],
)
def test_what_a_function_uses(own, function, found):
    assert names(getattr(own, function)) == found


def test_values_stand_beside_their_names(own):
    assert dict(captured.used(own.closed)) == {"FACTOR": 2.0, "k": 5.0}
    assert dict(captured.used(own.by_module))["tools.scale"] is own.tools.scale


def test_defaults(own):
    assert captured.defaults(own.with_defaults) == {"k": 2.0, "f": own.double}
    assert captured.defaults(own.plain) == {}


def test_what_is_a_function_of_the_users(own):
    for value in (own.double, numba.njit(own.double)):
        assert captured.is_function(value)
        assert captured.plain_function(value) is own.double
    for value in (numba.njit, np.linalg.norm, abs, math.sqrt, own.tools, 3, str, own.pair):
        assert not captured.is_function(value)


def test_functions_in_tuples(own):
    nested = (own.double, (numba.njit(own.triple), 3), "x")
    assert list(captured.functions_in(nested)) == [own.double, own.triple]
    assert list(captured.functions_in([own.double])) == []


def test_lookups_say_what_follows_and_where(own):
    line = own.by_library.__code__.co_firstlineno + 1
    assert captured.lookups(own.by_library.__code__) == (
        Lookup("math", ("sqrt",), False, line),
        Lookup("np", ("float64",), False, line),
    )
    (free, known) = captured.lookups(own.closed.__code__)
    assert (free.name, free.free, known.name, known.free) == ("k", True, "FACTOR", False)


def test_a_variable_of_the_outer_function_is_not_outside(own):
    assert [one.name for one in captured.lookups(own.made.__code__)] == ["FACTOR"]
    inner = [one.name for one in captured.lookups(own.closed.__code__)]
    assert inner == ["k", "FACTOR"]


def test_reached_lists_libraries_and_builtins_too(own):
    def reached(function):
        return [(name, value) for name, value, _ in captured.reached(function)]

    assert reached(own.by_builtin) == [("abs", abs)]
    assert reached(own.by_library) == [
        ("math", math),
        ("math.sqrt", math.sqrt),
        ("np", np),
        ("np.float64", np.float64),
    ]
    assert reached(own.by_unknown) == []
    lines = [line for *_, line in captured.reached(own.by_builtin)]
    assert lines == [own.by_builtin.__code__.co_firstlineno + 1]


def test_code_within_code(own):
    outer = own.made.__code__
    assert [code.co_name for code in captured.codes(outer)] == ["made", "closed", "own_name"]


def test_each_instruction_that_starts_a_lookup_is_one_of_lookups(own):
    for function in vars(own).values():
        if not isinstance(function, types.FunctionType):
            continue
        code = function.__code__
        started = [
            str(i.argval) for i in dis.get_instructions(code) if captured.starts_lookup(code, i)
        ]
        assert started == [one.name for one in captured.lookups(code)][: len(started)]


def wrapped(function):
    """Stand for a converted function: a copy that remembers the plain one."""
    return functools.partial(function)


def test_functions_are_converted_where_they_stand(own):
    found = captured.with_converted(own.by_call, wrapped)
    assert list(found) == ["double"]
    assert found["double"].func is own.double
    assert captured.with_converted(own.by_global, wrapped) == {}
    first, second = captured.with_converted(own.by_tuple, wrapped)["pair"]
    assert (first.func, second.func) == (own.double, own.triple)


def test_a_module_is_converted_in_a_copy(own):
    found = captured.with_converted(own.by_module, wrapped)["tools"]
    assert found is not own.tools
    assert found.scale.func is own.tools.scale
    assert found.unused is own.tools.unused
    assert isinstance(own.tools.scale, types.FunctionType)


def test_a_named_tuple_stays_one(own):
    class Both(NamedTuple):
        act: object
        size: int

    found = captured.converted_value(Both(own.double, 3), wrapped)
    assert isinstance(found, Both)
    assert (found.act.func, found.size) == (own.double, 3)
    same = Both(1, 3)
    assert captured.converted_value(same, wrapped) is same
