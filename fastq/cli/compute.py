"""Commands that compute: sweep, plan, bench."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastq.base.errors import InputError
from fastq.cli.app import Metric, app, draw, print_best, say, say_stale

if TYPE_CHECKING:
    from fastq.results.results import Results
    from fastq.study.sweep import Sweep

Out = Annotated[
    str | None, typer.Option(help="Directory or URL of the results; results/NAME by default.")
]


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
    race: Annotated[
        bool, typer.Option("--race", help="Drop configurations that are not the best.")
    ] = False,
    guarantee: Annotated[
        str, typer.Option(help="Of a race: seen, for failures that show; any, for every world.")
    ] = "seen",
    metric: Metric = "return",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Run a sweep, or what is missing of it, and draw its pictures."""
    from fastq.results.estimates import check_metric
    from fastq.study.storage.remote import shown
    from fastq.study.sweep import Sweep

    spec = Sweep.from_toml(file)
    check_metric(spec, metric)
    directory = out or _directory_of(file)
    by_metric = "" if metric == "return" else f" --metric {metric}"
    again = f"fastq sweep {file} --out {shown(directory)}{' --race' if race else ''}{by_metric}"
    options = {"n_jobs": jobs, "backend": backend, "address": address, "fail_fast": fail_fast}
    if guarantee != "seen" and not race:
        message = f"guarantee = {guarantee!r}: is for races; must come with --race"
        raise InputError(message, field="guarantee", value=guarantee)
    raced = {"metric": metric, "guarantee": guarantee} if race else None
    termination = _Termination()
    signal.signal(signal.SIGTERM, termination)
    try:
        results, sentences = _run(spec, directory, raced, quiet, options)
        written = draw(results, metric)
        if not quiet:
            print_best(results, metric, sentences)
            say(f"\n{written}")
    except KeyboardInterrupt:
        _interrupted(spec, directory, again, 130)
    except BaseException:
        if not termination.asked_for:
            raise
        _interrupted(spec, directory, again, 143)
    if not quiet:
        say(f"\nto look at it again: fastq show {shown(directory)}{by_metric}")


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="The sweep, as TOML.")],
    out: Out = None,
) -> None:
    """Say what a sweep would do, before anything is done."""
    from fastq.execution.plan import plan as forecast
    from fastq.study.storage.remote import shown
    from fastq.study.sweep import Sweep

    spec = Sweep.from_toml(file)
    directory = out or _directory_of(file)
    found = forecast(spec, directory)
    say(
        f"{found.study}: {found.study.num_configurations} configurations x {found.study.runs} runs "
        f"x {found.study.episodes} episodes -> {shown(directory)}\n"
        f"  {found.finished:,} runs are done, {found.missing:,} are to be done\n"
        f"  {found.steps:,.3g} steps, {found.seconds:,.3g} s on one core, "
        f"{found.bytes / 1e6:,.3g} MB, about"
    )
    for name, loop in found.loops.items():
        say(f"  {name}: {loop}")
    say_stale(found.stale)


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the kernel beside the pure-Python reference."""
    from fastq.training.bench import benchmark

    found = benchmark()
    if as_json:
        say(json.dumps(found._asdict(), indent=2))
        return
    say(
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


def _run(
    spec: "Sweep",
    directory: str,
    raced: dict[str, Any] | None,
    quiet: bool,
    options: dict[str, Any],
) -> "tuple[Results, list[str] | None]":
    """Run a sweep, or a race with its own options; give its results, and what a race says."""
    from fastq.base.jit import is_cached
    from fastq.execution.chunks import kernels_of
    from fastq.execution.race import race
    from fastq.execution.run import run
    from fastq.study.storage.remote import shown

    if not quiet:
        say(
            f"{spec.agent_names} on {spec.env_name}: {spec.num_configurations} configurations x "
            f"{spec.runs} runs x {spec.episodes} episodes -> {shown(directory)}"
        )
        if not all(map(is_cached, kernels_of(spec))):
            say("compiling the kernels, once for this machine: some seconds ...")
    if raced is None:
        return run(spec, directory, progress=not quiet, **options), None
    found = race(spec, directory, progress=not quiet, **raced, **options)
    return found.results, found.sentences()


def _interrupted(spec: "Sweep", directory: str, again: str, status: int) -> None:
    """Say what is kept and how to go on, and exit as interrupted programs do."""
    from fastq.results.results import Results
    from fastq.study.storage.remote import shown

    try:
        kept = Results(directory, spec)
        state = f"{kept.finished} of {kept.total} runs are kept in {shown(directory)}"
    except InputError:
        state = "nothing was written yet"
    say(f"\ninterrupted: {state}; to resume: {again}", err=True)
    raise typer.Exit(status)
