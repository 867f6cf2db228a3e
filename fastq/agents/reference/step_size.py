"""The values of hyperparameters that change while an agent learns.

In episode e, from 0, or at the n-th visit, from 1:

- `Linear`: ``start + (end - start) * min(e / episodes, 1)``;
- `Exponential`: ``max(end, start * rate ** e)``;
- `Visits`: ``1 / n ** power``.

Source: Sutton & Barto, 2nd edition, section 2.5, for step sizes of ``1 / n``; Even-Dar & Mansour
(2003), "Learning rates for Q-learning", for its powers.
"""

from collections import Counter

from fastq.agents.schedules import Exponential, Linear, Schedule, Visits


def scheduled_value(schedule: float | Schedule, i_episode: int, visits: int) -> float:
    """Give the value of a number, which is constant, or of a schedule.

    Parameters
    ----------
    schedule : float or schedule
    i_episode : int
        The episode, counted from 0.
    visits : int
        The visits so far, the present one included.

    Returns
    -------
    float
    """
    if isinstance(schedule, Linear):
        progress = min(i_episode / schedule.episodes, 1.0)
        return schedule.start + (schedule.end - schedule.start) * progress
    if isinstance(schedule, Exponential):
        return max(schedule.end, float(schedule.start * schedule.rate ** float(i_episode)))
    if isinstance(schedule, Visits):
        return float(1.0 / float(visits) ** schedule.power)
    return schedule


class StepSize:
    """The step size alpha of a Q-table, which counts the updates of each pair for itself.

    Parameters
    ----------
    alpha : float or schedule
    """

    def __init__(self, alpha: float | Schedule) -> None:
        self.alpha = alpha
        self.updates: Counter[tuple[int, int]] = Counter()

    def next(self, state: int, action: int, i_episode: int) -> float:
        """Count an update of a pair of state and action, and give its step size."""
        self.updates[state, action] += 1
        return scheduled_value(self.alpha, i_episode, self.updates[state, action])
