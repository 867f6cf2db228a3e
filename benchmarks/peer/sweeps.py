"""What it costs to keep every episode: a sweep on two cores, beside the bare kernel on two threads.

Both train the same runs: the grid of experiments/windy_gridworld.toml, 4,000 runs.
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

GRID = {"alpha": [i / 10 for i in range(1, 11)], "epsilon": [0.01, 0.05, 0.1, 0.2]}
RUNS = 100
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


def bare(seed: int, episodes: int) -> Timed:
    """Train all runs, and keep them in memory."""
    mdp = fastq.windy_gridworld()
    agents = [fastq.QLearning(alpha=a, epsilon=e) for a in GRID["alpha"] for e in GRID["epsilon"]]

    def train(part: list[fastq.QLearning]) -> fastq.Training:
        return fastq.train_batch(mdp, part, episodes=episodes, seed=seed, runs=RUNS)

    # Each thread has some of all kinds: those that explore more take longer.
    parts = [joblib.delayed(train)(agents[first::THREADS]) for first in range(THREADS)]
    with unpinned(), joblib.Parallel(n_jobs=THREADS, prefer="threads") as parallel:
        parallel(joblib.delayed(int)(0) for _ in range(THREADS))  # starts the threads
        done, seconds = timed(parallel, parts)
    return Timed(seconds, sum(int(batch.lengths.sum()) for batch in done))


def recorded(seed: int, episodes: int) -> Timed:
    """Train all runs, and have them on disk."""
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        agent="q_learning",
        grid=GRID,
        episodes=episodes,
        runs=RUNS,
        seed=seed,
    )
    with tempfile.TemporaryDirectory() as folder, unpinned():
        out = Path(folder) / "study"
        results, seconds = timed(fastq.run, sweep, out, n_jobs=THREADS, progress=False)
        return Timed(seconds, results.manifest["steps"])
