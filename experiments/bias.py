"""The two agents of figure 6.5, as custom algorithms that know of two actions in A.

A table has as many actions in each state; the book's state A has two, and B has ten.
"""

import fastq


def act(q, state, u, agent):
    """Be epsilon-greedy among the actions there are, with ties broken at random."""
    actions, best, count, total = 2 if state == 0 else q.shape[1], q[state, 0], 0, 0.0
    for action in range(1, actions):
        best = max(best, q[state, action])
    for action in range(actions):
        count += q[state, action] == best
    for action in range(actions - 1):
        total += 0.1 / actions + (0.9 / count if q[state, action] == best else 0.0)
        if u < total:
            return action
    return actions - 1


class QLearning(fastq.Algorithm):
    """Q-learning."""

    name, act = "q_learning_of_figure_6_5", act
    alpha: fastq.StepSize = 0.1

    def update(q, step, agent):
        """Learn from a step."""
        best = 0.0 if step.terminated else fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (
            step.reward + best - q[step.state, step.action]
        )


class DoubleQLearning(fastq.Algorithm):
    """Double Q-learning, which acts on the sum of its tables."""

    name, act, tables, update_draws = "double_q_learning_of_figure_6_5", act, 2, True
    alpha: fastq.StepSize = 0.1

    def update(q, step, agent, tables):
        """Toss a coin, and learn."""
        own, other = tables[int(step.u < 0.5)], tables[int(step.u >= 0.5)]
        pair, ahead = (step.state, step.action), 0.0
        if not step.terminated:
            ahead = other[step.next_state, fastq.rules.greedy(own, step.next_state)]
        own[pair] += agent.alpha * (step.reward + ahead - own[pair])
        q[pair] = own[pair] + other[pair]
