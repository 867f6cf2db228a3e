"""What it costs to keep every episode: a sweep on two cores, beside the bare kernel on two threads.

Both train the same runs: the 4,000 of experiments/windy_gridworld.toml.
"""

import tempfile
from pathlib import Path

import joblib

import fastq
from peer.measure import Contest, Timed, timed, unpinned
from peer.pairs import Size

TITLE = "sweeps of Q-learning on Windy Gridworld, two cores"
BARE = "the bare kernel"
RECORDED = "`fastq.run`, every episode recorded,"

SWEEP = Path(__file__).parents[2] / "experiments" / "windy_gridworld.toml"
THREADS = 2


def contest(size: Size) -> Contest:
    """Prepare the contest.

    Raises
    ------
    SystemExit
        Where the two do not train the same.
    """
    episodes = size.episodes // 2
    if bare(0, 2).steps != recorded(0, 2).steps:
        raise SystemExit(f"{TITLE}: the two train other runs: nothing is measured")
    return {
        BARE: lambda seed: bare(seed, episodes),
        RECORDED: lambda seed: recorded(seed, episodes),
    }


def sweep(seed: int, episodes: int) -> fastq.Sweep:
    """Give the sweep, with another seed and so many episodes."""
    return fastq.Sweep.from_toml(SWEEP).model_copy(update={"seed": seed, "episodes": episodes})


def bare(seed: int, episodes: int) -> Timed:
    """Train all runs, and keep them in memory."""
    asked = sweep(seed, episodes)
    agents = [configuration.agent for configuration in asked.configurations]

    def train(part: list[fastq.QLearning]) -> fastq.Training:
        return fastq.train_batch(asked.mdp, part, episodes=episodes, seed=seed, runs=asked.runs)

    # Each thread has some of all kinds: those that explore more take longer.
    parts = [joblib.delayed(train)(agents[first::THREADS]) for first in range(THREADS)]
    with unpinned(), joblib.Parallel(n_jobs=THREADS, prefer="threads") as parallel:
        parallel(joblib.delayed(int)(0) for _ in range(THREADS))  # starts the threads
        done, seconds = timed(parallel, parts)
    return Timed(seconds, sum(int(batch.lengths.sum()) for batch in done))


def recorded(seed: int, episodes: int) -> Timed:
    """Train all runs, and have them on disk."""
    asked = sweep(seed, episodes)
    with tempfile.TemporaryDirectory() as folder, unpinned():
        out = Path(folder) / "study"
        results, seconds = timed(fastq.run, asked, out, n_jobs=THREADS, progress=False)
        return Timed(seconds, results.manifest["steps"])
