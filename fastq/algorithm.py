"""`Algorithm`: an algorithm of one's own, as hyperparameters and two plain functions.

``act(q, state, u, agent)`` gives the action for a state, from one uniform u in [0, 1), and
``update(q, step, agent)`` learns from a step by writing to q, the Q-values of shape (S, A). fastq
compiles both for its kernels, and runs them uncompiled as their own reference. Their sources are
part of the configuration's key, so results of edited code are never mixed with older ones.
"""

import ast
import functools
import hashlib
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from fastq.agents import Agent
from fastq.errors import InputError
from fastq.outside import is_function, plain_function, used
from fastq.schedules import Visits
from fastq.validation import shorten


class Algorithm(Agent):
    """Base class of an algorithm of one's own.

    A subclass has hyperparameters, annotated with a type and perhaps a default (`fastq.StepSize`,
    `fastq.Fraction`, or plain float), and two functions without a ``self``, written in the part of
    Python and NumPy that Numba compiles:

    - ``act(q, state, u, agent)`` returns an action, drawn by inverse CDF of the uniform u;
    - ``update(q, step, agent)`` writes to q. The step has `state`, `action`, `reward`,
      `next_state`, `terminated`, `episode`, and what the class asks for: `next_action` and `u`.

    In both, ``agent`` has the hyperparameters, as floats. The functions that they call are compiled
    with them.

    Class attributes
    ----------------
    tables : int
        How many further tables of shape (S, A), zero at first, `update` gets as a fourth argument
        of shape (tables, S, A). Without any it gets three arguments.
    on_policy : bool
        Whether `step.next_action` is drawn before the update (as Sarsa's target needs it).
    update_draws : bool
        Whether `step.u` is a fresh uniform for each update.
    name : str
        In specs and tables; by default the name of the class in snake case.

    A hyperparameter `initial_value` is what q starts from, 0 without it.

    Raises
    ------
    InputError
        For a hyperparameter that is not allowed.
    """

    tables: ClassVar[int] = 0
    on_policy: ClassVar[bool] = False
    update_draws: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def check(self) -> None:
        """Refuse hyperparameters that are no numbers, and schedules that need fastq's counts."""
        for field, value in self.model_dump().items():
            if isinstance(getattr(self, field), Visits):
                raise InputError(
                    f"{field} = {self!r}: an algorithm of one's own counts visits itself, "
                    "in a further table"
                )
            if not isinstance(value, int | float | dict):
                raise InputError(f"{field} = {shorten(value)}: must be a number")

    @classmethod
    def rules(cls) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Give the plain functions `act` and `update`.

        Raises
        ------
        InputError
            Where the class lacks one.
        """
        return _function_of(cls, "act", 4), _function_of(cls, "update", 4 if cls.tables else 3)

    @classmethod
    def algorithm_version(cls) -> str:
        """Digest the sources of the rules, and all that they use."""
        return code_digest(cls, _source)


@functools.cache
def code_digest(
    cls: type[Algorithm], write: Callable[[types.FunctionType], str] | None = None
) -> str:
    """Digest an algorithm's code: 64 bits as 16 hexadecimal digits.

    By default it is the bytecode that is digested, which is what will be compiled. What `write`
    makes of a function may be the same for every version of Python.
    """
    digest = hashlib.sha256(f"{cls.tables} {cls.on_policy} {cls.update_draws}".encode())
    for rule in cls.rules():
        for text in _texts(rule, write or _bytecode, set()):
            digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _function_of(cls: type[Algorithm], name: str, arguments: int) -> Callable[..., Any]:
    """Find a rule, with or without `staticmethod`."""
    found = inspect.getattr_static(cls, name, None)
    function = getattr(found, "__func__", found)
    if not isinstance(function, types.FunctionType):
        raise InputError(f"{cls.__name__} has no function {name}: must have act and update")
    if function.__code__.co_argcount != arguments:
        names = ("q", "state", "u", "agent") if name == "act" else ("q", "step", "agent", "tables")
        raise InputError(
            f"{cls.__name__}.{name} takes {function.__code__.co_argcount} arguments: "
            f"must be {name}({', '.join(names[:arguments])})"
        )
    return function


def _texts(
    function: Any, write: Callable[[types.FunctionType], str], seen: set[int]
) -> Iterator[str]:
    """Write down a function, and the values and functions from outside that it uses."""
    plain = plain_function(function)
    if id(plain) in seen:
        return
    seen.add(id(plain))
    yield write(plain)
    for name, value in used(plain):
        if is_function(value):
            yield name
            yield from _texts(value, write, seen)
        elif isinstance(value, np.ndarray):
            yield f"{name} = {value.dtype} {value.shape} {value.tobytes().hex()}"
        elif isinstance(value, types.ModuleType) or callable(value):
            yield f"{name} is {getattr(value, '__name__', name)}"
        else:
            yield f"{name} = {value!r}"


def _source(function: types.FunctionType) -> str:
    """Give a function's source without comments and layout; its bytecode where there is none."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return _bytecode(function)
    return ast.unparse(tree)


def _bytecode(function: types.FunctionType) -> str:
    """Give all of a function's compiled form that decides what it does."""
    return _code_text(function.__code__)


def _code_text(code: types.CodeType) -> str:
    """Write down a code object, and those inside it."""
    constants = [_code_text(c) if isinstance(c, types.CodeType) else c for c in code.co_consts]
    return f"{code.co_code.hex()} {constants!r} {code.co_names} {code.co_varnames}"
