"""The errors that users meet; each message is one line, which a terminal can show as it stands."""

from fastq.base.text import printable


class InputError(ValueError):
    """A request that cannot be met as it stands: what is wrong, where, and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class StaleWarning(UserWarning):
    """What is shown was made by an older version of an algorithm than the one at hand."""


class RunError(RuntimeError):
    """Some runs failed while the others went on and are kept."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
