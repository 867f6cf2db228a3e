"""What holds for every distribution within bounds: by simulation at all looks, and bet by bet."""

import math

import numpy as np
import pytest

import fastq
from fastq.statistics import anytime_best_set, anytime_interval, t_interval

LOOKS = [10 * 2**k for k in range(6)]
SERIES = 100


def rarely_failing(rng, size):
    return np.where(rng.random(size) < 0.02, 0.0, rng.uniform(0.6, 0.7, size=size)), 0.98 * 0.65


def skewed(rng, size):
    return rng.beta(0.1, 2.0, size=size), 0.1 / 2.1


def bimodal(rng, size):
    low = rng.random(size) < 0.3
    return np.where(low, 0.1, 0.9) + rng.uniform(-0.1, 0.1, size=size), 0.66


@pytest.mark.parametrize(
    ("draw", "t_misses"), [(rarely_failing, 0.5), (skewed, 0.2), (bimodal, 0.1)]
)
def test_all_looks_cover_at_once_and_those_of_t_do_not(draw, t_misses):
    samples, truth = draw(np.random.default_rng(0), (LOOKS[-1], SERIES))
    samples, truth = 20 * samples - 19, 20 * truth - 19
    missed, missed_by_t = np.zeros((2, SERIES), dtype=bool)
    for runs in LOOKS:
        found = anytime_interval(samples[:runs], -19, 1)
        assert found.estimate == pytest.approx(samples[:runs].mean(axis=0))
        missed |= (found.lower > truth) | (truth > found.upper)
        by_t = t_interval(samples[:runs])
        missed_by_t |= (by_t.lower > truth) | (truth > by_t.upper)
    assert missed.mean() <= 0.05
    assert missed_by_t.mean() > t_misses  # a negative control
    assert (found.upper - found.lower).max() < 0.35 * 20


def fortune(samples, mean, shares):
    """What the bets of all gamblers come to, in plain Python."""
    return sum(math.prod(1 + c * (x / mean - 1) for x in samples) for c in shares) / len(shares)


def test_bounds_are_where_the_fortune_refutes():
    shares = [0.95 / 2**k for k in range(14)]
    samples = np.random.default_rng(1).beta(2, 5, size=40)
    found = anytime_interval(samples, 0, 1, 0.9)
    assert fortune(samples, float(found.lower), shares) == pytest.approx(1 / 0.05)
    assert fortune(1 - samples, 1 - float(found.upper), shares) == pytest.approx(1 / 0.05)
    assert found.lower < found.estimate < found.upper


def test_the_fortune_does_not_grow_where_there_is_nothing_to_win():
    """The heart of the proof: a fair bet has mean 1, for every law with that mean."""
    shares = [0.95 / 2**k for k in range(14)]
    for values, law in [([0.0, 1.0], [0.7, 0.3]), ([0.0, 0.2, 0.9], [0.1, 0.7, 0.2])]:
        mean = float(np.dot(values, law))
        expected = sum(
            law[i] * law[j] * fortune([values[i], values[j]], mean, shares)
            for i, j in np.ndindex(len(law), len(law))
        )
        assert expected == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_equal_runs_leave_room_for_failures_that_did_not_show(value):
    few, many = (anytime_interval(np.full((n, 2), value), 0, 1) for n in (10, 1000))
    for found in (few, many):
        assert ((found.lower <= value) & (value <= found.upper)).all()
        assert ((found.lower >= 0) & (found.upper <= 1)).all()
    assert (many.upper - many.lower < 0.03).all()
    assert (few.upper - few.lower > 1 - 0.05 ** (1 / 10)).all()
    assert (anytime_interval(np.full(9, value), value, value)[1:]) == (value, value)


def test_shapes_and_shifts():
    samples = np.random.default_rng(2).random((30, 2, 3))
    found, moved = anytime_interval(samples, 0, 1), anytime_interval(5 - 4 * samples, 1, 5)
    assert found.lower.shape == (2, 3)
    assert moved.lower == pytest.approx(5 - 4 * found.upper)
    assert moved.upper == pytest.approx(5 - 4 * found.lower)


def test_a_clear_lead_takes_as_many_runs_as_is_said():
    """Of 1 to 20: without noise, at least log(C - 1 / error) * range / lead."""
    least = math.log(4 / 0.05) * 20
    samples = np.tile([1.0, 0.0, 0.0, 0.0, 0.0], (400, 1))
    dropped = [n for n in range(1, 401) if not anytime_best_set(samples[:n], -10, 10)[1]]
    assert least < dropped[0] < 2 * least
    assert dropped == list(range(dropped[0], 401))
    assert anytime_best_set(samples, -10, 10).tolist() == [True, *[False] * 4]
    later = anytime_best_set(samples[: dropped[0]], -10, 10, configurations=500)
    assert later.all()


def test_the_best_is_kept_at_all_looks_among_rivals_that_fail_rarely():
    rng, dropped, rivals = np.random.default_rng(3), 0, 0
    for _ in range(25):
        values = rng.choice([-0.1, 0.1], size=(2400, 5))
        values[:, 1:] += 0.5 - 20 * (rng.random((2400, 4)) < 0.05)
        kept = [anytime_best_set(values[:n], -20, 1) for n in (10, 60, 240, 1200, 2400)]
        dropped += not all(look[0] for look in kept)
        rivals += 4 - kept[-1][1:].sum()
    assert dropped == 0
    assert rivals > 0.5 * 4 * 25


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: anytime_interval([0.5], 1, 0), "lowest, highest = .*: must be finite, and in ord"),
        (lambda: anytime_interval([0.5], 0, np.inf), "must be finite"),
        (lambda: anytime_interval([0.5, 2], 0, 1), r"samples hold 2: must lie in \[0, 1\]"),
        (lambda: anytime_interval([-1, 0.5], 0, 1), r"samples hold -1: must lie in \[0, 1\]"),
        (lambda: anytime_interval([np.nan], 0, 1), "must be finite numbers"),
        (lambda: anytime_interval([0.5], 0, 1, level=1), "level = 1: must be a number in"),
        (lambda: anytime_best_set([0.5], 0, 1), r"shape \(1,\): must be \(runs, configurations\)"),
        (lambda: anytime_best_set([[0.5, 0]], 0, 1, configurations=1), "must be at least 2, as h"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
