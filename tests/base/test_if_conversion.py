"""If-conversion: each construct does in lanes what Python does, and what it cannot do it names."""

import math
import random
import re
import textwrap
import types

import numba
import numpy as np
import pytest

from fastq.base.if_conversion import NotConvertibleError, convert
from tests.base.lanes import Table, compare, defined

ROWS, COLUMNS = 4, 3
HELPERS = defined(
    """
import types
def bump(q, s, v):
    q[s, 0] += v
    if v > 0.0:
        return q[s, 0]
    q[s, 1] = q[s, 0] - 1.0
    return v
def half(v, by=2.0):
    if v < 0.0:
        return -v / by
    return v / by
def pair(v, k):
    return v + k, v - k
space = types.SimpleNamespace(bump=bump, half=half, pair=pair)
""",
    "space",
)
OUTSIDE = {
    "bump": HELPERS.bump,
    "half": HELPERS.half,
    "pair": HELPERS.pair,
    "math": math,
    "np": np,
    "LIMIT": 2,
    "NAME": "max",
    "double": lambda x: 2 * x,
}
AGENT = types.SimpleNamespace(rounds=2, alpha=0.5)


def lanes(seed=0, count=12):
    """Make the arguments q, n, s, a, x, y, agent of some lanes."""

    def made():
        r = random.Random(seed)
        found = []
        for _ in range(count):
            q = Table([[r.randint(-4, 4) / 2 for _ in range(COLUMNS)] for _ in range(ROWS)])
            n = Table([[r.randint(0, 4) for _ in range(COLUMNS)] for _ in range(ROWS)])
            s, a = r.randrange(ROWS), r.randrange(COLUMNS)
            found.append((q, n, s, a, r.randint(-4, 4) / 2, r.randint(-4, 4) / 2, AGENT))
        return found

    return made


def rule(body):
    body = textwrap.dedent(body).strip()
    text = f"def rule(q, n, s, a, x, y, agent):\n{textwrap.indent(body, '    ')}\n"
    return defined(text, **OUTSIDE)


