"""The command line itself, and what its commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from fastq.base.text import printable

if TYPE_CHECKING:
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
_LEVEL = 0.95


def say(text: str, err: bool = False) -> None:
    """Print text, whatever is in it: what cannot be printed is written out."""
    typer.echo(printable(text, keep="\n"), err=err)


def draw(results: "Results", metric: str) -> str:
    """Write pictures and summary, and say which."""
    from fastq.report.pictures import write_pictures

    return f"wrote {', '.join(write_pictures(results, metric))}"


def print_best(results: "Results", metric: str, sentences: list[str] | None = None) -> None:
    """Print the best configurations as a table, and sentences below it: by default on the table."""
    from fastq.plot.style import Shown
    from fastq.report.pictures import best_configurations
    from fastq.results.sentences import percent, summary_sentences
    from fastq.study.metrics import find_metric
    from fastq.study.record import METRICS

    summary = results.summary(metric, level=_LEVEL)
    best = best_configurations(summary, _TOP, find_metric(metric).sign)
    over = " over all episodes" if metric in METRICS else ""
    say(
        f"\nthe best {len(best)} of {len(summary)} configurations by "
        f"{Shown(metric, 'mean').estimate}{over} ({percent(_LEVEL)} t interval over runs):\n"
        + best.to_string(index=False, float_format=lambda value: f"{value:g}")
        + "\n"
    )
    for sentence in summary_sentences(summary, metric, _LEVEL) if sentences is None else sentences:
        say(sentence)


def say_stale(stale: "list[Stale]") -> None:
    """Name the runs of algorithms that are others by now."""
    for runs in stale:
        say(f"stale: {runs}")
