"""Agents by their words; and classes that no other process can import, run by other processes."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import fastq
from fastq.agents.registry import AGENTS, find_agent, word_for

ROOT = Path(fastq.__file__).parents[1]

OWN = """
import fastq
def share(x):
    return 0.5 * x
class Mine(fastq.Algorithm):
    alpha: fastq.StepSize = 0.5
    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, 0.5)
    def update(q, step, agent):
        q[step.state, step.action] += share(agent.alpha) * step.reward
"""


def test_fastqs_own():
    for name, kind in {"q_learning": fastq.QLearning, "dyna_q": fastq.DynaQ}.items():
        assert find_agent(name) is find_agent(kind) is kind
        assert word_for(kind) == name
        assert find_agent(f"fastq:{kind.__name__}") is kind


def test_the_page_of_specs_lists_every_agent_and_every_hyperparameter():
    """Each once, in its table; no agent or hyperparameter stands there that does not exist."""
    page = (ROOT / "experiments" / "README.md").read_text()
    agents, hyperparameters = (
        re.findall(r"^\| `(\w+)`", part.partition("\n\n")[0], flags=re.M)
        for part in (page.partition("| agent |")[2], page.partition("| hyperparameter |")[2])
    )
    assert agents == list(AGENTS)
    own = dict.fromkeys(name for kind in AGENTS.values() for name in kind.model_fields)
    assert sorted(hyperparameters) == sorted(own)


def test_a_class_in_a_file(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "mine.py"
    path.parent.mkdir()
    path.write_text(OWN)
    mine = find_agent(f"{path}:Mine")
    assert mine.name == "mine"
    assert mine is find_agent(f"{path}:Mine")
    assert word_for(mine) == f"{path}:Mine"
    assert mine.__module__ not in sys.modules
    monkeypatch.chdir(tmp_path)
    assert find_agent("deep/mine.py:Mine") is mine
    assert word_for(mine) == "deep/mine.py:Mine"


def test_an_edited_file_is_read_again(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    first = find_agent(f"{path}:Mine")
    path.write_text(OWN.replace("0.5 * x", "0.25 * x"))
    os.utime(path, ns=(1, 1))
    again = find_agent(f"{path}:Mine")
    assert first.algorithm_version() != again.algorithm_version()


def test_a_class_in_a_module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    inner = "class Outer:\n" + "".join(f"    {line}\n" for line in OWN.splitlines())
    (tmp_path / "registry_module.py").write_text(OWN + inner)
    for word in ("registry_module:Mine", "registry_module:Outer.Mine"):
        mine = find_agent(word)
        assert word_for(mine) == word
        assert mine.__module__ == "registry_module"


def test_files_with_postponed_annotations_and_dataclasses(tmp_path):
    path = tmp_path / "mine.py"
    start = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    path.write_text(start + OWN + "@dataclass\nclass Point:\n    x: Mine\n")
    mine = find_agent(f"{path}:Mine")
    with pytest.raises(fastq.InputError, match=r"alpha = 2.0: must be a number in \(0, 1\]"):
        mine(alpha=2.0)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("sarsa_learning", "agent = 'sarsa_learning': must be one of q_learning, sarsa, "),
        (3, "agent = 3: must be one of q_learning"),
        (int, "agent = <class 'int'>: must be one of q_learning"),
        ("no.py:Mine", r"agent = 'no.py:Mine': cannot be loaded .*FileNotFoundError"),
        ("no.module:Mine", r"agent = 'no.module:Mine': cannot be loaded \(.ModuleNotFoundError"),
        (":", "agent = ':': cannot be loaded"),
        ("mine.py:Yours", r"agent = 'mine.py:Yours': cannot be loaded \(.AttributeError: .*Yours"),
        ("mine.py:share", r"agent = 'mine.py:share': must be one of .* or a custom algorithm"),
        ("mine.py:fastq.Sweep", "agent = 'mine.py:fastq.Sweep': must be one of"),
        ("mine.py:fastq.Algorithm", "Algorithm has no function act: must have act and update"),
        ("broken.py:Mine", r"agent = 'broken.py:Mine': cannot be loaded .*SyntaxError"),
        ("fails.py:Mine", r"agent = 'fails.py:Mine': cannot be loaded .*ZeroDivisionError"),
        ("lacks.py:Mine", "Mine has no function update: must have act and update"),
        ("fastq:Agent", "agent = 'fastq:Agent': must be one of"),
        (
            "fastq.agents.td_control:TDAgent",
            "agent = 'fastq.agents.td_control:TDAgent': must be one of",
        ),
    ],
)
def test_bad_words(word, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN)
    Path("broken.py").write_text("class Mine(")
    Path("fails.py").write_text("1 / 0")
    Path("lacks.py").write_text(OWN.replace("def update", "def upgrade"))
    with pytest.raises(fastq.InputError, match=message) as found:
        find_agent(word)
    assert "\n" not in str(found.value)
    assert not [name for name in sys.modules if name.startswith("fastq_file_")]


def test_a_class_of_no_module_is_named_by_its_file(tmp_path):
    path = tmp_path / "script.py"
    module = types.ModuleType("__main__")
    exec(compile(OWN, path, "exec"), module.__dict__)
    assert word_for(module.Mine) == f"{path}:Mine"


MAIN = """
if __name__ == "__main__":
    import sys
    from fastq.training.kernels.build import KernelVariant, kernel_for
    from fastq.agents.registry import find_agent
    for kind in (Mine, find_agent("mine.py:Mine")):
        grid = {"alpha": [0.2, 0.4]}
        sweep = fastq.Sweep(
            env="fastq/WindyGridworld-v0", agent=kind, grid=grid, episodes=3, runs=2, max_steps=20
        )
        out = sys.argv[1] + kind.__module__
        found = fastq.run(sweep, out=out, backend="loky", n_jobs=2, chunk_size=2, progress=False)
        stats = kernel_for(kind, KernelVariant(False, False, False)).stats
        hits, misses = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
        print(kind.__module__, found.episodes()["return"].sum(), hits, misses)
        print(*[c.key for c in sweep.configurations], kind.algorithm_version())
"""


@pytest.mark.slow
def test_other_processes_run_classes_that_they_cannot_import(tmp_path):
    """From a script and from a file, compiled first, and then from Numba's cache on disk."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "script.py").write_text(OWN + MAIN)
    settings = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}

    def run(out):
        command = [sys.executable, "-W", "error", "script.py", out]
        options = {"cwd": tmp_path, "env": {**os.environ, **settings}}
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, done.stderr
        return [line.split() for line in done.stdout.splitlines()]

    first, again = run("a"), run("b")
    assert [line[0] for line in first[::2]] == ["__main__", "fastq_file_0_mine"]
    assert first[0][1] == first[2][1] == again[0][1] == again[2][1]
    assert first[1] == first[3] == again[1] == again[3]  # it is the same algorithm
    assert [line[2:4] for line in first[::2]] == [["0", "1"], ["1", "0"]]
    assert [line[2:4] for line in again[::2]] == [["1", "0"], ["1", "0"]]
