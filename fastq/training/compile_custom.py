"""A custom algorithm in the kernel: compiled once for a process, and watched as it runs."""

import contextlib
from typing import Any

from numba import typeof
from numba.core.errors import NumbaError

from fastq.agents.algorithm import Algorithm, code_digest
from fastq.base.errors import InputError
from fastq.base.if_conversion import NotConvertibleError
from fastq.training import failures
from fastq.training.kernels.build import Kernel, KernelArguments, KernelVariant, kernel_for


def train(algorithm: type[Algorithm], variant: KernelVariant, arguments: KernelArguments) -> None:
    """Call the kernel of a custom algorithm, compiled if need be.

    Parameters
    ----------
    algorithm : type of Algorithm
    variant : KernelVariant
    arguments : KernelArguments

    Raises
    ------
    InputError
        Where the rules cannot be compiled.
    RuleError
        Where a rule fails, naming the first run that it fails in.
    """
    kernel = _compiled_rules(algorithm, variant, arguments)
    try:
        kernel(*arguments)
    except Exception as error:
        runs = arguments.runs
        at_work = runs[~arguments.output.finished[runs]][0]  # one run comes after another
        raise failures.RuleError(int(at_work), failures.said(error)) from None


def _compiled_rules(
    algorithm: type[Algorithm], variant: KernelVariant, arguments: KernelArguments
) -> Kernel:
    """Compile a custom algorithm; say in one line where that is not possible."""
    actions = arguments.world.actions
    digest = code_digest(algorithm)
    key = (algorithm, variant, digest, len(actions) if isinstance(actions, tuple) else None)
    if key not in _READY:
        algorithm.rules()  # which checks them
        _READY[key] = _compile_rules(algorithm, variant, digest, tuple(map(typeof, arguments)))
    return _READY[key]


_READY: dict[tuple[type[Algorithm], KernelVariant, str, int | None], Kernel | str] = {}
"""What is compiled, or why it cannot be, for lock-step.

For one number of actions all arguments are of the same types.

The digest is of what the rules use now, so a value that has changed is compiled again.
"""


def _compile_rules(
    algorithm: type[Algorithm], variant: KernelVariant, digest: str, signature: tuple[Any, ...]
) -> Kernel:
    """Compile a custom algorithm for arguments of some types."""
    with contextlib.suppress(Exception):  # perhaps only because it allocates memory
        kernel = kernel_for(algorithm, variant, digest)
        kernel.compile(signature)
        return kernel
    try:
        kernel = kernel_for(algorithm, variant._replace(allocates=True), digest)
        kernel.compile(signature)
    except Exception as error:
        raise InputError(failures.why_not_compiled(algorithm, error)) from None
    return kernel


def train_in_lanes(
    algorithm: type[Algorithm], variant: KernelVariant, arguments: KernelArguments
) -> None:
    """Call the kernel in lock-step of a custom algorithm, where there is one.

    Runs in which a rule fails are not finished; nor is any where there is none.
    """
    kernel = _compiled_in_lanes(algorithm, variant, arguments)
    if not isinstance(kernel, str):
        kernel(*arguments)


def why_not_in_lanes(algorithm: type[Algorithm], variant: KernelVariant, num_actions: int) -> str:
    """Say why a custom algorithm, which was compiled, is not in lock-step; nothing where it is."""
    kernel = _READY[algorithm, variant, code_digest(algorithm), num_actions]
    return kernel if isinstance(kernel, str) else ""


def _compiled_in_lanes(
    algorithm: type[Algorithm], variant: KernelVariant, arguments: KernelArguments
) -> Kernel | str:
    """Compile a custom algorithm for lock-step, or say why that is not possible."""
    digest = code_digest(algorithm)
    key = (algorithm, variant, digest, len(arguments.world.actions))
    if key not in _READY:
        algorithm.rules()  # which checks them
        try:
            kernel = kernel_for(algorithm, variant, digest)
            kernel.compile(tuple(map(typeof, arguments)))
            _READY[key] = kernel
        except NotConvertibleError as error:
            _READY[key] = str(error)
        except NumbaError as error:
            _READY[key] = failures.why_not_typed(error)
    return _READY[key]
