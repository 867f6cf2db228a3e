"""Named tuples by reference: the same values, and the same arrays."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from fastq.base.jit import inlined
from fastq.base.references import by_reference


class Scales(NamedTuple):
    values: Any
    factor: Any
    inner: Any


@inlined
def scale_all(scales):
    for i in range(len(scales.values)):
        scales.values[i] *= scales.factor + scales.inner.factor


@numba.njit
def scaled(scales):
    scale_all(by_reference(scales))


def test_fields_are_read_and_arrays_are_shared():
    values = np.arange(4.0)
    scaled(Scales(values, 2.0, Scales(None, 1, None)))
    assert values.tolist() == [0.0, 3.0, 6.0, 9.0]


def test_a_field_that_is_not_there_is_an_error_of_types():
    @numba.njit
    def wrong(scales):
        return by_reference(scales).fctor

    with pytest.raises(TypingError, match="Unknown attribute 'fctor'"):
        wrong(Scales(1, 2, 3))
