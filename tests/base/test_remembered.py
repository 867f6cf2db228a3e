"""What is remembered is of one object, as long as it lives."""

import fastq
from fastq.base.remembered import remembered


def test_a_function_is_called_once_for_each_object_also_where_objects_are_equal():
    seen = []

    @remembered
    def sign(agent):
        seen.append(agent)
        return str(agent.initial_value)

    plus, minus = fastq.QLearning(initial_value=0.0), fastq.QLearning(initial_value=-0.0)
    assert plus == minus
    assert [sign(plus), sign(minus), sign(plus)] == ["0.0", "-0.0", "0.0"]
    assert len(seen) == 2


def test_objects_that_are_gone_are_forgotten():
    calls = []

    @remembered
    def count(agent):
        calls.append(None)
        return len(calls)

    for n in range(1, 6):  # each may stand where the one before it stood
        assert count(fastq.QLearning()) == n
