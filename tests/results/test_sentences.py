"""What is said of results: exact sentences of small cases, the same wherever they are said."""

import html

import numpy as np
import pandas as pd
import pytest

import fastq
from fastq import cli
from fastq.report.report import write_report
from fastq.results import selection
from fastq.results.sentences import Bounded, Edge, Endings, edges_of, summary_sentences
from fastq.study.metrics import find_metric
from tests.conftest import SMALL, rerun

RUNS = np.array([[1.0, 6.0, 1.0], [2.0, 7.0, 2.0], [3.0, 8.0, 3.0], [2.0, 7.0, 2.0]])
ALPHA = pd.DataFrame({"alpha": [0.1, 0.5, 0.9]})
UNSEEN = "Failures in less than 53 % of runs may show in none of 4."


def selected(values, points=ALPHA, metric="return", fresh=None, endings=None):
    """Select by made-up runs."""
    return selection.select(
        np.asarray(values, dtype=float), points, find_metric(metric), fresh, 0.95, 0, endings
    )


def test_a_clear_winner_with_fresh_runs():
    found = selected(RUNS, fresh=lambda index: RUNS[:, index] - 1)
    assert found.sentences() == [
        "The best of 3 configurations by return is alpha = 0.5.",
        "Its mean return over the 4 runs that selected it is 7 [5.701, 8.299], at 95 % confidence.",
        "Its mean return over 4 fresh runs is 6 [4.701, 7.299], at 95 % confidence.",
        "Its optimism, how much better it looked than in fresh runs, is 1 [-0.4127, 2.413].",
        "No other of the 3 configurations could be the best, at 95 % confidence.",
        "The best does not lie at the edge of the grid.",
        UNSEEN,
    ]


def test_less_is_better_and_two_are_equal():
    said = selected(RUNS, metric="length").sentences()
    assert said == [
        "The best of 3 configurations by length, of which less is better, is alpha = 0.1.",
        "Its mean length over the 4 runs that selected it is 2 [0.7008, 3.299], at 95 % "
        "confidence.",
        "It was not trained on fresh runs, so the selection may flatter it.",
        "1 other configuration has exactly the same mean.",
        "2 of 3 configurations could be the best, at 95 % confidence.",
        "Besides it, the best could be alpha = 0.9.",
        "The best lies at the edge of the grid in alpha (the least of 3 values).",
        UNSEEN,
    ]


def test_one_configuration_with_one_run():
    said = selected(RUNS[:1, :1], ALPHA[:1], fresh=lambda _: np.array([3.0])).sentences()
    assert said == [
        "The only configuration is alpha = 0.1.",
        "Its mean return over 1 run is 1 (no interval).",
        "Its mean return over 1 fresh run is 3 (no interval).",
        "Its optimism, how much better it looked than in fresh runs, is -2 (no interval).",
        "Failures in less than 95 % of runs may show in none of 1.",
    ]


def test_configurations_and_fresh_runs_that_failed():
    values = RUNS.copy()
    values[2, 1] = -np.inf
    said = selected(values, fresh=lambda _: np.array([1.0, -np.inf])).sentences()
    assert said[0] == "The best of 3 configurations by return is alpha = 0.1."
    assert said[2] == (
        "Its mean return over 2 fresh runs is not known: the return of a run is not finite."
    )
    left_out = "1 configuration is left out, because the return of a run is not finite: "
    assert f"{left_out}alpha = 0.5." in said
    assert not any("optimism" in one for one in said)


def test_an_agent_has_an_edge_of_its_own():
    points = pd.DataFrame(
        {"agent": ["a", "a", "b", "b"], "alpha": [0.1, 0.5, 0.5, 0.9], "ties": ["x", "y", "", ""]}
    )
    best = [{"agent": "a", "alpha": 0.5, "ties": "y"}, {"agent": "b", "alpha": 0.5}]
    assert edges_of(points, best[0]) == (Edge("alpha", "greatest", 2),)
    assert edges_of(points, best[1]) == (Edge("alpha", "least", 2),)
    assert edges_of(points.iloc[:1], best[0]) is None
    assert edges_of(ALPHA, {"alpha": 0.5}) == ()
    assert edges_of(points[["ties"]].iloc[:2], {"ties": "x"}) is None  # words have no edge


def summary():
    """Make a summary of three configurations."""
    rows = pd.DataFrame({"estimate": [2.0, 7.0, 2.0], "lower": 1.0, "upper": 9.0, "runs": 4})
    table = pd.concat([ALPHA, rows], axis=1)
    return table.assign(truncated=0, truncated_runs=0, diverged=0)


def test_how_runs_ended():
    nothing = "No episode was truncated, and no run diverged."
    assert Endings.of(summary()).sentences() == [nothing]
    one = Endings(runs=4, truncated=1, truncated_runs=1, diverged=0, diverged_of=())
    assert one.sentences() == [
        "1 episode in 1 of 4 runs was truncated by the step limit; it counts like all others."
    ]
    table = summary().assign(truncated=[0, 1200, 3], truncated_runs=[0, 4, 1], diverged=[0, 3, 1])
    assert Endings.of(table).sentences() == [
        "1,203 episodes in 5 of 12 runs were truncated by the step limit; they count like all "
        "others.",
        "4 runs diverged: a Q-value in the end, or a return, was beyond the range of numbers.",
        "Runs diverged of alpha = 0.5 (3 of 4 runs); alpha = 0.9 (1 of 4 runs).",
        "No run is left out: a mean that would take an infinite number is NaN.",
    ]


