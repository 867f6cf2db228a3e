"""What a function uses from outside itself: values, and functions, directly or through modules.

The rules of a custom algorithm call helpers. The code of these helpers is part of the algorithm. It
is compiled, or left uncompiled, together with the rules. Libraries that Numba knows are left alone.
Only names that the code looks up count: `agent.alpha` does not use a global `alpha`.
"""

import builtins
import dis
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeGuard

LIBRARIES = ("math", "numba", "numpy")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_NOT_OUTSIDE = (*_ATTRIBUTE, "LOAD_SUPER_ATTR", "LOAD_CLOSURE")
_SILENT = ("CACHE", "EXTENDED_ARG", "NOP", "PUSH_NULL")
_ANY = "*"
"""Stands for an attribute: any of those that follow."""
Chain = tuple[str, ...]
"""Attributes of attributes of a value."""
_MISSING = object()


class Lookup(NamedTuple):
    """A name that code looks up outside itself, and attributes of it that follow at once."""

    name: str
    attributes: tuple[str, ...]
    free: bool
    """Whether it is a variable of an enclosing function, and no global."""
    line: int | None


def plain_function(value: Any) -> Any:
    """Give the plain form of a compiled function; anything else as it is."""
    return getattr(value, "py_func", value)


def is_function(value: Any) -> bool:
    """Say whether a value is a function, plain or compiled, and not one of a library."""
    plain = plain_function(value)
    return isinstance(plain, types.FunctionType) and not _is_of_library(
        str(plain.__globals__.get("__name__"))
    )


def used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """List what a function uses from outside by its name, which may be dotted, in order of names.

    Modules stand for what is used of them. What defaults hold is not among it: see `defaults`.
    """
    for name, value, chains in _found(function):
        yield from _used_of(name, value, chains)


def defaults(function: types.FunctionType) -> dict[str, Any]:
    """Give the default values of a function's arguments, by the names of these."""
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}


