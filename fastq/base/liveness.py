"""Liveness: which local names may be read later, before they are set again.

A backward analysis of data flow, on the syntax tree. For a plain assignment the names that are live
before it are

    live_before = (live_after - set) | read.

Branches join by union. A loop is repeated until nothing is added. Source: Aho, Lam, Sethi & Ullman
(2006), Compilers, section 9.2.5. It covers the statements of `if_conversion`; of any other, names
that are read count, and none as set.
"""

import ast
from collections.abc import Sequence
from typing import NamedTuple

Names = frozenset[str]
NONE: Names = frozenset()


class After(NamedTuple):
    """The names that are live where a block of statements may be left."""

    end: Names
    """After its last statement."""
    broken: Names
    """After `break`."""
    continued: Names
    """After `continue`."""


NOTHING_AFTER = After(NONE, NONE, NONE)
"""At the end of a function."""


class Around(NamedTuple):
    """The names that are live around a loop."""

    head: Names
    """Before each round of its body."""
    next: Names
    """After a round: what the next one reads, or what follows the loop."""


def live_before(statements: Sequence[ast.stmt], after: After) -> Names:
    """List the names that a block may read as they were before it."""
    live = after.end
    for statement in reversed(statements):
        live = _before(statement, after._replace(end=live))
    return live


def around(loop: ast.For, after: Names) -> Around:
    """List the names that are live around a loop, given those after it."""
    target, head, following = set_in([loop.target]), NONE, after
    while True:
        head = live_before(loop.body, After(following, after, following))
        grown = following | (head - target)
        if grown == following:
            return Around(head, following)
        following = grown


def read_in(*nodes: ast.AST | None) -> Names:
    """List the names that are read somewhere in a tree."""
    return frozenset(
        one.id
        for node in nodes
        for one in (ast.walk(node) if node else ())
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    )


def set_in(nodes: Sequence[ast.AST]) -> Names:
    """List the names that are set somewhere in trees."""
    return frozenset(
        one.id
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    )


def _before(statement: ast.stmt, after: After) -> Names:
    """List the names that are live before a statement."""
    match statement:
        case ast.Return():
            return read_in(statement)
        case ast.Break():
            return after.broken
        case ast.Continue():
            return after.continued
        case ast.If():
            branches = live_before(statement.body, after) | live_before(statement.orelse, after)
            return read_in(statement.test) | branches
        case ast.For():
            return read_in(statement.iter) | around(statement, after.end).next
        case ast.Assign():
            return (after.end - set_in(statement.targets)) | read_in(statement)
        case ast.AnnAssign() if statement.value is not None:
            target = statement.target
            return (after.end - set_in([target])) | read_in(target, statement.value)
        case ast.AugAssign():
            return after.end | read_in(statement) | set_in([statement.target])
    return after.end | read_in(statement)
