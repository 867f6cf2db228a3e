"""Rows of tables as vectors, against NumPy's fancy indexing."""

import numba
import numpy as np
import pytest

from fastq.training.kernels import rows, turned
from fastq.training.kernels.lanes import aligned_zeros
from fastq.training.kernels.vector_functions import where
from fastq.training.kernels.vectors import WIDTH

LANES, STATES = 16, 5
ZERO = np.uint64(0)


def tables(width, seed=0):
    """Fill the interleaved tables of lanes; give them as they lie and by lane."""
    flat = aligned_zeros(LANES * STATES * width, np.float64)
    flat[:] = np.random.default_rng(seed).integers(-3, 3, len(flat))  # so that some are equal
    return flat, flat.reshape(STATES, LANES, width)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 17])
def test_rows_are_turned(width):
    flat, by_state = tables(width)
    count = tuple(range(width))

    @numba.njit
    def function(table, memory, lane, count, out):
        where = rows.places(memory, ZERO)
        found = rows.columns(table, where, lane, count, count)
        for column in range(len(count)):
            rows.put(out, np.uint64(column * WIDTH), found[column])

    states = np.random.default_rng(1).integers(0, STATES, WIDTH)
    memory = aligned_zeros(WIDTH, np.uint64)
    memory[:] = states * LANES * width
    out = aligned_zeros(width * WIDTH, np.uint64)
    for lane in range(0, LANES, WIDTH):
        function(flat, memory, np.uint64(lane), count, out)
        expected = by_state[states, lane + np.arange(WIDTH)]
        assert np.array_equal(out.view(np.float64).reshape(width, WIDTH).T, expected)


def test_tables_that_lie_one_after_another():
    """Then lanes are not apart: each place counts all; a part of a row is loaded."""
    flat = np.arange(400.0)

    @numba.njit
    def function(table, memory, out):
        found = rows.columns(table, rows.places(memory, ZERO), np.uint64(8), (), (0, 1, 2))
        for column in range(3):
            rows.put(out, np.uint64(column * WIDTH), found[column])

    memory, out = aligned_zeros(WIDTH, np.uint64), aligned_zeros(3 * WIDTH, np.uint64)
    memory[:] = [0, 50, 7, 399 - 2, 3, 8, 100, 200]
    function(flat, memory, out)
    expected = memory.astype(int) + np.arange(3)[:, None]
    assert np.array_equal(out.view(np.float64).reshape(3, WIDTH), expected)


def test_one_number_of_each_lane():
    width = 3
    flat, by_state = tables(width)

    @numba.njit
    def function(table, memory, count):
        where = rows.places(memory, ZERO)
        value = rows.element(table, where, np.uint64(8), count)
        rows.put_element(table, where, np.uint64(8), count, value * 2.0 + 1.0)

    states = np.random.default_rng(2).integers(0, STATES, WIDTH)
    memory = aligned_zeros(WIDTH, np.uint64)
    memory[:] = states * LANES * width + 1
    expected = by_state.copy()
    expected[states, 8 + np.arange(WIDTH), 1] = 2 * expected[states, 8 + np.arange(WIDTH), 1] + 1
    function(flat, memory, (0, 1, 2))
    assert np.array_equal(by_state, expected)


def test_tables_that_all_share():
    @numba.njit
    def function(table, memory, out):
        where = rows.places(memory, ZERO)
        one, other = rows.pairs(table, where)
        rows.put(out, ZERO, one)
        rows.put(out, np.uint64(8), other)
        rows.put(out, np.uint64(16), rows.shared(table, where, np.uint64(3)))

    table = np.arange(100.0)
    memory = aligned_zeros(WIDTH, np.uint64)
    memory[:] = [0, 7, 7, 1, 40, 2, 3, 11]
    out = aligned_zeros(3 * WIDTH, np.uint64)
    function(table, memory, out)
    places = memory.astype(int)
    expected = [table[2 * places], table[2 * places + 1], table[places + 3]]
    assert np.array_equal(out.view(np.float64).reshape(3, WIDTH), expected)


