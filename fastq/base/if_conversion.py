"""If-conversion: a function with branches as the text of one without any.

A kernel may type the arguments of a rule with vectors, of one number for each *lane*: each run that
it trains side by side. The rule must do the same in all lanes then. So each branch becomes a mask:
the lanes in which Python would take it. The function::

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * target

becomes::

    def update(q, step, agent, here, live):
        target = step.reward
        _if1 = invert(truth(step.terminated))
        _then1 = both(live, _if1)
        target = where(_then1, target + agent.gamma * _call1(q, step.next_state, here, _then1), target)
        put(q, (step.state, step.action), get(q, (step.state, step.action), live, here) + agent.alpha * target, live, here)

`branchless.OPERATIONS` says what `where`, `get` and the others mean. `live` is the mask of the lanes
in which the function is called. Only there a statement may fail or write to a table. What a local
name holds in other lanes is of no interest, unless Python could read it there: then an assignment
keeps the old value (`where`). `liveness` says which names can be read.

Lanes that return are no longer live, nor are those that leave a loop until it ends. A loop over a
range stays one. Its bounds must be the same in all lanes, which is for the user of the text to
check. Source of the idea: Allen, Kennedy, Porterfield & Warren (1983), Conversion of control
dependence to data dependence.
"""

import ast
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from fastq.base.branchless import OPERATIONS, NotConvertibleError
from fastq.base.branchless_statements import Statements
from fastq.base.captured import plain_function
from fastq.base.listings import definition_of, is_as_listed, listing_of

__all__ = ["OPERATIONS", "Converted", "NotConvertibleError", "convert"]


class Converted(NamedTuple):
    """A function without branches."""

    source: str
    """Its definition, with `here` and `live` after its arguments."""
    calls: dict[str, Any]
    """What it calls, by the names that this has in the source."""


def convert(function: Callable[..., Any]) -> Converted:
    """Write a function without branches.

    Parameters
    ----------
    function : function
        A plain one, or one that Numba compiled.

    Returns
    -------
    Converted

    Raises
    ------
    NotConvertibleError
        Where it has no such form, or its source is not at hand.
    """
    plain = plain_function(function)
    if not isinstance(plain, types.FunctionType):
        raise NotConvertibleError(f"{function!r}, which is no Python function", "?", 0)
    statements = Statements(plain)
    return Converted(statements.text(_definition(plain)), statements.calls)


def _definition(function: types.FunctionType) -> ast.FunctionDef:
    """Find the syntax tree of a function, which must have arguments by position alone."""
    code = function.__code__
    place = code.co_filename, code.co_firstlineno
    listing = listing_of(code.co_filename)
    path = definition_of(listing, code) if listing else ()
    node = path[-1] if path else None
    if code.co_name == "<lambda>":
        raise NotConvertibleError("a lambda", *place)
    if listing is None or node is None:
        raise NotConvertibleError(f"{code.co_name}, whose source is not to be found", *place)
    if not is_as_listed(listing, code):
        raise NotConvertibleError(f"{code.co_name}, which was edited after it was loaded", *place)
    if not isinstance(node, ast.FunctionDef):
        raise NotConvertibleError("an async function", *place)
    arguments = node.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        raise NotConvertibleError("arguments other than by position", *place)
    return node
