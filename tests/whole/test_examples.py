"""The examples of the README and of the pages run, one after another, in one folder.

A block of TOML whose first line is a comment with a name is the file of that name. The examples of
a page share their names, as in one session. A shell line runs as it stands; what cannot run here is
listed, with the reason.
"""

import re
import shlex
import shutil
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from fastq import cli

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = {
    "uv run pytest": "this test is one of them",
    "--backend dask --address": "takes a cluster; test_engines.py has one of its own",
    "--backend ray --address": "takes a cluster; test_engines.py has one of its own",
    "--out s3://": "takes a bucket; test_remote.py has one of its own",
}
WRITTEN = {
    "README.md": ["results/windy_gridworld", "results/windy", "results/river", "results/mine"],
    "custom_algorithm.md": ["results/double_q"],
    "scaling.md": ["results/large", "results/processes"],
    "statistics.md": ["results/cliff_walking", "results/cliff", "results/raced"],
}
"""Where the examples of a page write their studies; those of other pages write none."""


def examples(page):
    """Give the examples of a page in order: language and text."""
    return re.findall(r"^```(python|sh|toml)\n(.*?)^```", page.read_text(), flags=re.S | re.M)


def commands(text):
    """Give the commands of a shell example, without comments and without what starts fastq."""
    for line in text.splitlines():
        if not any(some in line for some in NOT_RUN):
            words = shlex.split(line.removeprefix("pip install uv && "), comments=True)
            assert words[:3] == ["uv", "run", "fastq"], line
            yield words[2:]


def run_shell(text, monkeypatch, capsys):
    """Run the commands of an example; none may fail, or write what goes wrong."""
    for words in commands(text):
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        assert (caught.value.code, "error" in said.err) == (0, False), (words, said.err)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with nothing but the sweeps that the examples name."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=_other_than_toml)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _other_than_toml(_, names):
    return [name for name in names if not name.endswith(".toml")]


def studies(folder):
    """List the studies in a folder."""
    return {path.parent.relative_to(folder).as_posix() for path in folder.rglob("manifest.json")}


def test_the_examples_run_in_one_folder(folder, monkeypatch, capsys):
    known = set()
    for page in PAGES:
        names = {"__name__": "__main__"}
        for language, text in examples(page):
            if language == "sh":
                run_shell(text, monkeypatch, capsys)
            elif language == "toml":
                (folder / re.match(r"# (\w+\.toml)\n", text)[1]).write_text(text)
            else:
                exec(compile(text, page.name, "exec"), names)
        assert studies(folder) - known == set(WRITTEN.get(page.name, ())), page.name
        known = studies(folder)
        plt.close("all")
        _check(page.name, names, capsys.readouterr().out)
    assert {"curves.pdf", "alpha.svg", "policy.png", "mine.html"} <= {
        p.name for p in folder.iterdir()
    }


def _check(page, names, printed):
    """Check what the examples of a page found."""
    if page == "README.md":
        assert names["results"].finished == names["results"].total
        assert names["values"].argmax() == 5
    elif page == "statistics.md":
        assert "sarsa, alpha = 0.4" in printed


def test_no_two_pages_write_to_one_place():
    places = [place for written in WRITTEN.values() for place in written]
    assert len(places) == len(set(places))
    assert set(WRITTEN) <= {page.name for page in PAGES}


def test_what_is_not_run_is_there():
    """Nothing is on the list that no page has any more."""
    shell = "".join(text for page in PAGES for language, text in examples(page) if language == "sh")
    assert all(some in shell for some in NOT_RUN)
