"""FrozenLake 4 x 4, slippery, of gymnasium: the best that can be done within its 100 steps.

Exact: by backward induction for policies that know the time; and the value, within the limit, of
the best policy of every discount tried for policies that do not.
"""

import numpy as np

import fastq
from experiments.claims import Found, Scale, claim
from fastq import planning

WORLD = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1")
GAMMAS = (0.9, 0.95, 0.97, 0.98, 0.99, 0.999, 1.0)


def run(scale: Scale) -> Found:
    """Solve it; nothing is trained."""
    pay = (WORLD.probability * WORLD.reward).sum(axis=2)
    states, best, visits = np.arange(WORLD.num_states), 0.0, np.zeros(WORLD.num_states)
    for gamma in GAMMAS:
        values = planning.value_iteration(WORLD, gamma)
        policy = planning.greedy_policy(WORLD, values, gamma)
        often = planning.expected_visits(WORLD, policy)
        value = float(often @ pay[states, policy])
        if value > best:
            best, visits = value, often
    knowing = planning.finite_horizon_value(WORLD)
    claims = [
        claim("G1", "success, by the time-dependent policy", "exact", 0.744, knowing[0], 5e-4),
        claim("G1", "success, by the best stationary policy", "exact", 0.740, best, 5e-4),
    ]
    ax = fastq.plot.new_axes(columns=1)
    image = ax.imshow(visits.reshape(4, 4), cmap="Blues")
    for state, often in enumerate(visits):
        color = "white" if often > visits.max() / 2 else "black"
        style = {"ha": "center", "va": "center", "fontsize": 7, "color": color}
        ax.text(state % 4, state // 4, f"{often:.1f}", **style)
    ax.set(xlabel="expected visits in an episode", xticks=[], yticks=[])
    ax.figure.colorbar(image, ax=ax, shrink=0.8)
    return Found(claims, ax)
