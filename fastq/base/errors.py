"""The errors that users meet; each message is one line, which a terminal can show as it stands.

Code that must decide something by an error asks for its attributes, never for its text.
"""

import contextlib
import pickle
from typing import Any, Self

from fastq.base.text import printable


class InputError(ValueError):
    """A request that cannot be met as it stands: what is wrong, where, and what is allowed.

    Parameters
    ----------
    message : str
        The whole line.
    field : str, optional
        What is wrong, as a path: ``alpha``, ``grid.alpha[2]``. The message begins with it, unless
        `told` put something before.
    value : object, optional
        The value that the field has.
    allowed : str, optional
        What the field may be, as the message says after "must be".
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        value: Any = None,
        allowed: str | None = None,
    ) -> None:
        super().__init__(printable(message))
        self.field, self.value, self.allowed = field, value, allowed
        self._rest = message.removeprefix(field or "")

    def renamed(self, field: str) -> Self:
        """Give the same error about a field of another name: ``alpha`` may be ``grid.alpha[2]``."""
        return type(self)(
            f"{field}{self._rest}", field=field, value=self.value, allowed=self.allowed
        )

    def inside(self, outer: str) -> Self:
        """Give the same error about a field that stands in another one."""
        if self.field is None:
            return type(self)(f"{outer}.{self}", field=outer)
        return self.renamed(f"{outer}.{self.field}")

    def told(self, before: str, after: str = "") -> Self:
        """Give the same error with more said before and after it."""
        return type(self)(
            f"{before}{self}{after}", field=self.field, value=self.value, allowed=self.allowed
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # An error must reach the process that waits for it, even if its value cannot.
        state = {**vars(self), "value": None}
        with contextlib.suppress(Exception):
            state["value"] = pickle.loads(pickle.dumps(self.value))
        return type(self), self.args, state


class StaleWarning(UserWarning):
    """What is shown was made by an older version of an algorithm than the one at hand."""


class RunError(RuntimeError):
    """Some runs failed while the others went on and are kept."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
