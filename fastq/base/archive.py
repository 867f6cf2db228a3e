"""Arrays and a little text about them in one ``.npz`` file, without pickle."""

import contextlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.files import put

_ABOUT = "about"
_FOLDER = "in a folder that exists"

Place = str | Path | BinaryIO
"""A path, or an open file."""


def write(place: Place, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write arrays, and what JSON can say about them; a path's file is whole or not there.

    Raises
    ------
    InputError
        Where the folder does not exist.
    """
    entries: dict[str, Any] = {_ABOUT: np.array(json.dumps(about)), **arrays}
    if not isinstance(place, str | Path):
        np.savez_compressed(place, **entries)
        return
    final = Path(place)
    if not final.parent.is_dir():
        raise _refused(place, f"must be {_FOLDER}", _FOLDER)
    packed = io.BytesIO()
    np.savez_compressed(packed, **entries)
    put(final, packed.getvalue())


def read(place: Place, kind: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        For a file that is missing, damaged or another; `kind` says what it must be.
    """
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with contextlib.closing(zipfile.ZipFile(place)) as archive:
            for entry in archive.namelist():
                whole = io.BytesIO(archive.read(entry))  # its checksum is compared at the end
                table = np.lib.format.read_array(whole, allow_pickle=False)
                arrays[entry.removesuffix(".npy")] = table
        about = json.loads(str(arrays.pop(_ABOUT)))
        if not isinstance(about, dict):
            raise TypeError(f"{_ABOUT} is no mapping")
    except FileNotFoundError:
        raise _refused(place, "no such file") from None
    except _DAMAGES as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _refused(place, f"must be {kind} ({reason})", kind) from None
    return arrays, about


def _refused(place: Place, said: str, allowed: str | None = None) -> InputError:
    """Say what is wrong with a path."""
    message = f"path = {str(place)!r}: {said}"
    return InputError(message, field="path", value=place, allowed=allowed)


_DAMAGES = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What Python's and NumPy's readers raise on bytes that no one wrote."""