CASES = {
    "names": "z = x + 1.0\nz: float = z * y\nreturn z",
    "declared": "z: float\nz = x\nreturn z",
    "swap": "if x > 0.0:\n    x, y = y, x + 1.0\nreturn x - y",
    "several": "z = w = x * y\nq[s, a] = z = w + 1.0\nreturn z * w",
    "rotated": "q[s, 0], x, q[s, 1] = q[s, 1], q[s, 0], x\nreturn x",
    "unpacked call": "if x > y:\n    x, q[s, a] = pair(x, y)\nreturn x",
    "element first": "a, q[s, a] = 0, x",
    "stores": "q[s, a] = x\nq[s][a] += y\nq[s, (a + 1) % 3] *= q[s, a]",
    "row": "row = q[s]\nif x > 0.0:\n    row[a] = x\nreturn row[0] + q[s][1]",
    "row by branch": """
        if x > 0.0:
            r = q[s]
            y = r[a]
        else:
            r = n[s]
            y = r[0]
        return y
        """,
    "augmented index": "q[n[s, a] % 4, bump(n, s, 1)] += bump(n, s, -1)",
    "elif": """
        if x > 0.0:
            z = 1.0
        elif y > 0.0:
            z = 2.0
            x = 3.0
        else:
            z = 3.0
        return z * x
        """,
    "early returns": """
        if x > 0.0:
            q[s, a] += 1.0
            if y > 0.0:
                return q[s, a]
            elif y < -1.0:
                return 4
            q[s, 0] = 9.0
        q[s, 1] += x
        return x - y
        """,
    "returns nothing": "if x > 0.0:\n    return\nif y > 0.0:\n    return None\nq[s, a] = 7.0",
    "returns on all paths": "if x > 0.0:\n    return 1\nelse:\n    return 2",
    "returns two": "x += 1.0\nreturn x, (y, 1)",
    "after a return": "return x\nreturn 3.0",
    "choices": "return (x if x > y else y) + (q[s, a] if a > 0 else q[s, a + 1])",
    "choice of tuples": "x, y = (y, q[s, a]) if x > y else (x, 2.0)\nreturn x - y",
    "guarded": "return a + 1 < 3 and q[s, a + 1] > 0.0 or not (x == 0.0 or y / x > 1.0)",
    "chained": "return 0.0 < q[s, a] <= 2.0 < y + 3.0 < q[s, n[s, 0] % 3] + 9.0",
    "chained guard": "return 0.0 < x < y / x",
    "tests of numbers": "if n[s, a] and x or not y:\n    return 1.0\nreturn 2.0",
    "arithmetic": "return -x + y - x * 2.0 + (y / 2 - x // 2) + s % 3 + x**2 - -1",
    "builtins": "return max(x, y, 0.0) + min(x, 1) - abs(y) + int(x) + float(s) + bool(x) * 1",
    "nested choice": "return (x / y if y else q[s, a] if x > 0 else y / x) if x else 0.5",
    "extents": "return len(q) + q.shape[1] + n.shape[-1]",
    "outside": "return x * LIMIT + math.pi - np.inf if agent.alpha < x else agent.alpha",
    "library": "return math.floor(x) + half(y) + half(v=x, by=3.0)",
    "call in a branch": "if bump(q, s, x) > 0.0 and bump(q, s, y) > 1.0:\n    bump(n, s, 1)",
    "order of calls": "return q[s, 0] + (bump(q, s, 1.0) if x > 0.0 else q[s, 1]) * q[s, 0]",
    "order of choices": "return bump(q, s, x) - (q[s, 0] if q[s, 0] > 0.0 else q[s, 1])",
    "order of stores": "q[n[s, 0] % 4, bump(n, s, 1) % 3] = bump(q, s, 2.0) + n[s, 0]",
    "loop": "for i in range(q.shape[1]):\n    if q[s, i] > x:\n        x, a = q[s, i], i\nreturn a",
    "bounds": "for i in range(len(q) - 2, -1, -LIMIT + 1):\n    x = x * 2.0 + q[i, a]\nreturn x",
    "bound of an agent": "for i in range(agent.rounds):\n    x += i",
    "nested loops": """
        for i in range(len(q)):
            for j in range(q.shape[1]):
                if q[i, j] > 1.5:
                    return i * 10 + j
                q[i, j] += x
            if i > s:
                return -1
        return -2
        """,
    "loop that returns": "for i in range(3):\n    return i\nreturn 4",
    "name set in a loop": """
        for i in range(3):
            if i > 0 and q[s, i] > 0.0:
                x += z
            if q[s, i] > 0.5 or i == 0:
                z = q[s, i]
        return x + z
        """,
    "no rounds": "for i in range(0):\n    z = x\nif x > 9.0:\n    return z + i\nreturn y",
    "no rounds in a branch": """
        if x > 0.0:
            for i in range(0):
                z = y
            z = x
        if x > 0.0:
            return z
        return y
        """,
    "counter kept": "i = 5\nif x > 0.0:\n    for i in range(2):\n        y += i\nreturn i + y",
    "counters reused": """
        if x > 0.0:
            for i in range(2):
                y += i
        else:
            for i in range(3):
                y -= i
        return y
        """,
    "set in one branch": "if x > 0.0:\n    z = y\nif x > 0.0:\n    return z\nreturn 0.0",
    "docstring": '"""Text."""\npass\nreturn x',
}


@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
def test_lanes_do_what_python_does(body):
    function = rule(body)
    differences, failures = compare(function, lanes(count=40))
    assert not differences, convert(function).source
    assert "" in failures


