"""Which kernel trains which agent: the loop's template, bound to the rules of an algorithm."""

import functools
from collections.abc import Callable
from typing import Any

from fastq.agents import Agent
from fastq.algorithm import Algorithm, code_digest
from fastq.jit import checked, specialised
from fastq.kernels import (
    double_q_learning,
    dyna_q,
    expected_sarsa,
    lockstep,
    loop,
    own,
    q_learning,
    sarsa,
)
from fastq.kernels.work import clear_to_zero

Kernel = Any
"""A compiled function, with Numba's `compile` for a signature."""

_UPDATES: dict[str, Callable[..., None]] = {
    "q_learning": q_learning.update,
    "sarsa": sarsa.update,
    "expected_sarsa": expected_sarsa.update,
    "double_q_learning": double_q_learning.update,
    "dyna_q": dyna_q.update,
}
_ON_POLICY = ("sarsa",)


_IN_LANES: dict[str, dict[str, Any]] = {
    "q_learning": {"bootstrap": q_learning.bootstrap},
    "sarsa": {"bootstrap": sarsa.bootstrap},
    "expected_sarsa": {"bootstrap": expected_sarsa.bootstrap},
    "double_q_learning": {
        "NUM_TABLES": 2,
        "learn": double_q_learning.learn_lanes,
        "greedy_at": double_q_learning.greedy_at,
    },
}


@functools.cache
def kernel_for(agent_type: type[Agent], *, allocates: bool = False) -> Kernel:
    """Give the compiled form of `loop.learn_batch` for a class of agents.

    An algorithm of one's own is quicker, but need not compile, where it may not allocate memory.
    """
    name = agent_type.name
    if issubclass(agent_type, Algorithm):
        tag = f"{code_digest(agent_type)}_{int(allocates)}"
        return specialised(
            loop.learn_batch, f"learn_{name}", tag, _rules_of(agent_type, tag, allocates)
        )
    rules = {"update": _UPDATES[name], "ON_POLICY": name in _ON_POLICY}
    return specialised(loop.learn_batch, f"learn_{name}", "", rules)


@functools.cache
def lanes_kernel_for(agent_type: type[Agent], *, stochastic: bool) -> Kernel:
    """Give the compiled form of `lockstep.learn_lanes` for a class of fastq's agents."""
    name = agent_type.name
    names = {"STOCHASTIC": stochastic, "ON_POLICY": name in _ON_POLICY, **_IN_LANES[name]}
    environment = "stochastic" if stochastic else "deterministic"
    return specialised(lockstep.learn_lanes, f"learn_{name}_in_lanes_{environment}", "", names)


def _rules_of(algorithm: type[Algorithm], tag: str, allocates: bool) -> dict[str, Any]:
    """Compile the rules of an algorithm of one's own."""
    act, update = (checked(rule, tag=tag, allocates=allocates) for rule in algorithm.rules())
    return {
        "act": own.act,
        "chosen": act,
        "update": own.update_with_tables if algorithm.tables else own.update,
        "learn": update,
        "UPDATE_DRAWS": algorithm.update_draws,
        "pair_of": own.pair_of_number,
        "clear": clear_to_zero,
        "ON_POLICY": algorithm.on_policy,
    }
