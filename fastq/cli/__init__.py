"""The command line: parse, call, print. Heavy imports wait until a command needs them.

Exit status: 0 done, 1 some runs failed or differ, 2 bad input, 130 interrupted, 143 terminated.
"""

import sys
import warnings
from typing import Any

from fastq.base.errors import InputError, RunError, StaleWarning
from fastq.cli import compute, inspect
from fastq.cli.app import app, say

__all__ = ["app", "compute", "inspect", "main"]


def main() -> None:
    """Run the command line; errors are one line on standard error."""
    warnings.simplefilter("ignore", StaleWarning)  # commands say it in their own words
    warnings.showwarning = _show_warning
    try:
        app()
    except InputError as error:
        _fail(str(error), 2)
    except RunError as error:
        _fail(str(error), 1)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning, in one line."""
    say(f"warning: {message}", err=True)


def _fail(message: str, status: int) -> None:
    """Print an error and exit."""
    say(f"error: {message}", err=True)
    sys.exit(status)
