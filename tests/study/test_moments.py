"""Moments: the same to the last bit, however the runs were cut, ordered, or computed twice."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastq.study.moments import Blocks, Moments, merge_halves, outermost, total

POINTS = 3


def values(configurations, runs):
    """Give each run numbers of its own."""
    pairs = zip(configurations.tolist(), runs.tolist(), strict=True)
    rows = [np.random.default_rng(pair).normal(5, 100, POINTS) for pair in pairs]
    return np.array(rows).reshape(-1, POINTS)


def merge(pairs):
    """Merge some pairs of a configuration and a run, as a task does."""
    configurations, runs = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    found = values(configurations, runs)
    counts = [np.ones((len(runs), 1), dtype=np.int64)]
    return merge_halves(
        Blocks(configurations, runs, np.ones_like(runs)), [Moments.of_runs(found)], counts
    )


def joined(pieces):
    """Put what several tasks merged together, as a reader does."""
    blocks = Blocks(*map(np.concatenate, zip(*(piece[0] for piece in pieces), strict=True)))
    moments = Moments(*map(np.concatenate, zip(*(piece[1][0] for piece in pieces), strict=True)))
    counts = np.concatenate([piece[2][0] for piece in pieces])
    places = outermost(blocks)
    blocks = Blocks(*(column[places] for column in blocks))
    return merge_halves(blocks, [moments.take(places)], [counts[places]])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    pairs=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 70)), min_size=1),
    cuts=st.lists(st.integers(0, 200)),
    order=st.randoms(use_true_random=False),
    twice=st.integers(0, 3),
)
def test_no_cut_shows(pairs, cuts, order, twice):
    pairs = sorted(pairs)
    whole, (moments,), (counts,) = merge(pairs)
    assert counts.sum() == len(pairs)
    ends = sorted({min(cut, len(pairs)) for cut in cuts} | {0, len(pairs)})
    pieces = [merge(pairs[a:b]) for a, b in itertools.pairwise(ends)]
    pieces += [merge(pairs[a : a + 5]) for a in order.sample(range(len(pairs)), k=1) * twice]
    order.shuffle(pieces)
    again, (others,), (added,) = joined(pieces)
    for left, right in zip((*whole, *moments, counts), (*again, *others, added), strict=True):
        assert left.tobytes() == right.tobytes()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(runs=st.sets(st.integers(0, 300), min_size=2))
def test_they_are_numpys(runs):
    runs = np.array(sorted(runs))
    found = values(np.zeros_like(runs), runs)
    blocks, (moments,), _ = merge([(0, run) for run in runs.tolist()])
    count, all_runs = total(blocks, moments)
    assert count == len(runs)
    np.testing.assert_allclose(all_runs.mean[0], found.mean(axis=0), rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(all_runs.squares[0] / (count - 1), found.var(axis=0, ddof=1))
    assert all_runs.least[0].tolist() == found.min(axis=0).tolist()
    assert all_runs.greatest[0].tolist() == found.max(axis=0).tolist()


def test_blocks_are_the_greatest():
    blocks, _, _ = merge([(0, run) for run in (*range(3, 12), 16, 17, 19)])
    found = list(zip(blocks.first.tolist(), blocks.runs.tolist(), strict=True))
    assert found == [(3, 1), (4, 4), (8, 4), (16, 2), (19, 1)]


def test_nested_blocks_are_counted_once():
    blocks = Blocks(*(np.array(column) for column in ([0] * 5, [0, 4, 0, 6, 8], [8, 2, 8, 1, 1])))
    assert blocks.first[outermost(blocks)].tolist() == [0, 8]


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_spreads_without_a_warning(odd):
    found = np.array([[1.0], [odd], [2.0], [odd]])
    runs = np.arange(4)
    blocks = Blocks(np.zeros_like(runs), runs, np.ones_like(runs))
    _, (moments,), _ = merge_halves(blocks, [Moments.of_runs(found)], [])
    assert not np.isfinite(moments.mean).any()
    assert np.isnan(moments.squares).all()
