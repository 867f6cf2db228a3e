"""A custom algorithm of a study that the first layout of the package made."""

import fastq
from fastq.rules import epsilon_greedy


class HalfTrust(fastq.Algorithm):
    """Q-learning that trusts the value of the next state by half."""

    alpha: fastq.StepSize = 0.5
    epsilon: fastq.Fraction = 0.1
    gamma: fastq.Fraction = 1.0

    def act(q, state, u, agent):
        """Explore with probability epsilon."""
        return epsilon_greedy(q, state, u, agent.epsilon)

    def update(q, step, agent):
        """Move towards half of the greatest value."""
        target = step.reward
        if not step.terminated:
            target += 0.5 * agent.gamma * fastq.rules.greatest(q, step.next_state)
        q[step.state, step.action] += agent.alpha * (target - q[step.state, step.action])


if __name__ == "__main__":
    for record in ("episodes", "moments"):
        sweep = fastq.Sweep(
            env="fastq/WindyGridworld-v0",
            agent=["q_learning", "double_q_learning", HalfTrust],
            grid={"alpha": [0.25, 0.5]},
            episodes=5,
            runs=4,
            seed=7,
            record=record,
        )
        fastq.run(sweep, out=f"study_{record}", progress=False, n_jobs=1)
