"""Races: the full sweep's runs, the full sweep's winner, and fewer runs."""

import inspect

import numpy as np
import pandas as pd
import pytest

import fastq
from fastq import statistics
from fastq.execution import chunks
from fastq.execution.race import looks, still_left
from fastq.results import policy_value
from tests.conftest import contents, rerun

FIELDS = {
    "env": "fastq/CliffWalking-v0",
    "agent": "q_learning",
    "grid": {"alpha": [0.1, 0.3, 0.5, 0.7, 0.9]},
    "episodes": 30,
    "runs": 50,
}
SWEEP = fastq.Sweep(**FIELDS)
NOISY = fastq.FiniteMDP.from_arrays(
    np.ones((1, 4, 1)), [0.0], reward_sd=1.0, max_steps=5, name="noisy"
)


def race(out, sweep=SWEEP, **options):
    """Race with looks from 10 runs on, unless told otherwise: most sweeps here have few."""
    options = {"first_runs": 10, **options}
    return fastq.race(sweep, out, progress=False, n_jobs=1, **options)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return rerun(FIELDS, tmp_path_factory.mktemp("full") / "x")


def test_looks():
    assert looks(10, 100) == [10, 20, 40, 80, 100]
    assert looks(10, 10) == looks(20, 10) == [10]
    assert looks(1, 4) == [1, 2, 4]


def test_a_race_runs_what_the_full_sweep_would(full, tmp_path):
    found = race(tmp_path / "x")
    episodes, everything = found.results.episodes(), full.episodes()
    runs = dict(zip(found.table["alpha"], found.table["runs"], strict=True))
    wanted = everything[everything["run"] < everything["alpha"].map(runs)]
    pd.testing.assert_frame_equal(episodes, wanted.reset_index(drop=True), check_exact=True)
    assert found.done == len(episodes) // 30 == found.table["runs"].sum()
    assert found.done + found.saved == found.results.total == 250
    assert found.saved > 50
    best = full.summary().sort_values("estimate").iloc[-1]
    assert {"alpha": best["alpha"]} in found.left
    are = "is" if len(found.left) == 1 else "are"
    assert str(found).startswith(f"{len(found.left)} of 5 configurations {are} left; {found.done}")


def test_a_finished_study_decides_the_same_and_computes_nothing(full, tmp_path):
    before = contents(full.directory / "parts")
    again, fresh = race(full.directory), race(tmp_path / "x")
    pd.testing.assert_frame_equal(again.table, fresh.table)
    assert contents(full.directory / "parts") == before


def test_an_interrupted_race_is_resumed_and_a_sweep_completes_it(full, tmp_path, monkeypatch):
    expected = race(tmp_path / "whole")
    compute, count = chunks._compute, iter(range(100))

    def stopped(chunk):
        if next(count) == 7:
            raise KeyboardInterrupt
        return compute(chunk)

    monkeypatch.setattr(chunks, "_compute", stopped)
    with pytest.raises(KeyboardInterrupt):
        race(tmp_path / "x", chunk_size=8)
    monkeypatch.setattr(chunks, "_compute", compute)
    found = race(tmp_path / "x")
    pd.testing.assert_frame_equal(found.table, expected.table)
    pd.testing.assert_frame_equal(
        rerun(FIELDS, tmp_path / "x").episodes(), full.episodes(), check_exact=True
    )


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"record": "moments"}, {}, "metric = 'return': needs each run, for record"),
        ({"record": "summary"}, {"metric": "steps_to:-9"}, "needs each episode"),
        ({}, {"metric": "return_last:31"}, "'return_last:31': must be at most 30, a run's"),
        ({}, {"metric": "x"}, "metric = 'x': must be one of"),
        ({}, {"level": 1.5}, r"level = 1.5: must be a number in \(0, 1\)"),
        ({}, {"first_runs": 0}, "first_runs = 0: must be an integer from 1"),
        ({}, {"guarantee": "all"}, "guarantee = 'all': must be one of seen, any"),
        (
            {"env": NOISY},
            {"guarantee": "any"},
            "metric = 'return': has no bounds, for rewards of 'noisy' are normal",
        ),
    ],
)
def test_bad_input_changes_nothing(tmp_path, changes, options, message):
    with pytest.raises(fastq.InputError, match=message):
        race(tmp_path / "x", fastq.Sweep(**{**FIELDS, **changes}), **options)
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_solved_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(policy_value, "_MOST_PAIRS", 100)
    with pytest.raises(fastq.InputError, match="metric = 'regret': takes exact values"):
        race(tmp_path / "x", metric="regret")
    assert not (tmp_path / "x").exists()


