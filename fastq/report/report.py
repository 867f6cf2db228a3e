"""`write_report`: one HTML page about a study, with all that a reader asks for.

What was run, the learning curves, how much each hyperparameter matters, which configuration is the
best and how surely, what was cut short, and how to have it all again; with the data behind each
picture.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fastq import plot
from fastq.base import files
from fastq.base.errors import InputError
from fastq.base.text import file_name
from fastq.plot.style import metric_label
from fastq.report.html_page import Picture, Section, Table, render
from fastq.report.pictures import axes_of, choose_curves, curve_of, draw_curves, window_of
from fastq.results.results import Results
from fastq.results.selection import NoneFiniteError
from fastq.results.sentences import (
    Endings,
    capital,
    edge_sentences,
    percent,
    sentence,
    summary_sentences,
)
from fastq.study.metrics import Metric, find_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROWS = 20
_PROFILES = 4


def write_report(
    results: Results,
    path: str | Path,
    *,
    metric: str = "return",
    confirm_runs: int | None = None,
    level: float = 0.95,
) -> str | None:
    """Write a page about a study that needs no other file and no network.

    Parameters
    ----------
    results : Results
    path : str or Path
        Of the page, which is replaced if it is there.
    metric : str
        What is best; see `fastq.metrics`.
    confirm_runs : int, optional
        Fresh runs of the winners; by default as many as the study has, or none where they cannot be
        trained or the study's code may not be run.
    level : float
        Confidence of all intervals.

    Returns
    -------
    str or None
        Why there are no fresh runs, where that was not asked for.

    Raises
    ------
    InputError
        For an argument that is not allowed, a study with no finished runs, or a page that cannot be
        written.
    """
    final = Path(path)
    if not final.parent.is_dir():
        raise InputError(f"{path}: cannot be written (there is no such folder)")
    page = _Page(results, find_metric(metric), confirm_runs, level)
    study = results.study
    subtitle = (
        f"{results.finished:,} of {results.total:,} runs of {study.episodes:,} episodes, "
        f"seed {study.seed}"
    )
    text = render(str(study), subtitle, list(page.sections()))
    try:
        files.put(final, text.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    return None if page.refusal is None else str(page.refusal)


class _Page:
    """A page in the making."""

    def __init__(
        self, results: Results, metric: Metric, confirm_runs: int | None, level: float
    ) -> None:
        self._results, self._metric, self._confirm = results, metric, confirm_runs
        self._level = level
        self._names = results.study.names
        self._summary = results.summary(str(metric), level=level)
        self.refusal: InputError | None = None
        """Why no fresh runs can be trained, where that was not asked for."""
        if confirm_runs is None and not results.study.record.has_moments:
            try:
                _ = results.sweep
            except InputError as error:
                self._confirm, self.refusal = 0, error

    def sections(self) -> Iterator[Section]:
        """Give the sections, in order."""
        study = self._results.study
        yield self._what_was_run()
        if study.record.kind.has_curves:
            yield self._curves()
        yield self._best_of_moments() if study.record.has_moments else self._selection()
        if "agent" in self._names and self._confirm != 0 and not study.record.has_moments:
            yield self._comparison()
        if [name for name in self._names if name != "agent"]:
            yield self._sensitivity()
        if not study.record.has_moments:
            yield self._runs()
        yield self._endings()
        yield self._provenance()

    def _what_was_run(self) -> Section:
        """Say what was run."""
        study, manifest = self._results.study, self._results.manifest
        spec = manifest["spec"]
        rows = [("environment", study.env), ("agents", ", ".join(study.agents))]
        rows += [(name, _listed(values)) for name, values in spec["grid"].items()]
        rows += [(name, str(value)) for name, value in spec["fixed"].items()]
        rows += [
            ("configurations", str(study.num_configurations)),
            ("runs of each", f"{study.runs:,}"),
            ("episodes of a run", f"{study.episodes:,}"),
            ("step limit of an episode", f"{manifest['max_steps']:,}"),
            ("seed", str(study.seed)),
            ("random streams", spec["streams"]),
            ("recorded", str(study.record)),
        ]
        table = pd.DataFrame(rows, columns=["setting", "value"])
        unfinished = self._results.total - self._results.finished
        text = [f"All intervals are over runs, at {percent(self._level)} confidence."]
        if unfinished:
            text.append(f"{unfinished:,} runs are not there: the sweep was stopped, or raced.")
        text += [f"Stale: {runs}." for runs in self._results.stale]
        return Section("What was run", text, [], [Table("The settings", "settings", table)])

    def _curves(self) -> Section:
        """Draw learning curves, against episodes and, where they are known, against steps."""
        results, record = self._results, self._results.study.record
        chosen, words = choose_curves(self._summary, self._metric)
        shown, metric = curve_of(self._metric), str(self._metric)
        which = words or "all configurations"
        curves = results.curves(shown, level=self._level, window=window_of(results.study))
        caption = f"{capital(shown)} of {which}"
        pictures = [_drawn(curves, "curves", caption, lambda: draw_curves(curves, chosen))]
        if self._metric.of_policies:
            learned = results.curves(metric, level=self._level)
            caption = f"{capital(metric_label(metric))}: {which}"
            draw = _drawn(learned, metric, caption, lambda: draw_curves(learned, chosen))
            pictures.append(draw)
        if record.has_episodes:
            steps = results.curves("episodes", level=self._level, against="steps")
            text = f"Episodes completed by each step of the environment: {which}"
            pictures.append(_drawn(steps, "steps", text, lambda: draw_curves(steps, chosen)))
        return Section("Learning curves", [], pictures)

    def _selection(self) -> Section:
        """Say which configuration is the best, and how surely."""
        try:
            selection = self._results.select(str(self._metric), self._confirm, level=self._level)
        except NoneFiniteError:
            return Section(
                "Selection", summary_sentences(self._summary, str(self._metric), self._level), []
            )
        table = selection.table.sort_values(
            "estimate", ascending=self._metric.sign < 0, kind="stable", ignore_index=True
        )
        pictures = []
        if len(self._names) > 1:
            x, y = axes_of(self._names)
            caption = f"{capital(str(self._metric))} over the grid"
            heat, metric = selection.table, str(self._metric)
            draw = partial(plot.heatmap, heat, x, y, metric=metric, estimator="mean")
            pictures = [_drawn(heat, "grid", caption, draw)]
        text = selection.sentences()
        if self.refusal:
            text.append(sentence(f"no fresh runs were trained, because of this: {self.refusal}"))
        text.append(
            "Wins: in what share of resamples of the runs a configuration is the best. Plausible: "
            "whether the runs leave it open that it is."
        )
        whole = Table("All configurations, the best first", "selection", table, _ROWS)
        return Section("Selection", text, pictures, [whole])

    def _best_of_moments(self) -> Section:
        """Say which configuration is the best, where no single run was recorded."""
        reason = "Moments keep no single run, so it is not known what else could be the best."
        return Section(
            "Selection",
            [*summary_sentences(self._summary, str(self._metric), self._level), reason],
            [],
        )

    def _comparison(self) -> Section:
        """Compare agents, each at its best."""
        found = self._results.compare(str(self._metric), self._confirm, level=self._level)
        pairs = found.differences
        text = "Differences between agents, each at its best, in the same fresh runs"
        picture = _drawn(pairs, "differences", text, lambda: plot.differences(pairs))
        tables = [
            Table("Each agent at its best, over fresh runs", "agents", found.winners),
            Table("Differences of pairs, and the probability to do better", "pairs", pairs),
        ]
        return Section("Agents compared", found.sentences(), [picture], tables)

    def _sensitivity(self) -> Section:
        """Draw how much each hyperparameter matters."""
        table = self._results.sensitivity(str(self._metric), level=self._level)
        pictures = [
            _drawn(
                table[table["hyperparameter"] == name],
                file_name(f"sensitivity-{name}"),
                f"{name}: the best over the others, and with the others as in the best",
                partial(plot.sensitivity_curves, table, name),
            )
            for name in table["hyperparameter"].unique()
        ]
        text = edge_sentences(self._summary, str(self._metric))
        return Section("Sensitivity", text, pictures)

    def _runs(self) -> Section:
        """Draw how single runs lie."""
        chosen = self._summary.sort_values(
            "estimate", ascending=self._metric.sign < 0, kind="stable"
        ).head(_PROFILES)[self._names]
        pictures, metric = [], str(self._metric)
        for name, table, caption, draw in (
            (
                "runs",
                self._results.runs(metric),
                "Single runs",
                partial(plot.distribution, metric=metric),
            ),
            (
                "profiles",
                self._results.profile(metric, self._level),
                "Performance profiles: share of runs that do better",
                partial(plot.performance_profiles, metric=metric, level=self._level),
            ),
        ):
            some = chosen.merge(table, on=self._names, how="left", sort=False)
            text = f"{caption}, of the best {len(chosen)} configurations"
            pictures.append(_drawn(some, name, text, partial(draw, some)))
        return Section("Single runs", [], pictures)

    def _endings(self) -> Section:
        """Say what was truncated, and what diverged."""
        names = ["truncated", "truncated_runs", "diverged"]
        table = self._summary[(self._summary[names] > 0).any(axis=1)]
        columns = [*self._names, "runs", *names]
        which = [Table("Configurations with such runs", "endings", table[columns], _ROWS)]
        text = Endings.of(self._summary).sentences()
        return Section("Truncated and diverged runs", text, [], which if len(table) else [])

    def _provenance(self) -> Section:
        """Say with what it was made, and how to make it again."""
        manifest = self._results.manifest
        rows = [(name, version) for name, version in manifest["versions"].items()]
        rows += [
            ("revision", manifest["revision"] or "of no checkout"),
            ("machine", manifest["machine"]),
            ("begun", manifest["created"]),
            ("time at work", f"{manifest['wall_time']:,.4g} s"),
            ("steps", f"{manifest['steps']:,}"),
            ("tables of the environment", manifest["environment"]),
            *((f"algorithm {name}", text) for name, text in manifest["algorithms"].items()),
            ("sweep", json.dumps(manifest["spec"])),
        ]
        table = pd.DataFrame(rows, columns=["what", "value"]).astype(str)
        return Section("Provenance", [], [], [Table("Made with", "provenance", table)])


def _drawn(data: pd.DataFrame, name: str, caption: str, draw: "Callable[[], Axes]") -> Picture:
    """Draw a picture on a figure of its own, which nobody else keeps."""
    import matplotlib.pyplot as plt

    figure = draw().get_figure(root=True)
    assert figure is not None
    plt.close(figure)
    return Picture(figure, caption, name, data)


def _listed(values: list[Any]) -> str:
    """Write the values of a grid."""
    return ", ".join(str(value) for value in values)
