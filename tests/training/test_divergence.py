"""Runs whose numbers overflow: the same however they are computed, counted, and no error anywhere.

The reference says what becomes of them: it goes on, with NaN above all numbers, as `numpy.argmax`
has it.
"""

import dataclasses
import itertools
import shutil
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from typer.testing import CliRunner

import fastq
from fastq import plot
from fastq.agents.registry import AGENTS
from fastq.cli import app
from fastq.execution import verify
from fastq.report.report import write_report
from fastq.study.record import Learned, as_record, entries
from fastq.training import train
from fastq.training.parity import check_parity
from tests.support.parity import assert_same, same_bits
from tests.training.kernels.test_lockstep import run_of

KINDS = list(AGENTS.values())
POLICIES = {"first": {}, "random": {"ties": "random"}, "softmax": {"temperature": 1e300}}
GREAT = 9e307


def great_rewards(first=GREAT, second=-GREAT):
    """Make a world of four actions whose rewards overflow, of both signs, within some steps."""
    on, back = [(1.0, 1, first, False)], [(1.0, 0, second, False)]
    small, end = [(1.0, 2, 1.0, False)], [(1.0, 0, 0.0, True)]
    return fastq.FiniteMDP.from_arrays(
        [[on, small, small, end], [back, on, small, end], [on, back, small, end]], max_steps=30
    )


WORLDS = {
    "both signs": great_rewards(),
    "one sign": great_rewards(GREAT, GREAT / 4),
    "by chance": fastq.random_mdp(6, 4, 3, seed=0, ends=0.1),
}
WORLDS["by chance"] = dataclasses.replace(
    WORLDS["by chance"], reward=WORLDS["by chance"].reward * 5e307
)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_they_are_those_of_the_reference_alone_and_in_a_batch(kind, policy):
    agent = kind(alpha=0.7, epsilon=0.3) if not POLICIES[policy] else kind(**POLICIES[policy])
    for name in WORLDS if kind is fastq.QLearning else ["both signs"]:
        mdp, options = WORLDS[name], {"episodes": 6, "seed": 3, "max_steps": 30}
        batch = fastq.train_batch(mdp, agent, runs=20, **options)
        assert batch.diverged.sum() > 5
        assert not np.isfinite(batch.q).all()
        for run in range(0, 20, 3):
            assert_same(run_of(batch, run), fastq.train(mdp, agent, run=run, **options))
        assert check_parity(agent, mdp, runs=20, **options)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_cutting_the_work_changes_no_bit(kind):
    """As chunks do: other runs beside one, in lock-step or not."""
    mdp, agent = WORLDS["both signs"], kind(ties="random", alpha=0.9)
    options = {"episodes": 5, "seed": 8, "max_steps": 30}
    whole = fastq.train_batch(mdp, [fastq.QLearning(), agent], runs=40, **options)
    part = fastq.train_batch(mdp, agent, runs=7, **options)
    for run in range(7):
        assert_same(run_of(whole, 40 + run), run_of(part, run))


def test_an_infinite_return_diverges_though_all_values_are_finite():
    mdp, agent = WORLDS["one sign"], fastq.QLearning(gamma=0.0, alpha=0.1)
    found = fastq.train_batch(mdp, agent, episodes=9, seed=0, runs=32)
    assert np.isfinite(found.q).all()
    infinite = np.isinf(found.returns).any(axis=1)
    assert infinite.any()
    assert found.diverged[infinite].all()
    assert check_parity(agent, mdp, episodes=9, runs=8)


def test_returns_that_cannot_be_summed_diverge():
    """Each is finite, and so is the value; their mean would not be."""
    mdp = fastq.FiniteMDP.from_arrays([[[(1.0, 0, 1e308, True)]] * 4])
    found = fastq.train(mdp, fastq.QLearning(), episodes=2, seed=0)
    assert np.isfinite(found.returns).all()
    assert np.isfinite(found.q).all()
    assert found.diverged
    assert not fastq.train(mdp, fastq.QLearning(), episodes=1, seed=0).diverged
    assert check_parity(fastq.QLearning(), mdp, episodes=2)


