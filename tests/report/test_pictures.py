"""What a sweep leaves beside its parts."""

from pathlib import Path

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fastq
from fastq.report.pictures import best_configurations, choose_curves, draw_curves, write_pictures
from fastq.study.metrics import find_metric


def test_report(results):
    paths = [Path(path) for path in write_pictures(results)]
    assert [path.name for path in paths] == ["curves.png", "heatmap.png", "summary.csv"]
    for path in paths[:2]:
        image = matplotlib.image.imread(path)
        assert image.shape[0] > 400
        assert image[..., :3].std() > 0.05  # something is drawn
    table = pd.read_csv(paths[2])
    assert table["estimate"].tolist() == pytest.approx(results.summary()["estimate"].tolist())


@pytest.mark.parametrize(
    "changes",
    [
        {"grid": {"alpha": [0.5]}, "runs": 1, "episodes": 1},
        {"grid": {"alpha": [0.5, 0.6], "gamma": [0.9, 1.0], "epsilon": [0.1, 0.2]}, "fixed": {}},
        {"episodes": 501, "runs": 2},
        {"env": "FrozenLake-v1", "grid": {"initial_value": [0.0, 1.0]}},
    ],
)
def test_reports_of_other_grids(fields, tmp_path, changes):
    spec = fastq.Sweep(**{**fields, **changes})
    found = fastq.run(spec, out=tmp_path / "x", n_jobs=1, progress=False)
    assert all(Path(path).stat().st_size for path in write_pictures(found))


@pytest.mark.parametrize("record", ["moments", {"window": 3}, "summary"], ids=str)
def test_reports_of_what_was_recorded(fields, tmp_path, record):
    found = fastq.run(
        fastq.Sweep(**fields, record=record), out=tmp_path / "x", n_jobs=1, progress=False
    )
    names = [Path(path).name for path in write_pictures(found)]
    assert names == ["curves.png"] * (record != "summary") + ["heatmap.png", "summary.csv"]


def test_best_configurations(results):
    summary = results.summary()
    best = best_configurations(summary, 2)
    assert best["estimate"].tolist() == sorted(summary["estimate"], reverse=True)[:2]


def summary_of(agents, values=(0.1, 0.5, 0.9)):
    """Make a summary: each agent has the greater estimates the later it comes."""
    rows = [
        {"agent": agent, "alpha": alpha, "estimate": 10.0 * rank + i % 2}
        for rank, agent in enumerate(agents)
        for i, alpha in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(lower=0.0, upper=0.0, runs=5)


def test_the_curves_of_several_agents_are_those_of_their_best():
    """Ranks from the best to the worst of all left out the best of the middle agent."""
    summary = summary_of(["a", "b", "c"], np.arange(20) / 20)
    summary.loc[summary["alpha"] == 0.35, "estimate"] += 5
    chosen = choose_curves(summary, find_metric("return"))
    assert chosen.rows[["agent", "alpha"]].to_numpy().tolist() == [[n, 0.35] for n in "abc"]
    assert chosen.words == "each agent at its best by return"
    summary["estimate"] *= -1
    less = choose_curves(summary, find_metric("steps_to:-20"))
    assert less.rows["alpha"].tolist() == [0.35] * 3
    assert less.words == "each agent at its best by steps_to:-20"
    alone = choose_curves(summary.drop_duplicates("agent"), find_metric("return"))
    assert (len(alone.rows), alone.words) == (3, "")


def test_agents_that_are_left_out_are_counted():
    names = [f"agent{i}" for i in range(13)]
    chosen = choose_curves(summary_of(names), find_metric("return"))
    assert chosen.rows["agent"].tolist() == names[3:]
    assert chosen.words == "each agent at its best by return: the best 10, 3 left out"


def test_the_curves_of_one_agent_reach_from_its_best_to_its_worst():
    summary = summary_of(["a"], np.arange(40)).drop(columns="agent")
    summary["estimate"] = np.random.default_rng(0).permutation(40)
    chosen = choose_curves(summary, find_metric("return"))
    assert chosen.rows["estimate"].tolist() == [39, 31, 23, 16, 8, 0]
    some = "6 of 40 configurations, from the best to the worst by return"
    assert chosen.words == f"{some}: ranks 1, 9, 17, 24, 32, 40"
    assert choose_curves(summary[:6], find_metric("return")).words == ""


def curves_of(estimates, **attrs):
    """Make a summary of one configuration, and its curve."""
    curve = pd.DataFrame({"alpha": 0.5, "episode": range(len(estimates)), "estimate": estimates})
    curve = curve.assign(lower=curve["estimate"] - 1, upper=curve["estimate"] + 1, runs=5)
    curve.attrs.update(metric="return", **attrs)
    return curve, pd.DataFrame({"alpha": [0.5], "estimate": [0.0], "runs": [5]})


@pytest.mark.parametrize(
    ("estimates", "label"),
    [
        ([-90.0, -50.0, -20.0], "return"),
        ([-2000.0, -50.0, -20.0], "return (log scale)"),
        ([-2000.0, -50.0, 8.0], "return (symmetric log scale)"),
        ([-2000.0, 0.0, 8.0], "return"),
    ],
)
def test_a_log_scale_is_said_on_the_axis(estimates, label):
    ax = draw_curves(*curves_of(estimates))
    assert ax.get_ylabel() == label
    assert (ax.get_yscale() == "symlog") == ("log" in label)
    bottom, top = ax.get_ylim()
    assert bottom < min(estimates) < max(estimates) < top
    far, chosen = curves_of(estimates)
    said = draw_curves(far.assign(lower=-1e6), chosen).get_ylabel()
    assert ("band reaches beyond" in said) == ("log" in label)
    plt.close("all")


@pytest.mark.parametrize("metric", ["length", "return_last:3", "regret"])
def test_pictures_by_another_metric(results, tmp_path, study, metric, monkeypatch):
    """Curves, heatmap and table are those of the metric; where less is better, so is the choice."""
    found, titles = fastq.Results(study), []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.set_title", lambda _, text, **how: titles.append(text)
    )
    *_, table = write_pictures(found, metric)
    expected = results.summary(metric)["estimate"]
    assert pd.read_csv(table)["estimate"].tolist() == pytest.approx(expected.tolist())
    assert titles == [str(results.study)] * 2  # of six configurations, none is left out
    with pytest.raises(fastq.InputError, match="metric = 'no': must be one of"):
        write_pictures(found, "no")
