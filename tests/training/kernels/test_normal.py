"""The compiled quantile function, against `statistics.NormalDist`."""

import statistics

import numba
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastq.training.kernels.normal import normal_quantile


@numba.njit
def quantile(u, mean, sd):
    return normal_quantile(u, mean, sd)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(
    u=st.integers(1, 2**53 - 1).map(lambda k: k * 2.0**-53),
    mean=st.floats(-1e6, 1e6),
    sd=st.floats(1e-6, 1e6),
)
@example(u=2.0**-54, mean=0.0, sd=1.0)
@example(u=1 - 2.0**-53, mean=0.0, sd=1.0)
@example(u=0.5, mean=3.0, sd=1.0)
@example(u=0.075, mean=0.0, sd=1.0)
@example(u=0.925, mean=0.0, sd=1.0)
@example(u=1.3887943864964e-11, mean=0.0, sd=1.0)  # where the far tail begins: exp(-25)
@example(u=1.3887943864965e-11, mean=0.0, sd=1.0)
def test_equals_python_bit_for_bit(u, mean, sd):
    assert quantile(u, mean, sd) == statistics.NormalDist(mean, sd).inv_cdf(u)


@pytest.mark.parametrize("u", [1e-16, 1e-12, 1e-11, 1e-5, 0.07, 0.08, 0.92, 0.93, 1 - 1e-12])
def test_inverts_the_distribution_function(u):
    assert statistics.NormalDist().cdf(quantile(u, 0.0, 1.0)) == pytest.approx(u, rel=1e-9)
