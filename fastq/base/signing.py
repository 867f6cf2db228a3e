"""Signatures: what this user wrote, and nobody else changed.

A signature is an HMAC-SHA256 with a random key of this user. The key is made when it is first
needed and never leaves its file, ``key`` in the user's data folder, or in the folder that the
environment variable FASTQ_KEY_DIR names. Others cannot read it: a key that they can is not used.
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from fastq.base.files import put

_SIZE = 32
_NAME = "key"
_SECONDS = 10


class NoKeyError(Exception):
    """Says why there is no key."""


def sign(content: Any) -> str:
    """Sign what JSON can hold.

    Raises
    ------
    NoKeyError
        Where there is no key, and none can be made.
    """
    return _signature(_key(may_make=True), content)


def is_signed(content: Any, signature: object) -> bool:
    """Say whether a signature is this user's."""
    if not isinstance(signature, str):
        return False
    try:
        expected = _signature(_key(may_make=False), content)
    except NoKeyError:
        return False
    return hmac.compare_digest(expected.encode(), signature.encode())


def _signature(key: bytes, content: Any) -> str:
    """Sign with a key."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()


def key_folder() -> Path:
    """Name the folder that the key lies in."""
    named = os.environ.get("FASTQ_KEY_DIR")
    return Path(named) if named else platformdirs.user_data_path("fastq", appauthor=False)


def _key(may_make: bool) -> bytes:
    """Read the key; make it where there is none yet."""
    path = key_folder() / _NAME
    try:
        if may_make and not path.exists():
            _make(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise NoKeyError(f"{path}: others can read it; must have mode 600")
        key = path.read_bytes()
    except Timeout:
        raise NoKeyError(f"{path}: another process is making it") from None
    except OSError as error:
        raise NoKeyError(f"{path}: {error.strerror}") from None
    if len(key) != _SIZE:
        raise NoKeyError(f"{path}: is damaged")
    return key


def _make(path: Path) -> None:
    """Make a key, unless another process does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_name(".lock"), timeout=_SECONDS):
        if path.exists():
            return
        put(path, secrets.token_bytes(_SIZE), mode=0o600)
