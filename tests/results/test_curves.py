"""Curves and summaries are the statistics of the recorded runs."""

import numpy as np
import pandas as pd
import pytest

import fastq
from fastq import statistics
from fastq.results import per_run
from tests.conftest import SMALL, rerun


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Fifty runs of one configuration."""
    fields = {**SMALL, "grid": {"alpha": [0.5]}, "runs": 50}
    return rerun(fields, tmp_path_factory.mktemp("many") / "x")


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """One run of each configuration."""
    return rerun(SMALL, tmp_path_factory.mktemp("single") / "x", runs=1)


def matrix(results):
    """The returns, shape (runs, episodes)."""
    return results.episodes()["return"].to_numpy().reshape(-1, 20)


@pytest.mark.parametrize(
    ("interval", "estimator"),
    [
        ("t", "mean"), ("bootstrap", "mean"), ("bca", "iqm"), ("bootstrap", "quantile:0.9"),
        ("simultaneous", "mean"), ("tolerance", "median"),
    ],
)  # fmt: skip
def test_curves_and_lines_are_statistics_of_the_runs(many, interval, estimator):
    options = {"interval": interval, "level": 0.9, "estimator": estimator, "seed": 3}
    expected = statistics.interval(matrix(many), interval, 0.9, estimator=estimator, seed=3)
    found = many.curves(**options)
    for name, values in expected._asdict().items():
        assert found[name].to_numpy() == pytest.approx(values)
    assert found.attrs == {"metric": "return", **options, "window": 1}
    means = matrix(many).mean(axis=1)[:, None]
    line = statistics.interval(means, interval, 0.9, estimator=estimator, seed=3)
    summary = many.summary(**options)
    assert summary[["estimate", "lower", "upper"]].to_numpy()[0] == pytest.approx(np.ravel(line))


def test_curves_of_what_was_learned(many):
    found = many.curves("regret", window=8)
    assert found["episode"].tolist() == [8, 16, 20]
    assert many.curves("regret")["episode"].tolist() == list(range(2, 21, 2))
    last = many.summary("regret").iloc[0]
    assert found["estimate"].iloc[-1] == last["estimate"]
    assert found.attrs["window"] == 1
    shorter = rerun(
        {**SMALL, "grid": {"alpha": [0.5]}, "runs": 50, "episodes": 8},
        many.directory.parent / "shorter",
    )
    assert shorter.summary("regret")["estimate"][0] == found["estimate"].iloc[0]


def test_differences_are_those_of_the_same_runs(results):
    first, second = {"alpha": 0.5, "epsilon": 0.1}, {"alpha": 0.1, "epsilon": 0.1}
    found = results.differences(first, second, "length", window=4)
    episodes = results.episodes()

    def curve(point):
        own = episodes[(episodes["alpha"] == point["alpha"]) & (episodes["epsilon"] == 0.1)]
        return own["length"].to_numpy().reshape(5, 5, 4).mean(axis=2)

    expected = statistics.t_interval(curve(first) - curve(second))
    assert found["estimate"].to_numpy() == pytest.approx(expected.estimate)
    assert found["lower"].to_numpy() == pytest.approx(expected.lower)
    assert found["episode"].tolist() == [0, 4, 8, 12, 16]
    assert set(found["first"]) == {"alpha = 0.5, epsilon = 0.1"}
    turned = results.differences(second, first, "length", window=4)
    pd.testing.assert_series_equal(turned["lower"], -found["upper"], check_names=False)


@pytest.mark.parametrize(
    ("interval", "estimator"), [("bca", "iqm"), ("bootstrap", "median"), ("simultaneous", "mean")]
)
def test_curves_against_steps_are_statistics_of_the_runs(many, interval, estimator):
    found = many.curves("return", interval, 0.9, estimator=estimator, against="steps", seed=3)
    entries = many._recorded.by_configuration()[0][1]
    steps, values = per_run.against_steps(many.study.record, entries, "return", 200)
    expected = statistics.interval(values, interval, 0.9, estimator=estimator, seed=3)
    assert found["step"].tolist() == steps.tolist()
    for name, bounds in expected._asdict().items():
        assert found[name].to_numpy() == pytest.approx(bounds)
    assert set(found["runs"]) == {50}


@pytest.mark.parametrize("interval", ["t", "bootstrap", "bca", "simultaneous"])
@pytest.mark.parametrize(
    "options", [{}, {"against": "steps"}, {"metric": "regret"}], ids=["episodes", "steps", "regret"]
)
def test_one_run_has_no_interval(single, interval, options):
    for table in (single.curves(interval=interval, **options), single.summary(interval=interval)):
        assert table["estimate"].notna().all()
        assert table[["lower", "upper"]].isna().all(axis=None)
        assert set(table["runs"]) == {1}


def test_differences_take_runs_that_both_have(tmp_path):
    """One configuration has runs 0 to 4, the other 0 to 2."""
    grid = {"alpha": [0.1, 0.5]}
    rerun(SMALL, tmp_path / "x", runs=3, grid=grid)
    rerun(SMALL, tmp_path / "x", grid={"alpha": [0.1]})
    found = fastq.Results(tmp_path / "x", fastq.Sweep(**{**SMALL, "grid": grid}))
    assert found.finished == 8
    table = found.differences({"alpha": 0.1}, {"alpha": 0.5})
    fewer = fastq.Results(tmp_path / "x", fastq.Sweep(**{**SMALL, "grid": grid, "runs": 3}))
    expected = fewer.differences({"alpha": 0.1}, {"alpha": 0.5})
    assert set(table["runs"]) == {3}
    pd.testing.assert_frame_equal(table, expected)


def test_moments_have_no_differences(tmp_path):
    found = rerun(SMALL, tmp_path / "x", record="moments", runs=2)
    point = {"alpha": 0.5, "epsilon": 0.1}
    with pytest.raises(fastq.InputError, match="differences: need each run, and moments"):
        found.differences(point, point)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.differences({"alpha": 0.5}, {}), "alpha = 0.5: is 2 configurations"),
        (lambda r: r.differences({"beta": 0.5}, {}), "hyperparameter = 'beta': must be one of"),
        (lambda r: r.differences({}, {}, "regret"), "metric = 'regret': must be one of return"),
        (lambda r: r.curves(against="time"), "against = 'time': must be one of episodes, steps"),
        (lambda r: r.curves(against="steps", window=2), "window = 2: must be left out"),
        (lambda r: r.curves("regret", against="steps"), "metric = 'regret': must be one of epis"),
        (lambda r: r.curves("steps_to:-9"), "metric = 'steps_to:-9': must be one of return"),
        (lambda r: r.curves("regret", window=0), "window = 0: must be an integer from 1"),
        (lambda r: r.curves(interval="tolerance"), "runs = 5: must be at least 46"),
        (lambda r: r.curves(estimator="median"), "interval = 't': is for the mean"),
        (lambda r: r.summary(seed=-1), "seed = -1: must be"),
        (lambda r: r.summary("reward"), "metric = 'reward': must be one of"),
    ],
)
def test_bad_arguments(results, ask, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        ask(results)
    assert "\n" not in str(caught.value)
