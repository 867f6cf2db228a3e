"""Numba's cache of compiled functions, as far as the disk allows.

If the disk is full or cannot be written, each process compiles its own functions, and one warning
says so: a cache saves time and nothing else. A cache of an older fastq may name classes that are
gone. It is emptied, and filled again.
"""

import pickle
import warnings
from collections.abc import Callable
from typing import Any

_UNREADABLE = (AttributeError, ImportError, EOFError, pickle.UnpicklingError)
"""What pickle raises on names that are gone, and on bytes that are cut short."""


class CacheWarning(RuntimeWarning):
    """Compiled kernels cannot be kept on disk."""


def kept_on_disk(dispatcher: Any) -> Any:
    """Let a function, as `numba.njit` gives it, be read from the cache, and be kept there."""
    if not hasattr(dispatcher, "enable_caching"):  # Numba is told not to compile
        return dispatcher
    try:
        dispatcher.enable_caching()
    except (RuntimeError, OSError) as error:  # no folder can be written
        _warn(str(error))
        return dispatcher
    cache = dispatcher._cache
    for name in ("load_overload", "save_overload"):
        setattr(cache, name, _forgiving(cache, getattr(cache, name)))
    return dispatcher


def lies_on_disk(dispatcher: Any) -> bool:
    """Say whether the cache holds some form of a function: of this code, for this processor.

    Numba's keys are a signature, the processor, and digests of the code and of what it closes over.
    """
    index = getattr(dispatcher._cache, "_cache_file", None)
    if index is None:  # no folder can be written
        return False
    this = dispatcher._cache._index_key(None, dispatcher.targetctx.codegen())[1:]
    try:
        return any(key[1:] == this for key in index._load_index())
    except (*_UNREADABLE, OSError):
        return False


def _forgiving(cache: Any, work: Callable[..., Any]) -> Callable[..., Any]:
    """Give up the cache, and nothing else, where the disk fails."""

    def try_it(*arguments: Any) -> Any:
        try:
            return work(*arguments)
        except _UNREADABLE:
            cache.flush()
            return None
        except OSError as error:
            cache.disable()
            _warn(f"{cache.cache_path}: {error.strerror or error}")
            return None

    return try_it


_SAID: list[str] = []
"""What this process has said; once is enough, for what follows has the same reason."""


def _warn(reason: str) -> None:
    """Say once that functions are not kept."""
    if not _SAID:
        _SAID.append(reason)
        warnings.warn(
            f"compiled kernels are not kept on disk, each process compiles anew ({reason}); "
            "NUMBA_CACHE_DIR names another folder",
            CacheWarning,
            stacklevel=2,
        )
