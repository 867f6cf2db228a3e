"""Slices of a grid, by hand."""

import numpy as np
import pandas as pd
import pytest

import fastq
from fastq.results.sensitivity import sensitivity


def summary(points, estimates):
    """A summary of so many configurations, each known to half a unit."""
    table = pd.DataFrame(points).assign(estimate=estimates)
    table = table.assign(lower=table["estimate"] - 0.5, upper=table["estimate"] + 0.5, runs=7)
    table.attrs["metric"] = "return"
    return table


GRID = summary(
    {"alpha": [0.1, 0.1, 0.5, 0.5, 0.9, 0.9], "epsilon": [0.0, 0.1] * 3}, [1, 4, 6, 5, 2, 3.0]
)


def estimates(table, name, kind):
    rows = table[(table["hyperparameter"] == name) & (table["kind"] == kind)]
    return dict(zip(rows["value"], rows["estimate"], strict=True))


def test_slices_and_bests():
    found = sensitivity(GRID, ["alpha", "epsilon"], 1)
    assert estimates(found, "alpha", "slice") == {0.1: 1, 0.5: 6, 0.9: 2}
    assert estimates(found, "alpha", "best") == {0.1: 4, 0.5: 6, 0.9: 3}
    assert estimates(found, "epsilon", "slice") == {0.0: 6, 0.1: 5}
    assert estimates(found, "epsilon", "best") == {0.0: 6, 0.1: 5}
    edges = found.groupby("hyperparameter")["edge"].first().to_dict()
    assert edges == {"alpha": False, "epsilon": True}
    assert (found["upper"] - found["estimate"] == 0.5).all()
    assert set(found["runs"]) == {7}
    assert found.attrs == {"metric": "return"}


def test_less_may_be_better():
    found = sensitivity(GRID, ["alpha", "epsilon"], -1)
    assert estimates(found, "alpha", "slice") == {0.1: 1, 0.5: 6, 0.9: 2}
    assert estimates(found, "alpha", "best") == {0.1: 1, 0.5: 5, 0.9: 2}
    assert found[found["hyperparameter"] == "alpha"]["edge"].all()


def test_each_agent_has_its_own_best_and_its_own_hyperparameters():
    points = {
        "agent": ["q_learning"] * 3 + ["dyna_q"] * 2,
        "alpha": [0.1, 0.5, 0.9, 0.1, 0.5],
        "planning_steps": [np.nan] * 3 + [5, 5],
    }
    found = sensitivity(summary(points, [1, 3, 2, 9, 8.0]), ["agent", "alpha", "planning_steps"], 1)
    steps = found[found["hyperparameter"] == "planning_steps"]
    assert set(steps["agent"]) == {"dyna_q"}
    assert not steps["edge"].any()  # one point has no edge
    own = found[(found["hyperparameter"] == "alpha") & (found["kind"] == "best")]
    assert own[own["agent"] == "q_learning"]["estimate"].tolist() == [1, 3, 2]
    assert own.groupby("agent")["edge"].first().to_dict() == {"dyna_q": True, "q_learning": False}


def test_a_grid_of_one_point_has_no_edge():
    found = sensitivity(summary({"alpha": [0.5], "epsilon": [0.1]}, [3.0]), ["alpha", "epsilon"], 1)
    assert found["kind"].tolist() == ["slice", "best"] * 2
    assert found["value"].tolist() == [0.5, 0.5, 0.1, 0.1]
    assert set(found["estimate"]) == {3}
    assert not found["edge"].any()


def test_words_have_no_edge():
    found = sensitivity(summary({"ties": ["first", "random"]}, [2.0, 1.0]), ["ties"], 1)
    assert not found["edge"].any()
    assert estimates(found, "ties", "slice") == {"first": 2, "random": 1}


def test_without_hyperparameters_nothing_can_matter():
    with pytest.raises(fastq.InputError, match="the grid has no hyperparameter"):
        sensitivity(summary({"agent": ["sarsa"]}, [1.0]), ["agent"], 1)


def test_a_study(results):
    found = results.sensitivity("length", level=0.9)
    table = results.summary("length", level=0.9)
    best = found[(found["hyperparameter"] == "alpha") & (found["kind"] == "best")]
    expected = table.groupby("alpha")["estimate"].min()
    assert best["estimate"].tolist() == expected.tolist()
