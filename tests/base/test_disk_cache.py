"""Numba's cache: where the disk fails, work goes on without, and one warning says so."""

import sys
from typing import NamedTuple

import numpy as np
import pytest
from numba.core import caching

from fastq.base import disk_cache, jit


class Kept(NamedTuple):
    """A class of an argument, which the index of the cache names."""

    value: float


def doubled(values):
    return values * 2.0


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.setattr(disk_cache, "_SAID", [])


def compiled(name):
    return jit.specialised(doubled, name, "", {}, ())


def test_a_full_disk_costs_the_cache_only(monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(caching.IndexDataCacheFile, "load", full)
    functions = [compiled("full_one"), compiled("full_two")]
    with pytest.warns(disk_cache.CacheWarning) as said:
        for function in functions:
            for values in (np.ones(2), 1.0):
                np.testing.assert_array_equal(function(values), 2.0 * np.ones_like(values))
    assert len(said) == 1
    message = str(said[0].message)
    assert "each process compiles anew" in message
    assert "No space left on device" in message
    assert "\n" not in message


def test_what_another_version_kept_is_compiled_again(monkeypatch, recwarn):
    """Its index names a class that is gone; Numba reads the index before it looks at dates."""

    def first(kept):
        return kept.value

    def kept():
        return jit.specialised(first, "of_a_class", "", {}, ())

    assert kept()(Kept(2.0)) == 2.0
    assert kept()(Kept(2.0)) == 2.0
    monkeypatch.delattr(sys.modules[__name__], "Kept")
    again = kept()
    assert again(np.ones(1).view([("value", float)])[0]) == 1.0
    assert sum(again.stats.cache_misses.values()) == 1
    assert sum(again.stats.cache_hits.values()) == 0
    assert not list(recwarn)


def test_no_folder_for_the_cache(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.warns(disk_cache.CacheWarning, match="not kept on disk"):
        function = compiled("nowhere")
    assert function(2.0) == 4.0
    assert not jit.is_cached(function)


def test_where_the_disk_has_room_nothing_is_said(recwarn):
    function = compiled("kept")
    assert function(2.0) == 4.0
    assert jit.is_cached(function) or function.stats.cache_hits
    assert not list(recwarn)
