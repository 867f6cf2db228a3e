"""Resamples are the runs that were drawn, in any number of blocks, compiled or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastq import statistics
from fastq.statistics import resampling
from tests.support.samples import ESTIMATORS, samples_of


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("columns", [1, 2, 7, 100])
def test_in_how_many_blocks_columns_are_resampled_does_not_matter(estimator, columns, monkeypatch):
    samples, counts = np.random.default_rng(2).normal(size=(9, 7)), resampling.drawn(9, 40, 1)
    ((everything, whole),) = resampling.resampled(samples, estimator, counts)
    monkeypatch.setattr(resampling, "_BYTES", 8 * 40 * columns)
    pieces = list(resampling.resampled(samples, estimator, counts))
    assert everything == slice(0, 7)
    assert [some.start for some, _ in pieces] == list(range(0, 7, columns))
    assert np.concatenate([found for _, found in pieces]) == pytest.approx(whole, rel=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    samples=samples_of,
    estimator=st.sampled_from(sorted(ESTIMATORS)),
    seed=st.integers(0, 2**63 - 1),
)
def test_a_resample_is_estimated_as_the_runs_that_were_drawn(samples, estimator, seed):
    runs = len(samples)
    picked = np.random.default_rng(seed).integers(0, runs, size=(5, runs))
    ((_, found),) = resampling.resampled(samples, estimator, resampling.drawn(runs, 5, seed))
    expected = np.stack([statistics.estimate(samples[rows], estimator) for rows in picked], axis=1)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.abs(samples).max())


@settings(max_examples=50, deadline=None, derandomize=True)
@given(samples=samples_of, estimator=st.sampled_from(sorted(ESTIMATORS)))
def test_runs_are_left_out_one_at_a_time(samples, estimator):
    found = np.sort(resampling.left_out(samples, estimator), axis=0)
    without = [np.delete(samples, run, axis=0) for run in range(len(samples))]
    expected = np.sort([statistics.estimate(others, estimator) for others in without], axis=0)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * np.abs(samples).max())


def test_compiled_resampling_equals_its_source():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(6, 9))
    order = np.argsort(samples, axis=1)
    counts, below = resampling.drawn(9, 20, 0), np.append(0.0, np.full(9, 1 / 9).cumsum())
    outs = np.empty((2, 6, 20))
    for fill, out in zip((resampling._fill, resampling._fill.py_func), outs, strict=True):
        fill(np.take_along_axis(samples, order, axis=1), order, counts, below, out)
    assert outs[0].tobytes() == outs[1].tobytes()