@pytest.mark.parametrize("value", [1.7e308, sys.float_info.max, 5e-324, 3 * 5e-324, -1e308])
def test_the_mean_of_two_tables_is_as_finite_as_they_are(value):
    mdp = fastq.windy_gridworld()
    mdp = dataclasses.replace(mdp, reward=0.0 * mdp.reward, max_steps=20)
    agent = fastq.DoubleQLearning(initial_value=value, gamma=0.5)
    assert check_parity(agent, mdp, episodes=3)
    batch = fastq.train_batch(mdp, agent, runs=16, episodes=3, seed=0)
    assert not batch.diverged.any()
    assert_same(run_of(batch, 5), fastq.train(mdp, agent, run=5, episodes=3, seed=0))


def test_a_run_that_does_not_diverge_is_not_trained_again(monkeypatch):
    asked, kernel_for = [], train.kernel_for

    def noted(agent_type, variant):
        asked.append(variant.careful)
        return kernel_for(agent_type, variant)

    monkeypatch.setattr(train, "kernel_for", noted)
    fastq.train(fastq.windy_gridworld(), fastq.QLearning(), episodes=2, seed=0)
    assert asked == [False]
    fastq.train(WORLDS["both signs"], fastq.QLearning(), episodes=9, seed=0)
    assert asked == [False, False, True]


class Selects(fastq.Algorithm):
    """What looks for the greatest, in all ways that there are."""

    def act(q, state, u, agent):
        if u < 0.3:
            return int(u / 0.3 * q.shape[1])
        return np.argmax(q[state]) if u < 0.6 else fastq.rules.greedy(q, state)

    def update(q, step, agent):
        row = q[step.next_state]
        best = max(row[0], row[1], row[2], row[3]) + min(row[0], row[1])
        best += row.max() if row[0] > row[1] else fastq.rules.greatest(q, step.next_state)
        target = step.reward + 0.9 * best
        q[step.state, step.action] += 0.5 * (target - q[step.state, step.action])


@pytest.mark.slow
def test_custom_rules_mean_the_same_for_what_is_not_finite():
    for mdp in WORLDS.values():
        assert check_parity(Selects(), mdp, episodes=9, runs=4)
    assert fastq.train(WORLDS["both signs"], Selects(), episodes=9, seed=0).diverged


def test_nan_is_written_by_the_same_bits_however_it_came_about():
    """Processors give it either sign."""
    returns = np.array([[np.nan, 1.0], [-np.nan, 1.0], [np.inf, -np.inf]])
    indices = np.zeros(3, dtype=np.int64), np.arange(3)
    lost = np.ones(3, dtype=np.bool_)
    for word in ("episodes", "summary", {"window": 2}):
        learned = Learned(
            returns.copy(), np.ones((3, 2), np.int32), np.zeros((3, 2), np.bool_), lost
        )
        kept = entries(as_record(word), *indices, learned).columns["return"][:, 0]
        assert same_bits(kept[:2], np.full(2, np.nan))


def rarely_great(chance, size):
    """Make a world with a reward near the greatest float that comes by chance."""
    rare = [(1 - chance, 0, -1.0, False), (chance, 0, size, False)]
    plain, end = ([(1.0, 0, r, ends), (0.0, 0, 0.0, False)] for r, ends in ((-1.0, 0), (0.0, 1)))
    return fastq.FiniteMDP.from_arrays([[end, plain, plain, rare]], max_steps=40)


@pytest.fixture(scope="module")
def spec():
    """One value of epsilon never leads to the great rewards, the other in some runs."""
    return {
        "env": rarely_great(0.05, 1.7e308),
        "agent": ["q_learning", "sarsa"],
        "grid": {"epsilon": [0.0, 0.5]},
        "fixed": {"gamma": 0.0, "alpha": 0.5, "initial_value": -0.5},
        "episodes": 40,
        "runs": 16,
        "seed": 1,
    }


