"""What parts hold together: nothing twice, nothing foreign, nothing stale."""

import shutil

import numpy as np
import pytest

import fastq
from fastq.study.record import Entries
from fastq.study.storage import parts
from fastq.study.storage.entries import missing_runs, stale_runs
from fastq.study.storage.parts import Finished, Owner
from fastq.study.study import Study
from tests.conftest import rerun


def test_what_is_missing(sweep):
    study = Study.of(sweep)
    owner = Owner("q_learning", "1")
    finished = {
        study.keys[1]: Finished(owner, [(0, 2), (4, 9)]),
        "other": Finished(owner, [(0, 5)]),
    }
    places, runs = missing_runs(finished, study)
    assert len(runs) == 30 - 3
    assert runs[places == 1].tolist() == [2, 3]


def test_what_is_stale():
    finished = {
        "a": Finished(Owner("q_learning", "0"), [(0, 5), (3, 7)]),
        "b": Finished(Owner("sarsa", str(fastq.Sarsa.version)), [(0, 5)]),
        "c": Finished(Owner("mine", "old"), [(0, 2)]),
        "d": Finished(Owner("mine", "new"), [(0, 2)]),
        "e": Finished(Owner("not_at_hand", "x"), [(0, 2)]),
    }
    found = stale_runs(finished, {"mine": "new"})
    assert found == [("mine", "old", 2, None), ("q_learning", "0", 7, None)]
    assert str(found[0]) == "2 runs of mine, version old, are of an older algorithm and not shown"


def test_two_parts_that_differ_about_a_run(study, sweep):
    identity = Study.of(sweep).identity
    one, points = np.array([0]), np.arange(20, dtype=np.int32)
    columns = {
        "return": np.full((1, 20), -1.0),
        "length": np.ones((1, 20), dtype=np.int32),
        "truncated": np.zeros((1, 20), dtype=np.bool_),
        "diverged": np.zeros((1, 1), dtype=np.bool_),
    }
    store, entries = fastq.Results(study).store, Entries(one, one, columns)
    varied = parts.varied_in(sweep.configurations)
    parts.write_part(store, sweep.configurations, one, one, entries, points, varied, identity)
    with pytest.raises(fastq.InputError, match="two parts differ about the same run"):
        fastq.Results(study).episodes()


def test_parts_of_another_study(study, fields, tmp_path):
    """A configuration's key does not tell the seed; a part does."""
    rerun(fields, tmp_path / "other", seed=4)
    part = next((tmp_path / "other" / "parts").iterdir())
    shutil.copy(part, study / "parts")
    for look in (fastq.Results(study).summary, lambda: rerun(fields, study)):
        with pytest.raises(fastq.InputError, match=f"{part.name}: is damaged .*another study"):
            look()
