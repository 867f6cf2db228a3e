"""What every store promises, wherever a study lies. A test class of each kind inherits it.

A kind gives one fixture, `place`: what `fastq.run` takes, where nothing has been written yet.
"""

import pickle

import pandas as pd
import pytest

import fastq
from fastq.study.storage.remote import open_store
from tests.conftest import SMALL


class StoreContract:
    """The promises."""

    @pytest.fixture
    def store(self, place):
        """A store that is locked, so that its place is there."""
        found = open_store(place)
        with found.lock():
            yield found

    def test_what_is_put_is_read(self, store):
        store.put("parts/b.parquet", b"2")
        store.put("parts/a.parquet", b"1")
        store.put("manifest.json", b"")
        assert store.read("parts/a.parquet") == b"1"
        assert store.read("manifest.json") == b""

    def test_a_put_takes_the_place_of_what_was_there(self, store):
        store.put("parts/a.parquet", b"a long one")
        store.put("parts/a.parquet", b"3")
        assert store.read("parts/a.parquet") == b"3"
        assert store.names("parts", "") == ["parts/a.parquet"]

    def test_names_are_those_of_a_folder_with_a_suffix_in_order(self, store):
        assert store.names("parts", ".parquet") == []
        for name in ("parts/b.parquet", "parts/a.parquet", "parts/a.txt", "manifest.json"):
            store.put(name, b"1")
        assert store.names("parts", ".parquet") == ["parts/a.parquet", "parts/b.parquet"]
        assert store.names("parts", "") == ["parts/a.parquet", "parts/a.txt", "parts/b.parquet"]

    def test_what_is_not_there_is_said(self, store):
        store.put("parts/a.parquet", b"1")
        for name in ("parts/b.parquet", "other/a.parquet", "manifest.json"):
            with pytest.raises(FileNotFoundError):
                store.read(name)

    def test_a_copy_that_traveled_reads_and_writes_the_same_files(self, store, place):
        store.put("a", b"1")
        traveled = pickle.loads(pickle.dumps(store))
        assert traveled.read("a") == b"1"
        traveled.put("parts/b", b"2")
        assert store.read("parts/b") == b"2"
        assert str(traveled).endswith(str(place).rpartition("/")[2])

    def test_it_is_free_until_something_is_put(self, store):
        assert store.is_free()
        store.put("a", b"1")
        assert not store.is_free()

    def test_only_one_holds_the_lock(self, store, place):
        store.put("a", b"1")
        with (
            pytest.raises(fastq.InputError, match="another sweep is at work there") as caught,
            open_store(place).lock(),
        ):
            pass
        assert "\n" not in str(caught.value)

    def test_a_lock_that_was_given_back_is_free(self, place):
        for _ in range(2):
            with open_store(place).lock():
                open_store(place).put("a", b"1")
        assert open_store(place).read("a") == b"1"

    def test_a_lock_is_given_back_where_the_work_fails(self, place):
        with pytest.raises(ZeroDivisionError), open_store(place).lock():
            raise ZeroDivisionError
        with open_store(place).lock():
            pass

    def test_to_sweep_up_removes_nothing_that_is_whole(self, store):
        store.put("manifest.json", b"{}")
        store.put("parts/a.parquet", b"1")
        store.sweep_up()
        assert store.read("manifest.json") == b"{}"
        assert store.names("parts", "") == ["parts/a.parquet"]

    def test_the_place_stays_the_one_that_was_locked(self, store):
        store.check_place()
        store.put("a", b"1")
        store.check_place()

    def test_a_sweep_there_equals_one_elsewhere_and_grows(self, place, results):
        sweep = fastq.Sweep(**SMALL)
        found = fastq.run(sweep, out=place, n_jobs=2, chunk_size=4, progress=False)
        pd.testing.assert_frame_equal(found.episodes(), results.episodes(), check_exact=True)
        before = found.store.names("parts", "")
        longer = fastq.Sweep(**{**SMALL, "runs": 7})
        assert fastq.run(longer, out=place, n_jobs=1, progress=False).finished == 42
        assert set(before) < set(found.store.names("parts", ""))
        pd.testing.assert_frame_equal(fastq.Results(place, sweep).summary(), results.summary())

    def test_a_damaged_part_is_named(self, place):
        found = fastq.run(fastq.Sweep(**SMALL), out=place, n_jobs=1, progress=False)
        part = found.store.names("parts", "")[0]
        found.store.put(part, found.store.read(part)[:-9])
        with pytest.raises(fastq.InputError, match=f"{part}: is damaged"):
            fastq.Results(place).episodes()
