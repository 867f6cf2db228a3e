"""What a sweep keeps of its runs: every episode, means of windows, moments, or a row a run.

What is kept is laid out as entries, which are runs or blocks of runs, of some points each, which
are episodes or windows; a part file has a row for each point of each entry.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.validation import LARGEST, plain_number
from fastq.mdp.arrays import one_nan
from fastq.study.moments import Blocks, Moments, merge_halves

METRICS = ("return", "length")
LAST_SHARE = 10
"""`final` is the mean over the last tenth of the episodes."""
ALL, LAST = -1, -2
"""In the place of an episode of moments: means of each run over all episodes, and over the last."""
MOMENTS = ("mean", "m2", "min", "max")
COLUMNS = frozenset(
    (
        *("agent", "configuration", "schedules", "run", "runs", "episode", "return", "length"),
        *("truncated", "truncated_runs", "diverged", "value", "estimate", "lower", "upper"),
        "final",
        *(f"{metric}_{name}" for metric in METRICS for name in ("final", *MOMENTS)),
    )
)
"""What parts and tables of results call their columns: nothing that varies may be called so."""


class Record(NamedTuple):
    """What is kept of each run."""

    kind: str
    """One of episodes, window, moments, summary."""
    window: int = 1
    """Episodes that make a point."""

    def __str__(self) -> str:
        return f"{{window = {self.window}}}" if self.kind == "window" else f'"{self.kind}"'

    def num_points(self, episodes: int) -> int:
        """Say how many points an entry has."""
        windows = -(-episodes // self.window)
        return 1 if self.kind == "summary" else windows + 2 * self.has_moments

    def points(self, episodes: int) -> NDArray[np.int32]:
        """Give the points of each entry: the episodes at which they begin."""
        points = np.arange(0, episodes, self.window, dtype=np.int32)
        if self.kind == "summary":
            return np.array([ALL], dtype=np.int32)
        return np.append(points, [ALL, LAST]).astype(np.int32) if self.has_moments else points

    @property
    def has_moments(self) -> bool:
        """Whether runs are merged."""
        return self.kind == "moments"

    @property
    def columns(self) -> dict[str, type[np.generic]]:
        """What a part holds of each point, besides who and which it is, and of which types."""
        means = dict.fromkeys(METRICS, np.float64)
        if self.kind == "episodes":
            return {**means, "length": np.int32, "truncated": np.bool_, "diverged": np.bool_}
        if self.has_moments:
            names = [f"{metric}_{moment}" for metric in METRICS for moment in MOMENTS]
            counts = dict.fromkeys(("truncated", "diverged"), np.int64)
            return {"runs": np.int64, **dict.fromkeys(names, np.float64), **counts}
        finals = {f"{metric}_final": np.float64 for metric in METRICS}
        of_runs = finals if self.kind == "summary" else {}
        return {**means, **of_runs, "truncated": np.int32, "diverged": np.bool_}


def as_record(value: object) -> Record:
    """Read what a spec says, a word or ``{window = 10}``; raise ValueError for anything else."""
    if isinstance(value, Record):
        return value
    if isinstance(value, str) and value in ("episodes", "moments", "summary"):
        return Record(value)
    if isinstance(value, Mapping) and list(value) == ["window"]:
        window = plain_number(value["window"])
        if isinstance(window, int) and not isinstance(window, bool) and 1 <= window <= LARGEST:
            return Record("window", window)
    raise ValueError


def as_plain(record: Record) -> str | dict[str, int]:
    """Write a record as a spec says it."""
    return {"window": record.window} if record.kind == "window" else record.kind


class Entries(NamedTuple):
    """N entries of P points each."""

    configuration: NDArray[np.int64]
    """Shape (N,): the place of the configuration."""
    run: NDArray[np.int64]
    """Shape (N,): the run, or the first of a block."""
    columns: dict[str, NDArray[Any]]
    """As `Record.columns` names them, shape (N, P), or (N, 1) where points do not differ."""


class Learned(NamedTuple):
    """What N runs tell, besides their tables; see `fastq.Training`."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]
    diverged: NDArray[np.bool_]


