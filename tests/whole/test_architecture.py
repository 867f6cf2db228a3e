"""Policies that are executed: sizes, independence, and names that outsiders rely on."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastq

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "fastq").rglob("*.py"))


def lines_of_code(text, tree):
    """Count lines that are neither empty nor of a docstring, which may be as long as it needs."""
    told = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told.update(range(node.lineno, node.end_lineno + 1))
    return sum(bool(line.strip()) and i not in told for i, line in enumerate(text.splitlines(), 1))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_are_small_and_open_with_what_they_specify(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert lines_of_code(text, tree) <= 240
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 40, f"{node.name} has a body of {lines} lines"


def test_no_fastmath_and_no_parallel():
    for path in MODULES:
        code = re.sub(r'""".*?"""', "", path.read_text(), flags=re.S)
        assert "fastmath" not in code
        assert "parallel=True" not in code


def test_public_names():
    assert set(fastq.__all__) <= set(dir(fastq))
    for name in fastq.__all__:
        assert getattr(fastq, name) is not None
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        _ = fastq.nothing
    with pytest.raises(AttributeError, match=r"'Qlearning'; did you mean QLearning\?$"):
        _ = fastq.Qlearning


@pytest.mark.parametrize("way", ["module = fastq.{0}", "import fastq.{0} as module"])
def test_public_modules_load_when_they_are_asked_for(way):
    """As attributes, and imported by their public names; each before the others have loaded it."""
    names = ["rules", "streams", "reference", "planning", "statistics", "metrics", "plot"]
    code = ["import fastq, sys"]
    for name in names:
        code += [f"assert 'fastq.{name}' not in sys.modules or '{name}' in ('plot', 'statistics')"]
        code += [way.format(name), f"assert module is fastq.{name}", "print(module.__name__)"]
    command = [sys.executable, "-c", "\n".join(code)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert [line.rpartition(".")[2] for line in done.stdout.decode().split()] == names


def test_what_is_no_public_module_is_not_found_by_its_old_path():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'fastq.manifest'"):
        importlib.import_module("fastq.manifest")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'fastq.race'"):
        importlib.import_module("fastq.race")


def test_the_house_has_eleven_folders():
    found = list((ROOT / "fastq").iterdir())
    folders = [path for path in found if any(path.glob("*.py"))]  # an old checkout leaves caches
    assert len(folders) == 11
    files = {path.name for path in found if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "py.typed"}


def test_the_architecture_page_names_every_module():
    """Each module stands in the line of its folder."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    lines = dict(re.findall(r"^\| `([a-z/]+)/` \|(.*)\|$", page, flags=re.M))
    package = ROOT / "fastq"
    folders = {path.parent.relative_to(package).as_posix() for path in MODULES} - {"."}
    assert set(lines) == folders
    for path in MODULES:
        folder = path.parent.relative_to(package).as_posix()
        if path.stem not in ("__init__", "__main__"):
            assert f"`{path.stem}`" in lines[folder], f"{folder}/{path.stem}"


def test_the_changelog_names_this_version():
    assert f"## {fastq.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f'version = "{fastq.__version__}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("page", ["docs/guarantees.md", "SECURITY.md"])
def test_pages_of_promises_name_what_exists(page):
    """Each test, benchmark and link that a promise rests on is there."""
    text = (ROOT / page).read_text()
    tests = [path.as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    for name in re.findall(r"`((?:\w+/)*test_\w+)`", text):
        assert any(path.endswith(f"/{name}.py") for path in tests), name
    for name in re.findall(r"`(benchmarks/\w+\.py)`", text):
        assert (ROOT / name).is_file()
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert (ROOT / page).parent.joinpath(link).is_file()


@pytest.mark.parametrize("page", ["docs/contracts.md", "PERFORMANCE.md"])
def test_pages_about_the_code_name_files_that_exist(page):
    """A path is one below `fastq/`, or below the root."""
    names = re.findall(r"`([\w/]+/\w+\.py)`", (ROOT / page).read_text())
    assert len(names) > 2
    for name in names:
        assert (ROOT / "fastq" / name).is_file() or (ROOT / name).is_file(), name
