"""What is said of results: one plain sentence for each fact, on one line.

`Selection`, `Comparison` and `Race` put these together. The command line, the report and `str()`
print them, so that a fact has the same words wherever it is said.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from fastq.results.sensitivity import are_numbers
from fastq.study.metrics import find_metric
from fastq.study.record import COLUMNS
from fastq.study.study import Cell, describe

_NAMED = 5
"""So many configurations are named in a sentence; the others are counted."""


class Bounded(NamedTuple):
    """A number and its interval."""

    estimate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if np.isnan(self.lower):
            return f"{self.estimate:.4g} (no interval)"
        return f"{self.estimate:.4g} [{self.lower:.4g}, {self.upper:.4g}]"


class Edge(NamedTuple):
    """A hyperparameter whose best value is the least or the greatest that was tried."""

    name: str
    side: str
    tried: int
    """How many values were tried."""

    def __str__(self) -> str:
        return f"{self.name} (the {self.side} of {self.tried} values)"


class Endings(NamedTuple):
    """How the runs of a study ended."""

    runs: int
    truncated: int
    """Episodes that the step limit ended."""
    truncated_runs: int
    """Runs that have such an episode."""
    diverged: int
    """Runs that diverged."""
    diverged_of: tuple[str, ...]
    """Each configuration with such runs, and how many of its runs they are."""

    @classmethod
    def of(cls, summary: pd.DataFrame) -> "Endings":
        """Count them in a table that says it of each configuration, as `Results.summary` does."""
        some = summary[summary["diverged"] > 0]
        points = points_of(some[_varied(summary)])
        counts = zip(points, some["diverged"], some["runs"], strict=True)
        where = (f"{describe(point)} ({lost} of {runs_of(runs)})" for point, lost, runs in counts)
        runs, truncated, of_runs, diverged = (
            int(summary[name].sum()) for name in ("runs", "truncated", "truncated_runs", "diverged")
        )
        return cls(runs, truncated, of_runs, diverged, tuple(where))

    def sentences(self) -> list[str]:
        """Say what was cut short and what diverged."""
        if not self.truncated and not self.diverged:
            return ["No episode was truncated, and no run diverged."]
        said = []
        if self.truncated:
            episodes = "1 episode" if self.truncated == 1 else f"{self.truncated:,} episodes"
            was, count = ("was", "it counts") if self.truncated == 1 else ("were", "they count")
            said.append(
                f"{episodes} in {self.truncated_runs:,} of {runs_of(self.runs)} {was} truncated by "
                f"the step limit; {count} like all others."
            )
        if self.diverged:
            said += [
                f"{runs_of(self.diverged)} diverged: a Q-value in the end, or a return, was beyond "
                "the range of numbers.",
                f"Runs diverged of {listed(self.diverged_of)}.",
                "No run is left out: a mean that would take an infinite number is NaN.",
            ]
        return said


def best_of(count: int, best: Mapping[str, Cell], metric: str) -> str:
    """Say which of so many configurations is the best."""
    if count == 1:
        return f"The only configuration is {describe(best)}."
    return f"The best of {count:,} configurations by {metric}{_less(metric)} is {describe(best)}."


def no_best(metric: str, of: str = "") -> str:
    """Say that no configuration is the best, at all or of an agent."""
    which = f"No configuration of {of}" if of else "No configuration"
    return f"{which} is the best: the {metric} of a run of each is not finite."


def tied(others: int) -> list[str]:
    """Say how many others are exactly as good as the best, if any."""
    if not others:
        return []
    have = "1 other configuration has" if others == 1 else f"{others:,} other configurations have"
    return [f"{have} exactly the same mean."]


def mean_of(metric: str, over: str, mean: Bounded, level: float, of: str = "") -> str:
    """Say what the mean of a metric is; `over` says in which runs, `of` whose it is if not its."""
    which = f"The mean {metric} of {of} over {over}" if of else f"Its mean {metric} over {over}"
    if np.isnan(mean.estimate):
        return f"{which} is not known: the {metric} of a run is not finite."
    at = "" if np.isnan(mean.lower) else f", at {percent(level)} confidence"
    return f"{which} is {mean}{at}."


def selecting(runs: int, count: int) -> str:
    """Name the runs by which one of so many configurations was selected."""
    return f"the {runs_of(runs)} that selected it" if count > 1 else runs_of(runs)


def not_confirmed(count: int) -> str:
    """Say that the best of so many configurations has had no fresh runs."""
    flattered = ", so the selection may flatter it" if count > 1 else ""
    return f"It was not trained on fresh runs{flattered}."


def at_edge(edges: Sequence[Edge] | None, of: str = "The best") -> list[str]:
    """Say where the best lies at the edge of the grid, if anywhere; nothing where it has none."""
    if edges is None:
        return []
    if not edges:
        return [f"{of} does not lie at the edge of the grid."]
    return [f"{of} lies at the edge of the grid in {', '.join(map(str, edges))}."]


def edges_of(points: pd.DataFrame, best: Mapping[str, Cell]) -> tuple[Edge, ...] | None:
    """Find where a configuration lies at the edge of a grid: among those of its own agent.

    Parameters
    ----------
    points : DataFrame
        The hyperparameters of the grid, a row for each configuration.
    best : mapping
        Those of the one that is meant.

    Returns
    -------
    tuple of Edge, or None
        None where the grid has no edge: no hyperparameter has several numbers.
    """
    own = points[points["agent"] == best["agent"]] if "agent" in best else points
    found, has_edge = [], False
    for name in best:
        values = own[name].drop_duplicates().tolist()
        if name == "agent" or not are_numbers(values):
            continue
        has_edge = True
        for side, extreme in (("least", min(values)), ("greatest", max(values))):
            if best[name] == extreme:
                found.append(Edge(name, side, len(values)))
    return tuple(found) if has_edge else None


def summary_sentences(summary: pd.DataFrame, metric: str, level: float) -> list[str]:
    """Say which configuration of a summary is the best, and how runs ended.

    That is what can be said without a selection: of moments, and of a sweep that is not finished.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`.
    metric, level
        By which it was made.
    """
    endings = Endings.of(summary).sentences()
    score = (find_metric(metric).sign * summary["estimate"]).to_numpy()
    if np.isnan(score).all():
        return [no_best(metric), *endings]
    index = int(np.nanargmax(score))
    points = summary[_varied(summary)]
    [best] = points_of(points.iloc[[index]])
    row = summary.iloc[index]
    mean = Bounded(*(float(row[name]) for name in Bounded._fields))
    return [
        best_of(len(summary), best, metric),
        mean_of(metric, selecting(int(row["runs"]), len(summary)), mean, level),
        *tied(int((score == score[index]).sum()) - 1),
        not_confirmed(len(summary)),
        *at_edge(edges_of(points, best)),
        *endings,
    ]


def edge_sentences(summary: pd.DataFrame, metric: str) -> list[str]:
    """Say of each agent of a summary whether its best lies at the edge of the grid."""
    points, said = summary[_varied(summary)], []
    score = find_metric(metric).sign * summary["estimate"]
    agents = (
        points.groupby("agent", sort=False).indices if "agent" in points else {"": points.index}
    )
    for agent, indices in agents.items():
        own = score.iloc[indices]
        if own.notna().any():
            [best] = points_of(points.loc[[own.idxmax()]])
            said += at_edge(edges_of(points, best), f"The best of {agent}" if agent else "The best")
    return said


def points_of(table: pd.DataFrame) -> list[dict[str, Cell]]:
    """Give the hyperparameters of each row; one that an agent lacks is NaN or empty there."""
    rows = table.to_dict("records")
    return [
        {str(name): cell for name, cell in row.items() if not (cell == "" or pd.isna(cell))}
        for row in rows
    ]


def listed(names: Sequence[str]) -> str:
    """Name the first of some configurations, and count the others."""
    more = [f"and {len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return "; ".join([*names[:_NAMED], *more])


def sentence(text: str) -> str:
    """Begin with a capital, and end with a full stop."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def percent(level: float) -> str:
    """Write a confidence."""
    return f"{100 * level:g} %"


def _varied(summary: pd.DataFrame) -> list[str]:
    """List the columns of a table about configurations that hold hyperparameters."""
    names = map(str, summary)
    return [name for name in names if name == "agent" or name not in COLUMNS]


def _less(metric: str) -> str:
    """Say that less of a metric is better, if it is."""
    return ", of which less is better," if find_metric(metric).sign < 0 else ""


def runs_of(count: int, which: str = "") -> str:
    """Write a number of runs; `which` is an adjective."""
    return f"{count:,} {which} run{'' if count == 1 else 's'}".replace("  ", " ")
