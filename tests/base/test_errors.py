"""What an error says by itself, without its text being read."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

import fastq
from fastq.base.errors import InputError
from fastq.base.validation import not_allowed

ALPHA = not_allowed("alpha", 1.5, "a number in (0, 1]")
LINEAR = {"kind": "linear", "start": 7}


def told(error):
    return str(error), error.field, error.value, error.allowed


def fail(value):
    raise not_allowed("alpha", value, "a number")


def test_a_plain_message_names_nothing():
    assert told(InputError("no")) == ("no", None, None, None)


def test_another_name_for_the_field():
    rest = 1.5, "a number in (0, 1]"
    line = " = 1.5: must be a number in (0, 1]"
    assert told(ALPHA) == (f"alpha{line}", "alpha", *rest)
    path = "grid.alpha[2]"
    assert told(ALPHA.renamed(path)) == (path + line, path, *rest)
    assert told(ALPHA.inside("fixed")) == (f"fixed.alpha{line}", "fixed.alpha", *rest)
    assert told(InputError("no").inside("fixed")) == ("fixed.no", "fixed", None, None)
    assert told(ALPHA.told("a.toml: ", "; so")) == (f"a.toml: alpha{line}; so", "alpha", *rest)


def test_the_name_of_the_field_is_the_first_one_alone():
    error = InputError("a = a: must not be a", field="a", value="a")
    assert str(error.renamed("b")) == "b = a: must not be a"


def test_names_that_cannot_be_printed_stay_on_one_line():
    error = not_allowed("a\n", 1, "a number")
    assert str(error) == r"a\n = 1: must be a number"
    assert str(error.renamed("b\n")) == r"b\n = 1: must be a number"


@pytest.mark.parametrize("error", [ALPHA, ALPHA.inside("fixed"), InputError("no")])
def test_a_copy_through_pickle_is_equal(error):
    copy = pickle.loads(pickle.dumps(error))
    assert told(copy) == told(error)
    assert told(copy.renamed("b")) == told(error.renamed("b"))


def test_a_value_that_cannot_be_pickled_does_not_stop_the_error():
    def local():
        pass

    error = not_allowed("f", local, "a number")
    assert error.value is local
    copy = pickle.loads(pickle.dumps(error))
    assert told(copy) == (str(error), "f", None, "a number")


def test_attributes_come_through_from_another_process():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as pool, pytest.raises(InputError) as caught:
        pool.submit(fail, "x").result()
    assert told(caught.value) == ("alpha = 'x': must be a number", "alpha", "x", "a number")


@pytest.mark.parametrize(
    ("call", "field", "value"),
    [
        (lambda: fastq.QLearning(alpha=2.0), "alpha", 2.0),
        (lambda: fastq.QLearning(alpa=0.5), "alpa", 0.5),
        (lambda: fastq.QLearning(alpha=LINEAR), "alpha.start", 7),
        (lambda: fastq.QLearning(alpha={"kind": "cubic"}), "alpha.kind", "cubic"),
        (lambda: fastq.FiniteMDP.load("nowhere.npz"), "path", "nowhere.npz"),
        (lambda: fastq.FiniteMDP.from_gymnasium("CartPole-v1"), "env", "CartPole-v1"),
        (lambda: _sweep(grid={"alpha": [0.5, 2.0]}), "grid.alpha[1]", 2.0),
        (lambda: _sweep(grid={"alpha": [LINEAR]}), "grid.alpha[0].start", 7),
        (lambda: _sweep(fixed={"gamma": 2.0}), "fixed.gamma", 2.0),
        (lambda: _sweep(runs=0), "runs", 0),
    ],
)
def test_errors_of_public_calls_name_field_and_value(call, field, value):
    with pytest.raises(InputError) as caught:
        call()
    assert (caught.value.field, caught.value.value) == (field, value)
    assert str(caught.value).startswith(field)


def _sweep(**fields):
    given = {"env": "CliffWalking-v1", "agent": "q_learning", "grid": {"alpha": [0.5]}}
    return fastq.Sweep(**{**given, "episodes": 1, "runs": 1, **fields})
