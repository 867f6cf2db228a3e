"""Cliff Walking: Sutton & Barto, 2nd edition, example 6.6.

Sum of rewards during each episode of Sarsa and Q-learning, which falls off the cliff more often
while it learns the shorter path. The book draws smoothed single runs; here are means of many.
"""

from typing import Any

import fastq
from experiments.claims import Found, Scale, claim
from fastq import planning

DRAWN = {"sarsa": -25.6, "q_learning": -47.4}  # read off the figure, over episodes 101 to 500
TWO_SD = {"sarsa": 7.7, "q_learning": 7.0}  # of 1,000 runs
SOFT = "epsilon-greedy policy on Q*"
MEANS = {"sarsa": -27.9, "q_learning": -49.9}


def run(scale: Scale, world: fastq.FiniteMDP | None = None, ties: str = "random") -> Found:
    """Solve it, and train both agents."""
    world = world or fastq.cliff_walking()
    best = planning.value_iteration(world)
    q = planning.action_values(world, best)
    soft = planning.epsilon_greedy_value(world, q, epsilon=0.1, ties=ties)
    claims = [
        claim("C2", "return of the optimal policy", "exact", -13, world.start @ best, 1e-9),
        claim("C2", f"return of the {SOFT}", "exact", -50.80, world.start @ soft, 0.005),
    ]
    results = scale.run(
        fastq.Sweep(
            env=world,
            agent=list(MEANS),
            grid={"alpha": [0.5]},
            fixed={"epsilon": 0.1, "gamma": 1.0, "ties": ties},
            episodes=500,
            runs=scale.pick(1000, 100),
            max_steps=10**7,  # the book has no limit: no episode comes near this one
        )
    )
    for row in results.summary("return_last:400").itertuples():
        mean, drawn, spread = MEANS[row.agent], DRAWN[row.agent], TWO_SD[row.agent]
        what = f"return in episodes 101 to 500, {row.agent}"
        claims.append(claim("C1", what, "independent", mean, row, 0.5))
        claims.append(claim("C1", f"{what}, as drawn", "read off", drawn, row, spread))
    return Found(claims, _draw(results))


def _draw(results: fastq.Results) -> Any:
    """Draw the curves as the book does, from -100 to -25."""
    ax = fastq.plot.learning_curves(results.curves(window=10))
    for number, agent in enumerate(MEANS):
        color = ax.lines[number].get_color()
        ax.hlines(DRAWN[agent], 100, 500, color, ":", label=f"published, {agent}")
    ax.set(xlabel="episodes (mean over windows of 10 episodes)", xlim=(0, 500))
    ax.set(ylabel="sum of rewards during episode")
    ax.set(ylim=(-100, -20), yticks=[-100, -75, -50, -25])
    ax.legend(loc="lower right")
    return ax
