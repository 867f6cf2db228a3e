"""`Algorithm`: a custom algorithm, as hyperparameters and two plain functions.

``act(q, state, u, agent)`` gives the action for a state, from one uniform u in [0, 1), and
``update(q, step, agent)`` learns from a step by writing to q, the Q-values of shape (S, A). fastq
compiles both for its kernels, and runs them uncompiled as their own reference. Their sources are
part of the configuration's key, so results of edited code are never mixed with older ones.
"""

import dis
import functools
import inspect
import re
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, PydanticUserError

from fastq.agents.digests import ValueKindError, digest_of
from fastq.agents.refused import refused_in
from fastq.agents.schedules import Exponential, Linear, Visits
from fastq.agents.td_control import Agent
from fastq.base.captured import defaults, functions_in, plain_function, reached, used
from fastq.base.errors import InputError
from fastq.base.text import is_name
from fastq.base.validation import first_sentence, not_allowed


class _AlgorithmType(type(BaseModel)):  # type: ignore[misc]
    """The type of custom algorithms: a class that is wrong is an error of one line."""

    def __new__(mcs, name: str, *parts: Any, **options: Any) -> Any:
        try:
            return super().__new__(mcs, name, *parts, **options)
        except PydanticUserError as error:
            bare = _BARE.search(str(error))
            if bare is None:
                raise InputError(f"{name}: {first_sentence(error)}") from None
            field, value = bare.groups()
            raise InputError(
                f"{name}.{field} = {value}: has no type; annotate it, as {field}: float = {value} "
                f"or {field}: fastq.StepSize = {value}"
            ) from None


_BARE = re.compile(r"non-annotated attribute was detected: `(\w+) = (.{1,60}?)`\.")


class Algorithm(Agent, metaclass=_AlgorithmType):
    """Base class of a custom algorithm.

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
            cls.name = _CAPITAL.sub("_", cls.__name__).lower()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name in cls.model_fields:
            if name == "version" or (hasattr(Algorithm, name) and not hasattr(BaseModel, name)):
                raise InputError(
                    f"{cls.__name__}.{name}: must be no hyperparameter; "
                    "leave out its type, or choose another name"
                )
        if not (is_name(cls.name) and cls.name):
            raise InputError(
                f"{cls.__name__}.name = {cls.name!r}: must be text that can be printed"
            )
        if not isinstance(cls.tables, int) or cls.tables < 0:
            raise InputError(f"{cls.__name__}.tables = {cls.tables!r}: must be an integer from 0")

    def check(self) -> None:
        """Refuse hyperparameters that are no numbers, and schedules that need fastq's counts."""
        for field in type(self).model_fields:
            value = getattr(self, field)
            if isinstance(value, Visits):
                raise InputError(
                    f"{field} = {value}: a custom algorithm counts visits itself, "
                    "in a further table",
                    field=field,
                    value=value,
                )
            if not isinstance(value, int | float | Linear | Exponential):
                raise not_allowed(field, value, "a number")

    @classmethod
    def rules(cls) -> tuple[types.FunctionType, types.FunctionType]:
        """Give the plain functions `act` and `update`.

        Raises
        ------
        InputError
            Where the class lacks one, or they do what no rule may: draw at random by themselves, or
            set the hyperparameters.
        """
        rules = _rules_of(cls)
        _check_rules(cls, rules)
        return rules

    @classmethod
    def algorithm_version(cls) -> str:
        """Digest the rules, and all that they use."""
        return code_digest(cls)


_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins in the name of a class."""


def functions_of(rules: Iterable[Callable[..., Any]]) -> list[types.FunctionType]:
    """List rules and the functions that they call, in their plain form, each once."""
    found: dict[types.FunctionType, None] = {}
    waiting = [*rules]
    while waiting:
        function = plain_function(waiting.pop(0))
        if function not in found:
            found[function] = None
            values = [*defaults(function).values(), *(value for _, value in used(function))]
            waiting += functions_in(tuple(values))
    return [*found]


def place(cls: type[Algorithm], file: str, line: int | None = None) -> str:
    """Name an algorithm in a message, with its file, and perhaps a line."""
    return f"{cls.__name__} ({Path(file).name}{f', line {line}' if line else ''})"


def code_digest(cls: type[Algorithm]) -> str:
    """Digest an algorithm's code, and all that it uses: 64 bits as 16 hexadecimal digits.

    It is of the values that hold now. What is compiled is kept under it. So if a value changes, the
    rules are compiled and checked again. They are not checked here: each call asks for the digest.
    """
    rules = _rules_of(cls)
    try:
        return digest_of(rules, cls.tables, cls.on_policy, cls.update_draws)
    except ValueKindError as error:
        _check_rules(cls, rules)
        code = error.code
        where = place(cls, code.co_filename, code.co_firstlineno)
        raise InputError(f"{where}: {error}") from None


def _rules_of(cls: type[Algorithm]) -> tuple[types.FunctionType, types.FunctionType]:
    """Find the rules of an algorithm."""
    return _function_of(cls, "act", 4), _function_of(cls, "update", 4 if cls.tables else 3)


def _function_of(cls: type[Algorithm], name: str, arguments: int) -> types.FunctionType:
    """Find a rule, with or without `staticmethod`."""
    found = inspect.getattr_static(cls, name, None)
    function = getattr(found, "__func__", found)
    if not isinstance(function, types.FunctionType):
        raise InputError(f"{cls.__name__} has no function {name}: must have act and update")
    code = function.__code__
    variable = code.co_kwonlyargcount or code.co_flags & (
        inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    )
    if code.co_argcount != arguments or variable:
        names = ("q", "state", "u", "agent") if name == "act" else ("q", "step", "agent", "tables")
        raise InputError(
            f"{place(cls, code.co_filename, code.co_firstlineno)}: "
            f"{name}{inspect.signature(function)} must be {name}({', '.join(names[:arguments])})"
            f"{f', with tables = {cls.tables}' if name == 'update' else ''}"
        )
    return function


def _check_rules(cls: type[Algorithm], rules: tuple[types.FunctionType, ...]) -> None:
    """Raise `InputError` where rules do what would make a run depend on more than its seed."""
    for function in functions_of(rules):
        code = function.__code__
        for line, fault in _faults(function, is_rule=function in rules):
            raise InputError(f"{place(cls, code.co_filename, line)}: {code.co_name} {fault}")


def _faults(function: types.FunctionType, *, is_rule: bool) -> Iterator[tuple[int | None, str]]:
    """List what no rule may do, and the lines where a function does it."""
    code = function.__code__
    if is_rule and code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        yield code.co_firstlineno, "must be a plain function, without yield or async"
    for _, value, _ in reached(function):
        home = value if isinstance(value, types.ModuleType) else getattr(value, "__self__", None)
        if getattr(home, "__name__", type(home).__module__) in _RANDOM:
            yield code.co_firstlineno, "must not draw at random; u is there for it"
    for line, name, instead in refused_in(function):
        yield line, f"uses {name}, whose bits differ in compiled code; use {instead}"
    for name, line in _set_in(code):
        yield line, f"must not set {name}; only tables may change"


_RANDOM = ("random", "numpy.random", "numpy.random.mtrand")


@functools.lru_cache(maxsize=1024)
def _set_in(code: types.CodeType) -> tuple[tuple[str, int | None], ...]:
    """List the attributes that code sets, and the lines."""
    return tuple(
        (str(one.argval), one.positions.lineno if one.positions else None)
        for one in dis.get_instructions(code)
        if one.opname == "STORE_ATTR"
    )
