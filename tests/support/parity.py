"""Kernel against reference: the same run by both, compared to the last bit."""

import functools

import gymnasium
import numpy as np

import fastq
from fastq.training.parity import reference_run
from tests.support.mdps import newest

WORLDS = {
    "windy": ("fastq/WindyGridworld-v0", {}),
    "windy stochastic": ("fastq/WindyGridworld-v0", {"stochastic_wind": True}),
    "frozen lake": ("FrozenLake-v1", {}),
    "frozen lake 8x8": ("FrozenLake-v1", {"map_name": "8x8"}),
    "taxi": (newest("Taxi"), {}),
    "cliff": (newest("CliffWalking"), {}),
    "random": (
        "fastq/RandomMDP-v0",
        {"states": 6, "actions": 4, "branching": 3, "seed": 0, "ends": 0.1},
    ),
    "normal rewards": ("fastq/MaximizationBias-v0", {"actions": 4}),
}
KING = "windy king"
"""A world with as many actions as no other has: kernels are compiled for it alone."""


@functools.cache
def world(name):
    """Make a real environment, and read its tables."""
    env_id, arguments = {**WORLDS, KING: ("fastq/WindyGridworld-v0", {"moves": "king"})}[name]
    env = gymnasium.make(env_id, **arguments)
    return fastq.FiniteMDP.from_gymnasium(env_id, **arguments), env


def assert_parity(name, agent, *, episodes=4, seed=0, run=0, max_steps=60):
    """Fail unless kernel and reference agree bit for bit; return the kernel's run."""
    mdp, env = world(name)
    options = {"episodes": episodes, "seed": seed, "run": run, "max_steps": max_steps}
    found = fastq.train(mdp, agent, **options)
    assert_same(found, reference_run(agent, env, **options))
    return found


def assert_same(left, right):
    """Fail unless two runs are the same, to the last bit."""
    assert same_bits(left.q, right.q)
    assert same_bits(left.returns, right.returns)
    assert np.array_equal(left.lengths, right.lengths)
    assert np.array_equal(left.truncated, right.truncated)
    assert np.array_equal(left.diverged, right.diverged)


def same_bits(left, right):
    """Compare two arrays of float64 by their bits: -0.0 is not 0.0 here."""
    return left.shape == right.shape and left.tobytes() == right.tobytes()
