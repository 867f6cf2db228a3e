"""Expressions without branches, and the operations that the text of a function is made of.

A choice in an expression, as ``a if c else b`` or ``c and a``, needs a mask for its sides if these
may fail or call a function. Masks get names, in lines before the statement. Numba (0.68) miscompiles
assignments within expressions, so there is no other place for them. What Python evaluates before a
mask is written before it too where the order could be noticed: a call may write to a table.
"""

import ast
import builtins
import functools
import inspect
import types
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fastq.base.captured import closed_over, plain_function
from fastq.base.text import printable

HERE, LIVE = "here", "live"
"""The last arguments of a converted function, and of the operations that need them."""
OPERATIONS: dict[str, tuple[str, str]] = {
    "where": ("c, a, b", "a if c else b"),
    "invert": ("c", "not c"),
    "both": ("a, b", "a and b, of truths"),
    "either": ("a, b", "a or b, of truths"),
    "truth": ("x", "bool(x), of what is tested"),
    "get": ("table, index, here, live", "table[index]; where not live, anything without a fault"),
    "put": ("table, index, value, here, live", "table[index] = value; where not live, nothing"),
    "divided": ("a, b, here, live", "a / b; where not live, anything without a fault"),
    "floored": ("a, b, here, live", "a // b; where not live, anything without a fault"),
    "remainder": ("a, b, here, live", "a % b; where not live, anything without a fault"),
    "larger": ("a, b", "b if b > a else a"),
    "smaller": ("a, b", "b if b < a else a"),
    "absolute": ("x", "abs(x)"),
    "whole": ("x", "int(x); anything without a fault where there is none"),
    "real": ("x", "float(x)"),
    "as_truth": ("x", "bool(x), as a value"),
    "length": ("x", "len(x), the same in all lanes"),
    "extent": ("x, k", "x.shape[k], the same in all lanes"),
}
"""The operations of a converted text: their arguments, and what they mean in one lane.

Any argument may be the same in all lanes, and then a plain value. Besides these the text has
``+ - *``, negation, comparisons, numbers, attributes, tuples, loops over `range`, and calls.
"""
_MAY_FAIL = {ast.Div: "divided", ast.FloorDiv: "floored", ast.Mod: "remainder"}
_BUILTINS: dict[Any, str] = {
    max: "larger",
    min: "smaller",
    abs: "absolute",
    int: "whole",
    float: "real",
    bool: "as_truth",
    len: "length",
}
_TRUTHS = {"invert", "both", "either", "truth", "as_truth"}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_WORDS = {
    "AugAssign": "an assignment with an operator",
    "DictComp": "a comprehension",
    "For": "a for loop",
    "FunctionDef": "a function within a function",
    "GeneratorExp": "a comprehension",
    "JoinedStr": "an f-string",
    "Lambda": "a lambda",
    "ListComp": "a comprehension",
    "NamedExpr": "an assignment within an expression",
    "SetComp": "a comprehension",
    "Slice": "a slice",
    "Starred": "a starred expression",
    "While": "a while loop",
}
"""Parts of Python in the words of an error. Any other is called as `ast` calls it."""


class NotConvertibleError(Exception):
    """Says in one line what in a function has no form without branches, and where it stands.

    Parameters
    ----------
    reason : str
        What there is, as ``a while loop``.
    file : str
    line : int
        In that file.
    """

    def __init__(self, reason: str, file: str, line: int) -> None:
        super().__init__(reason, file, line)
        self.reason, self.file, self.line = reason, file, line

    def __str__(self) -> str:
        return printable(f"{self.reason} ({Path(self.file).name}, line {self.line})")


def call(name: str, *arguments: ast.expr | str) -> ast.Call:
    """Write a call; names may be given as text."""
    values = [loaded(one) if isinstance(one, str) else one for one in arguments]
    return ast.Call(loaded(name), values, [])


def loaded(name: str) -> ast.Name:
    """Write the value of a name."""
    return ast.Name(name, ast.Load())


