"""Q-learning in JAX, on the CPU: as its users write it, and as tuned as an expert makes it.

Both train a batch of runs for some number of steps, as long as a thousand episodes take; a run that
ends an episode begins the next in the following step. Both compute in 32 bits, and neither repeats
fastq's numbers: that they learn is seen by how short the episodes of the last quarter are. They
are timed compiled, with the seeds made.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fastq
from fastq.agents.td_control import TDAgent
from peer.measure import Timed, timed

SOLVED = 25.0
"""Steps of an episode that only a run which has learned Windy Gridworld stays below, on average;
the shortest way takes 15, and exploration adds some."""
USERS_BATCH = 512
_EXPLORING_BITS = 24
"""Of the generator's 32 bits so many decide whether to explore; the lowest choose an action."""


class JaxPeer:
    """A function of seeds, compiled.

    Parameters
    ----------
    train : function
        Gives Q-tables, and whether an episode ended, for each step and run.
    make_seeds : function
        Makes what `train` takes from a seed.
    steps_axis : int
        Which axis of what `train` gives counts steps.
    name : str

    Raises
    ------
    SystemExit
        Where it does not learn.
    """

    def __init__(
        self,
        train: Callable[[Any], Any],
        make_seeds: Callable[[int], Any],
        steps_axis: int,
        name: str,
    ) -> None:
        self.name, self.train = name, jax.jit(train)
        self.make_seeds, self.steps_axis = make_seeds, steps_axis
        self(2**31 - 1)  # compiles

    def __call__(self, seed: int) -> Timed:
        """Train the batch."""
        seeds = jax.block_until_ready(self.make_seeds(seed))
        (_, ended), seconds = timed(lambda: jax.block_until_ready(self.train(seeds)))
        by_step = np.moveaxis(np.asarray(ended), self.steps_axis, 0)
        late = by_step[-(len(by_step) // 4) :]
        if late.size > SOLVED * late.sum():
            raise SystemExit(f"{self.name} does not learn: its speed means nothing")
        return Timed(seconds, ended.size)


def as_written(mdp: fastq.FiniteMDP, agent: TDAgent, num_steps: int) -> JaxPeer:
    """Write it as JAX's users do: one run by `scan`, a key split in each step, `vmap` over runs."""
    next_states, rewards, ends = (
        jnp.asarray(table[:, :, 0]) for table in (mdp.next_state, mdp.reward, mdp.terminated)
    )
    start, num_actions = int(mdp.start.argmax()), mdp.num_actions

    def step(carry: Any, _: None) -> Any:
        key, q, state, length = carry
        key, explore_key, action_key = jax.random.split(key, 3)
        explores = jax.random.uniform(explore_key) < agent.epsilon
        random_action = jax.random.randint(action_key, (), 0, num_actions)
        action = jnp.where(explores, random_action, jnp.argmax(q[state]))
        next_state, terminated = next_states[state, action], ends[state, action]
        ahead = jnp.where(terminated, 0.0, agent.gamma * jnp.max(q[next_state]))
        error = rewards[state, action] + ahead - q[state, action]
        q = q.at[state, action].add(agent.alpha * error)
        length = length + 1
        ended = terminated | (length >= mdp.max_steps)
        state, length = jnp.where(ended, start, next_state), jnp.where(ended, 0, length)
        return (key, q, state, length), ended

    def train_run(key: Any) -> Any:
        q = jnp.zeros((mdp.num_states, num_actions))
        (_, q, _, _), ended = jax.lax.scan(step, (key, q, start, 0), None, length=num_steps)
        return q, ended

    return JaxPeer(
        jax.vmap(train_run),
        lambda seed: jax.random.split(jax.random.key(seed), USERS_BATCH),
        1,
        f"JAX as its users write it: `vmap` of `scan`, {USERS_BATCH} runs",
    )


def tuned(mdp: fastq.FiniteMDP, agent: TDAgent, num_steps: int, batch: int, unroll: int) -> JaxPeer:
    """Write it as an expert does: one `scan` over all runs, with a cheap generator, xorshift.

    The tables of all runs lie in one flat array, which is read by slices and written in place.
    There is no time limit, which no run on Windy Gridworld reaches.
    """
    num_actions, table_size = mdp.num_actions, mdp.num_states * mdp.num_actions
    start, transitions, rewards = _flat(mdp)
    tables = jnp.arange(batch, dtype=jnp.int32) * table_size
    explore_below = np.uint32(agent.epsilon * 2**_EXPLORING_BITS)
    inside = {"mode": "promise_in_bounds"}
    in_order = {**inside, "indices_are_sorted": True, "unique_indices": True}
    slices = jax.lax.GatherDimensionNumbers((1,), (), (0,))

    def values_of(q: Any, row: Any) -> Any:
        return jax.lax.gather(q, (tables + row)[:, None], slices, (num_actions,), **in_order)

    def step(carry: Any, _: None) -> Any:
        bits, q, row = carry
        bits = _xorshift(bits)
        greedy = jnp.argmax(values_of(q, row), axis=1).astype(jnp.int32)
        random_action = (bits & np.uint32(num_actions - 1)).astype(jnp.int32)
        explores = (bits >> (32 - _EXPLORING_BITS)) < explore_below
        pair = row + jnp.where(explores, random_action, greedy)
        transition = transitions.at[pair].get(**inside)
        next_row, ended = transition >> 1, (transition & 1) == 1
        ahead = jnp.where(ended, 0.0, agent.gamma * values_of(q, next_row).max(axis=1))
        value = q.at[tables + pair].get(**in_order)
        error = rewards.at[pair].get(**inside) + ahead - value
        q = q.at[tables + pair].set(value + agent.alpha * error, **in_order)
        return (bits, q, next_row), ended

    def train(bits: Any) -> Any:
        q = jnp.zeros(batch * table_size, dtype=jnp.float32)
        carry = bits, q, jnp.full(batch, start, dtype=jnp.int32)
        (_, q, _), ended = jax.lax.scan(step, carry, None, length=num_steps, unroll=unroll)
        return q, ended

    said = f"one `scan`, own generator, float32, {batch} runs, unroll {unroll}"
    return JaxPeer(train, functools.partial(_seeds, batch), 0, f"JAX tuned by hand: {said}")


def _flat(mdp: fastq.FiniteMDP) -> tuple[int, Any, Any]:
    """Lay out a world of four actions: the first row, transitions and rewards of all pairs.

    A transition is one word: the row of the next step, and in its last bit whether an episode ends
    on the way there.
    """
    start = int(mdp.start.argmax()) * mdp.num_actions
    ends = mdp.terminated[:, :, 0].ravel()
    rows = np.where(ends, start, mdp.next_state[:, :, 0].ravel() * mdp.num_actions)
    rewards = jnp.asarray(mdp.reward[:, :, 0].ravel(), dtype=jnp.float32)
    return start, jnp.asarray(rows * 2 + ends, dtype=jnp.int32), rewards


def best_tuned(
    mdp: fastq.FiniteMDP, agent: TDAgent, num_steps: int, candidates: list[tuple[int, int]]
) -> JaxPeer:
    """Give the quickest of some batch sizes and unrollings, by the better of two trials each."""
    peers = [tuned(mdp, agent, num_steps, *candidate) for candidate in candidates]
    return min(peers, key=lambda peer: min(peer(-1 - i).nanoseconds_per_step for i in range(2)))


def _seeds(batch: int, seed: int) -> Any:
    """Give the generators' states, none of them 0."""
    generator = np.random.default_rng(seed % 2**32)
    return jnp.asarray(generator.integers(1, 2**32, batch, dtype=np.uint32))


def _xorshift(bits: Any) -> Any:
    """Draw 32 bits. Source: Marsaglia (2003), "Xorshift RNGs"."""
    bits = bits ^ (bits << 13)
    bits = bits ^ (bits >> 17)
    return bits ^ (bits << 5)
