"""Pictures of finished tables; no statistics are computed here.

Each function draws on the `Axes` that it is given, or on those of a new figure, and returns them.
"""

from fastq.plot.curves import learning_curves
from fastq.plot.episodes import episode_stats
from fastq.plot.heatmaps import heatmap
from fastq.plot.maps import policy_map

__all__ = ["episode_stats", "heatmap", "learning_curves", "policy_map"]
