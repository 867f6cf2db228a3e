"""Files that are whole or not there: written under another name, flushed to disk, renamed."""

import contextlib
import os
from pathlib import Path


def put(temporary: Path, final: Path) -> None:
    """Flush a file to disk and give it its name; the rename is what makes it count."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(final)
    with contextlib.suppress(OSError):  # not every system flushes directories
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
