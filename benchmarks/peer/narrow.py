"""Windy Gridworld with vectors of 256 bits: what fastq and plain C are without AVX-512.

Numba reads which processor it compiles for when it is imported. So this contest stands in a process
of its own, which is told to compile for Haswell, the first with AVX2; so is the C compiler. The
process has a cache of its own, and waits while other contests are measured.
"""

import atexit
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from llvmlite import binding

import fastq
from peer import c, pairs
from peer.measure import Contest, Missing, Peer, Timed

TITLE = "Q-learning on Windy Gridworld, AVX2 only"
ARCHITECTURE = "haswell"
FEATURES = (
    *("64bit", "cmov", "crc32", "cx8", "cx16", "fxsr", "mmx", "movbe", "popcnt", "sahf"),
    *("sse", "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "avx", "avx2", "f16c", "fma"),
    *("bmi", "bmi2", "lzcnt", "pclmul", "rdrnd", "fsgsbase", "invpcid", "xsave", "xsaveopt"),
)
"""What LLVM knows of Haswell."""


def contest(size: pairs.Size) -> Contest:
    """Start the process, and prepare the contest there.

    Raises
    ------
    Missing
        Where the processor lacks AVX2, or there is no C compiler.
    SystemExit
        Where the process fails.
    """
    if platform.machine() not in ("x86_64", "AMD64") or not _host().get("avx2"):
        raise Missing("AVX2 only (this is no x86-64 with AVX2)")
    c.needed_compiler()
    other = Process(size)
    return {name: other.peer(name) for name in (pairs.C, pairs.BATCH)}


class Process:
    """A process that works on demand, and ends with this one."""

    def __init__(self, size: pairs.Size) -> None:
        self._cache = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peer.narrow", json.dumps(size)],
            env={**os.environ, **environment(), "NUMBA_CACHE_DIR": self._cache.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which then lets go of the other
        )
        atexit.register(self.close)
        missing = self._ask(None)
        if missing is not None:
            self.close()
            raise Missing(f"AVX2 only ({missing})")

    def peer(self, name: str) -> Peer:
        """Give a peer that works there."""
        return lambda seed: Timed(*self._ask([name, seed]))

    def close(self) -> None:
        """Let the process end, and remove its cache."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):  # of what the process did not read
                pipe.close()
        self._process.wait()
        self._cache.cleanup()

    def _ask(self, question: object) -> object:
        """Send a line, and wait for the answer."""
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            return json.loads(self._process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self.close()
            raise SystemExit(f"{TITLE}: its process has failed: nothing is measured") from None


def environment() -> dict[str, str]:
    """Say what Numba must be told: the processor, and which features of this one it lacks."""
    flags = [
        f"{'+' if there and name in FEATURES else '-'}{name}" for name, there in _host().items()
    ]
    return {
        "NUMBA_CPU_NAME": ARCHITECTURE,
        "NUMBA_CPU_FEATURES": ",".join(flags),
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        ),
    }


def _host() -> dict[str, bool]:
    """List the features that LLVM knows of this family of processors, and whether this has them."""
    return dict(binding.get_host_cpu_features())


def main() -> None:
    """Answer each line of standard input; the first asks what is missing."""
    size = pairs.Size(*json.loads(sys.argv[1]))
    mdp, agent = fastq.windy_gridworld(), fastq.QLearning()
    sys.stdin.readline()
    try:
        twin = c.Twin(mdp, agent, architecture=ARCHITECTURE)
    except Missing as missing:
        print(json.dumps(str(missing)), flush=True)
        return
    peers = pairs.pair(TITLE, mdp, agent, twin, size)
    print(json.dumps(None), flush=True)
    for line in sys.stdin:
        name, seed = json.loads(line)
        print(json.dumps(peers[name](seed)), flush=True)


if __name__ == "__main__":
    main()
