"""If-conversion: a function with branches as the text of one without any.

A kernel may give the arguments of a rule as vectors, of one number for each *lane*: each run that
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
        _then1 = both(live, invert(truth(step.terminated)))
        target = where(_then1, target + agent.gamma * _greatest1(..., here, _then1), target)
        put(q, (step.state, step.action), get(...) + agent.alpha * target, here, live)

`OPERATIONS` says what `where`, `get` and the others mean. `live` is the mask of the lanes in which
the function is called. Only there it writes to tables, and only there its result means anything.
`here` is whatever the operations need; the text hands it on. A function that is called gets its
arguments, then `here` and `live`.

A name that is set under a mask keeps its old value in other lanes (`where`) if these may read it
later. Lanes that return are no longer live. A loop over a range stays one. Its bounds must be the
same in all lanes: the user of the text must refuse vectors there. A name that some rounds of a loop
may leave unset is 0 before it. The text does not notice that a name is read where it is unset.

Source of the idea: Allen, Kennedy, Porterfield & Warren (1983), Conversion of control dependence
to data dependence.
"""

import ast
import textwrap
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastq.base.branchless import Expressions, call, loaded
from fastq.base.captured import plain_function
from fastq.base.listings import definition_of, is_as_listed, listing_of
from fastq.base.liveness import NONE, Names, live_around, live_before, names_in
from fastq.base.operations import HERE, LIVE, OPERATIONS, NotConvertibleError

__all__ = ["OPERATIONS", "Converted", "NotConvertibleError", "convert"]
_TAKEN = {*OPERATIONS, HERE, LIVE, "range"}


class Converted(NamedTuple):
    """A function without branches."""

    source: str
    """Its definition, with `here` and `live` after its arguments, and without defaults."""
    calls: dict[str, Any]
    """What it calls, in the plain form, and arrays from outside, by their names in the source."""


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
    statements = _Statements(plain)
    return Converted(statements.text(_definition(plain)), statements.calls)


def _definition(function: types.FunctionType) -> ast.FunctionDef:
    """Find the syntax tree of a function, which must have arguments by position alone."""
    code = function.__code__
    place = code.co_filename, code.co_firstlineno
    listing = listing_of(code.co_filename)
    path = definition_of(listing, code) if listing else ()
    node = path[-1] if path else None
    found = listing and is_as_listed(listing, code) and isinstance(node, ast.FunctionDef)
    if not found or not isinstance(node, ast.FunctionDef):
        raise NotConvertibleError(f"{code.co_name}, whose source is not at hand", *place)
    if node.args.vararg or node.args.kwarg or node.args.kwonlyargs:
        raise NotConvertibleError("arguments other than by position", *place)
    return node


