"""Environments by what names them, each read once."""

import gymnasium
import pytest

import fastq
from fastq.mdp.find import find_mdp


def test_an_mdp_is_taken_as_it_is():
    mdp = fastq.windy_gridworld()
    assert find_mdp(mdp) is mdp
    assert find_mdp(mdp, {}) is mdp


def test_an_id_is_read_once():
    first = find_mdp("CliffWalking-v1")
    assert find_mdp("CliffWalking-v1") is first
    assert first.fingerprint == fastq.FiniteMDP.from_gymnasium("CliffWalking-v1").fingerprint
    args = {"fall_ends": True}
    ends = find_mdp("fastq/CliffWalking-v0", args)
    assert ends.fingerprint != find_mdp("fastq/CliffWalking-v0").fingerprint


def test_another_environment_under_the_same_id_is_read_anew():
    try:
        for moves in ("four", "king"):
            gymnasium.register("Test-v0", lambda moves=moves: _windy(moves))
            assert find_mdp("Test-v0").num_actions == {"four": 4, "king": 8}[moves]
            del gymnasium.registry["Test-v0"]
    finally:
        gymnasium.registry.pop("Test-v0", None)


def _windy(moves):
    return fastq.windy_gridworld(moves=moves).to_gymnasium()


def test_what_names_no_environment():
    mdp = fastq.windy_gridworld()
    for env, args, message in [
        (
            3,
            {},
            "x = 3: must be a FiniteMDP, a gymnasium id or environment, or the name of an .npz",
        ),
        ("nowhere.npz", {}, "x = 'nowhere.npz': no such file"),
        ("Nowhere-v0", {}, "x = 'Nowhere-v0': must be registered"),
        ("CartPole-v1", {}, "x = 'CartPole-v1': has no table"),
        (mdp, {"moves": "king"}, "env_args = {'moves': 'king'}: must be left out"),
        ("mine.npz", {"moves": "king"}, "env_args = {'moves': 'king'}: must be left out"),
        ("FrozenLake-v1", {"env": 3}, "env_args = {'env': 3}: refused by 'FrozenLake-v1'"),
    ]:
        with pytest.raises(fastq.InputError, match=message):
            find_mdp(env, args, field="x")
