"""How fast fastq is beside its peers: plain Python, Numba as one would write it, JAX, and plain C.

    uv run --group peers python benchmarks/peers.py [--write] [--quick] [--only WORDS]

measures all on the same work, on one core, in turns, and prints tables; a peer that is missing is
named below them. With ``--write`` they go into the README, once all is measured: an interrupted
benchmark writes nothing. ``--quick`` does little work, to try the program out: its figures mean
nothing. ``--only Taxi`` measures and prints the contests whose titles contain this.

Exit status: 0 done, 1 a peer computes something else, no title contains the words or the README
lacks the marks of the tables, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import page

README = Path(__file__).parent.parent / "README.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    parser.add_argument("--quick", action="store_true", help="do little work, as a test")
    parser.add_argument("--only", default="", metavar="WORDS", help="contests so called")
    parser.add_argument("--readme", type=Path, default=README, help="another file to write to")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        raise SystemExit("--only and --write: must be one of them, as the README has all contests")
    if options.write:
        page.parts(options.readme, "peers")
    try:
        text = _measured(options.only, quick=options.quick)
    except KeyboardInterrupt:
        say("interrupted: nothing is written")
        raise SystemExit(130) from None
    print(text)
    if options.write:
        page.write(options.readme, "peers", text)


def say(line: str) -> None:
    """Say on standard error how far it is."""
    print(line, file=sys.stderr, flush=True)


def _measured(only: str, *, quick: bool) -> str:
    """Measure all peers, or those of some contests, and write the tables."""
    # XLA looks for both when JAX is imported.
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    from peer import measure

    measure.pin()
    from peer import table, work

    say("preparing: compiling, and comparing with fastq's numbers")
    size = work.QUICK if quick else work.FULL
    contests, left_out = work.contests(size, only)
    return table.tables(measure.measure(contests, size.repeats, say), left_out)


if __name__ == "__main__":
    main()
