"""Performance on Cliff Walking by step size: Sutton & Barto, 2nd edition, figure 6.3.

Interim is the mean over the first 100 episodes and 50,000 runs, asymptotic over 100,000 episodes
and 10 runs (van Seijen et al., 2009). The published points were read off the figure, to about 0.5.
"""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fastq
from experiments.claims import Found, Scale, farthest, ordered

DRAWN = pd.read_csv(Path(__file__).with_name("sutton_barto_figure_6_3.csv"), comment="#")
DRAWN = DRAWN.set_index("alpha").assign(ES_asymptotic=-20.7, Q_asymptotic=-50.8)
DRAWN = DRAWN.rename(columns={"Sarsa_asym": "Sarsa_asymptotic"})
AGENTS = {"expected_sarsa": "ES", "sarsa": "Sarsa", "q_learning": "Q"}
LOOKS = {"expected_sarsa": ("C3", "x"), "sarsa": ("C0", "v"), "q_learning": ("k", "s")}
FIXED = {"epsilon": 0.1, "gamma": 1.0}
SETTING: Any = {"env": fastq.cliff_walking(), "agent": list(AGENTS), "max_steps": 10**7}  # no limit


def run(scale: Scale, ties: str = "random") -> Found:
    """Run both halves, and draw them into one figure, as in the book."""
    claims, ax = [], fastq.plot.new_axes()
    ax.plot([], [], "k+", markersize=11, markeredgewidth=0.7, label="published")
    table = DRAWN.iloc[:: scale.pick(1, 6)]
    interim = {"episodes": 100, "runs": scale.pick(50_000, 200), "record": "moments"}
    asymptotic = {"episodes": scale.pick(100_000, 30_000), "runs": 10, "record": "summary"}
    for target, half, size in (("C3", "interim", interim), ("C4", "asymptotic", asymptotic)):
        fixed, grid = {**FIXED, "ties": ties}, {"alpha": table.index.to_list()}
        sweep = fastq.Sweep(**SETTING, **size, fixed=fixed, grid=grid)
        # A run of the quick scale is asymptotic in its end only.
        metric = "return" if scale.full or half == "interim" else "return_last"
        found = scale.run(sweep, half).summary(metric).set_index("alpha")
        curves = {agent: found[found["agent"] == agent] for agent in AGENTS}
        for agent, curve in curves.items():
            drawn = table[f"{AGENTS[agent]}_{half}"]
            noisy = (agent == "sarsa") * (half != "interim")  # what 10 published runs leave open
            slack = 1 + noisy * np.select([table.index > 0.9, table.index > 0.75], [2, 1])
            claims.append(farthest(target, f"{half}, {agent}", "read off", drawn, curve, slack))
            _draw(ax, agent, half, curve["estimate"], drawn)
        for above, below in itertools.pairwise(AGENTS) if half == "interim" else ():
            words = f"interim, {above} above {below}"
            claims.append(ordered(target, words, curves[above], curves[below]))
    ax.set(xlim=(0.08, 1.02), ylim=(-160, 0), xlabel="alpha", ylabel="sum of rewards per episode")
    ax.legend(loc="lower center", bbox_to_anchor=(0.58, 0.02), ncols=2, fontsize="small")
    return Found(claims, ax)


def _draw(ax: Any, agent: str, half: str, curve: "pd.Series[float]", drawn: Any) -> None:
    """Draw a curve with the published points; a solid circle marks the best interim one."""
    (color, marker), style = LOOKS[agent], "--" if half == "interim" else "-"
    ax.plot(curve, style, color=color, marker=marker, markersize=4, label=f"{half}, {agent}")
    ax.plot(drawn, "+", color=color, markersize=11, markeredgewidth=0.7)
    if half == "interim":
        ax.plot(curve.idxmax(), curve.max(), "o", color=color, markersize=9)
