"""An algorithm of one's own in the kernel: compiled once for a process, and watched as it runs."""

import contextlib
from typing import Any

from numba import typeof

from fastq.agents.algorithm import Algorithm, code_digest
from fastq.base.errors import InputError
from fastq.training import failures
from fastq.training.kernels.build import Kernel, KernelVariant, kernel_for


def train(algorithm: type[Algorithm], variant: KernelVariant, arguments: tuple[Any, ...]) -> None:
    """Call the kernel of an algorithm of one's own, compiled if need be.

    Parameters
    ----------
    algorithm : type of Algorithm
    variant : KernelVariant
    arguments : tuple
        Of the kernel: `fastq.training.kernels.loop.learn_batch` says what they are.

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
        *_, runs, _, _, _, _, record = arguments
        unfinished = runs[record.lengths[runs, -1] == 0]
        raise failures.RuleError(int(unfinished[0]), failures.said(error)) from None


def _compiled_rules(
    algorithm: type[Algorithm], variant: KernelVariant, arguments: tuple[Any, ...]
) -> Kernel:
    """Compile an algorithm of one's own; say in one line where that is not possible."""
    actions = arguments[0].actions
    digest = code_digest(algorithm)
    key = (algorithm, variant, digest, len(actions) if isinstance(actions, tuple) else None)
    if key not in _READY:
        algorithm.rules()  # which checks them
        _READY[key] = _compile_rules(algorithm, variant, digest, tuple(map(typeof, arguments)))
    return _READY[key]


_READY: dict[tuple[type[Algorithm], KernelVariant, str, int | None], Kernel] = {}
"""What is compiled: for one number of actions all arguments are of the same types.

The digest is of what the rules use now, so a value that has changed is compiled anew.
"""


def _compile_rules(
    algorithm: type[Algorithm], variant: KernelVariant, digest: str, signature: tuple[Any, ...]
) -> Kernel:
    """Compile an algorithm of one's own for arguments of some types."""
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
