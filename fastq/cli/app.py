"""The command line itself, and what its commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from fastq.text import printable

if TYPE_CHECKING:
    from fastq.recorded import Stale
    from fastq.results import Results

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
_TOP = 5


def say(text: str, err: bool = False) -> None:
    """Print text, whatever is in it: what cannot be printed is written out."""
    typer.echo(printable(text, keep="\n"), err=err)


def draw(results: "Results", quiet: bool, table: bool = True) -> None:
    """Write pictures and summary, and name them."""
    from fastq.pictures import write_pictures

    paths = write_pictures(results)
    if not quiet:
        if table:
            print_best(results)
        say("\nwrote " + ", ".join(str(path) for path in paths))


def print_best(results: "Results") -> None:
    """Print the best configurations as a table."""
    from fastq.pictures import best_configurations

    summary = results.summary()
    best = best_configurations(summary, _TOP)
    say(
        f"\nthe best {len(best)} of {len(summary)} configurations by mean return over all "
        f"episodes (95 % t interval over runs):\n"
        + best.to_string(index=False, float_format=lambda value: f"{value:g}")
    )
    cut = int(summary["truncated"].sum())
    if cut:
        runs = int(summary["truncated_runs"].sum())
        say(f"{cut} episodes in {runs} runs were truncated by the time limit")
    diverged = int(summary["diverged"].sum())
    if diverged:
        say(f"{diverged} runs diverged: a Q-value was infinite or not a number in the end")


def say_stale(stale: "list[Stale]") -> None:
    """Name the runs that are kept, but are those of another algorithm."""
    for runs in stale:
        say(f"stale: {runs}: the algorithm is another by now; they are kept, and not shown")
