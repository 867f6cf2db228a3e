"""Double Q-learning's first grid: van Hasselt (2010), Double Q-learning, figure 3.

Epsilon is 1 / sqrt(n(s)), alpha 1 / n(s, a) or 1 / n(s, a)^0.8. Drawn is the reward per step over
10,000 steps. Q-learning takes the greatest of noisy values for the value of the greatest, and stays
on the grid for ever; Double Q-learning does not.
"""

import time
from itertools import product

import joblib
import numpy as np
import pandas as pd

import fastq
from experiments.claims import Found, Scale, claim, ordered
from experiments.coin_grid import BIN, GRID, START, STEPS, follow
from fastq import planning, statistics

AGENTS = {"Q-learning": fastq.QLearning, "Double Q-learning": fastq.DoubleQLearning}
POWERS = {"1/n": 1.0, "1/n^0.8": 0.8}
END = "at the end of the episode of step 10,000"  # runs end with an episode
FIXED = {"gamma": 0.95, "epsilon": fastq.Visits(power=0.5), "ties": "random"}


def run(scale: Scale) -> Found:
    """Solve the grid; train both agents with both step sizes."""
    values = planning.value_iteration(GRID, gamma=0.95)
    policy = planning.greedy_policy(GRID, values, gamma=0.95)
    visits, pay = planning.expected_visits(GRID, policy), (GRID.probability * GRID.reward).sum(2)
    rate = visits @ pay[np.arange(9), policy] / visits.sum()
    claims = [
        claim("H1", "reward per step of the optimal policy", "exact", 0.2, rate, 1e-9),
        claim("H1", "V*(start)", "exact", 0.3627, values[START], 5e-5),
    ]
    runs, found = scale.pick(10_000, 100), {}
    for (name, kind), (alpha, power) in product(AGENTS.items(), POWERS.items()):
        agent, started = kind(alpha=fastq.Visits(power=power), **FIXED), time.perf_counter()
        each = (joblib.delayed(follow)(agent, number) for number in range(runs))
        several = np.array(joblib.Parallel(n_jobs=-1)(each))
        scale.count(runs, int(several[:, -1].sum()), time.perf_counter() - started)
        table = pd.DataFrame(statistics.t_interval(several[:, :-1])._asdict())
        steps = np.minimum(BIN * (table.index + 1), STEPS)  # the last row is max Q(start)
        found[name, alpha] = table.assign(step=steps, runs=runs)
    for alpha in POWERS:
        q, double = (found[name, alpha].set_index("step") for name in AGENTS)
        exact = q[-1:].assign(estimate=values[START], lower=values[START], upper=values[START])
        for what, above, below in (
            ("reward per step, Double Q-learning above Q-learning", double[3:-1], q[3:-1]),
            (f"max Q(start) {END}, Q-learning above V*", q[-1:], exact),
            (f"max Q(start) {END}, V* above Double Q-learning", exact, double[-1:]),
        ):
            claims.append(ordered("H1", f"{what}, alpha = {alpha}", above, below))
    drawn = [one[:-1].assign(agent=name, alpha=alpha) for (name, alpha), one in found.items()]
    curves = pd.concat(drawn)
    ax = fastq.plot.learning_curves(curves, estimator="mean", interval="t", level=0.95)
    ax.axhline(0.2, color="grey", linestyle=":")
    ax.set(ylabel="reward per step", ylim=(-1.3, 1))
    return Found(claims, ax)
