"""Where code stands: the files and notebook cells that live functions and classes came from.

Files are parsed and never run. Python and its notebooks keep the text of a cell in `linecache`.
"""

import ast
import copy
import dis
import functools
import linecache
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastq.base.captured import codes

STORED = "<fastq>/"
"""How the name of a text begins that fastq itself wrote down and that is no file."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Listing(NamedTuple):
    """A file, or a cell."""

    file: str
    text: str
    tree: ast.Module


def listing_of(file: str) -> Listing | None:
    """Read and parse a file or a cell; None where it is not at hand, or no Python."""
    linecache.checkcache(file)
    text = "".join(linecache.getlines(file))
    tree = parsed(text) if text else None
    return None if tree is None else Listing(file, text, tree)


def listings_of(names: dict[str, Any], file: str | None) -> list[Listing]:
    """List what the names of a module may be bound in, the latest last.

    Parameters
    ----------
    names : dict
        The module's own.
    file : str, optional
        Where some of its code stands.
    """
    home = names.get("__file__")
    cells = [] if home or names.get("__name__") != "__main__" else _cells()
    files = dict.fromkeys([*cells, *([home] if home else []), *([file] if file else [])])
    return [found for found in map(listing_of, files) if found is not None]


def _cells() -> list[str]:
    """List the notebook's cells: what `linecache` was told, and need not read."""
    return [
        file
        for file, entry in linecache.cache.items()
        if len(entry) > 1 and entry[1] is None and not file.startswith(STORED)
    ]


@functools.lru_cache(maxsize=64)
def parsed(text: str) -> ast.Module | None:
    """Parse a text; None where it is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def definition_of(listing: Listing, code: types.CodeType) -> tuple[Definition, ...]:
    """Find the function that was compiled to a code object, after the definitions around it."""
    for path in _definitions(listing.tree, ()):
        node = path[-1]
        if isinstance(node, ast.ClassDef) or node.name != code.co_name:
            continue
        first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        if first == code.co_firstlineno:
            return path
    return ()


def is_as_listed(listing: Listing, code: types.CodeType) -> bool:
    """Say whether a code object is what a listing is compiled to, and not an edited one."""
    return code in _compiled(listing.text)


@functools.lru_cache(maxsize=16)
def _compiled(text: str) -> frozenset[types.CodeType]:
    """Compile a text; give all code objects in it."""
    try:
        return frozenset(codes(compile(text, "", "exec", dont_inherit=True)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


def named(tree: ast.Module, qualified: str) -> Definition | None:
    """Find the last definition of a qualified name, as ``Outer.Mine`` or ``make.<locals>.Mine``."""
    wanted = [part for part in qualified.split(".") if part != "<locals>"]
    found = None
    for path in _definitions(tree, ()):
        if [node.name for node in path] == wanted:
            found = path[-1]
    return found


def _definitions(node: ast.AST, outer: tuple[Definition, ...]) -> Iterator[tuple[Definition, ...]]:
    """List all definitions, each after those around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield (*outer, child)
            yield from _definitions(child, (*outer, child))
        else:
            yield from _definitions(child, outer)


def binding(tree: ast.Module, name: str) -> ast.stmt | None:
    """Find the last statement outside of functions and classes that binds a name."""
    found = None
    for statement in _statements(tree.body):
        if name in _bound(statement):
            found = statement
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """List statements, with those of branches."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, part, []))


def _bound(statement: ast.stmt) -> set[str]:
    """List the names that a statement binds."""
    if isinstance(statement, Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name)}
    return set()


def literal_in(tree: ast.Module, name: str) -> tuple[object, ...]:
    """Give the literal that a name is bound to, as a tuple of one; nothing where there is none."""
    statement = binding(tree, name)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return ()
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    try:
        return (ast.literal_eval(statement.value),) if isinstance(target, ast.Name) else ()
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ()


def text_of(listing: Listing, node: ast.stmt) -> str:
    """Give a statement's own text; if it stands within another, write it from its tree."""
    if node.col_offset or not isinstance(node, Definition):
        return ast.unparse(node)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return "".join(listing.text.splitlines(keepends=True)[first - 1 : node.end_lineno]).rstrip()


def meaning(node: ast.AST) -> str:
    """Write down a definition without its comments, layout and docstrings."""
    bare = copy.deepcopy(node)
    for inner in ast.walk(bare):
        if isinstance(inner, Definition) and ast.get_docstring(inner) is not None:
            del inner.body[0]
    return ast.dump(bare)


def names_in(node: ast.stmt) -> list[str]:
    """List the names that a statement finds outside of itself, those of annotations included."""
    code = compile(ast.Module([node], []), "", "exec", dont_inherit=True)
    found = dict.fromkeys(_loaded(code))
    for inner in ast.walk(node):
        text = getattr(getattr(inner, "annotation", None), "value", None)
        tree = parsed(text) if isinstance(text, str) else None
        for part in ast.walk(tree) if tree else ():
            if isinstance(part, ast.Name):
                found[part.id] = None
    return [name for name in found if not name.startswith("__")]  # each module has its own


_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS")


def _loaded(code: types.CodeType) -> Iterator[str]:
    """List the names that code looks up, and those that the code inside it does."""
    for inner in codes(code):
        for instruction in dis.get_instructions(inner):
            if instruction.opname in _LOADS:
                yield instruction.argval


def attributes_of(node: ast.AST, name: str) -> list[str]:
    """List the attributes of a name, which may be dotted, that a statement uses."""
    found = [
        inner.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute) and ast.unparse(inner.value) == name
    ]
    return [*dict.fromkeys(found)]


def within(node: Definition, parameters: list[str]) -> str:
    """Write a definition within a function ``_make`` that is given what it uses."""
    tree = ast.parse(f"def _make({', '.join(parameters)}):\n    return {node.name}")
    make = tree.body[0]
    assert isinstance(make, ast.FunctionDef)
    make.body.insert(0, node)
    return ast.unparse(make)


def postpones(tree: ast.Module) -> bool:
    """Say whether a file postpones the evaluation of its annotations."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def is_installed(module: str) -> bool:
    """Say whether a module is Python's, fastq's or an installed library's."""
    top = module.partition(".")[0]
    if top == "__main__":
        return False  # whatever started the process
    if top == "fastq" or top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    return file is not None and not _LIBRARIES.isdisjoint(Path(file).parts)


_LIBRARIES = {"site-packages", "dist-packages"}
"""What the folders of installed libraries are called, in whatever environment."""
