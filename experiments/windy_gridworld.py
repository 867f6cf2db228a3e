"""Windy Gridworld: Sutton & Barto, 2nd edition, example 6.5.

The book draws one run of Sarsa. Its "about 17 steps" are those of the epsilon-greedy policy on Q*.
"""

from typing import Any

import fastq
from experiments.claims import Claim, Found, Scale, claim
from fastq import planning

WORLD = fastq.windy_gridworld()
SETTING: dict[str, Any] = {"env": WORLD, "grid": {"alpha": [0.5]}, "max_steps": 10**7}  # no limit
SETTING["fixed"] = {"epsilon": 0.1, "gamma": 1.0, "ties": "random"}
SOFT = "epsilon-greedy policy on Q*"
STEP, DRAWN = 7842, 169  # where the drawn run ends, and how many episodes it has completed


def run(scale: Scale) -> Found:
    """Solve it; train for long, and for 8,000 steps."""
    q = planning.action_values(WORLD, planning.value_iteration(WORLD))
    soft = planning.epsilon_greedy_value(WORLD, q, epsilon=0.1, ties="random")
    exact = [
        claim(
            "W1", "steps of the optimal policy", "printed", 15, -WORLD.start @ q.max(axis=1), 1e-9
        ),
        claim("W2", f"steps of the {SOFT}", "printed", 17, -WORLD.start @ soft, 0.5),
        claim("W2", f"steps of the {SOFT}", "exact", 17.05, -WORLD.start @ soft, 0.005),
    ]
    setting = {**SETTING, "agent": "sarsa", "episodes": 400, "runs": scale.pick(1000, 100)}
    results = scale.run(fastq.Sweep(**setting), "steps")
    ax = fastq.plot.learning_curves(results.curves("episodes", "tolerance", against="steps"))
    ax.lines[0].set_label("Sarsa, alpha = 0.5")
    ax.plot(STEP, DRAWN, "kx", label="where the published run ends")
    ax.set(xlim=(0, 8000), ylim=(0, 180), xlabel="time steps", ylabel="episodes")
    ax.legend(loc="upper left", title=f"{results.total:,} runs; 90 % of all lie in the band")
    return Found([*exact, *_long(scale), *_by_steps(results)], ax)


def _long(scale: Scale) -> list[Claim]:
    """Train both agents for long; the last half counts."""
    half, runs = scale.pick((10_000, 500), (1000, 50))
    setting = {**SETTING, "agent": ["q_learning", "sarsa"], "record": {"window": half}}
    results = scale.run(fastq.Sweep(**setting, episodes=2 * half, runs=runs), "long")
    _, q_learning, _, sarsa = results.curves("length").itertuples()
    return [
        claim("W2b", "steps, Q-learning in the long run", "independent", 17.06, q_learning, 0.02),
        claim("W2c", "steps, Sarsa in the long run", "independent", 18.9, sarsa, 0.2),
    ]


def _by_steps(results: fastq.Results) -> list[Claim]:
    """Count the episodes that Sarsa has completed by some steps."""
    ends = results.episodes()["length"].to_numpy().reshape(results.total, -1).cumsum(axis=1)
    drawn, usual = ((ends <= step).sum(axis=1) for step in (STEP, 8000))
    mean, what = fastq.statistics.t_interval, "episodes by step"
    lucky = f"the drawn run is not typical: {(drawn >= DRAWN).mean():.1%} of runs come so far"
    most = claim("W3", f"{what} 8,000, Sarsa", "independent", 160, mean(usual), 1)
    last = claim("W3", f"{what} {STEP:,}, as drawn", "read off", DRAWN, mean(drawn), 1, lucky)
    return [most, last._replace(reproduces=False)]
