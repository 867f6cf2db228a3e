"""The parity contract: the kernel equals the plain-Python reference, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq
from fastq.kernels.tables import epsilon_greedy_thresholds
from fastq.reference import make_epsilon_greedy_policy
from tests.parity import assert_parity, newest, reference_run, same_bits

WINDY = "fastq/WindyGridworld-v0"
unit = st.floats(0, 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    alpha=st.floats(0, 1, exclude_min=True),
    gamma=unit,
    epsilon=unit,
    initial_value=st.floats(-20, 20),
    seed=st.integers(0, 2**63 - 1),
    run=st.integers(0, 2**31 - 1),
    max_steps=st.integers(1, 120),
)
def test_kernel_equals_reference(alpha, gamma, epsilon, initial_value, seed, run, max_steps):
    agent = fastq.QLearning(alpha=alpha, gamma=gamma, epsilon=epsilon, initial_value=initial_value)
    assert_parity(WINDY, agent, episodes=4, seed=seed, run=run, max_steps=max_steps)


def test_36_runs_of_100_episodes():
    agent = fastq.QLearning(alpha=0.6, gamma=1.0, epsilon=0.1)
    batch = fastq.train_batch(fastq.windy_gridworld(), agent, episodes=100, seed=2024, runs=36)
    for run in range(36):
        q, stats = reference_run(WINDY, agent, episodes=100, seed=2024, run=run)
        assert same_bits(batch.q[run], q)
        assert same_bits(batch.returns[run], stats.episode_rewards)
        assert np.array_equal(batch.lengths[run], stats.episode_lengths)


@pytest.mark.parametrize("moves", ["four", "king", "king+stay"])
@pytest.mark.parametrize("stochastic_wind", [False, True])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.2, 1.0])
def test_variants_of_the_wind(moves, stochastic_wind, epsilon):
    agent = fastq.QLearning(alpha=0.4, gamma=0.97, epsilon=epsilon, initial_value=-1.5)
    assert_parity(
        WINDY, agent, episodes=15, seed=5, run=1, max_steps=400, moves=moves,
        stochastic_wind=stochastic_wind,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("env_id", "env_args"),
    [
        ("FrozenLake-v1", {}),
        ("FrozenLake-v1", {"is_slippery": False}),
        ("FrozenLake8x8-v1", {}),
        (newest("CliffWalking"), {}),
        (newest("Taxi"), {}),
    ],
)
def test_environments_of_gymnasium(env_id, env_args):
    agent = fastq.QLearning(alpha=0.5, gamma=0.99, epsilon=0.3)
    assert_parity(env_id, agent, episodes=40, seed=8, run=2, max_steps=100, **env_args)


def test_more_actions_than_are_unrolled():
    """Twenty actions take the loop that serves any number of them."""
    rng = np.random.default_rng(0)
    next_state = rng.integers(0, 6, size=(6, 20, 1))
    mdp = fastq.FiniteMDP(
        next_state=next_state,
        reward=rng.normal(size=next_state.shape),
        probability=np.ones(next_state.shape),
        terminated=next_state == 5,
        start=np.eye(6)[0],
    )
    agent = fastq.QLearning(alpha=0.3, gamma=0.9, epsilon=0.5)
    found = fastq.train(mdp, agent, episodes=30, seed=1, max_steps=50)
    q, lengths = _by_hand(mdp, agent, episodes=30, seed=1, max_steps=50)
    assert same_bits(found.q, q)
    assert found.lengths.tolist() == lengths


def _by_hand(mdp, agent, *, episodes, seed, max_steps):
    """Q-learning on the tables of a deterministic MDP, with NumPy's own generator."""
    rng = fastq.streams.generator(seed, 0)
    q, lengths = np.zeros((mdp.num_states, mdp.num_actions)), []
    for _ in range(episodes):
        state, steps, terminated = 0, 0, False
        while not terminated and steps < max_steps:
            policy = make_epsilon_greedy_policy(q[state], agent.epsilon, mdp.num_actions)
            action = rng.choice(mdp.num_actions, p=policy)
            following = int(mdp.next_state[state, action, 0])
            terminated = bool(mdp.terminated[state, action, 0])
            target = mdp.reward[state, action, 0]
            if not terminated:
                target = target + agent.gamma * q[following].max()
            q[state, action] += agent.alpha * (target - q[state, action])
            state, steps = following, steps + 1
        lengths.append(steps)
    return q, lengths


def test_truncation_keeps_the_bootstrap():
    """A run that is always cut short still learns through the cut."""
    found = assert_parity(
        WINDY, fastq.QLearning(alpha=1.0, epsilon=0.5), episodes=50, seed=0, run=0, max_steps=3
    )
    assert found.truncated.all()
    assert found.q.min() < -1


def test_negative_control_sees_a_changed_stream():
    """Parity is no accident: another run of the reference differs."""
    agent = fastq.QLearning()
    q, _ = reference_run(WINDY, agent, episodes=5, seed=0, run=1)
    found = fastq.train(fastq.windy_gridworld(), agent, episodes=5, seed=0, run=0)
    assert not same_bits(found.q, q)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(epsilon=unit, num_actions=st.integers(2, 12), data=st.data())
def test_thresholds_are_where_choice_changes_its_draw(epsilon, num_actions, data):
    """Right at a threshold, and one step of the uniform before it, `choice` draws as tabulated."""
    greedy = data.draw(st.integers(0, num_actions - 1))
    thresholds = epsilon_greedy_thresholds(epsilon, num_actions)[greedy]
    policy = make_epsilon_greedy_policy(np.eye(num_actions)[greedy], epsilon, num_actions)
    for threshold in thresholds[thresholds < 2**53].tolist():
        for k in {threshold, max(threshold - 1, 0)}:
            drawn = _FixedUniform(k).choice(num_actions, p=policy)
            assert drawn == np.count_nonzero(thresholds <= k)


class _FixedUniform:
    """A NumPy generator whose next uniform is k * 2**-53."""

    def __init__(self, k):
        bits = np.random.SFC64()
        # SFC64's next output is the sum of its first, second and fourth words.
        words = np.array([k << 11, 0, 0, 0], dtype=np.uint64)
        bits.state = {**bits.state, "state": {"state": words}}
        self._generator = np.random.Generator(bits)

    def choice(self, *args, **kwargs):
        return self._generator.choice(*args, **kwargs)
