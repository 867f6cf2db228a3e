"""Pictures of finished tables; no statistics are computed here.

Each function draws on the `Axes` that it is given, or on those of a new figure, and returns them;
`new_axes` makes figures in the sizes of a paper, and `save` writes them.
"""

from fastq.plot.curves import learning_curves
from fastq.plot.differences import differences
from fastq.plot.distributions import distribution
from fastq.plot.episodes import episode_stats
from fastq.plot.figures import new_axes, save
from fastq.plot.heatmaps import heatmap
from fastq.plot.maps import policy_map, value_map, visit_map
from fastq.plot.profiles import performance_profiles
from fastq.plot.sensitivity import sensitivity_curves

__all__ = [
    "differences",
    "distribution",
    "episode_stats",
    "heatmap",
    "learning_curves",
    "new_axes",
    "performance_profiles",
    "policy_map",
    "save",
    "sensitivity_curves",
    "value_map",
    "visit_map",
]
