"""The workflows of GitHub: they call what is also run by hand, on each Python that is promised."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def workflow(name):
    """Read a workflow. YAML 1.1 reads the key ``on`` as true."""
    found = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


def commands(job):
    """List what a job runs."""
    return [step["run"] for step in job["steps"] if "run" in step]


def promised():
    """List the versions of Python that the classifiers name."""
    text = "\n".join(PROJECT["classifiers"])
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", text, flags=re.M)


def test_all_checks_run_on_each_python_that_is_promised():
    job = workflow("ci")["jobs"]["all"]
    assert job["runs-on"] == "ubuntu-latest"
    assert commands(job) == ["bash .ci/run"]
    assert job["strategy"]["matrix"]["python"] == promised()
    assert job["env"]["UV_PYTHON"] == "${{ matrix.python }}"  # else uv takes another one


def test_the_lowest_python_is_the_lowest_that_is_allowed():
    assert PROJECT["requires-python"] == f">={promised()[0]}"
    assert promised() == sorted(promised(), key=lambda version: int(version[2:]))


def test_fast_tests_run_on_other_systems():
    job = workflow("ci")["jobs"]["fast"]
    assert job["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert commands(job)[-1] == 'uv run pytest -m "not slow"'


def test_packages_are_tried_by_ci_and_by_hand():
    assert commands(workflow("ci")["jobs"]["packages"])[-1] == "bash .ci/wheel --fast"
    assert re.search(r"^\.ci/wheel$", (ROOT / ".ci" / "run").read_text(), flags=re.M)


def test_a_release_needs_all_of_ci():
    release = workflow("release")
    assert release["on"] == {"push": {"tags": ["v*"]}}
    assert "workflow_call" in workflow("ci")["on"]
    assert release["jobs"]["ci"] == {"uses": "./.github/workflows/ci.yml"}
    assert release["jobs"]["build"]["needs"] == "ci"
    assert release["jobs"]["publish"]["needs"] == "build"


def test_a_release_is_checked_and_published_without_a_password():
    release = workflow("release")
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    assert [line for line in commands(build) if "twine check --strict dist/*" in line]
    assert [line for line in commands(build) if "uv version --short" in line]
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert publish["environment"] == "release"
    assert publish["permissions"] == {"id-token": "write"}
    assert release["permissions"] == {"contents": "read"}
    assert "secrets" not in (ROOT / ".github" / "workflows" / "release.yml").read_text()


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".ci" / "run", ROOT / ".ci" / "wheel"])
def test_no_address_of_a_registry_is_named(path):
    assert not re.search(r"https?://|\w\.(?:org|com|io)\b", path.read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_scripts_that_workflows_call_exist(path):
    called = re.findall(r"(?<![\w/])\.(?:ci|/\.github)/[\w./-]+", path.read_text())
    assert called
    assert all((ROOT / name).is_file() for name in called)
