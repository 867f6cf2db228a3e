"""The command line itself, and what its commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from fastq.base.text import printable

if TYPE_CHECKING:
    import pandas as pd

    from fastq.results.results import Results
    from fastq.study.storage.entries import Stale

app = typer.Typer(
    help="Tabular reinforcement-learning experiments at the speed of compiled code.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Directory = Annotated[str, typer.Argument(help="Where a sweep wrote its results, or a URL.")]
Metric = Annotated[
    str, typer.Option(help="What is best: return, regret, steps_to:-20, ...; see fastq.metrics.")
]
Level = Annotated[float, typer.Option(help="Confidence, in (0, 1).")]
Confirm = Annotated[
    int | None, typer.Option(help="Fresh runs to confirm with; as many as the study has.")
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Run code that the study holds though your key has not signed it."
    ),
]
_TOP = 5


def say(text: str, err: bool = False) -> None:
    """Print text, whatever is in it: what cannot be printed is written out."""
    typer.echo(printable(text, keep="\n"), err=err)


def draw(results: "Results", metric: str, quiet: bool, table: bool = True) -> None:
    """Write pictures and summary, and name them."""
    from fastq.report.pictures import write_pictures

    paths = write_pictures(results, metric)
    if not quiet:
        if table:
            print_best(results, metric)
        say("\nwrote " + ", ".join(str(path) for path in paths))


def print_best(results: "Results", metric: str) -> None:
    """Print the best configurations as a table."""
    from fastq.plot.style import Shown
    from fastq.report.pictures import best_configurations
    from fastq.study.metrics import find_metric
    from fastq.study.record import METRICS

    summary = results.summary(metric)
    best = best_configurations(summary, _TOP, find_metric(metric).sign)
    over = " over all episodes" if metric in METRICS else ""
    say(
        f"\nthe best {len(best)} of {len(summary)} configurations by "
        f"{Shown(metric, 'mean').estimate}{over} (95 % t interval over runs):\n"
        + best.to_string(index=False, float_format=lambda value: f"{value:g}")
    )
    cut = int(summary["truncated"].sum())
    if cut:
        runs = int(summary["truncated_runs"].sum())
        say(f"{cut} episodes in {runs} runs were truncated by the time limit")
    say_diverged(summary)


def say_diverged(summary: "pd.DataFrame") -> None:
    """Say how many runs diverged, and of which configurations."""
    from fastq.study.study import describe

    some = summary[summary["diverged"] > 0]
    if not len(some):
        return
    say(
        f"{some['diverged'].sum()} runs diverged: a Q-value in the end, or a return, was beyond "
        "the range of numbers; what would take one that is infinite is NaN"
    )
    names = list(summary.columns[: summary.columns.get_loc("runs")])
    for _, row in some.head(_TOP).iterrows():
        point = row[names].dropna()  # what an agent lacks is NaN or, among words, empty
        lost, runs = int(row["diverged"]), int(row["runs"])
        cells = {str(name): cell for name, cell in point[point != ""].items()}
        say(f"  {describe(cells)}: {lost} of {runs} runs")
    if len(some) > _TOP:
        say(f"  and {len(some) - _TOP} more configurations")


def say_stale(stale: "list[Stale]") -> None:
    """Name the runs of algorithms that are others by now."""
    for runs in stale:
        say(f"stale: {runs}")
