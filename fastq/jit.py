"""How fastq compiles: no `fastmath`, no fused multiply-add, the GIL released, cached on disk.

So a compiled function computes the very bits of its plain-Python source. Numba holds a cached
function only against the file that it stands in, and would miss an edit of a helper elsewhere.
Here each cached function carries the digest of all compiled sources as a free variable, which is
part of Numba's cache key: an edit of any of them compiles anew.
"""

import functools
import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def inlined(function: F) -> F:
    """Compile a small helper that only compiled functions call, as a part of its callers."""
    return cast(F, numba.njit(nogil=True)(function))


def compiled(function: F) -> F:
    """Compile a function that Python calls, once for each machine and signature."""
    plain = cast(types.FunctionType, function)
    code = plain.__code__.replace(co_freevars=("sources_digest",))
    cell = types.CellType(sources_digest())
    keyed = types.FunctionType(code, plain.__globals__, plain.__name__, closure=(cell,))
    for attribute in functools.WRAPPER_ASSIGNMENTS:
        setattr(keyed, attribute, getattr(plain, attribute))
    return cast(F, numba.njit(nogil=True, cache=True)(keyed))


@functools.cache
def sources_digest() -> str:
    """Digest the package's compiled sources."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources() -> list[Path]:
    """List the files that hold compiled functions, and this one."""
    package = Path(__file__).parent
    return [package / "jit.py", package / "streams.py", *sorted(package.glob("kernels/*.py"))]


def is_cached(function: Callable[..., Any]) -> bool:
    """Say whether some form of a compiled function lies on disk, newer than all sources."""
    dispatcher = cast(Any, function)
    source = Path(dispatcher.py_func.__code__.co_filename)
    pattern = f"{source.stem}.{dispatcher.py_func.__qualname__}-*.nbi"
    indices = Path(dispatcher.stats.cache_path or ".").glob(pattern)
    newest = max(path.stat().st_mtime for path in _sources())
    return any(index.stat().st_mtime > newest for index in indices)
