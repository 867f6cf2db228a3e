"""Draw the README's pictures: ``uv run python docs/pictures.py``."""

import shutil
import tempfile
from pathlib import Path

import matplotlib

import fastq
from fastq.pictures import write_pictures

HERE = Path(__file__).parent


def main() -> None:
    """Run the example sweep and one run, and draw them."""
    matplotlib.use("Agg")
    sweep = fastq.Sweep.from_toml(HERE.parent / "experiments" / "windy_gridworld.toml")
    with tempfile.TemporaryDirectory() as scratch:
        curves, *_ = write_pictures(fastq.run(sweep, out=Path(scratch) / "windy"))
        shutil.copyfile(curves, HERE / "learning_curves.png")
    mdp = fastq.windy_gridworld()
    run = fastq.train(mdp, fastq.QLearning(alpha=0.6, epsilon=0.1), episodes=1000, seed=0)
    fastq.plot.policy_map(mdp, run.q).figure.savefig(HERE / "policy_map.png", dpi=150)


if __name__ == "__main__":
    main()
