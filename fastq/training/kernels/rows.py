"""How vectors of lanes are read from memory and written to it.

What a lane knows of itself stands in groups of `WIDTH` lanes, side by side: `words`, `numbers` and
`put` move a whole vector. Rows of tables stand elsewhere for each lane: `columns` loads each row
whole, 16 bytes at a time, and turns them in registers, so that there is one vector of each column.
A gather instruction would do the same, slower on most processors.

The tables of lanes are interleaved: the rows of one state lie side by side, lane after lane. So a
lane's row is a constant further on, and `place` counts as if there were lane 0 alone. Large tables
lie one after another instead: then lanes are not apart, and `place` counts all.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from fastq.base.intrinsics import in_llvm
from fastq.training.kernels.vectors import (
    INTEGERS,
    NUMBERS,
    WIDTH,
    WORDS,
    Index,
    at,
    llvm_of,
    picked,
)

_WORD, _NUMBER = ir.IntType(64), ir.DoubleType()
_PAIR = ir.VectorType(_NUMBER, 2)
_LINE = 64
"""Bytes of a vector, and of a cache line: vectors in memory begin where one does."""


def _first(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Point to the first element of an array."""
    return context.make_array(kind)(context, builder, array).data


def _vector_at(context: Any, builder: Any, kind: Any, operands: Any, vector: Any) -> Any:
    """Point to a vector in an array of words, which are the first two operands."""
    element = builder.gep(_first(context, builder, kind, operands[0]), [operands[1]])
    return builder.bitcast(element, llvm_of(vector).as_pointer())


def _loader(vector: Any) -> Any:
    @in_llvm
    def load(typing_context: Any, memory: Any, place: Any) -> Any:
        """Load a vector from an array of words."""

        def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
            where = _vector_at(context, builder, signed.args[0], operands, vector)
            return builder.load(where, align=_LINE)

        return vector(memory, types.uint64), generate

    return load


words, numbers, integers = _loader(WORDS), _loader(NUMBERS), _loader(INTEGERS)


def index_loader(what: str) -> Any:
    """Make a function that loads indices that are known to be in range, from an array of words."""
    return _loader(Index(what))


@in_llvm
def put(typing_context: Any, memory: Any, place: Any, vector: Any) -> Any:
    """Store a vector in an array of words."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        where = _vector_at(context, builder, signed.args[0], operands, signed.args[2])
        builder.store(operands[2], where, align=_LINE)
        return context.get_dummy_value()

    return types.none(memory, types.uint64, vector), generate


@in_llvm
def places(typing_context: Any, memory: Any, place: Any) -> Any:
    """Load the words of a vector one by one: quicker than to take them out of a register."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        first = builder.gep(_first(context, builder, signed.args[0], operands[0]), [operands[1]])
        found = [builder.load(builder.gep(first, [_WORD(lane)])) for lane in range(WIDTH)]
        return context.make_tuple(builder, signed.return_type, found)

    return types.UniTuple(types.uint64, WIDTH)(memory, types.uint64), generate


# Tables of lanes, and tables that all lanes share.


def _pointers(context: Any, builder: Any, signed: Any, operands: Any) -> list[Any]:
    """Point to a place in the table of each lane: table, places, lane, how far they are apart."""
    table, where, lane = operands[:3]
    width = signed.args[3].count
    first = _first(context, builder, signed.args[0], table)
    first = builder.gep(first, [builder.mul(lane, _WORD(width))])
    return [
        builder.gep(builder.gep(first, [place]), [_WORD(index * width)])
        for index, place in enumerate(cgutils.unpack_tuple(builder, where))
    ]


def _shared_pointers(
    context: Any, builder: Any, signed: Any, operands: Any, width: int
) -> list[Any]:
    """Point to the records of some width in a table that all lanes share."""
    first = _first(context, builder, signed.args[0], operands[0])
    return [
        builder.gep(first, [builder.mul(place, _WORD(width))])
        for place in cgutils.unpack_tuple(builder, operands[1])
    ]


