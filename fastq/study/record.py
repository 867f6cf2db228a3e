"""What a sweep keeps of its runs: every episode, means of windows, moments, or a row a run.

What is kept is laid out as entries, which are runs or blocks of runs, of some points each, which
are episodes or windows; a part file has a row for each point of each entry. `KINDS` has a row for
each kind of record, which says all that distinguishes it: its columns and points, how runs are
reduced to it, how it is read, and what can be said of it. To add a kind is to add a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.validation import LARGEST, plain_number
from fastq.mdp.arrays import one_nan
from fastq.study.moments import Blocks, Moments, merge_halves

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

METRICS = ("return", "length")
LAST_SHARE = 10
"""`final` is the mean over the last tenth of the episodes."""
ALL, LAST = -1, -2
"""In place of an episode: means of each run over all episodes, and over the last."""
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


class Entries(NamedTuple):
    """N entries of P points each."""

    configuration: NDArray[np.int64]
    """Shape (N,): the index of the configuration."""
    run: NDArray[np.int64]
    """Shape (N,): the run, or the first of a block."""
    columns: dict[str, NDArray[Any]]
    """As `Kind.columns` names them, shape (N, P), or (N, 1) where points do not differ."""


class Learned(NamedTuple):
    """What N runs tell, besides their tables; see `fastq.Training`."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]
    diverged: NDArray[np.bool_]


Read = Callable[[Columns, str, int, int], Floats]
"""From columns, a name among them, the episodes of a run and the window: shape (N, 1)."""


@dataclass(frozen=True)
class Kind:
    """A row of the table of kinds of record."""

    name: str
    columns: dict[str, type[np.generic]]
    """What a part holds of each point, besides who and which it is, and of which types."""
    keep: Callable[[NDArray[np.int64], NDArray[np.int64], Learned, int], Entries]
    """Reduces runs to entries: from their configurations, their numbers, what they tell, and the
    window."""
    has_curves: bool
    """Whether there are points over time."""
    ends: tuple[int, ...] = ()
    """Points after those over time, `ALL` or `LAST`."""
    each_run: bool = True
    """Whether runs are told apart, and not merged."""
    each_episode: bool = False
    """Whether episodes are told apart, and not averaged."""
    takes_window: bool = False
    """Whether it is written with a number of episodes that make a point."""
    mean: Read | None = None
    """Reads the mean of each run over all episodes; None where metrics are read off the episodes,
    or runs are merged."""
    final: Read | None = None
    """Reads the mean of each run over its last tenth; None where runs are merged."""

    def spelled(self, window: object = "...") -> str:
        """Write it as a spec does."""
        return f"{{{self.name} = {window}}}" if self.takes_window else f'"{self.name}"'


def _keep_episodes(
    configuration_of: NDArray[np.int64], run_of: NDArray[np.int64], learned: Learned, _window: int
) -> Entries:
    """Keep all that runs tell."""
    columns: Columns = {
        "return": learned.returns,
        "length": learned.lengths,
        "truncated": learned.truncated,
        "diverged": learned.diverged[:, None],
    }
    return Entries(configuration_of, run_of, columns)


def _keep_windows(
    configuration_of: NDArray[np.int64], run_of: NDArray[np.int64], learned: Learned, window: int
) -> Entries:
    """Average over windows."""
    columns: Columns = {
        "return": window_means(learned.returns, window),
        "length": window_means(learned.lengths, window),
        "truncated": _window_sums(learned.truncated, window).astype(np.int32),
        "diverged": learned.diverged[:, None],
    }
    return Entries(configuration_of, run_of, columns)


