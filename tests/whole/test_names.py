# ruff: noqa: RUF001, PLC2401
"""Names of others, with dollars, slashes and markup, in pictures, report and cache."""

import csv
import io
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fastq
from fastq import cli, plot
from fastq.report.pictures import write_pictures
from fastq.report.report import write_report
from fastq.training.kernels.build import kernel_for, variant_for
from tests.support.browser import Page

EVIL = r"=$\frac$/../../α<script>alert(1)</script>"
NAMES = [r"$\frac$", r"a\$b", "α", "a/b", "<script>", "$x$ and $y$", "_mine", EVIL]


class Strange(fastq.Algorithm):
    name = EVIL
    α: fastq.StepSize = 0.5

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent):
        q[step.state, step.action] += agent.α * step.reward


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A finished study full of such names."""
    mdp = fastq.windy_gridworld()
    mdp = fastq.FiniteMDP(**{**mdp._tables(), "max_steps": 30, "name": EVIL})
    grid = {"α": [0.1, 0.5], "alpha": [0.1, 0.5]}
    sweep = fastq.Sweep(env=mdp, agent=[Strange, "q_learning"], grid=grid, episodes=3, runs=3)
    out = tmp_path_factory.mktemp("strange") / "study"
    return fastq.run(sweep, out=out, n_jobs=1, progress=False)


def test_the_cache_keeps_to_its_folder(strange):
    mdp, agent = strange.sweep.mdp, Strange()
    kernel = kernel_for(Strange, variant_for(mdp, [agent], 3))
    assert kernel.py_func.__qualname__.isascii()
    assert kernel.py_func.__qualname__.isidentifier()
    names = [path.name for path in Path(kernel.stats.cache_path).glob("*learn*frac*")]
    assert names
    assert all(kernel.py_func.__qualname__ in name for name in names)


def test_pictures(strange):
    write_pictures(strange)
    assert (strange.directory / "curves.png").stat().st_size > 1000
    summary = pd.read_csv(strange.directory / "summary.csv")
    assert set(summary["agent"]) == {f"'{EVIL}", "q_learning"}
    listed = pd.read_csv(strange.directory / "configurations.csv")
    assert set(listed["agent"]) == {f"'{EVIL}", "q_learning"}
    assert sorted(path.name for path in strange.directory.iterdir() if path.name[0] != ".") == [
        *("algorithms", "configurations.csv", "curves.png", "environment.npz", "heatmap.png"),
        *("manifest.json", "parts", "summary.csv"),
    ]
    (source,) = (strange.directory / "algorithms").iterdir()
    assert source.is_file()
    assert source.name.isascii()


def test_the_report(strange, tmp_path):
    write_report(strange, tmp_path / "page.html", confirm_runs=2)
    page = Page((tmp_path / "page.html").read_text())
    assert page.all("script") == []
    assert any(EVIL in cell for row in page.rows for cell in row)
    files = page.downloads()
    rows = [row for name in files if name.endswith(".csv") for row in _rows(files[name])]
    assert any(f"'{EVIL}" in row for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@"))]
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def _rows(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_the_command_line(strange, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fastq", "show", str(strange.directory)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert not caught.value.code
    assert EVIL in capsys.readouterr().out


def drawn(ax):
    """Draw an Axes, as a file would be."""
    ax.figure.canvas.draw()
    plt.close(ax.figure)
    legend = ax.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


@pytest.mark.parametrize("name", NAMES)
def test_names_are_drawn_as_they_stand(name):
    points = pd.DataFrame({"agent": [name, "sarsa"] * 2, name: [1.0, 2.0, 3.0, 4.0]})
    numbers = {"estimate": [1.0, 2.0, 3.0, 4.0], "lower": 0.5, "upper": 4.5, "runs": 3}
    table = points.assign(**numbers)
    shown = drawn(plot.learning_curves(table.assign(episode=0)))
    assert shown[0].strip().replace(r"\$", "$").startswith(f"{name}, {name} = 1")
    drawn(plot.heatmap(table, name, "agent"))
    drawn(plot.distribution(points.assign(run=0, value=1.0)))
    drawn(plot.performance_profiles(table.assign(threshold=np.arange(4.0))))
    drawn(plot.differences(table.assign(first=name, second="x")[["first", "second", *numbers]]))
    kinds = {"kind": ["best", "slice"] * 2, "hyperparameter": name, "value": [1.0, 2.0, 1.0, 2.0]}
    drawn(plot.sensitivity_curves(table.assign(**kinds, edge=True), name))
