"""Functions of vectors of lanes: of one number, selections, conversions, and lanes one by one.

A function of the library, as `math.exp`, is called for each lane: then its bits are those of the
plain loop. What LLVM computes exactly, as a square root, is one instruction for all.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

from fastq.base.intrinsics import in_llvm
from fastq.training.kernels.vectors import (
    INTEGERS,
    NUMBERS,
    TRUTHS,
    WIDTH,
    WORDS,
    Vector,
    at,
    element_of,
    is_vector,
    llvm_of,
    wider,
)

_WORD = ir.IntType(64)


def _function(symbol: Any, emit: Callable[..., Any], least: Any = None) -> None:
    """Let a function of one number take a vector."""

    @infer_global(symbol)
    class _Typed(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            if keywords or len(arguments) != 1 or not is_vector(arguments[0]):
                return None
            vector = Vector(arguments[0].dtype if least is None else least)
            return signature(vector, vector)

    @lower_builtin(symbol, Vector)
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
        function = context.get_function(context.typing_context.resolve_value_type(symbol), of_one)
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


@in_llvm
def where(typing_context: Any, condition: Any, one: Any, other: Any) -> Any:
    """Take the one value where a condition is true, the other where it is not; numbers likewise."""
    if is_vector(condition) or is_vector(one) or is_vector(other):
        elements = [element_of(kind) for kind in (one, other)]
        if None in elements:
            return None
        result: Any = Vector(wider(*elements))
        signed = result(TRUTHS, result, result)
    else:
        result = typing_context.unify_types(types.unliteral(one), types.unliteral(other))
        if result is None:
            return None
        signed = result(types.boolean, result, result)

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return builder.select(*operands)

    return signed, generate


@in_llvm
def bits(typing_context: Any, truths: Any) -> Any:
    """Write truths as a word: that of lane 0 is the lowest bit."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return builder.zext(builder.bitcast(operands[0], ir.IntType(WIDTH)), _WORD)

    return types.uint64(TRUTHS), generate


@in_llvm
def truths_of(typing_context: Any, word: Any) -> Any:
    """Give the lowest bits of a word as truths: `bits`, the other way."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return builder.bitcast(builder.trunc(operands[0], ir.IntType(WIDTH)), llvm_of(TRUTHS))

    return TRUTHS(types.uint64), generate


@in_llvm
def each(typing_context: Any, vector: Any) -> Any:
    """Give the elements as a tuple of numbers."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        elements = [builder.extract_element(operands[0], at(lane)) for lane in range(WIDTH)]
        return context.make_tuple(builder, signed.return_type, elements)

    return types.UniTuple(vector.dtype, WIDTH)(vector), generate


@in_llvm
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

    @in_llvm
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
integers_in = _conversion("Give words as integers.", WORDS, INTEGERS, lambda _, value: value)
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


@in_llvm
def words_of(typing_context: Any, value: Any) -> Any:
    """Give integers as words: numbers that are the same in all lanes, or vectors; no sign."""
    kind = element_of(value)
    if kind not in (types.int64, types.uint64):
        return None

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return operands[0]

    return WORDS(WORDS if kind == types.uint64 else INTEGERS), generate


@in_llvm
def small_product(typing_context: Any, one: Any, other: Any) -> Any:
    """Multiply words below 2**32 whose product is below it: each processor has vectors of these."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        small = ir.VectorType(ir.IntType(32), WIDTH)
        left, right = (builder.trunc(operand, small) for operand in operands)
        return builder.zext(builder.mul(left, right), llvm_of(WORDS))

    return WORDS(WORDS, WORDS), generate
