"""Estimators: what one number says of many runs.

Each is a weighted sum of the runs in order, theta = sum over i of w[i] * x[i], with x[0] the least:

    mean           every run alike                            no robustness, all the efficiency
    median         the middle one or two                      the typical run
    iqm            the mean of the middle half                the fourths at both ends left out
    quantile:0.9   linear between neighbours                  as `numpy.quantile`

Source: Agarwal et al. (2021), Deep RL at the Edge of the Statistical Precipice, for the
interquartile mean; it equals `scipy.stats.trim_mean` with a fourth cut from each end.
"""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import shorten, split_word

Floats = NDArray[np.float64]

ESTIMATORS = {"mean": False, "median": False, "iqm": False, "quantile": True}
"""By name, whether an argument follows, as in ``quantile:0.9``."""


class Estimate(NamedTuple):
    """An estimate over runs and its interval; arrays of shape ``samples.shape[1:]``."""

    estimate: Floats
    lower: Floats
    upper: Floats


def estimate(samples: Any, estimator: str = "mean") -> Floats:
    """Estimate what runs have in common.

    Parameters
    ----------
    samples : array, shape (runs, ...)
    estimator : str
        ``"mean"``, ``"median"``, ``"iqm"`` (the interquartile mean) or ``"quantile:q"``.

    Returns
    -------
    array, shape ``samples.shape[1:]``

    Raises
    ------
    InputError
        For samples that are no finite numbers, or an estimator that is none.
    """
    return estimate_of(read_samples(samples), estimator)


def estimate_of(samples: Floats, estimator: str) -> Floats:
    """Estimate from samples that are checked."""
    if estimator == "mean":
        return np.asarray(samples.mean(axis=0))
    ordered = np.sort(samples, axis=0)
    return np.asarray(np.tensordot(weights_of(estimator, len(samples)), ordered, axes=1))


def weights_of(estimator: str, runs: int) -> Floats:
    """Give the weights of ordered runs, from the least on, which sum to 1.

    Raises
    ------
    InputError
        For an estimator that is none.
    """
    name, share = split_word("estimator", estimator, ESTIMATORS)
    if name in ("mean", "iqm"):
        cut = runs // 4 if name == "iqm" else 0
        inside = np.zeros(runs)
        inside[cut : runs - cut] = 1 / (runs - 2 * cut)
        return inside
    share = 0.5 if name == "median" else share
    if share is None or not 0 <= share <= 1:
        raise InputError(
            f"estimator = {estimator!r}: must be a quantile in [0, 1], as quantile:0.9"
        )
    return np.asarray(np.maximum(0.0, 1 - np.abs(np.arange(runs) - share * (runs - 1))))


def read_samples(samples: Any) -> Floats:
    """Read samples as finite floats.

    Raises
    ------
    InputError
        Where there is no run, runs differ in length, or a number is not finite.
    """
    table = read_numbers(samples)
    if table.ndim == 0 or len(table) == 0:
        raise InputError(f"samples have shape {table.shape}: must hold at least one run")
    for index in map(tuple, np.argwhere(~np.isfinite(table))[:1].tolist()):
        raise InputError(f"samples at {index} = {table[index]}: must be finite numbers")
    return table


def read_numbers(samples: Any) -> Floats:
    """Read samples as floats, of which some may not be finite.

    Raises
    ------
    InputError
        Where runs differ in length, or something is no number.
    """
    try:
        return np.asarray(samples, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"samples = {shorten(samples)}: must be numbers, and as many of each run"
        ) from None


def check_level(level: float) -> None:
    """Raise `InputError` for a confidence that is none."""
    check_inside("level", level)


def check_inside(field: str, share: float) -> None:
    """Raise `InputError` for what is no number in (0, 1)."""
    if not (isinstance(share, Real) and 0 < share < 1):
        raise InputError(f"{field} = {shorten(share)}: must be a number in (0, 1)")


def scaled(samples: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Scale each entry by a power of two, so that no square overflows or vanishes.

    Returns
    -------
    samples : array, shape (runs, ...)
        With magnitudes of at most 1.
    exponent : array of int
        What `numpy.ldexp` takes to scale back. Nothing is rounded, either way.
    """
    exponent = np.frexp(np.abs(samples).max(axis=0))[1]
    return np.ldexp(samples, -exponent), exponent


def around(middle: Floats, lower: Floats, upper: Floats) -> Estimate:
    """Give an estimate and its interval, which is widened where it does not hold the estimate.

    Rounding may part them by a last bit, and so may an interval that is not built around the
    estimate: a bootstrap's at a low level, or one for single runs. A wider interval covers no less.
    """
    return Estimate(middle, np.minimum(lower, middle), np.maximum(upper, middle))


def unknown(middle: Floats) -> Estimate:
    """Give an estimate whose interval is not known."""
    return Estimate(middle, np.full_like(middle, np.nan), np.full_like(middle, np.nan))