@np.errstate(over="ignore", invalid="ignore")
def entries(
    record: Record,
    configuration_of: NDArray[np.int64],
    run_of: NDArray[np.int64],
    learned: Learned,
) -> Entries:
    """Reduce N runs to what is kept of them; runs are sorted by configuration and number.

    What overflows is infinite, or NaN, by the same bits on each machine.
    """
    diverged = learned.diverged[:, None]
    if record.kind == "episodes":
        columns: dict[str, NDArray[Any]] = {"return": learned.returns, "length": learned.lengths}
        columns |= {"truncated": learned.truncated, "diverged": diverged}
    elif record.kind == "window":
        columns = {
            "return": window_means(learned.returns, record.window),
            "length": window_means(learned.lengths, record.window),
            "truncated": _window_sums(learned.truncated, record.window).astype(np.int32),
            "diverged": diverged,
        }
    elif record.kind == "summary":
        columns = {}
        for name, values in (("return", learned.returns), ("length", learned.lengths)):
            columns |= {name: over_all(values), f"{name}_final": over_last(values)}
        cut = learned.truncated.sum(axis=1, keepdims=True, dtype=np.int32)
        columns |= {"truncated": cut, "diverged": diverged}
    else:
        configuration_of, run_of, columns = _moments(configuration_of, run_of, learned)
    floats: list[NDArray[Any]] = [values for values in columns.values() if values.dtype.kind == "f"]
    for numbers in floats if learned.diverged.any() else []:
        one_nan(numbers)
    return Entries(configuration_of, run_of, columns)


def _moments(
    configuration_of: NDArray[np.int64], run_of: NDArray[np.int64], learned: Learned
) -> Entries:
    """Merge runs to blocks."""
    blocks = Blocks(configuration_of, run_of, np.ones_like(run_of))
    values = [
        np.concatenate([numbers, over_all(numbers), over_last(numbers)], axis=1)
        for numbers in (learned.returns, learned.lengths)
    ]
    by_run = learned.truncated.any(axis=1, keepdims=True)
    last = learned.truncated[:, -last_of(learned.truncated.shape[1]) :].any(axis=1, keepdims=True)
    counts = [
        np.concatenate([learned.truncated, by_run, last], axis=1).astype(np.int64),
        learned.diverged[:, None].astype(np.int64),
    ]
    blocks, merged, counts = merge_halves(blocks, [Moments.of_runs(v) for v in values], counts)
    columns: dict[str, NDArray[Any]] = {"runs": blocks.runs[:, None]}
    for metric, moments in zip(METRICS, merged, strict=True):
        columns |= {f"{metric}_{name}": v for name, v in zip(MOMENTS, moments, strict=True)}
    columns |= {"truncated": counts[0], "diverged": counts[1]}
    return Entries(blocks.configuration, blocks.first, columns)


def last_of(episodes: int) -> int:
    """Say how many episodes are the last tenth."""
    return max(1, episodes // LAST_SHARE)


def over_all(values: NDArray[Any]) -> NDArray[np.float64]:
    """Average each run over all episodes, shape (N, 1)."""
    means: NDArray[np.float64] = values.mean(axis=1, keepdims=True, dtype=np.float64)
    return means


def over_last(values: NDArray[Any]) -> NDArray[np.float64]:
    """Average each run over the last tenth of its episodes, shape (N, 1)."""
    return over_all(values[:, -last_of(values.shape[1]) :])


def window_means(values: NDArray[Any], window: int) -> NDArray[np.float64]:
    """Average each run's episodes over windows; the last may be shorter."""
    sums = _window_sums(values.astype(np.float64), window)
    sizes = np.diff(np.arange(0, values.shape[1], window), append=values.shape[1])
    means: NDArray[np.float64] = sums / sizes
    return means


def _window_sums(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Add up each run's episodes over windows."""
    starts = np.arange(0, values.shape[1], window)
    kind = np.float64 if values.dtype == np.float64 else np.int64
    sums: NDArray[Any] = np.add.reduceat(values, starts, axis=1, dtype=kind)
    return sums