def test_a_summary_says_what_needs_no_selection():
    assert summary_sentences(summary(), "return", 0.9) == [
        "The best of 3 configurations by return is alpha = 0.5.",
        "Its mean return over the 4 runs that selected it is 7 [1, 9], at 90 % confidence.",
        "It was not trained on fresh runs, so the selection may flatter it.",
        "The best does not lie at the edge of the grid.",
        "No episode was truncated, and no run diverged.",
    ]
    none = summary().assign(estimate=np.nan)
    assert summary_sentences(none, "return", 0.9) == [
        "No configuration is the best: the return of a run of each is not finite.",
        "No episode was truncated, and no run diverged.",
    ]


def test_a_name_cannot_forge_a_line():
    points = pd.DataFrame({"schedule": ["a\nThe best is another.", "b"]})
    said = selected(RUNS[:, 1::-1], points).sentences()
    assert all(one.isprintable() for one in said)
    assert "a\\nThe best" in said[0]


def test_many_are_counted():
    points = pd.DataFrame({"alpha": np.arange(1, 9) / 10})
    endings = Endings(8, 0, 0, 8, tuple(f"alpha = {alpha:g} (1 of 1 run)" for alpha in range(8)))
    assert endings.sentences()[1].endswith("alpha = 4 (1 of 1 run); and 3 more.")
    said = selected(np.ones((4, 8)), points).sentences()
    assert "7 other configurations have exactly the same mean." in said
    assert "and 2 more." in said[5]


def test_an_interval_that_is_none_is_said():
    assert str(Bounded(1.23456, np.nan, np.nan)) == "1.235 (no interval)"
    assert str(Bounded(1.23456, 1.0, 2.0)) == "1.235 [1, 2]"


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    """A study of two agents, with episodes that the step limit ends."""
    fields = {**SMALL, "agent": ["q_learning", "sarsa"], "fixed": {"epsilon": 0.1}}
    out = tmp_path_factory.mktemp("agents") / "x"
    return rerun({**fields, "grid": {"alpha": [0.1, 0.5]}, "max_steps": 200}, out)


def printed(capsys, monkeypatch, *arguments):
    """Give the lines that a command prints."""
    monkeypatch.setattr("sys.argv", ["fastq", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    return capsys.readouterr().out.splitlines()


def test_command_line_report_and_str_say_the_same(agents, tmp_path, capsys, monkeypatch):
    selected, compared = agents.select(), agents.compare()
    write_report(agents, tmp_path / "x.html")
    page = html.unescape((tmp_path / "x.html").read_text(encoding="utf-8"))
    for command, found in (("select", selected), ("compare", compared)):
        said = found.sentences()
        assert str(found).splitlines()[: len(said)] == said
        assert printed(capsys, monkeypatch, command, agents.directory)[: len(said)] == said
        for one in said:
            assert f"<p>{one}</p>" in page
    assert any("were truncated by the step limit" in one for one in selected.sentences())
    shown = printed(capsys, monkeypatch, "show", agents.directory)
    said = summary_sentences(agents.summary(), "return", 0.95)
    assert shown[-len(said) :] == said
    assert said[0] == selected.sentences()[0]
    assert said[1] == selected.sentences()[1]


@pytest.mark.parametrize("record", ["moments", "summary"])
def test_what_was_recorded_changes_no_words(record, tmp_path, capsys, monkeypatch):
    """Moments keep no single run, so there is no selection; the rest is said all the same."""
    results = rerun(SMALL, tmp_path / "x", record=record)
    said = summary_sentences(results.summary(), "return", 0.95)
    whole = summary_sentences(rerun(SMALL, tmp_path / "y").summary(), "return", 0.95)
    assert said[0] == whole[0]
    assert said[2:] == whole[2:]
    assert printed(capsys, monkeypatch, "show", tmp_path / "x")[-len(said) :] == said
    write_report(results, tmp_path / "x.html")
    page = html.unescape((tmp_path / "x.html").read_text(encoding="utf-8"))
    assert ("Moments keep no single run" in page) == (record == "moments")
    there = said if record == "moments" else results.select().sentences()
    assert all(f"<p>{one}</p>" in page for one in there)


def test_a_race_on_the_command_line_says_its_sentences(tmp_path, capsys, monkeypatch):
    (tmp_path / "mine.toml").write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = "q_learning"\nepisodes = 20\nruns = 30\n'
        "grid = {alpha = [0.1, 0.5, 0.9]}\n"
    )
    monkeypatch.chdir(tmp_path)
    shown = printed(capsys, monkeypatch, "sweep", "mine.toml", "--jobs", "1", "--race")
    sweep = fastq.Sweep.from_toml("mine.toml")
    found = fastq.race(sweep, "results/mine", n_jobs=1, progress=False)
    said = found.sentences()
    assert str(found).splitlines() == said
    start = shown.index(said[0])
    assert shown[start : start + len(said)] == said
