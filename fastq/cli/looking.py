"""Commands that look at results: show, plot, select, compare, report, verify."""

from pathlib import Path
from typing import Annotated

import typer

from fastq.cli.app import Confirm, Directory, Level, Metric, app, draw, print_best, say, say_stale


@app.command()
def show(directory: Directory) -> None:
    """Print what a study holds, and its best configurations."""
    from fastq.results import Results

    results = Results(directory)
    manifest, study = results.manifest, results.study
    version, revision = manifest["versions"].get("fastq-rl"), manifest["revision"] or "unknown"
    say(
        f"{directory}: {study}, {study.num_configurations} configurations x "
        f"{study.runs} runs x {study.episodes} episodes, seed {study.seed}\n"
        f"{results.finished} of {results.total} runs finished, in {manifest['wall_time']:g} s; "
        f"fastq {version}, revision {revision}"
    )
    say_stale(results.stale)
    print_best(results)


@app.command()
def plot(directory: Directory) -> None:
    """Draw the pictures of a study again."""
    from fastq.results import Results

    draw(Results(directory), quiet=False, table=False)


@app.command()
def select(
    directory: Directory,
    metric: Metric = "return",
    confirm: Confirm = None,
    level: Level = 0.95,
) -> None:
    """Find the best configuration, those that could be it, and what it is really worth."""
    from fastq.results import Results

    say(str(Results(directory).select(metric, confirm, level=level)))


@app.command()
def compare(
    directory: Directory,
    metric: Metric = "return",
    confirm: Confirm = None,
    by: Annotated[str, typer.Option(help="What of the grid is compared.")] = "agent",
    level: Level = 0.95,
) -> None:
    """Compare agents: each tuned, confirmed on fresh runs, and paired."""
    from fastq.results import Results

    say(str(Results(directory).compare(metric, confirm, by=by, level=level)))


@app.command()
def report(
    directory: Directory,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "report.html"
    ),
    metric: Metric = "return",
    confirm: Confirm = None,
    level: Level = 0.95,
) -> None:
    """Write one page that needs no other: curves, sensitivity, selection, provenance, data."""
    from fastq.report import write_report
    from fastq.results import Results

    write_report(Results(directory), output, metric=metric, confirm_runs=confirm, level=level)
    say(f"wrote {output}")


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
    say(f"{directory}: {whole} of {found.parts} parts have their checksums")
    for line in found.damaged:
        say(f"  {line}")
    say(
        f"{found.checked} of {found.finished} runs, drawn at random, computed again by the "
        f"{'reference' if reference else 'kernel'}: "
        + (f"{len(found.differing)} DIFFER" if found.differing else "equal, bit for bit")
    )
    for line in found.differing:
        say(f"  {line}")
    if found.left_out:
        say(f"not all could be computed again: {found.left_out}")
    say(
        f"made on {manifest['machine']}, revision {manifest['revision']} ({tree}): {versions}; "
        f"{manifest['steps']:,} steps in {manifest['wall_time']:g} s"
    )
    if not found.is_good:
        raise typer.Exit(1)
