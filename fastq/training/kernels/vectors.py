"""Vectors of lanes as values: what is written is what is compiled, on any processor.

A `Vector` is `WIDTH` numbers, one of each lane, as a type of Numba's over LLVM's vectors. LLVM
splits ``<8 x double>`` into what the machine has: one register of AVX-512, two of AVX2, four of
SSE and NEON. Operators work lane by lane and give the very bits that they give for numbers. A
number beside a vector is the same number in each lane. So a function without branches is compiled
for numbers or for vectors, by the types of its arguments.

Only compiled functions see vectors. `vector_functions` has what is no operator. There is no gather:
a row is loaded whole (`rows`).
"""

import operator
from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv.castgraph import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import models, register_model

WIDTH = 8

_WORD, _NUMBER, _TRUTH = ir.IntType(64), ir.DoubleType(), ir.IntType(1)
_ELEMENTS = {
    types.float64: _NUMBER,
    types.uint64: _WORD,
    types.int64: _WORD,
    types.boolean: _TRUTH,
}
_LAST_TO_FIRST = (types.float64, types.int64, types.uint64, types.boolean)
"""Of two types that meet in an operator, the one that stands first here wins."""


class Vector(types.Type):
    """The type of vectors of some numbers: float64, int64, uint64 or boolean."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")

    def unify(self, typing_context: Any, other: Any) -> Any:
        """Give the type of a name that is bound to this and, elsewhere, to another."""
        dtype = element_of(other)
        return None if dtype is None else Vector(wider(self.dtype, dtype))

    def can_convert_from(self, typing_context: Any, other: Any) -> Any:
        """Say whether a number or another vector becomes one of this type."""
        dtype = element_of(other)
        if dtype is None or wider(self.dtype, dtype) != self.dtype:
            return None
        return Conversion.safe


class Index(Vector):
    """The type of vectors of integers that are indices, and in range: of states, or of actions.

    `what` says of which. What is computed from them is a vector of any integers.
    """

    def __init__(self, what: str) -> None:
        super().__init__(types.int64)
        self.what, self.name = what, f"Index({what})"

    @property
    def key(self) -> str:
        """Tell the type from others."""
        return self.name

    def unify(self, typing_context: Any, other: Any) -> Any:
        """Give the type of a name that is bound to this and, elsewhere, to another."""
        return self if self == other else super().unify(typing_context, other)

    def can_convert_from(self, typing_context: Any, other: Any) -> Any:
        """Say that no other vector is known to be in range."""
        return None


@register_model(Index)
@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, llvm_of(vector))


NUMBERS, INTEGERS = Vector(types.float64), Vector(types.int64)
WORDS, TRUTHS = Vector(types.uint64), Vector(types.boolean)


def llvm_of(vector: Vector) -> ir.VectorType:
    """Give the type of LLVM for a type of vectors."""
    return ir.VectorType(_ELEMENTS[vector.dtype], WIDTH)


def element_of(kind: Any) -> Any:
    """Give what a vector would hold of a number of some type; None for what is no number."""
    kind = types.unliteral(kind)
    if isinstance(kind, Vector):
        return kind.dtype
    if isinstance(kind, types.Boolean):
        return types.boolean
    if isinstance(kind, types.Integer):
        return types.int64 if cast("Any", kind).signed else types.uint64
    return types.float64 if isinstance(kind, types.Float) else None


def wider(one: Any, other: Any) -> Any:
    """Give the type of what an operator makes of two."""
    return min(one, other, key=_LAST_TO_FIRST.index)


def _common(arguments: Any, keywords: Any = ()) -> Any:
    """Give the type of the elements that two operands have in common, one of them a vector.

    Literals are no operands: Numba asks again with the types that they are of.
    """
    if keywords or len(arguments) != 2 or not any(map(is_vector, arguments)):
        return None
    if any(isinstance(kind, types.Literal) for kind in arguments):
        return None
    elements = [element_of(kind) for kind in arguments]
    return None if None in elements else wider(*elements)


def is_vector(kind: Any) -> bool:
    """Say whether a type of Numba's is one of vectors."""
    return isinstance(kind, Vector)


# Numbers become vectors.


