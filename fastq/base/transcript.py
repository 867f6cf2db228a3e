"""Write down a class with all that it uses, as one text that needs no file but itself.

Classes and functions are written as they stand in their files or cells. Values from outside are
written as they are now. What is installed is imported. All share one namespace. If a name is taken,
the second thing gets another name, and a function around its user passes it in under the first.
"""

import ast
import contextlib
import importlib.util
import inspect
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

from fastq.base.captured import plain_function
from fastq.base.listings import (
    Definition,
    Listing,
    attributes_of,
    binding,
    definition_of,
    is_as_listed,
    is_installed,
    listings_of,
    literal_in,
    named,
    names_in,
    postpones,
    text_of,
    within,
)
from fastq.base.literals import NoLiteralError, literal, preamble
from fastq.base.validation import shorten


class UnwrittenError(Exception):
    """Says why an algorithm's source cannot be written down."""


class Place(NamedTuple):
    """Where something stands that was written down."""

    file: str
    name: str
    """Its qualified name there."""
    written: str
    """Its name in the text."""


class _Scope(NamedTuple):
    """Where the names in a definition are looked up."""

    values: dict[str, Any]
    listings: list[Listing]


_HEAD = """\
# An algorithm as fastq wrote it down when a sweep ran it: its rules, and all that they use.
# fastq runs this only for whose key signed it, and for who trusts it.
"""