class _Statements(Expressions):
    """Writes the statements of a function."""

    def __init__(self, function: types.FunctionType) -> None:
        super().__init__(function)
        self._needed = NONE
        """The names that live lanes outside the mask may read later as they are now."""
        self._result = self.fresh("result")

    def text(self, node: ast.FunctionDef) -> str:
        """Write the function."""
        for name in sorted(_TAKEN & {*self.local, node.name}):
            self.refuse(node, f"{name} as the name of something else")
        returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        valued = [*filter(_has_value, returns)]
        end = self._block(node.body, LIVE, NONE)
        if valued and (end or len(valued) < len(returns)):
            self.refuse(node, "a function that returns a value on some paths only")
        match self.lines[-1:]:
            case [ast.Assign([ast.Name(self._result)], value)]:
                self.lines[-1] = ast.Return(value)
            case _ if valued:
                self.lines.append(ast.Return(loaded(self._result)))
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        body = ast.Module(self.lines or [ast.Pass()], [])
        text = textwrap.indent(ast.unparse(ast.fix_missing_locations(body)), "    ")
        return f"def {node.name}({', '.join([*names, HERE, LIVE])}):\n{text}"

    def _block(self, statements: Sequence[ast.stmt], live: str, after: Names) -> str:
        """Write a block for the lanes of a mask; give the mask at its end, "" after `return`."""
        for i, statement in enumerate(statements):
            self.live = live
            match statement:
                case ast.If():
                    live = self._branch(statement, live_before(statements[i + 1 :], after))
                case ast.For():
                    live = self._loop(statement, live_before(statements[i + 1 :], after))
                case ast.Return():
                    live = self._return(statement)
                case ast.Assign():
                    self._assign(statement.targets, statement.value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign([target], value)
                case ast.AugAssign():
                    self._augment(statement)
                case ast.Expr(value) if not isinstance(value, ast.Constant):
                    self.lines.append(ast.Expr(self.value(value)))
                case ast.Expr() | ast.AnnAssign() | ast.Pass():
                    pass
                case _:
                    self.refuse(statement)
            if not live:
                break
        return live

    def _branch(self, node: ast.If, after: Names) -> str:
        """Write `if` and `else` one after the other, each under its mask."""
        live, needed = self.live, self._needed
        then = self.masked("then", self.test(node.test))
        self._needed = needed | live_before(node.orelse, after)
        one = self._block(node.body, then, after)
        self.live, self._needed = live, needed
        if one == then and not node.orelse:
            return live
        else_ = self.masked("else", call("invert", then))
        self._needed = needed | (after if one else NONE)
        other = self._block(node.orelse, else_, after)
        self._needed = needed
        if not (one and other):
            return one or other
        both = (one, other) == (then, else_)
        return live if both else self.emit(self.fresh("live"), call("either", one, other))

    def _loop(self, node: ast.For, after: Names) -> str:
        """Write a loop over a range; give the mask of the lanes that have not returned in it."""
        over, target, live = node.iter, node.target, self.live
        is_range = isinstance(over, ast.Call) and self.outside(over.func) is range
        if not (isinstance(over, ast.Call) and is_range and isinstance(target, ast.Name)):
            self.refuse(node)
        if node.orelse:
            self.refuse(node, "an else after a loop")
        if any(map(self.needs_mask, over.args)):
            self.refuse(node, f"{ast.unparse(over)}, which may differ between lanes")
        bounds, around = self.in_order(over.args), live_around(node, after)
        returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        results = {self._result for _ in filter(_has_value, returns)}
        unset = names_in(ast.Store, node) & (around | self._needed)
        for name in sorted((unset | results) - self.defined):
            self.emit(name, ast.Constant(0))
        if returns:
            live = self.emit(self.fresh("live"), live)
        counter, outer, self.lines, self.live = target.id, self.lines, [], live
        if counter in self._needed and counter in self.defined:
            counter = self.fresh("i")
            self._store(target, loaded(counter))
        self.defined.add(counter)
        end = self._block(node.body, live, around)
        if returns:
            self.emit(live, end or call("both", live, call("invert", live)))
        body, self.lines = self.lines or [ast.Pass()], outer
        number = ast.Name(counter, ast.Store())
        self.lines.append(ast.For(number, call("range", *bounds), body, []))
        return live

    def _return(self, node: ast.Return) -> str:
        """Note the result of the lanes that return; give the empty mask."""
        if node.value is not None and _has_value(node):
            value = self.value(node.value)
            if self._result in self.defined:
                value = self.chosen(node, self.live, value, loaded(self._result))
            self.emit(self._result, value)
        return ""

    def _assign(self, targets: Sequence[ast.expr], node: ast.expr) -> None:
        """Write an assignment: the value first, then what is set, from the left."""
        value = self.value(node)
        if len(targets) > 1:
            value = self.once(value)
        for target in targets:
            self._store(target, value)

    def _store(self, target: ast.expr, value: ast.expr) -> None:
        """Write what sets a name, an element, or several."""
        match target:
            case ast.Name(name):
                if name in self._needed and name in self.defined:
                    value = self.chosen(target, self.live, value, loaded(name))
                self.emit(name, value)
            case ast.Subscript():
                value, table, index = self.in_order([target.value, target.slice], value)
                value = self.settled(value, table, index)
                self.lines.append(ast.Expr(call("put", table, index, value, HERE, self.live)))
            case ast.Tuple(lefts):
                names = [self.fresh("value") for _ in lefts]
                self.defined |= {*names}
                parts: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
                self.lines.append(ast.Assign([ast.Tuple(parts, ast.Store())], value))
                for one, name in zip(lefts, names, strict=True):
                    self._store(one, loaded(name))
            case _:
                self.refuse(target)

    def _augment(self, node: ast.AugAssign) -> None:
        """Write ``+=`` and the like, which evaluate once what they set."""
        target: Any = node.target
        if isinstance(target, ast.Subscript):
            table, index = map(self.once, self.in_order([target.value, target.slice]))
            target = ast.copy_location(ast.Subscript(table, index, ast.Load()), node)
        whole = ast.copy_location(ast.BinOp(target, node.op, node.value), node)
        self._assign([target], whole)


def _has_value(node: ast.Return) -> bool:
    """Say whether a function returns more than None here."""
    is_none = isinstance(node.value, ast.Constant) and node.value.value is None
    return node.value is not None and not is_none
