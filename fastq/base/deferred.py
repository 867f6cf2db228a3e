"""Compiled helpers that become a part of their callers, and are optimised there alone.

Numba optimises each compiled function with all that it calls, and makes machine code of it. Of a
helper that only compiled functions call, this is work for nothing, and with helpers in helpers it
is done again at each level. `Deferred` leaves both to the function that Python calls: it is the
same code in a third of the time.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _NoEngine:
    """Stands for the code generator where a function's environment is set: it has no address."""

    def set_env(self, name: str, env: Any) -> None:
        """Set nothing."""


class _Library(JITCodeLibrary):
    """Code to be linked into that of others."""

    codegen = _NoEngine()

    def _optimize_final_module(self) -> None:
        """Leave it to the callers."""

    def _finalize_final_module(self) -> None:
        """Make no machine code."""
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Give no address: it has none."""
        return 0


class Deferred(Compiler):
    """Numba's compiler, for helpers."""

    def __init__(self, typing_context: Any, target_context: Any, *others: Any) -> None:
        super().__init__(typing_context, target_context, *others)
        self.state.library = _Library(target_context.codegen(), "helper")
