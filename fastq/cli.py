"""The command line: parse, call, print. Heavy imports wait until a command needs them.

Exit status: 0 done, 1 some runs failed, 2 bad input, 130 interrupted.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastq.errors import InputError, RunError

if TYPE_CHECKING:
    from fastq.results import Results
    from fastq.sweep import Sweep

app = typer.Typer(
    help="Tabular reinforcement-learning experiments at the speed of compiled code.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Directory = Annotated[Path, typer.Argument(help="Where a sweep wrote its results.")]
_TOP = 5


def main() -> None:
    """Run the command line; errors are one line on standard error."""
    try:
        app()
    except InputError as error:
        _fail(str(error), 2)
    except RunError as error:
        _fail(str(error), 1)


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="The sweep, as TOML.")],
    out: Annotated[
        Path | None, typer.Option(help="Directory of the results; results/NAME by default.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Workers; -1 for all cores.")] = -1,
    backend: Annotated[str, typer.Option(help="joblib's: threading, loky, ...")] = "threading",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Run a sweep, or what is missing of it, and draw its pictures."""
    from fastq.sweep import Sweep

    spec = Sweep.from_toml(file)
    directory = out or Path("results") / file.stem
    say = _silent if quiet else typer.echo
    try:
        results = _run(spec, directory, jobs, backend, quiet)
        _draw(results, quiet)
    except KeyboardInterrupt:
        _interrupted(spec, directory, file)
    say(f"\nto look at it again: fastq show {directory}")


@app.command()
def show(directory: Directory) -> None:
    """Print what a study holds, and its best configurations."""
    from fastq.results import Results

    results = Results(directory)
    manifest, study = results.manifest, results.study
    version, revision = manifest["versions"].get("fastq-rl"), manifest["revision"] or "unknown"
    typer.echo(
        f"{directory}: {study}, {study.num_configurations} configurations x "
        f"{study.runs} runs x {study.episodes} episodes, seed {study.seed}\n"
        f"{results.finished} of {results.total} runs finished, in {manifest['wall_time']:g} s; "
        f"fastq {version}, revision {revision}"
    )
    _print_best(results)


@app.command()
def plot(directory: Directory) -> None:
    """Draw the pictures of a study again."""
    from fastq.results import Results

    _draw(Results(directory), quiet=False, table=False)


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the kernel beside the pure-Python reference."""
    from fastq.bench import benchmark

    found = benchmark()
    if as_json:
        typer.echo(json.dumps(found._asdict(), indent=2))
        return
    typer.echo(
        f"{found.agent} on {found.environment}, one core, median of {found.repeats}\n"
        f"  reference  {found.reference_steps_per_second:>14,.0f} steps per second\n"
        f"  kernel     {found.kernel_steps_per_second:>14,.0f} steps per second\n"
        f"  ratio      {found.ratio:>14,.0f}\n"
        f"  the two agree bit for bit: {'yes' if found.equal else 'NO'}; compiling the kernel, or "
        f"loading it: {found.compile_seconds:.2f} s"
    )
    if not found.equal:
        raise typer.Exit(1)


def _run(spec: "Sweep", directory: Path, jobs: int, backend: str, quiet: bool) -> "Results":
    """Run a sweep, and say what is to be said before it."""
    from fastq.chunks import kernels_of
    from fastq.jit import is_cached
    from fastq.runner import run

    if not quiet:
        typer.echo(
            f"{spec.agent_names} on {spec.env_name}: {spec.num_configurations} configurations x "
            f"{spec.runs} runs x {spec.episodes} episodes -> {directory}"
        )
        if not all(map(is_cached, kernels_of(spec))):
            typer.echo("compiling the kernels, once for this machine: some seconds ...")
    return run(spec, directory, n_jobs=jobs, backend=backend, progress=not quiet)


def _draw(results: "Results", quiet: bool, table: bool = True) -> None:
    """Write pictures and summary, and name them."""
    from fastq.report import write_report

    paths = write_report(results)
    if not quiet:
        if table:
            _print_best(results)
        typer.echo("\nwrote " + ", ".join(str(path) for path in paths))


def _print_best(results: "Results") -> None:
    """Print the best configurations as a table."""
    from fastq.report import best_configurations

    summary = results.summary()
    best = best_configurations(summary, _TOP)
    typer.echo(
        f"\nthe best {len(best)} of {len(summary)} configurations by mean return over all "
        f"episodes (95 % t interval over runs):\n"
        + best.to_string(index=False, float_format=lambda value: f"{value:g}")
    )
    cut = int(summary["truncated"].sum())
    if cut:
        runs = int(summary["truncated_runs"].sum())
        typer.echo(f"{cut} episodes in {runs} runs were truncated by the time limit")
    diverged = int(summary["diverged"].sum())
    if diverged:
        typer.echo(f"{diverged} runs diverged: a Q-value was infinite or not a number in the end")


def _interrupted(spec: "Sweep", directory: Path, file: Path) -> None:
    """Say what is kept and how to go on, and exit as interrupted programs do."""
    from fastq.results import Results

    try:
        kept = Results(directory, spec)
        state = f"{kept.finished} of {kept.total} runs are kept in {directory}"
    except InputError:
        state = "nothing was written yet"
    typer.echo(f"\ninterrupted: {state}; to resume: fastq sweep {file} --out {directory}", err=True)
    raise typer.Exit(130)


def _silent(message: str) -> None:
    """Print nothing."""


def _fail(message: str, status: int) -> None:
    """Print an error and exit."""
    typer.echo(f"error: {message}", err=True)
    sys.exit(status)
