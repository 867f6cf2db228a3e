"""Draw the pictures of the documentation: ``uv run python docs/pictures.py``."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

import fastq
from fastq import planning, plot
from fastq.report.pictures import write_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
SWEEPS = HERE.parent / "experiments"


def main() -> None:
    """Run the example sweeps, and draw them."""
    matplotlib.use("Agg")
    with tempfile.TemporaryDirectory() as scratch:
        windy = fastq.Sweep.from_toml(SWEEPS / "windy_gridworld.toml")
        results = fastq.run(windy, out=Path(scratch) / "windy")
        curves, *_ = write_pictures(results)
        shutil.copyfile(curves, HERE / "learning_curves.png")
        draw_grid(results)
        cliff = fastq.Sweep.from_toml(SWEEPS / "cliff_walking.toml")
        draw_comparison(fastq.run(cliff, out=Path(scratch) / "cliff"))
    draw_maps()


def draw_grid(results: fastq.Results) -> None:
    """Draw a grid with the configurations that could be the best."""
    found = results.select(confirm_runs=0)
    ax = plot.heatmap(found.table, "alpha", "epsilon", metric=found.metric, estimator="mean")
    keep(ax, "grid")


def draw_comparison(results: fastq.Results) -> None:
    """Draw two agents beside each other, in all ways."""
    best = {"q_learning": 0.9, "sarsa": 0.4}

    def of_best(table):
        return table[table["alpha"] == table["agent"].map(best)]

    curves = of_best(results.curves(window=10, interval="simultaneous"))
    runs = of_best(results.episodes())
    runs = runs.assign(episode=runs["episode"] // 10 * 10, value=runs["return"])
    runs = runs.groupby(["agent", "alpha", "run", "episode"], as_index=False)["value"].mean()
    ax = plot.learning_curves(curves, runs=runs)
    ax.set_ylim(-150, 0)
    ax.set_ylabel("return (curves and runs reach beyond)")
    keep(ax, "runs")
    keep(plot.learning_curves(of_best(results.curves("episodes", against="steps"))), "steps")
    keep(plot.learning_curves(of_best(results.curves("optimal_actions", window=25))), "learned")
    keep(plot.sensitivity_curves(results.sensitivity(), "alpha"), "sensitivity")
    keep(plot.performance_profiles(of_best(results.profile())), "profiles")
    keep(plot.distribution(of_best(results.runs(episode=499))), "distribution")
    keep(plot.differences(results.compare().differences), "differences")
    first, second = ({"agent": agent, "alpha": best[agent]} for agent in ("sarsa", "q_learning"))
    ax = plot.differences(results.differences(first, second, window=10))
    keep(ax, "difference_curve")


def draw_maps() -> None:
    """Draw what one run has learned, the values of its states, and where it goes."""
    mdp = fastq.windy_gridworld()
    agent = fastq.QLearning(alpha=0.6, epsilon=0.1)
    run = fastq.train(mdp, agent, episodes=1000, seed=0)
    keep(plot.policy_map(mdp, run.q, initial=agent.initial_value), "policy_map")
    cliff = fastq.cliff_walking()
    run = fastq.train(cliff, fastq.Sarsa(alpha=0.4, epsilon=0.1), episodes=500, seed=0)
    keep(plot.value_map(cliff, planning.epsilon_greedy_value(cliff, run.q, 0.1)), "value_map")
    greedy = np.eye(cliff.num_actions)[run.q.argmax(axis=1)]
    policy = 0.9 * greedy + 0.1 / cliff.num_actions
    keep(plot.visit_map(cliff, planning.expected_visits(cliff, policy)), "visit_map")


def keep(ax: "Axes", name: str) -> None:
    """Write a picture beside this script."""
    figure = ax.get_figure(root=True)
    figure.savefig(HERE / f"{name}.png", dpi=150, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
