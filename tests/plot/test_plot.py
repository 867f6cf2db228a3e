"""Pictures: what is drawn is what the tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fastq
from fastq import plot, reference, streams


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.figure().subplots()


def test_learning_curves(results, ax):
    curves = results.curves(level=0.9)
    assert plot.learning_curves(curves, ax=ax) is ax
    assert len(ax.lines) == 6
    first = curves[(curves["alpha"] == 0.1) & (curves["epsilon"] == 0.05)]
    assert ax.lines[0].get_ydata().tolist() == first["estimate"].tolist()
    assert ax.lines[0].get_label() == "alpha = 0.1, epsilon = 0.05"
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(first["lower"].min())
    assert band.max() == pytest.approx(first["upper"].max())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("episode", "return")
    assert ax.get_legend().get_title().get_text() == "mean of 5 runs, 90 % t interval"


def test_learning_curves_name_the_bootstrap(results):
    made = plot.learning_curves(results.curves(metric="length", interval="bootstrap"))
    title = made.get_legend().get_title().get_text()
    assert title == "mean of 5 runs, 95 % bootstrap interval"
    assert made.get_ylabel() == "length (steps)"


def test_learning_curves_of_one_run_have_no_band(fields, tmp_path, ax):
    spec = fastq.Sweep(**{**fields, "runs": 1})
    found = fastq.run(spec, out=tmp_path / "x", n_jobs=1, progress=False)
    plot.learning_curves(found.curves(), ax=ax)
    assert ax.get_legend().get_title().get_text() == "mean of 1 run; no interval"


def test_many_curves_are_told_apart(results, ax):
    curves = results.curves()
    many = curves[curves["alpha"] == 0.1].drop(columns=["epsilon"])
    many = many.assign(alpha=np.arange(len(many)) // 4 / 10, episode=np.arange(len(many)) % 4)
    plot.learning_curves(many, ax=ax)
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == len(ax.lines) == 10


def test_heatmap(results, ax):
    summary = results.summary()
    assert plot.heatmap(summary, "alpha", "epsilon", ax=ax) is ax
    cells = ax.images[0].get_array()
    assert cells.shape == (2, 3)
    expected = summary[(summary["alpha"] == 0.9) & (summary["epsilon"] == 0.05)]["estimate"]
    assert cells[0, 2] == expected.item()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.1", "0.5", "0.9"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.05", "0.1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("alpha", "epsilon")
    assert len(ax.texts) == 6


def test_heatmap_of_one_hyperparameter_shows_the_best_over_the_other(results, ax):
    summary = results.summary()
    plot.heatmap(summary, "alpha", ax=ax)
    cells = ax.images[0].get_array()
    assert cells[0].tolist() == summary.groupby("alpha")["estimate"].max().tolist()
    assert "best over the others" in ax.figure.axes[-1].get_ylabel()


def test_policy_map(ax):
    mdp = fastq.windy_gridworld()
    q = np.zeros((70, 4))
    q[:, 1] = -1.0
    q[5] = [0, 0, 7, 0]
    assert plot.policy_map(mdp, q, ax=ax) is ax
    assert ax.images[0].get_array()[0, 5] == 7
    (arrows,) = (c for c in ax.collections if type(c).__name__ == "Quiver")
    assert len(arrows.U) == 69  # none at the goal
    assert (arrows.U[5], arrows.V[5]) == (0, -1)
    assert (arrows.U[0], arrows.V[0]) == (0, 1)
    written = [text.get_text() for text in ax.texts]
    assert written[5] == "7.0"
    assert written[-2:] == ["S", "G"]


def test_policy_map_draws_no_arrow_where_the_policy_stays(ax):
    mdp = fastq.windy_gridworld(moves="king+stay")
    q = np.tile(np.arange(9.0), (70, 1))
    q[:, 8] = -1
    q[3, 8] = 10
    plot.policy_map(mdp, q, ax=ax)
    (arrows,) = (c for c in ax.collections if type(c).__name__ == "Quiver")
    assert len(arrows.U) == 68


def test_policy_map_leaves_walls_and_cliffs_empty(ax):
    mdp = fastq.cliff_walking()
    plot.policy_map(mdp, np.tile(np.arange(4.0), (48, 1)), ax=ax)
    drawn = ax.images[0].get_array()
    assert np.argwhere(np.ma.getmaskarray(np.ma.masked_invalid(drawn))).tolist() == [
        [3, column] for column in range(1, 11)
    ]
    (arrows,) = (c for c in ax.collections if type(c).__name__ == "Quiver")
    assert len(arrows.U) == 48 - 10 - 1


def arrows_of(ax):
    """Give the cells of the arrows: row and column."""
    (arrows,) = (c for c in ax.collections if type(c).__name__ == "Quiver")
    return {(int(row + 0.2), int(column)) for column, row in arrows.XY}


def test_policy_map_marks_what_was_never_visited(ax):
    """Such cells had the greatest value of all, 0, and an arrow upwards."""
    mdp = fastq.windy_gridworld()
    agent = fastq.QLearning(alpha=0.6, initial_value=0.0)
    q = fastq.train(mdp, agent, episodes=1000, seed=0).q
    never = (q == 0).all(axis=1)
    never[mdp.layout.goal] = False
    assert never.sum() == 7
    plot.policy_map(mdp, q, ax=ax, initial=agent.initial_value)
    blank = ~np.isfinite(np.ma.filled(ax.images[0].get_array(), np.nan)).ravel()
    assert blank.tolist() == never.tolist()
    cells = {divmod(state, 10) for state in np.flatnonzero(never)}
    assert {(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches} == cells
    assert all(patch.get_hatch() for patch in ax.patches)
    assert len(arrows_of(ax)) == 70 - 7 - 1
    assert not arrows_of(ax) & cells
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["never visited"]
    assert len(ax.texts) == 70 - 7 + 2


def test_policy_map_draws_no_arrow_where_all_actions_are_equal():
    """Nobody said what the values were before: equal ones are written, and are not coloured."""
    mdp = fastq.windy_gridworld()
    q = np.tile([-3.0, -2.0, -4.0, -5.0], (70, 1))
    q[12], q[13] = 7.5, 0.0
    for initial, patterns, legend in (
        (None, {""}, ["undecided: all actions equal"]),
        (0.0, {"", "...."}, ["never visited", "undecided: all actions equal"]),
        (np.zeros((70, 4)), {"", "...."}, ["never visited", "undecided: all actions equal"]),
        (7.5, {"", "...."}, ["never visited", "undecided: all actions equal"]),
    ):
        ax = plot.policy_map(mdp, q, initial=initial)
        assert np.nanmax(ax.images[0].get_array()) == -2.0
        assert arrows_of(ax) == {divmod(i, 10) for i in range(70)} - {(1, 2), (1, 3), (3, 7)}
        assert {patch.get_hatch() or "" for patch in ax.patches} == patterns
        assert [text.get_text() for text in ax.get_legend().get_texts()] == legend
        written = {text.get_text() for text in ax.texts}
        assert ("7.5" in written) == (initial is None or np.ndim(initial) == 2 or initial == 0)
    decided = np.tile([-3.0, -2.0, -4.0, -5.0], (70, 1))
    assert plot.policy_map(mdp, decided, initial=0.0).get_legend() is None


def test_episode_stats_of_kernel_and_reference():
    import gymnasium

    found = fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=30, seed=0)
    env = gymnasium.make("fastq/WindyGridworld-v0")
    _, stats = reference.q_learning(env, 30, rng=streams.generator(0, 0))
    drawn = [plot.episode_stats(run, smoothing_window=5) for run in (found, stats)]
    for left, right in zip(*drawn, strict=True):
        assert left.lines[0].get_xydata().tobytes() == right.lines[0].get_xydata().tobytes()
    lengths, smoothed, steps = drawn[0]
    assert lengths.lines[0].get_ydata().tolist() == found.lengths.tolist()
    assert smoothed.lines[0].get_ydata()[4] == pytest.approx(found.returns[:5].mean())
    assert np.isnan(smoothed.lines[0].get_ydata()[:4]).all()
    assert smoothed.get_ylabel() == "return (mean over 5 episodes)"
    assert plot.episode_stats(found, smoothing_window=1)[1].get_ylabel() == "return"
    assert steps.lines[0].get_xdata()[-1] == found.lengths.sum()


def test_episode_stats_on_given_axes():
    axes = plt.figure().subplots(1, 3)
    found = fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=3, seed=0)
    assert list(plot.episode_stats(found, axes=axes)) == list(axes)


def test_bad_tables(results):
    mdp = fastq.windy_gridworld()
    frozen = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1")
    batch = fastq.train_batch(mdp, fastq.QLearning(), episodes=2, seed=0, runs=2)
    curves = results.curves()
    for draw, message in [
        (lambda: plot.learning_curves(curves.drop(columns="lower")), "column = 'lower'"),
        (lambda: plot.learning_curves(results), r"Results\(.*: must be .* as results.curves\(\) g"),
        (lambda: plot.heatmap(results, "alpha"), r"must be a table, as results.summary\(\) gives"),
        (lambda: plot.distribution(results), r"must be a table, as results.runs\(\) gives"),
        (lambda: plot.performance_profiles(None), r"must be a table, as results.profile\(\) gives"),
        (lambda: plot.sensitivity_curves([1], "alpha"), r"as results.sensitivity\(\) gives"),
        (lambda: plot.differences("x"), r"must be a table, as results.differences\(\) gives"),
        (lambda: plot.learning_curves(curves[:0]), "the table has no rows"),
        (lambda: plot.heatmap(results.summary(), "beta"), "column = 'beta': must be one of"),
        (lambda: plot.policy_map(mdp, np.zeros((3, 4))), r"q has shape \(3, 4\)"),
        (lambda: plot.policy_map(frozen, np.zeros((16, 4))), "has no layout"),
        (lambda: plot.episode_stats(batch), "stats holds 2 runs: must be one run"),
        (lambda: plot.episode_stats(batch, axes=[]), "stats holds 2 runs"),
    ]:
        with pytest.raises(fastq.InputError, match=message):
            draw()