def functions_in(value: Any) -> Iterator[types.FunctionType]:
    """List the plain form of a function, or of those in a tuple."""
    if is_function(value):
        yield plain_function(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from functions_in(item)


def reached(function: types.FunctionType) -> Iterator[tuple[str, Any, int | None]]:
    """List what a function looks up outside, also of libraries and Python: name, value, line.

    Of a dotted name each part is listed.
    """
    closed = closed_over(function)
    for one in lookups(function.__code__):
        name = one.name
        known = closed if one.free else function.__globals__
        value = known.get(name, getattr(builtins, name, _MISSING))
        for attribute in one.attributes:
            if value is _MISSING:
                break
            yield name, value, one.line
            name, value = f"{name}.{attribute}", getattr(value, attribute, _MISSING)
        if value is not _MISSING:
            yield name, value, one.line


def with_converted(
    function: types.FunctionType, convert: Callable[[types.FunctionType], Any]
) -> dict[str, Any]:
    """Convert the functions that a function uses; give new values for its names outside."""
    converted: dict[str, Any] = {}
    for name, value, chains in _found(function):
        new = _converted(value, chains, convert)
        if new is not value:
            converted[name] = new
    return converted


def converted_value(value: Any, convert: Callable[[types.FunctionType], Any]) -> Any:
    """Convert a function, or those in a tuple; give anything else as it is."""
    return _converted(value, set(), convert)


@functools.lru_cache(maxsize=1024)
def lookups(code: types.CodeType) -> tuple[Lookup, ...]:
    """List the names that code looks up outside itself, and that the code inside it does."""
    found, chain = [], None
    for instruction in dis.get_instructions(code):
        if is_silent(instruction):
            continue
        if chain is not None and is_attribute(instruction):
            chain = chain._replace(attributes=(*chain.attributes, str(instruction.argval)))
            continue
        if chain is not None:
            found.append(chain)
        chain = _started(code, instruction)
    for inner in _inside(code):
        found += [one for one in lookups(inner) if not (one.free and one.name in code.co_cellvars)]
    return tuple(found)


def is_silent(instruction: dis.Instruction) -> bool:
    """Say whether an instruction does nothing between a name and its attribute."""
    return instruction.opname in _SILENT


def is_attribute(instruction: dis.Instruction) -> bool:
    """Say whether an instruction looks up an attribute of what the one before gave."""
    return instruction.opname in _ATTRIBUTE


def starts_lookup(code: types.CodeType, instruction: dis.Instruction) -> bool:
    """Say whether an instruction looks up a name outside its code."""
    if not instruction.opname.startswith("LOAD_") or instruction.opname in _NOT_OUTSIDE:
        return False
    free = instruction.opcode in dis.hasfree and instruction.argval in code.co_freevars
    return free or instruction.opcode in dis.hasname


def _started(code: types.CodeType, instruction: dis.Instruction) -> Lookup | None:
    """Give what an instruction looks up outside, where it does."""
    if not starts_lookup(code, instruction):
        return None
    free = instruction.opcode in dis.hasfree
    line = instruction.positions.lineno if instruction.positions else None
    return Lookup(str(instruction.argval), (), free, line)


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    """List the code objects that stand in another."""
    yield from (constant for constant in code.co_consts if isinstance(constant, types.CodeType))


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """List a code object, and those inside it."""
    yield code
    for inner in _inside(code):
        yield from codes(inner)


def closed_over(function: types.FunctionType) -> dict[str, Any]:
    """Give the variables of enclosing functions that have a value."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # it has none yet
            continue
    return found


def _found(function: types.FunctionType) -> list[tuple[str, Any, set[Chain]]]:
    """Give the names that a function finds outside, sorted, their values, and what follows them.

    A module that no attribute follows may be asked for any attribute that the code names.
    """
    closed = closed_over(function)
    chains: dict[tuple[str, bool], set[Chain]] = {(name, True): set() for name in closed}
    for one in lookups(function.__code__):
        if one.name in (closed if one.free else function.__globals__):
            chains.setdefault((one.name, one.free), set()).add(one.attributes)
    found = []
    for (name, free), after in sorted(chains.items()):
        value = closed[name] if free else function.__globals__[name]
        if _is_open(value):
            bare = {chain for chain in after or {()} if _ends_open(value, chain)}
            after |= {(*chain, _ANY, *_attributes(function.__code__)) for chain in bare}
        found.append((name, value, after))
    return found


def _ends_open(value: Any, chain: Chain) -> bool:
    """Say whether a chain of attributes ends with a module: then its use cannot be seen."""
    for attribute in chain:
        value = getattr(value, attribute, None)
    return _is_open(value)


@functools.lru_cache(maxsize=1024)
def _attributes(code: types.CodeType) -> tuple[str, ...]:
    """List all attributes that code names."""
    own = {i.argval for i in dis.get_instructions(code) if i.opname in _ATTRIBUTE}
    return tuple(sorted(own.union(*map(_attributes, _inside(code)))))


def _is_of_library(module: str) -> bool:
    """Say whether a module belongs to a library that Numba knows."""
    return module.split(".", maxsplit=1)[0] in LIBRARIES


def _is_open(value: Any) -> TypeGuard[types.ModuleType]:
    """Say whether a value is a module whose functions are looked into."""
    return isinstance(value, types.ModuleType) and not _is_of_library(value.__name__)


def _following(chains: set[Chain]) -> dict[str, set[Chain]]:
    """Give the first attribute of each chain, with what follows it."""
    found: dict[str, set[Chain]] = {}
    for chain in chains:
        if chain and chain[0] == _ANY:
            for attribute in chain[1:]:
                rest = tuple(other for other in chain if other != attribute)
                found.setdefault(attribute, set()).add(rest)
        elif chain:
            found.setdefault(chain[0], set()).add(chain[1:])
    return found


def _used_of(name: str, value: Any, chains: set[Chain]) -> Iterator[tuple[str, Any]]:
    """List what is used of a module; anything else as it is."""
    if not _is_open(value):
        yield name, value
        return
    for attribute, rest in sorted(_following(chains).items()):
        found = getattr(value, attribute, _MISSING)
        if found is not _MISSING:
            yield from _used_of(f"{name}.{attribute}", found, rest)


def _converted(value: Any, chains: set[Chain], convert: Callable[[types.FunctionType], Any]) -> Any:
    """Convert a function, the functions in a tuple, or in a copy of a module those in use."""
    if is_function(value):
        return convert(plain_function(value))
    if isinstance(value, tuple):
        new = [_converted(item, set(), convert) for item in value]
        if all(one is other for one, other in zip(new, value, strict=True)):
            return value
        return type(value)(*new) if hasattr(value, "_fields") else tuple(new)
    if not _is_open(value):
        return value
    copy = types.ModuleType(value.__name__)
    copy.__dict__.update(vars(value))
    for attribute, rest in _following(chains).items():
        if hasattr(value, attribute):
            setattr(copy, attribute, _converted(getattr(value, attribute), rest, convert))
    return copy