@pytest.fixture(scope="module")
def lost(spec, tmp_path_factory):
    """A study some of whose runs diverged."""
    return fastq.run(
        fastq.Sweep(**spec), out=tmp_path_factory.mktemp("lost") / "a", n_jobs=1, progress=False
    )


@pytest.mark.slow
def test_two_cuts_of_one_study_are_equal(lost, spec, tmp_path):
    """Parts of both, in one directory, do not differ about a run."""
    other = fastq.run(
        fastq.Sweep(**spec), out=tmp_path / "b", n_jobs=1, progress=False, chunk_size=3
    )
    for path in other.directory.joinpath("parts").iterdir():
        shutil.copy(path, tmp_path / path.name)
    both = shutil.copytree(lost.directory, tmp_path / "both")
    for path in tmp_path.glob("*.parquet"):
        shutil.copy(path, both / "parts")
    found = fastq.Results(both)
    assert found.episodes().equals(lost.episodes())
    assert lost.summary()["diverged"].sum() > 0
    for reference in (False, True):
        told = verify.verify(both, sample=20, reference=reference, seed=0, fresh=False)
        assert told.is_good
        assert told.checked == 20


def test_the_summary_counts_and_names_them(lost):
    table = lost.summary()
    is_lost = (table["diverged"] > 0).tolist()
    assert is_lost == [False, True, False, True]
    assert table["estimate"].isna().tolist() == is_lost
    assert table["lower"].isna().tolist() == is_lost
    assert (table["runs"] == 16).all()
    assert np.isfinite(lost.summary("length")["estimate"]).all()
    told = CliRunner().invoke(app, ["show", str(lost.store)]).output
    assert f"{table['diverged'].sum()} runs diverged: " in told
    first = f"q_learning, epsilon = 0.5 ({table['diverged'][1]} of 16 runs)"
    assert f"\nRuns diverged of {first}; " in told


def test_a_point_of_a_curve_is_nan_where_a_run_is_infinite(lost):
    """And nowhere else: the other episodes of the same configuration have their band."""
    curve = lost.curves()
    runs = lost.episodes().groupby(["agent", "epsilon", "episode"], sort=False)["return"]
    finite = runs.apply(lambda values: np.isfinite(values).all()).to_numpy()
    assert not finite.all()
    assert (curve["estimate"].notna().to_numpy() == finite).all()
    assert (curve["upper"].notna().to_numpy() == finite).all()


def test_no_configuration_with_such_a_run_is_selected(lost):
    found = lost.select(confirm_runs=8)
    assert found.best["epsilon"] == 0.0
    assert found.table.loc[~found.table["plausible"], "epsilon"].tolist() == [0.5, 0.5]
    assert found.table["wins"].sum() == pytest.approx(1)
    assert (
        "2 configurations are left out, because the return of a run is not finite: q_learning, "
        "epsilon = 0.5; sarsa, epsilon = 0.5."
    ) in found.sentences()
    compared = lost.compare(confirm_runs=8)
    assert compared.winners["epsilon"].tolist() == [0.0, 0.0]


def test_nothing_that_is_said_or_drawn_fails(lost, tmp_path):
    """Warnings are errors."""
    for interval in ("bootstrap", "bca", "simultaneous"):
        assert len(lost.summary(interval=interval)) == 4
        assert len(lost.curves(interval=interval)) == 160
    lost.curves("return", against="steps")
    lost.curves(window=8)
    lost.moments()
    lost.runs()
    assert lost.sensitivity()["estimate"].notna().any()
    lost.differences(*({"agent": name, "epsilon": 0.5} for name in ("q_learning", "sarsa")))
    profile = lost.profile()
    assert profile["estimate"].between(0, 1).all()
    plot.distribution(lost.runs())
    plot.performance_profiles(profile)
    plt.close("all")
    write_report(lost, tmp_path / "page.html", confirm_runs=4)
    assert "runs diverged: a Q-value in the end" in (tmp_path / "page.html").read_text()
    for command in ("plot", "select", "show"):
        done = CliRunner().invoke(app, [command, str(lost.store)])
        assert done.exit_code == 0, done.exception


