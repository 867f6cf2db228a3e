"""Fair selection: the set of the best, fresh runs, and optimism."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import fastq
from fastq.results import fresh_runs as rerun_module
from fastq.results import selection
from fastq.results.fresh_runs import metric_of_runs
from fastq.study.metrics import find_metric
from tests.conftest import SMALL, rerun

NOT_FRESH = "It was not trained on fresh runs, so the selection may flatter it."
POINTS = pd.DataFrame({"alpha": [0.1, 0.2, 0.3, 0.4, 0.5]})
AGENTS = {
    "env": "fastq/CliffWalking-v0",
    "agent": ["q_learning", "sarsa"],
    "grid": {"alpha": [0.2, 0.5]},
    "episodes": 20,
    "runs": 6,
}


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    return rerun(AGENTS, tmp_path_factory.mktemp("agents") / "x")


def selected(rng, means, runs=20, metric="return"):
    """Select among made-up configurations of which the truth is known."""

    def draw(index):
        return rng.normal(means[index], 1, size=runs)

    values = np.column_stack([draw(index) for index in range(len(means))])
    return selection.select(values, POINTS, find_metric(metric), draw, 0.95, 0)


@pytest.mark.parametrize("word", ["steps_to:-5", "episodes_to:-12.5"])
def test_a_return_that_no_run_has_says_nothing(agents, word):
    """The best there can be is -13; each run would count as long as it is."""
    greatest = agents.episodes()["return"].max()
    for ask in (agents.select, agents.compare, agents.summary, agents.sensitivity):
        with pytest.raises(
            fastq.InputError, match=f"metric = '{word}': no run has .* or more; mus"
        ):
            ask(word)
    found = agents.summary(f"steps_to:{greatest}")
    assert (found["estimate"] > 0).all()


def test_a_share_of_optimal_actions_that_would_say_nothing_is_refused(tmp_path):
    fields = {**SMALL, "env": fastq.dyna_maze(), "max_steps": 50, "fixed": {"gamma": 1.0}}
    results = rerun(fields, tmp_path / "x", runs=2, episodes=2)
    for ask in (results.summary, results.select, results.values, results.curves):
        with pytest.raises(fastq.InputError, match="optimal actions may go round for ever"):
            ask("optimal_actions")
    assert (results.summary("value")["estimate"] <= 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "sign"), [("return", 1), ("regret", -1)])
def test_the_luck_of_the_winner_is_told(metric, sign):
    """Of five equal ones the best of twenty runs looks better by 1.16 standard errors."""
    rng = np.random.default_rng(0)
    found = [selected(rng, np.zeros(5), metric=metric) for _ in range(200)]
    optimism = np.array([one.optimism.estimate for one in found])
    assert optimism.mean() == pytest.approx(1.163 / np.sqrt(20), abs=0.05)
    fresh = [sign * one.confirmed.estimate for one in found]
    assert np.mean(fresh) == pytest.approx(0, abs=0.05)
    covered = [one.confirmed.lower <= 0 <= one.confirmed.upper for one in found]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
    flattered = [one.selected.lower <= 0 <= one.selected.upper for one in found]
    assert np.mean(flattered) < 0.92  # a negative control
    assert np.mean([one.table["plausible"].mean() for one in found]) > 0.9
    told = [one.optimism.lower <= 1.163 / np.sqrt(20) <= one.optimism.upper for one in found]
    assert np.mean(told) >= 0.93


@pytest.mark.parametrize(("runs", "fresh_runs"), [(2, 2), (20, 5), (3, 40)])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_optimism_has_welchs_interval(runs, fresh_runs, scale):
    rng = np.random.default_rng(6)
    values, fresh = scale * rng.normal(size=(runs, 1)), scale * rng.normal(2, 3, size=fresh_runs)
    metric = find_metric("regret")
    found = selection.select(values, POINTS[:1], metric, lambda _: fresh, 0.9, 0).optimism
    welch = stats.ttest_ind(-values[:, 0], -fresh, equal_var=False)
    assert found.estimate == pytest.approx(fresh.mean() - values.mean())
    assert (found.lower, found.upper) == pytest.approx(tuple(welch.confidence_interval(0.9)))


@given(
    st.lists(st.integers(-2, 2), min_size=4, max_size=4),
    st.sampled_from([0.7441, 1 / 3, -15.0, 1e-200]),
)
@settings(derandomize=True, deadline=None, max_examples=50)
def test_runs_that_rounding_parts_are_no_cause_for_alarm(ulps, value):
    """The same policy has the same value but for rounding: no interval of it is wide."""
    values = (value + np.spacing(value) * np.array(ulps)).reshape(2, 2)
    found = selection.select(
        values[:, :1], POINTS[:1], find_metric("value"), lambda _: values[:, 1], 0.95, 0
    )
    assert found.selected.estimate == pytest.approx(value, rel=1e-14, abs=0)
    assert abs(found.optimism.estimate) <= 1e-14 * abs(value)
    assert found.optimism.lower <= found.optimism.estimate <= found.optimism.upper
    assert found.optimism.upper - found.optimism.lower <= 1e-13 * abs(value)


def test_what_is_far_ahead_is_alone():
    found = selected(np.random.default_rng(1), np.array([0, 0, 5, 0, 0]))
    assert found.best == {"alpha": 0.3}
    assert found.table["plausible"].tolist() == [False, False, True, False, False]
    assert found.table["wins"].tolist() == [0, 0, 1, 0, 0]
    assert found.fresh_runs == found.runs == 20


def test_a_configuration_that_was_dropped_does_not_win():
    values = np.random.default_rng(2).normal([0, 1, 0], size=(40, 3))
    values[0, 2], values[1:, 2] = 9, np.nan
    found = selection.select(values, POINTS[:3], find_metric("return"), None, 0.95, 0)
    assert found.table["runs"].tolist() == [40, 40, 1]
    assert found.fresh_runs == 0
    assert np.isnan(found.confirmed.estimate)
    assert str(found).splitlines()[2] == NOT_FRESH


def test_only_the_likeliest_are_printed():
    values, grid = np.random.default_rng(7).normal(size=(30, 13)), np.arange(13) / 16
    points = pd.DataFrame({"alpha": grid})
    found = selection.select(values, points, find_metric("return"), None, 0.99, 0)
    assert found.table["plausible"].all()
    said, _, table = str(found).partition("\n\n")
    assert said.splitlines() == found.sentences()
    order = found.table.sort_values("wins", ascending=False, kind="stable")["alpha"]
    likeliest = [f"alpha = {alpha:g}" for alpha in order if alpha != found.best["alpha"]][:5]
    assert found.sentences() == [
        f"The best of 13 configurations by return is alpha = {found.best['alpha']:g}.",
        f"Its mean return over the 30 runs that selected it is {found.selected}, at 99 % "
        "confidence.",
        NOT_FRESH,
        "13 of 13 configurations could be the best, at 99 % confidence.",
        f"Besides it, the best could be {'; '.join(likeliest)}; and 7 more.",
        "The best does not lie at the edge of the grid.",
        "1 of 13 intervals is doubtful, and may be far too narrow: a few runs are far from the "
        "others.",
        "Failures in less than 14 % of runs may show in none of 30.",
    ]
    *lines, more = table.splitlines()[1:]
    assert more == "  and 3 more"
    printed = [float(line.split()[-1]) for line in lines]
    assert printed == pytest.approx(sorted(found.table["wins"])[:2:-1], abs=1e-6)


@pytest.mark.parametrize("metric", ["return", "steps_to:-50", "regret"])
def test_runs_that_are_trained_again_are_the_sweeps_own(agents, metric, monkeypatch):
    """Bit for bit, and however few are held at a time."""
    asked, numbers = find_metric(metric), np.array([4, 1, 5, 0])
    expected = agents.values(metric)[numbers]
    for held in (rerun_module._ROWS, 20, 1):
        monkeypatch.setattr(rerun_module, "_ROWS", held)
        for index, configuration in enumerate(agents.sweep.configurations):
            found = metric_of_runs(agents.sweep, configuration, asked, numbers)
            assert found.tolist() == expected[:, index].tolist()


def test_without_fresh_runs_nothing_is_confirmed(agents):
    found, confirmed = agents.select("length", confirm_runs=0), agents.select("length")
    assert found.best == confirmed.best
    assert found.selected == confirmed.selected
    assert np.isnan([*found.confirmed, *found.optimism]).all()
    assert (found.fresh_runs, confirmed.fresh_runs) == (0, 6)
    assert "optimism" not in str(found)


def test_fresh_runs_are_those_of_the_algorithm_that_the_study_holds(tmp_path):
    """An edit after the sweep changes nothing of what is said of it, but that it is stale."""

    def write(factor):
        (tmp_path / "mine.py").write_text(
            "import fastq\n"
            "class Mine(fastq.Algorithm):\n"
            "    step: fastq.StepSize = 0.5\n"
            "    def act(q, state, u, agent):\n"
            "        return int(u * q.shape[1])\n"
            "    def update(q, step, agent):\n"
            f"        q[step.state, step.action] += {factor} * step.reward\n"
        )

    write(1.0)
    fields = {**SMALL, "agent": f"{tmp_path}/mine.py:Mine", "grid": {"step": [0.1, 0.2]}}
    before = rerun({**fields, "fixed": {}, "max_steps": 20}, tmp_path / "x", runs=2)
    expected = before.values("value"), before.select().confirmed
    write(2.0)
    results = fastq.Results(tmp_path / "x")
    with pytest.warns(fastq.StaleWarning, match="were made by an older version of mine.py"):
        results.summary()
    assert results.values("value").tolist() == expected[0].tolist()
    assert results.select().confirmed == expected[1]


def test_fresh_runs_are_those_after_the_studys(agents, tmp_path):
    found = agents.select(confirm_runs=9)
    more = rerun(AGENTS, tmp_path / "more", runs=15)
    best = more.runs()
    for name, value in found.best.items():
        best = best[best[name] == value]
    fresh = best[best["run"] >= 6]["value"]
    assert found.fresh_runs == len(fresh) == 9
    assert found.confirmed.estimate == pytest.approx(fresh.mean(), rel=1e-12)
    assert found.selected.estimate == pytest.approx(best[best["run"] < 6]["value"].mean())
    said = found.sentences()
    assert said[0].startswith("The best of 4 configurations by return is " + found.best["agent"])
    assert said[2] == f"Its mean return over 9 fresh runs is {found.confirmed}, at 95 % confidence."


@pytest.mark.parametrize("runs", [1, 2])
def test_few_or_equal_runs_are_defined(tmp_path, runs):
    fields = {**AGENTS, "env": fastq.random_walk(), "fixed": {"gamma": 1.0}, "max_steps": 1}
    results = rerun(fields, tmp_path / "x", runs=runs)
    assert results.select().table["plausible"].all()
    gap = results.compare().differences.iloc[0]
    assert gap["estimate"] == 0
    assert np.isnan(gap["lower"]) == (runs == 1)
    assert ("no interval" in str(results.select())) == (runs == 1)
    assert ("One run says nothing" in str(results.compare())) == (runs == 1)
    assert ("No difference of" in str(results.compare())) == (runs == 2)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.compare(), "by = 'agent': must be one of alpha, epsilon"),
        (lambda r: r.compare(by="alpha", confirm_runs=0), "confirm_runs = 0: must be"),
        (lambda r: r.select(confirm_runs=-1), "confirm_runs = -1: must be"),
        (lambda r: r.select("x"), "metric = 'x': must be one of"),
        (lambda r: r.select(level=2), r"level = 2: must be a number in \(0, 1\)"),
        (lambda r: r.select(seed="a"), "seed = 'a': must be an integer"),
    ],
)
def test_bad_arguments(results, ask, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        ask(results)
    assert "\n" not in str(caught.value)


def test_a_sweep_that_is_not_finished(tmp_path):
    results = rerun(SMALL, tmp_path / "x", runs=2)
    larger = fastq.Sweep(**{**SMALL, "runs": 2, "grid": {"alpha": [0.5, 0.7], "epsilon": [0.1]}})
    with pytest.raises(fastq.InputError, match="1 of 2 configurations have no runs yet"):
        fastq.Results(results.store, larger).select()


def test_a_few_runs_far_off_make_a_choice_doubtful():
    rng = np.random.default_rng(9)
    values = rng.normal(size=(60, 3))
    values[[3, 40], 1] -= 20.0
    found = selection.select(values, POINTS[:3], find_metric("return"), None, 0.95, 0)
    assert found.table["doubtful"].tolist() == [False, True, False]
    assert found.table["plausible"].all()
    said = found.sentences()
    assert said[-2].startswith("1 of 3 intervals is doubtful, and may be far too narrow")
    calm = selection.select(values[:, ::2], POINTS[:2], find_metric("return"), None, 0.95, 0)
    assert "doubtful" not in str(calm)


@pytest.mark.parametrize(("metric", "sign"), [("return", 1), ("length", -1)])
def test_what_could_not_be_the_best_does_not_win(metric, sign):
    """A race drops it after few runs, by luck or not: its mean may still be the greatest."""
    means = sign * np.array([0.0, 5.0, 5.2])
    values = np.random.default_rng(11).normal(means, 0.1, size=(40, 3))
    values[:, 0] += sign * 9.0
    values[3:, 0] = np.nan
    values[:3, 1] += sign * 30.0  # in these runs it is ahead of the first one
    found = selection.select(values, POINTS[:3], find_metric(metric), None, 0.95, 0)
    estimate = sign * found.table["estimate"]
    assert not found.table["plausible"][0]
    assert estimate[0] > estimate[1:].max()  # a negative control: the greatest does not win
    assert found.best != {"alpha": 0.1}
    assert found.best == {"alpha": [0.1, 0.2, 0.3][estimate[1:].idxmax()]}
