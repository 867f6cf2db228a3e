"""Files that are whole or not there: written under another name, flushed to disk, renamed.

Whatever fastq writes to a disk is written here. The other name is random and must be new, so nobody
can put a link there beforehand.
"""

import contextlib
import os
import stat
import uuid
from pathlib import Path

TEMPORARY = ".tmp"
"""The end of the name of a file that was never renamed. Such a name begins with a dot."""
LARGEST_FILE = 2**32
"""Bytes: fastq reads no larger file."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_NEW |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def put(final: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file, or replace it; where that fails, leave what was there.

    Parameters
    ----------
    final : Path
    data : bytes
    mode : int
        Who may read and write it. The process's mask may take rights away.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    temporary = final.with_name(f".{uuid.uuid4().hex}{TEMPORARY}")
    try:
        with os.fdopen(os.open(temporary, _NEW, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not every system flushes directories
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """Read a regular file; refuse at once what never ends, such as a pipe or a device.

    Parameters
    ----------
    path : Path
    largest : int
        The most bytes that it may have.

    Raises
    ------
    OSError
        Where it cannot be read, is no regular file, or is too large.
    """
    with os.fdopen(os.open(path, _READ), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"it is {_kind(about.st_mode)}; must be a regular file")
        if about.st_size > largest:
            raise OSError(f"it has {about.st_size} bytes; must be at most {largest}")
        try:
            return file.read(about.st_size)
        except MemoryError:
            raise OSError(f"its {about.st_size} bytes do not fit into memory") from None


def _kind(mode: int) -> str:
    """Name what is no regular file."""
    kinds = [(stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket")]
    return next((name for is_one, name in kinds if is_one(mode)), "a device")
