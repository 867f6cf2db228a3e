"""The agents in plain Python, checked by hand-worked cases, by exact answers and by each other."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import softmax

from fastq import reference, streams
from fastq.agents import registry
from fastq.agents.schedules import Exponential, Linear, Visits
from tests.support.parity import same_bits

WINDY = "fastq/WindyGridworld-v0"
AGENTS = [getattr(reference, name) for name in registry.AGENTS]
every_agent = pytest.mark.parametrize("learn", AGENTS, ids=lambda learn: learn.__name__)
values = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)


class Graph(gymnasium.Env):
    """From state 0 on, a pair (state, action) leads to (next state, reward, terminated)."""

    def __init__(self, outcomes):
        self.outcomes = outcomes
        self.observation_space = gymnasium.spaces.Discrete(1 + max(o[0] for o in outcomes.values()))
        self.action_space = gymnasium.spaces.Discrete(1 + max(action for _, action in outcomes))

    def reset(self, *, seed=None, options=None):
        self.state = 0
        return self.state, {}

    def step(self, action):
        self.state, reward, terminated = self.outcomes[self.state, action]
        return self.state, reward, terminated, False, {}


class Script:
    """A generator whose uniforms are written down, all to be used."""

    def __init__(self, *uniforms):
        self.left = list(uniforms)

    def random(self):
        return self.left.pop(0)

    def choice(self, actions, p):
        return actions[np.searchsorted(np.cumsum(p), self.random(), side="right")]


PAIR = Graph(
    {(0, 0): (1, 2, False), (0, 1): (0, 1, False), (1, 0): (0, 4, False), (1, 1): (2, 8, True)}
)
ONE_STEP = Graph({(0, 0): (1, 8, True)})
LOW, HIGH = 0.25, 0.75
"""Uniforms: when all actions are equally likely, the first of two or the second."""


def random_graph(seed):
    """Make a deterministic environment of 4 states and 3 actions, with a time limit."""
    rng = np.random.default_rng(seed)
    pairs = [(state, action) for state in range(4) for action in range(3)]
    drawn = {p: (int(rng.integers(4)), rng.normal(), bool(rng.random() < 0.1)) for p in pairs}
    return TimeLimit(Graph(drawn), 15)


def tables(q):
    return {state: found.tolist() for state, found in sorted(q.items()) if found.any()}


def assert_same(one, other):
    assert one[0].keys() == other[0].keys()
    assert all(same_bits(one[0][state], other[0][state]) for state in one[0])
    assert all(map(np.array_equal, one[1], other[1]))


@pytest.mark.parametrize(
    ("q", "epsilon", "expected"),
    [
        ([0.0, 0.0, 0.0, 0.0], 0.1, [0.925, 0.025, 0.025, 0.025]),
        ([0.0, 2.0, 2.0, 1.0], 0.2, [0.05, 0.85, 0.05, 0.05]),
        ([1.0, 2.0], 0.0, [0.0, 1.0]),
        ([1.0, 2.0], 1.0, [0.5, 0.5]),
    ],
)
def test_policy(q, epsilon, expected):
    found = reference.make_epsilon_greedy_policy(np.array(q), epsilon, len(q))
    assert found == pytest.approx(expected, abs=1e-15)


def test_ties_shared_by_the_best():
    q = np.array([0.0, 2.0, 2.0, 1.0])
    found = reference.make_epsilon_greedy_policy(q, 0.2, 4, ties="random")
    assert found == pytest.approx([0.05, 0.45, 0.45, 0.05], abs=1e-15)


def test_softmax_by_hand():
    q = np.array([0.0, np.log(2.0), np.log(5.0)])
    assert reference.make_softmax_policy(q, 1.0) == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert reference.make_softmax_policy(q, 0.5) == pytest.approx([1 / 30, 4 / 30, 25 / 30])
    assert reference.make_softmax_policy(1e300 * q, 1e-300).tolist() == [0.0, 0.0, 1.0]


@given(values, st.floats(0, 1), st.sampled_from(["first", "random"]))
def test_epsilon_greedy_is_a_distribution(q, epsilon, ties):
    q = np.array(q)
    found = reference.make_epsilon_greedy_policy(q, epsilon, len(q), ties)
    assert found.sum() == pytest.approx(1)
    assert (found >= epsilon / len(q)).all()
    assert found[q == q.max()].sum() - found[q < q.max()].sum() >= 1 - 2 * epsilon - 1e-12
    if ties == "random":
        assert len(set(found[q == q.max()])) == 1


@given(values, st.floats(1e-3, 1e3))
@example([5.0, -5.0, 5.0], 1e-320)
def test_softmax_is_scipys(q, temperature):
    found = reference.make_softmax_policy(np.array(q), temperature)
    with np.errstate(over="ignore"):
        expected = softmax((np.array(q) - max(q)) / temperature)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_policy_counts_its_draws_alone():
    """A look at the probabilities counts no draw, and states are counted apart."""
    policy = reference.Policy(Visits(power=1), "first", None)
    q = np.array([0.0, 1.0])
    for _ in range(2):
        assert policy.probabilities(0, q, 0).tolist() == [0.5, 0.5]
    assert policy.draw(0, q, 0, Script(0.4)) == 0
    assert policy.probabilities(0, q, 0).tolist() == [0.25, 0.75]
    assert policy.draw(0, q, 0, Script(0.4)) == 1
    assert policy.probabilities(0, q, 0) == pytest.approx([1 / 6, 5 / 6])
    assert policy.probabilities(1, q, 0).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("schedule", "episodes", "expected"),
    [
        (0.3, [0, 9], [0.3, 0.3]),
        (Linear(start=1.0, end=0.5, episodes=2), [0, 1, 2, 9], [1.0, 0.75, 0.5, 0.5]),
        (Linear(start=0.0, end=0.5, episodes=4), [0, 1, 4], [0.0, 0.125, 0.5]),
        (Exponential(start=1.0, rate=0.5, end=0.2), [0, 1, 2, 3, 4], [1.0, 0.5, 0.25, 0.2, 0.2]),
        (Exponential(start=0.5, rate=0.5), [0, 3, 5000], [0.5, 0.0625, 0.0]),
    ],
    ids=str,
)
def test_values_by_episode(schedule, episodes, expected):
    assert [reference.scheduled_value(schedule, e, 7) for e in episodes] == expected


@pytest.mark.parametrize(("power", "expected"), [(1, [1, 0.5, 0.25]), (0.5, [1, 0.5**0.5, 0.5])])
def test_values_by_visit(power, expected):
    found = [reference.scheduled_value(Visits(power=power), 7, n) for n in (1, 2, 4)]
    assert found == pytest.approx(expected)


@every_agent
def test_alpha_falls_with_the_episodes(learn):
    """0 + 0.5 * 8 = 4, then 4 + 0.25 * (8 - 4) = 5; of two tables, one stays at 0."""
    rng = Script(0.0, 0.0) if learn is not reference.double_q_learning else Script(*[0.0] * 4)
    none = {"planning_steps": 0} if learn is reference.dyna_q else {}
    q, _ = learn(ONE_STEP, 2, alpha=Exponential(start=0.5, rate=0.5), rng=rng, **none)
    assert q[0].tolist() == [2.5 if learn is reference.double_q_learning else 5.0]
    assert rng.left == []


@pytest.mark.parametrize(
    "learn",
    [reference.q_learning, reference.sarsa, reference.expected_sarsa],
    ids=lambda learn: learn.__name__,
)
def test_one_over_n_gives_the_mean(learn):
    """In a bandit, a step size of 1 / n makes a Q-value the mean of its rewards."""

    class Bandit(Graph):
        def step(self, action):
            paid[action].append(float(noise.normal(action)))
            return 0, paid[action][-1], True, False, {}

    noise, paid = np.random.default_rng(0), {0: [], 1: []}
    env = Bandit({(0, 0): (0, 0, True), (0, 1): (0, 0, True)})
    q, _ = learn(env, 200, alpha=Visits(power=1), epsilon=0.5, rng=np.random.default_rng(1))
    assert q[0] == pytest.approx([np.mean(paid[0]), np.mean(paid[1])])


def test_each_of_two_tables_counts_its_updates():
    q, _ = reference.double_q_learning(
        ONE_STEP, 2, alpha=Visits(power=1), rng=Script(0.0, LOW, 0.0, 0.5)
    )
    assert q[0].tolist() == [8.0]


def test_planning_counts_as_updates():
    """Q(0, 0) is updated for the third time with 1/3: 2 + (2 + 0.5 * 5 - 2) / 3."""
    env = TimeLimit(PAIR, 2)
    rng = Script(LOW, 0, 0, LOW, 0, 0)
    q, _ = reference.dyna_q(env, 1, 0.5, Visits(power=1), 1.0, rng=rng, planning_steps=1)
    assert q[0] == pytest.approx([2 + 2.5 / 3, 0.0])
    assert q[1].tolist() == [5.0, 0.0]


PATH = [LOW, LOW, HIGH, LOW, HIGH]
"""0 -> 1 -> 0 -> 0 -> 1 -> the end, with rewards 2, 4, 1, 2, 8."""
COINS = [LOW, LOW, HIGH, HIGH, LOW]


@pytest.mark.parametrize(
    ("learn", "uniforms", "expected"),
    [
        (reference.q_learning, PATH, {0: [2.0625, 0.75], 1: [2.25, 4.0]}),
        (reference.sarsa, PATH, {0: [1.5, 0.75], 1: [2.0, 4.0]}),
        (reference.expected_sarsa, PATH, {0: [1.765625, 0.625], 1: [2.125, 4.0]}),
        (
            reference.double_q_learning,
            [u for pair in zip(PATH, COINS, strict=True) for u in pair],
            {0: [1.25, 0.375], 1: [1.0, 2.0]},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_episode_by_hand(learn, uniforms, expected):
    rng = Script(*uniforms)
    q, stats = learn(PAIR, 1, discount_factor=0.5, alpha=0.5, epsilon=1.0, rng=rng)
    assert tables(q) == expected
    assert rng.left == []
    assert [found.tolist() for found in stats] == [[5], [17.0], [False]]


def test_dyna_q_by_hand():
    """Actions 1, 0, 1 with one planning step each; the model lists action 1 of state 0 first."""
    rng = Script(HIGH, LOW, LOW, LOW, HIGH, LOW, HIGH, HIGH, LOW)
    q, stats = reference.dyna_q(PAIR, 1, 0.5, 0.5, 1.0, rng=rng, planning_steps=1)
    # (0, 1): 0.5, planned again: 0.5 + 0.5 * (1.25 - 0.5) = 0.875.
    # (0, 0): 1, then planned (0, 1): 0.875 + 0.5 * (1.5 - 0.875) = 1.1875.
    # (1, 1): 4, then planned (1, 1), whose termination the model remembers: 6.
    assert tables(q) == {0: [1.0, 1.1875], 1: [0.0, 6.0]}
    assert rng.left == []
    assert stats.episode_lengths.tolist() == [3]


def test_dyna_q_plans_with_the_last_outcome_and_the_first_order():
    """The pair seen again keeps its place in the model, and its new reward replaces the old."""

    class Rising(Graph):
        def step(self, action):
            self.paid = getattr(self, "paid", 0) + 1
            return 0, self.paid, False, False, {}

    env = TimeLimit(Rising({(0, 0): (0, 0, False), (0, 1): (0, 0, False)}), 3)
    rng = Script(LOW, 0, 0, HIGH, 0, 0, LOW, 0, LOW)
    q, _ = reference.dyna_q(env, 1, 0.0, 0.5, 1.0, rng=rng, planning_steps=1)
    # (0, 0): 0.5, 0.75, planned once more 0.875; real, reward 3: 1.9375, planned: 2.46875.
    assert q[0].tolist() == [2.46875, 1.0]


def test_sarsa_draws_at_a_truncation_before_the_update():
    """Each episode of one step draws two actions; the second is in the target alone."""
    rng = Script(LOW, LOW, HIGH, LOW)
    env = TimeLimit(PAIR, 1)
    q, stats = reference.sarsa(env, 2, 0.5, 0.5, 1.0, rng=rng, initial_value=4.0)
    # 4 + 0.5 * (2 + 0.5 * 4 - 4) = 4, then (0, 1): 4 + 0.5 * (1 + 0.5 * 4 - 4) = 3.5.
    assert q[0].tolist() == [4.0, 3.5]
    assert rng.left == []
    assert stats.episode_truncated.tolist() == [True, True]


def test_expected_sarsa_looks_at_the_policy_of_now():
    """Epsilon is 1 for the first draw in a state, and 1/2 for the second."""
    env, rng = TimeLimit(PAIR, 2), Script(LOW, LOW)
    q, _ = reference.expected_sarsa(env, 1, 0.5, 0.5, Visits(power=1), rng=rng)
    # (1, 0): the policy in 0 is then (0.75, 0.25), and 0.5 * (4 + 0.5 * 0.75 * 1) = 2.1875.
    assert tables(q) == {0: [1.0, 0.0], 1: [2.1875, 0.0]}


def test_double_q_learning_judges_one_tables_choice_by_the_other():
    """When Q1 = (0.5, 0) and Q2 = (0, 1.125), Q1's choice has value 0 and Q2's would have 1.125."""
    env = TimeLimit(Graph({(0, 0): (0, 1, False), (0, 1): (0, 2, False)}), 3)
    rng = Script(LOW, LOW, HIGH, HIGH, LOW, LOW)
    q, _ = reference.double_q_learning(env, 1, 0.5, 0.5, 1.0, rng=rng)
    assert q[0].tolist() == [0.75 / 2, 1.125 / 2]


def test_double_q_learning_acts_on_the_mean():
    """Q1 = (5, 0, 4) and Q2 = (0, 5, 4): their mean alone prefers the last action, which pays 4."""
    env = Graph({(0, 0): (1, 5, True), (0, 1): (1, 5, True), (0, 2): (1, 4, True)})
    rng = Script(0.1, LOW, 0.9, LOW, 0.75, HIGH, 0.95, HIGH, 0.1, HIGH)
    greedy_in_the_end = Linear(start=1.0, end=0.0, episodes=4)
    q, stats = reference.double_q_learning(env, 5, 1.0, 1.0, greedy_in_the_end, rng=rng)
    assert q[0].tolist() == [2.5, 2.5, 4.0]
    assert stats.episode_rewards.tolist() == [5.0, 4.0, 5.0, 4.0, 4.0]


def test_termination_at_the_time_limit_is_no_truncation():
    _, stats = reference.q_learning(TimeLimit(PAIR, 2), 2, epsilon=1.0, rng=Script(*PATH[-2:] * 2))
    assert stats.episode_truncated.tolist() == [False, False]


def test_statistics_have_the_types_that_they_say():
    """Lengths count, as the tutorial's do not: they index arrays."""
    _, stats = reference.q_learning(PAIR, 1, epsilon=1.0, rng=Script(*PATH))
    assert [array.dtype for array in stats] == [np.int64, np.float64, np.bool_]


