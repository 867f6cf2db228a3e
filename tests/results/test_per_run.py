"""What is known of each run, from whichever way it was recorded."""

import numpy as np
import pytest

import fastq
from fastq.results import per_run
from fastq.study.record import Entries, as_record
from tests.conftest import SMALL, rerun

KINDS = ["episodes", {"window": 4}, "summary", "moments"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    home = tmp_path_factory.mktemp("samples")
    return {
        str(kind): rerun(SMALL, home / str(i), record=kind, max_steps=300)
        for i, kind in enumerate(KINDS)
    }


@pytest.mark.parametrize("metric", ["return", "length", "return_last", "value"])
@pytest.mark.parametrize("record", KINDS[:3], ids=str)
def test_what_every_record_of_runs_knows(recorded, record, metric):
    found, full = (recorded[str(kind)].values(metric) for kind in (record, "episodes"))
    if metric == "return_last" and isinstance(record, dict):
        episodes = recorded["episodes"].episodes()
        last = episodes[episodes["episode"] >= 16].groupby(["alpha", "epsilon", "run"], sort=False)
        full = last["return"].mean().to_numpy().reshape(6, 5).T  # in whole windows
    assert found.shape == (5, 6)
    assert found == pytest.approx(full, rel=1e-12)


@pytest.mark.parametrize("metric", ["reward_per_step", "steps_to:-50", "return_last:3"])
@pytest.mark.parametrize("record", KINDS[1:], ids=str)
def test_what_takes_each_episode(recorded, record, metric):
    needs = "each run" if record == "moments" else "each episode"
    with pytest.raises(fastq.InputError, match=f"metric = '{metric}': needs {needs}, for record"):
        recorded[str(record)].values(metric)
    assert np.isfinite(recorded["episodes"].values(metric)).all()


def test_moments_know_no_run(recorded):
    for ask in ("runs", "values", "select", "profile"):
        with pytest.raises(fastq.InputError, match="metric = 'return': needs each run"):
            getattr(recorded["moments"], ask)()


@pytest.mark.parametrize("metric", ["episodes", "return", "length"])
def test_against_steps_runs_are_followed_step_by_step(recorded, metric):
    results = recorded["episodes"]
    curves = results.curves(metric, against="steps")
    episodes = results.episodes()
    for (alpha, epsilon), curve in curves.groupby(["alpha", "epsilon"]):
        own = episodes[(episodes["alpha"] == alpha) & (episodes["epsilon"] == epsilon)]
        runs = [run for _, run in own.groupby("run")]
        shortest = min(run["length"].sum() for run in runs)
        assert curve["step"].iloc[[0, -1]].tolist() == [0, shortest]
        for _, point in curve.iloc[::37].iterrows():
            done = [int((run["length"].cumsum() <= point["step"]).sum()) for run in runs]
            present = [run.iloc[min(k, 19)] for k, run in zip(done, runs, strict=True)]
            values = done if metric == "episodes" else [one[metric] for one in present]
            assert point["estimate"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize("record", KINDS[1:], ids=str)
def test_steps_take_each_episode(recorded, record):
    with pytest.raises(fastq.InputError, match='against = "steps": needs each episode'):
        recorded[str(record)].curves("episodes", against="steps")


def test_the_runs_of_an_episode(recorded):
    results = recorded["episodes"]
    episodes = results.episodes()
    expected = episodes[episodes["episode"] == 7]
    for metric in ("return", "length"):
        assert results.runs(metric, episode=7)["value"].tolist() == expected[metric].tolist()
    with pytest.raises(fastq.InputError, match="episode = 20: must be from 0 to 19"):
        results.runs(episode=20)
    for episode in ("7", 2.5, True, -1, float("nan")):
        with pytest.raises(fastq.InputError, match=r"episode = .*: must be an integer from 0"):
            results.runs(episode=episode)
    with pytest.raises(fastq.InputError, match="metric = 'value': must be one of return, length"):
        results.runs("value", episode=2)
    with pytest.raises(fastq.InputError, match="needs each episode"):
        recorded["summary"].runs(episode=2)


def test_the_final_tenth_in_windows_is_whole_windows(tmp_path):
    """A tenth of 30 episodes are 3: of windows of 7 that is the last one, of the last 2."""
    found = rerun(SMALL, tmp_path / "windows", record={"window": 7}, episodes=30, max_steps=300)
    full = rerun(SMALL, tmp_path / "episodes", episodes=30, max_steps=300)
    episodes = full.episodes()
    last = episodes[episodes["episode"] >= 28].groupby(["alpha", "epsilon"], sort=False)
    assert found.summary()["final"].tolist() == pytest.approx(last["return"].mean().tolist())
    wider = rerun(SMALL, tmp_path / "many", record={"window": 2}, episodes=30, max_steps=300)
    last = episodes[episodes["episode"] >= 26].groupby(["alpha", "epsilon"], sort=False)
    assert wider.summary()["final"].tolist() == pytest.approx(last["return"].mean().tolist())


@pytest.mark.parametrize("metric", ["episodes", "return"])
def test_a_step_at_the_end_of_an_episode_belongs_to_the_next(metric):
    lengths, returns = np.array([[3, 2, 4]]), np.array([[-3.0, -2.0, -4.0]])
    columns = {"length": lengths, "return": returns}
    entries = Entries(np.zeros(1, dtype=int), np.zeros(1, dtype=int), columns)
    steps, values = per_run.against_steps(as_record("episodes"), entries, metric, 10)
    assert steps.tolist() == [*range(10)]
    completed = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
    in_progress = [-3, -3, -3, -2, -2, -4, -4, -4, -4, -4]
    assert values[0].tolist() == (completed if metric == "episodes" else in_progress)