FORMLESS = {
    "while x > 0.0:\n    x -= 1.0": "while x > 0.0:",
    "for i in range(3):\n    break": "break",
    "for i in range(3):\n    continue": "continue",
    "try:\n    x = 1\nexcept ValueError:\n    pass": "try:",
    "with x:\n    pass": "with x:",
    "return sum([i for i in range(3)])": "[i for i in range(3)]",
    "z = lambda: 1": "lambda: 1",
    "return q[0, :]": ":",
    "return q[1:2]": "1:2",
    "def inner():\n    pass": "def inner():",
    "a, *b = x": "*b",
    "return half(*x)": "*x",
    "return (z := x)": "(z := x)",
    "return f'{x}'": "f'{x}'",
    "return [x]": "[x]",
    "return x**3": "x ** 3",
    "return x & s": "x & s",
    "return ~s": "~s",
    "return x is y": "x is y",
    "return max(q)": "max(q)",
    "return abs(x, y)": "abs(x, y)",
    "return round(x)": "round(x)",
    "return range(s)": "range(s)",
    "return q.sum()": "q.sum()",
    "return 'a text' in " + "x" * 80: "'a text' in...",
    "for r in q:\n    pass": "for r in q:",
    "for i, j in range(3):\n    pass": "for i, j in range(3):",
    "agent.x = 3": "agent.x",
    "agent.x += 3": "agent.x",
    "import math": "import math",
    "assert x": "assert x",
    "del x": "del x",
}
ON_SOME_PATHS = "a function that returns a value on some paths only"
REFUSED = {
    body: f"{text}, which has no form without branches" for body, text in FORMLESS.items()
} | {
    "return 'x'": "'x', which is no plain number",
    "return None, x": "None, which is no plain number",
    "return NAME": "NAME, which is no plain number",
    "return np.nan": "np.nan, which is no plain number",
    "return np.nothing": "np.nothing, which is no plain number",
    "return unknown": "unknown, which is no plain number",
    "return x or y": "the value of and/or with x, without bool()",
    "return rule(q, n, s, a, x, y, agent)": "a function that calls itself",
    "return half()": "v, by default, which is no plain number",
    "return half(by=x, v=y)": "keywords in another order in half(by=x, v=y)",
    "return half(**x)": "keywords in another order in half(**x)",
    "return math.sqrt(z=x)": "keywords in another order in math.sqrt(z=x)",
    "for i in range(n[s, a]):\n    pass": "range(n[s, a]), which may differ between lanes",
    "for i in range(half(x)):\n    pass": "range(half(x)), which may differ between lanes",
    "for i in range(3):\n    pass\nelse:\n    pass": "an else after a loop",
    "if x > 0.0:\n    return 1": ON_SOME_PATHS,
    "if x > 0.0:\n    return 1\nreturn": ON_SOME_PATHS,
    "for i in range(3):\n    return 1": ON_SOME_PATHS,
    "if x > 0.0:\n    return x, y\nreturn y, x": "a tuple that depends on a branch",
    "return (x, y) if x > 0.0 else x": "a tuple that depends on a branch",
    "z = 1, 2\nif x > 0.0:\n    z = 2, 3\nreturn z": "a tuple that depends on a branch",
    "return z\nz = 1": "z, which is read before it is set",
    "live = x": "live as the name of something else",
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.items(), ids=REFUSED.values())
def test_refuses(body, reason):
    with pytest.raises(NotConvertibleError) as caught:
        convert(rule("x = x\n" + body))
    assert caught.value.reason == reason
    assert caught.value.file.startswith("<lanes")
    first = 1 if caught.value.line == 1 else 3  # the function, or its body
    assert caught.value.line - first in range(len(body.splitlines()))
    assert str(caught.value).startswith(f"{reason} (<lanes")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (OUTSIDE["double"], "<lambda>, whose source is not at hand"),
        (math.sqrt, "<built-in function sqrt>, which is no Python function"),
        (defined("def rule(*, x):\n    pass\n"), "arguments other than by position"),
        (defined("async def rule(x):\n    pass\n"), "rule, whose source is not at hand"),
        (
            types.FunctionType(compare.__code__.replace(co_filename="?"), {}),
            "compare, whose source is not",
        ),
    ],
)
def test_refuses_what_is_no_function_with_a_source(function, reason):
    with pytest.raises(NotConvertibleError, match=reason):
        convert(function)


