"""Records: what is kept of runs, against NumPy on arrays of any shape."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.study.record import (
    ALL,
    KINDS,
    LAST,
    METRICS,
    Learned,
    Record,
    as_plain,
    as_record,
    entries,
)
from tests.conftest import rerun

RECORDS = ["episodes", {"window": 4}, "moments", "summary"]


def learned(runs, episodes, seed=0):
    rng = np.random.default_rng(seed)
    return Learned(
        rng.normal(-20, 5, (runs, episodes)),
        rng.integers(1, 50, (runs, episodes), dtype=np.int32),
        rng.random((runs, episodes)) < 0.3,
        rng.random(runs) < 0.2,
    )


def keep(kind, found):
    runs = np.arange(len(found.returns))
    return entries(as_record(kind), np.zeros_like(runs), runs, found)


@pytest.mark.parametrize("kind", RECORDS, ids=str)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(runs=st.integers(1, 9), episodes=st.integers(1, 25))
def test_columns_have_the_shape_that_is_announced(kind, runs, episodes):
    record, found = as_record(kind), keep(kind, learned(runs, episodes))
    assert {name: values.dtype.type for name, values in found.columns.items()} == record.columns
    shape = len(found.run), len(record.points(episodes))
    for values in found.columns.values():
        assert np.broadcast_shapes(values.shape, shape) == shape


@settings(max_examples=50, deadline=None, derandomize=True)
@given(runs=st.integers(1, 5), episodes=st.integers(1, 25), window=st.integers(1, 30))
def test_windows_are_means_of_each_run(runs, episodes, window):
    all_of = learned(runs, episodes)
    found = keep({"window": window}, all_of).columns
    starts = range(0, episodes, window)
    for i, start in enumerate(starts):
        some = slice(start, start + window)
        np.testing.assert_allclose(found["return"][:, i], all_of.returns[:, some].mean(axis=1))
        np.testing.assert_allclose(found["length"][:, i], all_of.lengths[:, some].mean(axis=1))
        assert (found["truncated"][:, i] == all_of.truncated[:, some].sum(axis=1)).all()
    assert as_record({"window": window}).points(episodes).tolist() == list(starts)


@pytest.mark.parametrize(("episodes", "last"), [(1, 1), (9, 1), (10, 1), (19, 1), (20, 2), (25, 2)])
def test_a_row_a_run(episodes, last):
    all_of = learned(6, episodes)
    found = keep("summary", all_of).columns
    for name, values in zip(METRICS, (all_of.returns, all_of.lengths), strict=True):
        np.testing.assert_allclose(found[name][:, 0], values.mean(axis=1))
        np.testing.assert_allclose(found[f"{name}_final"][:, 0], values[:, -last:].mean(axis=1))
    assert (found["truncated"][:, 0] == all_of.truncated.sum(axis=1)).all()
    assert (found["diverged"][:, 0] == all_of.diverged).all()


def test_moments_also_of_whole_runs():
    all_of = learned(8, 20)
    found = keep("moments", all_of).columns
    assert as_record("moments").points(20).tolist() == [*range(20), ALL, LAST]
    assert found["runs"].tolist() == [[8]]
    np.testing.assert_allclose(found["return_mean"][0, :20], all_of.returns.mean(axis=0))
    np.testing.assert_allclose(found["return_m2"][0, -2], 8 * all_of.returns.mean(axis=1).var())
    np.testing.assert_allclose(found["length_max"][0, -1], all_of.lengths[:, -2:].mean(1).max())
    assert found["truncated"][0, :20].tolist() == all_of.truncated.sum(axis=0).tolist()
    assert found["truncated"][0, -2] == all_of.truncated.any(axis=1).sum()
    assert found["diverged"].tolist() == [[all_of.diverged.sum()]]


@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_written_and_read(kind):
    assert as_plain(as_record(kind)) == kind
    assert as_record(as_record(kind)) == as_record(kind)
    assert str(Record("window", 10)) == "{window = 10}"
    assert str(Record("moments")) == '"moments"'


@pytest.mark.parametrize(
    "bad",
    [{"window": n} for n in (0, -1, True, 2**31, 1.5, "3")]
    + [{"window": 3, "x": 1}, {}, "all", "window", None, 10, ["episodes"]],
    ids=str,
)
def test_refused(bad):
    with pytest.raises(ValueError, match=r"^$"):
        as_record(bad)


def test_every_kind_is_tested():
    assert {as_record(record).name for record in RECORDS} == set(KINDS)


def test_a_kind_that_is_added_is_known_everywhere(fields, results, tmp_path, monkeypatch):
    """A row more is all that it takes: to be run, written, read and refused what it lacks."""
    row = dataclasses.replace(KINDS["summary"], name="brief")
    with pytest.raises(fastq.InputError, match="record = 'brief'"):
        fastq.Sweep(**fields, record="brief")
    monkeypatch.setitem(KINDS, "brief", row)
    found = rerun(fields, tmp_path / "x", record="brief")
    found = fastq.Results(found.directory)
    assert found.study.record == Record("brief")
    for metric in ("return", "length", "return_last", "regret"):
        assert found.values(metric) == pytest.approx(results.values(metric))
    with pytest.raises(fastq.InputError, match='needs each episode, for record = "brief"'):
        found.values("reward_per_step")
    with pytest.raises(fastq.InputError, match='for record = "brief"; must be "episodes", "momen'):
        found.curves()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(episodes=st.integers(1, 60), window=st.integers(1, 9))
def test_points_are_as_many_as_are_announced(episodes, window):
    for kind in KINDS.values():
        record = Record(kind.name, window if kind.takes_window else 1)
        assert len(record.points(episodes)) == record.num_points(episodes)
    assert as_record("summary").points(episodes).tolist() == [ALL]
