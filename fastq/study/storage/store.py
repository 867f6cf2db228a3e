"""Where a study lies: a directory, or a URL that fsspec knows, as ``s3://bucket/study``.

A file in it is whole or not there: in a directory it is written under another name and renamed,
elsewhere it is put as one object. A store is what tasks take with them to other machines, so it can
be pickled, and names its place in full.
"""

import contextlib
import errno
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastq.base.errors import InputError, RunError
from fastq.base.files import TEMPORARY, put, read

_LOCK = ".lock"


def refused(store: object, said: str) -> InputError:
    """Say why a sweep cannot use the store that it was given as ``out``."""
    return InputError(f"out = {str(store)!r}: {said}", field="out", value=str(store))


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

    @abstractmethod
    def check_place(self) -> None:
        """Raise `RunError` where the place that was locked is no longer the one of that name."""


class Home(NamedTuple):
    """Which directory it is, whatever its name: inodes compare on one machine only."""

    machine: str
    device: int
    inode: int


class Directory(Store):
    """A directory of this machine, or one that several share.

    Once it is locked, it stays that very directory: when it is moved, deleted or replaced, nothing
    more is written at its path. Only `lock` makes it; to put a file makes at most a folder in it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._home: Home | None = None

    def __str__(self) -> str:
        return str(self.path)

    def __getstate__(self) -> dict[str, Any]:
        # Workers may stand elsewhere.
        return {"path": self.path.absolute(), "_home": self._home}

    def read(self, name: str) -> bytes:
        """Read a file."""
        return read(self.path / name)

    def put(self, name: str, data: bytes) -> None:
        """Write a file under another name, flush it to disk, and rename it."""
        if not self._is_there():
            raise FileNotFoundError(errno.ENOENT, f"{self.path}: {_GONE}")
        final = self.path / name
        if final.parent != self.path:
            final.parent.mkdir(exist_ok=True)
        put(final, data)

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

        with contextlib.ExitStack() as stack:
            is_new, file = not self.path.exists(), self.path / _LOCK
            try:
                if self._home:
                    self.check_place()
                else:
                    self.path.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_held_open(self.path))
                lock = FileLock(file, timeout=0)
                lock.acquire()
            except Timeout:
                said = "another sweep is at work there; must be one at a time"
                raise refused(self, said) from None
            except OSError as error:
                raise refused(self, f"cannot be written ({error.strerror})") from None
            stack.callback(lock.release)
            self._home = self._home or _home_of(self.path)
            try:
                yield
            finally:
                if is_new and self._is_there() and self.is_free():  # refused: leave nothing behind
                    self.sweep_up()
                    file.unlink(missing_ok=True)
                    self.path.rmdir()
                    self._home = None

    def sweep_up(self) -> None:
        """Remove files that were never renamed."""
        if not self._is_there():
            return
        for folder in (self.path, self.path / "parts"):
            for path in folder.glob(f".*{TEMPORARY}"):
                path.unlink(missing_ok=True)

    def check_place(self) -> None:
        """Raise `RunError` where the directory is no longer the one that was locked."""
        if not self._is_there():
            raise RunError(f"{self}: {_GONE}; what was finished is where the directory is now")

    def _is_there(self) -> bool:
        """Say whether the path leads to the directory that was locked, or none was."""
        if self._home is None or self._home.machine != socket.gethostname():
            return True
        return _home_of(self.path) == self._home


_GONE = "was moved or deleted while a sweep was at work in it"


def _home_of(path: Path) -> Home | None:
    """Say which directory is at a path."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Home(socket.gethostname(), found.st_dev, found.st_ino)


@contextlib.contextmanager
def _held_open(path: Path) -> Iterator[None]:
    """Hold a directory open, so that no new one gets its inode when it is deleted."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no directories, nor lets them go while they are in use
        yield
        return
    try:
        yield
    finally:
        os.close(handle)


def _is_our_own(name: str) -> bool:
    """Say whether a file is a lock, or was never renamed."""
    return name == _LOCK or (name.startswith(".") and name.endswith(TEMPORARY))
