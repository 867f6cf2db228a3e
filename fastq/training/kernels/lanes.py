"""Runs in lock-step: what is remembered of the run in each lane, and where it stands.

A *lane* holds one run at a time; `WIDTH` lanes are a *group*. Each name in capitals is the index of
a variable's vector in the block of a group: ``words[group * GROUP + ROW]`` begins the rows of the
group's lanes. `slot_of` finds a single lane. So one instruction of the processor works on the same
variable of several lanes.

The Q-tables of all lanes are one array: the rows of a state lie side by side, lane after lane.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.jit import inlined
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.layout import Features, Learners, features_of, thresholds
from fastq.training.kernels.rows import put, words
from fastq.training.kernels.vector_functions import where
from fastq.training.kernels.vectors import WIDTH
from fastq.training.streams import next_bits

MOST_LANES = 64
"""A word has a bit for each."""

FEWEST_RUNS = WIDTH
"""Fewer would leave lanes empty: the plain loop is as quick for four."""

MOST_COLUMNS = 64
"""A row of all tables of a lane is held in as many vectors."""

MOST_BYTES = 2**30
"""Of the tables of all lanes. There are fewer lanes where they are large; where those of the fewest
are larger, runs are trained one after another."""

CACHED_BYTES = 2**20
"""Tables beyond it do not lie in the caches of one core: rows are asked for ahead of time."""

_ZERO, _ONE, _THREE, _SEVEN = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(7)
_ELEVEN, _HALF_A_WORD = np.uint64(11), np.uint64(32)
_LINE = 64
"""Bytes of a cache line."""

# Words: two streams of four each, then one of each for every lane.
STREAM, ENVIRONMENT = np.uint64(0), np.uint64(4 * WIDTH)
ROW, ACTION, NEXT_ACTION, PAIR, OUTCOME, NEXT = (np.uint64(i * WIDTH) for i in range(8, 14))
AHEAD, CHOSEN, STATE, NEXT_STATE, BASE, BEGIN = (np.uint64(i * WIDTH) for i in range(14, 20))
DEADLINE = np.uint64(20 * WIDTH)
GREEDY, UNIFORM, REWARD, RETURN, SHARE, REST, SCALE, OFFSET, MARGIN = (
    np.uint64(i * WIDTH) for i in range(21, 30)
)
GROUP = np.uint64(30 * WIDTH)
"""Words of a group."""

NEVER = np.uint64(2**63)
"""A tick that does not come, and a threshold that no uniform reaches."""


class Lanes(NamedTuple):
    """What runs in lock-step remember."""

    words: NDArray[np.uint64]
    """Blocks of groups. The SFC64 states ``STREAM`` and ``ENVIRONMENT``; the ``ROW`` of the state
    and the ``ACTION`` drawn there; on-policy, the ``NEXT_ACTION``; the ``PAIR`` of state and
    action, as a place in `q`; their ``OUTCOME``, and the ``NEXT`` row, twice, plus 1 where it
    terminates; the place ``AHEAD``, where the Q-values of the state stand that the lane comes to;
    the first column of the table ``CHOSEN`` to learn; for custom algorithms the number of the
    ``STATE`` and the ``NEXT_STATE``; where tables are large, the ``BASE`` of the lane's own; the
    ticks of the episode's ``BEGIN`` and ``DEADLINE``."""
    numbers: NDArray[np.float64]
    """The same memory. The first ``GREEDY`` action of the state plus a half; a ``UNIFORM``, an
    integer of 53 bits; the ``REWARD``, and the ``RETURN`` so far. Of epsilon: ``REST``,
    1 - epsilon, and ``SHARE``, epsilon / A; ``SCALE``, ``OFFSET``, ``MARGIN`` for
    `policy.epsilon_greedy`."""
    q: NDArray[np.float64]
    updates: NDArray[np.float64]
    """How often each Q-value was updated; laid out as `q`, or empty."""
    draws: NDArray[np.float64]
    """How often an action was drawn in each state; as `updates`, at the first action's place."""
    agents: NDArray[np.float64]
    """Hyperparameters: F vectors for each group."""
    transitions: NDArray[np.float64]
    """Of each outcome two numbers: the mean reward and, before it, bits: the number of the next
    state in the upper half of a word, ``NEXT`` in the lower."""
    thresholds: NDArray[np.float64]
    """The bits of the cumulative probabilities of each pair's outcomes, as 53-bit integers."""
    reward_sd: NDArray[np.float64]
    asked: Features
    """What some agent asks for, so that a general kernel looks for no more."""
    random_rewards: bool
    run_of: NDArray[np.int64]
    """Which run is in each lane, as an index of those to do."""
    episode_of: NDArray[np.int64]
    faults: NDArray[np.uint64]
    """Of one word: in which lanes a custom rule has failed in this tick, as bits."""
    probabilities: NDArray[np.float64]
    """Scratch, shape (A,), as the next."""
    values: NDArray[np.float64]
    groups: np.uint64
    shift: np.uint64
    """A row times 2 ** shift is the place of its Q-values in lane 0."""
    num_states: np.int64
    num_outcomes: np.uint64
    outcome_shift: np.uint64
    """A pair times 2 ** outcome_shift is the index of its first outcome."""
    actions: tuple[int, ...]
    """As long as a row of one table."""
    columns: tuple[int, ...]
    """As long as a row of all tables of a lane."""
    apart: tuple[int, ...]
    """As long as the rows of neighbouring lanes are apart; large tables are whole, one by one."""
    in_place: bool
    """Whether `q` is where the runs' Q-values are returned, so that none is copied."""
    spare: np.uint64
    """Where in `q` a table is for lanes that have no run, if tables are large."""