def test_refuses_a_function_that_was_edited():
    text = "def rule(x):\n    return x\n"
    function = defined(text)
    edited = types.FunctionType(function.__code__.replace(co_consts=(None, 1)), {})
    with pytest.raises(NotConvertibleError, match="rule, whose source is not at hand"):
        convert(edited)


def test_text():
    source, calls = convert(
        rule("if not agent.done:\n    x += agent.gamma * half(y)\nq[s, a] += agent.alpha * x")
    )
    assert source == textwrap.dedent(
        """\
        def rule(q, n, s, a, x, y, agent, here, live):
            _then1 = both(live, invert(truth(agent.done)))
            x = where(_then1, x + agent.gamma * _half1(y, 2.0, here, _then1), x)
            put(q, (s, a), get(q, (s, a), here, live) + agent.alpha * x, here, live)"""
    )
    assert calls == {"_half1": HELPERS.half}


def test_numba_compiles_it():
    source, _ = convert(
        rule("for i in range(3):\n    if 0 < q[s] / x < 9:\n        return\n    q[s] += x")
    )
    text = """
def both(a, b): return a and b
def invert(c): return not c
def where(c, a, b): return a if c else b
def get(q, i, here, live): return q[i]
def divided(a, b, here, live): return a / b
def put(q, i, value, here, live):
    if live: q[i] = value
"""
    space = {}
    exec(text, space)
    space = {name: numba.njit(one) for name, one in space.items() if name[0] != "_"}
    exec(source, space)
    q = np.zeros(3)
    numba.njit(space["rule"])(q, 0, 1, 0, 0.25, 0.0, 0, 0, True)
    assert q.tolist() == [0.0, 0.25, 0.0]


GRAMMAR = {
    "number": [
        *["<leaf>"] * 6,
        *["<element>"] * 3,
        "(<number> + <number>)",
        "(<number> - <number>)",
        "(<number> * <leaf>)",
        "(<number> <over> <divisor>)",
        "(<number> / <leaf>)",
        "(<number> / x if x else <number>)",
        "(<number> if <test> else <number>)",
        "(<number> if <test> else <number>)",
        "max(<number>, <leaf>)",
        "min(<leaf>, <number>, 1.0)",
        "abs(<number>)",
        "half(<number>)",
        "half(<leaf>, by=<divisor>)",
        "bump(q, <state>, <number>)",
    ],
    "test": [
        "<number> <sign> <number>",
        "<number> <sign> <number>",
        "<leaf> < <number> <= <number>",
        "not <number>",
        "<number>",
        "(x != 0.0 and <number> / x < 1.0)",
        "(<test> and <test>)",
        "(<test> or <test>)",
        "not (<test> or <test>)",
        "a + 1 < 3 and q[s, a + 1] > <leaf>",
    ],
    "element": ["q[<state>, <action>]", "q[s, <action>]", "q[s][<action>]", "n[s, <action>]"],
    "action": ["a", "a", "<digit>", "<counter>", "(a + 1) % 3", "n[s, a] % 3", "<drawn>", "a + 1"],
    "drawn": ["(s if <test> else a) % 3", "int(bump(n, <state>, 1)) % 3"],
    "state": ["s", "s", "s", "n[s, a] % 4", "<digit>"],
    "divisor": ["2.0", "0.5", "3", "-1.5"],
    "over": ["/", "//", "%"],
    "sign": ["<", ">", "<=", ">=", "==", "!="],
    "digit": ["0", "1", "2"],
    "leaf": [*["<name>"] * 4, "<counter>", "0.5", "1", "-2.0", "agent.alpha"],
    "statement": [
        *["<new> = <number>"] * 3,
        "<name> += <number>",
        "<name> *= <leaf>",
        "x, y = <number>, x",
        "x, y = (y, <number>) if <test> else (x, <leaf>)",
        "<element>, x = x, <number>",
        "<new>, <element> = pair(<number>, x)",
        "x = <element> = <number>",
        "<element> = <number>",
        "<element> = <number>",
        "<element> += <number>",
        "<element> -= <number>",
        "row = q[<state>]; row[<action>] += <number>",
        "bump(q, s, <number>)",
    ],
    "bounds": ["3", "q.shape[1]", "len(q) - 1", "0, agent.rounds", "2, -1, -1", "0"],
}
"""What rules by chance are made of."""
BARE = {"number": "<leaf>", "test": "<leaf> < <leaf>", "element": "q[s, a]", "action": "a"}
"""The same where it has been deep enough."""


