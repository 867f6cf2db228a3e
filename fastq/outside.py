"""What a function uses from outside itself: values, and functions, directly or through modules.

Rules of one's own call helpers. Their code is part of what an algorithm is, and is compiled, or
left uncompiled, together with them. Libraries that Numba knows are left alone.
"""

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

_LIBRARIES = ("math", "numba", "numpy")


def plain_function(value: Any) -> Any:
    """Give the plain form of a compiled function; anything else as it is."""
    return getattr(value, "py_func", value)


def is_function(value: Any) -> bool:
    """Say whether a value is a function, plain or compiled."""
    return isinstance(plain_function(value), types.FunctionType)


def used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """List what a function uses from outside by its name, which may be dotted, in order of names.

    Modules stand for what is used of them.
    """
    for name, value in _names(function).items():
        if _is_open(value):
            yield from _used_of(name, value, _looked_up(function.__code__))
        else:
            yield name, value


def with_converted(
    function: types.FunctionType, convert: Callable[[types.FunctionType], Any]
) -> dict[str, Any]:
    """Convert the functions that a function uses; give new values for its global names."""
    converted: dict[str, Any] = {}
    for name, value in _names(function).items():
        if is_function(value):
            converted[name] = convert(plain_function(value))
        elif _is_open(value):
            converted[name] = _converted_module(value, _looked_up(function.__code__), convert)
    return converted


def _names(function: types.FunctionType) -> dict[str, Any]:
    """Give the values that a function finds outside, by their names."""
    closed = inspect.getclosurevars(function).nonlocals
    known = {**function.__globals__, **closed}
    return {
        name: known[name] for name in sorted({*_looked_up(function.__code__), *closed} & {*known})
    }


def _looked_up(code: types.CodeType) -> set[str]:
    """List the names and attributes that code looks up, and those that the code inside it does."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(_looked_up, inner))


def _is_open(value: Any) -> TypeGuard[types.ModuleType]:
    """Say whether a value is a module whose functions are looked into."""
    return isinstance(value, types.ModuleType) and value.__name__.split(".")[0] not in _LIBRARIES


def _used_of(
    name: str, module: types.ModuleType, attributes: set[str]
) -> Iterator[tuple[str, Any]]:
    """List what is used of a module."""
    for attribute in sorted(attributes):
        value = getattr(module, attribute, None)
        if _is_open(value):
            yield from _used_of(f"{name}.{attribute}", value, attributes - {attribute})
        elif value is not None:
            yield f"{name}.{attribute}", value


def _converted_module(
    module: types.ModuleType,
    attributes: set[str],
    convert: Callable[[types.FunctionType], Any],
) -> types.ModuleType:
    """Copy a module, with the functions that are used of it converted."""
    copy = types.ModuleType(module.__name__)
    copy.__dict__.update(vars(module))
    for attribute in attributes:
        value = getattr(module, attribute, None)
        if is_function(value):
            setattr(copy, attribute, convert(plain_function(value)))
        elif _is_open(value):
            setattr(copy, attribute, _converted_module(value, attributes - {attribute}, convert))
    return copy
