"""A store at a URL that fsspec knows, as ``s3://bucket/study`` or ``memory://study``.

An object is put as a whole, so nothing is renamed. Who asks fsspec for S3 gives keys and endpoint
as its tools do, in the environment: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and their like.
"""

import contextlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.study.storage.store import Directory, Store, refused

T = TypeVar("T")
_LOCK = "lock"


def open_store(place: str | Path | Store) -> Store:
    """Give the store at a path or URL.

    Raises
    ------
    InputError
        For a URL that nothing here can open.
    """
    if isinstance(place, Store):
        return place
    if not isinstance(place, str | Path):
        allowed = "the name of a directory, or a URL"
        raise InputError(f"{shorten(place)}: must be {allowed}", value=place, allowed=allowed)
    return Remote(str(place)) if "://" in str(place) else Directory(place)


def shown(place: object) -> str:
    """Name a place as it may be printed: a URL without the user and password that it may hold."""
    return _USER.sub("", str(place))


_USER = re.compile(r"(?<=://)[^/\s]*@")
"""Who asks, in a URL, as ``user:password@``."""


class Remote(Store):
    """A folder of objects. It is named in all messages without the user and password of its URL.

    Raises
    ------
    InputError
        Where fsspec, or the package for this kind of URL, is missing, or there is no such kind.
    """

    def __init__(self, url: str) -> None:
        protocol, _, path = url.partition("://")
        self.url = f"{protocol}://{path.rstrip('/')}"
        if not path.strip("/"):
            raise refused(shown(url), f"must name a folder after {protocol}://")
        try:
            from fsspec.core import url_to_fs

            # What other processes put must be seen at once.
            self._system, self._root = url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError, OSError) as error:
            said = f"must be a directory, or a URL that fsspec can open ({self._said(error)})"
            raise refused(shown(url), said) from None

    def __str__(self) -> str:
        return shown(self.url)

    def __reduce__(self) -> tuple[type["Remote"], tuple[str]]:
        return Remote, (self.url,)  # each process has connections of its own

    def read(self, name: str) -> bytes:
        """Read an object."""
        return bytes(self._done(lambda: self._system.cat_file(self._path(name))))

    def put(self, name: str, data: bytes) -> None:
        """Put an object."""
        self._done(lambda: self._system.pipe_file(self._path(name), data))

    def names(self, folder: str, suffix: str) -> list[str]:
        """List the objects of a folder."""
        try:
            found = self._done(lambda: self._system.ls(self._path(folder), detail=False))
        except FileNotFoundError:
            return []
        bare = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return sorted(f"{folder}/{name}" for name in bare if name.endswith(suffix))

    def is_free(self) -> bool:
        """Say whether there is nothing but, perhaps, the lock."""
        return not [name for name in self.names("", "") if name != f"/{_LOCK}"]

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the object ``lock``, which only one process can make.

        It outlives a process that is killed. Whoever finds it, of a process of this machine that
        is no more, takes it over.
        """
        mine = json.dumps({"machine": socket.gethostname(), "process": os.getpid()})
        path = self._path(_LOCK)
        try:
            if _is_abandoned(self._holder()):
                self._done(lambda: self._system.rm_file(path))
            self._done(lambda: self._system.pipe_file(path, mine.encode(), mode="create"))
        except FileExistsError:
            raise refused(
                self,
                f"another sweep is at work there ({shorten(self._holder())}); "
                f"must be one at a time; where it was killed, delete {self}/{_LOCK}",
            ) from None
        except OSError as error:
            raise refused(self, f"cannot be written ({self._said(error)})") from None
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._done(lambda: self._system.rm_file(path))

    def sweep_up(self) -> None:
        """Do nothing: what was not put whole is not there."""

    def check_place(self) -> None:
        """Do nothing: objects do not move."""

    def _holder(self) -> dict[str, Any]:
        """Say who holds the lock."""
        try:
            found = json.loads(self.read(_LOCK))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _path(self, name: str) -> str:
        """Name an object as its system does."""
        return f"{self._root.rstrip('/')}/{name}".rstrip("/")

    def _done(self, work: Callable[[], T]) -> T:
        """Do what may fail; each system has errors of its own."""
        try:
            return work()
        except FileNotFoundError as error:
            raise FileNotFoundError(self._said(error)) from None
        except FileExistsError as error:
            raise FileExistsError(self._said(error)) from None
        except Exception as error:
            name = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
            raise OSError(f"{name}{self._said(error)}") from None

    def _said(self, error: Exception) -> str:
        """Give the text of an error without what only the user should know."""
        text = shown(error)
        for user in _USER.findall(self.url):
            password = user[:-1].partition(":")[2]
            for secret in {password, unquote(password)} - {""}:
                text = text.replace(secret, "***")
        return shorten(text, 120)


def _is_abandoned(holder: dict[str, Any]) -> bool:
    """Say whether a lock is that of a process of this machine that has ended."""
    process = holder.get("process")
    if holder.get("machine") != socket.gethostname() or not isinstance(process, int):
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