def fits_lanes(mdp: FiniteMDP, facts: KernelFacts, runs: int) -> bool:
    """Say whether so many runs of agents of one class can be in lock-step, and gain by it."""
    return not why_not_in_lanes(mdp, facts, runs)


def why_not_in_lanes(mdp: FiniteMDP, facts: KernelFacts, runs: int) -> str:
    """Say why so many runs are not in lock-step; nothing where they are."""
    columns, size = facts.tables * mdp.num_actions, _bytes_of_all(mdp, facts, runs)
    reason = ""
    if not facts.in_lanes:
        reason = f"{facts.agent.name} has no rule for lock-step"
    elif runs < FEWEST_RUNS:
        reason = f"there are fewer than {FEWEST_RUNS} runs"
    elif columns > MOST_COLUMNS:
        reason = f"a state has {columns} values, more than {MOST_COLUMNS}"
    elif size > MOST_BYTES:
        most = MOST_BYTES // 2**30
        reason = f"tables side by side take {size / 2**30:.1f} GB, more than {most}"
    return reason


def num_lanes(runs: int) -> int:
    """Choose how many lanes work on so many runs: more hide more latency, if they are filled."""
    return 8 if runs <= 8 else 16 if runs <= 16 else 32 if runs < 128 else MOST_LANES


def _lanes_for(mdp: FiniteMDP, facts: KernelFacts, runs: int) -> int:
    """Choose how many lanes work on so many runs: fewer where their tables are large."""
    lanes = num_lanes(runs)
    while lanes > WIDTH and lanes * _table_bytes(mdp, facts) > MOST_BYTES:
        lanes //= 2
    return lanes


def _bytes_of_all(mdp: FiniteMDP, facts: KernelFacts, runs: int) -> int:
    """Count the bytes of the tables of all lanes."""
    return _lanes_for(mdp, facts, runs) * _table_bytes(mdp, facts)


def _table_bytes(mdp: FiniteMDP, facts: KernelFacts) -> int:
    """Count the bytes of the Q-tables of one lane; there is room for a power of two of them."""
    return mdp.num_states * mdp.num_actions * 8 << (facts.tables - 1).bit_length()


