"""`Algorithm`: an algorithm of one's own, as hyperparameters and two plain functions.

``act(q, state, u, agent)`` gives the action for a state, from one uniform u in [0, 1), and
``update(q, step, agent)`` learns from a step by writing to q, the Q-values of shape (S, A). fastq
compiles both for its kernels, and runs them uncompiled as their own reference. Their sources are
part of the configuration's key, so results of edited code are never mixed with older ones.
"""

import ast
import dis
import enum
import functools
import hashlib
import inspect
import re
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, PydanticUserError

from fastq.agents import Agent
from fastq.errors import InputError
from fastq.outside import is_function, plain_function, used
from fastq.schedules import Exponential, Linear, Visits
from fastq.text import is_name
from fastq.validation import first_sentence, shorten


class _AlgorithmType(type(BaseModel)):  # type: ignore[misc]
    """The type of algorithms of one's own: a class that is wrong is an error of one line."""

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
                    f"{field} = {value}: an algorithm of one's own counts visits itself, "
                    "in a further table"
                )
            if not isinstance(value, int | float | Linear | Exponential):
                raise InputError(f"{field} = {shorten(value)}: must be a number")

    @classmethod
    def rules(cls) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Give the plain functions `act` and `update`.

        Raises
        ------
        InputError
            Where the class lacks one, or they do what no rule may: draw at random by themselves, or
            set the hyperparameters.
        """
        rules = _function_of(cls, "act", 4), _function_of(cls, "update", 4 if cls.tables else 3)
        _check_rules(cls, rules)
        return rules

    @classmethod
    def algorithm_version(cls) -> str:
        """Digest the sources of the rules, and all that they use."""
        return code_digest(cls, _source)


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
            waiting += [value for _, value in used(function) if is_function(value)]
    return [*found]


def place(cls: type[Algorithm], file: str, line: int | None = None) -> str:
    """Name an algorithm in a message, with its file, and perhaps a line."""
    return f"{cls.__name__} ({Path(file).name}{f', line {line}' if line else ''})"


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


@functools.cache
def _check_rules(cls: type[Algorithm], rules: tuple[types.FunctionType, ...]) -> None:
    """Raise `InputError` where rules do what would make a run depend on more than its seed."""
    for function in functions_of(rules):
        code, fault = function.__code__, ""
        line: int | None = code.co_firstlineno
        if function in rules and code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
            fault = f"{code.co_name} must be a plain function, without yield or async"
        if _draws(function):
            fault = f"{code.co_name} must not draw at random; u is there for it"
        for instruction in dis.get_instructions(code):
            if instruction.opname == "STORE_ATTR":
                fault = f"{code.co_name} must not set {instruction.argval}; only tables may change"
                line = instruction.positions and instruction.positions.lineno
        if fault:
            raise InputError(f"{place(cls, code.co_filename, line)}: {fault}")


def _draws(function: types.FunctionType) -> bool:
    """Say whether a function uses Python's or NumPy's random numbers."""
    for _, value in used(function):
        if value is np and "random" in function.__code__.co_names:
            return True
        home = value if isinstance(value, types.ModuleType) else getattr(value, "__self__", None)
        name = getattr(home, "__name__", type(home).__module__)
        if name in ("random", "numpy.random", "numpy.random.mtrand"):
            return True
    return False


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
        elif isinstance(value, enum.EnumMeta):
            yield f"{name} = {[*value.__members__.items()]}"
        elif isinstance(value, np.ndarray):
            yield f"{name} = {value.dtype} {value.shape} {value.tobytes().hex()}"
        elif isinstance(value, types.ModuleType) or callable(value):
            yield f"{name} is {getattr(value, '__name__', name)}"
        else:
            yield f"{name} = {value!r}"


def _source(function: types.FunctionType) -> str:
    """Give a function's source without comments, docstring and layout.

    Where there is none, or its file was edited since it was loaded, it is the bytecode that counts.
    """
    try:
        lines = inspect.getsource(function)
        tree = ast.parse(f"if True:\n{lines}" if lines[0].isspace() else lines)
        file = compile("".join(inspect.findsource(function)[0]), "", "exec", dont_inherit=True)
    except (OSError, TypeError, SyntaxError):
        return _bytecode(function)
    if _bytecode(function) not in map(_code_text, _codes(file)):
        return _bytecode(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[:1] = [ast.Pass()]
    return ast.unparse(tree)


def _bytecode(function: types.FunctionType) -> str:
    """Give all of a function's compiled form that decides what it does."""
    return _code_text(function.__code__)


def _code_text(code: types.CodeType) -> str:
    """Write down a code object, and those inside it."""
    constants = [_code_text(c) if isinstance(c, types.CodeType) else c for c in code.co_consts]
    return f"{code.co_code.hex()} {constants!r} {code.co_names} {code.co_varnames}"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """List a code object, and those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
