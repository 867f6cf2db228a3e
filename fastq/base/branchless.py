"""The text of a function without branches: its operations, and what cannot be written with them."""

import ast
import contextlib
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from fastq.base.liveness import read_in
from fastq.base.outside import Outside
from fastq.base.text import printable

OPERATIONS: dict[str, tuple[str, str]] = {
    "where": ("c, a, b", "a if c else b"),
    "invert": ("c", "not c"),
    "both": ("a, b", "a and b, of truths"),
    "either": ("a, b", "a or b, of truths"),
    "truth": ("x", "bool(x), where x is tested"),
    "get": ("table, index, live, here", "table[index]; where not live, anything without a fault"),
    "put": ("table, index, value, live, here", "table[index] = value; where not live, nothing"),
    "divided": ("a, b, live, here", "a / b; where not live, anything without a fault"),
    "floored": ("a, b, live, here", "a // b; where not live, anything without a fault"),
    "remainder": ("a, b, live, here", "a % b; where not live, anything without a fault"),
    "larger": ("a, b", "b if b > a else a"),
    "smaller": ("a, b", "b if b < a else a"),
    "absolute": ("x", "abs(x)"),
    "whole": ("x", "int(x)"),
    "real": ("x", "float(x)"),
    "as_truth": ("x", "bool(x)"),
    "length": ("x", "len(x)"),
    "extent": ("x, k", "x.shape[k]"),
}
"""The operations of a converted text: their arguments, and what they mean in plain Python.

Besides these it has ``+ - *``, negation, comparisons, numbers, attributes, tuples, `range` and
calls of functions. A function called gets its arguments, then `here` and `live`.
"""
HERE, LIVE = "here", "live"
"""The last arguments of a converted function: whatever operations need, and the outermost mask."""

MAY_FAIL: dict[type[ast.AST], str] = {
    ast.Div: "divided",
    ast.FloorDiv: "floored",
    ast.Mod: "remainder",
}
"""The operators that fail where the right side is 0."""
REFUSED: dict[type[ast.AST], str] = {
    ast.While: "a while loop",
    ast.AsyncFor: "an async loop",
    ast.Try: "a try statement",
    ast.With: "a with statement",
    ast.Match: "a match statement",
    ast.Raise: "a raise statement",
    ast.Assert: "an assert statement",
    ast.Delete: "a del statement",
    ast.Global: "a global statement",
    ast.Nonlocal: "a nonlocal statement",
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.FunctionDef: "a function within a function",
    ast.ClassDef: "a class within a function",
    ast.Lambda: "a lambda",
    ast.Yield: "a yield",
    ast.YieldFrom: "a yield",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Slice: "a slice",
    ast.Starred: "a starred expression",
    ast.NamedExpr: "an assignment within an expression",
    ast.JoinedStr: "a text",
    ast.List: "a list",
    ast.Dict: "a dict",
    ast.Set: "a set",
}
"""What has no form without branches, in the words of an error."""


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
    return ast.Call(
        ast.Name(name, ast.Load()),
        [ast.Name(one, ast.Load()) if isinstance(one, str) else one for one in arguments],
        [],
    )


def assigned(name: str, value: ast.expr | str) -> ast.Assign:
    """Write an assignment to a name."""
    right = ast.Name(value, ast.Load()) if isinstance(value, str) else value
    return ast.Assign([ast.Name(name, ast.Store())], right)


def names_called(*nodes: ast.AST) -> set[str]:
    """List the names of what trees call."""
    found = (one for node in nodes for one in ast.walk(node) if isinstance(one, ast.Call))
    return {one.func.id for one in found if isinstance(one.func, ast.Name)}


