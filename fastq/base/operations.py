"""The operations that a function without branches is made of, and what cannot be made of them."""

from pathlib import Path

from fastq.base.text import printable

HERE, LIVE = "here", "live"
"""The last arguments of a converted function, and of the operations that need them."""
OPERATIONS: dict[str, tuple[str, str]] = {
    "where": ("c, a, b", "a if c else b"),
    "invert": ("c", "not c"),
    "both": ("a, b", "a and b, of truths"),
    "either": ("a, b", "a or b, of truths"),
    "truth": ("x", "bool(x), of what is tested"),
    "get": ("table, index, here, live", "table[index]; where not live, anything without a fault"),
    "put": ("table, index, value, here, live", "table[index] = value; where not live, nothing"),
    "divided": ("a, b, here, live", "a / b; where not live, anything without a fault"),
    "floored": ("a, b, here, live", "a // b; where not live, anything without a fault"),
    "remainder": ("a, b, here, live", "a % b; where not live, anything without a fault"),
    "larger": ("a, b", "b if b > a else a"),
    "smaller": ("a, b", "b if b < a else a"),
    "absolute": ("x", "abs(x)"),
    "whole": ("x", "int(x); anything without a fault where there is none"),
    "real": ("x", "float(x)"),
    "as_truth": ("x", "bool(x), of what is used as a value"),
    "length": ("x", "len(x), the same in all lanes"),
    "extent": ("x, k", "x.shape[k], the same in all lanes"),
}
"""The operations of a converted text: their arguments, and what they mean in one lane.

Any argument may be the same in all lanes, and then a plain value. Besides these the text has
``+ - *``, negation, comparisons, numbers, attributes, tuples, loops over `range`, and calls.
"""


class NotConvertibleError(Exception):
    """Says in one line what in a function has no form without branches: why, and where it is."""

    def __init__(self, reason: str, file: str, line: int) -> None:
        super().__init__(reason, file, line)
        self.reason, self.file, self.line = reason, file, line

    def __str__(self) -> str:
        return printable(f"{self.reason} ({Path(self.file).name}, line {self.line})")
