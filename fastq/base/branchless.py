"""Expressions without branches: the values in the text of a function.

A choice within an expression needs masks for its sides if these may fail or call a function. Masks
get names, in lines before the statement: Numba (0.68) miscompiles assignments in expressions. What
Python evaluates before such a line is written before it if the order could be noticed: a function
that is called may write to a table.
"""

import ast
import textwrap
import types
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from fastq.base.captured import closed_over, defaults, plain_function
from fastq.base.operations import HERE, LIVE, NotConvertibleError

_BUILTINS = (max, min, abs, int, float, bool, len)
_NAMES = ("larger", "smaller", "absolute", "whole", "real", "as_truth", "length")
_MAY_FAIL = {ast.Div: "divided", ast.FloorDiv: "floored", ast.Mod: "remainder"}
_TRUTHS = ("invert", "both", "either", "truth", "as_truth")


def loaded(value: ast.expr | str) -> ast.expr:
    """Write the value of a name; give an expression as it is."""
    return ast.Name(value, ast.Load()) if isinstance(value, str) else value


def call(name: str, *arguments: ast.expr | str) -> ast.expr:
    """Write a call; names may be given as text."""
    return ast.Call(loaded(name), [*map(loaded, arguments)], [])


class Expressions:
    """Writes the expressions of a function, and the lines that must stand before them."""

    def __init__(self, function: types.FunctionType) -> None:
        code = function.__code__
        self.function = function
        self.calls: dict[str, Any] = {}
        """What the text calls, and arrays, by the names that these have there."""
        self.lines: list[ast.stmt] = []
        self.live = LIVE
        """The mask under which expressions are written."""
        self.local = {*code.co_varnames, *code.co_cellvars}
        self.defined = {*code.co_varnames[: code.co_argcount]}
        """The local names that the text has set so far."""
        closed = dict.fromkeys(code.co_freevars) | closed_over(function)
        known: Any = function.__builtins__
        self._outside: dict[str, Any] = {**known, **function.__globals__, **closed}
        self._count: Counter[str] = Counter()

    def refuse(self, node: Any, reason: str = "") -> NoReturn:
        """Raise `NotConvertibleError` for a part of the function."""
        shown = textwrap.shorten(ast.unparse(node).strip().splitlines()[0], 60, placeholder="...")
        reason = reason or f"{shown}, which has no form without branches"
        raise NotConvertibleError(reason, self.function.__code__.co_filename, node.lineno)

    def fresh(self, stem: str) -> str:
        """Make a new local name."""
        name = ""
        while not name or name in self.local:
            self._count[stem] += 1
            name = f"_{stem}{self._count[stem]}"
        self.local.add(name)
        return name

    def emit(self, name: str, value: ast.expr | str) -> str:
        """Write a line that sets a name."""
        self.defined.add(name)
        self.lines.append(ast.Assign([ast.Name(name, ast.Store())], loaded(value)))
        return name

    def once(self, value: ast.expr) -> ast.expr:
        """Give a name to a value that is more than a name, an attribute or a number."""
        if isinstance(value, ast.Tuple):
            return ast.Tuple([*map(self.once, value.elts)], ast.Load())
        bare = value.value if isinstance(value, ast.Attribute) else value
        simple = isinstance(bare, ast.Name | ast.Constant)
        return value if simple else loaded(self.emit(self.fresh("value"), value))

    def masked(self, stem: str, truth: ast.expr | str) -> str:
        """Name the lanes of the mask in which something is true."""
        return self.emit(self.fresh(stem), call("both", self.live, truth))

    def outside(self, node: ast.expr) -> Any:
        """Give what a name from outside stands for, which may be dotted; None for anything else."""
        if isinstance(node, ast.Name):
            return None if node.id in self.local else self._outside.get(node.id)
        home = self.outside(node.value) if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and isinstance(home, types.ModuleType | type | tuple):
            return getattr(home, node.attr, None)
        return None

    def needs_mask(self, node: ast.AST) -> bool:
        """Say whether an expression does what counts only in some lanes: fails, or calls."""
        return any(
            (isinstance(part, ast.Subscript) and not _is_extent(part))
            or (isinstance(part, ast.BinOp) and type(part.op) in _MAY_FAIL)
            or (isinstance(part, ast.Call) and not self._operation(part))
            for part in ast.walk(node)
        )

    def value(self, node: ast.expr, live: str | None = None) -> ast.expr:
        """Write an expression, perhaps under another mask."""
        outer, self.live = self.live, live or self.live
        write: Any = getattr(self, f"_{type(node).__name__.lower()}", self.refuse)
        found: ast.expr = write(node)
        self.live = outer
        return found

    def test(self, node: ast.expr, live: str | None = None) -> ast.expr:
        """Write an expression that is asked whether it is true."""
        outer, self.live = self.live, live or self.live
        found = self._joined(node, self.test) if isinstance(node, ast.BoolOp) else self.value(node)
        self.live = outer
        return found if _is_truth(found) else call("truth", found)

    def in_order(self, nodes: Sequence[ast.expr], *done: ast.expr) -> list[ast.expr]:
        """Write expressions that are evaluated one after the other, after some that are done."""
        values = [*done]
        for node in nodes:
            begin = len(self.lines)
            value = self.value(node)
            added = self.lines[begin:]
            del self.lines[begin:]
            values = [self.settled(one, *added) for one in values] if added else values
            self.lines += added
            values.append(value)
        return values

    def settled(self, value: ast.expr, *later: ast.AST) -> ast.expr:
        """Name a value that must be evaluated before what the text evaluates first."""
        first, then = _names_called(value), _names_called(*later)
        calls, touching = self.calls.keys(), {*self.calls, "get"}
        apart = (first & calls and then & touching) or (first & touching and then & calls)
        return self.once(value) if apart else value

    def chosen(self, node: Any, mask: ast.expr | str, a: ast.expr, b: ast.expr) -> ast.expr:
        """Choose between two values, or between the elements of two tuples."""
        if isinstance(a, ast.Tuple) and isinstance(b, ast.Tuple) and len(a.elts) == len(b.elts):
            pairs = zip(a.elts, b.elts, strict=True)
            return ast.Tuple([self.chosen(node, mask, *pair) for pair in pairs], ast.Load())
        if isinstance(a, ast.Tuple) or isinstance(b, ast.Tuple):
            self.refuse(node, "a tuple that depends on a branch")
        return call("where", mask, a, b)

    def _number(self, node: ast.expr, value: Any, name: str = "") -> ast.expr:
        """Write a number; one from outside stands in the text as it is now, an array by a name."""
        if isinstance(value, np.ndarray) and value.ndim:
            return loaded(self._named(value, "array"))
        for kind in (bool, int, float):
            if isinstance(value, kind) and value == value:  # noqa: PLR0124 (NaN has no literal)
                return ast.Constant(kind(value))
        return self.refuse(node, f"{name or ast.unparse(node)}, which is no plain number")

    def _constant(self, node: ast.Constant) -> ast.expr:
        return self._number(node, node.value)

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.local:
            return self._number(node, self.outside(node))
        if node.id not in self.defined:
            self.refuse(node, f"{node.id}, which is read before it is set")
        return loaded(node.id)

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        if self.outside(node.value) is not None:
            return self._number(node, self.outside(node))
        return ast.Attribute(self.value(node.value), node.attr, ast.Load())

    def _tuple(self, node: ast.Tuple) -> ast.expr:
        return ast.Tuple(self.in_order(node.elts), ast.Load())

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        if _is_extent(node):
            shape: Any = node.value
            return call("extent", self.value(shape.value), self.value(node.slice))
        return call("get", *self.in_order([node.value, node.slice]), HERE, self.live)

    def _unaryop(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return call("invert", self.test(node.operand))
        if not isinstance(node.op, ast.USub):
            self.refuse(node)
        return ast.UnaryOp(node.op, self.value(node.operand))

    def _binop(self, node: ast.BinOp) -> ast.expr:
        left, right = self.in_order([node.left, node.right])
        if type(node.op) in _MAY_FAIL:
            return call(_MAY_FAIL[type(node.op)], left, right, HERE, self.live)
        if isinstance(node.op, ast.Pow) and isinstance(right, ast.Constant) and right.value == 2:
            left = right = self.once(left)  # Numba makes a product of a square too
        elif not isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            self.refuse(node)
        return ast.BinOp(left, ast.Mult() if isinstance(node.op, ast.Pow) else node.op, right)

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        return self._joined(node, self._truth)

    def _truth(self, node: ast.expr, live: str | None = None) -> ast.expr:
        """Write a side of ``and`` or ``or`` whose value is used: in Python it is that of a side."""
        value = self.value(node, live)
        if not _is_truth(value):
            self.refuse(node, f"the value of and/or with {ast.unparse(node)}, without bool()")
        return value

    def _joined(self, node: ast.BoolOp, write: Callable[..., ast.expr]) -> ast.expr:
        """Write ``and`` or ``or``: a side counts only where those before it did not decide."""
        join = "both" if isinstance(node.op, ast.And) else "either"
        found = write(node.values[0])
        for side in node.values[1:]:
            live = self.live
            if self.needs_mask(side) and join == "both":
                live = self.masked("and", found)
                found = loaded(live)
            elif self.needs_mask(side):
                found = self.once(found)
                live = self.masked("or", call("invert", found))
            found = call(join, found, write(side, live))
        return found

    def _compare(self, node: ast.Compare) -> ast.expr:
        if any(isinstance(one, ast.Is | ast.IsNot | ast.In | ast.NotIn) for one in node.ops):
            self.refuse(node)
        left, right = self.in_order([node.left, node.comparators[0]])
        if len(node.ops) == 1:
            return ast.Compare(left, node.ops, [right])
        left, right = self.once(left), self.once(right)
        first = ast.Compare(left, node.ops[:1], [right])
        rest = ast.Compare(right, node.ops[1:], node.comparators[1:])
        return self.test(ast.BoolOp(ast.And(), [first, rest]))

    def _ifexp(self, node: ast.IfExp) -> ast.expr:
        test: ast.expr | str = self.test(node.test)
        then = else_ = self.live
        sides = ast.Tuple([node.body, node.orelse])
        if self.needs_mask(sides) or isinstance(node.body, ast.Tuple):
            test = then = self.masked("then", test)
        body = self.value(node.body, then)
        if self.needs_mask(node.orelse):
            else_ = self.masked("else", call("invert", then))
        return self.chosen(node, test, body, self.value(node.orelse, else_))

    def _operation(self, node: ast.Call) -> str:
        """Name the operation that a call of a builtin is; nothing for any other call."""
        function = self.outside(node.func)
        found = [name for one, name in zip(_BUILTINS, _NAMES, strict=True) if one is function]
        return found[0] if found else ""

    def _call(self, node: ast.Call) -> ast.expr:
        function, operation = plain_function(self.outside(node.func)), self._operation(node)
        values = self.in_order([*node.args, *(keyword.value for keyword in node.keywords)])
        if operation:
            folds = function in (max, min)
            if node.keywords or (len(values) < 2 if folds else len(values) != 1):
                self.refuse(node)
            found = values[0] if folds else call(operation, *values)
            for value in values[1:]:
                found = call(operation, found, value)
            return found
        if not callable(function) or getattr(function, "__module__", "") == "builtins":
            self.refuse(node)
        if function is self.function:
            self.refuse(node, "a function that calls itself")
        values += self._left_out(node, function)
        stem = getattr(function, "__name__", "")
        name = self._named(function, stem if stem.isidentifier() else "call")
        return call(name, *values, HERE, self.live)

    def _named(self, value: Any, stem: str) -> str:
        """Give something from outside a name of its own."""
        known = [name for name, one in self.calls.items() if one is value]
        name = known[0] if known else self.fresh(stem)
        self.calls[name] = value
        return name

    def _left_out(self, node: ast.Call, function: Any) -> list[ast.expr]:
        """Give the defaults of the arguments that a call leaves out; keywords must be in order."""
        is_plain = isinstance(function, types.FunctionType)
        code = function.__code__ if is_plain else self._left_out.__code__
        names = code.co_varnames[: code.co_argcount][len(node.args) :] if is_plain else ()
        count = len(node.keywords)
        if tuple(keyword.arg for keyword in node.keywords) != names[:count]:
            self.refuse(node, f"keywords in another order in {ast.unparse(node)}")
        given = defaults(function) if is_plain else {}
        return [self._number(node, given.get(one), f"{one}, by default") for one in names[count:]]


def _names_called(*nodes: ast.AST) -> set[str]:
    """List the names of what trees call."""
    found = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))
    return {part.func.id for part in found if isinstance(part.func, ast.Name)}


def _is_truth(value: ast.expr) -> bool:
    """Say whether an expression of the text is true or false, as its form shows."""
    named = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return isinstance(value, ast.Compare) or (named and value.func.id in _TRUTHS)  # type: ignore[attr-defined]


def _is_extent(node: ast.Subscript) -> bool:
    """Say whether an expression is a number of a shape, as ``q.shape[1]``."""
    number = isinstance(node.slice, ast.Constant | ast.UnaryOp)
    return number and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
