"""What is said of runs does not depend on how they were recorded, cut, extended or done twice."""

import shutil

import numpy as np
import pandas as pd
import pytest

import fastq
from tests.conftest import SMALL, rerun

KINDS = ["episodes", {"window": 4}, "moments", "summary"]
kinds = pytest.mark.parametrize("record", KINDS, ids=str)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The small sweep in each way of recording, some episodes of it cut short."""
    home = tmp_path_factory.mktemp("records")
    return {
        str(kind): rerun(SMALL, home / str(i), record=kind, max_steps=300)
        for i, kind in enumerate(KINDS)
    }


def tables(results):
    """Give all tables that can be had, as text of all bits."""
    found = {}
    for name in ("summary", "curves", "moments", "episodes"):
        try:
            found[name] = getattr(results, name)().map(
                lambda cell: cell.hex() if isinstance(cell, float) else cell
            )
        except fastq.InputError as error:
            found[name] = str(error)
    return {name: one if isinstance(one, str) else one.to_csv() for name, one in found.items()}


@pytest.mark.parametrize("metric", ["return", "length"])
@kinds
def test_summaries_are_those_of_all_episodes(recorded, record, metric):
    found, full = (recorded[str(kind)].summary(metric=metric) for kind in (record, "episodes"))
    ends = ["final"] if isinstance(record, dict) else []
    pd.testing.assert_frame_equal(found.drop(columns=ends), full.drop(columns=ends), rtol=1e-12)
    assert full["truncated"].min() > 0


def test_the_end_of_windows_is_whole_windows(recorded):
    episodes = recorded["episodes"].episodes()
    last = episodes[episodes["episode"] >= 16].groupby(["alpha", "epsilon"], sort=False)
    found = recorded["{'window': 4}"].summary()["final"]
    assert found.tolist() == pytest.approx(last["return"].mean().tolist())


@pytest.mark.parametrize("metric", ["return", "length"])
@pytest.mark.parametrize(
    ("record", "window"),
    [({"window": 4}, None), ({"window": 4}, 8), ({"window": 4}, 12), ("moments", None)],
)
def test_curves_are_those_of_all_episodes(recorded, record, window, metric):
    found = recorded[str(record)].curves(metric=metric, window=window)
    size = window or (4 if isinstance(record, dict) else 1)
    full = recorded["episodes"].curves(metric=metric, window=size)
    pd.testing.assert_frame_equal(found, full, rtol=1e-12)
    assert found.attrs == full.attrs


def test_moments_are_the_same_bits(recorded):
    for metric in ("return", "length"):
        found, full = (recorded[kind].moments(metric) for kind in ("moments", "episodes"))
        pd.testing.assert_frame_equal(found, full, check_exact=True)
    episodes = recorded["episodes"].episodes()
    groups = episodes.groupby(["alpha", "epsilon", "episode"], sort=False)["return"]
    full = recorded["episodes"].moments()
    assert full["mean"].tolist() == pytest.approx(groups.mean().tolist())
    assert full["variance"].tolist() == pytest.approx(groups.var().tolist())
    assert full["minimum"].tolist() == groups.min().tolist()
    assert full["maximum"].tolist() == groups.max().tolist()


@kinds
def test_no_table_depends_on_how_the_work_was_done(recorded, record, tmp_path):
    expected, options = tables(recorded[str(record)]), {"record": record, "max_steps": 300}
    for size in (1, 7):
        sweep = fastq.Sweep(**{**SMALL, **options})
        out = tmp_path / str(size)
        found = fastq.run(sweep, out=out, n_jobs=2, chunk_size=size, progress=False)
        assert tables(found) == expected
    rerun(SMALL, tmp_path / "x", runs=2, **options)
    rerun(SMALL, tmp_path / "x", runs=3, **options)
    assert tables(rerun(SMALL, tmp_path / "x", **options)) == expected
    for part in (tmp_path / "7" / "parts").iterdir():  # all runs a second time, cut otherwise
        shutil.copy(part, tmp_path / "1" / "parts")
    assert tables(fastq.Results(tmp_path / "1")) == expected


@pytest.mark.parametrize(
    ("record", "ask", "message"),
    [
        ("summary", lambda found: found.curves(), "curves: no episodes were recorded"),
        ("summary", lambda found: found.moments(), "moments: neither episodes nor"),
        ("moments", lambda found: found.episodes(), 'were not recorded, for record = "moments"'),
        ("moments", lambda found: found.curves(window=2), "window = 2: must be 1"),
        ("moments", lambda found: found.curves(interval="bootstrap"), "needs each run"),
        ("moments", lambda found: found.summary(interval="bootstrap"), "needs each run"),
        ({"window": 4}, lambda found: found.curves(window=6), "must be a multiple of 4"),
        ({"window": 4}, lambda found: found.episodes(), "for record = {window = 4}"),
        ({"window": 4}, lambda found: found.moments(), "moments: neither episodes nor"),
    ],
)
def test_what_was_not_recorded_is_said(recorded, record, ask, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        ask(recorded[str(record)])
    assert "\n" not in str(caught.value)


def test_moments_of_more_runs_than_are_asked_for(tmp_path):
    rerun(SMALL, tmp_path / "x", record="moments", max_steps=300, runs=16)  # in blocks of two
    fewer = fastq.Sweep(**{**SMALL, "record": "moments", "max_steps": 300, "runs": 3})
    with pytest.raises(fastq.InputError, match="runs = 3: moments were recorded of more runs"):
        fastq.Results(tmp_path / "x", fewer).summary()


def test_a_study_is_recorded_in_one_way(recorded, tmp_path):
    shutil.copytree(recorded["moments"].directory, tmp_path / "x")
    with pytest.raises(fastq.InputError, match="record = 'moments' and not 'episodes'"):
        rerun(SMALL, tmp_path / "x", max_steps=300)


@kinds
def test_one_run_of_one_episode(record, tmp_path):
    found = rerun(SMALL, tmp_path / "x", record=record, runs=1, episodes=1)
    assert len(found.summary()) == 6
    assert found.summary()[["lower", "upper"]].isna().all(axis=None)
    if record != "summary":
        assert np.isfinite(found.curves()["estimate"]).all()


@kinds
def test_toml(record, tmp_path):
    sweep = fastq.Sweep(**SMALL, record=record)
    (tmp_path / "x.toml").write_text(sweep.to_toml())
    assert fastq.Sweep.from_toml(tmp_path / "x.toml") == sweep
    with pytest.raises(fastq.InputError, match=r"record = 'all': must be one of episodes, moments"):
        fastq.Sweep(**SMALL, record="all")
