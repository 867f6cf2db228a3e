"""The README keeps its word: its commands, pages and pictures exist; see also `test_examples`."""

import re
from pathlib import Path

import fastq

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


STATISTICS = (ROOT / "docs" / "statistics.md").read_text()
PAGE = (ROOT / "docs" / "custom_algorithm.md").read_text()


def blocks(language, text=README):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.S)


def test_an_environment_and_an_algorithm_have_25_lines_together():
    example = blocks("python")[2].strip().splitlines()
    assert len(example) <= 25
    algorithm = [line for line in blocks("python", PAGE)[0].split("mdp =")[0].splitlines() if line]
    assert len(algorithm) <= 20


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
    for folder, text in ((ROOT, README), (ROOT / "docs", STATISTICS)):
        for link in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (folder / link).exists(), link


def test_the_example_sweep():
    sweep = fastq.Sweep.from_toml(ROOT / "experiments" / "windy_gridworld.toml")
    assert sweep.num_configurations == 10 * 4
    assert (sweep.runs, sweep.episodes) == (100, 500)