@lower_cast(types.Number, Vector)
@lower_cast(types.Boolean, Vector)
def _from_number(context: Any, builder: Any, kind: Any, vector: Vector, value: Any) -> Any:
    return splat(builder, context.cast(builder, value, kind, vector.dtype), llvm_of(vector))


@lower_cast(Vector, Vector)
def _from_vector(context: Any, builder: Any, kind: Vector, vector: Vector, value: Any) -> Any:
    target = llvm_of(vector)
    if kind.dtype == vector.dtype or {kind.dtype, vector.dtype} == {types.int64, types.uint64}:
        return value
    if kind.dtype == types.boolean:
        one = builder.zext(value, ir.VectorType(_WORD, WIDTH))
        return builder.uitofp(one, target) if vector.dtype == types.float64 else one
    if vector.dtype == types.float64:
        make = builder.sitofp if kind.dtype == types.int64 else builder.uitofp
        return make(value, target)
    raise NotImplementedError(f"{kind} does not become {vector}")


def splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    """Put a number in each lane."""
    if isinstance(value, ir.Constant) and not isinstance(value.type, ir.VectorType):
        return ir.Constant(vector, [value.constant] * WIDTH)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, at(0))
    return builder.shuffle_vector(first, undefined, picked([0] * WIDTH))


def at(index: int) -> ir.Constant:
    """Give the index of a lane."""
    return ir.Constant(ir.IntType(32), index)


def picked(indices: Any) -> ir.Constant:
    """Give which lanes of two vectors, one after the other, a shuffle takes."""
    found = list(indices)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(found)), found)


def constant(vector: Vector, value: float) -> ir.Constant:
    """Give a vector of one number."""
    return ir.Constant(llvm_of(vector), [value] * WIDTH)


# Operators.


def _operator(symbol: Any, emit: Callable[..., Any], *, of: Any = None, gives: Any = None) -> None:
    """Let an operator take vectors, and its form that assigns.

    `emit` gets the builder, the type of the elements and both operands. `of` is what truths become
    before, `gives` the type of the elements that come of it.
    """

    class _Typed(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            dtype = _common(arguments, keywords)
            if dtype is None:
                return None
            if of == types.float64 or (of is not None and dtype == types.boolean):
                dtype = of
            vector = Vector(dtype)
            return signature(vector if gives is None else Vector(gives), vector, vector)

    def _lowered(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return emit(builder, signed.args[0].dtype, *operands)

    for form in (symbol, getattr(operator, f"i{symbol.__name__.strip('_')}", None)):
        if form is not None:
            infer_global(form)(type("_Typed", (_Typed,), {"key": form}))
            lower_builtin(form, Vector, Vector)(_lowered)


def _by_kind(of_numbers: str, of_words: str, of_integers: str = "") -> Callable[..., Any]:
    """Give an `emit` that calls a method of the builder, by the type of the elements."""

    def emit(builder: Any, dtype: Any, left: Any, right: Any) -> Any:
        integers = of_integers if of_integers and dtype == types.int64 else of_words
        return getattr(builder, of_numbers if dtype == types.float64 else integers)(left, right)

    return emit


def _compared(sign: str) -> Callable[..., Any]:
    """Give an `emit` of a comparison: false where one operand is NaN, but for ``!=``."""

    def emit(builder: Any, dtype: Any, left: Any, right: Any) -> Any:
        if dtype == types.float64:
            make = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
            return make(sign, left, right)
        make = builder.icmp_signed if dtype == types.int64 else builder.icmp_unsigned
        return make(sign, left, right)

    return emit


_operator(operator.add, _by_kind("fadd", "add"), of=types.int64)
_operator(operator.sub, _by_kind("fsub", "sub"), of=types.int64)
_operator(operator.mul, _by_kind("fmul", "mul"), of=types.int64)
_operator(operator.truediv, _by_kind("fdiv", ""), of=types.float64)
_operator(operator.and_, _by_kind("", "and_"))
_operator(operator.or_, _by_kind("", "or_"))
_operator(operator.xor, _by_kind("", "xor"))
_operator(operator.lshift, _by_kind("", "shl"))
_operator(operator.rshift, _by_kind("", "lshr", "ashr"))
for _symbol, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _operator(_symbol, _compared(_sign), gives=types.boolean)
