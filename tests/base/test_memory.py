"""What needs more memory than there is, is refused before it begins."""

import pytest

import fastq
from fastq.base import memory


@pytest.fixture
def installed(monkeypatch):
    return lambda size: monkeypatch.setattr(memory, "_installed", lambda: size)


def test_what_fits_exactly_is_allowed_and_a_byte_more_is_not(installed):
    installed(2 * 10**9)
    memory.check_memory("it", 2 * 10**9)
    with pytest.raises(fastq.InputError) as caught:
        memory.check_memory("it", 2 * 10**9 + 1)
    allowed = "must be at most the 2 GB of this machine"
    assert str(caught.value) == f"it: takes 2 GB of memory; {allowed}"


def test_a_run_of_a_list_takes_17_bytes(installed):
    """A bool, and two integers of 64 bits."""
    installed(17 * 3 * 5)
    memory.check_cells(3, 5)
    installed(17 * 3 * 5 - 1)
    with pytest.raises(fastq.InputError, match=r"^3 configurations x 5 runs: takes"):
        memory.check_cells(3, 5)


def test_where_the_system_does_not_say_all_is_allowed(installed):
    installed(None)
    memory.check_memory("it", 10**30)


def test_this_machine_has_some():
    assert memory._installed() is None or memory._installed() > 10**8
