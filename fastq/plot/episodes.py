"""The tutorial's three pictures of one run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fastq.agents.reference import EpisodeStats
from fastq.base.errors import InputError
from fastq.plot.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def episode_stats(
    stats: Any, smoothing_window: int = 10, axes: "Sequence[Axes] | None" = None
) -> "NDArray[Any]":
    """Draw the tutorial's three pictures of one run.

    They are the length of the episodes over time, their return over time, smoothed by a rolling
    mean, and the episodes finished against time steps.

    Parameters
    ----------
    stats : Training or EpisodeStats
        Of one run: from `fastq.train`, or from `fastq.reference.q_learning`.
    smoothing_window : int
        Episodes of the rolling mean, at least 1.
    axes : sequence of three Axes, optional

    Returns
    -------
    array of Axes, shape (3,)

    Raises
    ------
    InputError
        Where there is more than one run, or the window or the axes do not fit.
    """
    lengths, returns = _one_run(stats)
    if smoothing_window < 1:
        raise InputError(f"smoothing_window = {smoothing_window}: must be an integer >= 1")
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")[1]
    if len(axes) != 3:
        raise InputError(f"axes: {len(axes)} of them: must be 3")
    over_time, smoothed, against_steps = axes
    episodes = np.arange(len(lengths))
    over_time.plot(episodes, lengths, color=PALETTE[0], linewidth=1)
    over_time.set(xlabel="episode", ylabel="length (steps)", title="Episode length over time")
    smoothing = f" (mean over {smoothing_window} episodes)" if smoothing_window > 1 else ""
    rolling = pd.Series(returns).rolling(smoothing_window, min_periods=smoothing_window).mean()
    smoothed.plot(episodes, rolling, color=PALETTE[0], linewidth=1)
    smoothed.set(
        xlabel="episode",
        ylabel=f"return{smoothing}",
        title="Return over time",
    )
    against_steps.plot(np.cumsum(lengths), episodes + 1, color=PALETTE[0])
    against_steps.set(
        xlabel="time step", ylabel="episodes finished", title="Episodes against time steps"
    )
    return np.asarray(axes, dtype=object)


def _one_run(stats: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Take lengths and returns from what the kernel or the reference gives for one run."""
    if isinstance(stats, EpisodeStats):
        return stats.episode_lengths, stats.episode_rewards
    if stats.lengths.ndim != 1:
        runs = len(stats.lengths)
        raise InputError(f"stats holds {runs} runs: must be one run, as fastq.train gives it")
    return stats.lengths, stats.returns
