"""Copies of the project, in which modules get bugs and tests look for them.

A copy keeps the times of files, so that the compiled kernels in it stay valid. Nothing is written
to the project itself.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

LEFT_OUT = ("results", "build", "dist")
"""Folders of the root that no copy needs. Neither does it need hidden ones, but those of CI."""


class Scratch:
    """A copy of the project in a folder that does not exist yet."""

    def __init__(self, project: Path, folder: Path) -> None:
        def ignored(parent: str, names: list[str]) -> set[str]:
            if Path(parent) != project:
                return set()
            hidden = {name for name in names if name[0] == "." and name not in (".ci", ".github")}
            return hidden | set(LEFT_OUT)

        self.folder = shutil.copytree(project, folder, ignore=ignored)

    @contextlib.contextmanager
    def holding(self, name: str, text: str) -> Iterator[None]:
        """Put a text in place of a file, and the file back in the end, with its times."""
        path = self.folder / name
        old, stat = path.read_bytes(), path.stat()
        path.write_text(text)
        try:
            yield
        finally:
            path.write_bytes(old)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def passes(self, tests: Sequence[str], limit: float | None = None) -> tuple[bool, float]:
        """Run tests until one fails; give whether all pass within the limit, and the seconds.

        Slow tests are left out. To collect none is no success.
        """
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow"]
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=self.folder,
            env={**os.environ, **self._environment()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            passed = process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            passed = False
        finally:
            with contextlib.suppress(ProcessLookupError):  # also the processes that tests started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return passed, time.monotonic() - started

    def _environment(self) -> dict[str, str]:
        """Let all processes import the copy; a cached module could be that of another mutant."""
        return {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
