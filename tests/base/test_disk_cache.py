"""Numba's cache: where the disk fails, work goes on without, and one warning says so."""

import pickle
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import caching

from fastq.base import disk_cache, jit


def doubled(values):
    return values * 2.0


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.setattr(disk_cache, "_SAID", [])


def compiled(name):
    return jit.specialised(doubled, name, "", {})


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


def test_no_folder_for_the_cache(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.warns(disk_cache.CacheWarning, match="not kept on disk"):
        function = compiled("nowhere")
    assert function(2.0) == 4.0
    assert not jit.is_cached(function)


@pytest.mark.parametrize("damage", ["class that is gone", "cut short"])
def test_a_cache_that_an_older_fastq_made_is_begun_anew(damage, recwarn):
    """Numba reads the whole index before it asks whether it is of the same source."""
    first = compiled(f"older_{damage.split()[0]}")
    assert first(2.0) == 4.0
    index = Path(first._cache._cache_file._index_path)
    whole = index.read_bytes()
    gone = b"\x80\x04cfastq.base.disk_cache\nGone\n."
    index.write_bytes(pickle.dumps(numba.__version__) + gone if "gone" in damage else whole[:-9])
    second = compiled(f"older_{damage.split()[0]}")
    assert second(2.0) == 4.0
    third = compiled(f"older_{damage.split()[0]}")
    assert third(2.0) == 4.0
    assert third.stats.cache_hits
    assert not list(recwarn)


def test_where_the_disk_has_room_nothing_is_said(recwarn):
    function = compiled("kept")
    assert function(2.0) == 4.0
    assert jit.is_cached(function) or function.stats.cache_hits
    assert not list(recwarn)
