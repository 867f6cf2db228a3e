"""What the tests share: small sweeps, and no screen."""

import os
import shutil

import matplotlib
import pytest

import fastq

matplotlib.use("Agg")


def pytest_xdist_auto_num_workers():
    """One more than there are cores: some tests wait, for workers that end or start."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """Slow tests first: the short ones fill what is left in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def key(tmp_path_factory):
    """A key of the tests' own, in place of the user's."""
    os.environ["FASTQ_KEY_DIR"] = str(tmp_path_factory.mktemp("key"))


@pytest.fixture
def sweep():
    return fastq.Sweep(**SMALL)


SMALL = {
    "env": "fastq/WindyGridworld-v0",
    "agent": "q_learning",
    "grid": {"alpha": [0.1, 0.5, 0.9], "epsilon": [0.05, 0.1]},
    "fixed": {"gamma": 1.0},
    "episodes": 20,
    "runs": 5,
    "seed": 3,
}


@pytest.fixture
def fields():
    """The fields of a small sweep, to change one at a time."""
    return {**SMALL, "grid": dict(SMALL["grid"]), "fixed": dict(SMALL["fixed"])}


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """The finished results of the small sweep."""
    out = tmp_path_factory.mktemp("study") / "windy"
    return fastq.run(fastq.Sweep(**SMALL), out=out, n_jobs=1, progress=False)


@pytest.fixture
def study(results, tmp_path):
    """A copy of the finished study, to do harm to."""
    return shutil.copytree(results.directory, tmp_path / "study")


def rerun(fields, out, **changes):
    """Run a small sweep over a directory."""
    return fastq.run(fastq.Sweep(**{**fields, **changes}), out=out, n_jobs=1, progress=False)


def contents(directory):
    """Read all files of a directory."""
    return {p: p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}
