"""King's moves on Windy Gridworld: Sutton & Barto, 2nd edition, exercises 6.9 and 6.10.

Eight moves, or nine with one that stays; then a wind that, where there is any, is a third of the
time one less than given, as given, or one more. All of it is solved exactly. The last is solved a
second time, by plain value iteration on rules that are written here.
"""

import numpy as np

import fastq
from experiments.claims import Found, Scale, claim
from fastq import planning

WIND = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)
MOVES = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


def run(scale: Scale) -> Found:
    """Solve the three worlds, and draw the policy of the last."""
    claims = []
    for moves, words in (("king", "eight moves"), ("king+stay", "nine moves")):
        steps = _steps(fastq.windy_gridworld(moves=moves))
        claims.append(claim("W4", f"optimal steps, {words}", "exact", 7, steps, 1e-9))
    windy = fastq.windy_gridworld(moves="king", stochastic_wind=True)
    what = "expected steps in stochastic wind, eight moves; beside plain value iteration"
    claims.append(claim("W5", what, "exact", plain_steps(), _steps(windy), 1e-6))
    q = planning.action_values(windy, planning.value_iteration(windy))
    ax = fastq.plot.policy_map(windy, q)
    ax.set_title("King's moves in stochastic wind: the optimal policy")
    return Found(claims, ax)


def _steps(mdp: fastq.FiniteMDP) -> float:
    """Solve for the expected steps from the start to the goal."""
    return -float(mdp.start @ planning.value_iteration(mdp))


def plain_steps() -> float:
    """Expect the steps by sweeps over the grid, until nothing changes."""
    steps, change = np.zeros((7, 10)), 1.0
    while change > 1e-9:
        new = [[_ahead(steps, row, column) for column in range(10)] for row in range(7)]
        new[3][7] = 0
        steps, change = np.array(new), np.abs(new - steps).max()
    return float(steps[3, 0])


def _ahead(steps: np.ndarray, row: int, column: int) -> float:
    """Look one step ahead of a cell: the best move, over the winds that may blow."""
    wind, across = WIND[column], [min(max(column + right, 0), 9) for _, right in MOVES]
    winds = (wind - 1, wind, wind + 1) if wind else (0,)
    return 1 + min(
        sum(steps[min(max(row + down - w, 0), 6), to] for w in winds) / len(winds)
        for (down, _), to in zip(MOVES, across, strict=True)
    )
