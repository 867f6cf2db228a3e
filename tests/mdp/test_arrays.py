"""Tables of numbers: what is read, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest

import fastq
from fastq.mdp.arrays import as_table, check_distributions, read_only


def test_read_only_copies_and_as_table_does_not():
    values = np.zeros(3)
    assert as_table("t", values, np.float64) is values
    copy = read_only("t", values, np.float64)
    values[:] = 1
    assert (copy == 0).all()
    assert not copy.flags.writeable


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2.5], np.float64, [1.0, 2.5]),
        ([Fraction(1, 4)], np.float64, [0.25]),
        ([1.0, 2.0], np.int32, [1, 2]),
        ([0, 1], np.bool_, [False, True]),
    ],
)
def test_what_fits_is_read(values, dtype, expected):
    table = as_table("t", values, dtype)
    assert (table.dtype, table.tolist()) == (dtype, expected)


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([0.5, 1], np.int32, r"t at \(0,\) = 0.5: must be an integer of 32 bits"),
        ([0, 2**40], np.int32, r"t at \(1,\) = 1099511627776: must be an integer of 32 bits"),
        ([0.0, np.nan], np.int32, r"t at \(1,\) = nan: must be an integer"),
        ([0, 2], np.bool_, r"t at \(1,\) = 2: must be True or False"),
        (["1"], np.float64, "t = .*: not a table of numbers"),
        ([1j], np.float64, "t = .*: not a table of numbers"),
        ([[1], [1, 2]], np.float64, "t = .*: not a table of numbers"),
        ([{}], np.float64, "t = .*: not a table of numbers"),
        (np.broadcast_to(0.0, (2**16, 2**15)), np.float64, "t has shape .*: must have at most"),
    ],
)
def test_what_does_not_fit_is_refused(values, dtype, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        as_table("t", values, dtype)
    assert "\n" not in str(caught.value)


def test_distributions_may_be_told_to_be_zero():
    table = np.array([[0.5, 0.5], [0.0, 0.0]])
    check_distributions("t", table, or_zero=True)
    with pytest.raises(fastq.InputError, match=r"the sum of t at \(1,\) = 0.0: must be 1$"):
        check_distributions("t", table)
    with pytest.raises(fastq.InputError, match=r"the sum of t at \(0,\) = 0.99: must be 1, or 0"):
        check_distributions("t", np.array([[0.5, 0.49]]), or_zero=True)
    with pytest.raises(fastq.InputError, match=r"the sum of t = 0.0: must be 1"):
        check_distributions("t", np.zeros(2))
