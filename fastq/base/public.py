"""The public names of a package, loaded when they are first used.

One table says where each stands: the block ``if TYPE_CHECKING:`` in the package's ``__init__.py``.
Type checkers read it as it is, and `attach` reads it as text. A public module, such as
``fastq.rules``, can also be imported by its public name.
"""

import ast
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Table = dict[str, tuple[str, str]]
"""Public name -> the module that it stands in, and its name there."""


def attach(package: str, source: str) -> tuple[Callable[[str], Any], list[str]]:
    """Make the public names of a package attributes that are loaded when they are first used.

    Parameters
    ----------
    package : str
    source : str
        Of the package, with the table.

    Returns
    -------
    callable
        For ``__getattr__``.
    list of str
        For ``__all__``: the public names, sorted.
    """
    table = _read(source)
    names = sorted(table)
    sys.meta_path.append(_PublicModules(package, table))

    def load(name: str) -> Any:
        if name not in table:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}{_meant(name, names)}"
            )
        value = _find(*table[name])
        setattr(sys.modules[package], name, value)
        return value

    return load, names


def _read(source: str) -> Table:
    """Read the imports under ``if TYPE_CHECKING:``."""
    blocks = [node for node in ast.parse(source).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in imports
        for alias in node.names
    }


def _holds_modules(home: str) -> bool:
    """Whether a home gives modules to the table: then it is a package."""
    return hasattr(importlib.import_module(home), "__path__")


def _find(home: str, name: str) -> Any:
    """Import what ``from home import name`` gives."""
    if _holds_modules(home):
        return importlib.import_module(f"{home}.{name}")
    return getattr(importlib.import_module(home), name)


def _meant(name: str, names: Sequence[str]) -> str:
    """Say which public name was probably meant."""
    from fastq.base.validation import meant

    return "" if name.startswith("_") else meant(name, names)


class _PublicModules(MetaPathFinder, Loader):
    """Finds a module by its public name, where no file of that name is."""

    def __init__(self, package: str, table: Table) -> None:
        self._package, self._table = package, table

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a public name that is a module; the others stand in modules, and are none."""
        package, _, name = fullname.rpartition(".")
        if package != self._package or name not in self._table:
            return None
        if not _holds_modules(self._table[name][0]):
            return None
        return ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the new module by the real one, so that there is only one."""
        name = module.__name__.rpartition(".")[2]
        sys.modules[module.__name__] = _find(*self._table[name])
