"""Values as Python expressions that give the very same values again.

Numbers, words and containers of them are written as Python writes them, which is exact for floats.
Arrays are written as lists, or as their bytes where they are long. Expressions may use names that
`preamble` defines.
"""

import base64
import math
import zlib
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

_ARRAY = '''\
def _array(dtype, shape, order, data):
    """Make an array of its packed bytes."""
    values = _numpy.frombuffer(_zlib.decompress(_base64.b85decode(data)), dtype)
    return values.reshape(shape, order=order).copy(order)
'''

_SHORT = 200
_CONTAINERS: dict[type, tuple[str, str]] = {
    tuple: ("(", ")"),
    list: ("[", "]"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


class NoLiteralError(Exception):
    """A value that is not written as an expression."""


def preamble(text: str) -> str:
    """Define what the expressions in a text use."""
    whole = _ARRAY + text if "_array(" in text else text
    libraries = ("base64", "numpy", "types", "zlib")
    imports = [f"import {name} as _{name}\n" for name in libraries if f"_{name}." in whole]
    return "".join([*imports, "\n", *([_ARRAY, "\n"] if whole != text else [])])


def literal(value: Any) -> str:
    """Write a value.

    Raises
    ------
    NoLiteralError
        Where it is no number, word, array of numbers, nor a container of such.
    """
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, np.ndarray | np.generic) and type(value).__module__ == "numpy":
        return _numbers(np.asarray(value), "" if isinstance(value, np.ndarray) else "[()]")
    raise NoLiteralError


def _container(value: Any) -> str:
    """Write a tuple, list or set."""
    opening, closing = _CONTAINERS[type(value)]
    if not value:
        return f"{type(value).__name__}()"
    comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
    return f"{opening}{', '.join(map(literal, value))}{comma}{closing}"


def _table(value: dict[Any, Any]) -> str:
    """Write a dictionary."""
    items = (f"{literal(name)}: {literal(one)}" for name, one in value.items())
    return f"{{{', '.join(items)}}}"


def _float(value: float) -> str:
    """Write a float."""
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def _complex(value: complex) -> str:
    """Write a complex number, with the signs of its zeros."""
    return f"complex({_float(value.real)}, {_float(value.imag)})"


def _numbers(value: np.ndarray[Any, Any], item: str) -> str:
    """Write an array of numbers, in its order in memory; or with `item` the one that it holds."""
    if value.dtype.kind not in "biufc":
        raise NoLiteralError
    order: Literal["F", "C"] = (
        "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    )
    kind = f"{value.dtype.str!r}"
    if value.size <= _SHORT and value.dtype.kind in "bif" and np.isfinite(value).all():
        return f"_numpy.array({value.tolist()!r}, {kind}, order={order!r}){_shape(value)}{item}"
    data = base64.b85encode(zlib.compress(value.tobytes(order))).decode()
    return f"_array({kind}, {value.shape!r}, {order!r}, {data!r}){item}"


def _shape(value: np.ndarray[Any, Any]) -> str:
    """Say the shape of an array that its list does not tell."""
    return f".reshape({value.shape!r})" if value.size == 0 else ""


_WRITERS: dict[type, Callable[[Any], str]] = {
    **dict.fromkeys((bool, int, str, bytes, type(None), type(...), range), repr),
    **dict.fromkeys(_CONTAINERS, _container),
    float: _float,
    complex: _complex,
    dict: _table,
}
