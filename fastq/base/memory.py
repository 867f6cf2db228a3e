"""How much memory there is: work that needs more is refused before it begins."""

import os

from fastq.base.errors import InputError


def check_memory(what: str, needed: int) -> None:
    """Raise `InputError` where something takes more bytes than this machine has.

    Parameters
    ----------
    what : str
        For the error: what is asked for, and how many of it.
    needed : int
        Bytes.
    """
    there = _installed()
    if there is not None and needed > there:
        raise InputError(
            f"{what}: takes {needed / 1e9:,.0f} GB of memory; must be at most the "
            f"{there / 1e9:,.0f} GB of this machine"
        )


def check_cells(configurations: int, runs: int) -> None:
    """Raise `InputError` where it takes too much memory to list the runs of all configurations."""
    needed = _OF_A_RUN * configurations * runs
    check_memory(f"{configurations:,} configurations x {runs:,} runs", needed)


_OF_A_RUN = 17
"""Bytes: whether it is missing, its configuration and its number."""


def _installed() -> int | None:
    """Give the bytes of memory of this machine, or None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
