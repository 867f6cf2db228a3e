"""Runs in lock-step: the state of some runs side by side, and the parts of a step that all share.

A *lane* holds one run at a time. The state of all lanes stands in two flat arrays, `words` and
`numbers`. Each name below is the index of the first lane's value: lane i's row is
``words[ROW + i]``. So the values of one variable lie side by side, as vector instructions need it.
The compiler makes such instructions of a loop over the lanes whose body has no branches and no
calls.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.base.intrinsics import vectorised
from fastq.base.jit import inlined, staged
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.layout import RANDOM_TIES, UNROLLED_ACTIONS
from fastq.training.streams import next_bits

LANES = 32
"""Two or four vectors of the widest kind: fewer hide less of the memory's latency, more do not fit
into the fastest cache with their tables."""

FEWEST_RUNS = LANES // 2
"""From so many runs on lanes pay, though some stay empty."""

MOST_BYTES = 2**27
"""Of the tables of all lanes. Runs with larger tables are trained one after another."""

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ELEVEN = np.uint64(11)
_STEP = 2.0**-53
_LINE = 64
"""Bytes of a cache line."""

_LANES = np.uint64(LANES)
# Words: two streams of four each, then one of each for every lane.
STREAM, ENVIRONMENT = np.uint64(0), np.uint64(4 * LANES)
ROW, ACTION, GREEDY, UNIFORM, OUTCOME, TRANSITION, PAIR, TABLE, LENGTH, TIES, TIED = (
    np.uint64(i * LANES) for i in range(8, 19)
)
_NUM_WORDS = 19 * LANES
REWARD, VALUE, RETURN, ALPHA, GAMMA, REST, SHARE, PER_SHARE, BEYOND, SURE = (
    np.uint64(i * LANES) for i in range(10)
)
_NUM_NUMBERS = 10 * LANES

_LEAST_SHARE = 1e-9
_MARGIN = 1e-12
"""Far above the rounding of sums of a few probabilities, far below any that matters."""


class Lanes(NamedTuple):
    """What runs in lock-step remember, each in its lane."""

    words: NDArray[np.uint64]
    """``STREAM`` and ``ENVIRONMENT``, the SFC64 states; the ``ROW`` of the state, its first
    ``GREEDY`` action, and the ``ACTION`` drawn there by a ``UNIFORM``, an integer of 53 bits; the
    ``OUTCOME`` of both and its ``TRANSITION``; the ``PAIR`` that learns, as an index of `q`; where
    the lane's ``TABLE`` begins there; the ``LENGTH`` of the episode so far; whether ``TIES`` are
    broken at random, 1 or 0, and whether the best action is ``TIED`` with another then."""
    numbers: NDArray[np.float64]
    """The ``REWARD``; the new ``VALUE`` of the pair; the ``RETURN`` so far. Hyperparameters:
    ``ALPHA``, ``GAMMA``, and epsilon as ``REST``, 1 - epsilon, and ``SHARE``, epsilon / A. For
    `draw_actions`: ``PER_SHARE``, ``BEYOND``, ``SURE``."""
    q: NDArray[np.float64]
    """The Q-tables of all lanes, one after another; where there are two tables, a state's row of
    the second follows that of the first."""
    transitions: NDArray[np.uint64]
    """Of each outcome, twice the next row, plus 1 where it terminates."""
    run_of: NDArray[np.int64]
    """Which run is in each lane, as an index of those to do."""
    episode_of: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    """Scratch, shape (A,)."""


def fits_lanes(mdp: FiniteMDP, facts: KernelFacts, runs: int, *, ties: bool = False) -> bool:
    """Say whether so many runs of plain agents of one class can be in lock-step, and gain by it."""
    return (
        runs >= FEWEST_RUNS
        and bool(facts.lane_names)
        and (facts.lane_ties or not ties)
        and mdp.num_actions <= UNROLLED_ACTIONS
        and LANES * _table_size(mdp, facts) * 8 <= MOST_BYTES
    )


def num_tables(facts: KernelFacts) -> int:
    """Count the Q-tables in a lane: where there are further ones, the agent acts on their mean."""
    return max(facts.further_tables, 1)


def _table_size(mdp: FiniteMDP, facts: KernelFacts) -> int:
    """Count the Q-values of a lane, with a gap that keeps lanes from competing for cache lines."""
    return num_tables(facts) * mdp.num_states * mdp.num_actions + 8


def lay_out_lanes(mdp: FiniteMDP, facts: KernelFacts) -> Lanes:
    """Allocate lanes for agents of one class."""
    size = _table_size(mdp, facts)
    lanes = Lanes(
        words=aligned_zeros(_NUM_WORDS, np.uint64),
        numbers=aligned_zeros(_NUM_NUMBERS, np.float64),
        q=aligned_zeros(LANES * size, np.float64),
        transitions=_pack_transitions(mdp),
        run_of=np.empty(LANES, dtype=np.int64),
        episode_of=np.empty(LANES, dtype=np.int64),
        probabilities=np.empty(mdp.num_actions),
    )
    lanes.words[int(TABLE) : int(TABLE) + LANES] = np.arange(LANES) * size
    return lanes


@functools.lru_cache(maxsize=8)
def _pack_transitions(mdp: FiniteMDP) -> NDArray[np.uint64]:
    """Write the next row of each outcome and whether it terminates in one word."""
    rows = mdp.next_state.astype(np.uint64) * np.uint64(mdp.num_actions)
    return ((rows << _ONE) | mdp.terminated).ravel()


@inlined
def draw(words: NDArray[np.uint64], stream: np.uint64, lane: np.uint64) -> np.uint64:
    """Draw a uniform, as an integer of 53 bits, from a stream of a lane."""
    a = stream + lane
    b, c, counter = a + _LANES, a + np.uint64(2) * _LANES, a + np.uint64(3) * _LANES
    bits, words[a], words[b], words[c], words[counter] = next_bits(
        words[a], words[b], words[c], words[counter]
    )
    return bits >> _ELEVEN


@inlined
def set_epsilon(
    numbers: NDArray[np.float64], lane: np.uint64, epsilon: float, num_actions: int
) -> None:
    """Prepare a lane's draws of actions.

    If epsilon is 0, the bounds of `draw_actions` lie beyond all actions: the greedy one is drawn.
    """
    share = epsilon / num_actions
    usual = share > _LEAST_SHARE
    numbers[SHARE + lane] = share
    numbers[REST + lane] = 1.0 - epsilon
    numbers[PER_SHARE + lane] = 1.0 / share if usual else 0.0
    numbers[BEYOND + lane] = 0.0 if usual else num_actions + 0.5
    numbers[SURE + lane] = 0.5 - _MARGIN / share if usual else (0.5 if epsilon == 0.0 else -1.0)


@staged
def draw_actions(words: NDArray[np.uint64], numbers: NDArray[np.float64]) -> np.uint64:
    """Draw an action in each lane; return in which lanes it is uncertain, as bits.

    The thresholds of the draw are the cumulative probabilities. Before the greedy action they are
    multiples of epsilon / A; from it on they are such multiples plus 1 - epsilon. So the action has
    a least and a greatest index, which follow from the uniform alone, and is the greedy one if that
    lies between them. `lockstep.draw_exactly` decides in two cases: if the uniform lies within
    rounding error of a threshold, and if several actions are the best.
    """
    vectorised()
    uncertain = _ZERO
    for i in range(LANES):
        lane = np.uint64(i)
        k = draw(words, STREAM, lane)
        u, per_share = np.float64(np.int64(k)) * _STEP, numbers[PER_SHARE + lane]
        most = u * per_share + numbers[BEYOND + lane]
        least = (u - numbers[REST + lane]) * per_share
        least = least if least > 0.5 else 0.5
        whole_most, whole_least = np.int64(most), np.int64(least)
        sure = numbers[SURE + lane]
        near_most = abs(most - whole_most - 0.5) > sure
        near_least = abs(least - whole_least - 0.5) > sure
        action = words[GREEDY + lane]
        action = np.uint64(whole_least) if np.uint64(whole_least) > action else action
        action = np.uint64(whole_most) if np.uint64(whole_most) < action else action
        words[ACTION + lane] = action
        words[UNIFORM + lane] = k
        tied = words[TIED + lane] if RANDOM_TIES else _ZERO
        uncertain |= (np.uint64(near_most | near_least) | tied) << lane
    return uncertain


def aligned_zeros(size: int, dtype: type) -> NDArray[Any]:
    """Allocate a flat array that begins where a cache line does, and with it the widest vector."""
    item = np.dtype(dtype).itemsize
    spare: NDArray[Any] = np.zeros(size + _LINE // item, dtype=dtype)
    start = -spare.ctypes.data % _LINE // item
    return spare[start : start + size]
