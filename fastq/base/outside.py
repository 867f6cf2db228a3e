"""What an expression in a function names from outside it: numbers, functions, modules.

A name that the function binds is a local one. Any other is looked up as Python does it: among the
variables of enclosing functions, in the module, among the builtins. Attributes are followed only
through what holds constants: modules, classes and named tuples.
"""

import ast
import builtins
import inspect
import types
from collections.abc import Callable
from typing import Any

from fastq.base.captured import closed_over, plain_function

MISSING: Any = object()
"""Stands for what is not outside, or not defined."""
_OPEN = (types.ModuleType, type, tuple)


class Outside:
    """The names that a function sees outside itself."""

    def __init__(self, function: types.FunctionType) -> None:
        code = function.__code__
        self.local = frozenset((*code.co_varnames, *code.co_cellvars))
        closed = closed_over(function)
        missing = dict.fromkeys(code.co_freevars, MISSING)
        self._known = {**vars(builtins), **function.__globals__, **missing, **closed}

    def is_local(self, node: ast.expr) -> bool:
        """Say whether an expression is anything but a name from outside, which may be dotted."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return not isinstance(node, ast.Name) or node.id in self.local

    def value(self, node: ast.expr) -> Any:
        """Give what a name from outside stands for, or `MISSING`; None where that is not seen."""
        if self.is_local(node):
            return MISSING
        if isinstance(node, ast.Attribute):
            home = self.value(node.value)
            if home is MISSING or not isinstance(home, _OPEN):
                return home if home is MISSING else None
            return getattr(home, node.attr, MISSING)
        return self._known.get(node.id, MISSING) if isinstance(node, ast.Name) else MISSING


def number(value: Any) -> int | float | bool | None:
    """Give a number as a plain one, also that of an enum; None for anything else."""
    for kind in (bool, float, int):
        if isinstance(value, kind):
            return kind(value)
    return None


def positions(function: Callable[..., Any], count: int, keywords: list[str]) -> list[Any] | None:
    """Say what stands in each position of a call: the index of an argument, or a default.

    Parameters
    ----------
    function : callable
    count : int
        Of the arguments without a keyword. They have the indices from 0.
    keywords : list of str
        Of the arguments after these.

    Returns
    -------
    list or None
        An int for an argument, and a tuple of one value for a default; None where the function
        cannot be called so, or not with positions alone.
    """
    plain = plain_function(function)
    if not isinstance(plain, types.FunctionType):
        return None if keywords else [*range(count)]
    signature = inspect.signature(plain, follow_wrapped=False)
    if any(one.kind in _NOT_BY_POSITION for one in signature.parameters.values()):
        return None
    named = {keyword: count + i for i, keyword in enumerate(keywords)}
    try:
        bound = signature.bind(*range(count), **named).arguments
    except TypeError:
        return None
    return [bound.get(name, (one.default,)) for name, one in signature.parameters.items()]


_NOT_BY_POSITION = (
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)
