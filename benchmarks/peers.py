"""How fast fastq is beside its peers: plain Python, Numba as one would write it, JAX, and plain C.

    uv run --group peers python benchmarks/peers.py [--write] [--quick]

measures all on the same work, in one process on one core, in turns, and prints tables; a peer that
is missing is named below them. With ``--write`` they go into the README, once all is measured: an
interrupted benchmark writes nothing. ``--quick`` does little work, to try the program out: its
figures mean nothing.

Exit status: 0 done, 1 a peer computes something else or the README lacks the marks of the tables,
130 interrupted.
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
    parser.add_argument("--readme", type=Path, default=README, help="another file to write to")
    options = parser.parse_args(arguments)
    if options.write:
        page.parts(options.readme, "peers")
    try:
        text = _measured(quick=options.quick)
    except KeyboardInterrupt:
        say("interrupted: nothing is written")
        raise SystemExit(130) from None
    print(text)
    if options.write:
        page.write(options.readme, "peers", text)


def say(line: str) -> None:
    """Say on standard error how far it is."""
    print(line, file=sys.stderr, flush=True)


def _measured(*, quick: bool) -> str:
    """Measure all peers, and write the tables."""
    # XLA looks for both when JAX is imported.
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    from peer import measure

    measure.pin()
    from peer import table, work

    say("preparing: compiling, and comparing with fastq's numbers")
    size = work.QUICK if quick else work.FULL
    contests, left_out = work.contests(size)
    return table.tables(measure.measure(contests, size.repeats, say), left_out)


if __name__ == "__main__":
    main()
