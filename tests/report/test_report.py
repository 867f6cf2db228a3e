"""The report on a study: its sections, its figures, and a browser that opens it."""

import io

import pandas as pd
import pytest

import fastq
from fastq.report.report import write_report
from tests.conftest import SMALL, rerun
from tests.support.browser import Page, needs_chromium, opened

ALL = [
    "What was run",
    "Learning curves",
    "Selection",
    "Agents compared",
    "Sensitivity",
    "Single runs",
    "Truncated and diverged runs",
    "Provenance",
]
AGENTS = {
    "env": "fastq/CliffWalking-v0",
    "agent": ["q_learning", "sarsa"],
    "grid": {"alpha": [0.2, 0.5]},
    "episodes": 30,
    "runs": 6,
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A study of two agents, and the report on it."""
    folder = tmp_path_factory.mktemp("report")
    results = rerun(AGENTS, folder / "x")
    write_report(results, folder / "report.html")
    return results, (folder / "report.html").read_text(encoding="utf-8")


def titles(text):
    page = Page(text)
    return [attrs["id"].split("-", 2)[2] for attrs in page.all("section")]


def as_ids(names):
    return [name.lower().replace(" ", "-") for name in names]


def table_of(text, name):
    """Read a table that the page offers."""
    return pd.read_csv(io.BytesIO(dict(Page(text).downloads())[f"{name}.csv"]))


def test_the_sections(compared):
    assert titles(compared[1]) == as_ids(ALL)


def test_the_data_behind_the_pictures(compared):
    results, text = compared
    curves = table_of(text, "curves")
    pd.testing.assert_frame_equal(curves, results.curves(), check_exact=False)
    selection = results.select()
    found = table_of(text, "selection").sort_values(["agent", "alpha"], ignore_index=True)
    pd.testing.assert_frame_equal(found, selection.table, check_exact=False)
    assert f"fresh runs is {selection.confirmed}" in text
    pairs = table_of(text, "pairs")
    assert pairs["estimate"].tolist() == results.compare().differences["estimate"].tolist()
    assert len(table_of(text, "sensitivity-alpha")) == 8
    assert len(table_of(text, "runs")) == 4 * 6


def test_the_curves_are_those_of_each_agent_at_its_best(compared):
    captions = compared[1].count("each agent at its best by return")
    assert captions == 2  # against episodes, and against steps
    assert "Return over the grid" in compared[1]


def test_the_same_study_gives_the_same_page(compared, tmp_path):
    results, text = compared
    write_report(results, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, ["Agents compared"]),
        ({"record": {"window": 5}}, ["Agents compared"]),
        ({"record": "summary"}, ["Agents compared", "Learning curves"]),
        ({"record": "moments"}, ["Agents compared", "Single runs"]),
        ({"runs": 1, "grid": {"alpha": [0.5]}}, ["Agents compared"]),
        ({"agent": ["q_learning", "sarsa"], "grid": {"alpha": [0.5]}, "max_steps": 30}, []),
    ],
    ids=str,
)
def test_reports_of_what_was_recorded(tmp_path, changes, missing):
    fixed = {"epsilon": 0.1} if "grid" in changes else {}
    results = rerun({**SMALL, "fixed": fixed}, tmp_path / "x", **changes)
    write_report(results, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert titles(text) == as_ids(name for name in ALL if name not in missing)
    cut = int(results.summary()["truncated"].sum())
    assert (f"{cut:,} episodes in" in text) == (cut > 0)
    assert ("No episode was truncated, and no run diverged." in text) == (cut == 0)
    assert ("endings.csv" in dict(Page(text).downloads())) == (cut > 0)


def test_other_metrics_and_no_fresh_runs(compared, tmp_path):
    results, _ = compared
    write_report(results, tmp_path / "x.html", metric="regret", confirm_runs=0, level=0.9)
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert titles(text) == as_ids(name for name in ALL if name != "Agents compared")
    assert "It was not trained on fresh runs" in text
    assert "No fresh runs were trained" not in text  # which would say why: it was asked for
    assert "at 90 % confidence" in text
    assert table_of(text, "regret")["episode"].max() == AGENTS["episodes"]


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "sign"), [("return", 1), ("length", -1)])
def test_the_best_come_first_and_are_those_whose_runs_are_drawn(results, tmp_path, metric, sign):
    """Of six configurations, four are drawn."""
    write_report(results, tmp_path / "x.html", metric=metric, confirm_runs=0)
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    expected = results.summary(metric).sort_values("estimate", ascending=sign < 0)
    names = ["alpha", "epsilon"]
    ranked = table_of(text, "selection")
    assert ranked[names].to_numpy().tolist() == expected[names].to_numpy().tolist()
    for name in ("runs", "profiles"):
        drawn = table_of(text, name)[names].drop_duplicates()
        assert drawn.to_numpy().tolist() == expected[names].head(4).to_numpy().tolist()
    assert "Single runs, of the best 4 configurations" in text


def test_why_there_are_no_fresh_runs_is_said(tmp_path):
    """A study whose code this user has not signed, and an algorithm that the process lacks."""
    path = tmp_path / "mine.py"
    path.write_text(
        "import fastq\n"
        "class Mine(fastq.Algorithm):\n"
        "    size: fastq.StepSize = 0.5\n"
        "    def act(q, state, u, agent):\n"
        "        return int(u * q.shape[1])\n"
        "    def update(q, step, agent):\n"
        "        q[step.state, step.action] += agent.size * step.reward\n"
    )
    fields = {**SMALL, "agent": f"{path}:Mine", "grid": {"size": [0.1, 0.2]}, "fixed": {}}
    rerun({**fields, "max_steps": 20}, tmp_path / "x", runs=2)
    (tmp_path / "x" / "environment.npz").write_bytes(b"")
    reason = write_report(fastq.Results(tmp_path / "x"), tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "environment.npz: cannot be read" in reason
    assert "No fresh runs were trained, because of this: " in text
    assert "environment.npz: cannot be read" in text
    assert "It was not trained on fresh runs" in text


def test_a_page_is_replaced_whole_or_not_at_all(compared, tmp_path):
    results, _ = compared
    (tmp_path / "x.html").write_text("old")
    with pytest.raises(fastq.InputError, match="metric = 'no': must be one of"):
        write_report(results, tmp_path / "x.html", metric="no")
    assert (tmp_path / "x.html").read_text() == "old"
    with pytest.raises(fastq.InputError, match=r"no/x\.html: cannot be written"):
        write_report(results, tmp_path / "no" / "x.html")
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


@needs_chromium
def test_a_browser_opens_the_report(compared, tmp_path):
    found, said = opened(compared[1], tmp_path)
    assert said == []
    assert titles(found) == as_ids(ALL)