def test_what_would_say_nothing_is_not_begun(tmp_path):
    sweep = fastq.Sweep(**{**FIELDS, "env": fastq.dyna_maze()})
    with pytest.raises(fastq.InputError, match="optimal actions may go round for ever"):
        race(tmp_path / "x", sweep, metric="optimal_actions")
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
@pytest.mark.parametrize("gap", [0.0, 0.3], ids=["equal", "a small gap"])
def test_the_best_is_dropped_no_more_often_than_is_said(gap):
    rng, dropped, counts = np.random.default_rng(4), 0, looks(10, 80)
    for _ in range(150):
        values = rng.normal(size=(80, 1)) + rng.normal(size=(80, 8))
        values -= gap * np.minimum(np.arange(8), 1)
        left = np.ones(8, dtype=bool)
        for count in counts:
            left = still_left(values[:count], left, 0.95, len(counts), resamples=400)
        dropped += not left[0]
    assert dropped <= 0.08 * 150


def test_what_is_far_behind_goes_at_the_first_look():
    values = np.random.default_rng(5).normal(size=(10, 4)) - [0, 0, 9, 9]
    left = still_left(values, np.array([True, True, True, False]), 0.95, 4)
    assert left.tolist() == [True, True, False, False]


@pytest.mark.parametrize("record", ["summary", {"window": 7}], ids=str)
def test_a_race_by_what_was_learned(tmp_path, record):
    """Regret needs no episode on record."""
    sweep = fastq.Sweep(**{**FIELDS, "runs": 20, "record": record})
    found = race(tmp_path / "x", sweep, metric="regret")
    values = found.results.values("regret")
    for index, (runs, estimate) in enumerate(found.table[["runs", "estimate"]].to_numpy()):
        assert estimate == pytest.approx(values[: int(runs), index].mean())
    left = found.table["left"]
    assert found.table["runs"][left].eq(found.table["runs"].max()).all()
    assert left[found.table["estimate"].where(left).argmin()]


@pytest.mark.parametrize("guarantee", ["seen", "any"])
def test_a_race_ends_when_one_is_left(tmp_path, guarantee):
    """It is decided at the first of three looks; the winner gets no more runs either."""
    sweep = of_arms(bandit(-1.0, 0.0, 0.5), runs=160)
    assert len(looks(40, 160)) == 3
    found = race(tmp_path / "x", sweep, first_runs=40, guarantee=guarantee)
    assert found.table["left"].tolist() == [True, False]
    assert found.table["runs"].tolist() == [40, 40]
    assert found.done == found.results.finished == 80
    assert found.sentences()[:2] == [
        "1 of 2 configurations is left; 80 of 320 runs were done, and 240 were saved.",
        "The best of 2 configurations by return is epsilon = 0.",
    ]


def test_the_sentences_of_a_race_in_which_nothing_is_decided(tmp_path):
    same = fastq.FiniteMDP.from_arrays([4 * [[(1.0, 0, 1.0, True)]]], name="same")
    found = race(tmp_path / "x", of_arms(same, runs=20))
    assert found.sentences() == [
        "2 of 2 configurations are left; 40 of 40 runs were done, and 0 were saved.",
        "The best of 2 configurations by return is epsilon = 0.",
        "Its mean return over the 20 runs that selected it is 1 [1, 1], at 95 % confidence.",
        "1 other configuration has exactly the same mean.",
        "It was not trained on fresh runs, so the selection may flatter it.",
        "Besides it, the best could be epsilon = 1.",
        "The best lies at the edge of the grid in epsilon (the least of 2 values).",
        "The best is among those left at 95 % confidence, unless rare failures decide: failures in "
        "less than 14 % of runs may show in none of 20.",
        "No episode was truncated, and no run diverged.",
    ]
    assert found.best == {"epsilon": 0.0}


