"""Metrics of runs against plain loops over their episodes."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import fastq
from fastq.study import metrics
from fastq.study.metrics import DEFINITIONS, find_metric, of_learning

RNG = np.random.default_rng(0)
RETURNS = RNG.integers(-50, 0, size=(40, 30)).astype(float)
LENGTHS = RNG.integers(1, 60, size=(40, 30)).astype(np.int32)


def naive(text, returns, lengths):
    """What a metric says of one run."""
    name, _, number = text.partition(":")
    both = list(zip(returns.tolist(), lengths.tolist(), strict=True))
    if name in ("return", "length"):
        return sum(one[name == "length"] for one in both) / len(both)
    if name == "return_last":
        last = both[-int(number or len(both) // 10) :]
        return sum(one for one, _ in last) / len(last)
    if name == "return_over_steps":
        each = [one for one, steps in both for _ in range(steps)]
        return sum(each) / len(each)
    if name == "reward_per_step":
        return sum(one for one, _ in both) / sum(steps for _, steps in both)
    episodes = steps_taken = 0
    for one, steps in both:
        episodes, steps_taken = episodes + 1, steps_taken + steps
        if one >= float(number):
            break
    return episodes if name == "episodes_to" else steps_taken


@pytest.mark.parametrize(
    "text",
    [
        "return", "length", "return_last", "return_last:1", "return_last:30", "return_over_steps",
        "reward_per_step", "episodes_to:-5", "steps_to:-5", "episodes_to:-50", "steps_to:-50",
        "episodes_to:1", "steps_to:1", "steps_to:-2.5",
    ],
)  # fmt: skip
def test_metrics_are_those_of_a_plain_loop(text):
    metric = find_metric(text)
    found = of_learning(metric, RETURNS, LENGTHS)
    expected = [naive(text, *run) for run in zip(RETURNS, LENGTHS, strict=True)]
    assert found == pytest.approx(expected, rel=1e-12)
    assert find_metric(str(metric)) == metric


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_a_metric_is_written_with_all_its_digits(number):
    for name in ("steps_to", "episodes_to"):
        metric = find_metric(f"{name}:{number!r}")
        assert metric.number == number
        assert find_metric(str(metric)) == metric


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("steps_to:-20", "steps_to:-20"),
        ("steps_to:-20.0", "steps_to:-20"),
        ("steps_to:-1234567.5", "steps_to:-1234567.5"),
        ("return_last:1e7", "return_last:10000000"),
        ("episodes_to:0.73333333", "episodes_to:0.73333333"),
        ("return", "return"),
    ],
)
def test_how_a_metric_is_written(text, written):
    assert str(find_metric(text)) == written


def test_every_metric_is_tested_or_exact():
    assert set(DEFINITIONS) == {
        "return", "length", "return_last", "return_over_steps", "reward_per_step", "episodes_to",
        "steps_to", "value", "regret", "optimal_actions",
    }  # fmt: skip


RECORDED = {
    "means": "any",
    "ends": "each run; with a number, each episode",
    "episodes": "each episode",
    "policies": "each run",
}
EXAMPLES = {"nothing": "", "episodes": ":50", "return": ":-20"}


def documented(row):
    """The row of the table in docs/statistics.md for a row of the table in the code."""
    better = "more" if row.sign > 0 else "less"
    word = row.name + EXAMPLES[row.takes]
    return f"| `{word}` | {row.meaning} | {better} | {RECORDED[row.needs]} |"


def test_the_documentation_has_every_row():
    text = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
    head = "| metric | what it is | better | what must be recorded |\n|---|---|---|---|\n"
    table = "".join(f"{documented(row)}\n" for row in DEFINITIONS.values())
    assert f"{head}{table}\n" in text


@pytest.mark.parametrize("row", DEFINITIONS.values(), ids=list(DEFINITIONS))
def test_a_row_is_whole(row):
    """It has what its own fields call for: nothing else in the package names a metric."""
    assert DEFINITIONS[row.name] is row
    assert (row.of_policies is None) == (row.of_episodes is not None)
    assert (row.of_policies is None) == (row.needs != "policies")
    assert ("{}" in row.numbered) == (row.takes != "nothing")
    assert row.label("7") != row.label()
    assert "7" in row.label("7")


def test_a_metric_that_is_added_is_known_everywhere(results, monkeypatch):
    """A row more is all that it takes: to be found, computed, bounded, drawn and selected by."""
    row = metrics.Definition(
        "worst_length",
        "length of the longest episode",
        "longest episode",
        lambda setting: (0.0, float(setting.max_steps)),
        sign=-1,
        unit="steps",
        of_episodes=lambda _returns, lengths, _number: lengths.max(axis=1).astype(float),
    )
    with pytest.raises(fastq.InputError, match="'worst_length': must be one of return, length"):
        results.summary("worst_length")
    monkeypatch.setitem(DEFINITIONS, "worst_length", row)
    episodes = results.episodes()
    worst = episodes.groupby(["alpha", "epsilon", "run"], sort=False)["length"].max()
    assert results.runs("worst_length")["value"].tolist() == worst.tolist()
    assert metrics.bounds_of(find_metric("worst_length"), results.sweep.mdp, 9, 1) == (0, 9)
    selection = results.select("worst_length", confirm_runs=2)
    assert selection.selected.estimate == results.summary("worst_length")["estimate"].min()
    drawn = fastq.plot.distribution(results.runs("worst_length"))
    assert drawn.get_xlabel() == "longest episode (steps), each run"


def test_no_other_module_names_a_metric():
    """Its name stands in its row alone; `return`, `length` and `value` are also columns."""
    names = set(DEFINITIONS) - {"return", "length", "value"}
    found = {}
    for path in sorted(Path(fastq.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in names:
                found.setdefault(node.value, set()).add(path.name)
    assert found == {name: {"metrics.py"} for name in names}


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("return", 1), ("length", -1), ("return_last", 1), ("return_last:5", 1),
        ("return_over_steps", 1), ("reward_per_step", 1), ("episodes_to:-3", -1),
        ("steps_to:-3", -1), ("value", 1), ("regret", -1), ("optimal_actions", 1),
    ],
)  # fmt: skip
def test_which_way_is_better(text, sign):
    assert find_metric(text).sign == sign


@pytest.mark.parametrize(
    ("threshold", "episodes", "steps"),
    [(-9, 1, 7), (-5, 2, 10), (-4.5, 4, 22), (-1, 4, 22), (0, 4, 22)],
    ids=["at the first", "later", "at the last, between returns", "at the last", "never"],
)
def test_when_a_return_is_reached(threshold, episodes, steps):
    """The first episode that returns so much counts, and not one after it that returns less."""
    run = np.array([[-8.0, -5.0, -7.0, -1.0]]), np.array([[7, 3, 8, 4]], dtype=np.int32)
    assert of_learning(find_metric(f"episodes_to:{threshold}"), *run) == [episodes]
    assert of_learning(find_metric(f"steps_to:{threshold}"), *run) == [steps]


@given(arrays(np.int32, (3, 7), elements=st.integers(1, 10**6)), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_invariants(lengths, random):
    """Where each step costs one, metrics of returns and of lengths say the same."""
    order = random.sample(range(3), 3)

    def of(text, rows=slice(None)):
        return of_learning(find_metric(text), -lengths[rows].astype(float), lengths[rows])

    assert of("return") == pytest.approx(-of("length"))
    assert of("reward_per_step") == pytest.approx(-1)
    assert (of("return_over_steps") <= of("return") + 1e-6).all()  # long episodes weigh more
    assert of("return_last:7") == pytest.approx(of("return"))
    assert (of("steps_to:-500") >= of("episodes_to:-500")).all()
    for text, row in DEFINITIONS.items():
        if row.needs == "policies":
            continue
        word = f"{text}:-500" if row.takes == "return" else text
        assert of(word)[order].tolist() == of(word, order).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "metric = 'x': must be one of return, length, return_last:NUMBER"),
        (3, "metric = 3: must be one of"),
        ("return:3", "must be return, with no number"),
        ("steps_to", "must say which return, as steps_to:-20"),
        ("steps_to:", "must be a finite number after the colon"),
        ("episodes_to:inf", "must be a finite number after the colon"),
        ("return_last:0", "must say how many episodes"),
        ("return_last:2.5", "must say how many episodes"),
        ("return_last:-4", "must say how many episodes"),
    ],
)
def test_bad_words(text, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        find_metric(text)
    assert "\n" not in str(caught.value)


def test_more_last_episodes_than_there_are():
    with pytest.raises(fastq.InputError, match="'return_last:31': must be at most 30"):
        of_learning(find_metric("return_last:31"), RETURNS, LENGTHS)
