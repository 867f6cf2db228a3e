"""Dyna maze: Sutton & Barto, 2nd edition, figure 8.2.

Dyna-Q with 0, 5 and 50 planning steps for each real one; drawn are the steps of each episode from
the second on, of 30 runs. Thirty say little, so the claims are of 3,000, of which those are the
first.
"""

import fastq
from experiments.claims import Found, Scale, claim
from fastq import planning

WORLD = fastq.dyna_maze()
SETTING = {
    "env": WORLD,
    "agent": "dyna_q",
    "fixed": {"alpha": 0.1, "gamma": 0.95, "epsilon": 0.1, "ties": "random"},
    "episodes": 50,
    "max_steps": 10**7,  # the book has no limit: no episode comes near this one
}
SECOND = {0: 695, 5: 153, 50: 39}
FIRST = 853
NOTE = (
    'the book says "about 1700 steps" for the first episode, which is the same for every n; but '
    "nothing is known until the goal is reached, and a walk whose actions are all drawn alike "
    "takes {:.0f} to it from the start, as solved exactly; a separate simulation found 853"
)


def run(scale: Scale) -> Found:
    """Train with each number of planning steps."""
    start = int(WORLD.start.argmax())
    optimal = (
        planning.finite_horizon_value(WORLD, 13)[start],
        planning.greedy_policy(WORLD, planning.value_iteration(WORLD, 0.95), 0.95),
    )
    path = planning.expected_visits(WORLD, optimal[1]).sum()
    uniform = [[1 / WORLD.num_actions] * WORLD.num_actions] * WORLD.num_states
    walk = planning.expected_visits(WORLD, uniform, 10**5).sum()
    sweep = fastq.Sweep(**SETTING, grid={"planning_steps": [*SECOND]}, runs=scale.pick(3000, 300))
    curves = scale.run(sweep).curves("length")
    rows = curves.set_index(["planning_steps", "episode"])
    claims = [claim("D1", "steps of the optimal policy", "printed", 14, path, 1e-9)]
    for n, steps in SECOND.items():
        what = f"steps of the second episode, n = {n}"
        claims.append(claim("D1", what, "independent", steps, rows.loc[(n, 1)], 0.08 * steps))
    first = rows.loc[(0, 0)]
    claims += [
        claim("D1", "steps of the first episode", "independent", FIRST, first, 0.08 * FIRST),
        claim(
            *("D1", "the same, as printed", "printed", 1700, first, 170, NOTE.format(walk)),
            reproduces=False,
        ),
    ]
    thirty = fastq.Sweep(**SETTING, grid={"planning_steps": [*SECOND]}, runs=30)
    drawn = scale.run(thirty, "drawn").curves("length")
    drawn["episode"] += 1
    ax = fastq.plot.learning_curves(drawn[drawn["episode"] > 1])
    ax.plot([2] * 3, SECOND.values(), "k+", label="published")
    ax.set(ylabel="steps per episode", ylim=(0, 800))
    return Found(claims, ax)
