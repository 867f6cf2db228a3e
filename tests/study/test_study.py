"""`Study`: what a manifest says of a sweep, with neither its environment nor its agents at hand."""

import json

import pytest
from pydantic import ValidationError

import fastq
from fastq.study.study import Study


def test_round_trip(sweep):
    study = Study.of(sweep)
    assert Study.from_manifest(json.loads(json.dumps(study.to_manifest()))) == study
    assert (study.num_configurations, study.total) == (6, 30)
    assert study.names == ["alpha", "epsilon"]
    assert str(study) == "q_learning on fastq/WindyGridworld-v0"


def test_what_varies_between_agents(fields):
    grid = {"alpha": [0.5, fastq.Visits(power=1)], "planning_steps": [4]}
    study = Study.of(fastq.Sweep(**{**fields, "agent": ["sarsa", "dyna_q"], "grid": grid}))
    assert study.names == ["agent", "alpha", "planning_steps"]
    assert study.points[1] == {"agent": "sarsa", "alpha": "1/n^1.0"}
    assert study.points[2] == {"agent": "dyna_q", "alpha": 0.5, "planning_steps": 4}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": "3"}, "seed = '3'"),
        ({"keys": [1, 2]}, "keys.0 = 1: must be a list of keys"),
        ({"points": []}, "keys and points differ in number"),
        ({"runs": None}, "runs = None"),
        ({"runs": 0}, "runs = 0"),
        ({"episodes": True}, "episodes = True"),
        ({"record": "all"}, "record = 'all': must be one of episodes, moments, summary, or a"),
        (
            {"points": [{"alpha": 0.5}] * 5 + [{}]},
            r"points\[5\] = {}: has other names than it must",
        ),
        ({"agents": ["a", "b"]}, r"points\[0\] = .*: has other names than it must"),
        ({"keys": ["a"] * 6}, "keys: one is there twice"),
        ({"record": {"window": 0}}, "record = {'window': 0}"),
    ],
)
def test_damage_is_named(sweep, changes, message):
    stored = {**Study.of(sweep).to_manifest(), **changes}
    with pytest.raises(fastq.InputError, match=message):
        Study.from_manifest(stored)


def test_a_study_that_is_read_is_one_that_is_made(sweep):
    """`of` checks nothing again: what it makes passes the check all the same."""
    study = Study.of(sweep)
    assert Study(**vars(study)) == study
    with pytest.raises(ValidationError, match="frozen"):
        study.runs = 3
