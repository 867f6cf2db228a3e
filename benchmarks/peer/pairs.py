"""A batch of fastq beside its twin in plain C: what most contests are, and what they share."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

import fastq
from fastq.agents.td_control import Agent, TDAgent
from peer import c
from peer.measure import Missing, Peer, Timed, timed

T = TypeVar("T")

C = "plain C"
BATCH = "`fastq.train_batch`"

CHECK_SEED = 2**31 - 1
CHECK_EPISODES = 20


class Size(NamedTuple):
    """How much work a repeat is."""

    repeats: int
    runs: int
    """Of a batch; many enough for fastq's quicker kernel."""
    episodes: int
    singles: int
    """How many single runs."""
    reference_episodes: int
    jax_steps: int
    """Of each run, as many as that many episodes take."""
    jax_candidates: Sequence[tuple[int, int]]
    """Batch sizes and unrollings, of which the quickest is taken."""


FULL = Size(15, 96, 1000, 32, 1000, 21_000, [(b, u) for b in (128, 256, 512, 1024) for u in (1, 4)])
QUICK = Size(2, 96, 20, 2, 10, 12_000, [(256, 1)])


def pair(
    title: str, mdp: fastq.FiniteMDP, agent: TDAgent, twin: c.Twin | None, size: Size
) -> dict[str, Peer]:
    """Give a batch in plain C, where there is a twin, and in fastq; their bits are compared."""
    found = in_c(title, batch_of(mdp, agent, size), twin, size) if twin else {}
    return {**found, BATCH: in_fastq(mdp, agent, size)}


def in_c(title: str, warm: fastq.Training, twin: c.Twin, size: Size) -> dict[str, Peer]:
    """Give a batch in plain C, once it equals what fastq has computed."""
    runs = np.arange(size.runs)
    check(title, warm, twin.prepare(CHECK_SEED, runs, CHECK_EPISODES)())
    return {C: lambda seed: total([twin.prepare(seed, runs, size.episodes)])}


def in_fastq(mdp: fastq.FiniteMDP, agent: Agent, size: Size) -> Peer:
    """Give a batch in fastq, compiled."""
    train = functools.partial(fastq.train_batch, mdp, agent, runs=size.runs)
    train(episodes=1, seed=CHECK_SEED)
    return lambda seed: total([lambda: train(episodes=size.episodes, seed=seed)])


def batch_of(mdp: fastq.FiniteMDP, agent: Agent, size: Size) -> fastq.Training:
    """Train what a twin is compared with."""
    about = {"episodes": CHECK_EPISODES, "seed": CHECK_SEED}
    return fastq.train_batch(mdp, agent, runs=size.runs, **about)


def check(title: str, found: fastq.Training, expected: c.Outcome) -> None:
    """Stop where a twin differs from fastq in a bit."""
    for field in c.Outcome._fields:
        one, other = (getattr(outcome, field).ravel() for outcome in (found, expected))
        same = one.dtype == other.dtype and one.size == other.size
        if not (same and np.array_equal(one.view(np.uint8), other.view(np.uint8))):
            raise SystemExit(f"plain C differs from fastq in {title}, {field}: nothing is measured")


def total(calls: Sequence[Callable[[], fastq.Training | c.Outcome]]) -> Timed:
    """Time some calls, one by one, and sum up."""
    seconds, steps = 0.0, 0
    for call in calls:
        found, took = timed(call)
        seconds += took
        steps += int(found.lengths.sum())
    return Timed(seconds, steps)


def or_none(left_out: dict[str, None], make: Callable[..., T], *args: object) -> T | None:
    """Make a peer, or note that it is missing."""
    try:
        return make(*args)
    except Missing as missing:
        left_out[str(missing)] = None
        return None
