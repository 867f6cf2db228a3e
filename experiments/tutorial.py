"""The tutorial that fastq grew from: Q-learning on Windy Gridworld, once plain and once compiled.

An epsilon-greedy policy, 1,000 episodes, and three pictures of their statistics. The reference does
as the tutorial does, step by step in Python; the kernel equals it to the last bit.
"""

import time

import gymnasium
import numpy as np

import fastq
from experiments.claims import Found, Scale, claim

EPISODES, SEED = 1000, 0


def run(scale: Scale) -> Found:
    """Train one run twice, with both on the clock, and compare."""
    started = time.perf_counter()
    q, stats = train_plainly()
    plain = time.perf_counter() - started
    agent, mdp = fastq.QLearning(alpha=0.6, epsilon=0.1), fastq.windy_gridworld()
    fastq.train(mdp, agent, episodes=1, seed=SEED)  # compiles the kernel
    started = time.perf_counter()
    run = fastq.train(mdp, agent, episodes=EPISODES, seed=SEED)
    compiled = time.perf_counter() - started
    scale.count(2, 2 * int(run.lengths.sum()), plain + compiled)
    pairs = {
        "Q-values": (np.array([q[state] for state in range(mdp.num_states)]), run.q),
        "returns": (stats.episode_rewards, run.returns),
        "lengths": (stats.episode_lengths, run.lengths),
    }
    times = f"the reference took {plain:.3f} s, the kernel {compiled:.6f} s"
    claims = [
        claim("T", f"{what} that differ in any bit", "exact", 0, (one != other).sum(), 0, times)
        for what, (one, other) in pairs.items()
    ]
    return Found(claims, fastq.plot.episode_stats(run)[0].figure)


def train_plainly() -> tuple[fastq.reference.QTable, fastq.reference.EpisodeStats]:
    """Train as the tutorial does: an environment, a policy, a loop."""
    env = gymnasium.make("fastq/WindyGridworld-v0")
    rng = fastq.streams.generator(SEED, 0)
    return fastq.reference.q_learning(env, EPISODES, alpha=0.6, epsilon=0.1, rng=rng)
