"""Forks: processes that are killed, without waiting each time until fastq is imported.

Run as a program, this is the process that forks; `Forks` starts it, and asks it to. It is alone in
its process until then: threads begin after a fork, in the fork.
"""

import contextlib
import inspect
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds until something is thought to hang."""


class Forks:
    """A process that has imported fastq, and forks to call functions; one at a time."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._last: Forked | None = None
        self.line()

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=PATIENCE)

    def start(self, function: Callable[..., Any], log: Path, **arguments: Any) -> "Forked":
        """Call a function, which has to import what it needs, in a session of its own.

        What it prints is added to a log. Its module is ``__main__``, so that loky sends whatever it
        defines to workers by value. Arguments are what JSON can say, or paths.
        """
        assert self._last is None or self._last.poll() is not None
        source = inspect.getsource(function)
        call = {"source": source, "name": function.__name__, "arguments": arguments, "log": log}
        self._server.stdin.write(json.dumps(call, default=str).encode() + b"\n")
        self._last = Forked(self, int(self.line()))
        return self._last

    def line(self, timeout: float = PATIENCE) -> bytes:
        """Read what the process says; it says nothing while a fork is at work."""
        if not select.select([self._server.stdout], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a fork", timeout)
        return self._server.stdout.readline()


class Forked:
    """A fork, as `subprocess.Popen` shows a process."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self._forks, self.pid = forks, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give the exit status, or None while it is at work."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait until it ends; give the exit status."""
        if self.returncode is None:
            self.returncode = int(self._forks.line(timeout))
        return self.returncode


def main() -> None:
    """Fork for each line of standard input; say the fork's process id, then its exit status."""
    _load()
    print("ready", flush=True)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _call(json.loads(line))
            return  # and end as programs end: loky has its workers to send home
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _load() -> None:
    """Import what a sweep needs, and load its kernel."""
    import fastq
    import fastq.cli

    small = {"env": "fastq/WindyGridworld-v0", "agent": "q_learning", "episodes": 1, "runs": 20}
    with tempfile.TemporaryDirectory() as folder:
        sweep = fastq.Sweep(**small, grid={"alpha": [0.1, 0.5]})
        fastq.run(sweep, out=Path(folder) / "out", n_jobs=1, progress=False).summary()


def _call(call: dict[str, Any]) -> None:
    """Call a function of which the source is given."""
    os.setsid()
    log = os.open(call["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    exec(call["source"], globals())
    globals()[call["name"]](**call["arguments"])


if __name__ == "__main__":
    main()
