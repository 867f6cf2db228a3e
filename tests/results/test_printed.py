"""What tables and objects say of themselves: short, and the estimate in sight."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import fastq
from fastq.results.printed import Summary, fitted
from tests.conftest import SMALL

COUNTERS = {"runs": 100, "final": -15.2446, "length": 45.67891, "truncated": 12345}
GRIDS = [
    ["alpha"],
    ["alpha", "epsilon"],
    ["agent", "alpha", "epsilon"],
    ["alpha", "gamma", "initial_value"],
]


def summary(names, rows=40):
    """Make a summary of returns, over a grid."""
    table = {name: np.arange(rows) / rows for name in names}
    table |= {"agent": "expected_sarsa"} if "agent" in names else {}
    table |= dict.fromkeys(["estimate", "lower", "upper"], -154.321 - np.arange(rows) / 7)
    return Summary(pd.DataFrame(table).assign(**COUNTERS, diverged=0, truncated_runs=100))


@pytest.mark.parametrize("names", GRIDS, ids=str)
def test_a_summary_prints_its_estimate_in_100_columns(names, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = str(summary(names)).splitlines()
    head = lines[0].split()
    assert head[: len(names) + 6] == [
        *names,
        "estimate",
        "lower",
        "upper",
        "runs",
        "final",
        "length",
    ]
    assert max(map(len, lines)) <= 100
    assert "-154.3" in lines[1]
    assert len(lines) in (41, 42)
    for name in {"truncated", "diverged", "truncated_runs"} - set(head):
        assert name in lines[-1]


def test_a_narrow_terminal_and_a_wide_display(monkeypatch):
    table = summary(GRIDS[2])
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, repr(table).splitlines())) <= 80
    assert repr(table).endswith(
        "[40 rows x 12 columns; not shown: truncated, diverged, truncated_runs]"
    )
    with pd.option_context("display.width", 200):
        assert "truncated_runs" in repr(table).splitlines()[0]
    with pd.option_context("display.max_rows", 20):
        assert len(repr(table).splitlines()) == 1 + 11 + 1


def test_values_are_not_rounded_and_what_is_made_of_a_summary_is_plain(results):
    found = results.summary()
    assert isinstance(found, Summary)
    assert found["estimate"].tolist() == results.values().mean(axis=0).tolist()
    assert type(found.sort_values("estimate")) is type(found[["alpha"]]) is pd.DataFrame
    assert found.attrs["metric"] == "return"
    pd.testing.assert_frame_equal(found, results.summary())


def test_tables_of_no_rows_or_other_columns():
    assert "Empty DataFrame" in repr(Summary(pd.DataFrame({"alpha": []})))
    assert fitted(pd.DataFrame({"a long name": [1.23456]}), 3).splitlines()[1] == "0       1.235"


@pytest.mark.slow
def test_a_script_prints_it_so(results):
    """As users do, in a process whose output is no terminal."""
    code = f"import fastq; print(fastq.Results({str(results.directory)!r}).summary())"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert printed[0].split()[:5] == ["alpha", "epsilon", "estimate", "lower", "upper"]
    assert max(map(len, printed)) <= 100


def test_reprs_are_short(results, tmp_path):
    mdp = fastq.random_mdp(1000, 4, 20, seed=0)
    agents = [fastq.QLearning(alpha=a) for a in (0.1, 0.5)]
    one = fastq.train(fastq.windy_gridworld(), agents[0], episodes=3, seed=0)
    many = fastq.train_batch(fastq.windy_gridworld(), agents, episodes=3, seed=0, runs=2)
    grid = {name: [0.1, 0.2] for name in ("alpha", "gamma", "epsilon")} | {
        "initial_value": [*map(float, range(99))]
    }
    selected = results.select(confirm_runs=2)
    compared = results.compare(by="alpha", confirm_runs=2)
    pairs = pd.concat([compared.differences] * 10)
    for shown, words in (
        (mdp, "FiniteMDP('"),
        (mdp, "states x actions x outcomes = 1000 x 4 x 20, step limit 10,000)"),
        (
            fastq.Sweep(**SMALL),
            "q_learning on fastq/WindyGridworld-v0:\n  6 configurations x 5 runs",
        ),
        (fastq.Sweep(**SMALL | {"grid": grid, "fixed": {}, "env": mdp}), "seed 3"),
        (one, f"1 run of 3 episodes: mean return {one.returns.mean():.4g}"),
        (many, "Training(4 runs of 3 episodes"),
        (many, "q has shape (4, 70, 4)"),
        (selected, f"over 2 fresh runs {selected.confirmed}"),
        (results.select(confirm_runs=0), "configurations could be the best, at 95 % confidence)"),
        (compared, "0.1 - 0.5: "),
        (type(compared)("return", 0.95, compared.winners, pairs), "and 22 more)"),
    ):
        assert words in repr(shown)
        assert len(repr(shown).splitlines()) <= 10
        assert max(map(len, repr(shown).splitlines())) <= 120
    assert str(selected).startswith("The best of ")  # the whole text
    assert len(str(selected)) > len(repr(selected))


def test_the_repr_of_runs_that_diverged():
    q = np.full((2, 1, 1), np.nan)
    returns = np.array([[1e308, 1e308], [np.inf, -np.inf]])
    found = fastq.Training(q, returns, np.ones((2, 2)), np.zeros((2, 2), bool), np.ones(2, bool))
    assert "2 runs diverged" in repr(found)
