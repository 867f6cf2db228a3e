"""The hyperparameters of the agents in a group of lanes, by the names that their users know.

``agent.alpha`` is a vector here, a number in the plain loop. So a rule says it once for both.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import models, register_model

from fastq.base.intrinsics import in_llvm
from fastq.training.kernels.layout import fields_of
from fastq.training.kernels.vectors import NUMBERS, WIDTH, llvm_of

_WORD = ir.IntType(64)


class GroupAgents(types.Type):
    """The type of the agents of a group, of which each field of a record is a vector."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        super().__init__(name=f"GroupAgents({', '.join(fields)})")


@register_model(GroupAgents)
class _GroupAgentsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, agents: GroupAgents) -> None:
        super().__init__(manager, agents, llvm_of(NUMBERS).as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = GroupAgents

    def generic_resolve(self, agents: Any, name: str) -> Any:  # type: ignore[override]
        """Give the type of a field; None for what no agent has."""
        return NUMBERS if name in agents.fields else None


@lower_getattr_generic(GroupAgents)
def _field(context: Any, builder: Any, agents: GroupAgents, value: Any, name: str) -> Any:
    place = builder.gep(value, [_WORD(agents.fields.index(name))])
    return builder.load(place, align=64)


@in_llvm
def agents_of(typing_context: Any, memory: Any, records: Any, group: Any) -> Any:
    """Give the agents of a group: `memory` has F vectors for each group, as a record has fields."""
    fields = fields_of(records.dtype.fields)

    def generate(context: Any, builder: Any, signed: Any, operands: Any) -> Any:
        first = context.make_array(signed.args[0])(context, builder, operands[0]).data
        place = builder.mul(operands[2], _WORD(len(fields) * WIDTH))
        return builder.bitcast(builder.gep(first, [place]), llvm_of(NUMBERS).as_pointer())

    return GroupAgents(fields)(memory, records, types.uint64), generate
