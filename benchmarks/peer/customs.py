"""Q-learning as a custom algorithm, in batches: beside the built-in agent, and beside plain C.

It is written in two ways. A custom algorithm draws its actions in another way than the built-in
agent: its twin in C draws as it does.
"""

import functools

import fastq
from peer import c, pairs
from peer.measure import Contest

TITLE = "a custom Q-learning in batches on Windy Gridworld"
CUSTOM = "written with `fastq.rules`"
BRANCHES = "written with `if` and `else`"
BUILT_IN = "the built-in agent"


class Custom(fastq.Algorithm):
    """Q-learning as docs/custom_algorithm.md writes it."""

    alpha: fastq.StepSize = 0.6
    gamma: fastq.Fraction = 1.0
    epsilon: fastq.Fraction = 0.1

    def act(q, state, u, agent):
        return fastq.rules.epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        target = step.reward
        if not step.terminated:
            target += agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


class Branches(fastq.Algorithm):
    """The same, as people write who think of no compiler."""

    alpha: fastq.StepSize = 0.6
    gamma: fastq.Fraction = 1.0
    epsilon: fastq.Fraction = 0.1

    def act(q, state, u, agent):
        if u < agent.epsilon:
            action = int(u / agent.epsilon * q.shape[1])
        else:
            action = 0
            for other in range(1, q.shape[1]):
                if q[state, other] > q[state, action]:
                    action = other
        return action

    def update(q, step, agent):
        if step.terminated:
            target = step.reward
        else:
            best = q[step.next_state, 0]
            for other in range(1, q.shape[1]):
                if q[step.next_state, other] > best:  # noqa: PLR1730
                    best = q[step.next_state, other]
            target = step.reward + agent.gamma * best
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


def contest(size: pairs.Size, left_out: dict[str, None]) -> Contest:
    """Prepare the contest."""
    mdp, built_in = fastq.windy_gridworld(), fastq.QLearning()
    peers = {
        CUSTOM: pairs.in_fastq(mdp, Custom(), size),
        BUILT_IN: pairs.in_fastq(mdp, built_in, size),
        BRANCHES: pairs.in_fastq(mdp, Branches(), size),
    }
    twin = pairs.or_none(left_out, functools.partial(c.Twin, simple=True), mdp, built_in)
    if twin is None:
        return peers
    for algorithm in (Custom(), Branches()):
        found = pairs.in_c(TITLE, pairs.batch_of(mdp, algorithm, size), twin, size)
    return {**found, **peers}
