"""Estimates, intervals and comparisons from samples: arrays in, arrays out.

The first axis of samples is always that of the runs: an interval says how well something about
runs is known. Episodes of one run depend on each other, so none is ever taken over episodes. Where
something is drawn at random, a seed decides, and nothing else. How often each interval covers what
it should is measured: see docs/statistics.md.
"""

from fastq.statistics.anytime import anytime_best_set, anytime_interval
from fastq.statistics.bands import simultaneous_band
from fastq.statistics.best import BestSet, best_set
from fastq.statistics.comparisons import (
    paired_difference,
    performance_profile,
    probability_of_improvement,
)
from fastq.statistics.estimators import Estimate, estimate
from fastq.statistics.failures import describe_doubt, describe_unseen, doubtful, visible_rate
from fastq.statistics.finite import interval_where_finite, mean_where_finite
from fastq.statistics.intervals import (
    INTERVALS,
    bca_interval,
    bootstrap_interval,
    check_interval,
    interval,
    t_interval,
    t_interval_of,
)
from fastq.statistics.tolerance import tolerance_interval, tolerance_runs

__all__ = [
    "INTERVALS",
    "BestSet",
    "Estimate",
    "anytime_best_set",
    "anytime_interval",
    "bca_interval",
    "best_set",
    "bootstrap_interval",
    "check_interval",
    "describe_doubt",
    "describe_unseen",
    "doubtful",
    "estimate",
    "interval",
    "interval_where_finite",
    "mean_where_finite",
    "paired_difference",
    "performance_profile",
    "probability_of_improvement",
    "simultaneous_band",
    "t_interval",
    "t_interval_of",
    "tolerance_interval",
    "tolerance_runs",
    "visible_rate",
]
