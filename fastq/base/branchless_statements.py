"""Statements without branches: what `if_conversion` writes for the statements of a function."""

import ast
import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastq.base.branchless import HERE, LIVE, assigned, call, without_unused
from fastq.base.branchless_expressions import Expressions, is_extent
from fastq.base.liveness import NONE, NOTHING_AFTER, After, Names, around, live_before, read_in

_RESULT = "_result"
_MOST_BOUNDS = 3


class _Block(NamedTuple):
    """What holds in a list of statements."""

    live: str
    """The mask of the lanes that are in it."""
    needed: Names
    """The names that may be read later in other lanes, as they are before the block."""
    after: After
    is_body: bool = False
    """Whether it is of the function itself, and in no branch or loop."""


class _Loop(NamedTuple):
    """What a loop keeps from round to round."""

    again: str | None
    """The mask of the lanes that go on with it, where some may leave."""
    back: str | None
    """The mask of the lanes that go on after it, where that is another one."""
    carried: Names
    """The names that a round may read from an earlier one."""


class Statements:
    """Writes the statements of a function."""

    def __init__(self, function: types.FunctionType) -> None:
        self._expressions = Expressions(function)
        self.calls = self._expressions.calls
        self._loops: list[_Loop] = []
        self._result = _RESULT
        while self._result in self._expressions.outside.local:
            self._result += "_"
        self._writers: dict[type[ast.stmt], Callable[[Any, _Block, Names], str | None]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._assign,
            ast.AugAssign: self._augment,
            ast.Expr: self._evaluate,
            ast.Pass: lambda node, block, rest: block.live,
            ast.If: self._branch,
            ast.For: self._loop,
            ast.Return: self._return,
            ast.Break: self._break,
            ast.Continue: lambda node, block, rest: None,
        }

    def text(self, node: ast.FunctionDef) -> str:
        """Write the function."""
        write = self._expressions
        returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
        values = [one for one in returns if _has_value(one)]
        end = self._block(node.body, _Block(LIVE, NONE, NOTHING_AFTER, is_body=True))
        if values and (end is not None or len(values) < len(returns)):
            write.refuse(node, "a function that returns a value on some paths only")
        lines = [*self._first_values(), *write.lines]
        if values and not isinstance(lines[-1], ast.Return):
            lines.append(ast.Return(ast.Name(self._result, ast.Load())))
        arguments = [*node.args.posonlyargs, *node.args.args]
        names = [*(write.name(one.arg) for one in arguments), HERE, LIVE]
        module = ast.parse(f"def {write.name(node.name)}({', '.join(names)}): pass")
        definition: Any = module.body[0]
        definition.body = without_unused(lines, write) or definition.body
        return ast.unparse(ast.fix_missing_locations(module))

    def _first_values(self) -> list[ast.stmt]:
        """Write lines that set the names that are read, in lanes that do not need it, unset."""
        wanted, self._expressions.wanted = sorted(self._expressions.wanted), set()
        return [assigned(self._expressions.name(name), ast.Constant(0)) for name in wanted]

    def _block(self, statements: Sequence[ast.stmt], block: _Block) -> str | None:
        """Write a block; give the mask of the lanes that reach its end, None where none can."""
        for i, statement in enumerate(statements):
            self._expressions.live = block.live
            write = self._writers.get(type(statement))
            if write is None:
                self._expressions.refuse(statement)
            live = write(statement, block, live_before(statements[i + 1 :], block.after))
            if live is None:
                return None
            block = block._replace(live=live)
        return block.live

    def _branch(self, node: ast.If, block: _Block, rest: Names) -> str | None:
        """Write `if` and `else` one after the other, each under its mask."""
        write, after = self._expressions, block.after._replace(end=rest)
        test = write.test(node.test)
        if isinstance(test, ast.Constant):
            taken = node.body if test.value else node.orelse
            return self._block(taken, block._replace(after=after))
        if_, then, else_ = write.numbered("if", "then", "else")
        write.emit(if_, test)
        write.emit(then, call("both", block.live, if_))
        needed = block.needed | live_before(node.orelse, after)
        one = self._block(node.body, _Block(then, needed, after))
        write.emit(else_, call("both", block.live, call("invert", if_)))
        needed = block.needed | (NONE if one is None else rest)
        other = self._block(node.orelse, _Block(else_, needed, after))
        if one is None or other is None:
            return one or other
        if (one, other) == (then, else_):
            return block.live
        return write.emit(write.numbered("live")[0], call("either", one, other))

    def _loop(self, node: ast.For, block: _Block, rest: Names) -> str:
        """Write a loop over a range, for all lanes that may be in it."""
        write = self._expressions
        bounds = self._bounds(node)
        returns, breaks, continues = (
            _leaves(node.body, kind) for kind in (ast.Return, ast.Break, ast.Continue)
        )
        head, following = around(node, rest)
        left, skipped = rest if breaks else NONE, following if continues else NONE
        again = write.emit(write.numbered("loop")[0], block.live) if returns or breaks else None
        back = write.emit(write.numbered("back")[0], block.live) if returns and breaks else again
        outer, write.lines = write.lines, []
        unset, write.wanted = write.wanted, write.wanted if self._loops else set()
        live = block.live if again is None else write.emit(write.numbered("round")[0], again)
        self._loops.append(_Loop(again, back, head | left | skipped))
        inner = _Block(live, block.needed | left, After(following, rest, following))
        target: Any = node.target
        counter = target.id
        if self._is_kept(counter, inner):
            (counter,) = write.numbered("i")
            self._store(target, ast.Name(counter, ast.Load()), inner)
        else:
            write.defined.add(counter)
            counter = write.name(counter)
        self._block(node.body, inner._replace(needed=inner.needed | skipped))
        self._loops.pop()
        body, write.lines = write.lines or [ast.Pass()], outer
        if not self._loops:
            write.lines += self._first_values()
            write.wanted = unset
        name = ast.Name(counter, ast.Store())
        write.lines.append(ast.For(name, call("range", *bounds), body, []))
        return back if returns and back else block.live

    def _bounds(self, node: ast.For) -> list[ast.expr]:
        """Write the bounds of a loop, which must be over a range."""
        write, over = self._expressions, node.iter
        if not (isinstance(over, ast.Call) and write.outside.value(over.func) is range):
            write.refuse(node, "a loop over what is no range")
        if not isinstance(node.target, ast.Name):
            write.refuse(node, "a loop that sets other than one name")
        if node.orelse:
            write.refuse(node, "an else after a loop")
        for bound in over.args:
            if not self._is_uniform(bound):
                write.refuse(
                    node, f"a loop over {ast.unparse(over)}, which may differ between runs"
                )
        if over.keywords or not 1 <= len(over.args) <= _MOST_BOUNDS:
            write.refuse(node, f"a loop over {ast.unparse(over)}")
        return write.in_order(over.args)

    def _is_uniform(self, node: ast.AST) -> bool:
        """Say whether a bound has a form that can be the same in all lanes."""
        if is_extent(node) or (
            isinstance(node, ast.expr) and self._expressions.is_builtin(node, "len")
        ):
            return True
        if isinstance(node, ast.Call):
            known = self._expressions.is_builtin(node, "int", "min", "max", "abs")
            return known and all(map(self._is_uniform, node.args))
        if not isinstance(node, _UNIFORM):
            return False
        return isinstance(node, ast.Attribute) or all(
            map(self._is_uniform, ast.iter_child_nodes(node))
        )

    def _return(self, node: ast.Return, block: _Block, rest: Names) -> None:
        """Note the result of the lanes that return, and take these out of all loops."""
        write = self._expressions
        if node.value is not None and _has_value(node):
            value = write.value(node.value)
            if isinstance(value, ast.Tuple) and not block.is_body:
                write.refuse(node, "several values that are returned under a condition")
            if self._is_kept(self._result, block, may_be_read=True):
                if isinstance(value, ast.Tuple):
                    write.refuse(node, "several values that are returned under a condition")
                value = call("where", block.live, value, write.load(self._result))
            write.defined.add(self._result)
            last = ast.Return(value) if block.is_body else assigned(self._result, value)
            write.lines.append(last)
        for loop in self._loops:
            self._leave(block.live, *{loop.again, loop.back})

    def _break(self, node: ast.Break, block: _Block, rest: Names) -> None:
        """Take lanes out of a loop."""
        self._leave(block.live, self._loops[-1].again)

    def _leave(self, live: str, *masks: str | None) -> None:
        """Take lanes out of masks."""
        for mask in sorted(one for one in masks if one):
            self._expressions.emit(mask, call("both", mask, call("invert", live)))

    def _assign(self, node: ast.Assign | ast.AnnAssign, block: _Block, rest: Names) -> str:
        """Write an assignment: the value first, then what is set, from the left."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return block.live
        if len(targets) == 1 and isinstance(targets[0], ast.Tuple):
            self._unpack(targets[0], node.value, block)
            return block.live
        value = self._expressions.value(node.value)
        if len(targets) > 1:
            value = self._expressions.simple(value)
        for target in targets:
            self._store(target, value, block)
        return block.live

    def _unpack(self, target: ast.Tuple, node: ast.expr, block: _Block) -> None:
        """Write an assignment to several names or elements."""
        write, targets = self._expressions, target.elts
        values = self._values(node, len(targets))
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        is_free = len(names) == len(targets) and all(
            read_in(value).isdisjoint(map(write.name, names[:i])) for i, value in enumerate(values)
        )
        if not is_free:
            values = [write.kept(one) if read_in(one) else one for one in values]
        for one, value in zip(targets, values, strict=True):
            self._store(one, value, block)

    def _values(self, node: ast.expr, count: int) -> list[ast.expr]:
        """Write a value that is taken apart."""
        write = self._expressions
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "shape"
            and write.outside.is_local(node)
        ):
            table = write.value(node.value)
            return [call("extent", table, ast.Constant(k)) for k in range(count)]
        value = write.value(node)
        if isinstance(value, ast.Tuple):
            if len(value.elts) != count:
                write.refuse(node, f"{len(value.elts)} values for {count} names")
            return value.elts
        names = [write.numbered("value")[0] for _ in range(count)]
        parts: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
        write.lines.append(ast.Assign([ast.Tuple(parts, ast.Store())], value))
        return [ast.Name(name, ast.Load()) for name in names]

    def _is_kept(self, name: str, block: _Block, *, may_be_read: bool = False) -> bool:
        """Say whether lanes that are not in a block may need a name as it is."""
        write = self._expressions
        carried = any(name in loop.carried or may_be_read for loop in self._loops)
        return (may_be_read or name in block.needed) and (name in write.defined or carried)

    def _store(self, target: ast.expr, value: ast.expr, block: _Block) -> None:
        """Write what sets a name or an element, in the lanes of a block."""
        write = self._expressions
        if isinstance(target, ast.Name):
            if self._is_kept(target.id, block):
                if isinstance(value, ast.Tuple):
                    write.refuse(target, "a tuple that is chosen by a branch")
                value = call("where", block.live, value, write.load(target.id))
            write.defined.add(target.id)
            write.emit(write.name(target.id), value)
        elif isinstance(target, ast.Subscript):
            begin = len(write.lines)
            table, index = write.in_order([target.value, target.slice])
            value = write.before(value, begin, table, index)
            written = call("put", table, index, value, block.live, HERE)
            write.lines.append(ast.Expr(written))
        else:
            what = "an attribute" if isinstance(target, ast.Attribute) else "a tuple in a tuple"
            write.refuse(target, "" if isinstance(target, ast.Starred) else f"{what} that is set")

    def _augment(self, node: ast.AugAssign, block: _Block, rest: Names) -> str:
        """Write ``+=`` and the like, which read what they set once, and first."""
        write, target = self._expressions, node.target
        if isinstance(target, ast.Name):
            old, value = write.load(target.id), write.value(node.value)
            self._store(target, write.binary(node, old, value), block)
        elif isinstance(target, ast.Subscript):
            table, index = map(write.simple, write.in_order([target.value, target.slice]))
            begin = len(write.lines)
            value = write.value(node.value)
            element = call("get", table, index, block.live, HERE)
            new = write.binary(node, write.before(element, begin, value), value)
            written = call("put", table, index, new, block.live, HERE)
            write.lines.append(ast.Expr(written))
        else:
            write.refuse(target, "an attribute that is set")
        return block.live

    def _evaluate(self, node: ast.Expr, block: _Block, rest: Names) -> str:
        """Write an expression that stands alone, as a call does; leave out a docstring."""
        if not isinstance(node.value, ast.Constant):
            self._expressions.lines.append(ast.Expr(self._expressions.value(node.value)))
        return block.live


_UNIFORM = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.FloorDiv,
    ast.UnaryOp,
    ast.USub,
    ast.expr_context,
)
"""What a bound of a loop may be made of."""


def _has_value(node: ast.Return) -> bool:
    """Say whether a function returns more than None here."""
    is_none = isinstance(node.value, ast.Constant) and node.value.value is None
    return node.value is not None and not is_none


def _leaves(body: Sequence[ast.stmt], kind: type[ast.stmt]) -> bool:
    """Say whether a loop may be left, or a round of it, by a kind of statement."""
    for one in body:
        if isinstance(one, kind):
            return True
        inner = [*getattr(one, "body", []), *getattr(one, "orelse", [])]
        if (kind is ast.Return or not isinstance(one, ast.For)) and _leaves(inner, kind):
            return True
    return False
