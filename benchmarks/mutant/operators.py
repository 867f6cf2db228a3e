"""Plausible bugs: small changes of one expression, as people make them.

An operator takes a node of the syntax tree and yields pairs of an expression and what it becomes.
Annotations, decorators, imports, formatted texts and whatever is raised stay as they are: a change
there is no error of a computation.
"""

import ast
import copy
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

Pairs = Iterator[tuple[ast.expr, ast.expr]]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
_OPPOSITES = [("min", "max"), ("any", "all"), ("floor", "ceil"), ("argmin", "argmax")]
_OPPOSITE = dict([*_OPPOSITES, *((second, first) for first, second in _OPPOSITES)])
_UNNOTICED = ("strict", "stacklevel")
_LEFT_ALONE = (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Raise, ast.Global, ast.Nonlocal)


class Mutant(NamedTuple):
    """A module with one bug in it."""

    operator: str
    line: int
    before: str
    after: str
    text: str
    """The whole module."""


def comparison(node: ast.AST) -> Pairs:
    """Change one comparison: by its boundary, or to its opposite where it has none."""
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]()
            yield node, _changed(node, ops=[*node.ops[:i], other, *node.ops[i + 1 :]])


def off_by_one(node: ast.AST) -> Pairs:
    """Add one to an integer."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield node, ast.Constant(node.value + 1)


def constant(node: ast.AST) -> Pairs:
    """Double a number, or take the other truth value."""
    if isinstance(node, ast.Constant) and type(node.value) in (bool, float):
        value = node.value
        yield node, ast.Constant(not value if value in (True, False) else 2 * value)


def sign(node: ast.AST) -> Pairs:
    """Drop a minus or a ``not``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node, node.operand


def arithmetic(node: ast.AST) -> Pairs:
    """Add in place of subtracting, multiply in place of dividing, and the other way round."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node):
        yield node, _changed(node, op=_ARITHMETIC[type(node.op)]())


def junction(node: ast.AST) -> Pairs:
    """Take ``or`` for ``and``, and the other way round."""
    if isinstance(node, ast.BoolOp):
        yield node, _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def condition(node: ast.AST) -> Pairs:
    """Negate a condition that is no comparison."""
    conditional = isinstance(node, ast.If | ast.IfExp | ast.While)
    if conditional and not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)


def opposite(node: ast.AST) -> Pairs:
    """Call the opposite function, as max for min."""
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name) and function.id in _OPPOSITE:
            yield function, ast.Name(_OPPOSITE[function.id])
        elif isinstance(function, ast.Attribute) and function.attr in _OPPOSITE:
            yield function, _changed(function, attr=_OPPOSITE[function.attr])


def argument(node: ast.AST) -> Pairs:
    """Forget a keyword argument, but one that right code never notices."""
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg not in (None, *_UNNOTICED):
                others = [one for one in node.keywords if one is not keyword]
                yield node, _changed(node, keywords=others)


def nothing(node: ast.AST) -> Pairs:
    """Return None."""
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield node.value, ast.Constant(None)


OPERATORS: dict[str, Callable[[ast.AST], Pairs]] = {
    "comparison changed": comparison,
    "off by one": off_by_one,
    "constant changed": constant,
    "sign dropped": sign,
    "arithmetic changed": arithmetic,
    "and for or": junction,
    "condition negated": condition,
    "opposite called": opposite,
    "argument dropped": argument,
    "None returned": nothing,
}


def find(text: str) -> list[Mutant]:
    """List all mutants of a module, in the order of the text."""
    found = []
    for node in _nodes(ast.parse(text)):
        for name, operator in OPERATORS.items():
            for old, new in operator(node):
                words = ast.unparse(old), ast.unparse(new)
                changed = _replaced(text, old, f"({words[1]})")
                if _compiles(changed):
                    found.append(Mutant(name, old.lineno, *words, changed))
    return found


def sample(mutants: list[Mutant], count: int, seed: str) -> list[Mutant]:
    """Draw some, of as many operators as there are: so the frequent ones do not fill the sample."""
    chance = random.Random(seed)
    shuffled = chance.sample(mutants, len(mutants))
    names = chance.sample(list(OPERATORS), len(OPERATORS))
    ranked = []
    for mutant in shuffled:
        turn = sum(one.operator == mutant.operator for _, one in ranked)
        ranked.append(((turn, names.index(mutant.operator)), mutant))
    return [mutant for _, mutant in sorted(ranked, key=lambda pair: pair[0])[:count]]


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a tree, past what is left alone."""
    yield node
    for name, field in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list", "type_params", "pattern"):
            for child in field if isinstance(field, list) else [field]:
                if isinstance(child, ast.AST) and not isinstance(child, _LEFT_ALONE):
                    yield from _nodes(child)


def _changed(node: ast.expr, **fields: object) -> ast.expr:
    """Copy a node with some of its fields changed."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _replaced(text: str, node: ast.expr, words: str) -> str:
    """Write other words where an expression stands. Columns count bytes."""
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    whole = b"".join(lines)
    return (whole[:start] + words.encode() + whole[end:]).decode()


def _compiles(text: str) -> bool:
    """Tell whether a module still compiles: an expression in brackets may not stand everywhere."""
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _is_text(node: ast.BinOp) -> bool:
    """Tell whether an operand is a text: it is joined or formatted, nothing is computed."""
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
