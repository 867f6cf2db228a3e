"""Rows that were turned: a tuple of vectors, one of each column, and what is asked of them.

Each function writes the same instructions for each column, so no loop over columns is left. Where
columns are equal, the first counts as the best. An index of a column is a number plus a half here:
then it is compared, selected and cut like any other number.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from fastq.base.intrinsics import in_llvm
from fastq.training.kernels.vectors import NUMBERS, TRUTHS, WORDS, constant, llvm_of

_Columns = Sequence[Any]


def _of_row(emit: Callable[..., Any], result: Any = NUMBERS, others: tuple[Any, ...] = ()) -> Any:
    """Make a function of a row, and of vectors beside it; it gives a vector, or a row."""

    @in_llvm
    def function(typing_context: Any, row: Any, beside: Any) -> Any:
        def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
            columns = cgutils.unpack_tuple(builder, operands[0])
            found = emit(builder, columns, *cgutils.unpack_tuple(builder, operands[1]))
            if isinstance(signed.return_type, types.BaseTuple):
                return context.make_tuple(builder, signed.return_type, found)
            return found

        return (row if result is None else result)(row, types.Tuple(others)), generate

    function.__doc__ = emit.__doc__
    return function


def _half(index: int) -> ir.Constant:
    """Give the index of a column, plus a half, in each lane."""
    return constant(NUMBERS, index + 0.5)


def _ranked(builder: Any, columns: _Columns) -> tuple[Any, Any]:
    """Find the greatest of columns and its index, by halves."""
    ranked = [(column, _half(index)) for index, column in enumerate(columns)]
    while len(ranked) > 1:
        left, joined = ranked[len(ranked) // 2 * 2 :], []
        for (one, first), (other, second) in zip(ranked[::2], ranked[1::2], strict=False):
            better = builder.fcmp_ordered(">", other, one)
            value = builder.select(better, other, one)
            joined.append((value, builder.select(better, second, first)))
        ranked = joined + left
    return ranked[0]


def _greatest(builder: Any, columns: _Columns) -> Any:
    """Give the greatest number of each lane's row."""
    return _ranked(builder, columns)[0]


def _best(builder: Any, columns: _Columns) -> Any:
    """Give the index of the greatest number of each lane's row, plus a half."""
    return _ranked(builder, columns)[1]


def _with_changed(
    builder: Any, columns: _Columns, changed: Any, column: Any, value: Any
) -> _Columns:
    """Give a row in which the number of a column is another where so much is true."""
    found = []
    for index, old in enumerate(columns):
        is_it = builder.icmp_unsigned("==", column, constant(WORDS, index))
        found.append(builder.select(builder.and_(changed, is_it), value, old))
    return found


def _shared_out(builder: Any, columns: _Columns, best: Any, most: Any, share: Any) -> _Columns:
    """Give a row of one number, and another in the best column of each lane."""
    return [
        builder.select(builder.fcmp_ordered("==", best, _half(index)), most, share)
        for index in range(len(columns))
    ]


def _shared_out_by_value(
    builder: Any, columns: _Columns, best: Any, most: Any, share: Any
) -> _Columns:
    """Give a row of one number, and another where a column has the best value."""
    return [
        builder.select(builder.fcmp_ordered("==", column, best), most, share) for column in columns
    ]


def _count_equal(builder: Any, columns: _Columns, value: Any) -> Any:
    """Count the columns of a value."""
    one, found = constant(NUMBERS, 1.0), constant(NUMBERS, 0.0)
    for column in columns:
        equal = builder.fcmp_ordered("==", column, value)
        found = builder.fadd(found, builder.select(equal, one, constant(NUMBERS, 0.0)))
    return found


def _nth_equal(builder: Any, columns: _Columns, value: Any, left: Any) -> Any:
    """Give the index, plus a half, of a column of a value: that before which `left` have it."""
    one, zero = constant(NUMBERS, 1.0), constant(NUMBERS, 0.0)
    found, count = constant(NUMBERS, 0.5), zero
    for index, column in enumerate(columns):
        equal = builder.fcmp_ordered("==", column, value)
        is_it = builder.and_(equal, builder.fcmp_ordered("==", count, left))
        found = builder.select(is_it, _half(index), found)
        count = builder.fadd(count, builder.select(equal, one, zero))
    return found


def _column_at(builder: Any, columns: _Columns, index: Any) -> Any:
    """Give the number of a column in each lane."""
    found = columns[0]
    for place, column in enumerate(columns[1:], 1):
        is_it = builder.fcmp_ordered("==", index, _half(place))
        found = builder.select(is_it, column, found)
    return found


def _scaled(builder: Any, columns: _Columns, best: Any, temperature: Any) -> _Columns:
    """Give how far each number lies below the best, in temperatures."""
    return [builder.fdiv(builder.fsub(column, best), temperature) for column in columns]


def _almost_exponentials(builder: Any, columns: _Columns) -> _Columns:
    """Give the exponentials of numbers up to 0, to 1e-13 of each."""
    return [_almost_exponential(builder, column) for column in columns]


_TERMS = 12
_SHIFTER = 1.5 * 2.0**52
"""Added to a small number, it leaves the nearest whole one in the lowest bits."""


