"""Seeds to random streams: NumPy's SFC64 seeded by NumPy's SeedSequence, compiled.

Run ``r`` of a sweep with seed ``s`` draws its actions from
``Generator(SFC64(SeedSequence(s, spawn_key=(r, 0))))`` and the environment's outcomes from the one
with ``spawn_key=(r, 1)``; streams that are independent between configurations append the two words
of the configuration's key. `generator` builds that generator with NumPy alone, so anyone can
replay any run; `states` computes the same SFC64 states for many runs at once.

Sources: M. E. O'Neill, "Developing a seed_seq alternative" (2015), the mixing in NumPy's
`SeedSequence`; C. Doty-Humphrey, PractRand (2014), SFC64. Tested equal to NumPy's own.
"""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastq.base.jit import compiled, inlined

ACTIONS = 0
ENVIRONMENT = 1

_POOL = 4
_MASK = np.uint64(0xFFFFFFFF)
_INIT_A, _MULT_A = np.uint64(0x43B0D7E5), np.uint64(0x931E8875)
_INIT_B, _MULT_B = np.uint64(0x8B51F9DD), np.uint64(0x58F38DED)
_MIX_LEFT, _MIX_RIGHT = np.uint64(0xCA01F9DD), np.uint64(0x4973F715)
_HALF = np.uint64(16)
_WORD = np.uint64(32)


def generator(
    seed: int, run: int, stream: int = ACTIONS, key: Sequence[int] = ()
) -> np.random.Generator:
    """Build one stream of one run with NumPy alone.

    Parameters
    ----------
    seed, run : int
        The seed of the sweep and the number of the run, both >= 0.
    stream : int
        `ACTIONS` (0) or `ENVIRONMENT` (1).
    key : sequence of int
        Words of 32 bits that set a configuration's streams apart; empty for common streams.

    Returns
    -------
    numpy.random.Generator
        What the kernels draw from, at its beginning.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(run, stream, *key))
    return np.random.Generator(np.random.SFC64(sequence))


def states(
    seed: int, runs: NDArray[np.integer], stream: int, keys: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """Compute the SFC64 states with which `generator` starts, for N runs at once.

    Parameters
    ----------
    seed : int
        The seed of the sweep, >= 0.
    runs : array, shape (N,)
        Numbers of the runs, below 2**32.
    stream : int
        `ACTIONS` or `ENVIRONMENT`.
    keys : array, shape (N, W)
        W further words of 32 bits for each run; W = 0 for common streams.

    Returns
    -------
    array of uint64, shape (N, 4)
        ``SFC64(...).state["state"]["state"]`` of each run.
    """
    out = np.empty((len(runs), 4), dtype=np.uint64)
    _fill_states(_words(seed), _as_words(runs), stream, _as_words(keys), out)
    return out


def _as_words(numbers: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Write numbers below 2**32 as one type of array, for which one kernel is compiled."""
    return np.ascontiguousarray(numbers, dtype=np.uint32)


@functools.lru_cache
def _words(seed: int) -> tuple[int, ...]:
    """Split a seed into words of 32 bits, lowest first, at least as many as the pool has."""
    words = []
    while seed:
        words.append(seed & 0xFFFFFFFF)
        seed >>= 32
    return tuple(words + [0] * (_POOL - len(words)))


@inlined
def next_bits(
    a: np.uint64, b: np.uint64, c: np.uint64, counter: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """Draw 64 bits from SFC64; return them and the state that follows."""
    bits = a + b + counter
    rotated = (c << np.uint64(24)) | (c >> np.uint64(40))
    return (
        bits,
        b ^ (b >> np.uint64(11)),
        c + (c << np.uint64(3)),
        rotated + bits,
        counter + np.uint64(1),
    )


@inlined
def _hash(value: np.uint64, constant: np.uint64, mult: np.uint64) -> tuple[np.uint64, np.uint64]:
    """SeedSequence's `hashmix`, in 64-bit words that hold 32 bits; also the next constant."""
    value = value ^ constant
    constant = (constant * mult) & _MASK
    value = (value * constant) & _MASK
    return value ^ (value >> _HALF), constant


@inlined
def _mix(x: np.uint64, y: np.uint64) -> np.uint64:
    """SeedSequence's `mix` of two words of 32 bits."""
    mixed = (_MIX_LEFT * x - _MIX_RIGHT * y) & _MASK
    return mixed ^ (mixed >> _HALF)


@inlined
def _mix_entropy(entropy: NDArray[np.uint32], pool: NDArray[np.uint64]) -> None:
    """Fill the pool from the entropy, each word of which reaches every word of the pool."""
    constant = _INIT_A
    for i in range(_POOL):
        pool[i], constant = _hash(np.uint64(entropy[i]), constant, _MULT_A)
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                hashed, constant = _hash(pool[source], constant, _MULT_A)
                pool[target] = _mix(pool[target], hashed)
    for i in range(_POOL, len(entropy)):
        for target in range(_POOL):
            hashed, constant = _hash(np.uint64(entropy[i]), constant, _MULT_A)
            pool[target] = _mix(pool[target], hashed)


@inlined
def _seed_sfc64(pool: NDArray[np.uint64], state: NDArray[np.uint64]) -> None:
    """Draw three words of 64 bits from the pool, and run SFC64 through its twelve warm-up steps."""
    constant = _INIT_B
    for i in range(3):
        low, constant = _hash(pool[(2 * i) % _POOL], constant, _MULT_B)
        high, constant = _hash(pool[(2 * i + 1) % _POOL], constant, _MULT_B)
        state[i] = low | (high << _WORD)
    a, b, c, counter = state[0], state[1], state[2], np.uint64(1)
    for _ in range(12):
        _, a, b, c, counter = next_bits(a, b, c, counter)
    state[0], state[1], state[2], state[3] = a, b, c, counter


@compiled
def _fill_states(
    seed: tuple[int, ...],
    runs: NDArray[np.uint32],
    stream: int,
    keys: NDArray[np.uint32],
    out: NDArray[np.uint64],
) -> None:
    """Seed one SFC64 for each run. The entropy is the seed, the run, the stream and the key."""
    size = len(seed)
    entropy = np.empty(size + 2 + keys.shape[1], dtype=np.uint32)
    for i in range(size):
        entropy[i] = seed[i]
    entropy[size + 1] = stream
    pool = np.empty(_POOL, dtype=np.uint64)
    for i in range(len(out)):
        entropy[size] = runs[i]
        for j in range(keys.shape[1]):  # to assign a slice takes seconds to compile
            entropy[size + 2 + j] = keys[i, j]
        _mix_entropy(entropy, pool)
        _seed_sfc64(pool, out[i])
