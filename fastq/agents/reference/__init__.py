"""The agents in plain Python, as the tutorial writes them: slow, obvious, and the measure of truth.

Each function steps a real gymnasium environment, keeps its Q-table in a dictionary, and shares no
code with the kernels, which must equal it to the last bit. All take the parameters of `q_learning`.

The tutorial stored the index of an episode's last step as its length, one less than the number of
steps; here lengths count steps.

To replay run r of a sweep with seed s::

    rng = fastq.streams.generator(s, r)
    env.unwrapped.np_random = fastq.streams.generator(s, r, fastq.streams.ENVIRONMENT)
    Q, stats = q_learning(env, num_episodes, rng=rng)
"""

from fastq.agents.reference.double_q_learning import double_q_learning
from fastq.agents.reference.dyna_q import dyna_q
from fastq.agents.reference.episode_stats import EpisodeStats, QTable, make_q_table
from fastq.agents.reference.expected_sarsa import expected_sarsa
from fastq.agents.reference.policy import (
    Policy,
    Ties,
    make_epsilon_greedy_policy,
    make_softmax_policy,
)
from fastq.agents.reference.q_learning import q_learning
from fastq.agents.reference.sarsa import sarsa
from fastq.agents.reference.step_size import StepSize, scheduled_value

__all__ = [
    "EpisodeStats",
    "Policy",
    "QTable",
    "StepSize",
    "Ties",
    "double_q_learning",
    "dyna_q",
    "expected_sarsa",
    "make_epsilon_greedy_policy",
    "make_q_table",
    "make_softmax_policy",
    "q_learning",
    "sarsa",
    "scheduled_value",
]
