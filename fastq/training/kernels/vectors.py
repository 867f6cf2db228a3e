"""Vectors of lanes as values: what is written is what is compiled, on any processor.

A `Vector` is `WIDTH` numbers, one of each lane, as a type of Numba's over LLVM's vectors. LLVM
splits ``<8 x double>`` into what the machine has: one register of AVX-512, two of AVX2, four of
SSE and NEON. Operators work lane by lane and give the very bits that they give for numbers. A
number beside a vector is the same number in each lane. So a function without branches is compiled
for numbers or for vectors, by the types of its arguments.

Only compiled functions see vectors. There is no gather here: a row is loaded whole (`rows`).
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin, lower_cast
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

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


class Vector(types.Type):  # type: ignore[misc]
    """The type of vectors of some numbers: float64, int64, uint64 or boolean."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")

    def unify(self, typing_context: Any, other: Any) -> Any:
        """Give the type of a name that is bound to this and, elsewhere, to another."""
        dtype = _element_of(other)
        return None if dtype is None else Vector(_wider(self.dtype, dtype))

    def can_convert_from(self, typing_context: Any, other: Any) -> Any:
        """Say whether a number or another vector becomes one of this type."""
        dtype = _element_of(other)
        if dtype is None or _wider(self.dtype, dtype) != self.dtype:
            return None
        return Conversion.safe


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, llvm_of(vector))


NUMBERS, INTEGERS = Vector(types.float64), Vector(types.int64)
WORDS, TRUTHS = Vector(types.uint64), Vector(types.boolean)


def llvm_of(vector: Vector) -> ir.VectorType:
    """Give the type of LLVM for a type of vectors."""
    return ir.VectorType(_ELEMENTS[vector.dtype], WIDTH)


def _element_of(kind: Any) -> Any:
    """Give what a vector would hold of a number of some type; None for what is no number."""
    kind = types.unliteral(kind)
    if isinstance(kind, Vector):
        return kind.dtype
    if isinstance(kind, types.Boolean):
        return types.boolean
    if isinstance(kind, types.Integer):
        return types.int64 if kind.signed else types.uint64
    return types.float64 if isinstance(kind, types.Float) else None


def _wider(one: Any, other: Any) -> Any:
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
    elements = [_element_of(kind) for kind in arguments]
    return None if None in elements else _wider(*elements)


def is_vector(kind: Any) -> bool:
    """Say whether a type of Numba's is one of vectors."""
    return isinstance(kind, Vector)


# Numbers become vectors.


@lower_cast(types.Number, Vector)  # type: ignore[untyped-decorator]
@lower_cast(types.Boolean, Vector)  # type: ignore[untyped-decorator]
def _from_number(context: Any, builder: Any, kind: Any, vector: Vector, value: Any) -> Any:
    return splat(builder, context.cast(builder, value, kind, vector.dtype), llvm_of(vector))


@lower_cast(Vector, Vector)  # type: ignore[untyped-decorator]
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

    class _Typed(AbstractTemplate):  # type: ignore[misc]
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


