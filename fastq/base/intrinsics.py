"""What Numba has no words for: a hint to its compiler, and an instruction of the machine."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def in_llvm(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function for compiled code, from one that types it and gives what writes it for LLVM.

    It is `numba.extending.intrinsic`, whose type says nothing of the arguments of what it makes.
    """
    return cast("Callable[..., Any]", intrinsic(function))


@intrinsic
def _lowest_bit(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@intrinsic
def _as_wide_as(typing_context: Any, table: Any, actions: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        array = context.make_array(table)(context, builder, args[0])
        width = ir.Constant(ir.IntType(64), actions.count)
        array.shape = builder.insert_value(array.shape, width, table.ndim - 1)
        return array._getvalue()

    if isinstance(actions, types.UniTuple):
        return table(table, actions), generate
    return table(table, actions), lambda context, builder, signature, args: args[0]


lowest_bit = cast(Callable[[np.uint64], np.uint64], _lowest_bit)
"""Find the index of the lowest bit that is set in a word that is not 0."""

as_wide_as = cast(Callable[[Any, Any], Any], _as_wide_as)
"""Say of a table that its last axis is as long as a tuple: then the compiler unrolls loops over it.
"""
