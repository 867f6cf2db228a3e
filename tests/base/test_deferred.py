"""Helpers without machine code of their own: parts of their callers, with the same results."""

import numba
import pytest

from fastq.base import deferred
from fastq.base.jit import inlined


@inlined
def tripled(x):
    return 3.0 * x


@inlined
def tripled_twice(x):
    return tripled(tripled(x))


@numba.njit
def caller(x):
    return tripled_twice(x) + tripled(x)


def test_a_caller_has_its_helpers_in_it():
    assert caller(2.0) == 24.0
    (code,) = caller.inspect_asm().values()
    assert "call" not in [line.split()[0] for line in code.splitlines() if "tripled" in line]


@pytest.mark.parametrize("helper", [tripled, tripled_twice])
def test_a_helper_is_not_made_into_machine_code(helper):
    assert caller(1.0) == 12.0
    (compiled,) = helper.overloads.values()
    assert isinstance(compiled.library, deferred._Library)
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) == 0
