"""Expressions without branches: what `if_conversion` writes for an expression in a function.

A choice in an expression, ``a if c else b`` or ``c and a``, needs its sides under masks. If a side
may fail or call a function, then the condition and the masks get names, in lines before the
statement. So these lines are evaluated first. What stood before them in Python is written before
them too, if the order can be noticed: a call may write to a table that an element was read from.
"""

import ast
import builtins
import contextlib
import functools
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

from fastq.base.branchless import HERE, MAY_FAIL, Writer, call
from fastq.base.captured import plain_function
from fastq.base.outside import MISSING, number, positions

_BUILTINS: tuple[tuple[Any, str], ...] = (
    (max, "larger"),
    (min, "smaller"),
    (abs, "absolute"),
    (int, "whole"),
    (float, "real"),
    (bool, "as_truth"),
    (len, "length"),
)
_OF_TRUTHS: dict[type[ast.AST], str] = {ast.BitAnd: "both", ast.BitOr: "either"}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class Expressions(Writer):
    """Writes the expressions of a function, and the lines that must stand before them."""

    def __init__(self, function: types.FunctionType) -> None:
        super().__init__(function)
        self._writers: dict[type[ast.expr], Callable[[Any], ast.expr]] = {
            ast.Constant: lambda node: self._number(node, node.value, repr(node.value)),
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Tuple: lambda node: ast.Tuple(self.in_order(node.elts), ast.Load()),
            ast.Subscript: self._element,
            ast.UnaryOp: self._unary,
            ast.BinOp: lambda node: self.binary(node, *self.in_order([node.left, node.right])),
            ast.BoolOp: self._joined_truths,
            ast.Compare: self._comparison,
            ast.IfExp: self._choice,
            ast.Call: self._call,
        }

    def value(self, node: ast.expr) -> ast.expr:
        """Write an expression."""
        writer = self._writers.get(type(node))
        return self.refuse(node) if writer is None else writer(node)

    def in_order(self, nodes: Sequence[ast.expr]) -> list[ast.expr]:
        """Write expressions that are evaluated one after the other."""
        done: list[ast.expr] = []
        for node in nodes:
            begin = len(self.lines)
            new = self.value(node)
            for i, one in enumerate(done):
                length = len(self.lines)
                done[i] = self.before(one, begin)
                begin += len(self.lines) - length
            done.append(new)
        return done

    def test(self, node: ast.expr) -> ast.expr:
        """Write an expression that is asked whether it is true."""
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        new = self.value(node)
        if isinstance(new, ast.Constant):
            return ast.Constant(bool(new.value))
        return new if self._is_truth(node) else call("truth", new)

    def binary(self, node: Any, left: ast.expr, right: ast.expr) -> ast.expr:
        """Write an operation on two values, which an expression or ``+=`` asks for."""
        kind = type(node.op)
        if kind in (ast.Add, ast.Sub, ast.Mult):
            return ast.BinOp(left, node.op, right)
        if kind in MAY_FAIL:
            return call(MAY_FAIL[kind], left, right, self.live, HERE)
        if isinstance(node, ast.BinOp) and self._is_truth(node):
            return call(_OF_TRUTHS[kind], left, right)
        return self.refuse(node, f"the operator {_symbol(node.op)}")

    def is_builtin(self, node: ast.expr, *names: str) -> bool:
        """Say whether an expression calls a builtin that is an operation, perhaps one of some."""
        if not isinstance(node, ast.Call):
            return False
        function = self.outside.value(node.func)
        known = [one.__name__ for one, _ in _BUILTINS if one is function]
        return bool(known) and (not names or known[0] in names)

    def _uses_live(self, node: ast.AST) -> bool:
        """Say whether an expression does what counts only in some lanes: fails, or calls."""
        return any(
            (isinstance(one, ast.Subscript) and not is_extent(one))
            or (isinstance(one, ast.BinOp) and type(one.op) in MAY_FAIL)
            or (isinstance(one, ast.Call) and not self.is_builtin(one))
            for one in ast.walk(node)
        )

    def _is_truth(self, node: ast.expr) -> bool:
        """Say whether the value of an expression is true or false, as its form shows."""
        match node:
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Constant():
                return isinstance(node.value, bool)
            case ast.IfExp():
                return self._is_truth(node.body) and self._is_truth(node.orelse)
            case ast.BoolOp():
                return all(map(self._is_truth, node.values))
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                return self._is_truth(node.left) and self._is_truth(node.right)
        return self.is_builtin(node, "bool")

    def _number(self, node: ast.expr, value: Any, name: str) -> ast.expr:
        """Write a number that stands in the function, or that a name outside has."""
        found = number(value)
        if value is MISSING:
            self.refuse(node, f"{name}, which is not defined")
        if isinstance(value, str | bytes):
            self.refuse(node, "a text")
        if found is None:
            self.refuse(node, f"{name}, which is no plain number")
        if math.isnan(found):
            self.refuse(node, "NaN as a constant")
        return ast.Constant(found)

    def _name(self, node: ast.Name) -> ast.expr:
        """Write a name: a local variable, or a number from outside."""
        if self.outside.is_local(node):
            return self.load(node.id)
        return self._number(node, self.outside.value(node), node.id)

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        """Write an attribute of a value, or a number from a module or a class."""
        if not self.outside.is_local(node):
            return self._number(node, self.outside.value(node), ast.unparse(node))
        if node.attr == "shape":
            self.refuse(node, "a shape without a number after it, as in q.shape[1]")
        return ast.Attribute(self.value(node.value), node.attr, ast.Load())

    def _element(self, node: ast.Subscript) -> ast.expr:
        """Write an element, a row, or a number of a shape."""
        if is_extent(node):
            shape: Any = node.value
            return call("extent", self.value(shape.value), node.slice)
        return call("get", *self.in_order([node.value, node.slice]), self.live, HERE)

    def _unary(self, node: ast.UnaryOp) -> ast.expr:
        """Write a negation."""
        if isinstance(node.op, ast.Not):
            found = self.test(node.operand)
            if isinstance(found, ast.Constant):
                return ast.Constant(not found.value)
            return call("invert", found)
        if isinstance(node.op, ast.USub):
            return ast.UnaryOp(ast.USub(), self.value(node.operand))
        return self.refuse(node, f"the operator {_symbol(node.op)}")

    def _joined_truths(self, node: ast.BoolOp) -> ast.expr:
        """Write ``and`` or ``or`` as a value: in Python it is that of one side."""
        if not self._is_truth(node):
            word = "and" if isinstance(node.op, ast.And) else "or"
            self.refuse(node, f"the value of {word} between what may be no truths")
        return self._joined(node)

    def _joined(self, node: ast.BoolOp) -> ast.expr:
        """Write ``and`` or ``or``: each operand counts only where those before did not decide."""
        is_and = isinstance(node.op, ast.And)
        found = self.test(node.values[0])
        for value in node.values[1:]:
            if self._uses_live(value):
                found = self.simple(found, "if")
                with self.under(self._mask(found if is_and else call("invert", found))):
                    right = self.test(value)
            else:
                right = self.test(value)
            found = call("both" if is_and else "either", found, right)
        return found

    def _mask(self, truth: ast.expr) -> str:
        """Name the lanes of the mask in which something is true."""
        return self.emit(self.numbered("then")[0], call("both", self.live, truth))

    def _comparison(self, node: ast.Compare) -> ast.expr:
        """Write a comparison, or a chain of them, whose operands are evaluated once."""
        for operator in node.ops:
            if not isinstance(operator, _COMPARISONS):
                self.refuse(node, f"the operator {_symbol(operator)}")
        left, right = self.in_order([node.left, node.comparators[0]])
        if len(node.ops) > 1:
            left, right = self.simple(left), self.simple(right)
        found: ast.expr = ast.Compare(left, node.ops[:1], [right])
        for i, operand in enumerate(node.comparators[1:], 1):
            left = right
            if self._uses_live(operand):
                found = self.simple(found, "if")
                with self.under(self._mask(found)):
                    right = self.value(operand)
            else:
                right = self.value(operand)
            if i < len(node.ops) - 1:
                right = self.simple(right)
            found = call("both", found, ast.Compare(left, [node.ops[i]], [right]))
        return found

    def _choice(self, node: ast.IfExp) -> ast.expr:
        """Write ``a if c else b``, with each side under its mask."""
        test = self.test(node.test)
        if isinstance(test, ast.Constant):
            return self.value(node.body if test.value else node.orelse)
        if self._uses_live(node.body) or self._uses_live(node.orelse):
            if_, then, else_ = self.numbered("if", "then", "else")
            test = ast.Name(self.emit(if_, test), ast.Load())
            with self.under(self.emit(then, call("both", self.live, test))):
                body = self.value(node.body)
            with self.under(self.emit(else_, call("both", self.live, call("invert", test)))):
                orelse = self.value(node.orelse)
        else:
            body, orelse = self.value(node.body), self.value(node.orelse)
        return self._chosen(node, test, body, orelse)

    def _chosen(self, node: ast.IfExp, test: ast.expr, a: ast.expr, b: ast.expr) -> ast.expr:
        """Choose between two values, or between two tuples."""
        if not isinstance(a, ast.Tuple) and not isinstance(b, ast.Tuple):
            return call("where", test, a, b)
        if not isinstance(a, ast.Tuple) or not isinstance(b, ast.Tuple):
            self.refuse(node, "a choice between a tuple and what is none")
        if len(a.elts) != len(b.elts):
            self.refuse(node, "a choice between tuples of different lengths")
        once = self.simple(test, "if")
        pairs = zip(a.elts, b.elts, strict=True)
        return ast.Tuple([self._chosen(node, once, x, y) for x, y in pairs], ast.Load())

    def _call(self, node: ast.Call) -> ast.expr:
        """Write a call: of a builtin that is an operation, or of a function from outside."""
        name, function = ast.unparse(node.func), self.outside.value(node.func)
        if not callable(function):
            method = isinstance(node.func, ast.Attribute) and self.outside.is_local(node.func)
            shown = f"the method .{node.func.attr}()" if method else f"a call of {name}"
            self.refuse(node, f"{shown}, which is no function of a module")
        if self.is_builtin(node):
            return self._builtin(node, function)
        if any(function is value for value in vars(builtins).values()):
            self.refuse(node, f"a call of {name}")
        if plain_function(function) is self.function:
            self.refuse(node, "a function that calls itself")
        if any(keyword.arg is None for keyword in node.keywords):
            self.refuse(node, "a starred expression")
        return self._call_of(node, name, plain_function(function))

    def _builtin(self, node: ast.Call, function: Any) -> ast.expr:
        """Write a call of a builtin that is an operation."""
        operation = next(name for one, name in _BUILTINS if one is function)
        match node.args:
            case [ast.Constant(value=str() as text)] if function is float and not node.keywords:
                return self._number(node, _as_float(text), "a text")
        values = self.in_order(node.args)
        folds = operation in ("larger", "smaller")
        if node.keywords or not (len(values) > 1 if folds else len(values) == 1):
            self.refuse(
                node, f"{function.__name__} of other than {'two or more' if folds else 'one'}"
            )
        if not folds:
            return call(operation, *values)
        return functools.reduce(lambda a, b: call(operation, a, b), values)

    def _call_of(self, node: ast.Call, name: str, function: Any) -> ast.expr:
        """Write a call of a function with positions alone."""
        written = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = [str(keyword.arg) for keyword in node.keywords]
        placed = positions(function, len(node.args), names)
        if placed is None:
            self.refuse(node, f"a call of {name} that has other than arguments by position")
        values = self.in_order(written)
        moved = [one for one in placed if isinstance(one, int)]
        if moved != sorted(moved):
            values = [self.simple(value) for value in values]
        arguments = [
            values[one]
            if isinstance(one, int)
            else self._number(node, one[0], f"a default of {name}")
            for one in placed
        ]
        return call(self._called(function), *arguments, HERE, self.live)

    def _called(self, function: Any) -> str:
        """Give the name that a function has in the text."""
        for name, known in self.calls.items():
            if known is function:
                return name
        (name,) = self.numbered("call")
        self.calls[name] = function
        return name


def is_extent(node: ast.AST) -> bool:
    """Say whether an expression is a number of a shape, as ``q.shape[1]``."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Attribute):
        return False
    place = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    return node.value.attr == "shape" and isinstance(place, ast.Constant)


def _as_float(text: str) -> Any:
    """Read a number, as ``float("inf")``; give anything else as it is."""
    with contextlib.suppress(ValueError):
        return float(text)
    return text


def _symbol(operator: ast.AST) -> str:
    """Give an operator as Python writes it."""
    return _SYMBOLS.get(type(operator), type(operator).__name__)


_SYMBOLS: dict[type[ast.AST], str] = {
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Invert: "~",
    ast.UAdd: "+",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
