"""The mutants benchmark: bugs are as they are said to be, and tests that catch them are counted."""

import ast
import os
import sys
from pathlib import Path

import pytest

from fastq.base import jit

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import mutants  # noqa: E402
from mutant.operators import OPERATORS, find, sample  # noqa: E402
from mutant.scratch import Scratch  # noqa: E402

TOY = '''"""Two functions, one of which is tested."""


def opposite(x):
    return -x


def other(x):
    return -x
'''
TESTED = """\
from fastq.toy import signs

def test_opposite():
    assert signs.opposite(2) == -2
"""


grouped = pytest.mark.skipif(not hasattr(os, "killpg"), reason="processes have no groups here")


@pytest.fixture
def toy(tmp_path):
    """A project of one module and one test."""
    files = {
        "fastq/__init__.py": "",
        "fastq/toy/__init__.py": "",
        "fastq/toy/signs.py": TOY,
        "tests/toy/test_signs.py": TESTED,
        "results/large.txt": "not copied",
        ".ci/run": "copied",
    }
    for name, text in files.items():
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return mutants.Project(tmp_path / "toy", per_module=10)


def changes(code):
    """Give what each operator makes of some code."""
    return {(one.operator, one.before, one.after) for one in find(code)}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("a = b < c", ("comparison changed", "b < c", "b <= c")),
        ("a = b is None", ("comparison changed", "b is None", "b is not None")),
        ("a = b[0]", ("off by one", "0", "1")),
        ("a = 0.5", ("constant changed", "0.5", "1.0")),
        ("f(True)", ("constant changed", "True", "False")),
        ("a = -b", ("sign dropped", "-b", "b")),
        ("a = not b", ("sign dropped", "not b", "b")),
        ("a = b + c", ("arithmetic changed", "b + c", "b - c")),
        ("a = b and c", ("and for or", "b and c", "b or c")),
        ("if a:\n    pass", ("condition negated", "a", "not a")),
        ("a = np.all(b)", ("opposite called", "np.all", "np.any")),
        ("f(a, b=c)", ("argument dropped", "f(a, b=c)", "f(a)")),
        ("def f():\n    return a", ("None returned", "a", "None")),
    ],
)
def test_each_operator_makes_the_bug_that_it_names(code, change):
    assert change in changes(code)
    assert change[0] in OPERATORS


@pytest.mark.parametrize(
    "code",
    [
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "a: Literal[1] = b",
        "@f(b=1)\ndef g(): ...",
        "raise E(f(b=1))",
        'a = f"{b + 1}"',
        'a = b + "c"',
        '"""A text: 1 < 2."""',
        "from a import b",
    ],
)
def test_what_computes_nothing_is_left_alone(code):
    assert changes(code) == set()


def test_only_the_bug_changes_also_where_columns_are_no_bytes():
    code = 'ä = "ü"; b = f(1)  # 1\nc = 1\n'
    assert [one.text for one in find(code)] == [
        'ä = "ü"; b = f((2))  # 1\nc = 1\n',
        'ä = "ü"; b = f(1)  # 1\nc = (2)\n',
    ]


def test_all_bugs_of_a_module_compile_and_differ():
    code = (ROOT / "fastq" / "statistics" / "bands.py").read_text()
    found = find(code)
    assert len(found) > 20
    whole = ast.dump(ast.parse(code))
    assert all(ast.dump(ast.parse(one.text)) != whole for one in found)


def test_a_sample_is_drawn_by_its_seed_and_has_many_operators():
    found = find((ROOT / "fastq" / "statistics" / "bands.py").read_text())
    drawn = [sample(found, 5, seed) for seed in ("0", "0", "1")]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(len({one.operator for one in some}) == 5 for some in drawn)
    assert sorted(sample(found, 10**6, "0")) == sorted(found)


@pytest.mark.slow
@grouped
def test_bugs_are_counted_as_caught_where_a_test_fails(toy, capsys):
    found, _ = mutants.judge_all(toy, toy.modules(), jobs=1)
    assert {(one.mutant.operator, one.mutant.line, one.caught) for one in found} == {
        ("sign dropped", 5, True),
        ("None returned", 5, True),
        ("sign dropped", 9, False),
        ("None returned", 9, False),
    }
    lines = mutants.table(found).splitlines()
    assert lines[2:4] == ["| toy | 1 | 4 | 2 | 50 % |", "| all | 1 | 4 | 2 | 50 % |"]
    assert "- toy/signs.py:9, sign dropped: `-x` -> `x`" in lines
    assert not [line for line in lines if "signs.py:5" in line]
    assert capsys.readouterr().err == "toy/signs.py: 2 of 4\n"


@grouped
def test_tests_that_fail_without_a_bug_measure_nothing(toy):
    (toy.root / "tests" / "toy" / "test_signs.py").write_text(TESTED.replace("-2", "-3"))
    verdicts, unfit = mutants.judge_all(toy, toy.modules(), jobs=1)
    assert verdicts == []
    assert unfit == ["toy/signs.py: tests/toy/test_signs.py: these fail without any bug"]


def test_a_copy_is_as_it_was_after_a_bug(toy, tmp_path):
    scratch = Scratch(toy.root, tmp_path / "copy")
    path = scratch.folder / "fastq" / "toy" / "signs.py"
    before = path.read_text(), path.stat().st_mtime_ns
    with scratch.holding("fastq/toy/signs.py", "broken"):
        assert path.read_text() == "broken"
        assert (toy.root / "fastq" / "toy" / "signs.py").read_text() == TOY
    assert (path.read_text(), path.stat().st_mtime_ns) == before
    assert not (scratch.folder / "results").exists()
    assert (scratch.folder / ".ci" / "run").is_file()


@pytest.mark.slow
@grouped
def test_tests_that_hang_are_stopped(toy, tmp_path):
    scratch = Scratch(toy.root, tmp_path / "copy")
    with scratch.holding("fastq/toy/signs.py", "while True:\n    pass\n"):
        passed, seconds = scratch.passes(["tests/toy/test_signs.py"], 3.0)
    assert not passed
    assert seconds < 30


def test_what_numba_compiles_is_not_changed():
    modules = mutants.Project(ROOT).modules()
    package = ROOT / "fastq"
    compiled = {path.relative_to(package).as_posix() for path in jit._sources()}
    assert compiled.isdisjoint(modules)
    assert all((package / name).exists() for name in mutants.COMPILED)
    assert "statistics/bands.py" in modules


def test_each_module_has_tests():
    project = mutants.Project(ROOT)
    for module in project.modules():
        tests = [name for names in project.tests(module) for name in names]
        assert tests, module
        assert all((ROOT / name).is_file() for name in tests), module
    assert all(any(one.startswith(name) for one in project.modules()) for name in mutants.MORE)
