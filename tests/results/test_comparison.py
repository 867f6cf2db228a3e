"""Comparisons: agents at their best, paired run by run, and what is said of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq import statistics
from fastq.results.comparison import compare
from fastq.study.metrics import find_metric
from tests.conftest import SMALL, rerun

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


@given(st.permutations(range(3)), st.sampled_from(["return", "length"]))
@settings(derandomize=True, deadline=None, max_examples=12)
def test_pairs_turned_round_are_the_negative(order, metric):
    rng = np.random.default_rng(8)
    values, fresh = rng.normal([0, 0.5, 1], size=(2, 9, 3))
    points = pd.DataFrame({"agent": ["a", "b", "c"]})

    def pairs(indexs):
        some = points.iloc[list(indexs)].reset_index(drop=True)
        asked = find_metric(metric), lambda index: fresh[:, indexs[index]], 0.95
        found = compare(values[:, indexs], some, "agent", *asked).differences
        return {(row["first"], row["second"]): row for row in found.to_dict("records")}

    expected = pairs([0, 1, 2])
    for (first, second), row in pairs(order).items():
        same = (first, second) in expected
        other = expected[(first, second) if same else (second, first)]
        sign, lower, upper = (1, "lower", "upper") if same else (-1, "upper", "lower")
        for name, as_name in (("estimate", "estimate"), ("lower", lower), ("upper", upper)):
            assert row[name] == pytest.approx(sign * other[as_name])
        better = [other[f"improvement{end}"] for end in ("", f"_{lower}", f"_{upper}")]
        turned = [row["improvement"], row["improvement_lower"], row["improvement_upper"]]
        assert turned == pytest.approx(better if same else [1 - share for share in better])


def test_agents_are_paired_run_by_run(agents, tmp_path):
    found = agents.compare(confirm_runs=8)
    more = rerun(AGENTS, tmp_path / "more", runs=14).runs()
    values = []
    for _, winner in found.winners.iterrows():
        own = more[(more["agent"] == winner["agent"]) & (more["alpha"] == winner["alpha"])]
        values.append(own[own["run"] >= 6]["value"].to_numpy())
        assert winner["confirmed"] == pytest.approx(values[-1].mean())
    gap = fastq.statistics.paired_difference(*values)
    row = found.differences.iloc[0]
    assert (row["first"], row["second"], row["runs"]) == ("q_learning", "sarsa", 8)
    assert row[["estimate", "lower", "upper"]].tolist() == pytest.approx([float(x) for x in gap])
    assert row["improvement"] == pytest.approx(
        np.mean((values[0] > values[1]) + 0.5 * (values[0] == values[1]))
    )
    often = "q_learning does better than sarsa in the same run with probability"
    assert f"{often} {row['improvement']:.4g} [" in str(found)
    assert str(found).split("\n\n")[0].splitlines() == found.sentences()


def test_intervals_of_many_pairs_hold_together(agents):
    two, four = agents.compare(), agents.compare(by="alpha")
    assert len(two.differences) == len(four.differences) == 1
    rng = np.random.default_rng(0)
    values = rng.normal(size=(10, 3))
    points = pd.DataFrame({"agent": ["a", "b", "c"]})
    found = compare(
        values, points, "agent", find_metric("length"), lambda index: values[:, index], 0.95
    ).differences
    assert found["first"].tolist() == ["a", "a", "b"]
    each = fastq.statistics.paired_difference(values[:, 0], values[:, 1], level=1 - 0.05 / 3)
    assert found["lower"][0] == pytest.approx(float(each.lower))
    better = np.mean(values[:, 0] < values[:, 1])  # a shorter one is better
    assert found["improvement"][0] == pytest.approx(better)


def test_one_value_cannot_be_compared(tmp_path):
    results = rerun({**SMALL, "grid": {"alpha": [0.5]}}, tmp_path / "x", runs=2, episodes=2)
    with pytest.raises(fastq.InputError, match="by = 'alpha': has one value"):
        results.compare(by="alpha")


def test_a_difference_that_few_runs_make_is_doubtful():
    rng = np.random.default_rng(10)
    values = rng.normal(size=(60, 2))
    points, metric = pd.DataFrame({"agent": ["a", "b"]}), find_metric("return")

    def compared():
        return compare(values, points, "agent", metric, lambda index: values[:, index], 0.95)

    assert compared().differences["doubtful"].tolist() == [False]
    assert "doubtful" not in str(compared())
    values[7, 1] = -30.0
    assert compared().differences["doubtful"].tolist() == [True]
    assert "1 of 1 intervals is doubtful" in str(compared())
    assert compared().sentences()[-1] == (
        "Failures in less than 4.9 % of runs may show in none of 60."
    )


def made(first, second, metric="return", names=("a", "b"), by="agent", **points):
    """Compare two, each with one configuration, by made-up runs that are fresh too."""
    values = np.column_stack([first, second]).astype(float)
    table = pd.DataFrame({by: names, **points})
    return compare(values, table, by, find_metric(metric), lambda index: values[:, index], 0.95)


@pytest.mark.parametrize("metric", ["return", "length"])
def test_the_optimism_of_each_is_positive_where_fresh_runs_are_worse(metric):
    sign = find_metric(metric).sign
    values = np.random.default_rng(12).normal(size=(9, 2))
    points = pd.DataFrame({"agent": ["a", "b"]})
    found = compare(
        values, points, "agent", find_metric(metric), lambda i: values[:, i] - sign * 3.0, 0.95
    )
    assert found.winners["optimism"].tolist() == pytest.approx([3.0, 3.0])


def test_the_probability_is_that_of_pairs():
    """The second is ahead by a little in each run, and runs differ by far more."""
    luck = 100 * np.random.default_rng(13).normal(size=12)
    found = made(luck, luck + 1).differences.iloc[0]
    paired = statistics.probability_of_improvement(luck, luck + 1, 0.95, paired=True)
    apart = statistics.probability_of_improvement(luck, luck + 1, 0.95, paired=False)
    told = [found[f"improvement{end}"] for end in ("", "_lower", "_upper")]
    assert told == [float(paired.estimate), float(paired.lower), float(paired.upper)]
    assert told[0] == 0
    assert apart.estimate > 0.3  # a negative control
    assert told[2] < apart.upper


LUCK = np.array([1.0, 2.0, 4.0, 5.0])
AHEAD = np.array([8.0, 9.0, 9.0, 10.0])
HEAD = (
    "Each agent was tuned by return, then trained on 4 fresh runs, which had no part in the tuning."
)
TAIL = [
    "The interval of the difference holds at 95 % confidence.",
    "Failures in less than 53 % of runs may show in none of 4.",
]
MEAN_A = "The mean return of a over 4 fresh runs is 3 [0.09484, 5.905], at 95 % confidence."


def test_the_sentences_of_a_clear_difference():
    found = made(LUCK, LUCK + AHEAD, alpha=[0.1, 0.5])
    assert found.sentences() == [
        HEAD,
        "a does best with alpha = 0.1.",
        MEAN_A,
        "b does best with alpha = 0.5.",
        "The mean return of b over 4 fresh runs is 12 [7.891, 16.11], at 95 % confidence.",
        "b is better than a by 9 [7.701, 10.3], which is beyond chance.",
        "a does better than b in the same run with probability 0 [0, 0.6024].",
        *TAIL,
    ]


def test_where_less_is_better_the_lesser_is_better():
    said = made(LUCK, LUCK + AHEAD, metric="length").sentences()
    assert "a is better than b by 9 [7.701, 10.3], which is beyond chance." in said
    assert "a does better than b in the same run with probability 1 [0.3976, 1]." in said


def test_the_sentences_where_no_difference_is_shown():
    assert made(LUCK, LUCK).sentences() == [
        HEAD,
        MEAN_A,
        MEAN_A.replace(" a ", " b "),
        "No difference of a and b is shown: the mean of a less that of b is 0 [0, 0].",
        "a does better than b in the same run with probability 0.5 [0.06759, 0.9324].",
        *TAIL,
    ]


def test_the_sentences_of_one_run():
    said = made([1], [3], names=(0.1, 0.5), by="alpha").sentences()
    assert said == [
        "Each value of alpha was tuned by return, then trained on 1 fresh run, which had no part "
        "in the tuning.",
        "The mean return of alpha = 0.1 over 1 fresh run is 1 (no interval).",
        "The mean return of alpha = 0.5 over 1 fresh run is 3 (no interval).",
        "One run says nothing of alpha = 0.1 and alpha = 0.5: the mean of alpha = 0.1 less that of "
        "alpha = 0.5 is -2 (no interval).",
        said[4],
        "Failures in less than 95 % of runs may show in none of 1.",
    ]
    assert said[4].startswith("alpha = 0.1 does better than alpha = 0.5 in the same run with prob")


def test_the_sentences_of_runs_that_failed():
    said = made([1.0, np.inf, 2.0], [3.0, 4.0, 4.0]).sentences()
    assert said[1:4] == [
        "No configuration of a is the best: the return of a run of each is not finite.",
        "The mean return of a over 3 fresh runs is not known: the return of a run is not finite.",
        "The mean return of b over 3 fresh runs is 3.667 [2.232, 5.101], at 95 % confidence.",
    ]
    assert "The means of a and b cannot be compared: the return of a run is not finite." in said
    assert not any("interval of the difference" in one for one in said)


def test_the_intervals_of_several_pairs_are_said_to_hold_together():
    values = np.column_stack([LUCK, LUCK + 1, LUCK**2])
    found = compare(
        values,
        pd.DataFrame({"agent": ["a", "b", "c"]}),
        "agent",
        find_metric("return"),
        lambda index: values[:, index],
        0.9,
    )
    said = found.sentences()
    assert "The intervals of the 3 differences hold at 90 % confidence, all together." in said


def test_the_best_of_each_may_lie_at_the_edge_of_the_grid(agents):
    found = agents.compare()
    for name, alpha in found.winners[["agent", "alpha"]].to_numpy():
        side = {0.2: "least", 0.5: "greatest"}[alpha]
        at = f"The best of {name} lies at the edge of the grid in alpha (the {side} of 2 values)."
        assert at in found.sentences()
    assert "No episode was truncated, and no run diverged." in found.sentences()
    said = agents.compare(by="alpha").sentences()  # what is left to tune are agents, no numbers
    assert not any("edge" in one for one in said)
    assert f"alpha = 0.5 does best with {agents.compare(by='alpha').winners['agent'][1]}." in said
