"""Pictures for papers: of sensitivity, profiles, differences, distributions; sizes and files."""

import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, to_rgb

import fastq
from fastq import plot
from fastq.plot import style

NAN = float("nan")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def bounded(table, **attrs):
    """Add bounds and runs to a table of estimates."""
    table = pd.DataFrame(table)
    table = table.assign(lower=table["estimate"] - 1.0, upper=table["estimate"] + 2.0, runs=9)
    table.attrs.update(attrs)
    return table


def curves(count, time="episode", points=4, **attrs):
    """Make learning curves of several configurations."""
    names = np.repeat(np.arange(count) / 10, points)
    x = np.tile(np.arange(points) * 10, count)
    return bounded({"alpha": names, time: x, "estimate": names + np.sqrt(x)}, **attrs)


def legend_of(ax):
    """Read the legend: its title and its entries."""
    legend = ax.get_legend()
    return legend.get_title().get_text(), [text.get_text() for text in legend.get_texts()]


def band_of(collection):
    """Give the set of heights of a band's corners."""
    return set(collection.get_paths()[0].vertices[:, 1].round(9))


@pytest.mark.parametrize(("columns", "size"), [(1, (3.5, 2.6)), (2, (7.2, 4.2))])
def test_axes_have_the_sizes_of_a_paper(columns, size):
    ax = plot.new_axes(columns)
    assert tuple(ax.figure.get_size_inches()) == size
    assert 6 < ax.xaxis.get_major_ticks()[0].label1.get_size() < ax.xaxis.label.get_size() <= 10


