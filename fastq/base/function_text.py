"""Functions as text: their source where it is at hand, the same for every version of Python.

Comments, docstrings, layout, annotations and decorators are not part of it. Nor are defaults: they
count by their values. A source counts only if its file compiles to exactly the bytecode that the
function has. Otherwise the bytecode is written down.
"""

import ast
import functools
import hashlib
import linecache
import struct
import sys
import types
import warnings
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from fastq.base.captured import codes

Text = tuple[Any, ...]
"""Nested tuples of strings, whole numbers and bytes: what is written down without loss."""

_NO_PART = ("annotation", "returns", "type_comment", "type_params", "kind", "ctx")
_OF_OUTERMOST = ("decorator_list", "defaults", "kw_defaults")
_FLAGS = 0x2AC
"""The flags of a code object that say what kind of function it is."""


def text_digest(function: types.FunctionType) -> str:
    """Digest what a plain function does, apart from the values that it finds outside."""
    code = function.__code__
    found = _DIGESTS.get(function)
    if found is None or found[0] is not code:
        compiled = digest(of_code(code))
        kept = function.__dict__.get(_KEPT)
        if not kept or kept[0] != compiled:
            source = _source(function)
            kept = function.__dict__[_KEPT] = (compiled, digest(source) if source else compiled)
        found = _DIGESTS[function] = (code, kept[1])
    return found[1]


_DIGESTS: "weakref.WeakKeyDictionary[types.FunctionType, tuple[types.CodeType, str]]"
_DIGESTS = weakref.WeakKeyDictionary()
_KEPT = "_fastq_digest"
"""Where a function keeps the digest of its text, for processes that do not have its file."""


def digest(text: Text) -> str:
    """Digest what is written down; `ascii` tells any two such texts apart."""
    return hashlib.sha256(ascii(text).encode()).hexdigest()


def of_constant(value: Any) -> Text:
    """Write down a value that may stand in code: by its kind, and to the last bit.

    Raises
    ------
    TypeError
        For a value of another kind.
    """
    write = _CONSTANTS.get(type(value))
    if write is None:
        raise TypeError(type(value).__name__)
    return (type(value).__name__, *write(value))


_CONSTANTS: dict[type, Callable[[Any], Iterable[Any]]] = {
    type(None): lambda _: (),
    type(...): lambda _: (),
    bool: lambda value: (str(value),),
    int: lambda value: (hex(value),),
    float: lambda value: (struct.pack("<d", value),),
    complex: lambda value: (struct.pack("<dd", value.real, value.imag),),
    str: lambda value: (value,),
    bytes: lambda value: (value,),
    tuple: lambda value: map(of_constant, value),
    frozenset: lambda value: sorted(map(of_constant, value), key=ascii),
    slice: lambda value: map(of_constant, (value.start, value.stop, value.step)),
    types.CodeType: lambda value: of_code(value)[1:],
}


def of_code(code: types.CodeType) -> Text:
    """Write down the bytecode of a function, and of those inside it."""
    return (
        "code",
        code.co_code,
        code.co_exceptiontable,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_flags & _FLAGS,
        *(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        *map(of_constant, code.co_consts),
    )


def _source(function: types.FunctionType) -> Text | None:
    """Write down a function's syntax tree, where its file holds just this function."""
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    try:
        tree, compiled = _parsed("".join(lines))
    except (SyntaxError, ValueError):
        return None
    named, text = (code.co_qualname, code.co_firstlineno), of_code(code)
    if not any((c.co_qualname, c.co_firstlineno) == named and of_code(c) == text for c in compiled):
        return None
    nodes = [node for node in tree if _first_line(node) == code.co_firstlineno]
    nodes = [node for node in nodes if getattr(node, "name", "<lambda>") == code.co_name]
    if len(nodes) != 1 or (sys.flags.optimize and _is_checked(nodes[0])):
        return None
    return _of_tree(nodes[0], outermost=True)


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> tuple[list[ast.FunctionDef | ast.Lambda], list[types.CodeType]]:
    """List the functions of a file as syntax trees, and as code objects."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was compiled before, and they were said
        nodes = ast.walk(ast.parse(text))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda)]
        return functions, [*codes(compile(text, "", "exec", dont_inherit=True))]


def _first_line(node: Any) -> int:
    """Give the line that a function begins in: that of its first decorator, if any."""
    first: int = min([node, *getattr(node, "decorator_list", [])], key=lambda n: n.lineno).lineno
    return first


def _is_checked(node: ast.AST) -> bool:
    """Say whether a function does less where Python optimizes."""
    return any(
        isinstance(part, ast.Assert) or (isinstance(part, ast.Name) and part.id == "__debug__")
        for part in ast.walk(node)
    )


def _of_tree(node: ast.AST, *, outermost: bool = False) -> Text:
    """Write down a syntax tree; of an outermost function neither decorators nor defaults."""
    parts: list[Any] = [type(node).__name__]
    left_out = (*_NO_PART, *_OF_OUTERMOST) if outermost else _NO_PART
    for name, value in ast.iter_fields(node):
        if name in left_out:
            continue
        if isinstance(node, ast.Constant):
            parts.append((name, of_constant(value)))
        elif isinstance(value, ast.AST):
            is_signature = outermost and isinstance(value, ast.arguments)
            parts.append((name, _of_tree(value, outermost=is_signature)))
        elif isinstance(value, list) and value:
            items = _without_docstring(node) if name == "body" else value
            written = (_of_tree(v) if isinstance(v, ast.AST) else (str(v),) for v in items)
            parts.append((name, *written))
        elif isinstance(value, str | int):
            parts.append((name, str(value)))
    return tuple(parts)


def _without_docstring(node: Any) -> list[ast.stmt]:
    """Give the statements of a body."""
    body: list[ast.stmt] = node.body
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
        return body[1:] or [ast.Pass()]
    return body
