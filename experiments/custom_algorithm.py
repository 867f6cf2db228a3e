"""A custom algorithm: weighted double Q-learning, where maximisation misleads.

A coin says which of two tables, U, learns, with V the other. Its target values U's best action in
S', a*, at ``(d * U(S', a*) + c * V(S', a*)) / (c + d)``, where ``d = |V(S', a*) - V(S', worst)|``
(Zhang, Pan & Kochenderfer, 2017, IJCAI). Printed is how often, in %, agents go left in the last 100
of 300 episodes in Sutton & Barto, 2nd edition, section 6.7. It is wrong; 5 % would do.
"""

import sys
import tempfile

import fastq


def worst(q, state):
    """Find the first of the worst actions in a state."""
    action = 0
    for other in range(1, q.shape[1]):
        action = other if q[state, other] < q[state, action] else action
    return action


class WeightedDoubleQ(fastq.Algorithm):
    """Weighted double Q-learning; the paper's c, above 0, is the doubt in U."""

    tables, update_draws = 2, True
    alpha: fastq.StepSize = 0.1
    gamma: fastq.Fraction = 1.0
    c: float = 1.0

    def act(q, state, u, agent):
        """Act on the mean of the tables."""
        return fastq.rules.epsilon_greedy(q, state, u, 0.1)

    def update(q, step, agent, tables):
        """Toss the coin, and learn."""
        coin, pair, to = int(step.u < 0.5), (step.state, step.action), step.next_state
        own, other, target = tables[coin], tables[1 - coin], step.reward
        if not step.terminated:
            best = fastq.rules.greedy(own, to)
            d = abs(other[to, best] - other[to, worst(own, to)])
            target += agent.gamma * (d * own[to, best] + agent.c * other[to, best]) / (agent.c + d)
        own[pair] += agent.alpha * (target - own[pair])
        q[pair] = (own[pair] + other[pair]) / 2


def main(out):
    """Compare, keeping the results in a directory."""
    mdp, agents = fastq.maximization_bias(), ["q_learning", "double_q_learning", WeightedDoubleQ]
    print(fastq.check_parity(WeightedDoubleQ(), mdp))
    grid = {"alpha": [0.05, 0.1, 0.2]}
    sweep = fastq.Sweep(env=mdp, agent=agents, grid=grid, episodes=300, runs=1000)
    steps = fastq.run(sweep, out=out, progress=False).curves("length", window=100)
    left = 100 * steps.set_index(["episode", "agent", "alpha"]) - 100  # it takes one step more
    print(left.loc[200, ["estimate", "lower", "upper"]].round(1))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(sys.argv[2] if sys.argv[1:2] == ["--out"] else scratch)