class Writer:
    """Writes lines of the text of a function: names, values that have one, and their order."""

    def __init__(self, function: types.FunctionType) -> None:
        self.outside = Outside(function)
        self.function = function
        self.calls: dict[str, Any] = {}
        """What the text calls, by the names that this has there."""
        self.made: set[str] = set()
        """The names of masks and of other values that the function does not name."""
        self.lines: list[ast.stmt] = []
        self.live = LIVE
        """The mask under which expressions are written."""
        self.defined = set(function.__code__.co_varnames[: function.__code__.co_argcount])
        """The local variables that the text has set, or been given."""
        self.wanted: set[str] = set()
        """Those that it reads before it sets them, in lanes that do not need them."""
        self._count: Counter[str] = Counter()

    def refuse(self, node: Any, reason: str = "") -> NoReturn:
        """Raise `NotConvertibleError` for a part of the function."""
        kind = REFUSED.get(type(node), f"{type(node).__name__} in a rule")
        raise NotConvertibleError(reason or kind, self.function.__code__.co_filename, node.lineno)

    def name(self, local: str) -> str:
        """Give the name that a local variable has in the text."""
        return f"{local}_" if local.rstrip("_") in _TAKEN else local

    def numbered(self, *stems: str) -> list[str]:
        """Make new names that share a number."""
        while True:
            self._count[stems[0]] += 1
            names = [f"_{stem}{self._count[stems[0]]}" for stem in stems]
            if self.outside.local.isdisjoint(names):
                self.made |= {*names}
                return names

    def emit(self, name: str, value: ast.expr | str) -> str:
        """Write a line that sets a name."""
        self.lines.append(assigned(name, value))
        return name

    def kept(self, value: ast.expr, stem: str = "value") -> ast.expr:
        """Give a value a name of its own."""
        return ast.Name(self.emit(self.numbered(stem)[0], value), ast.Load())

    def simple(self, value: ast.expr, stem: str = "value") -> ast.expr:
        """Give a name to what is more than a name, an attribute or a number, to use it twice."""
        if isinstance(value, ast.Tuple):
            return ast.Tuple([self.simple(one) for one in value.elts], ast.Load())
        bare = value.value if isinstance(value, ast.Attribute) else value
        return value if isinstance(bare, ast.Name | ast.Constant) else self.kept(value, stem)

    @contextlib.contextmanager
    def under(self, live: str) -> Iterator[None]:
        """Write expressions under another mask."""
        outer, self.live = self.live, live
        yield
        self.live = outer

    def load(self, local: str) -> ast.Name:
        """Read a local variable."""
        if local not in self.defined:
            self.wanted.add(local)
            self.defined.add(local)
        return ast.Name(self.name(local), ast.Load())

    def before(self, value: ast.expr, begin: int, *later: ast.expr) -> ast.expr:
        """Keep a value that is evaluated before lines that were added, and before what is later.

        It needs a line of its own only if one of them calls what may write to a table that the
        other reads or writes.
        """
        others = names_called(*self.lines[begin:], *later)
        own, called = names_called(value), self.calls.keys()
        touch = {*called, "get"}
        if not (own & called and others & touch) and not (own & touch and others & called):
            return value
        after, self.lines = self.lines[begin:], self.lines[:begin]
        value = self.simple(value)
        self.lines += after
        return value


_TAKEN = {*OPERATIONS, HERE, LIVE, "range"}


_EFFECTS = {"get", "put", *MAY_FAIL.values()}


def without_unused(lines: list[ast.stmt], writer: Writer) -> list[ast.stmt]:
    """Leave out the lines that set a name that the writer made and that nothing reads."""
    while True:
        read = read_in(*lines)
        unused = writer.made - read
        kept = _without(lines, unused, {*_EFFECTS, *writer.calls})
        if kept == lines:
            return lines
        lines = kept


def _without(lines: list[ast.stmt], unused: set[str], effects: set[str]) -> list[ast.stmt]:
    """Leave out the lines that set some names, and do no more."""
    kept = []
    for line in lines:
        if isinstance(line, ast.For):
            line.body = _without(line.body, unused, effects) or [ast.Pass()]
        is_unused = (
            isinstance(line, ast.Assign)
            and isinstance(line.targets[0], ast.Name)
            and line.targets[0].id in unused
            and names_called(line).isdisjoint(effects)
        )
        if not is_unused:
            kept.append(line)
    return kept
