"""What a function gives for an object, computed once as long as the object lives.

`functools.cache` compares by equality, and 0.0 equals -0.0, which a kernel tells apart. Here an
object is only itself.
"""

import weakref
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")


def remembered(function: Callable[[T], V]) -> Callable[[T], V]:
    """Let a function of an object that never changes be called once for each object."""
    known: dict[int, tuple[weakref.ref[T], V]] = {}

    def value_of(thing: T) -> V:
        place = id(thing)
        entry = known.get(place)
        if entry is not None and entry[0]() is thing:
            return entry[1]
        value = function(thing)
        known[place] = weakref.ref(thing, lambda _: known.pop(place, None)), value
        return value

    return value_of