def _almost_exponential(builder: Any, value: Any) -> Any:
    """Write a number as ``n * log(2) + rest``; then it is ``2 ** n`` times a short power series."""
    least = constant(NUMBERS, -700.0)
    value = builder.select(builder.fcmp_ordered(">", value, least), value, least)
    shifter = constant(NUMBERS, _SHIFTER)
    shifted = builder.fadd(builder.fmul(value, constant(NUMBERS, 1.0 / math.log(2.0))), shifter)
    whole = builder.fsub(shifted, shifter)
    rest = builder.fsub(value, builder.fmul(whole, constant(NUMBERS, math.log(2.0))))
    found = constant(NUMBERS, 1.0 / math.factorial(_TERMS))
    for power in range(_TERMS - 1, -1, -1):
        term = constant(NUMBERS, 1.0 / math.factorial(power))
        found = builder.fadd(builder.fmul(found, rest), term)
    exponent = builder.add(builder.bitcast(shifted, llvm_of(WORDS)), constant(WORDS, 1023))
    scale = builder.shl(exponent, constant(WORDS, 52))
    return builder.fmul(found, builder.bitcast(scale, llvm_of(NUMBERS)))


def _row_where(builder: Any, columns: _Columns, condition: Any, *others: Any) -> _Columns:
    """Give the row where a condition is true, another where it is not."""
    return [
        builder.select(condition, column, other)
        for column, other in zip(columns, others, strict=True)
    ]


def _passed(builder: Any, columns: _Columns, uniform: Any) -> Any:
    """Count the sums of weights at or below a uniform's part of all of them, and add a half."""
    return _drawn(builder, columns, uniform)[0]


def _unsure(builder: Any, columns: _Columns, uniform: Any) -> Any:
    """Say where a sum of weights lies so near to a uniform's part that rounding may matter."""
    return _drawn(builder, columns, uniform)[1]


_MARGIN = 1e-11
"""Of all weights. Far above the errors of sums and exponentials, far below any that matters."""


def _drawn(builder: Any, columns: _Columns, uniform: Any) -> tuple[Any, Any]:
    """Draw a column by weights."""
    sums = [columns[0]]
    for column in columns[1:]:
        sums.append(builder.fadd(sums[-1], column))
    part = builder.fmul(uniform, sums[-1])
    margin = builder.fmul(sums[-1], constant(NUMBERS, _MARGIN))
    low, high = builder.fsub(part, margin), builder.fadd(part, margin)
    index, unsure = _half(0), constant(TRUTHS, 0)
    for number, total in enumerate(sums[:-1], 1):
        passed = builder.fcmp_ordered("<=", total, part)
        index = builder.select(passed, _half(number), index)
        above, below = (
            builder.fcmp_ordered(">=", total, low),
            builder.fcmp_ordered("<=", total, high),
        )
        unsure = builder.or_(unsure, builder.and_(above, below))
    return index, unsure


_one, _two, _three = (NUMBERS,), (NUMBERS, NUMBERS), (NUMBERS, NUMBERS, NUMBERS)
greatest_of = _of_row(_greatest)
best_of = _of_row(_best)
with_changed = _of_row(_with_changed, None, (TRUTHS, WORDS, NUMBERS))
shared_out = _of_row(_shared_out, None, _three)
shared_out_by_value = _of_row(_shared_out_by_value, None, _three)
count_equal = _of_row(_count_equal, NUMBERS, _one)
nth_equal = _of_row(_nth_equal, NUMBERS, _two)
column_at = _of_row(_column_at, NUMBERS, _one)
scaled = _of_row(_scaled, None, _two)
almost_exponentials = _of_row(_almost_exponentials, None)
passed = _of_row(_passed, NUMBERS, _one)
unsure = _of_row(_unsure, TRUTHS, _one)


@in_llvm
def row_where(typing_context: Any, condition: Any, one: Any, other: Any) -> Any:
    """Take the one row where a condition is true, the other where it is not."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        one, other = (cgutils.unpack_tuple(builder, row) for row in operands[1:])
        found = _row_where(builder, one, operands[0], *other)
        return context.make_tuple(builder, signed.return_type, found)

    return one(TRUTHS, one, other), generate


@in_llvm
def table_of(typing_context: Any, row: Any, number: Any, actions: Any) -> Any:
    """Take the row of one table from a row of all; its number is that of a tuple's elements."""
    first, width = number.count * actions.count, actions.count

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        columns = cgutils.unpack_tuple(builder, operands[0])[first : first + width]
        return context.make_tuple(builder, signed.return_type, columns)

    return types.UniTuple(NUMBERS, width)(row, number, actions), generate


@in_llvm
def acting(typing_context: Any, row: Any, actions: Any) -> Any:
    """Give the row that an agent acts on: the one that there is, or the mean of two."""
    width = actions.count

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        columns, half = cgutils.unpack_tuple(builder, operands[0]), constant(NUMBERS, 0.5)
        if len(columns) > width:
            halves = [builder.fmul(column, half) for column in columns]
            columns = [
                builder.fadd(one, other)
                for one, other in zip(halves[:width], halves[width:], strict=True)
            ]
        return context.make_tuple(builder, signed.return_type, columns)

    return types.UniTuple(NUMBERS, width)(row, actions), generate