def _turned(builder: Any, pointers: list[Any], count: int) -> list[Any]:
    """Load so many numbers behind each pointer; give a vector of the first ones, and so on."""
    found = []
    for column in range(0, count - 1, 2):
        pairs = []
        for pointer in pointers:
            pair = builder.bitcast(builder.gep(pointer, [_WORD(column)]), _PAIR.as_pointer())
            pairs.append(builder.load(pair, align=8))
        even, odd = _joined(builder, pairs[::2]), _joined(builder, pairs[1::2])
        for half in range(2):
            order = [j for i in range(0, WIDTH, 2) for j in (i + half, WIDTH + i + half)]
            found.append(builder.shuffle_vector(even, odd, picked(order)))
    if count % 2:
        last = ir.Constant(llvm_of(NUMBERS), ir.Undefined)
        for lane, pointer in enumerate(pointers):
            element = builder.load(builder.gep(pointer, [_WORD(count - 1)]))
            last = builder.insert_element(last, element, at(lane))
        found.append(last)
    return found


def _joined(builder: Any, parts: list[Any]) -> Any:
    """Put vectors one after another, two and two."""
    while len(parts) > 1:
        twice = range(2 * parts[0].type.count)
        parts = [
            builder.shuffle_vector(one, other, picked(twice))
            for one, other in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]


@in_llvm
def columns(typing_context: Any, table: Any, where: Any, lane: Any, apart: Any, width: Any) -> Any:
    """Load the row of each lane, or a part of it: one vector of each column.

    `lane` is the first of the group, `apart` a tuple as long as neighbouring lanes are apart,
    `width` one as long as what is loaded.
    """

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        pointers = _pointers(context, builder, signed, operands)
        found = _turned(builder, pointers, signed.args[4].count)
        return context.make_tuple(builder, signed.return_type, found)

    signed = types.UniTuple(NUMBERS, width.count)(table, where, types.uint64, apart, width)
    return signed, generate


@in_llvm
def element(typing_context: Any, table: Any, where: Any, lane: Any, apart: Any) -> Any:
    """Load one number of each lane."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        return _turned(builder, _pointers(context, builder, signed, operands), 1)[0]

    return NUMBERS(table, where, types.uint64, apart), generate


@in_llvm
def put_element(
    typing_context: Any, table: Any, where: Any, lane: Any, apart: Any, value: Any
) -> Any:
    """Store one number of each lane."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        for index, pointer in enumerate(_pointers(context, builder, signed, operands)):
            builder.store(builder.extract_element(operands[4], at(index)), pointer)
        return context.get_dummy_value()

    return types.none(table, where, types.uint64, apart, NUMBERS), generate


@in_llvm
def pairs(typing_context: Any, table: Any, where: Any) -> Any:
    """Load two numbers of each lane from a table that all share: pair i is at 2 * i."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        found = _turned(builder, _shared_pointers(context, builder, signed, operands, 2), 2)
        return context.make_tuple(builder, signed.return_type, found)

    return types.UniTuple(NUMBERS, 2)(table, where), generate


@in_llvm
def shared(typing_context: Any, table: Any, where: Any, offset: Any) -> Any:
    """Load one number of each lane, so far behind its place, from a table that all share."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        pointers = _shared_pointers(context, builder, signed, operands, 1)
        pointers = [builder.gep(pointer, [operands[2]]) for pointer in pointers]
        return _turned(builder, pointers, 1)[0]

    return NUMBERS(table, where, types.uint64), generate


# Ask for what will soon be read.


def _ask(builder: Any, pointers: list[Any]) -> None:
    """Ask the memory for lines of the cache."""
    byte, small = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, small, small, small])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    for pointer in pointers:  # to read, to keep, data
        builder.call(function, [builder.bitcast(pointer, byte), small(0), small(3), small(1)])


@in_llvm
def ask_rows(typing_context: Any, table: Any, where: Any, lane: Any, apart: Any) -> Any:
    """Ask for the row of each lane."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        _ask(builder, _pointers(context, builder, signed, operands))
        return context.get_dummy_value()

    return types.none(table, where, types.uint64, apart), generate


@in_llvm
def ask_pairs(typing_context: Any, table: Any, where: Any) -> Any:
    """Ask for the pair of each lane."""

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        _ask(builder, _shared_pointers(context, builder, signed, operands, 2))
        return context.get_dummy_value()

    return types.none(table, where), generate
