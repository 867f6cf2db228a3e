"""The operations of custom rules in lock-step: numbers or vectors in, numbers or vectors out.

`if_conversion` writes a rule without branches, with the operations of its `OPERATIONS`, which are
defined here for Numba, and in `lane_tables` as far as they read or write. ``live`` is the mask of
the lanes in which Python would do the operation; ``here`` says where the group of lanes stands.
"""

from typing import Any

from numba import types
from numba.extending import overload

from fastq.agents import rules
from fastq.base.jit import inlined
from fastq.training.kernels import turned
from fastq.training.kernels.lane_tables import (
    OPTIONS,
    Here,
    LaneRow,
    LaneTable,
    LaneTables,
    fault,
    get,
    is_of,
    put,
    row_of,
)
from fastq.training.kernels.vector_functions import (
    each,
    integers_in,
    integers_of,
    small_words,
    together,
    where,
)
from fastq.training.kernels.vectors import is_vector

__all__ = ["get", "put", "where"]


def _is_whole(kind: Any) -> bool:
    """Say whether a type is of integers."""
    kind = types.unliteral(kind)
    return isinstance(kind, types.Integer) or (
        is_vector(kind) and kind.dtype in (types.int64, types.uint64)
    )


def truth(x: Any) -> Any:
    """Give ``bool(x)``."""
    raise NotImplementedError


@overload(truth, jit_options=OPTIONS)
def _truth(x):  # type: ignore[no-untyped-def]
    if is_vector(x):
        return (lambda x: x) if x.dtype == types.boolean else (lambda x: x != 0)
    return lambda x: bool(x)


@inlined
def as_truth(x: Any) -> Any:
    """Give ``bool(x)``."""
    return truth(x)


def invert(c: Any) -> Any:
    """Give ``not c``."""
    raise NotImplementedError


@overload(invert, jit_options=OPTIONS)
def _invert(c):  # type: ignore[no-untyped-def]
    return (lambda c: ~c) if is_vector(c) else (lambda c: not c)


@inlined
def both(a: Any, b: Any) -> Any:
    """Give ``a and b``, of truths."""
    return a & b


@inlined
def either(a: Any, b: Any) -> Any:
    """Give ``a or b``, of truths."""
    return a | b


@inlined
def divided(a: Any, b: Any, here: Here, live: Any) -> Any:
    """Give ``a / b``."""
    fault(here, live & (b == 0))
    return a / b


def _by_lane(symbol: str) -> Any:
    """Make an operation that is done lane by lane, as a processor has no vectors for it."""
    results = ", ".join(f"x[{lane}] {symbol} y[{lane}]" for lane in range(8))
    names: dict[str, Any] = {"fault": fault, "each": each, "where": where, "together": together}
    exec(
        "def done(a, b, here, live):\n"
        "    fault(here, live & (b == 0))\n"
        "    x, y = each(where(live, a, a)), each(where(live & (b != 0), b, 1))\n"
        f"    return together(({results}))\n",
        names,
    )
    return inlined(names["done"])


floored, remainder = _by_lane("//"), _by_lane("%")


@inlined
def larger(a: Any, b: Any) -> Any:
    """Give ``b if b > a else a``."""
    return where(b > a, b, a)


@inlined
def smaller(a: Any, b: Any) -> Any:
    """Give ``b if b < a else a``."""
    return where(b < a, b, a)


def absolute(x: Any) -> Any:
    """Give ``abs(x)``."""
    raise NotImplementedError


@overload(absolute, jit_options=OPTIONS)
def _absolute(x):  # type: ignore[no-untyped-def]
    if is_vector(x) and _is_whole(x):
        return lambda x: where(x < 0, -x, x)
    return lambda x: abs(x)


def whole(x: Any) -> Any:
    """Give ``int(x)``."""
    raise NotImplementedError


@overload(whole, jit_options=OPTIONS)
def _whole(x):  # type: ignore[no-untyped-def]
    if not is_vector(x):
        return lambda x: int(x)
    if x.dtype == types.boolean:
        return lambda x: where(x, 1, 0)
    return (lambda x: x) if _is_whole(x) else (lambda x: integers_of(x))


def real(x: Any) -> Any:
    """Give ``float(x)``."""
    raise NotImplementedError


@overload(real, jit_options=OPTIONS)
def _real(x):  # type: ignore[no-untyped-def]
    if is_vector(x):
        return (lambda x: x) if x.dtype == types.float64 else (lambda x: 1.0 * x)
    return lambda x: float(x)


def length(x: Any) -> Any:
    """Give ``len(x)``."""
    raise NotImplementedError


@overload(length, jit_options=OPTIONS)
def _length(x):  # type: ignore[no-untyped-def]
    if is_of(x, LaneTable, LaneTables, LaneRow):
        return lambda x: extent(x, 0)
    return lambda x: len(x)


def extent(x: Any, k: int) -> Any:
    """Give ``x.shape[k]``."""
    raise NotImplementedError


@overload(extent, jit_options=OPTIONS, prefer_literal=True)
def _extent(x, k):  # type: ignore[no-untyped-def]
    if not isinstance(k, types.IntegerLiteral):
        return None
    shape = ("tables", "states", "actions")
    for kind, names in ((LaneTables, shape), (LaneTable, shape[1:]), (LaneRow, shape[2:])):
        if is_of(x, kind):
            return _EXTENTS[names[k.literal_value]]
    return lambda x, k: x.shape[k]


_EXTENTS = {
    "tables": lambda x, k: len(x.lanes.columns) // len(x.lanes.actions) - 1,
    "states": lambda x, k: x.lanes.num_states,
    "actions": lambda x, k: len(x.lanes.actions),
}


_power = rules.power


@inlined
def power(base: Any, exponent: Any, here: Here, live: Any) -> Any:
    """Raise a number to a power, in each lane as `fastq.rules.power` does."""
    x, y = each(where(live, base, base) * 1.0), each(where(live, exponent, exponent) * 1.0)
    return together(
        (
            _power(x[0], y[0]),
            _power(x[1], y[1]),
            _power(x[2], y[2]),
            _power(x[3], y[3]),
            _power(x[4], y[4]),
            _power(x[5], y[5]),
            _power(x[6], y[6]),
            _power(x[7], y[7]),
        )
    )


@inlined
def choice(condition: Any, a: Any, b: Any, here: Here, live: Any) -> Any:
    """Give one of two values, as `fastq.rules.where` does."""
    return where(truth(condition), a, b)


@inlined
def greatest(q: LaneTable, state: Any, here: Here, live: Any) -> Any:
    """Find the greatest Q-value in a state."""
    return turned.greatest_of(row_of(q, state, here, live), ())


@inlined
def greedy(q: LaneTable, state: Any, here: Here, live: Any) -> Any:
    """Find the first of the best actions in a state."""
    return integers_in(small_words(turned.best_of(row_of(q, state, here, live), ())))


@inlined
def epsilon_greedy(q: LaneTable, state: Any, u: Any, epsilon: Any, here: Here, live: Any) -> Any:
    """Draw an action: with probability epsilon any, otherwise the first of the best."""
    any_one = small_words(u / epsilon * len(q.lanes.actions))
    best = small_words(turned.best_of(row_of(q, state, here, live), ()))
    return integers_in(where(u < epsilon, any_one, best))