class Programs:
    """Makes rules by chance, which fail in some lanes and not in others."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names, self.counters = ["x", "y"], []
        """What some path has set."""
        self.left = 12
        """Statements until there are no more branches and loops."""

    def text(self, kind, depth=0):
        choices = GRAMMAR.get(kind) or {"new": "xyzvw", "name": ["x", "y"] * 4 + self.names}.get(
            kind
        )
        if kind == "counter":
            choices = self.counters or ["2"]
        template = BARE[kind] if depth > 2 and kind in BARE else self.r.choice(choices)
        return re.sub("<([a-z]+)>", lambda found: self.text(found[1], depth + 1), template)

    def block(self, depth, loops=0):
        """Make a block; the names that it sets count after it if that can be reached."""
        before, lines = [*self.names], []
        for _ in range(self.r.randint(1, 3)):
            k, self.left = self.r.random(), self.left - 1
            if k < 0.15 and depth:
                self.names = before
                return [*lines, f"return {self.text('number')}"]
            if k < 0.45 and self.left > 0:
                lines += self.branch(depth, loops)
            elif k < 0.6 and loops < 2 and self.left > 0:
                lines += self.loop(depth, loops)
            else:
                lines.append(self.text("statement"))
                self.names += {*re.findall("^([zvw])\\b", lines[-1])} - {*self.names}
        return lines

    def within(self, depth, loops):
        return [f"    {line}" for line in self.block(depth + 1, loops)]

    def branch(self, depth, loops):
        before, after = [*self.names], [*self.names]
        lines = []
        for head in ["if <test>:", "elif <test>:", "else:"]:
            if head == "if <test>:" or self.r.random() < 0.4:
                self.names = [*before]
                test = self.text("test") if "test" in head else ""
                lines += [head.replace("<test>", test), *self.within(depth, loops)]
                after += [name for name in self.names if name not in after]
        self.names = after
        return lines

    def loop(self, depth, loops):
        """Make a loop, which may carry a name from round to round, or leave one to what follows."""
        counter, carried = self.r.choice([f"i{loops}", f"j{loops}"]), f"c{loops}"
        head = f"for {counter} in range({self.text('bounds')}):"
        before = [f"{carried} = {self.text('number')}"] * self.r.choice([0, 1, 1])
        self.names += {carried} - {*self.names}
        self.counters.append(counter)
        begin = [f"    if {counter} != 0:", f"        x += {carried}"] * self.r.randint(0, 1)
        lines = self.within(depth, loops + 1)
        if lines[-1].startswith("    return"):
            lines[-1:] = [f"    if {self.text('test')}:", f"    {lines[-1]}"]
        self.counters.remove(counter)
        self.names += [counter] * self.r.randint(0, 1)
        end = [f"    if {self.text('test')}:", f"        {carried} = {self.text('number')}"]
        return [*before, head, *begin, *lines, *end]

    def program(self):
        return "\n".join([*self.block(0), *self.block(0), f"return {self.text('number')}"])


@pytest.mark.parametrize("seed", range(6))
def test_rules_by_chance(seed):
    outcomes = []
    for i in range(20):
        body = Programs(1000 * seed + i).program()
        function = rule(body)
        differences, failures = compare(function, lanes(i, 8))
        assert not differences, f"{body}\n\n{convert(function).source}"
        outcomes += failures
    assert outcomes.count("") > 60
    assert outcomes.count("failed") > 5