def _keep_summary(
    configuration_of: NDArray[np.int64], run_of: NDArray[np.int64], learned: Learned, _window: int
) -> Entries:
    """Average over all episodes, and over the last."""
    columns: Columns = {}
    for name, values in (("return", learned.returns), ("length", learned.lengths)):
        columns |= {name: over_all(values), f"{name}_final": over_last(values)}
    cut = learned.truncated.sum(axis=1, keepdims=True, dtype=np.int32)
    columns |= {"truncated": cut, "diverged": learned.diverged[:, None]}
    return Entries(configuration_of, run_of, columns)


def _keep_moments(
    configuration_of: NDArray[np.int64], run_of: NDArray[np.int64], learned: Learned, _window: int
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
    columns: Columns = {"runs": blocks.runs[:, None]}
    for metric, moments in zip(METRICS, merged, strict=True):
        columns |= {f"{metric}_{name}": v for name, v in zip(MOMENTS, moments, strict=True)}
    columns |= {"truncated": counts[0], "diverged": counts[1]}
    return Entries(blocks.configuration, blocks.first, columns)


def _mean_of_windows(columns: Columns, name: str, episodes: int, window: int) -> Floats:
    """Average all windows, each as often as it has episodes."""
    sizes = sizes_of(window, episodes)
    return pooled(columns[name], sizes, len(sizes))


def _mean_of_summary(columns: Columns, name: str, _episodes: int, _window: int) -> Floats:
    """Take the mean that was kept."""
    return np.asarray(columns[name], dtype=np.float64)


def _final_of_episodes(columns: Columns, name: str, _episodes: int, _window: int) -> Floats:
    """Average the last episodes."""
    return over_last(columns[name])


def _final_of_windows(columns: Columns, name: str, episodes: int, window: int) -> Floats:
    """Average the last windows: as many as hold a tenth of the episodes."""
    sizes, last = sizes_of(window, episodes), -(-last_of(episodes) // window)
    return pooled(columns[name][:, -last:], sizes[-last:], last)


def _final_of_summary(columns: Columns, name: str, _episodes: int, _window: int) -> Floats:
    """Take the end that was kept."""
    return np.asarray(columns[f"{name}_final"])


_MEANS: dict[str, type[np.generic]] = dict.fromkeys(METRICS, np.float64)
_FINALS: dict[str, type[np.generic]] = {f"{metric}_final": np.float64 for metric in METRICS}
_OF_BLOCKS = [f"{metric}_{moment}" for metric in METRICS for moment in MOMENTS]
_ROWS = (
    Kind(
        "episodes",
        {**_MEANS, "length": np.int32, "truncated": np.bool_, "diverged": np.bool_},
        _keep_episodes,
        has_curves=True,
        each_episode=True,
        final=_final_of_episodes,
    ),
    Kind(
        "moments",
        {
            "runs": np.int64,
            **dict.fromkeys(_OF_BLOCKS, np.float64),
            **dict.fromkeys(("truncated", "diverged"), np.int64),
        },
        _keep_moments,
        has_curves=True,
        ends=(ALL, LAST),
        each_run=False,
        each_episode=True,
    ),
    Kind(
        "window",
        {**_MEANS, "truncated": np.int32, "diverged": np.bool_},
        _keep_windows,
        has_curves=True,
        takes_window=True,
        mean=_mean_of_windows,
        final=_final_of_windows,
    ),
    Kind(
        "summary",
        {**_MEANS, **_FINALS, "truncated": np.int32, "diverged": np.bool_},
        _keep_summary,
        has_curves=False,
        ends=(ALL,),
        mean=_mean_of_summary,
        final=_final_of_summary,
    ),
)
KINDS = {row.name: row for row in _ROWS}
"""The table of kinds of record, by name."""
ALLOWED = (
    f"one of {', '.join(row.name for row in _ROWS if not row.takes_window)}, or a window as "
    "{window = 10}"
)
"""What a spec may say, for errors."""


class Record(NamedTuple):
    """What is kept of each run."""

    name: str
    """Of its kind."""
    window: int = 1
    """Episodes that make a point."""

    def __str__(self) -> str:
        return self.kind.spelled(self.window)

    @property
    def kind(self) -> Kind:
        """Its row of the table."""
        return KINDS[self.name]

    def num_points(self, episodes: int) -> int:
        """Say how many points an entry has."""
        in_time = -(-episodes // self.window) if self.kind.has_curves else 0
        return in_time + len(self.kind.ends)

    def points(self, episodes: int) -> NDArray[np.int32]:
        """Give the points of each entry: the episodes at which they begin."""
        in_time = np.arange(0, episodes if self.kind.has_curves else 0, self.window, dtype=np.int32)
        ends = np.array(self.kind.ends, dtype=np.int32)
        return np.concatenate([in_time, ends])

    @property
    def has_moments(self) -> bool:
        """Whether runs are merged."""
        return not self.kind.each_run

    @property
    def has_episodes(self) -> bool:
        """Whether each episode of each run is kept."""
        return self.kind.each_run and self.kind.each_episode

    @property
    def columns(self) -> dict[str, type[np.generic]]:
        """What a part holds of each point, besides who and which it is, and of which types."""
        return self.kind.columns


def as_record(value: object) -> Record:
    """Read what a spec says, a word or ``{window = 10}``; raise ValueError for anything else."""
    if isinstance(value, Record):
        return value
    if isinstance(value, str) and value in KINDS and not KINDS[value].takes_window:
        return Record(value)
    if isinstance(value, Mapping) and len(value) == 1:
        name, window = next(iter(value)), plain_number(next(iter(value.values())))
        is_count = isinstance(window, int) and not isinstance(window, bool)
        if name in KINDS and KINDS[name].takes_window and is_count and 1 <= window <= LARGEST:
            return Record(name, window)
    raise ValueError


def as_plain(record: Record) -> str | dict[str, int]:
    """Write a record as a spec says it."""
    return {record.name: record.window} if record.kind.takes_window else record.name


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
    kept = record.kind.keep(configuration_of, run_of, learned, record.window)
    numbers = [values for values in kept.columns.values() if values.dtype.kind == "f"]
    for some in numbers if learned.diverged.any() else []:
        one_nan(some)
    return kept


def last_of(episodes: int) -> int:
    """Say how many episodes are the last tenth."""
    return max(1, episodes // LAST_SHARE)


def over_all(values: NDArray[Any]) -> Floats:
    """Average each run over all episodes, shape (N, 1)."""
    means: Floats = values.mean(axis=1, keepdims=True, dtype=np.float64)
    return means


def over_last(values: NDArray[Any]) -> Floats:
    """Average each run over the last tenth of its episodes, shape (N, 1)."""
    return over_all(values[:, -last_of(values.shape[1]) :])


def window_means(values: NDArray[Any], window: int) -> Floats:
    """Average each run's episodes over windows; the last may be shorter."""
    sums = _window_sums(values.astype(np.float64), window)
    means: Floats = sums / sizes_of(window, values.shape[1])
    return means


def _window_sums(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Add up each run's episodes over windows."""
    starts = np.arange(0, values.shape[1], window)
    kind = np.float64 if values.dtype == np.float64 else np.int64
    sums: NDArray[Any] = np.add.reduceat(values, starts, axis=1, dtype=kind)
    return sums


def sizes_of(window: int, episodes: int) -> NDArray[np.int64]:
    """Give how many episodes make each window; the last may be of fewer."""
    return np.diff(np.arange(0, episodes, window), append=episodes)


@np.errstate(over="ignore", invalid="ignore")
def pooled(values: NDArray[Any], sizes: NDArray[np.int64], points: int) -> Floats:
    """Average so many neighbouring points at a time."""
    if points == 1:
        return values.astype(np.float64)
    starts = np.arange(0, len(sizes), points)
    sums = np.add.reduceat(values * sizes.astype(np.float64), starts, axis=1)
    means: Floats = sums / np.add.reduceat(sizes, starts)
    return means
