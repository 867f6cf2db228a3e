"""The command line: parse, call, print. Heavy imports wait until a command needs them.

Exit status: 0 done, 1 some runs failed or differ, 2 bad input, 130 interrupted, 143 terminated.
"""

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastq.errors import InputError, RunError

if TYPE_CHECKING:
    from fastq.recorded import Stale
    from fastq.results import Results
    from fastq.sweep import Sweep

app = typer.Typer(
    help="Tabular reinforcement-learning experiments at the speed of compiled code.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Directory = Annotated[str, typer.Argument(help="Where a sweep wrote its results, or a URL.")]
Out = Annotated[
    str | None, typer.Option(help="Directory or URL of the results; results/NAME by default.")
]
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
    out: Out = None,
    jobs: Annotated[int, typer.Option(help="Workers; -1 for all cores.")] = -1,
    backend: Annotated[
        str, typer.Option(help="joblib's: threading, loky, dask, ray.")
    ] = "threading",
    address: Annotated[str | None, typer.Option(help="Of dask's scheduler, or ray's head.")] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first run that fails.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Run a sweep, or what is missing of it, and draw its pictures."""
    from fastq.sweep import Sweep

    spec = Sweep.from_toml(file)
    directory = out or _directory_of(file)
    options = {"n_jobs": jobs, "backend": backend, "address": address, "fail_fast": fail_fast}
    termination = _Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        results = _run(spec, directory, quiet, options)
        _draw(results, quiet)
    except KeyboardInterrupt:
        _interrupted(spec, directory, file, 130)
    except BaseException:
        if not termination.asked_for:
            raise
        _interrupted(spec, directory, file, 143)
    if not quiet:
        typer.echo(f"\nto look at it again: fastq show {directory}")


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="The sweep, as TOML.")],
    out: Out = None,
) -> None:
    """Say what a sweep would do, before anything is done."""
    from fastq.forecast import plan as forecast
    from fastq.sweep import Sweep

    spec = Sweep.from_toml(file)
    directory = out or _directory_of(file)
    found = forecast(spec, directory)
    typer.echo(
        f"{found.study}: {found.study.num_configurations} configurations x {found.study.runs} runs "
        f"x {found.study.episodes} episodes -> {directory}\n"
        f"  {found.finished:,} runs are done, {found.missing:,} are to be done\n"
        f"  {found.steps:,.3g} steps, {found.seconds:,.3g} s on one core, "
        f"{found.bytes / 1e6:,.3g} MB, about"
    )
    _say_stale(found.stale)


@app.command()
def verify(
    directory: Directory,
    sample: Annotated[int, typer.Option(help="How many runs to compute again.")] = 100,
    reference: Annotated[
        bool, typer.Option("--reference", help="With the pure-Python reference.")
    ] = False,
) -> None:
    """Check every checksum, and compute a random sample of runs again."""
    from fastq.verification import verify as check

    found = check(directory, sample=sample, reference=reference)
    manifest = found.manifest
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    tree = {True: "clean", False: "with changes", None: "of no checkout"}[manifest["clean"]]
    whole = found.parts - len(found.damaged)
    typer.echo(f"{directory}: {whole} of {found.parts} parts have their checksums")
    for line in found.damaged:
        typer.echo(f"  {line}")
    typer.echo(
        f"{found.checked} of {found.finished} runs, drawn at random, computed again by the "
        f"{'reference' if reference else 'kernel'}: "
        + (f"{len(found.differing)} DIFFER" if found.differing else "equal, bit for bit")
    )
    for line in found.differing:
        typer.echo(f"  {line}")
    if found.left_out:
        typer.echo(f"not all could be computed again: {found.left_out}")
    typer.echo(
        f"made on {manifest['machine']}, revision {manifest['revision']} ({tree}): {versions}; "
        f"{manifest['steps']:,} steps in {manifest['wall_time']:g} s"
    )
    if not found.is_good:
        raise typer.Exit(1)


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
    _say_stale(results.stale)
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


class _Termination:
    """What a process does that is asked to end: as after Ctrl-C, but for the exit status."""

    asked_for = False

    def __call__(self, _signal: int, _frame: object) -> None:
        """End, once; where it comes amid an import, what is raised may become another error."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.asked_for = True
        raise SystemExit(143)


def _directory_of(file: Path) -> str:
    """Name the directory of a sweep that says none."""
    return str(Path("results") / file.stem)


def _run(spec: "Sweep", directory: str, quiet: bool, options: dict[str, Any]) -> "Results":
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
    return run(spec, directory, progress=not quiet, **options)


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


def _interrupted(spec: "Sweep", directory: str, file: Path, status: int) -> None:
    """Say what is kept and how to go on, and exit as interrupted programs do."""
    from fastq.results import Results

    try:
        kept = Results(directory, spec)
        state = f"{kept.finished} of {kept.total} runs are kept in {directory}"
    except InputError:
        state = "nothing was written yet"
    typer.echo(f"\ninterrupted: {state}; to resume: fastq sweep {file} --out {directory}", err=True)
    raise typer.Exit(status)


def _say_stale(stale: "list[Stale]") -> None:
    """Name the runs that are kept, but are those of another algorithm."""
    for runs in stale:
        typer.echo(f"stale: {runs}: the algorithm is another by now; they are kept, and not shown")


def _fail(message: str, status: int) -> None:
    """Print an error and exit."""
    typer.echo(f"error: {message}", err=True)
    sys.exit(status)
