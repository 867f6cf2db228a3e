"""Lanes in plain Python, for tests of `if_conversion`: what its operations mean, lane by lane.

A vector is a NumPy array of objects: a number for each lane, or a table. So each lane computes with
Python's own numbers. What a lane computes in vain is a wrong number, and no error.
"""

import functools
import linecache
import math
import operator
import types
from typing import Any

import numpy as np

from fastq.base.if_conversion import OPERATIONS, convert

POISON = 777.25
"""What is read, or divided, where it does not count."""
UNNOTICED = (NameError, ValueError, OverflowError)
"""Errors of a lane that a converted text does not notice."""
FAULTS = (ZeroDivisionError, IndexError)


class Table:
    """A table of one lane, which holds Python's numbers and gives views of rows."""

    def __init__(self, values):
        self.values = np.array(values, dtype=object)

    shape = property(lambda self: self.values.shape)

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        found = self.values[index]
        return found if not isinstance(found, np.ndarray) else Table.of(found)

    def __setitem__(self, index, value):
        self.values[index] = value

    @classmethod
    def of(cls, view):
        table = cls.__new__(cls)
        table.values = view
        return table


class Here:
    """The lanes of a call: how many, and which failed."""

    def __init__(self, count):
        self.count, self.failed = count, np.zeros(count, bool)

    def each(self, function, *values, live=None):
        """Apply a function lane by lane."""
        found = np.full(self.count, POISON, object)
        columns = [self.spread(value) for value in values]
        for lane in np.flatnonzero(np.ones(self.count, bool) if live is None else live):
            try:
                result = function(*(column[lane] for column in columns))
            except FAULTS:
                self.failed[lane] = True
                continue
            except (*UNNOTICED, TypeError):  # of a lane that read what it had not set
                continue
            found[lane] = bool(result) if isinstance(result, np.bool_) else result
        return found

    def spread(self, value):
        """Give a value as one for each lane."""
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, tuple):
            return [*zip(*map(self.spread, value), strict=True)]
        return [value] * self.count

    def truths(self, function, *values):
        return self.each(function, *values).astype(bool)


def operations(here):
    """Give the operations, for some lanes."""

    def each(function):
        return lambda *values: here.each(function, *values)

    def masked(function):
        return lambda *values: here.each(function, *values[:-2], live=here.truths(bool, values[-1]))

    def truths(function):
        return lambda *values: here.truths(function, *values)

    return {
        "where": each(lambda c, a, b: a if c else b),
        "invert": truths(operator.not_),
        "both": truths(lambda a, b: bool(a) and bool(b)),
        "either": truths(lambda a, b: bool(a) or bool(b)),
        "truth": truths(bool),
        "get": masked(operator.getitem),
        "put": masked(operator.setitem),
        "divided": masked(operator.truediv),
        "floored": masked(operator.floordiv),
        "remainder": masked(operator.mod),
        "larger": each(lambda a, b: b if b > a else a),
        "smaller": each(lambda a, b: b if b < a else a),
        "absolute": each(abs),
        "whole": each(int),
        "real": each(float),
        "as_truth": truths(bool),
        "length": lambda table: len(table[0]),
        "extent": lambda table, k: table[0].shape[k],
    }


def defined(text, name="rule", **outside):
    """Define a function from a text that its source can be found in."""
    file = f"<lanes {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), outside)
    return outside[name]


_converted = functools.cache(convert)


def in_lanes(function, here):
    """Convert a function, and those that it calls."""
    source, calls = _converted(function)
    space = operations(here) | {
        name: in_lanes(one, here)
        if isinstance(one, types.FunctionType)
        else (lambda *values, one=one: here.each(one, *values[:-2], live=values[-1]))
        for name, one in calls.items()
    }
    assert not space.keys() & {"live", "here"}
    exec(source, space)
    return space[source.partition("(")[0].removeprefix("def ")]


def vector(values):
    """Make a vector of one value for each lane; give what is the same in all as it is."""
    found = np.empty(len(values), object)
    found[:] = values
    return found if any(one is not values[0] for one in values) else values[0]


def compare(function, lanes):
    """Run a function lane by lane, and converted; say what differs, and how many lanes failed.

    Parameters
    ----------
    function : function
    lanes : callable
        Makes the arguments of each lane anew, as a list of tuples of numbers and tables.
    """
    wanted, failures = [], []
    columns = lanes()
    for arguments in columns:
        try:
            wanted.append(function(*arguments))
            failures.append("")
        except FAULTS:
            failures.append("failed")
        except UNNOTICED:
            failures.append("unnoticed")
        if failures[-1]:
            wanted.append(None)
    here, other = Here(len(columns)), lanes()
    live = np.ones(len(columns), bool)
    live[-1] = False  # this one must stay as it is
    before = lanes()[-1]
    vectors = [vector(list(column)) for column in zip(*other, strict=True)]
    with np.errstate(all="ignore"):
        found = here.spread(in_lanes(function, here)(*vectors, here, live))
    differences = []
    for lane, failure in enumerate(failures[:-1]):
        if failure == "unnoticed":
            continue
        if here.failed[lane] != (failure == "failed"):
            differences.append((lane, failure or "should not fail"))
        elif not failure and shown(found[lane]) != shown(wanted[lane]):
            differences.append((lane, shown(found[lane]), shown(wanted[lane])))
        elif not failure and shown(other[lane]) != shown(columns[lane]):
            differences.append((lane, shown(other[lane]), shown(columns[lane])))
    if shown(other[-1]) != shown(before) or here.failed[-1]:
        differences.append("a lane that was not live")
    return differences, failures


def shown(value: Any) -> Any:
    """Write a value to the last bit."""
    if isinstance(value, tuple):
        return tuple(map(shown, value))
    if isinstance(value, Table):
        return [repr(one) for one in value.values.ravel()]
    if isinstance(value, np.bool_):
        value = bool(value)
    return "nan" if isinstance(value, float) and math.isnan(value) else repr(value)


assert {*operations(Here(1))} == {*OPERATIONS}
