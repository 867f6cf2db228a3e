"""Studies that were made before the modules moved are read, extended and verified.

`first_layout/first_layout.py` made them, by the revision that their manifests name.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import fastq
from fastq.execution.verify import verify

HERE = Path(__file__).parent / "first_layout"
RECORDS = ["episodes", "moments"]


@pytest.fixture
def half_trust():
    """The custom algorithm of the studies, from its file."""
    spec = importlib.util.spec_from_file_location("first_layout", HERE / "first_layout.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.HalfTrust


@pytest.fixture(params=RECORDS)
def study(request, tmp_path):
    """A copy of a study, and its manifest."""
    copy = shutil.copytree(HERE / f"study_{request.param}", tmp_path / "study")
    return copy, json.loads((copy / "manifest.json").read_text())


def again(manifest, half_trust, **changed):
    """Make the sweep of a study, with today's code."""
    agent = ["q_learning", "double_q_learning", half_trust]
    return fastq.Sweep(**{**manifest["spec"], "agent": agent, **changed})


def table(results):
    kind = results.episodes if results.manifest["spec"]["record"] == "episodes" else results.curves
    return kind()


def test_all_that_names_them_is_the_same(study, half_trust):
    """Keys of configurations, fingerprint of the environment, versions of algorithms."""
    _, manifest = study
    sweep = again(manifest, half_trust)
    assert [one.key for one in sweep.configurations] == manifest["study"]["keys"]
    assert sweep.mdp.fingerprint == manifest["environment"]
    assert half_trust.algorithm_version() == manifest["algorithms"]["half_trust"]


def test_extended_it_equals_one_made_today(study, half_trust, tmp_path):
    directory, manifest = study
    parts = sorted((directory / "parts").iterdir())
    sweep = again(manifest, half_trust, runs=6)
    extended = fastq.run(sweep, out=directory, progress=False, n_jobs=1)
    made_today = fastq.run(sweep, out=tmp_path / "today", progress=False, n_jobs=1)
    pd.testing.assert_frame_equal(table(extended), table(made_today))
    assert set(parts) <= set((directory / "parts").iterdir())  # nothing was computed again


def test_it_is_verified(study):
    directory, _ = study
    found = verify(directory, sample=24, trust=True, fresh=False)
    assert (found.is_good, found.checked, found.left_out) == (True, 24, None)
