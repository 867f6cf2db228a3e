"""Liveness: which local names may be read later, before they are set again.

A backward analysis of data flow. For an assignment the names that are live before it are

    before = (after - set) | read.

Branches join by union. It covers the statements of `if_conversion`; of any other, all names that
are read count. Source: Aho, Lam, Sethi & Ullman (2006), Compilers, section 9.2.5.
"""

import ast
from collections.abc import Sequence

Names = frozenset[str]
NONE: Names = frozenset()


def names_in(context: type[ast.expr_context], *nodes: ast.AST | None) -> Names:
    """List the names that trees read (`ast.Load`) or set (`ast.Store`)."""
    parts = (part for node in nodes if node for part in ast.walk(node))
    return frozenset(
        part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, context)
    )


def live_before(statements: Sequence[ast.stmt], after: Names) -> Names:
    """List the names that a block may read as they were before it, or that are live after it."""
    for statement in reversed(statements):
        after = _before(statement, after)
    return after


def live_around(loop: ast.For, after: Names) -> Names:
    """List the names that are live between the rounds of a loop, and so before the first.

    One pass over the body is enough: a second finds nothing new, as what a block lets through
    does not depend on what is live after it.
    """
    return after | (live_before(loop.body, after) - names_in(ast.Store, loop.target))


def _before(statement: ast.stmt, after: Names) -> Names:
    """List the names that are live before a statement."""
    match statement:
        case ast.Return():
            return names_in(ast.Load, statement)
        case ast.If():
            either = live_before(statement.body, after) | live_before(statement.orelse, after)
            return names_in(ast.Load, statement.test) | either
        case ast.For():
            return names_in(ast.Load, statement.iter) | live_around(statement, after)
        case ast.Assign() | ast.AnnAssign(value=ast.expr()):
            return (after - names_in(ast.Store, statement)) | names_in(ast.Load, statement)
    return after | names_in(ast.Load, statement)