def exceeds_caches(mdp: FiniteMDP, facts: KernelFacts, runs: int) -> bool:
    """Say whether the tables of all lanes are too large for the caches of a core."""
    return _bytes_of_all(mdp, facts, runs) > CACHED_BYTES


def lay_out_lanes(
    mdp: FiniteMDP,
    agents: Sequence[Agent],
    facts: KernelFacts,
    learners: Learners,
    runs: int,
    room: NDArray[np.float64] | None = None,
) -> Lanes:
    """Allocate lanes for so many runs of agents of one class.

    Parameters
    ----------
    mdp, agents, facts, learners, runs
        What is to be done.
    room : array of shape (N + 1, S, A), optional
        Where the Q-values of all N runs are returned, and those of one more, all zero. Large
        tables are worked on there.
    """
    lanes, tables = _lanes_for(mdp, facts, runs), facts.tables
    each, large = _table_bytes(mdp, facts) // 8, exceeds_caches(mdp, facts, runs)
    values = (lanes + large) * each
    memory = aligned_zeros(int(GROUP) * lanes // WIDTH, np.uint64)
    outcome_shift = (mdp.num_outcomes - 1).bit_length()
    asked = features_of(agents)
    counts = asked.alpha_by_visits or asked.epsilon_by_visits  # they are laid out as `q` is
    in_place = large and tables == 1 and room is not None and not counts
    q = room.reshape(-1) if in_place and room is not None else aligned_zeros(values, np.float64)
    shift = (tables - 1).bit_length() if large else (lanes * tables - 1).bit_length()
    return Lanes(
        words=memory,
        numbers=memory.view(np.float64),
        q=q,
        updates=aligned_zeros(values if asked.alpha_by_visits else 0, np.float64),
        draws=aligned_zeros(values if asked.epsilon_by_visits else 0, np.float64),
        agents=aligned_zeros(lanes * learners.values.shape[1], np.float64),
        transitions=_pack_transitions(mdp, outcome_shift),
        thresholds=_pad_thresholds(mdp, outcome_shift),
        reward_sd=_pad_reward_sd(mdp, outcome_shift),
        asked=asked,
        random_rewards=mdp.reward_sd is not None,
        run_of=np.zeros(lanes, dtype=np.int64),
        episode_of=aligned_zeros(lanes, np.int64),
        faults=np.zeros(1, dtype=np.uint64),
        probabilities=np.empty(mdp.num_actions),
        values=np.empty(mdp.num_actions),
        groups=np.uint64(lanes // WIDTH),
        shift=np.uint64(shift),
        num_states=np.int64(mdp.num_states),
        num_outcomes=np.uint64(mdp.num_outcomes),
        outcome_shift=np.uint64(outcome_shift),
        actions=tuple(range(mdp.num_actions)),
        columns=tuple(range(tables * mdp.num_actions)),
        apart=tuple(range(0 if large else tables * mdp.num_actions)),
        in_place=in_place,
        spare=np.uint64(len(q) - each),
    )


def _padded(values: NDArray[Any], outcome_shift: int, filling: float) -> NDArray[Any]:
    """Lay out the outcomes of each pair, filled up to a power of two."""
    states, actions, count = values.shape
    spare = (1 << outcome_shift) - count
    filled = np.full((states, actions, spare), filling, dtype=values.dtype)
    return np.concatenate([values, filled], axis=2).ravel()


@functools.lru_cache(maxsize=8)
def _pack_transitions(mdp: FiniteMDP, outcome_shift: int) -> NDArray[np.float64]:
    """Write each outcome as two numbers; those that terminate lead to the first start state."""
    start = np.flatnonzero(mdp.start)[0]
    there = np.where(mdp.terminated, start, mdp.next_state).astype(np.uint64)
    there = (there << _HALF_A_WORD) + there * np.uint64(2 * mdp.num_actions) + mdp.terminated
    packed = aligned_zeros(2 * mdp.num_states * mdp.num_actions << outcome_shift, np.float64)
    packed.view(np.uint64)[::2] = _padded(there, outcome_shift, 0)
    packed[1::2] = _padded(mdp.reward, outcome_shift, 0.0)
    return packed


@functools.lru_cache(maxsize=8)
def _pad_thresholds(mdp: FiniteMDP, outcome_shift: int) -> NDArray[np.float64]:
    """Lay out the cumulative probabilities; none where nothing is drawn."""
    if mdp.deterministic:
        return aligned_zeros(0, np.float64)
    cumulative = thresholds(np.cumsum(mdp.probability, axis=2))
    return _padded(cumulative, outcome_shift, int(NEVER)).view(np.float64)


@functools.lru_cache(maxsize=8)
def _pad_reward_sd(mdp: FiniteMDP, outcome_shift: int) -> NDArray[np.float64]:
    """Lay out the standard deviations of rewards; none where no reward is random."""
    if mdp.reward_sd is None:
        return aligned_zeros(0, np.float64)
    return _padded(mdp.reward_sd, outcome_shift, 0.0)


def aligned_zeros(size: int, dtype: type) -> NDArray[Any]:
    """Allocate a flat array that begins where a cache line does, and with it the widest vector."""
    item = np.dtype(dtype).itemsize
    spare: NDArray[Any] = np.zeros(size + _LINE // item, dtype=dtype)
    start = -spare.ctypes.data % _LINE // item
    return spare[start : start + size]


@inlined
def slot_of(lane: np.uint64) -> np.uint64:
    """Find where a lane's variables stand, counted from where those of lane 0 do."""
    return (lane >> _THREE) * GROUP + (lane & _SEVEN)


@inlined
def draw_in_group(memory: NDArray[np.uint64], stream: np.uint64) -> Any:
    """Draw a uniform in each lane of a group, as a vector of 53-bit integers."""
    a, b = stream, stream + np.uint64(WIDTH)
    c, counter = stream + np.uint64(2 * WIDTH), stream + np.uint64(3 * WIDTH)
    drawn, next_a, next_b, next_c, next_counter = next_bits(
        words(memory, a), words(memory, b), words(memory, c), words(memory, counter)
    )
    put(memory, a, next_a)
    put(memory, b, next_b)
    put(memory, c, next_c)
    put(memory, counter, next_counter)
    return drawn >> _ELEVEN


@inlined
def draw_where(memory: NDArray[np.uint64], stream: np.uint64, asked: Any) -> Any:
    """Draw a uniform in those lanes of a group that ask for one; the others' streams stay."""
    a, b = stream, stream + np.uint64(WIDTH)
    c, counter = stream + np.uint64(2 * WIDTH), stream + np.uint64(3 * WIDTH)
    old_a, old_b = words(memory, a), words(memory, b)
    old_c, old_counter = words(memory, c), words(memory, counter)
    drawn, next_a, next_b, next_c, next_counter = next_bits(old_a, old_b, old_c, old_counter)
    put(memory, a, where(asked, next_a, old_a))
    put(memory, b, where(asked, next_b, old_b))
    put(memory, c, where(asked, next_c, old_c))
    put(memory, counter, where(asked, next_counter, old_counter))
    return drawn >> _ELEVEN


@inlined
def draw_in_lane(memory: NDArray[np.uint64], stream: np.uint64) -> np.uint64:
    """Draw a uniform in one lane, as an integer of 53 bits."""
    a, b = stream, stream + np.uint64(WIDTH)
    c, counter = stream + np.uint64(2 * WIDTH), stream + np.uint64(3 * WIDTH)
    drawn, memory[a], memory[b], memory[c], memory[counter] = next_bits(
        memory[a], memory[b], memory[c], memory[counter]
    )
    return drawn >> _ELEVEN
