"""Metrics: what one number says of a run.

A metric is a word, some with a number after a colon, as in ``return_last:50``. `DEFINITIONS` has a
row for each of them, which says all that distinguishes it: what it means, which way is better, what
must be recorded for it, how it is written for people, and the function that computes it. To add a
metric is to add a row.

Metrics of learning are read off the episodes of a run. A run that never returns x counts as long as
it is in `episodes_to:x` and `steps_to:x`: a mean of such numbers is a lower bound, as the
restricted mean of survival analysis. Where no run returns x, a summary or a selection is refused.
Less `length` is better, so it is for worlds where steps cost. Where all steps have one reward,
`reward_per_step` is that reward, whatever is learned.

Metrics of policies are exact, from the tables at the end of the run; see
`fastq.study.policy_metrics`. Value and regret are without a discount, within the step limit. The
best policy may know how many steps are left, so regret may stay above 0 in worlds where that helps.
An action is optimal if it is so for the agent's gamma, without a step limit. Where a metric says
nothing of a policy, it is refused: `regret` where all actions do the same, `optimal_actions` in the
worlds of `fastq.mdp.optimality`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.validation import LARGEST, split_word
from fastq.mdp.bellman import Rows
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study import bounds, episode_metrics, policy_metrics
from fastq.study.policy_metrics import Judge

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Definition:
    """A row of the table of metrics."""

    name: str
    meaning: str
    """For the documentation."""
    words: str
    """For people, as on an axis."""
    bounds: Callable[[bounds.Setting], bounds.Bounds]
    """Between what its values must lie."""
    sign: Literal[1, -1] = 1
    """1 where greater is better, -1 where less is."""
    unit: str = ""
    """Of its values, where the words do not name it."""
    takes: Literal["nothing", "episodes", "return"] = "nothing"
    """What the number after the colon is. A return must be given; of episodes, a tenth of them is
    the default."""
    numbered: str = ""
    """The words where there is a number, which stands for ``{}``."""
    needs: Literal["means", "ends", "episodes", "policies"] = "episodes"
    """What must be recorded of each run: its mean over all episodes, its mean over the last tenth,
    each episode, or nothing, since policies are learned again."""
    column: Literal["return", "length"] = "return"
    """Which number of an episode a curve or the end of a run shows for it."""
    of_episodes: Callable[[Floats, NDArray[Any], float | None], Floats] | None = None
    """Computes it; see `fastq.study.episode_metrics`."""
    of_policies: Callable[[FiniteMDP, Rows, float, int], Judge] | None = None
    """Computes it; see `fastq.study.policy_metrics`."""
    refuse: Callable[[FiniteMDP, Iterable[float]], None] = policy_metrics.allow_all
    """Raises `InputError` where it says nothing in an MDP, for agents of these discounts."""

    def label(self, number: str = "") -> str:
        """Name it on an axis, with the number that was asked for."""
        label = f"{self.words} ({self.unit})" if self.unit else self.words
        return (self.numbered or f"{label} ({{}})").format(number) if number else label

    @property
    def has_curve(self) -> bool:
        """Whether it can be followed along the episodes."""
        return self.needs in ("means", "policies")


_ROWS = (
    Definition(
        "return",
        "mean return of all episodes: the area under the learning curve",
        "return",
        bounds.of_returns,
        needs="means",
        of_episodes=episode_metrics.mean_return,
    ),
    Definition(
        "length",
        "mean length of all episodes",
        "length",
        bounds.of_lengths,
        sign=-1,
        unit="steps",
        needs="means",
        column="length",
        of_episodes=episode_metrics.mean_length,
    ),
    Definition(
        "return_last",
        "mean return of the last 50 episodes; without a number, of the last tenth",
        "return of the last episodes",
        bounds.of_returns,
        takes="episodes",
        numbered="return of the last {} episodes",
        needs="ends",
        of_episodes=episode_metrics.last_return,
    ),
    Definition(
        "return_over_steps",
        "mean over all steps of the return of the episode that each belongs to",
        "return, averaged over steps",
        bounds.of_returns,
        of_episodes=episode_metrics.return_over_steps,
    ),
    Definition(
        "reward_per_step",
        "sum of all rewards over the number of steps",
        "reward per step",
        bounds.of_rewards,
        of_episodes=episode_metrics.reward_per_step,
    ),
    Definition(
        "episodes_to",
        "episodes until one returns -20 or more, that one included; a run in which none does "
        "counts as long as it is",
        "episodes to the threshold",
        bounds.of_episodes,
        sign=-1,
        takes="return",
        numbered="episodes to a return of {}",
        of_episodes=episode_metrics.episodes_to,
    ),
    Definition(
        "steps_to",
        "steps until then",
        "steps to the threshold",
        bounds.of_steps,
        sign=-1,
        takes="return",
        numbered="steps to a return of {}",
        of_episodes=episode_metrics.steps_to,
    ),
    Definition(
        "value",
        "exact expected return of the greedy policy at the end, within the step limit and without "
        "a discount",
        "exact value of the greedy policy",
        bounds.of_returns,
        needs="policies",
        of_policies=policy_metrics.value,
    ),
    Definition(
        "regret",
        "how much less that is than the best policy's, which may know how many steps are left",
        "regret of the greedy policy",
        bounds.of_regret,
        sign=-1,
        needs="policies",
        of_policies=policy_metrics.regret,
        refuse=policy_metrics.refuse_alike,
    ),
    Definition(
        "optimal_actions",
        "share of the greedy policy's steps that are optimal for the agent's gamma",
        "share of optimal actions",
        bounds.of_shares,
        needs="policies",
        of_policies=policy_metrics.optimal_actions,
        refuse=policy_metrics.refuse_undecided,
    ),
)
DEFINITIONS = {row.name: row for row in _ROWS}
"""The table of metrics, by name."""
OF_STEPS = {"episodes": "episodes completed"}
"""What only curves against steps show, with its words: it is no metric of a run."""


class Metric(NamedTuple):
    """A metric that was asked for."""

    name: str
    number: float | None = None

    def __str__(self) -> str:
        """Write the word that `find_metric` reads as this very metric."""
        number = "" if self.number is None else f":{self.number!r}"
        return self.name + number.removesuffix(".0")

    @property
    def definition(self) -> Definition:
        """Its row of the table."""
        return DEFINITIONS[self.name]

    @property
    def of_policies(self) -> bool:
        """Whether it takes what was learned, and not the episodes."""
        return self.definition.needs == "policies"

    @property
    def sign(self) -> int:
        """1 where greater is better, -1 where less is."""
        return self.definition.sign

    @property
    def needs(self) -> str:
        """What must be recorded of each run: for a number that is chosen, each episode."""
        return self.definition.needs if self.number is None else "episodes"


def find_metric(text: str) -> Metric:
    """Read the word for a metric.

    Raises
    ------
    InputError
        For a word that names none, or a number that it does not take.
    """
    words = {name: row.takes != "nothing" for name, row in DEFINITIONS.items()}
    metric = Metric(*split_word("metric", text, words))
    takes, number = metric.definition.takes, metric.number
    if takes == "return" and number is None:
        raise InputError(f"metric = {text!r}: must say which return, as {text}:-20")
    if takes == "episodes" and number is not None and not _is_count(number):
        raise InputError(f"metric = {text!r}: must say how many episodes, as {metric.name}:50")
    return metric


def _is_count(number: float) -> bool:
    """Say whether a number may be one of episodes."""
    return 1 <= number <= LARGEST and number == int(number)


def check_episodes(metric: Metric, episodes: int) -> None:
    """Raise `InputError` where runs have fewer episodes than a metric asks for."""
    if metric.definition.takes == "episodes" and (metric.number or 1) > episodes:
        raise InputError(f"metric = '{metric}': must be at most {episodes}, a run's")


@np.errstate(over="ignore", invalid="ignore")
def of_learning(metric: Metric, returns: Floats, lengths: NDArray[Any]) -> Floats:
    """Give a metric of each run.

    Parameters
    ----------
    metric : Metric
        Of episodes.
    returns, lengths : arrays, shape (N, episodes)

    Returns
    -------
    array, shape (N,)
        Infinite or NaN where returns are, or their sum overflows.

    Raises
    ------
    InputError
        Where the runs have fewer episodes than the metric asks for.
    """
    compute = metric.definition.of_episodes
    assert compute is not None
    check_episodes(metric, returns.shape[1])
    return compute(returns, lengths, metric.number)


def bounds_of(metric: Metric, mdp: FiniteMDP, max_steps: int, episodes: int) -> bounds.Bounds:
    """Give the least and the greatest that a metric of a run can come to.

    Parameters
    ----------
    metric : Metric
    mdp : FiniteMDP
    max_steps : int
        The step limit of an episode.
    episodes : int
        Of a run.

    Raises
    ------
    InputError
        Where there are none: normal rewards have no bounds.
    """
    return metric.definition.bounds(bounds.Setting(str(metric), mdp, max_steps, episodes))


def failed_as_infinite(values: Floats) -> Floats:
    """Write what a metric says of runs as infinite where it is not finite: NaN is a missing run."""
    return np.where(np.isnan(values), np.inf, values)


def failed_last(metric: Metric, values: Floats) -> Floats:
    """Turn values so that greater is better, and runs that failed are worse than all others."""
    return np.where(np.isfinite(values), metric.sign * values, np.finfo(np.float64).min)
