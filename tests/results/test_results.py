"""`Results`: the tables, against arrays computed apart."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fastq
from fastq.study.storage.manifest import open_study
from fastq.study.storage.store import Directory
from tests.conftest import rerun


@pytest.fixture(scope="module")
def batch(results):
    """The same runs, straight from the kernel."""
    sweep = fastq.Sweep(**results.manifest["spec"])
    agents = [configuration.agent for configuration in sweep.configurations]
    return fastq.train_batch(sweep.mdp, agents, episodes=20, seed=3, runs=5)


def test_episodes(results, batch):
    table = results.episodes()
    assert list(table.columns) == [
        "alpha", "epsilon", "run", "episode", "return", "length", "truncated",
    ]  # fmt: skip
    assert table["return"].tolist() == batch.returns.ravel().tolist()
    assert table["length"].tolist() == batch.lengths.ravel().tolist()
    assert table["truncated"].tolist() == batch.truncated.ravel().tolist()
    assert table["episode"].tolist() == list(range(20)) * 30
    assert table["run"].tolist() == np.tile(np.repeat(range(5), 20), 6).tolist()
    assert table["alpha"].tolist() == np.repeat([0.1, 0.5, 0.9], 200).tolist()
    assert table["epsilon"].tolist() == np.tile(np.repeat([0.05, 0.1], 100), 3).tolist()


@pytest.mark.parametrize("metric", ["return", "length"])
def test_curves_have_t_bands_over_runs(results, metric):
    table = results.curves(metric=metric, level=0.9)
    assert list(table.columns) == [
        "alpha", "epsilon", "episode", "estimate", "lower", "upper", "runs",
    ]  # fmt: skip
    assert len(table) == 6 * 20
    assert set(table["runs"]) == {5}
    asked = {"metric": metric, "interval": "t", "level": 0.9, "estimator": "mean", "seed": 0}
    assert table.attrs == {**asked, "window": 1}
    episodes = results.episodes()
    row = table.iloc[27]
    sample = episodes[
        (episodes["alpha"] == row["alpha"])
        & (episodes["epsilon"] == row["epsilon"])
        & (episodes["episode"] == row["episode"])
    ][metric]
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.9)
    assert row["estimate"] == pytest.approx(sample.mean())
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(expected))


def test_windows_are_means_of_each_run(results, batch):
    table = results.curves(window=8)
    assert table["episode"].tolist() == [0, 8, 16] * 6
    first = batch.returns[:5]
    means = [first[:, start : start + 8].mean() for start in (0, 8, 16)]
    assert table["estimate"][:3].tolist() == pytest.approx(means)
    half = stats.t.ppf(0.975, 4) * first[:, 16:].mean(axis=1).std(ddof=1) / np.sqrt(5)
    assert table["upper"][2] == pytest.approx(means[2] + half)


def test_bootstrap_bands_are_repeatable(results):
    table = results.curves(interval="bootstrap")
    assert (table["lower"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["upper"]).all()
    pd.testing.assert_frame_equal(table, results.curves(interval="bootstrap"))
    assert not table["lower"].equals(results.curves()["lower"])


def test_summary(results, batch):
    table = results.summary()
    assert len(table) == 6
    means = batch.returns.reshape(6, 5, 20).mean(axis=2)
    assert table["estimate"].to_numpy() == pytest.approx(means.mean(axis=1))
    half = stats.t.ppf(0.975, 4) * means.std(axis=1, ddof=1) / np.sqrt(5)
    assert table["upper"].to_numpy() == pytest.approx(means.mean(axis=1) + half)
    final = batch.returns.reshape(6, 5, 20)[:, :, -2:].mean(axis=(1, 2))
    assert table["final"].to_numpy() == pytest.approx(final)
    assert table["length"].to_numpy() == pytest.approx(batch.lengths.reshape(6, -1).mean(axis=1))
    assert set(table["truncated"]) == {0}


def test_truncated_runs_are_counted(fields, tmp_path):
    spec = fastq.Sweep(**{**fields, "max_steps": 30})
    found = fastq.run(spec, out=tmp_path / "x", n_jobs=1, progress=False)
    table = found.summary()
    cut = found.episodes().groupby(["alpha", "epsilon"], sort=False)["truncated"].sum()
    assert table["truncated"].tolist() == cut.tolist()
    assert table["truncated"].min() > 0
    assert set(table["truncated_runs"]) == {5}


def test_one_run_has_no_interval(fields, tmp_path):
    spec = fastq.Sweep(**{**fields, "runs": 1})
    found = fastq.run(spec, out=tmp_path / "x", n_jobs=1, progress=False)
    for interval in ("t", "bootstrap"):
        curves = found.curves(interval=interval)
        assert curves["estimate"].notna().all()
        assert curves[["lower", "upper"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "reward"}, "metric = 'reward': must be one of return, length"),
        ({"interval": "z"}, "interval = 'z': must be one of t, bootstrap"),
        ({"level": 95}, r"level = 95: must be a number in \(0, 1\)"),
    ],
)
def test_bad_arguments(results, arguments, message):
    with pytest.raises(fastq.InputError, match="window = 0: must be an integer from 1"):
        results.curves(window=0)
    for table in (results.curves, results.summary):
        with pytest.raises(fastq.InputError, match=message):
            table(**arguments)


def test_no_finished_runs(sweep, tmp_path):
    (tmp_path / "x").mkdir()
    open_study(Directory(tmp_path / "x"), sweep)
    with pytest.raises(fastq.InputError, match="holds no finished runs"):
        fastq.Results(tmp_path / "x").summary()


def test_repr_says_how_far_it_is(results):
    assert repr(results).endswith("30 of 30 runs)")


def test_several_agents_have_a_column(fields, tmp_path):
    grid = {"alpha": [0.5, fastq.Visits(power=0.8)]}
    found = rerun(fields, tmp_path / "x", agent=["q_learning", "sarsa"], grid=grid)
    summary = found.summary()
    assert list(summary.columns[:3]) == ["agent", "alpha", "estimate"]
    assert summary["agent"].tolist() == ["q_learning", "q_learning", "sarsa", "sarsa"]
    assert summary["alpha"].tolist() == ["0.5", "1/n^0.8"] * 2
    assert list(found.episodes().columns) == [
        "agent", "alpha", "run", "episode", "return", "length", "truncated",
    ]  # fmt: skip
    assert found.curves().groupby(["agent", "alpha"]).ngroups == 4


def test_results_are_read_without_the_code_that_made_them(fields, tmp_path):
    """Neither the MDP nor the algorithm is looked for again."""
    (tmp_path / "mine.py").write_text(
        "import fastq\n"
        "class Mine(fastq.Algorithm):\n"
        "    step: fastq.StepSize = 0.5\n"
        "    def act(q, state, u, agent):\n"
        "        return int(u * q.shape[1])\n"
        "    def update(q, step, agent):\n"
        "        q[step.state, step.action] += agent.step * step.reward\n"
    )
    fields |= {"env": fastq.random_mdp(4, 2, 2, seed=0), "agent": f"{tmp_path}/mine.py:Mine"}
    fields |= {"grid": {"step": [0.1, 0.2]}, "fixed": {}, "max_steps": 20}
    found = rerun(fields, tmp_path / "x")
    (tmp_path / "mine.py").unlink()
    again = fastq.Results(tmp_path / "x")
    pd.testing.assert_frame_equal(again.episodes(), found.episodes(), check_exact=True)
    assert again.summary()["step"].tolist() == [0.1, 0.2]


def test_edited_code_is_another_configuration(fields, tmp_path):
    def write(factor):
        (tmp_path / "mine.py").write_text(
            "import fastq\n"
            "class Mine(fastq.Algorithm):\n"
            "    step: fastq.StepSize = 0.5\n"
            "    def act(q, state, u, agent):\n"
            "        return int(u * q.shape[1])\n"
            "    def update(q, step, agent):\n"
            f"        q[step.state, step.action] += {factor} * step.reward\n"
        )

    fields |= {"agent": f"{tmp_path}/mine.py:Mine", "grid": {"step": [0.1]}, "fixed": {}}
    fields |= {"max_steps": 20}
    write(1.0)
    keys = rerun(fields, tmp_path / "x").study.keys
    write(2.0)
    edited = fastq.Sweep(**fields)
    assert not set(keys) & {c.key for c in edited.configurations}
    assert fastq.Results(tmp_path / "x", edited).finished == 0
    assert rerun(fields, tmp_path / "x").finished == 5
    manifest = fastq.Results(tmp_path / "x").manifest
    assert manifest["algorithms"] == {"mine": edited.agents[0].algorithm_version()}


def test_diverging_runs_are_counted_and_the_others_go_on(fields, tmp_path):
    """One begins at the greatest float, and its first reward takes it beyond."""
    outcome = (1.0, 0, 2.0**1000, False)
    mdp = fastq.FiniteMDP.from_arrays([[[outcome]] * 4], max_steps=1)
    grid = {"initial_value": [0.0, sys.float_info.max]}
    fields |= {"env": mdp, "grid": grid, "fixed": {"alpha": 1.0}}
    found = rerun(fields, tmp_path / "x").summary()
    assert found["diverged"].tolist() == [0, 5]
    assert found["runs"].tolist() == [5, 5]


def test_each_part_is_read_once(study, monkeypatch):
    """A summary says what is stale besides, of what it has read already."""
    read, names = Directory.read, []
    monkeypatch.setattr(
        Directory, "read", lambda self, name: names.append(name) or read(self, name)
    )
    results = fastq.Results(study)
    results.summary()
    results.curves()
    parts = [name for name in names if name.startswith("parts/")]
    assert len(parts) == len(set(parts)) == len(list((study / "parts").glob("*.parquet")))
