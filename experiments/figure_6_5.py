"""Maximization bias: Sutton & Barto, 2nd edition, figure 6.5.

In A one goes left to B or right to the end; in B all ten actions end with a reward drawn from
N(-0.1, 1). Going left is wrong, and takes one step more: so the mean length says how often.
"""

import fastq
from experiments.bias import DoubleQLearning, QLearning
from experiments.claims import Found, Scale, claim, ordered

POINTS = {"Q-learning": {100: 46, 200: 15}, "Double Q-learning": {100: 9.4, 200: 7.4}}
PEAK, NEAR, TOLERANCE = 94, 20, 1.5


def run(scale: Scale) -> Found:
    """Train both agents."""
    sweep = fastq.Sweep(
        env=fastq.maximization_bias(),
        agent=[QLearning, DoubleQLearning],
        grid={"alpha": [0.1]},
        episodes=300,
        runs=scale.pick(10_000, 2000),
        record="moments",
    )
    curves = scale.run(sweep).curves("length")
    shares = ["estimate", "lower", "upper"]
    curves[shares] = 100 * (curves[shares] - 1)
    curves["episode"] += 1
    curves["agent"] = curves["agent"].map(
        {QLearning.name: "Q-learning", DoubleQLearning.name: "Double Q-learning"}
    )
    by_agent = {name: one.set_index("episode") for name, one in curves.groupby("agent")}
    q, double = by_agent["Q-learning"], by_agent["Double Q-learning"]
    peak = q["estimate"].idxmax()
    claims = [
        claim("X1", "% left, Q-learning, at its peak", "read off", PEAK, q.loc[peak], TOLERANCE),
        claim("X1", "the episode of that peak", "read off", NEAR, peak, 5),
    ]
    for name, points in POINTS.items():
        for episode, share in points.items():
            what = f"% left, {name}, episode {episode}"
            claims.append(
                claim("X1", what, "read off", share, by_agent[name].loc[episode], TOLERANCE)
            )
    what = "Q-learning above Double Q-learning from the first tenth on"
    claims.append(ordered("X1", what, q[q.index > 30], double[double.index > 30]))
    ax = fastq.plot.learning_curves(curves.drop(columns="alpha"))
    for name, points in POINTS.items():
        ax.plot(points.keys(), points.values(), "kx", label=f"published, {name}", zorder=3)
    ax.axhline(5, color="grey", linestyle=":")
    ax.set(ylabel="% of episodes whose first action is left", ylim=(0, 100))
    return Found(claims, ax)