class Transcript:
    """A text in the making: statements, in an order in which each finds what it uses."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self._blocks: list[str] = []
        self._bound: dict[str, Any] = {}
        self._written: dict[int, tuple[Any, str]] = {}
        self._postponed = False

    def text(self) -> str:
        """Give the text."""
        future = "from __future__ import annotations\n\n" if self._postponed else ""
        body = "\n\n".join(self._blocks) + "\n"
        return f"{_HEAD}\n{future}{preamble(body)}{body}"

    def add_class(self, kind: type[Any]) -> str:
        """Write a class; give the name that it has in the text."""
        functions = _functions_of(kind)
        values = dict(vars(sys.modules[kind.__module__]) if kind.__module__ in sys.modules else {})
        for function in functions:
            values |= _seen_by(function)
        file = functions[0].__code__.co_filename if functions else None
        listings = listings_of(values, file)
        for listing in reversed(listings):
            paths = [definition_of(listing, function.__code__) for function in functions]
            around = [path[-2] for path in paths if len(path) > 1]
            for node in [*around, named(listing.tree, kind.__qualname__)]:
                if node is not None and node.name == kind.__name__:
                    return self._define(kind, node, listing, _Scope(values, listings), functions)
        raise UnwrittenError(f"the source of {kind.__name__} is not to be found")

    def _add_function(self, function: types.FunctionType) -> str:
        """Write a function; give the name that it has in the text."""
        values, file = _seen_by(function), function.__code__.co_filename
        listings = listings_of(values, file)
        for listing in listings:
            path = definition_of(listing, function.__code__) if listing.file == file else ()
            if path:
                scope = _Scope(values, listings)
                return self._define(function, path[-1], listing, scope, [function])
        raise UnwrittenError(f"the source of {function.__name__} is not to be found")

    def _define(
        self,
        value: Any,
        node: Definition,
        listing: Listing,
        scope: _Scope,
        functions: list[types.FunctionType],
    ) -> str:
        """Write a class or a function, after all that it uses; give its name."""
        if not all(is_as_listed(listing, function.__code__) for function in functions):
            raise UnwrittenError(f"{Path(listing.file).name} was edited after it was loaded")
        name = node.name
        is_free = self._bound.setdefault(name, value) is value
        self._written[id(value)] = value, name
        self._postponed |= postpones(listing.tree)
        passed = self._need(node, scope)
        if is_free and not passed:
            self._blocks.append(text_of(listing, node))
        else:
            name = name if is_free else self._other(name, value)
            make = within(node, list(passed))
            self._blocks.append(f"{make}\n\n{name} = _make({', '.join(passed.values())})")
        self._written[id(value)] = value, name
        if named(listing.tree, value.__qualname__) is node:
            self.places.append(Place(_path(listing), value.__qualname__, node.name))
        return name

    def _need(self, node: Any, scope: _Scope) -> dict[str, str]:
        """Bind the names that a statement uses; give other names for those that are taken."""
        passed = {}
        for name in names_in(node):
            if name in scope.values:
                given = self._bind(name, scope.values[name], scope, node)
                if given != name:
                    passed[name] = given
        return passed

    def _bind(self, name: str, outside: Any, scope: _Scope, user: Any) -> str:
        """Have a name stand for a value, or another one where it is taken; give the name."""
        value = plain_function(outside)
        if isinstance(value, types.ModuleType):
            return self._module(name, value, user)
        if name in self._bound and self._bound[name] is value:
            return name
        written = self._expression(name, value, scope)
        if written is None or written == name:
            return name
        if name in self._bound and written.isidentifier():
            return written
        chosen = name if name not in self._bound else self._other(name, value)
        self._bound[chosen] = value
        self._blocks.append(f"{chosen} = {written}")
        self._note(name, chosen, value, scope)
        return chosen

    def _expression(self, name: str, value: Any, scope: _Scope) -> str | None:
        """Give an expression for a value, or None where a statement binds its name to it."""
        if id(value) in self._written:
            return self._written[id(value)][1]
        with contextlib.suppress(NoLiteralError):
            return literal(value)
        home = getattr(value, "__module__", None)
        is_own = not (isinstance(home, str) and is_installed(home))
        if isinstance(value, types.FunctionType) and is_own and value.__name__.isidentifier():
            return self._add_function(value)
        if isinstance(value, type) and is_own:
            return self.add_class(value)
        chosen = name if name not in self._bound else self._other(name, value)
        self._bound[chosen] = value
        try:
            self._statement(name, chosen, value, scope)
        except UnwrittenError:
            module = sys.modules.get(str(home))
            known = vars(module) if module is not None else {}
            called = str(getattr(value, "__name__", ""))
            if is_own or module is None or known.get(called) is not value:
                raise
            self._blocks.append(f"from {_import_name(module)} import {called}{_as(called, chosen)}")
        return None if chosen == name else chosen

    def _statement(self, name: str, chosen: str, value: Any, scope: _Scope) -> None:
        """Write the statement that bound a name."""
        for listing in reversed(scope.listings):
            node = binding(listing.tree, name)
            if node is None:
                continue
            if isinstance(node, ast.ImportFrom):
                self._import_from(name, chosen, node, scope)
                return
            code = getattr(value, "__code__", None)  # of a lambda
            is_listed = code is None or is_as_listed(listing, code)
            if is_listed and chosen == name and not self._need(node, scope):
                self._blocks.append(text_of(listing, node))
                return
        raise UnwrittenError(f"{name} = {shorten(value)} cannot be written down")

    def _import_from(self, name: str, chosen: str, node: ast.ImportFrom, scope: _Scope) -> None:
        """Import a name from a library, or take it from a module of the user."""
        original = next(a.name for a in node.names if (a.asname or a.name) == name)
        word = "." * node.level + (node.module or "")
        home = importlib.util.resolve_name(word, scope.values.get("__package__") or "")
        if is_installed(home):
            self._blocks.append(f"from {home} import {original}{_as(original, chosen)}")
            return
        values = vars(sys.modules[home]) if home in sys.modules else {}
        there = _Scope(values, listings_of(values, None))
        if original == chosen:
            self._statement(original, chosen, values.get(original), there)
            return
        given = self._bind(original, values.get(original), there, node)
        self._blocks.append(f"{chosen} = {given}")

    def _module(self, name: str, module: types.ModuleType, user: Any) -> str:
        """Import a library, or stand in for a module of the user, with what is used of it."""
        is_own = not is_installed(module.__name__)
        dotted = name
        if self._bound.get(name) is not module:
            name = name if name not in self._bound else self._other(name, module)
            self._bound[name] = module
            home = _import_name(module)
            alias = _as(home, name)
            own = f"{name} = _types.ModuleType({module.__name__!r})"
            self._blocks.append(own if is_own else f"import {home}{alias}")
        self._fill(name, dotted, module, user)
        return name

    def _fill(self, place: str, dotted: str, module: types.ModuleType, user: Any) -> None:
        """Give a module, or what stands in for it, what a definition uses of it."""
        is_own = not is_installed(module.__name__)
        there = _Scope(vars(module), listings_of(vars(module), None) if is_own else [])
        for attribute in attributes_of(user, dotted):
            value, name = getattr(module, attribute, None), f"{place}.{attribute}"
            is_known = value is None or self._bound.get(name) is value
            self._bound[name] = value
            if isinstance(value, types.ModuleType):
                own = f"{name} = _types.ModuleType({value.__name__!r})"
                if not is_known and not (is_installed(value.__name__) and is_own):
                    self._blocks.append(own if is_own else f"import {_import_name(value)}")
                self._fill(name, f"{dotted}.{attribute}", value, user)
            elif is_own and not is_known:
                self._blocks.append(f"{name} = {self._bind(attribute, value, there, user)}")

    def _note(self, name: str, chosen: str, value: Any, scope: _Scope) -> None:
        """Note where a value stands, if it stands there as it is."""
        for listing in reversed(scope.listings):
            if binding(listing.tree, name) is not None:
                if repr(literal_in(listing.tree, name)) == repr((value,)):
                    self.places.append(Place(_path(listing), name, chosen))
                return

    def _other(self, name: str, value: Any) -> str:
        """Choose another name than one that is taken."""
        count = 1
        while f"_{name}_{count}" in self._bound:
            count += 1
        self._bound[f"_{name}_{count}"] = value
        return f"_{name}_{count}"


def _path(listing: Listing) -> str:
    """Name a listing's file in full."""
    return str(Path(listing.file).absolute()) if Path(listing.file).exists() else listing.file


def _import_name(module: types.ModuleType) -> str:
    """Give the name to import a module by. A public name of fastq's stays where modules move."""
    leaf = module.__name__.rpartition(".")[2]
    is_ours = module.__name__.startswith("fastq.")
    is_public = is_ours and getattr(sys.modules["fastq"], leaf, None) is module
    return f"fastq.{leaf}" if is_public else module.__name__


def _as(original: object, name: str) -> str:
    """Write by which name something is imported."""
    return "" if original == name else f" as {name}"


def _seen_by(function: types.FunctionType) -> dict[str, Any]:
    """Give all that a function could name from outside."""
    return {**function.__globals__, **inspect.getclosurevars(function).nonlocals}


def _functions_of(kind: type[Any]) -> list[types.FunctionType]:
    """List the functions that stand in a class, or else those that it inherits from its module."""
    own: list[types.FunctionType] = []
    inherited: list[types.FunctionType] = []
    for base in kind.__mro__:
        for value in vars(base).values():
            function = plain_function(getattr(value, "__func__", value))
            if not isinstance(function, types.FunctionType):
                continue
            if function.__globals__.get("__name__") != kind.__module__:
                continue
            stands = base is kind and function.__qualname__.startswith(f"{kind.__qualname__}.")
            (own if stands else inherited).append(function)
    return own or inherited
