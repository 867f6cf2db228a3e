"""``python -m experiments [NAME ...] [--quick] [--check]``: see README.md."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

import experiments
import fastq
from experiments import page
from experiments.claims import Found, Scale

HERE = Path(__file__).parent


def main(words: Sequence[str] | None = None) -> int:
    """Run experiments; give the exit status."""
    asked = _read(words)
    unknown = [name for name in asked.names if name not in experiments.NAMES]
    if unknown:
        known = ", ".join(experiments.NAMES)
        print(f"{unknown[0]}: no such experiment; must be one of {known}", file=sys.stderr)
        return 2
    mpl.use("Agg")
    out = asked.out / ("quick" if asked.quick else "full")
    home = out if asked.quick or asked.out != _OUT else HERE
    try:
        held = [_run(name, out, home, not asked.quick) for name in asked.names or experiments.NAMES]
    except fastq.InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return int(asked.check and not all(held))


_OUT = Path("results/experiments")


def _read(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=experiments.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="by default all experiments")
    parser.add_argument("--quick", action="store_true", help="few runs: some stay undecided")
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit status 1 if a claim is contradicted, or undecided at full scale",
    )
    parser.add_argument("--out", type=Path, default=_OUT, help=f"by default {_OUT}")
    return parser.parse_args(words)


def _run(name: str, out: Path, home: Path, full: bool) -> bool:
    """Run an experiment, write and print what came of it; say whether all is as it should be.

    At full scale each claim must be shown; with few runs it may stay undecided.
    """
    started, scale = time.perf_counter(), Scale(out / name, full)
    found = experiments.find(name)(scale)
    _draw(found, home / "figures" / f"{name}.png")
    text = page.section(name, found, scale)
    page.write(home / "RESULTS.md", {name: text})
    print(f"## {text}\n{name}: {time.perf_counter() - started:.1f} s in all\n", flush=True)
    return all(claim.holds if full else not claim.fails for claim in found.claims)


def _draw(found: Found, path: Path) -> None:
    """Write the figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fastq.plot.save(found.figure, path)
    plt.close(found.figure.get_figure(root=True))


if __name__ == "__main__":
    sys.exit(main())