@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_what_is_asked_of_rows(width):
    """Equal columns count in their order; an index is given plus a half."""
    flat, by_state = tables(width)

    @numba.njit
    def function(table, memory, count, out):
        row = rows.columns(table, rows.places(memory, ZERO), ZERO, count, count)
        greatest = turned.greatest_of(row, ())
        number = turned.count_equal(row, (greatest,))
        rows.put(out, ZERO, greatest)
        rows.put(out, np.uint64(8), turned.best_of(row, ()))
        rows.put(out, np.uint64(16), number)
        rows.put(out, np.uint64(24), turned.nth_equal(row, (greatest, number - 1.0)))
        best = turned.best_of(row, ())
        changed = turned.with_changed(row, (greatest > 0.0, rows.words(memory, np.uint64(8)), best))
        rows.put(out, np.uint64(32), turned.greatest_of(changed, ()))
        rows.put(out, np.uint64(40), turned.column_at(changed, (best,)))

    rng = np.random.default_rng(3)
    for _ in range(30):
        states, column = rng.integers(0, STATES, WIDTH), rng.integers(0, width, WIDTH)
        memory = aligned_zeros(2 * WIDTH, np.uint64)
        memory[:WIDTH], memory[WIDTH:] = states * LANES * width, column
        out = aligned_zeros(6 * WIDTH, np.uint64)
        function(flat, memory, tuple(range(width)), out)
        row = by_state[states, np.arange(WIDTH)]
        greatest, best = row.max(axis=1), row.argmax(axis=1)
        last = width - 1 - row[:, ::-1].argmax(axis=1)
        count = (row == greatest[:, None]).sum(axis=1)
        changed = row.copy()
        some = greatest > 0
        changed[some, column[some]] = best[some] + 0.5
        expected = [
            greatest,
            best + 0.5,
            count,
            last + 0.5,
            changed.max(axis=1),
            changed[np.arange(WIDTH), best],
        ]
        assert np.array_equal(out.view(np.float64).reshape(6, WIDTH), expected)


def test_draws_by_weights_and_where_they_are_unsure():
    width = 4

    @numba.njit
    def function(weights, memory, out):
        row = rows.columns(weights, rows.places(memory, ZERO), ZERO, (0, 1, 2, 3), (0, 1, 2, 3))
        uniform = rows.numbers(memory, np.uint64(8))
        rows.put(out, ZERO, turned.passed(row, (uniform,)))
        unsure = turned.unsure(row, (uniform,))
        rows.put(out, np.uint64(8), where(unsure, 1.0, 0.0))

    weights = aligned_zeros(WIDTH * width, np.float64)
    weights[:] = np.tile([1.0, 3.0, 0.0, 4.0], WIDTH)
    memory = aligned_zeros(2 * WIDTH, np.uint64)
    memory.view(np.float64)[WIDTH:] = [0.0, 0.124, 0.125, 0.126, 0.49, 0.5, 0.51, 1 - 2**-53]
    out = aligned_zeros(2 * WIDTH, np.uint64)
    function(weights, memory, out)
    drawn, unsure = out.view(np.float64).reshape(2, WIDTH)
    assert drawn.tolist() == [0.5, 0.5, 1.5, 1.5, 1.5, 3.5, 3.5, 3.5]
    assert unsure.tolist() == [0, 0, 1, 0, 0, 1, 0, 0]


def test_exponentials_are_almost_those_of_the_library():
    @numba.njit
    def function(table, memory, out):
        row = rows.columns(table, rows.places(memory, ZERO), ZERO, (0,), (0,))
        rows.put(out, ZERO, turned.almost_exponentials(row, ())[0])

    memory, out = aligned_zeros(WIDTH, np.uint64), aligned_zeros(WIDTH, np.uint64)
    values = -np.concatenate([np.linspace(0.0, 40.0, 4000), np.geomspace(1e-300, 690.0, 4000)])
    for start in range(0, len(values), WIDTH):
        table = aligned_zeros(WIDTH, np.float64)
        table[:] = values[start : start + WIDTH]
        function(table, memory, out)
        assert out.view(np.float64) == pytest.approx(np.exp(table), rel=2e-13, abs=0)
