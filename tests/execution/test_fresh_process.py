"""Runs in a process of their own: what goes wrong there is one line here."""

import pytest

from fastq.execution import fresh_process
from fastq.execution.fresh_process import FreshProcessError, learned_afresh


class Failing:
    """An executor whose process cannot be started."""

    def __init__(self, **_options):
        self.is_shut_down = False
        MADE.append(self)

    def submit(self, *_arguments):
        raise OSError("no more processes\nfor this user")

    def shutdown(self, **_options):
        self.is_shut_down = True


MADE = []


def test_a_process_that_cannot_be_had_is_one_line(monkeypatch):
    monkeypatch.setattr(fresh_process, "ProcessPoolExecutor", Failing)
    with pytest.raises(FreshProcessError) as caught:
        learned_afresh([])
    assert str(caught.value) == "'OSError: no more processes'"
    assert MADE.pop().is_shut_down


def test_a_long_reason_is_cut(monkeypatch):
    def refused(*_arguments):
        raise OSError("x" * 999)

    monkeypatch.setattr(Failing, "submit", refused)
    monkeypatch.setattr(fresh_process, "ProcessPoolExecutor", Failing)
    with pytest.raises(FreshProcessError, match=r"^'OSError: x+") as caught:
        learned_afresh([])
    assert len(str(caught.value)) <= 203
