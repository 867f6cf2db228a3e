"""Numba's cache of compiled functions, as far as the disk allows.

Where it is full or cannot be written, functions are compiled in each process anew, and one warning
says so: a cache saves time and nothing else. What an older fastq kept may name classes that are
gone; such a cache is begun anew.
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
