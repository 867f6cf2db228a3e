"""Where a study lies: a directory, or a URL that fsspec knows, as ``s3://bucket/study``.

A file in it is whole or not there: in a directory it is written under another name and renamed,
elsewhere it is put as one object. A store is what tasks take with them to other machines, so it can
be pickled, and names its place in full.
"""

import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastq.atomic import put
from fastq.errors import InputError

_LOCK = ".lock"
_TEMPORARY = ".tmp"


class Store(ABC):
    """Named files; names are relative, with ``/`` between folders. Whatever fails is an OSError."""

    @abstractmethod
    def __str__(self) -> str:
        """Name the place."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Read a file."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write a file, in place of what it was, so that it is whole at any time."""

    @abstractmethod
    def names(self, folder: str, suffix: str) -> list[str]:
        """List the whole files of a folder, in an order that depends on their names alone."""

    @abstractmethod
    def is_free(self) -> bool:
        """Say whether nothing is there yet."""

    @abstractmethod
    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes off the study; raise `InputError` where one is at work."""

    @abstractmethod
    def sweep_up(self) -> None:
        """Remove what killed processes left behind."""


class Directory(Store):
    """A directory of this machine, or one that several share."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __str__(self) -> str:
        return str(self.path)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path.absolute()}  # workers may stand elsewhere

    def read(self, name: str) -> bytes:
        """Read a file."""
        return (self.path / name).read_bytes()

    def put(self, name: str, data: bytes) -> None:
        """Write a file under another name, flush it to disk, and rename it."""
        final = self.path / name
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".{uuid.uuid4().hex}{_TEMPORARY}")
        try:
            temporary.write_bytes(data)
            put(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)

    def names(self, folder: str, suffix: str) -> list[str]:
        """List the whole files, but for hidden ones: what is being written is hidden."""
        found = (self.path / folder).glob(f"[!.]*{suffix}")
        return sorted(f"{folder}/{path.name}" for path in found)

    def is_free(self) -> bool:
        """Say whether there is nothing but what a process that was killed at once may leave."""
        if not self.path.exists():
            return True
        return self.path.is_dir() and all(_is_our_own(path.name) for path in self.path.iterdir())

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the file ``.lock``: the system frees it, however the process ends."""
        from filelock import FileLock, Timeout

        is_new, file = not self.path.exists(), self.path / _LOCK
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(file, timeout=0)
            lock.acquire()
        except Timeout:
            raise InputError(
                f"out = {str(self)!r}: another sweep is at work there; must be one at a time"
            ) from None
        except OSError as error:
            raise InputError(f"out = {str(self)!r}: cannot be written ({error.strerror})") from None
        try:
            yield
        finally:
            if is_new and self.is_free():  # the sweep was refused: leave nothing behind
                self.sweep_up()
                file.unlink(missing_ok=True)
                self.path.rmdir()
            lock.release()

    def sweep_up(self) -> None:
        """Remove files that were never renamed."""
        for folder in (self.path, self.path / "parts"):
            for path in folder.glob(f".*{_TEMPORARY}"):
                path.unlink(missing_ok=True)


def _is_our_own(name: str) -> bool:
    """Say whether a file is a lock, or was never renamed."""
    return name == _LOCK or (name.startswith(".") and name.endswith(_TEMPORARY))
