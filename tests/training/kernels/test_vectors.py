"""Each operation on vectors of lanes, against NumPy's on arrays: bit for bit."""

import math
import operator

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from fastq.training.kernels import rows, vector_functions
from fastq.training.kernels.lanes import aligned_zeros
from fastq.training.kernels.vector_functions import where
from fastq.training.kernels.vectors import WIDTH

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, 1e308, -5e-324, math.inf, -math.inf, math.nan, 2.5, -3.5]
WORDS = [0, 1, 2, 3, 2**31, 2**52, 2**63, 2**64 - 1, 5, 7, 2**32, 12345]

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv]
COMPARED = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
BITWISE = [operator.and_, operator.or_, operator.xor]
SHIFTED = [operator.lshift, operator.rshift]
EXACT = [operator.neg, operator.pos, abs, math.sqrt]
LIBRARY = [math.exp, math.log, math.tanh, math.sin]


def applied(function, load_left, load_right, give):
    """Compile a function of two vectors, which stand in a memory one after the other."""
    load_left, load_right = getattr(rows, load_left), getattr(rows, load_right)

    @numba.njit(error_model="numpy")
    def call(memory):
        left, right = load_left(memory, np.uint64(0)), load_right(memory, np.uint64(WIDTH))
        rows.put(memory, np.uint64(2 * WIDTH), give(function(left, right)))

    def on_all(left, right):
        """Call it on arrays of any length."""
        found = []
        for start in range(0, len(left), WIDTH):
            memory = aligned_zeros(3 * WIDTH, np.uint64)
            some = slice(start, start + WIDTH)
            memory[: len(left[some])] = left[some].view(np.uint64)
            memory[WIDTH:][: len(right[some])] = right[some].view(np.uint64)
            call(memory)
            found.append(memory[2 * WIDTH :][: len(left[some])])
        return np.concatenate(found)

    return on_all


def two_of(symbol):
    """Make a function of an operator, which Numba compiles only within one."""
    return lambda a, b: symbol(a, b)  # noqa: PLW0108


@numba.njit
def itself(vector):
    return vector


@numba.njit
def as_numbers(truths):
    return where(truths, 1.0, 0.0)


def pairs(values, dtype):
    """Pair each value with each."""
    one, other = np.meshgrid(np.array(values, dtype=dtype), np.array(values, dtype=dtype))
    return one.ravel(), other.ravel()


def test_vectors_are_as_wide_as_a_cache_line():
    assert WIDTH * 8 == 64


@pytest.mark.parametrize("symbol", ARITHMETIC + COMPARED, ids=lambda symbol: symbol.__name__)
def test_operators_of_numbers(symbol):
    function = numba.njit(error_model="numpy")(two_of(symbol))
    give = as_numbers if symbol in COMPARED else itself
    left, right = pairs(SPECIAL, np.float64)
    with np.errstate(all="ignore"):
        expected = symbol(left, right)
    found = applied(function, "numbers", "numbers", give)(left, right).view(np.float64)
    assert_same_numbers(found, expected.astype(np.float64))


def assert_same_numbers(found, expected):
    """Compare bits; the sign and the bits of a NaN are of no interest."""
    nan = np.isnan(expected)
    assert (np.isnan(found) == nan).all()
    assert found[~nan].tobytes() == expected[~nan].tobytes()


@pytest.mark.parametrize(
    "symbol", [*BITWISE, operator.add, operator.sub, operator.mul], ids=lambda one: one.__name__
)
def test_operators_of_words(symbol):
    function = numba.njit(two_of(symbol))
    left, right = pairs(WORDS, np.uint64)
    assert np.array_equal(
        applied(function, "words", "words", itself)(left, right), symbol(left, right)
    )


@pytest.mark.parametrize("symbol", COMPARED, ids=lambda one: one.__name__)
def test_words_have_no_sign(symbol):
    function = numba.njit(two_of(symbol))
    left, right = pairs(WORDS, np.uint64)
    found = applied(function, "words", "words", as_numbers)(left, right).view(np.float64)
    assert np.array_equal(found, symbol(left, right))


@pytest.mark.parametrize("symbol", SHIFTED, ids=lambda one: one.__name__)
def test_shifts_by_a_number(symbol):
    function = numba.njit(lambda a, b: symbol(a, np.uint64(11)))
    words = np.array(WORDS, dtype=np.uint64)
    found = applied(function, "words", "words", itself)(words, words)
    assert np.array_equal(found, symbol(words, np.uint64(11)))


