"""Public names: one table, each loaded when it is first used, each module there once."""

import subprocess
import sys

import pytest

from fastq.base.public import attach

TABLE = """
from typing import TYPE_CHECKING
from pathlib import Path
if TYPE_CHECKING:
    from os import path as path
    from fractions import Fraction as Fraction
    from json import tool as writer
    from email import charset as charset
"""


@pytest.fixture
def package(monkeypatch):
    """A package with such a table, and what it attaches, undone at the end."""
    module = type(sys)("a_package")
    monkeypatch.setitem(sys.modules, "a_package", module)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in ("charset", "writer"):
        monkeypatch.delitem(sys.modules, f"a_package.{name}", raising=False)
    module.__getattr__, module.__all__ = attach("a_package", TABLE)
    module.__path__ = []
    yield module
    for name in ("charset", "writer"):
        sys.modules.pop(f"a_package.{name}", None)


def test_the_public_names_are_those_of_the_table(package):
    """An import outside the block is no public name; a name after `as` is one."""
    assert package.__all__ == ["Fraction", "charset", "path", "writer"]


def test_a_name_is_loaded_once(package):
    from fractions import Fraction

    assert "Fraction" not in vars(package)
    assert package.Fraction is Fraction
    assert vars(package)["Fraction"] is Fraction


def test_a_module_of_a_package_is_an_attribute_and_can_be_imported(package):
    import email.charset

    import a_package.charset

    assert package.charset is email.charset
    assert a_package.charset is email.charset
    assert sys.modules["a_package.charset"] is email.charset


@pytest.mark.parametrize("name", ["Fraction", "nothing", "Path"])
def test_what_is_no_public_module_cannot_be_imported(package, name):
    with pytest.raises(ModuleNotFoundError, match=f"No module named 'a_package.{name}'"):
        __import__(f"a_package.{name}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("fraction", "; did you mean Fraction?"), ("_fraction", ""), ("zzz", "")],
)
def test_an_unknown_name(package, name, hint):
    with pytest.raises(AttributeError) as caught:
        getattr(package, name)
    assert str(caught.value) == f"module 'a_package' has no attribute {name!r}{hint}"


def loaded(code):
    """List the modules of fastq that a process has loaded after some code."""
    show = "; import sys; print(*[name for name in sys.modules if name.startswith('fastq')])"
    command = [sys.executable, "-c", code + show]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_a_public_name_loads_what_it_needs_and_no_more():
    bare = loaded("import fastq")
    assert "fastq.study.sweep" not in bare
    assert "fastq.base.errors" not in bare
    with_error = loaded("import fastq; fastq.InputError")
    assert "fastq.base.errors" in with_error
    assert "fastq.study.sweep" not in with_error
