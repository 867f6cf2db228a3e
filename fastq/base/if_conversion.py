"""If-conversion: a function with branches as the text of one without any.

A kernel may give the arguments of a rule as vectors, of one number for each *lane*: each run that
it trains side by side. The rule must do the same in all lanes then. So each branch becomes a mask:
the lanes in which Python would take it. The function::

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])

becomes::

    def update(q, step, agent, here, live):
        target = step.reward
        _then1 = both(live, invert(truth(step.terminated)))
        target = where(_then1, target + agent.gamma * _greatest1(q, step.next_state, here, _then1), target)
        put(q, (step.state, step.action), get(q, (step.state, step.action), here, live) + ...

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
import copy
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastq.base.branchless import (
    HERE,
    LIVE,
    OPERATIONS,
    Expressions,
    NotConvertibleError,
    call,
    loaded,
)
from fastq.base.captured import plain_function
from fastq.base.listings import definition_of, is_as_listed, listing_of
from fastq.base.liveness import NONE, Names, live_around, live_before, names_in

__all__ = ["OPERATIONS", "Converted", "NotConvertibleError", "convert"]
_TAKEN = {*OPERATIONS, HERE, LIVE, "range"}


class Converted(NamedTuple):
    """A function without branches."""

    source: str
    """Its definition, with `here` and `live` after its arguments, and without defaults."""
    calls: dict[str, Any]
    """What it calls, in the plain form, by the names that this has in the source."""


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
    """Copy the syntax tree of a function, which must have arguments by position alone."""
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
    return copy.deepcopy(node)


class _Statements(Expressions):
    """Writes the statements of a function."""

    def __init__(self, function: types.FunctionType) -> None:
        super().__init__(function)
        self._needed = NONE
        """The names that may be read later in live lanes outside the mask, as they are now."""
        self._result = self.fresh("result")

    def text(self, node: ast.FunctionDef) -> str:
        """Write the function."""
        self._rename(node)
        returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        valued = [one for one in returns if _has_value(one)]
        end = self._block(node.body, LIVE, NONE)
        if valued and (end is not None or len(valued) < len(returns)):
            self.refuse(node, "a function that returns a value on some paths only")
        if valued:
            last: Any = self.lines[-1]
            is_result = isinstance(last, ast.Assign) and names_in(ast.Store, last) == {self._result}
            value = self.lines.pop().value if is_result else loaded(self._result)  # type: ignore[attr-defined]
            self.lines.append(ast.Return(value))
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        head = f"def {node.name}({', '.join([*names, HERE, LIVE])}):"
        body = ast.Module(self.lines or [ast.Pass()], [])
        text = ast.unparse(ast.fix_missing_locations(body))
        return "\n    ".join([head, *text.splitlines()])

    def _rename(self, node: ast.FunctionDef) -> None:
        """Rename what is called as an operation."""
        new = {}
        for name in _TAKEN & {*self.local, node.name}:
            new[name] = f"{name}_"
            while new[name] in self.local:
                new[name] += "_"
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id in self.local:
                part.id = new.get(part.id, part.id)
            elif isinstance(part, ast.arg):
                part.arg = new.get(part.arg, part.arg)
        node.name = new.get(node.name, node.name)
        self.local = {new.get(name, name) for name in self.local}
        self.defined = {new.get(name, name) for name in self.defined}

    def _block(self, statements: Sequence[ast.stmt], live: str, after: Names) -> str | None:
        """Write a block for the lanes of a mask; give the mask at its end, None after `return`."""
        for i, statement in enumerate(statements):
            self.live = live
            rest = live_before(statements[i + 1 :], after)
            match statement:
                case ast.If():
                    end = self._branch(statement, rest)
                    if end is None:
                        return None
                    live = end
                case ast.For():
                    live = self._loop(statement, rest)
                case ast.Return():
                    self._return(statement)
                    return None
                case ast.Assign():
                    self._assign(statement.targets, statement.value)
                case ast.AnnAssign():
                    if statement.value is not None:
                        self._assign([statement.target], statement.value)
                case ast.AugAssign():
                    self._augment(statement)
                case ast.Expr():
                    if not isinstance(statement.value, ast.Constant):
                        self.lines.append(ast.Expr(self.value(statement.value)))
                case ast.Pass():
                    pass
                case _:
                    self.refuse(statement)
        return live

    def _branch(self, node: ast.If, after: Names) -> str | None:
        """Write `if` and `else` one after the other, each under its mask."""
        live, needed = self.live, self._needed
        then = self.masked("then", self.test(node.test))
        self._needed = needed | live_before(node.orelse, after)
        one = self._block(node.body, then, after)
        self.live, self._needed = live, needed
        if one == then and not node.orelse:
            return live
        else_ = self.masked("else", call("invert", then))
        self._needed = needed if one is None else needed | after
        other = self._block(node.orelse, else_, after)
        self._needed = needed
        if one is None or other is None:
            return one or other
        if (one, other) == (then, else_):
            return live
        return self.emit(self.fresh("live"), call("either", one, other))

    def _loop(self, node: ast.For, after: Names) -> str:
        """Write a loop over a range; give the mask of the lanes that have not returned in it."""
        over, target, live = node.iter, node.target, self.live
        if not (isinstance(over, ast.Call) and self.outside(over.func) is range) or over.keywords:
            self.refuse(node, "a loop over what is no range")
        if not isinstance(target, ast.Name):
            self.refuse(node, "a loop that sets other than one name")
        if node.orelse:
            self.refuse(node, "an else after a loop")
        if any(map(self.needs_mask, over.args)):
            self.refuse(node, f"a loop over {ast.unparse(over)}, which may differ between lanes")
        bounds = self.in_order(over.args)
        around = live_around(node, after)
        returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        unset = (names_in(ast.Store, node) & around) | {
            self._result for _ in filter(_has_value, returns)
        }
        for name in sorted(unset - self.defined):
            self.emit(name, ast.Constant(0))
        if returns:
            live = self.emit(self.fresh("live"), live)
        counter, outer, self.lines, self.live = target.id, self.lines, [], live
        if counter in self._needed and counter in self.defined:
            counter = self.fresh("i")
            self._store(target, loaded(counter))
        self.defined |= {counter}
        end = self._block(node.body, live, around)
        if returns:
            self.emit(live, end or call("both", live, call("invert", live)))
        body, self.lines = self.lines or [ast.Pass()], outer
        self.lines.append(ast.For(ast.Name(counter, ast.Store()), call("range", *bounds), body, []))
        return live

    def _return(self, node: ast.Return) -> None:
        """Note the result of the lanes that return."""
        if node.value is not None and _has_value(node):
            value = self.value(node.value)
            if self._result in self.defined:
                value = self.chosen(node, self.live, value, loaded(self._result))
            self.emit(self._result, value)

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
            case ast.Name():
                self.emit(target.id, self._kept(target, value))
            case ast.Subscript():
                begin = len(self.lines)
                table, index = self.in_order([target.value, target.slice])
                added, self.lines = self.lines[begin:], self.lines[:begin]
                value = self.settled(value, *added, table, index)
                self.lines += added
                put = call("put", table, index, value, HERE, self.live)
                self.lines.append(ast.Expr(put))
            case ast.Tuple():
                self._unpack(target, value)
            case ast.Starred():
                self.refuse(target)
            case _:
                self.refuse(target, "an attribute that is set")

    def _unpack(self, target: ast.Tuple, value: ast.expr) -> None:
        """Write what sets several names or elements at once."""
        lefts = target.elts
        if isinstance(value, ast.Tuple) and len(value.elts) != len(lefts):
            self.refuse(target, f"{len(value.elts)} values for {len(lefts)} names")
        names = [one.id for one in lefts if isinstance(one, ast.Name)]
        if isinstance(value, ast.Tuple) and len(names) == len(lefts):
            pairs = zip(lefts, value.elts, strict=True)
            value = ast.Tuple([self._kept(one, part) for one, part in pairs], ast.Load())
        else:
            names = [self.fresh("value") for _ in lefts]
        self.defined |= {*names}
        stores: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
        self.lines.append(ast.Assign([ast.Tuple(stores, ast.Store())], value))
        for one, name in zip(lefts, names, strict=True):
            if not (isinstance(one, ast.Name) and one.id == name):
                self._store(one, loaded(name))

    def _kept(self, target: Any, value: ast.expr) -> ast.expr:
        """Give a name the value that it has in all lanes, after it is set in those of the mask."""
        if target.id in self._needed and target.id in self.defined:
            return self.chosen(target, self.live, value, loaded(target.id))
        return value

    def _augment(self, node: ast.AugAssign) -> None:
        """Write ``+=`` and the like, which evaluate once what they set."""
        target: Any = node.target
        if isinstance(target, ast.Subscript):
            table, index = map(self.once, self.in_order([target.value, target.slice]))
            target = ast.copy_location(ast.Subscript(table, index, ast.Load()), node)
        old = ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target
        sum_ = ast.BinOp(ast.copy_location(old, node), node.op, node.value)
        self._assign([target], ast.copy_location(sum_, node))


def _has_value(node: ast.Return) -> bool:
    """Say whether a function returns more than None here."""
    is_none = isinstance(node.value, ast.Constant) and node.value.value is None
    return node.value is not None and not is_none
