"""Whether the memory of this machine has room for what runs tell."""

from fastq.base.memory import check_memory


def check_room(runs: int, episodes: int, shape: tuple[int, int]) -> None:
    """Raise `InputError` where memory does not hold what N runs tell, and tables of a shape."""
    needed = runs * (episodes * _BYTES + 8 * shape[0] * shape[1])
    if needed > _SURELY_THERE:
        tables = f", with tables of shape {shape}" if shape[0] else ""
        check_memory(f"{runs:,} runs of {episodes:,} episodes{tables}", needed)


_SURELY_THERE = 2**24
"""Bytes: so few, that asking how many there are would be a part of a short run."""


_BYTES = 13
"""Of an episode: its return, its length, and whether it was cut short."""