PICTURES = {
    "curves": lambda: plot.learning_curves(curves(3, metric="length")),
    "many": lambda: plot.learning_curves(curves(30), plot.new_axes(1)),
    "cells": lambda: plot.heatmap(grid().assign(plausible=True), "alpha", "epsilon"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_the_same_picture_gives_the_same_file(name, suffix, tmp_path):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(3)]
    ax = PICTURES[name]()
    plot.save(ax, paths[0])
    ax.figure.canvas.draw()
    plot.save(ax.figure, str(paths[1]))
    plot.save(PICTURES[name](), paths[2])
    assert len({path.read_bytes() for path in paths}) == 1
    assert ax.get_in_layout()


def test_files_are_those_that_papers_take(tmp_path):
    ax = plot.learning_curves(curves(3, metric="length"))
    plot.save(ax, tmp_path / "x.svg")
    assert ">length (steps)</text>" in (tmp_path / "x.svg").read_text()
    plot.save(ax, tmp_path / "x.png")
    assert mpl.image.imread(tmp_path / "x.png").shape[:2] == (4.2 * 300, 7.2 * 300)
    plot.save(plt.figure(), tmp_path / "x.PDF")
    assert (tmp_path / "x.PDF").read_bytes().startswith(b"%PDF")


def test_pictures_that_cannot_be_written(tmp_path):
    ax = plot.new_axes(1)
    for path, message in [
        (tmp_path / "x.jpg", r"x.jpg': must end in .svg, .pdf or .png$"),
        (tmp_path / "x", "must end in"),
        (tmp_path / "none" / "x.png", r"x.png: cannot be written \(No such file or directory\)"),
    ]:
        with pytest.raises(fastq.InputError, match=message):
            plot.save(ax, path)
    ax.remove()
    with pytest.raises(fastq.InputError, match="were removed from their figure"):
        plot.save(ax, tmp_path / "x.png")


def test_labels():
    assert style.metric_label("") == "estimate"
    assert style.metric_label("steps_to") == "steps to the threshold"
    assert style.metric_label("steps_to:-20") == "steps to a return of -20"
    assert style.metric_label("return_last:50") == "return of the last 50 episodes"
    assert style.metric_label("my_own:3") == "my own (3)"
    assert style.Shown("regret", "mean").estimate == "mean regret of the greedy policy"
    assert style.Shown("regret").estimate == "regret of the greedy policy"
    assert style.Shown("return", "quantile:0.9").estimate == "0.9 quantile of the return"
    assert style.Shown(None, "mean").estimate == ""


@pytest.mark.parametrize(
    ("attrs", "title"),
    [
        ({}, "9 runs, interval"),
        ({"estimator": "mean", "level": 0.9}, "mean of 9 runs, 90 % interval"),
        ({"estimator": "median", "interval": "bca"}, "median of 9 runs, BCa interval"),
        (
            {"estimator": "iqm", "interval": "simultaneous", "level": 0.9},
            "interquartile mean of 9 runs, 90 % simultaneous band",
        ),
        (
            {"estimator": "quantile:0.9", "interval": "tolerance", "level": 0.95},
            "0.9 quantile of 9 runs, 95 % tolerance interval",
        ),
    ],
)
def test_legends_name_what_is_drawn(attrs, title):
    assert legend_of(plot.learning_curves(curves(2, **attrs)))[0] == title
    assert legend_of(plot.learning_curves(curves(2), **attrs))[0] == title


def test_curves_over_time_steps_with_their_runs():
    table = curves(3, "step").iloc[:8]
    single = pd.concat([table.assign(run=run, value=table["estimate"] + run) for run in (1, 0)])
    single = single.drop(columns=["estimate", "lower", "upper", "runs"])
    other = single.assign(alpha=7.0)  # has no curve
    ax = plot.learning_curves(table, plot.new_axes(1), runs=pd.concat([other, single]))
    assert ax.get_xlabel() == "time steps"
    assert len(ax.lines) == 2
    thin = [c for c in ax.collections if isinstance(c, LineCollection) and c.get_alpha()]
    for line, runs in zip(ax.lines, thin, strict=True):
        assert tuple(runs.get_color()[0][:3]) == to_rgb(line.get_color())
        first, second = runs.get_segments()
        assert first.tolist() == line.get_xydata().tolist()
        assert second[:, 1].tolist() == (line.get_ydata() + 1).tolist()


def test_runs_of_one_configuration_without_hyperparameters():
    table = curves(1).drop(columns="alpha")
    single = pd.DataFrame({"episode": table["episode"], "run": 0, "value": table["estimate"]})
    ax = plot.learning_curves(table, runs=single)
    assert ax.collections[0].get_segments()[0].tolist() == ax.lines[0].get_xydata().tolist()
    assert legend_of(ax)[1] == []


@pytest.mark.parametrize(("runs", "images"), [(3, 0), (120, 1)])
def test_many_runs_are_an_image_in_a_file_of_lines(runs, images, tmp_path):
    table = curves(1, points=200)
    every = [table.assign(run=run, value=table["estimate"] + run) for run in range(runs)]
    ax = plot.learning_curves(table, runs=pd.concat(every))
    for name in ("x.svg", "y.svg"):
        plot.save(ax, tmp_path / name)
    assert (tmp_path / "x.svg").read_text().count("<image") == images
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()


def test_seven_curves_are_told_apart_in_grey():
    ax = plot.learning_curves(curves(7))
    assert [line.get_color() for line in ax.lines] == [style.look(i).color for i in range(7)]
    grey = [np.dot(to_rgb(style.look(i).color), [0.299, 0.587, 0.114]) for i in range(7)]
    for i, k in itertools.combinations(range(7), 2):
        differs = style.look(i).linestyle != style.look(k).linestyle
        assert differs or abs(grey[i] - grey[k]) > 0.15
    assert len({str(style.look(i)) for i in range(35)}) == 35


def test_many_configurations_have_a_legend_of_twenty():
    ax = plot.learning_curves(curves(30))
    _, entries = legend_of(ax)
    assert len(ax.lines) == 30
    assert len(entries) == 21
    assert entries[-1] == "... and 10 more"


def test_a_curve_of_one_point_is_seen():
    ax = plot.learning_curves(curves(1, points=1))
    assert ax.lines[0].get_marker() == "o"


def sensitivity(values, name="alpha", edge=False, **attrs):
    """Make the table of one hyperparameter, of two agents, amid the rows of another."""
    lines = [
        {"agent": agent, "hyperparameter": name, "value": value, "kind": kind, "estimate": height}
        for agent, shift in (("sarsa", 0.0), ("q_learning", 4.0))
        for kind, more in (("best", 0.5), ("slice", 0.0))
        for value, height in zip(values, shift + more + np.arange(len(values)), strict=True)
    ]
    lines.append(lines[0] | {"hyperparameter": "other", "value": "a word", "estimate": 100.0})
    return bounded(lines, **attrs).assign(edge=edge)


def test_sensitivity_curves():
    values = [0.5, 0.01, 0.1]
    table = sensitivity(values, metric="return", estimator="mean", interval="bca", level=0.9)
    ax = plot.sensitivity_curves(table, "alpha")
    assert ax.get_xscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.01", "0.1", "0.5"]
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_linestyle() for line in drawn] == ["-", "--"] * 2
    assert drawn[0].get_xdata().tolist() == [0.01, 0.1, 0.5]
    assert drawn[0].get_ydata().tolist() == [1.5, 2.5, 0.5]
    assert band_of(ax.collections[0]) == {0.5, 1.5, -0.5, 3.5, 4.5, 2.5}
    best = [line for line in ax.lines if line.get_markersize() == 10]
    assert [line.get_xydata().tolist() for line in best] == [[[0.1, 2.5]], [[0.1, 6.5]]]
    assert len({(line.get_color(), line.get_marker()) for line in best}) == 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("alpha (log scale)", "mean return")
    title, entries = legend_of(ax)
    assert title == "9 runs, 90 % BCa interval"
    assert entries[2:] == ["q_learning, best over the others", "q_learning, others as in the best"]
    assert not ax.texts