def test_less_may_be_better(tmp_path):
    found = race(tmp_path / "x", metric="length", level=0.9)
    table = found.table.sort_values("estimate")
    assert table["left"].iloc[0]
    assert not table["left"].iloc[-1]


FIRST_RUNS = inspect.signature(fastq.race).parameters["first_runs"].default


@pytest.mark.parametrize(("rivals", "most"), [(1, 0.1), (4, 0.1)])
def test_the_best_is_seldom_dropped_among_rivals_that_fail_rarely(rivals, most):
    """They lead by 0.5, and lose 20 in 5 % of runs: 55 and 98 of 100 races of 10 runs end wrong."""
    rng, dropped, counts = np.random.default_rng(6), 0, looks(FIRST_RUNS, 240)
    for _ in range(100):
        values = 0.1 * rng.normal(size=(240, 1 + rivals))
        values[:, 1:] += 0.5 - 20 * (rng.random((240, rivals)) < 0.05)
        left = np.ones(1 + rivals, dtype=bool)
        for count in counts:
            left = still_left(values[:count], left, 0.95, len(counts), resamples=200)
            if left.sum() == 1:
                break
        dropped += not left[0]
    assert dropped <= most * 100


def bandit(rival, cost, rate):
    """One step: action 0 pays 0, the three others `rival` or, rarely, `cost` less."""
    safe = [(1.0, 0, 0.0, True)]
    risky = [(1 - rate, 0, rival, True), (rate, 0, rival - cost, True)]
    return fastq.FiniteMDP.from_arrays([[safe, risky, risky, risky]], name="bandit")


def of_arms(mdp, runs=240, seed=0):
    """Let the first configuration keep to action 0, and the second take any."""
    return fastq.Sweep(
        env=mdp,
        agent="q_learning",
        grid={"epsilon": [0.0, 1.0]},
        episodes=1,
        runs=runs,
        seed=seed,
    )


def test_a_race_that_looks_later_sees_what_fails_rarely(tmp_path):
    """Of real runs: none fails among the first 10, some do among the first 60."""
    sweep = of_arms(bandit(0.5, 20.0, 0.0667), seed=3)
    found = race(tmp_path / "x", sweep, first_runs=FIRST_RUNS)
    fails = found.results.values("return")[:, 1] < -10
    assert not fails[:10].any()
    assert fails[:60].any()
    assert found.table["left"][0]
    assert found.table["seen"].tolist() == [statistics.visible_rate(n) for n in found.table["runs"]]
    assert found.table["doubtful"].tolist() == [False, True]
    doubt = "1 of 2 intervals is doubtful" in str(found)
    assert doubt == found.table["left"][1]
    early = race(tmp_path / "y", sweep)
    assert not early.table["left"][0]  # a negative control
    assert early.sentences()[-2] == (
        "The best is among those left at 95 % confidence, unless rare failures decide: failures in "
        "less than 14 % of runs may show in none of 20."
    )


def test_a_guarantee_for_any_distribution(tmp_path):
    sweep = of_arms(bandit(0.5, 20.0, 0.0667), seed=3)
    careful = race(tmp_path / "x", sweep, guarantee="any")
    assert careful.table["left"].all()
    assert "at 95 % confidence, whatever the distribution of runs" in str(careful)
    assert "doubtful" not in str(careful)
    clear = of_arms(bandit(-1.0, 0.0, 0.5))
    found = race(tmp_path / "y", clear, guarantee="any", first_runs=40)
    assert found.table["left"].tolist() == [True, False]
    assert found.done == 2 * 40
    shorter = race(tmp_path / "z", of_arms(bandit(-1.0, 0.0, 0.5), 10), guarantee="any")
    assert shorter.table["left"].all()


def test_a_guarantee_holds_for_metrics_of_which_less_is_better(tmp_path):
    sweep = of_arms(bandit(-1.0, 0.0, 0.5))
    found = race(tmp_path / "x", sweep, guarantee="any", metric="regret", first_runs=40)
    values = found.results.values("regret")
    assert found.table["estimate"].tolist() == pytest.approx(np.nanmean(values, axis=0).tolist())
    assert found.table["left"][0]