def _function(symbol: Any, emit: Callable[..., Any], least: Any = None) -> None:
    """Let a function of one number take a vector."""

    @infer_global(symbol)
    class _Typed(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if keywords or len(arguments) != 1 or not is_vector(arguments[0]):
                return None
            vector = Vector(arguments[0].dtype if least is None else least)
            return signature(vector, vector)

    @lower_builtin(symbol, Vector)  # type: ignore[untyped-decorator]
    def _lowered(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return emit(context, builder, signed.args[0].dtype, operands[0])


def _negated(context: Any, builder: Any, dtype: Any, value: Any) -> Any:
    return builder.fneg(value) if dtype == types.float64 else builder.neg(value)


def _library(name: str) -> Callable[..., Any]:
    """Give an `emit` that calls a function of LLVM on vectors: exact ones only."""

    def emit(context: Any, builder: Any, dtype: Any, value: Any) -> Any:
        return call_exact(builder, name, value)

    return emit


def call_exact(builder: Any, name: str, value: Any) -> Any:
    """Call a function of LLVM on a vector of numbers, one whose results are exact."""
    kind = ir.FunctionType(value.type, [value.type])
    function = cgutils.get_or_insert_function(
        builder.module, kind, f"llvm.{name}.v{value.type.count}f64"
    )
    return builder.call(function, [value])


def lane_by_lane(symbol: Callable[..., Any]) -> Callable[..., Any]:
    """Give an `emit` that calls a function of a number on each lane: the library's own bits."""

    def emit(context: Any, builder: Any, dtype: Any, value: Any) -> Any:
        of_one = context.typing_context.resolve_function_type(
            context.typing_context.resolve_value_type(symbol), (types.float64,), {}
        )
        function = context.get_function(
            context.typing_context.resolve_value_type(symbol), of_one
        )
        found = ir.Constant(value.type, ir.Undefined)
        for lane in range(WIDTH):
            one = function(builder, [builder.extract_element(value, at(lane))])
            found = builder.insert_element(found, one, at(lane))
        return found

    return emit


_function(operator.neg, _negated)
_function(operator.pos, lambda context, builder, dtype, value: value)
_function(operator.invert, lambda context, builder, dtype, value: builder.not_(value))
_function(abs, _library("fabs"), least=types.float64)
_function(math.fabs, _library("fabs"), least=types.float64)
_function(math.sqrt, _library("sqrt"), least=types.float64)
for _symbol in (math.exp, math.log, math.log2, math.log10, math.log1p, math.expm1, math.tanh):
    _function(_symbol, lane_by_lane(_symbol), least=types.float64)
for _symbol in (math.sin, math.cos, math.tan, math.sinh, math.cosh, math.atan):
    _function(_symbol, lane_by_lane(_symbol), least=types.float64)


# Selections, and lanes one by one.


@intrinsic  # type: ignore[untyped-decorator]
def where(typing_context: Any, condition: Any, one: Any, other: Any) -> Any:
    """Take the one value where a condition is true, the other where it is not; numbers likewise."""
    if is_vector(condition) or is_vector(one) or is_vector(other):
        elements = [_element_of(kind) for kind in (one, other)]
        if None in elements:
            return None
        result: Any = Vector(_wider(*elements))
        signed = result(TRUTHS, result, result)
    else:
        result = typing_context.unify_types(types.unliteral(one), types.unliteral(other))
        if result is None:
            return None
        signed = result(types.boolean, result, result)

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return builder.select(*operands)

    return signed, generate


@intrinsic  # type: ignore[untyped-decorator]
def bits(typing_context: Any, truths: Any) -> Any:
    """Write truths as a word: that of lane 0 is the lowest bit."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return builder.zext(builder.bitcast(operands[0], ir.IntType(WIDTH)), _WORD)

    return types.uint64(TRUTHS), generate


@intrinsic  # type: ignore[untyped-decorator]
def each(typing_context: Any, vector: Any) -> Any:
    """Give the elements as a tuple of numbers."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        elements = [builder.extract_element(operands[0], at(lane)) for lane in range(WIDTH)]
        return context.make_tuple(builder, signed.return_type, elements)

    return types.UniTuple(vector.dtype, WIDTH)(vector), generate


@intrinsic  # type: ignore[untyped-decorator]
def together(typing_context: Any, elements: Any) -> Any:
    """Make a vector of a tuple of numbers."""
    vector = Vector(elements.dtype)

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        found = ir.Constant(llvm_of(vector), ir.Undefined)
        for lane, element in enumerate(cgutils.unpack_tuple(builder, operands[0])):
            found = builder.insert_element(found, element, at(lane))
        return found

    return vector(elements), generate


def _conversion(name: str, source: Any, target: Any, emit: Callable[..., Any]) -> Any:
    """Make a function that turns vectors of one type into vectors of another."""

    @intrinsic  # type: ignore[untyped-decorator]
    def convert(typing_context: Any, vector: Any) -> Any:
        def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
            return emit(builder, operands[0])

        return target(source), generate

    convert.__doc__ = name
    return convert


def _small(builder: Any, value: Any) -> Any:
    """Cut numbers below 2**31: each processor has an instruction for these, few for larger ones."""
    small = builder.fptosi(value, ir.VectorType(ir.IntType(32), WIDTH))
    return builder.zext(small, ir.VectorType(_WORD, WIDTH))


small_words = _conversion("Cut numbers from 0 to 2**31 to words.", NUMBERS, WORDS, _small)
numbers_of = _conversion(
    "Make numbers of words.",
    WORDS,
    NUMBERS,
    lambda builder, value: builder.uitofp(value, llvm_of(NUMBERS)),
)
integers_of = _conversion(
    "Cut numbers to integers.",
    NUMBERS,
    INTEGERS,
    lambda builder, value: builder.fptosi(value, llvm_of(INTEGERS)),
)
words_in = _conversion(
    "Give the bits of numbers.",
    NUMBERS,
    WORDS,
    lambda builder, value: builder.bitcast(value, llvm_of(WORDS)),
)
numbers_in = _conversion(
    "Give the numbers of which words are the bits.",
    WORDS,
    NUMBERS,
    lambda builder, value: builder.bitcast(value, llvm_of(NUMBERS)),
)


def _off_whole(builder: Any, value: Any) -> Any:
    return call_exact(builder, "fabs", builder.fsub(value, call_exact(builder, "rint", value)))


off_whole = _conversion("Say how far numbers lie from whole ones.", NUMBERS, NUMBERS, _off_whole)
whole_part = _conversion(
    "Cut numbers from 0 on to whole ones.",
    NUMBERS,
    NUMBERS,
    lambda builder, value: call_exact(builder, "floor", value),
)