@pytest.mark.parametrize("symbol", EXACT + LIBRARY, ids=lambda one: one.__name__)
def test_functions_of_one_number(symbol):
    """A function of the library gives the library's own bits, lane by lane."""
    function = numba.njit(error_model="numpy")(lambda a, _: symbol(a))
    scalar = numba.njit(error_model="numpy")(lambda a: symbol(a))  # noqa: PLW0108
    values = np.array([0.0, 0.3, 1.0, 2.5, 700.0, 1e-300, 12.0, 1e15, 0.1, 0.7])
    expected = np.array([scalar(value) for value in values])
    found = applied(function, "numbers", "numbers", itself)(values, values).view(np.float64)
    assert found.tobytes() == expected.tobytes()


def test_numbers_beside_vectors_are_the_same_in_each_lane():
    @numba.njit
    def function(a, b):
        c = 1 - a  # an integer becomes a number
        c += 0.5
        return where(a > 1, 2.0 * c, where(b == a, -1, c))

    left, right = pairs([0.0, -0.0, 1.0, -1.0, 0.1, 3.5], np.float64)
    c = 1 - left + 0.5
    expected = np.where(left > 1, 2.0 * c, np.where(right == left, -1, c))
    found = applied(function, "numbers", "numbers", itself)(left, right).view(np.float64)
    assert found.tobytes() == expected.tobytes()


def test_words_beside_numbers_become_numbers():
    function = numba.njit(lambda a, b: a + b * 0.5)
    words = np.array(WORDS[:6], dtype=np.uint64)
    numbers = np.array(SPECIAL[:6])
    found = applied(function, "numbers", "words", itself)(numbers, words).view(np.float64)
    assert found.tobytes() == (numbers + words * 0.5).tobytes()


def test_truths():
    @numba.njit
    def function(a, b):
        one, other = a < b, a == 1.0
        return where(~one & (one | other) ^ other, 1.0, 0.0)

    left, right = pairs(SPECIAL, np.float64)
    one, other = left < right, left == 1.0
    expected = np.where(~one & (one | other) ^ other, 1.0, 0.0)
    found = applied(function, "numbers", "numbers", itself)(left, right).view(np.float64)
    assert np.array_equal(found, expected)


def test_truths_are_bits_and_lanes_are_numbers():
    @numba.njit
    def function(memory):
        vector = rows.numbers(memory, np.uint64(0))
        return vector_functions.bits(vector > 2.0), vector_functions.each(vector)

    memory = aligned_zeros(WIDTH, np.uint64)
    memory.view(np.float64)[:] = np.arange(8.0)
    assert function(memory) == (0b11111000, tuple(range(8)))


@pytest.mark.parametrize(
    ("name", "load", "values", "expected"),
    [
        ("small_words", "numbers", [0.0, 0.99, 1.5, 2**31 - 1.5], lambda x: x.astype(np.uint64)),
        ("numbers_of", "words", [0, 1, 2**53 - 1, 2**63], lambda x: x.astype(np.float64)),
        ("integers_of", "numbers", [0.0, -0.9, -1.5, 2.0**40 + 0.5], lambda x: x.astype(np.int64)),
        ("words_in", "numbers", SPECIAL[:7], lambda x: x.view(np.uint64)),
        ("numbers_in", "words", [0, 2**62], lambda x: x.view(np.float64)),
        ("whole_part", "numbers", [0.0, 0.99, 7.0, 1e15 + 0.5], np.floor),
        ("off_whole", "numbers", [0.0, 0.25, 3.75, 2.5, 1e15], lambda x: abs(x - np.rint(x))),
    ],
)
def test_conversions(name, load, values, expected):
    convert = getattr(vector_functions, name)
    function = numba.njit(lambda a, b: convert(a))
    given = np.array(values, dtype=np.float64 if load == "numbers" else np.uint64)
    found = applied(function, load, load, itself)(given, given)
    assert found.tobytes() == expected(given).tobytes()


def test_a_name_that_is_a_number_first_may_become_a_vector():
    @numba.njit
    def function(a, b):
        total = 0.0
        for i in range(3):
            total = total + a * i
        return total

    values = np.array(SPECIAL[:5])
    found = applied(function, "numbers", "numbers", itself)(values, values).view(np.float64)
    assert found.tobytes() == (0.0 + values * 0 + values * 1 + values * 2).tobytes()


@pytest.mark.parametrize(
    "function", [lambda a, b: a @ b, lambda a, b: math.gamma(a), lambda a, b: 1 if a else 2]
)
def test_what_vectors_cannot_do_is_not_typed(function):
    """So a rule with a branch falls back to the plain loop, and is not computed wrongly."""
    with pytest.raises((TypingError, NotImplementedError)):
        applied(numba.njit(function), "numbers", "numbers", itself)(np.zeros(8), np.zeros(8))
