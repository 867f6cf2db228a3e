"""The README keeps its word: its examples run, and its commands, pages and pictures exist."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import fastq

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def test_the_python_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = blocks("python")
    assert examples
    names = {"__name__": "__main__"}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert isinstance(names["results"].summary(), pd.DataFrame)
    assert names["results"].finished == names["results"].total
    assert names["values"].argmax() == 5
    plt.close("all")


def test_the_first_example_has_ten_lines():
    assert len(blocks("python")[0].strip().splitlines()) <= 10


def test_the_toml_examples_are_sweeps(tmp_path):
    for number, example in enumerate(blocks("toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(example)
        assert fastq.Sweep.from_toml(path).runs >= 1


def test_the_commands():
    assert "pip install uv && uv run fastq sweep experiments/windy_gridworld.toml" in README
    assert "uv run pytest" in README
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text()


def test_pictures_and_pages_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / link).exists(), link


def test_the_example_sweep():
    sweep = fastq.Sweep.from_toml(ROOT / "experiments" / "windy_gridworld.toml")
    assert sweep.num_configurations == 10 * 4
    assert (sweep.runs, sweep.episodes) == (100, 500)
