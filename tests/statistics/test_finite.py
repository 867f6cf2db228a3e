"""Intervals and means where some runs are not finite: NaN there, and no change elsewhere."""

import numpy as np
import pytest

from fastq.statistics import INTERVALS, interval, interval_where_finite, mean_where_finite

RUNS = np.random.default_rng(0).normal(size=(8, 3))


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("kind", sorted({*INTERVALS} - {"tolerance"}))  # which takes many runs
def test_a_column_with_such_a_run_is_nan_and_the_others_are_as_alone(kind, bad):
    samples = RUNS.copy()
    samples[3, 1] = bad
    found = interval_where_finite(samples, kind, seed=1)
    for bound in found:
        assert np.isnan(bound).tolist() == [False, True, False]
    if kind != "simultaneous":  # there the bounds of a point depend on the others
        for column in (0, 2):
            alone = interval(RUNS[:, [column]], kind, seed=1)
            assert [bound[column] for bound in found] == pytest.approx(
                [float(bound[0]) for bound in alone]
            )


def test_means():
    assert mean_where_finite(np.array([1.0, 2.0, 6.0])) == 3
    assert np.isnan(mean_where_finite(np.array([1.0, np.inf])))
    assert mean_where_finite(np.array([1.5e308, 1.5e308])) == 1.5e308