def draws(learn, stats):
    """Count the uniforms that a run with random ties must have drawn."""
    steps, truncated = int(stats.episode_lengths.sum()), int(stats.episode_truncated.sum())
    if learn is reference.sarsa:
        return steps + truncated
    if learn is reference.double_q_learning:  # action and coin, and the target's where it has one
        return 3 * steps - (len(stats.episode_lengths) - truncated)
    return steps * {reference.dyna_q: 11}.get(learn, 1)


@every_agent
@pytest.mark.parametrize("temperature", [None, 0.5])
@pytest.mark.parametrize("env_id", [WINDY, "FrozenLake-v1"])
def test_uniforms_drawn(learn, temperature, env_id):
    env = gymnasium.make(env_id, max_episode_steps=8)
    env.unwrapped.np_random = np.random.default_rng(0)
    rng, twin = np.random.default_rng(1), np.random.default_rng(1)
    _, stats = learn(env, 20, rng=rng, ties="random", temperature=temperature)
    assert stats.episode_truncated.any()
    assert env_id == WINDY or not stats.episode_truncated.all()
    twin.random(draws(learn, stats))
    assert rng.bit_generator.state == twin.bit_generator.state


@given(st.integers(0, 2**32), st.sampled_from(["first", "random"]))
def test_dyna_q_without_planning_is_q_learning(seed, ties):
    one, other = (
        learn(random_graph(seed), 10, 0.9, rng=np.random.default_rng(seed), ties=ties, **none)
        for learn, none in [(reference.q_learning, {}), (reference.dyna_q, {"planning_steps": 0})]
    )
    assert_same(one, other)