def test_the_best_of_a_regret_is_the_least_and_its_edge_is_told():
    table = sensitivity([1, 2, 3, 4], edge=True, metric="regret").query("agent == 'sarsa'")
    ax = plot.sensitivity_curves(table.drop(columns="agent"), "alpha", plot.new_axes(1))
    assert ax.get_xscale() == "linear"
    assert ax.lines[-1].get_xydata().tolist() == [[1, 0]]
    assert ax.get_legend().get_title().get_text().endswith("\nbest at the edge of the grid")
    assert legend_of(ax)[1] == ["best over the others", "others as in the best"]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [(["first", "random"], ["first", "random"]), ([True, False], ["True", "False"]), ([3], ["3"])],
)
def test_sensitivity_to_words_and_in_grids_of_one_point(values, ticks):
    ax = plot.sensitivity_curves(sensitivity(values), "alpha")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ticks
    assert all(isinstance(bars, LineCollection) for bars in ax.collections)
    assert ax.collections[0].get_segments()[0][:, 1].tolist() == [-0.5, 2.5]
    ax.figure.draw_without_rendering()


def test_performance_profiles():
    table = curves(2, metric="return", interval="bootstrap", level=0.95)
    table = table.rename(columns={"episode": "threshold"})
    share = 1 / (1 + table["threshold"])
    table = table.assign(estimate=share, lower=share / 2, upper=share)
    ax = plot.performance_profiles(table)
    assert [line.get_drawstyle() for line in ax.lines] == ["steps-post"] * 2
    assert ax.lines[1].get_ydata().tolist() == table["estimate"][4:].tolist()
    assert band_of(ax.collections[1]) == set(share.round(9)) | set((share / 2).round(9))
    assert legend_of(ax)[0] == "9 runs, 95 % bootstrap interval"
    assert (ax.get_xlabel(), ax.get_yticks().tolist()[-1]) == ("threshold: return", 1)
    assert ax.get_xlim() == pytest.approx((9, 31))  # where the share is neither 0 nor 1


def test_the_axis_is_longer_only_where_the_legend_is_inside_and_above():
    def top(count):
        table = curves(count, metric="return").rename(columns={"episode": "threshold"})
        share = 1 / (1 + table["threshold"])
        table = table.assign(estimate=share, lower=share, upper=share)
        return plot.performance_profiles(table).get_ylim()[1]

    assert top(2) > 1.2
    assert top(30) < 1.1
    ax = plot.learning_curves(curves(2))
    assert ax.get_ylim()[1] <= ax.dataLim.y1 + 0.1 * ax.dataLim.height


def pairs(estimates, **attrs):
    """Make a table of differences."""
    names = {"first": [f"a{i}" for i in range(len(estimates))], "second": "b"}
    return bounded(names | {"estimate": estimates}, **attrs)


