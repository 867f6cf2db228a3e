"""What functions compute, as a digest: their text and all that Numba would make part of them.

That is what their defaults hold, what they find outside, and the same of all functions that they
call. Values are written down by their kind and to the last bit, arrays whole. A value that cannot
be written down so is refused, for an edit of it would go unseen.
"""

import enum
import hashlib
import operator
import sys
import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from fastq.base.captured import LIBRARIES, defaults, is_function, plain_function, used
from fastq.base.function_text import Text, digest, of_constant, text_digest

_ARRAYS = (np.ndarray, np.memmap, np.recarray)
_ENUMS = (enum.Enum, enum.IntEnum, enum.Flag, enum.IntFlag, enum.StrEnum)
_ALLOWED = (
    "a number, a text, an array, an enum, a tuple of these, or a function that is plain or "
    "compiled by numba.njit"
)


class ValueKindError(Exception):
    """A function uses a value that cannot be written down to the last bit.

    Parameters
    ----------
    said : str
        Which function uses what, and what is allowed.
    code : code object
        Of the function.
    """

    def __init__(self, said: str, code: types.CodeType) -> None:
        super().__init__(said)
        self.code = code


def digest_of(functions: Iterable[types.FunctionType], *about: Any) -> str:
    """Digest functions, and constants that belong to them: 64 bits as 16 hexadecimal digits.

    Raises
    ------
    ValueKindError
        Where a function uses a value that cannot be written down to the last bit.
    """
    known: dict[types.FunctionType, Text] = {}
    return digest((of_constant(about), *(_of_function(one, known) for one in functions)))[:16]


def _of_function(function: types.FunctionType, known: dict[types.FunctionType, Text]) -> Text:
    """Write down a function by the digest of its text, its defaults and what it finds outside."""
    if function not in known:
        known[function] = ("caller", function.__name__)  # where what it calls calls it
        values = [
            (kind, name, _of_named(function, name, value, known))
            for kind, named in (
                ("default", defaults(function).items()),
                ("outside", used(function)),
            )
            for name, value in named
        ]
        known[function] = ("function", digest((text_digest(function), *values)))
    return known[function]


def _of_named(
    function: types.FunctionType, name: str, value: Any, known: dict[types.FunctionType, Text]
) -> Text:
    """Write down a value that a function uses, or say which function uses what cannot be."""
    try:
        return _of_value(value, known)
    except TypeError as error:
        said = f"{function.__name__} uses {name} of the kind {error}: must be {_ALLOWED}"
        raise ValueKindError(said, function.__code__) from None


def _of_value(value: Any, known: dict[types.FunctionType, Text]) -> Text:
    """Write down a value.

    Raises
    ------
    TypeError
        Naming its kind, where it cannot be done without loss.
    """
    if is_function(value):
        return _of_function(plain_function(value), known)
    if isinstance(value, tuple):
        kind = _of_fields(type(value)) if type(value) is not tuple else ()
        return ("tuple", kind, *(_of_value(item, known) for item in value))
    if isinstance(value, type):
        return _of_class(value, known)
    if isinstance(value, enum.Enum):
        return ("member", _base(type(value)), str(value.name), _of_value(value.value, known))
    return _of_numpy(value) or _of_library(value) or of_constant(value)


def _of_class(kind: Any, known: dict[types.FunctionType, Text]) -> Text:
    """Write down a class: an enum, one of named tuples, an exception or a library's."""
    if issubclass(kind, enum.Enum):
        members = kind.__members__.items()
        return ("enum", _base(kind), *((name, _of_value(m.value, known)) for name, m in members))
    if issubclass(kind, tuple) and kind is not tuple:
        values = getattr(kind, "_field_defaults", {}).items()
        return ("named tuple", _of_fields(kind), *((n, _of_value(v, known)) for n, v in values))
    if issubclass(kind, Exception):
        return ("exception", kind.__qualname__)
    found = _of_library(kind)
    if found is None:
        raise TypeError("class")
    return found


def _of_numpy(value: Any) -> Text | None:
    """Write down what is NumPy's: an array, a number or a dtype."""
    if isinstance(value, np.generic):
        return ("number", *_of_array(np.asarray(value)))
    if type(value) in _ARRAYS:
        return ("array", *_of_array(value))
    if isinstance(value, np.dtype):
        return ("dtype", _of_dtype(value))
    return None


def _base(kind: type) -> str:
    """Name what sort of enum a class is."""
    return next(base.__name__ for base in kind.__mro__ if base in _ENUMS)


def _of_fields(kind: Any) -> Text:
    """Write down a class of named tuples, apart from its defaults."""
    fields = getattr(kind, "_fields", None)
    if fields is None:
        raise TypeError(kind.__name__)
    return (kind.__name__, *fields)


def _of_array(value: Any) -> Text:
    """Write down an array whole, and how it lies in memory, which decides how BLAS sums."""
    if value.dtype.hasobject:
        raise TypeError("an array of Python objects")
    layout = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else "A"
    content = hashlib.sha256(value.tobytes()).hexdigest()
    return (layout, _of_dtype(value.dtype), value.shape, content)


def _of_dtype(dtype: np.dtype[Any]) -> Any:
    """Write down a dtype, as files of NumPy's do."""
    return _plain(np.lib.format.dtype_to_descr(dtype))


def _plain(description: Any) -> Any:
    """Write lists as tuples."""
    if isinstance(description, list | tuple):
        return tuple(map(_plain, description))
    return description


def _of_library(value: Any) -> Text | None:
    """Write down by its name what a library holds under that name."""
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    numba = sys.modules.get("numba")
    if numba and isinstance(value, numba.types.Type):
        return ("type", str(value.name))
    module = getattr(value, "__module__", None) or type(value).__module__
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str) or not callable(value):
        return None
    is_builtin = isinstance(value, types.BuiltinFunctionType)
    if is_builtin or str(module).split(".")[0] in ("builtins", *LIBRARIES):
        try:
            held = operator.attrgetter(name)(sys.modules[module])
        except (AttributeError, KeyError):
            held = None
        if held is value:
            return ("library", str(module), name)
    return None