@given(st.integers(0, 2**32), st.floats(0.01, 1), st.floats(-1, 1))
def test_greedy_expected_sarsa_is_q_learning(seed, alpha, initial_value):
    """Of a greedy policy the mean is the maximum, to the last bit."""
    one, other = (
        learn(
            random_graph(seed),
            *(10, 0.9, alpha, 0.0),
            rng=np.random.default_rng(seed),
            initial_value=initial_value,
        )
        for learn in (reference.q_learning, reference.expected_sarsa)
    )
    assert all(same_bits(one[0][state], found) for state, found in other[0].items())
    assert all(map(np.array_equal, one[1], other[1]))


@every_agent
def test_first_step_by_hand(learn):
    """From zeros, alpha 0.5 and reward -1 make the first Q-value -0.5; of two tables, one's."""
    env = gymnasium.make(WINDY, max_episode_steps=1)
    none = {"planning_steps": 0} if learn is reference.dyna_q else {}
    table, stats = learn(env, 1, alpha=0.5, epsilon=0.0, rng=streams.generator(0, 0), **none)
    first = -0.25 if learn is reference.double_q_learning else -0.5
    assert table[30].tolist() == [first, 0.0, 0.0, 0.0]
    assert [found.tolist() for found in stats] == [[1], [-1.0], [True]]