def test_differences_at_one_point():
    table = pairs([3.0, 0.5, -4.0], metric="return", estimator="mean", interval="t", level=0.95)
    ax = plot.differences(table)
    (bars,) = ax.collections
    assert [bar.tolist() for bar in bars.get_segments()] == [
        [[2, 0], [5, 0]],
        [[-0.5, 1], [2.5, 1]],
        [[-5, 2], [-2, 2]],
    ]
    zero, clear, unclear = ax.lines
    assert list(zero.get_xdata()) == [0, 0]
    assert clear.get_xydata().tolist() == [[3, 0], [-4, 2]]
    assert unclear.get_xydata().tolist() == [[0.5, 1]]
    assert unclear.get_markerfacecolor() == "white" != clear.get_markerfacecolor()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a0 - b", "a1 - b", "a2 - b"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel() == "difference of the mean return"
    assert legend_of(ax)[0] == "9 runs, 95 % t interval"


def test_many_differences_have_room():
    ax = plot.differences(pairs([1.0] * 40).assign(first="a configuration with a long name " * 2))
    assert ax.figure.get_figheight() > 10
    assert "\n- b" in ax.get_yticklabels()[0].get_text()


def test_differences_over_time():
    table = pairs([1.0, 2.0, 5.0, 6.0]).assign(first=["a", "a", "c", "c"], episode=[0, 1] * 2)
    ax = plot.differences(table)
    assert ax.lines[0].get_ydata() == [0, 0]
    assert ax.lines[2].get_xydata().tolist() == [[0, 5], [1, 6]]
    assert band_of(ax.collections[0]) == {0, 1, 3, 4}
    assert legend_of(ax)[1] == ["a - b", "c - b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("episode", "difference")


def test_distribution():
    runs = np.arange(50)
    table = pd.DataFrame({"agent": np.repeat(["sarsa", "q_learning"], 50), "run": np.tile(runs, 2)})
    table["value"] = np.append(runs, runs * 2.0)
    table.loc[99, "value"] = -np.inf
    table.attrs.update(metric="return", episode=99)
    drawn = [plot.distribution(table) for _ in range(2)]
    first, second = drawn[0].collections
    assert first.get_offsets()[:, 0].tolist() == runs.tolist()
    assert len(second.get_offsets()) == 49
    assert np.abs(second.get_offsets()[:, 1] - 1).max() < 0.4
    assert (drawn[1].collections[1].get_offsets() == second.get_offsets()).all()
    assert [tick.get_text() for tick in drawn[0].get_yticklabels()] == ["sarsa", "q_learning"]
    assert drawn[0].get_xlabel() == "return in episode 99, each run"
    medians = [line.get_xdata()[0] for line in drawn[0].lines if line.get_linewidth() == 2]
    assert medians == [24.5, 48.0]


def test_runs_far_from_the_others_are_drawn_once():
    """As dots: a box would draw them again."""
    values = [*range(20), 1000]
    ax = plot.distribution(pd.DataFrame({"run": range(21), "value": values}))
    assert not [line for line in ax.lines if 1000 in line.get_xdata()]
    assert 1000 in ax.collections[0].get_offsets()[:, 0]


@pytest.mark.parametrize("values", [[3.0], [NAN, NAN]])
def test_distribution_of_hardly_any_runs(values):
    ax = plot.distribution(pd.DataFrame({"run": range(len(values)), "value": values}))
    assert ax.get_xlabel() == "value, each run"
    ax.figure.draw_without_rendering()


def grid(nx=3, ny=2):
    """Make a summary over two hyperparameters."""
    alpha, epsilon = (axis.ravel() for axis in np.meshgrid(np.arange(nx) + 1, np.arange(ny) / 10))
    return bounded({"alpha": alpha, "epsilon": epsilon, "estimate": -1.0 * alpha + epsilon})


def test_heatmap_marks_what_could_be_the_best():
    table = grid().assign(plausible=[True, False, False, False, False, True])
    ax = plot.heatmap(table, "alpha", "epsilon")
    assert ax.collections[0].get_offsets().tolist() == [[-0.5, 0.5], [1.5, 1.5]]
    assert legend_of(ax)[1] == ["marked: could be the best"]
    row = plot.heatmap(table, "alpha", ax=plot.new_axes(1))
    assert row.collections[0].get_offsets().tolist() == [[-0.5, 0.5], [1.5, 0.5]]
    assert not plot.heatmap(grid(), "alpha").collections


def test_heatmap_of_what_should_be_little():
    table = grid()
    table.attrs["metric"] = "regret"
    cells = plot.heatmap(table, "alpha").images[0].get_array()
    assert cells[0].tolist() == [-1.0, -2.0, -3.0]


def without_notes(table):
    """Merge a table with another column: pandas drops what was noted in its attrs."""
    merged = table.merge(pd.DataFrame({"other": [1]}), how="cross")
    assert merged.attrs == {}
    return merged.drop(columns="other")


def test_labels_survive_a_merge_where_they_are_passed(results):
    """What is drawn of a merged table names what the caller names, and claims nothing else."""
    asked = {"metric": "length", "interval": "bca", "level": 0.9, "estimator": "median"}
    table = results.curves(**asked, window=4)
    merged = without_notes(table)
    whole, bare = plot.learning_curves(table), plot.learning_curves(merged)
    told = plot.learning_curves(merged, **asked, window=4)
    assert whole.get_xlabel() == told.get_xlabel() == "episode (mean over windows of 4 episodes)"
    assert whole.get_ylabel() == told.get_ylabel() == "length (steps)"
    assert legend_of(whole) == legend_of(told)
    assert legend_of(told)[0] == "median of 5 runs, 90 % BCa interval"
    assert (bare.get_xlabel(), bare.get_ylabel()) == ("episode", "estimate")
    assert legend_of(bare)[0] == "5 runs, interval"


def test_what_the_caller_says_counts_before_what_is_noted():
    ax = plot.learning_curves(curves(2, metric="length", level=0.9), metric="return", level=0.5)
    assert ax.get_ylabel() == "return"
    assert legend_of(ax)[0] == "9 runs, 50 % interval"


def test_each_picture_of_a_merged_table_takes_its_words():
    said = {"metric": "regret", "estimator": "mean"}
    bounds = {"interval": "t", "level": 0.95}
    label, legend = "mean regret of the greedy policy", "9 runs, 95 % t interval"
    forest = plot.differences(pairs([1.0]), **said, **bounds)
    assert forest.get_xlabel() == f"difference of the {label}"
    assert legend_of(forest)[0] == legend
    curve = plot.differences(pairs([1.0]).assign(episode=0), **said, **bounds, window=7)
    assert curve.get_xlabel() == "episode (mean over windows of 7 episodes)"
    assert curve.get_ylabel() == f"difference of the {label}"
    lines = plot.sensitivity_curves(sensitivity([1, 2, 3]), "alpha", **said, **bounds)
    assert lines.get_ylabel() == label
    assert lines.lines[-1].get_xdata().tolist() == [1]  # the least is the best
    assert plot.sensitivity_curves(sensitivity([1, 2, 3]), "alpha").get_ylabel() == "estimate"
    shares = curves(1).rename(columns={"episode": "threshold"})
    profiles = plot.performance_profiles(shares, metric="regret", level=0.95)
    assert profiles.get_xlabel() == "threshold: regret of the greedy policy"
    assert legend_of(profiles)[0] == "9 runs, 95 % interval"
    assert plot.performance_profiles(shares).get_xlabel() == "threshold"
    runs = pd.DataFrame({"run": [0, 1], "value": [1.0, 2.0]})
    single = plot.distribution(runs, metric="length", episode=3)
    assert single.get_xlabel() == "length (steps) in episode 3, each run"


def test_a_heatmap_says_best_only_where_it_knows_which_way_is_better():
    least = plot.heatmap(grid(), "alpha", metric="regret", estimator="mean")
    assert least.images[0].get_array()[0].tolist() == [-1.0, -2.0, -3.0]
    label = least.figure.axes[-1].get_ylabel().replace("\n", " ")
    assert label == "mean regret of the greedy policy, best over the others"
    greatest = plot.heatmap(grid(), "alpha")
    assert greatest.images[0].get_array()[0].tolist() == [-0.9, -1.9, -2.9]
    assert greatest.figure.axes[-1].get_ylabel() == "estimate, greatest over the others"
    column = plot.heatmap(grid(), "alpha", value="upper", metric="regret")
    assert column.figure.axes[-1].get_ylabel() == "upper, greatest over the others"


def test_heatmap_of_many_cells_leaves_numbers_and_names_out():
    ax = plot.heatmap(grid(60, 40), "alpha", "epsilon")
    assert not ax.texts
    assert len(ax.get_xticks()) < 30
    assert len(ax.get_yticks()) <= 20


@pytest.mark.parametrize("value", [NAN, -np.inf])
def test_heatmap_without_numbers(value):
    ax = plot.heatmap(grid().assign(estimate=value), "alpha", "epsilon")
    assert not ax.texts
    ax.figure.draw_without_rendering()


def test_value_map():
    mdp = fastq.cliff_walking()
    values = np.arange(48.0)
    values[5] = -np.inf
    ax = plot.value_map(mdp, values)
    blank = np.ma.getmaskarray(np.ma.masked_invalid(ax.images[0].get_array()))
    assert np.flatnonzero(blank).tolist() == [5, *range(37, 47)]
    assert len(ax.patches) == 10
    assert all(patch.get_hatch() for patch in ax.patches)
    assert [text.get_text() for text in ax.texts[-2:]] == ["S", "G"]
    assert ax.texts[4].get_text() == "4.0"
    assert ax.figure.axes[-1].get_ylabel() == "value"


def test_visit_map():
    mdp = fastq.windy_gridworld()
    visits = np.zeros(70)
    visits[30:33] = 1, 5, 80
    ax = plot.visit_map(mdp, visits)
    assert not isinstance(ax.images[0].norm, LogNorm)
    assert ax.images[0].get_array().count() == 3
    assert ax.images[0].to_rgba(np.array([NAN]))[0, 3] == 0  # white, as the paper
    assert ax.figure.axes[-1].get_ylabel() == "visits"
    visits[30] = 0.1
    wide = plot.visit_map(mdp, visits)
    assert isinstance(wide.images[0].norm, LogNorm)
    assert wide.figure.axes[-1].get_ylabel() == "visits (log scale)"
    nowhere = plot.visit_map(mdp, np.zeros(70))
    assert len(nowhere.texts) == 2
    nowhere.figure.draw_without_rendering()


def test_no_bounds_of_one_run_are_drawn():
    absent = {"lower": NAN, "upper": NAN, "runs": 1}
    forest = plot.differences(pairs([1.0, 2.0]).assign(**absent))
    assert legend_of(forest) == ("1 run, no interval", ["no interval"])
    profile = curves(1).rename(columns={"episode": "threshold"}).assign(**absent)
    for ax in (
        forest,
        plot.performance_profiles(profile),
        plot.learning_curves(curves(2).assign(**absent)),
        plot.differences(pairs([1.0]).assign(episode=0, **absent)),
        plot.sensitivity_curves(sensitivity([1, 2]).assign(**absent), "alpha"),
        plot.sensitivity_curves(sensitivity([1, 2]).assign(estimate=NAN, **absent), "alpha"),
    ):
        assert "no interval" in legend_of(ax)[0]
        ax.figure.draw_without_rendering()


def flat(points=40, **attrs):
    """Make two curves near 0, with bands of one on each side."""
    table = pd.DataFrame({"alpha": np.repeat([0.1, 0.2], points), "runs": 3})
    table["episode"] = np.tile(np.arange(points), 2)
    table["estimate"] = np.sin(table["episode"]) / 2
    table = table.assign(lower=table["estimate"] - 1, upper=table["estimate"] + 1)
    table.attrs.update(attrs)
    return table


@pytest.mark.parametrize("columns", [1, 2])
def test_bands_that_reach_beyond_are_cut_and_said_to(columns):
    """Bounds of a few points, 1,000 times as far off as the others, do not flatten the curves."""
    table = flat(metric="return")
    table.loc[[3, 50], "lower"] = -1000.0
    table.loc[3, "upper"] = np.inf
    ax = plot.learning_curves(table, plot.new_axes(columns))
    assert ax.get_ylabel().replace("\n", " ") == "return (band reaches beyond)"
    bottom, top = ax.get_ylim()
    assert -4 < bottom < table["lower"][4:50].min()
    assert top > table["upper"][4:].max()
    pair = table[:40].drop(columns="alpha").assign(first="a", second="b", estimate=20.0)
    ax = plot.differences(pair.assign(lower=pair["lower"] + 20, upper=pair["upper"] + 20))
    assert ax.get_ylabel().endswith("(band reaches beyond)")
    assert ax.get_ylim()[0] < 0 < ax.get_ylim()[1]  # the zero line is in sight


def test_bands_that_are_not_far_off_are_shown_whole():
    table = flat(metric="length")
    table.loc[3, "lower"] = -3.0
    ax = plot.learning_curves(table)
    assert ax.get_ylabel() == "length (steps)"
    assert ax.get_ylim()[0] < -3
    steep = curves(2, metric="return").assign(lower=-4.0)
    assert plot.learning_curves(steep).get_ylim()[0] < -4
    for same in (table.assign(lower=0.0, upper=0.0, estimate=0.0), table.assign(estimate=NAN)):
        assert plot.learning_curves(same).get_ylabel() == "length (steps)"


def test_single_runs_that_reach_beyond_are_said_to():
    table = flat(metric="return")
    table.loc[3, "lower"] = -1000.0
    every = table[["alpha", "episode"]].assign(value=np.linspace(-5, 5, 80))
    runs = pd.concat([every.assign(run=run) for run in range(5)], ignore_index=True)
    ax = plot.learning_curves(table, runs=runs)
    assert ax.get_ylabel() == "return (band reaches beyond)"
    assert ax.get_ylim()[0] < -5
    runs.loc[7, "value"] = -500.0
    ax = plot.learning_curves(table, runs=runs)
    assert ax.get_ylabel() == "return (band and runs reach beyond)"
    assert ax.get_ylim()[0] > -20


@pytest.mark.parametrize(
    ("attrs", "time", "label"),
    [
        ({}, "episode", "episode"),
        ({"window": 10}, "episode", "episode (mean over windows of 10 episodes)"),
        ({"window": 5}, "step", "time steps (mean over windows of 5 steps)"),
    ],
)
def test_smoothing_is_said_on_the_axis(attrs, time, label):
    assert plot.learning_curves(curves(2, time, **attrs)).get_xlabel() == label


BAD = [
    (lambda: plot.new_axes(3), "^columns = 3: must be 1 or 2$"),
    (lambda: plot.learning_curves(curves(1).assign(step=0)), "columns episode and step: must be"),
    (lambda: plot.learning_curves(curves(1).drop(columns="episode")), "column = 'episode': must"),
    (lambda: plot.learning_curves(curves(1), runs=curves(1)), "column = 'run': must be one of"),
    (
        lambda: plot.learning_curves(curves(1), runs=curves(1).assign(alpha=9, run=0, value=0)),
        "^runs: none has a curve",
    ),
    (lambda: plot.sensitivity_curves(sensitivity([1]), "beta"), "^hyperparameter = 'beta': must"),
    (
        lambda: plot.sensitivity_curves(sensitivity([1]).assign(kind="x"), "alpha"),
        "^kind = 'x': must be one of best, slice$",
    ),
    (lambda: plot.sensitivity_curves(pd.DataFrame(), "alpha"), "the table has no rows"),
    (lambda: plot.performance_profiles(curves(1)), "column = 'threshold': must be"),
    (lambda: plot.differences(curves(1)), "column = 'first': must be"),
    (lambda: plot.differences(pairs([])), "the table has no rows"),
    (lambda: plot.distribution(curves(1)), "column = 'run': must be"),
    (lambda: plot.value_map(fastq.windy_gridworld(), [1, 2]), r"values has shape \(2,\): must be"),
    (
        lambda: plot.policy_map(fastq.windy_gridworld(), np.ones((70, 4)), initial=[0, 1]),
        r"initial has shape \(2,\): must be a number, or of shape \(70, 4\)",
    ),
    (lambda: plot.visit_map(fastq.windy_gridworld(), -np.ones(70)), r"visits\[0\] = -1: must be a"),
    (lambda: plot.visit_map(fastq.windy_gridworld(), np.full(70, NAN)), r"visits\[0\] = nan"),
]


@pytest.mark.parametrize(("draw", "message"), BAD)
def test_bad_tables(draw, message):
    with pytest.raises(fastq.InputError, match=message):
        draw()


@pytest.mark.parametrize(
    ("runs", "label"), [([5, 5], "5 runs"), ([1], "1 run"), ([9, 3, 5], "3 to 9 runs")]
)
def test_the_label_of_runs_goes_from_few_to_most(runs, label):
    assert style.runs_label(pd.Series(runs)) == label
