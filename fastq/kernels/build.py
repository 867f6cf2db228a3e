"""Which kernel trains which agent: the loop's template, bound to the rules of an algorithm."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from fastq.agents import Agent
from fastq.algorithm import Algorithm, code_digest
from fastq.jit import checked, inlined, rebound, specialised
from fastq.kernels import double_q_learning, dyna_q, expected_sarsa, loop, own, q_learning, sarsa
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


@functools.cache
def kernel_for(agent_type: type[Agent], *, allocates: bool = False) -> Kernel:
    """Give the compiled form of `loop.learn_batch` for a class of agents.

    An algorithm of one's own is quicker, but need not compile, where it may not allocate memory.
    """
    name = agent_type.name
    if issubclass(agent_type, Algorithm):
        tag = f"{code_digest(agent_type)}_{int(allocates)}"
        return _bind(name, tag, _rules_of(agent_type, tag, allocates))
    rules = {"update": _UPDATES[name], "ON_POLICY": name in _ON_POLICY}
    return _bind(name, "fastq", rules)


def _bind(name: str, tag: str, rules: Mapping[str, Any]) -> Kernel:
    """Bind the rules of an algorithm into the template."""
    learn_run = inlined(rebound(loop.learn_run, rules, f"{name}_{tag}"))
    return specialised(loop.learn_batch, f"learn_{name}", tag, {"learn_run": learn_run})


def _rules_of(algorithm: type[Algorithm], tag: str, allocates: bool) -> dict[str, Any]:
    """Compile the rules of an algorithm of one's own."""
    act, update = (checked(rule, tag=tag, allocates=allocates) for rule in algorithm.rules())
    template = own.update_with_tables if algorithm.tables else own.update
    names = {"learn": update, "UPDATE_DRAWS": algorithm.update_draws}
    return {
        "act": inlined(rebound(own.act, {"chosen": act}, tag)),
        "update": inlined(rebound(template, names, tag)),
        "pair_of": own.pair_of_number,
        "clear": clear_to_zero,
        "ON_POLICY": algorithm.on_policy,
    }