@every_agent
def test_initial_value(learn):
    """With gamma 0 and alpha 1, a Q-value is the reward; others keep what they start from."""
    env = gymnasium.make(WINDY, max_episode_steps=1)
    rng = streams.generator(0, 0)
    table, _ = learn(env, 1, 0.0, 1.0, 0.0, rng=rng, initial_value=4.0)
    first = (4 - 1) / 2 if learn is reference.double_q_learning else -1.0
    assert table[30].tolist() == [first, 4.0, 4.0, 4.0]
    assert table[69].tolist() == [4.0, 4.0, 4.0, 4.0]


@every_agent
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ties": "random", "alpha": Exponential(start=0.9, rate=0.99, end=0.3)},
        {"temperature": 0.3},
        {"epsilon": Linear(start=0.2, end=0.0, episodes=100), "alpha": Visits(power=0.6)},
    ],
    ids=["constant", "ties", "softmax", "schedules"],
)
def test_every_agent_learns(learn, settings):
    env = gymnasium.make(WINDY)
    _, stats = learn(env, 200, rng=streams.generator(1, 0), **settings)
    lengths = stats.episode_lengths
    assert lengths.tolist() == (-stats.episode_rewards).tolist()
    assert lengths.min() >= 15
    assert lengths[-50:].mean() < lengths[:5].mean() / 4
    assert not stats.episode_truncated[-50:].any()


@pytest.mark.parametrize("learn", [reference.q_learning, reference.dyna_q])
def test_the_optimum_is_15(learn):
    env = gymnasium.make(WINDY)
    table, stats = learn(env, 400, rng=streams.generator(1, 0))
    assert stats.episode_lengths.min() == 15
    assert max(table[30]) == pytest.approx(-15, abs=0.1)
