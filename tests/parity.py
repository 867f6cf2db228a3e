"""Kernel against reference: the same run by both, compared to the last bit."""

import gymnasium
import numpy as np

import fastq
from fastq import reference, streams


def reference_run(env_id, agent, *, episodes, seed, run, max_steps=None, **env_args):
    """Train with the reference on the real environment; return q as an array, and the stats."""
    limit = {} if max_steps is None else {"max_episode_steps": max_steps}
    env = gymnasium.make(env_id, **limit, **env_args)
    env.unwrapped.np_random = streams.generator(seed, run, streams.ENVIRONMENT)
    table, stats = reference.q_learning(
        env,
        episodes,
        agent.gamma,
        agent.alpha,
        agent.epsilon,
        rng=streams.generator(seed, run, streams.ACTIONS),
        initial_value=agent.initial_value,
    )
    q = np.full((int(env.observation_space.n), int(env.action_space.n)), agent.initial_value)
    for state, values in table.items():
        q[state] = values
    return q, stats


def assert_parity(env_id, agent, *, episodes, seed, run, max_steps=None, **env_args):
    """Fail unless kernel and reference agree bit for bit."""
    q, stats = reference_run(
        env_id, agent, episodes=episodes, seed=seed, run=run, max_steps=max_steps, **env_args
    )
    mdp = fastq.FiniteMDP.from_gymnasium(env_id, **env_args)
    found = fastq.train(mdp, agent, episodes=episodes, seed=seed, run=run, max_steps=max_steps)
    assert same_bits(found.q, q)
    assert same_bits(found.returns, stats.episode_rewards)
    assert np.array_equal(found.lengths, stats.episode_lengths)
    return found


def newest(name):
    """Name the newest version of an environment that the installed gymnasium has."""
    versions = [spec.version for spec in gymnasium.registry.values() if spec.name == name]
    return f"{name}-v{max(versions)}"


def same_bits(left, right):
    """Compare two arrays of float64 by their bits: -0.0 is not 0.0 here."""
    return left.shape == right.shape and left.tobytes() == right.tobytes()