@pytest.mark.slow
@pytest.mark.parametrize("record", ["moments", "summary", {"window": 8}])
def test_less_is_recorded(record, spec, lost, tmp_path):
    some = {**spec, "record": record, "agent": "q_learning"}
    results = fastq.run(fastq.Sweep(**some), out=tmp_path / "a", n_jobs=1, progress=False)
    table = results.summary()
    assert table["diverged"].tolist() == lost.summary()["diverged"].tolist()[:2]
    assert table["estimate"].isna().tolist() == [False, True]
    assert verify.verify(results.store, sample=5, fresh=False).is_good
    write_report(results, tmp_path / "page.html", confirm_runs=2)
    assert CliRunner().invoke(app, ["plot", str(results.store)]).exit_code == 0


def test_where_each_configuration_has_such_a_run_none_is_selected(spec, tmp_path):
    some = {**spec, "env": rarely_great(0.4, 1.7e308), "grid": {"epsilon": [0.4, 0.5]}}
    results = fastq.run(fastq.Sweep(**some), out=tmp_path / "a", n_jobs=1, progress=False)
    assert results.summary()["estimate"].isna().all()
    with pytest.raises(fastq.InputError, match="metric = 'return': is not finite in a run of each"):
        results.select()
    write_report(results, tmp_path / "page.html", confirm_runs=2)
    none = "No configuration is the best: the return of a run of each is not finite."
    assert f"<p>{none}</p>" in (tmp_path / "page.html").read_text()
    compared = str(results.compare(confirm_runs=2))
    assert "cannot be compared: the return of a run is not finite" in compared


def test_great_values_are_averaged_where_their_squares_overflow(tmp_path):
    """Of all runs of both signs: neither the mean nor the band needs a number beyond the range."""
    values = np.array([1.2e308, 1.3e308, 1.1e308, -1e308])
    found = fastq.statistics.interval_where_finite(values[:, None] / [1.0, 1e300])
    assert found.estimate[0] == pytest.approx(0.65e308)
    for bound, small in zip(found, fastq.statistics.interval(values[:, None] / 1e300), strict=True):
        assert bound[1] == small[0]


def test_policies_of_the_reference_where_values_are_not_finite():
    """NaN is the greatest and equals NaN; softmax then is shared among the greatest."""
    nan, inf = np.nan, np.inf
    for q, best in (
        ([1.0, nan, 2.0, nan], [1, 3]),
        ([inf, 1.0, inf, -inf], [0, 2]),
        ([-inf, -inf, -inf, -inf], [0, 1, 2, 3]),
        ([inf, nan, 0.0, 0.0], [1]),
    ):
        shared = np.isin(np.arange(4), best) / len(best)
        values = np.array(q)
        assert fastq.reference.make_softmax_policy(values, 0.5).tolist() == shared.tolist()
        random = fastq.reference.make_epsilon_greedy_policy(values, 0.0, 4, "random")
        assert random.tolist() == shared.tolist()
        first = fastq.reference.make_epsilon_greedy_policy(values, 0.0, 4)
        assert first.argmax() == best[0]
    assert fastq.reference.make_softmax_policy(np.array([-inf, 0.0]), 1.0).tolist() == [0.0, 1.0]


@pytest.mark.slow
def test_all_pairs_of_worlds_and_policies_diverge_somewhere():
    """A negative control: what is compared above holds infinities of both signs, and NaN."""
    seen = set()
    for mdp, policy in itertools.product(WORLDS.values(), POLICIES.values()):
        batch = fastq.train_batch(mdp, fastq.QLearning(**policy), runs=20, episodes=6, seed=3)
        odd = np.concatenate([batch.q.ravel(), batch.returns.ravel()])
        seen |= {str(value) for value in odd[~np.isfinite(odd)].tolist()}
    assert seen == {"inf", "-inf", "nan"}
