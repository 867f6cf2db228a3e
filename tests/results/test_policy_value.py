"""What runs have learned, against policies that are followed step by step."""

import numpy as np
import pytest

import fastq
from fastq import planning
from fastq.results import policy_value
from fastq.results.policy_value import of_policies
from fastq.study.metrics import find_metric
from fastq.training.train import Settings

WINDY, CLIFF = fastq.windy_gridworld(), fastq.cliff_walking()
AGENT = fastq.QLearning(alpha=0.5, epsilon=0.1)


def asked(metric, mdp, checkpoints, runs=range(12), agent=AGENT, max_steps=200):
    settings = Settings(max(checkpoints), 0, max_steps, "common")
    numbers = np.array(runs), settings, np.array(checkpoints)
    return of_policies(find_metric(metric), mdp, agent, *numbers)


def followed(mdp, q, max_steps):
    """Follow the greedy policy of a table: the return, and which actions are optimal."""
    best = planning.action_values(mdp, planning.value_iteration(mdp))
    state, total, optimal = int(mdp.start.argmax()), 0.0, []
    while len(optimal) < max_steps:
        action = int(q[state].argmax())
        optimal.append(best[state, action] == best[state].max())
        total += mdp.reward[state, action, 0]
        if mdp.terminated[state, action, 0]:
            break
        state = mdp.next_state[state, action, 0]
    return total, np.mean(optimal)


@pytest.mark.parametrize("mdp", [WINDY, CLIFF], ids=["windy", "cliff"])
def test_they_are_what_following_them_brings(mdp):
    checkpoints = [1, 60, 200]
    found = {name: asked(name, mdp, checkpoints) for name in ("value", "regret", "optimal_actions")}
    best = planning.finite_horizon_value(mdp, 200)[mdp.start.argmax()]
    for column, episodes in enumerate(checkpoints):
        options = {"episodes": episodes, "seed": 0, "max_steps": 200}
        tables = fastq.train_batch(mdp, AGENT, runs=12, **options).q
        expected = [followed(mdp, q, 200) for q in tables]
        assert found["value"][:, column].tolist() == [value for value, _ in expected]
        assert found["regret"][:, column] == pytest.approx([best - value for value, _ in expected])
        shares = [share for _, share in expected]
        assert found["optimal_actions"][:, column] == pytest.approx(shares)
    assert len(np.unique(found["value"])) > 1


def test_in_the_end_all_is_optimal():
    assert (asked("value", WINDY, [1500]) == -15).all()
    assert (asked("regret", WINDY, [1500]) == 0).all()
    assert (asked("optimal_actions", WINDY, [1500]) == 1).all()


def test_runs_stand_in_the_order_in_which_they_are_asked_for(monkeypatch):
    found = asked("value", WINDY, [30], range(20))
    order = np.random.default_rng(0).permutation(20)
    assert asked("value", WINDY, [30], order).tolist() == found[order].tolist()
    monkeypatch.setattr(policy_value, "_BYTES", 8 * 280 * 3)  # three tables at a time
    monkeypatch.setattr(policy_value, "_ROWS", 70 * 2)  # two policies at a time
    assert asked("value", WINDY, [30], range(20)).tolist() == found.tolist()


def test_equal_policies_are_evaluated_once(monkeypatch):
    judged, sums = [], policy_value._Evaluation._sums

    def counted(evaluation, some):
        judged.append(len(some))
        return sums(evaluation, some)

    monkeypatch.setattr(policy_value._Evaluation, "_sums", counted)
    runs = [3, 0, 3, 7, 0, 3]
    found = asked("value", WINDY, [120], runs)
    assert sum(judged) <= 3
    assert found.tolist() == [asked("value", WINDY, [120], [run])[0].tolist() for run in runs]
    assert len(np.unique(found)) > 1


def test_checkpoints_are_those_of_shorter_trainings():
    found = asked("value", CLIFF, [5, 80])
    for column, episodes in enumerate([5, 80]):
        for run in range(3):
            options = {"episodes": episodes, "seed": 0, "run": run, "max_steps": 200}
            q = fastq.train(CLIFF, AGENT, **options).q
            assert found[run, column] == followed(CLIFF, q, 200)[0]


def test_chance_is_averaged_exactly():
    lake = fastq.FiniteMDP.from_gymnasium("FrozenLake-v1")
    agent = fastq.QLearning(alpha=0.1, gamma=0.99, initial_value=0.5)
    found = asked("value", lake, [2000], range(16), agent, max_steps=100)
    assert (found > 0).all()
    assert (found <= 0.7442).all()
    assert asked("regret", lake, [2000], range(16), agent, max_steps=100) == pytest.approx(
        planning.finite_horizon_value(lake, 100)[0] - found
    )


def test_too_large_to_be_solved(monkeypatch):
    monkeypatch.setattr(policy_value, "_MOST_PAIRS", 200)
    message = "metric = 'regret': takes exact values, and .* has 280 pairs .* at most 200"
    with pytest.raises(fastq.InputError, match=message):
        asked("regret", WINDY, [1])
