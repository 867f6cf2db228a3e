"""Named tuples that compiled functions hand on by reference.

Numba hands a tuple on field by field, and an array as seven values: a tuple of twenty arrays is 140
arguments of each function on the way, which takes seconds to compile. A reference is one. Once the
helpers are a part of their caller, the compiler sees through it, and the code is the same.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import models, register_model

from fastq.base.intrinsics import in_llvm

T = TypeVar("T")


class Reference(types.Type):
    """The type of references to named tuples of a type."""

    def __init__(self, referred: Any) -> None:
        self.referred = referred
        super().__init__(name=f"Reference({referred})")


@register_model(Reference)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: Reference) -> None:
        pointer = manager.lookup(reference.referred).get_value_type().as_pointer()
        super().__init__(manager, reference, pointer)


@infer_getattr
class _Fields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        """Give the type of a field; None for what the tuple lacks."""
        fields = reference.referred.fields
        return reference.referred.types[fields.index(name)] if name in fields else None


@lower_getattr_generic(Reference)
def _field(context: Any, builder: Any, reference: Reference, value: Any, name: str) -> Any:
    index = reference.referred.fields.index(name)
    zero, place = ir.IntType(32)(0), ir.IntType(32)(index)
    return builder.load(builder.gep(value, [zero, place], inbounds=True))


@in_llvm
def _by_reference(typing_context: Any, named_tuple: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return cgutils.alloca_once_value(builder, operands[0])

    return Reference(named_tuple)(named_tuple), generate


by_reference = cast("Callable[[T], T]", _by_reference)
"""Refer to a named tuple, as long as the function that calls this runs."""
