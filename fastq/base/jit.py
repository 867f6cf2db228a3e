"""How fastq compiles: no `fastmath`, no fused multiply-add, the GIL released, cached on disk.

So a compiled function computes the very bits of its plain-Python source. Numba holds a cached
function only against the file that it stands in, and would miss an edit of a helper elsewhere.
Here each cached function carries the digest of all compiled sources as a free variable, which is
part of Numba's cache key. An edit of any of them compiles the function again.
"""

import functools
import hashlib
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from fastq.base.captured import converted_value, plain_function, with_converted
from fastq.base.deferred import Deferred
from fastq.base.disk_cache import kept_on_disk, lies_on_disk
from fastq.base.errors import InputError
from fastq.base.validation import meant

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parents[1]
_COMPILED = (
    "base/deferred.py",
    "base/intrinsics.py",
    "base/jit.py",
    "base/references.py",
    "agents/rules.py",
    "training/streams.py",
)
"""All files that hold compiled functions, besides those of the kernels."""

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_INSIDE: dict[str, Any] = {
    "_nrt": False,
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""For what Python never calls: without a way in from Python it compiles in half the time."""


def check_compiler() -> None:
    """Raise `InputError` where Numba is told not to compile: kernels are for compiled code only."""
    if cast(Any, numba.config).DISABLE_JIT:
        raise InputError(
            "NUMBA_DISABLE_JIT = 1: kernels cannot run uncompiled; must be unset or 0 "
            "(fastq.reference trains in plain Python)"
        )


def _helper(function: Any, options: Mapping[str, Any]) -> Any:
    """Compile what only compiled functions call, as a part of these."""
    return numba.jit(pipeline_class=Deferred, **options)(function)


def inlined(function: F) -> F:
    """Compile a small helper that only compiled functions call, as a part of its callers.

    Such functions allocate nothing, so references are not counted (``_nrt=False``): where arrays
    travel in tuples, as here, counting took 100 ns and more for each step.
    """
    return cast(F, _helper(function, {**_OPTIONS, **_INSIDE}))


def checked(
    function: F, *, tag: str = "", allocates: bool = False, _callers: tuple[Any, ...] = ()
) -> F:
    """Compile a helper, or a rule of a custom algorithm, with a check of every index.

    The functions that it calls, plain ones or compiled ones, are compiled likewise, also those that
    are defaults of its arguments.

    Raises
    ------
    InputError
        Where it calls itself.
    """
    plain = cast(types.FunctionType, plain_function(function))
    if plain in _callers:
        raise InputError(f"{plain.__name__} calls itself: a compiled rule cannot")
    convert = functools.partial(checked, tag=tag, allocates=allocates, _callers=(*_callers, plain))
    bound = rebound(plain, with_converted(plain, convert), tag)
    bound.__defaults__ = converted_value(plain.__defaults__, convert)
    options = {**_OPTIONS, "error_model": "python", "boundscheck": True, "_nrt": allocates}
    return cast(F, numba.njit(forceinline=True, **options)(bound))


def compiled(function: F) -> F:
    """Compile a function that Python calls, once for each machine and signature."""
    return specialised(function, function.__name__, "", {}, ())


def specialised(
    template: F, name: str, digest: str, names: Mapping[str, Any], points: Sequence[str]
) -> F:
    """Compile a function that Python calls, with other values for some global names.

    Parameters
    ----------
    template : function
    name : str
        Numba keeps what it compiles in a file of this name.
    digest : str
        Of what the names are bound to, where that is not among the package's compiled sources.
    names : mapping
        Numbers and compiled functions, which become constants of the compiled code; also in the
        compiled functions that the template calls, and in those that they call.
    points : sequence of str
        The binding points of the template: which names it lets be bound.

    Raises
    ------
    InputError
        For a name that is no binding point.
    """
    for bound_name in names:
        if bound_name not in points:
            raise InputError(
                f"{bound_name}: {template.__name__} lets only {', '.join(points)} be bound"
                f"{meant(bound_name, points)}"
            )
    bound = cast(types.FunctionType, rebound(template, _with_callees(template, names, {})))
    code = bound.__code__.replace(co_freevars=("sources_digest",))
    cell = types.CellType(sources_digest() + digest)
    keyed = types.FunctionType(code, bound.__globals__, name, closure=(cell,))
    keyed.__qualname__, keyed.__module__, keyed.__doc__ = name, template.__module__, bound.__doc__
    return cast(F, kept_on_disk(numba.njit(**_OPTIONS)(keyed)))


def _with_callees(function: Any, names: Mapping[str, Any], done: dict[Any, Any]) -> dict[str, Any]:
    """Add to the names that a function uses the functions that it calls, where they use some.

    Rules of custom algorithms, which are `checked`, stay as they are: they have names of their own.
    """
    plain = plain_function(function)
    bound = {name: names[name] for name in plain.__code__.co_names if name in names}
    for name in plain.__code__.co_names:
        callee = bound.get(name, plain.__globals__.get(name))
        if not hasattr(callee, "py_func") or callee.targetoptions.get("boundscheck"):
            continue
        if callee not in done:
            inside = _with_callees(callee, names, done)
            in_order = tuple((name, inside[name]) for name in sorted(inside))
            done[callee] = _bound(callee, in_order) if inside else callee
        if done[callee] is not callee or name in bound:
            bound[name] = done[callee]
    return bound


@functools.cache
def _bound(callee: Any, inside: tuple[tuple[str, Any], ...]) -> Any:
    """Compile a function with other values for some names, once.

    The tag says what is bound to which function, and so is the same in each process.
    """
    said = " ".join(f"{name}={_said(value)}" for name, value in inside)
    tag = hashlib.sha256(f"{_said(callee)} {said}".encode()).hexdigest()[:16]
    return _helper(rebound(callee.py_func, dict(inside), tag), callee.targetoptions)


def _said(value: Any) -> str:
    """Name a function by where it stands, and write a number as it is."""
    plain = plain_function(value)
    if isinstance(plain, types.FunctionType):
        return f"{plain.__module__}.{plain.__qualname__}"
    return repr(value)


def rebound(template: F, names: Mapping[str, Any], tag: str = "") -> F:
    """Copy a plain function, with other values for some of its global names.

    Numba makes symbols of qualified names, which must differ between copies: hence the tag. And it
    imports the module of what it finds in its cache, which not every script is: hence ours.
    """
    plain = cast(types.FunctionType, template)
    code, cells = plain.__code__, plain.__closure__ or ()
    bound = types.FunctionType(
        code,
        {**plain.__globals__, **names, "__name__": __name__},
        plain.__name__,
        plain.__defaults__,
        tuple(
            types.CellType(names[name]) if name in names else cell
            for name, cell in zip(code.co_freevars, cells, strict=True)
        ),
    )
    bound.__kwdefaults__ = plain.__kwdefaults__
    bound.__module__, bound.__doc__ = __name__, plain.__doc__
    bound.__qualname__ = f"{plain.__qualname__}_{tag}" if tag else plain.__qualname__
    return cast(F, bound)


@functools.cache
def sources_digest() -> str:
    """Digest the package's compiled sources."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources() -> list[Path]:
    """List the files that hold compiled functions, and this one."""
    kernels = sorted(_PACKAGE.glob("training/kernels/*.py"))
    if not kernels:  # a path that holds nothing must not look like one whose files never change
        raise FileNotFoundError(f"{_PACKAGE / 'training/kernels'} holds no kernels")
    return [*(_PACKAGE / name for name in _COMPILED), *kernels]


def is_cached(function: Callable[..., Any]) -> bool:
    """Say whether some form of a compiled function lies on disk, of these sources.

    And for this processor: a folder may serve machines of several kinds.
    """
    check_compiler()
    return lies_on_disk(function)