class Expressions:
    """Writes the expressions of a function, and the lines that must stand before them."""

    def __init__(self, function: types.FunctionType) -> None:
        code = function.__code__
        self.function = function
        self.calls: dict[str, Any] = {}
        """What the text calls, by the names that this has there."""
        self.lines: list[ast.stmt] = []
        self.live = LIVE
        """The mask under which expressions are written."""
        self.local = {*code.co_varnames, *code.co_cellvars}
        self.defined = {*code.co_varnames[: code.co_argcount]}
        """The local names that the text has set so far."""
        closed = dict.fromkeys(code.co_freevars) | closed_over(function)
        self._outside = {**vars(builtins), **function.__globals__, **closed}
        self._count: Counter[str] = Counter()

    def refuse(self, node: Any, reason: str = "") -> NoReturn:
        """Raise `NotConvertibleError` for a part of the function."""
        kind = type(node).__name__
        words = reason or _WORDS.get(kind, f"{kind} in a rule")
        raise NotConvertibleError(words, self.function.__code__.co_filename, node.lineno)

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
        right = loaded(value) if isinstance(value, str) else value
        self.lines.append(ast.Assign([ast.Name(name, ast.Store())], right))
        return name

    def once(self, value: ast.expr) -> ast.expr:
        """Give a name to a value that is more than a name, an attribute or a number."""
        if isinstance(value, ast.Tuple):
            return ast.Tuple([self.once(one) for one in value.elts], ast.Load())
        bare = value.value if isinstance(value, ast.Attribute) else value
        if isinstance(bare, ast.Name | ast.Constant):
            return value
        return loaded(self.emit(self.fresh("value"), value))

    def outside(self, node: ast.expr) -> Any:
        """Give what a name from outside stands for, which may be dotted; None for anything else."""
        if isinstance(node, ast.Name):
            return None if node.id in self.local else self._outside.get(node.id)
        home = self.outside(node.value) if isinstance(node, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and isinstance(home, types.ModuleType | type | tuple):
            return getattr(home, node.attr, None)
        return None

    def value(self, node: ast.expr) -> ast.expr:
        """Write an expression."""
        write: Callable[[Any], ast.expr]
        write = getattr(self, f"_{type(node).__name__.lower()}", self.refuse)
        return write(node)

    def test(self, node: ast.expr) -> ast.expr:
        """Write an expression that is asked whether it is true."""
        if isinstance(node, ast.BoolOp):
            return self._joined(node, self.test)
        value = self.value(node)
        return value if _is_truth(value) else call("truth", value)

    def under(self, live: str, write: Callable[[ast.expr], ast.expr], node: ast.expr) -> ast.expr:
        """Write an expression under another mask."""
        outer, self.live = self.live, live
        found = write(node)
        self.live = outer
        return found

    def masked(self, stem: str, truth: ast.expr | str) -> str:
        """Name the lanes of the mask in which something is true."""
        return self.emit(self.fresh(stem), call("both", self.live, truth))

    def needs_mask(self, node: ast.AST) -> bool:
        """Say whether an expression does what counts only in some lanes: fails, or calls."""
        return any(
            (isinstance(part, ast.Subscript) and not _is_extent(part))
            or (isinstance(part, ast.BinOp) and type(part.op) in _MAY_FAIL)
            or (isinstance(part, ast.Call) and self.outside(part.func) not in _BUILTINS)
            for part in ast.walk(node)
        )

    def in_order(self, nodes: Sequence[ast.expr]) -> list[ast.expr]:
        """Write expressions that are evaluated one after the other."""
        done: list[ast.expr] = []
        for node in nodes:
            begin = len(self.lines)
            value = self.value(node)
            added, self.lines = self.lines[begin:], self.lines[:begin]
            done = [self.settled(one, *added) for one in done]
            self.lines += added
            done.append(value)
        return done

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
            return ast.Tuple([self.chosen(node, mask, x, y) for x, y in pairs], ast.Load())
        if isinstance(a, ast.Tuple) or isinstance(b, ast.Tuple):
            self.refuse(node, "a tuple that depends on a branch")
        return call("where", mask, a, b)

    def _constant(self, node: ast.Constant) -> ast.expr:
        return self._number(node, node.value, repr(node.value))

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.local:
            return self._number(node, self.outside(node), node.id)
        if node.id not in self.defined:
            self.refuse(node, f"{node.id}, which is read before it is set")
        return loaded(node.id)

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        bare: ast.expr = node
        while isinstance(bare, ast.Attribute):
            bare = bare.value
        if isinstance(bare, ast.Name) and bare.id not in self.local:
            return self._number(node, self.outside(node), ast.unparse(node))
        if node.attr == "shape":
            self.refuse(node, "a shape without a number after it, as in q.shape[1]")
        return ast.Attribute(self.value(node.value), node.attr, ast.Load())

    def _number(self, node: ast.expr, value: Any, name: str) -> ast.expr:
        """Write a number; those from outside stand in the text as they are now."""
        for kind in (bool, int, float):
            if isinstance(value, kind) and value == value:  # noqa: PLR0124 (NaN has no literal)
                return ast.Constant(kind(value))
        return self.refuse(node, f"{name}, which is no plain number")

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
            self.refuse(node, f"the operator of {ast.unparse(node)}")
        value = self.value(node.operand)
        if isinstance(value, ast.Constant):
            return ast.Constant(-value.value)  # type: ignore[operator]
        return ast.UnaryOp(node.op, value)

    def _binop(self, node: ast.BinOp) -> ast.expr:
        left, right = self.in_order([node.left, node.right])
        if type(node.op) in _MAY_FAIL:
            return call(_MAY_FAIL[type(node.op)], left, right, HERE, self.live)
        if isinstance(node.op, ast.Pow) and isinstance(right, ast.Constant) and right.value == 2:
            square = self.once(left)  # which is what Numba makes of it
            return ast.BinOp(square, ast.Mult(), square)
        if not isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            self.refuse(node, f"the operator of {ast.unparse(node)}")
        return ast.BinOp(left, node.op, right)

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        return self._joined(node, self._truth)

    def _truth(self, node: ast.expr) -> ast.expr:
        """Write a side of ``and`` or ``or`` whose value is used: in Python it is that of a side."""
        value = self.value(node)
        if not _is_truth(value):
            self.refuse(node, f"the value of and/or with {ast.unparse(node)}, without bool()")
        return value

    def _joined(self, node: ast.BoolOp, write: Callable[[ast.expr], ast.expr]) -> ast.expr:
        """Write ``and`` or ``or``: a side counts only where those before it did not decide."""
        is_and = isinstance(node.op, ast.And)
        found = write(node.values[0])
        for side in node.values[1:]:
            live = self.live
            if self.needs_mask(side):
                found = self.once(found)
                live = (
                    self.masked("and", found)
                    if is_and
                    else self.masked("or", call("invert", found))
                )
            found = call("both" if is_and else "either", found, self.under(live, write, side))
        return found

    def _compare(self, node: ast.Compare) -> ast.expr:
        if not all(isinstance(operator, _COMPARISONS) for operator in node.ops):
            self.refuse(node, f"the operator of {ast.unparse(node)}")
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
        if any(map(self.needs_mask, (node.body, node.orelse))) or isinstance(node.body, ast.Tuple):
            test = then = self.masked("then", test)
        body = self.under(then, self.value, node.body)
        if self.needs_mask(node.orelse):
            else_ = self.masked("else", call("invert", then))
        return self.chosen(node, test, body, self.under(else_, self.value, node.orelse))

    def _call(self, node: ast.Call) -> ast.expr:
        name, function = ast.unparse(node.func), plain_function(self.outside(node.func))
        values = self.in_order([*node.args, *(keyword.value for keyword in node.keywords)])
        if function in _BUILTINS:
            folds = function in (max, min)
            if node.keywords or (len(values) < 2 if folds else len(values) != 1):
                self.refuse(node, f"{name} of other than {'two or more' if folds else 'one'}")
            operation = functools.partial(call, _BUILTINS[function])
            return functools.reduce(operation, values) if folds else operation(*values)
        if not callable(function) or any(function is one for one in vars(builtins).values()):
            self.refuse(node, f"a call of {name}")
        if function is self.function:
            self.refuse(node, "a function that calls itself")
        if node.keywords or isinstance(function, types.FunctionType):
            values = self._placed(node, function, values)
        return call(self._called(function), *values, HERE, self.live)

    def _placed(self, node: ast.Call, function: Any, values: list[ast.expr]) -> list[ast.expr]:
        """Give the arguments of a call by position, with those that it leaves to defaults."""
        name, count = ast.unparse(node.func), len(node.args)
        keywords = [str(keyword.arg) for keyword in node.keywords]
        try:
            signature = inspect.signature(function, follow_wrapped=False)
            bound = signature.bind(
                *values[:count], **dict(zip(keywords, values[count:], strict=True))
            )
        except (TypeError, ValueError):
            self.refuse(node, f"a call of {name} whose arguments do not fit")
        bound.apply_defaults()
        if bound.kwargs or [one for one in bound.args if isinstance(one, ast.expr)] != values:
            self.refuse(node, f"a call of {name} with keywords, other than in order")
        return [
            one if isinstance(one, ast.expr) else self._number(node, one, f"a default of {name}")
            for one in bound.args
        ]

    def _called(self, function: Any) -> str:
        """Give the name that a function has in the text."""
        known = [name for name, one in self.calls.items() if one is function]
        if known:
            return known[0]
        stem = getattr(function, "__name__", "")
        name = self.fresh(stem if stem.isidentifier() else "call")
        self.calls[name] = function
        return name


def _names_called(*nodes: ast.AST) -> set[str]:
    """List the names of what trees call."""
    found = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call))
    return {part.func.id for part in found if isinstance(part.func, ast.Name)}


def _is_truth(value: ast.expr) -> bool:
    """Say whether an expression of the text is true or false, as its form shows."""
    match value:
        case ast.Compare() | ast.Constant(value=bool()):
            return True
        case ast.Call(func=ast.Name(id="where"), args=[_, a, b]):
            return _is_truth(a) and _is_truth(b)
        case ast.Call(func=ast.Name(id=name)):
            return name in _TRUTHS
    return False


def _is_extent(node: ast.Subscript) -> bool:
    """Say whether an expression is a number of a shape, as ``q.shape[1]``."""
    number = isinstance(node.slice, ast.Constant | ast.UnaryOp)
    return number and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
