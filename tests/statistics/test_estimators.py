"""Estimators against NumPy and scipy."""

import numpy as np
import pytest

from fastq import statistics
from tests.support.samples import ESTIMATORS


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("runs", [1, 2, 3, 4, 9, 20])
def test_estimates_equal_numpys_and_scipys(estimator, runs):
    samples = np.random.default_rng(runs).exponential(size=(runs, 3, 2))
    found = statistics.estimate(samples, estimator)
    assert found == pytest.approx(ESTIMATORS[estimator](samples, axis=0), rel=1e-12)
