"""Commands that look at results: show, plot, select, compare, report, verify."""

from pathlib import Path
from typing import Annotated

import typer

from fastq.cli.app import (
    Confirm,
    Directory,
    Level,
    Metric,
    Trust,
    app,
    draw,
    print_best,
    say,
    say_stale,
)


@app.command()
def show(directory: Directory, metric: Metric = "return") -> None:
    """Print what a study holds, and its best configurations."""
    from fastq.results.estimates import EstimateSpec, check_spec
    from fastq.results.results import Results

    results = Results(directory)
    check_spec(results.study.record, EstimateSpec(metric))
    manifest, study = results.manifest, results.study
    version, revision = manifest["versions"].get("fastq-rl"), manifest["revision"] or "unknown"
    say(
        f"{results.store}: {study}, {study.num_configurations} configurations x "
        f"{study.runs} runs x {study.episodes} episodes, seed {study.seed}\n"
        f"{results.finished} of {results.total} runs finished, in {manifest['wall_time']:g} s; "
        f"fastq {version}, revision {revision}"
    )
    say_stale(results.stale)
    print_best(results, metric)


@app.command()
def plot(directory: Directory, metric: Metric = "return") -> None:
    """Draw the pictures of a study again."""
    from fastq.results.results import Results

    results = Results(directory)
    say_stale(results.stale)
    say(f"\n{draw(results, metric)}")


@app.command()
def select(
    directory: Directory,
    metric: Metric = "return",
    confirm: Confirm = None,
    level: Level = 0.95,
    trust: Trust = False,
) -> None:
    """Find the best configuration, those that could be it, and how good it is in fresh runs."""
    from fastq.results.results import Results

    results = Results(directory, trust=trust)
    found = results.select(metric, confirm, level=level)
    say_stale(results.stale)
    say(str(found))


@app.command()
def compare(
    directory: Directory,
    metric: Metric = "return",
    confirm: Confirm = None,
    by: Annotated[str, typer.Option(help="What of the grid is compared.")] = "agent",
    level: Level = 0.95,
    trust: Trust = False,
) -> None:
    """Compare agents: each tuned, confirmed on fresh runs, and paired."""
    from fastq.results.results import Results

    results = Results(directory, trust=trust)
    found = results.compare(metric, confirm, by=by, level=level)
    say_stale(results.stale)
    say(str(found))


@app.command()
def report(
    directory: Directory,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "report.html"
    ),
    metric: Metric = "return",
    confirm: Confirm = None,
    level: Level = 0.95,
    trust: Trust = False,
) -> None:
    """Write one page that needs no other: curves, sensitivity, selection, provenance, data."""
    from fastq.report.report import write_report
    from fastq.results.results import Results

    results = Results(directory, trust=trust)
    without = write_report(results, output, metric=metric, confirm_runs=confirm, level=level)
    say_stale(results.stale)
    say(f"wrote {output}" + (f", without fresh runs: {without}" if without else ""))


@app.command()
def verify(
    directory: Directory,
    sample: Annotated[int, typer.Option(help="How many runs to compute again.")] = 100,
    reference: Annotated[
        bool, typer.Option("--reference", help="With the pure-Python reference.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Check every checksum, and compute a random sample of runs again."""
    from fastq.execution.verify import verify as check
    from fastq.study.storage.remote import shown

    found = check(directory, sample=sample, reference=reference, trust=trust)
    manifest = found.manifest
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    tree = {True: "clean", False: "with changes", None: "of no checkout"}[manifest["clean"]]
    whole = found.parts - len(found.damaged)
    say(f"{shown(directory)}: {whole} of {found.parts} parts have their checksums")
    for line in found.damaged:
        say(f"  {line}")
    if found.checked:
        say(
            f"{found.checked} of {found.finished} runs, drawn at random, computed again by the "
            f"{'reference' if reference else 'kernel'}: "
            + (f"{len(found.differing)} DIFFER" if found.differing else "equal, bit for bit")
        )
    for line in found.differing:
        say(f"  {line}")
    if found.fresh:
        say(f"{found.fresh} of them also in a fresh process with an empty kernel cache")
    if found.left_out:
        some = "not all" if found.checked else "none"
        say(f"{some} of the {found.finished} runs could be computed again: {found.left_out}")
    say(
        f"made on {manifest['machine']}, revision {manifest['revision']} ({tree}): {versions}; "
        f"{manifest['steps']:,} steps in {manifest['wall_time']:g} s"
    )
    if not found.is_good:
        raise typer.Exit(1)
