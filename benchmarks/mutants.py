"""How many plausible bugs the tests catch, by area.

    uv run python benchmarks/mutants.py [--area base ...] [--per-module 3] [--seed 0] [--jobs 1]

puts bugs of one line into the modules that Numba does not compile, one at a time, in a scratch copy
of the project. Each bug faces the tests of its module: those that `MORE` names, and the file that
mirrors it. If they pass, it faces all tests of its folder. Slow tests are left out. Tests that hang
have caught the bug. Prints a table, and below it each bug that no test caught. Some of these change
nothing that can be seen. Exit status 1: tests fail without any bug, so they can tell nothing. Needs
Linux or macOS.
"""

import argparse
import queue
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mutant.operators import Mutant, find, sample
from mutant.scratch import Scratch

ROOT = Path(__file__).parent.parent
COMPILED = (
    *("agents/rules.py", "training/kernels/", "training/streams.py"),
    *("base/deferred.py", "base/intrinsics.py", "base/jit.py", "base/references.py"),
)
"""What Numba compiles: each change there would compile all kernels again."""
MORE = {
    "agents/reference/": ["training/kernels/test_kernels.py"],
    "base/captured.py": ["agents/test_digests.py"],
    "base/errors.py": ["study/test_sweep.py"],
    "base/function_text.py": ["agents/test_digests.py", "agents/test_sources.py"],
    "base/listings.py": ["agents/test_digests.py", "agents/test_sources.py"],
    "base/literals.py": ["agents/test_sources.py"],
    "base/loading.py": ["agents/test_registry.py"],
    "base/memory.py": ["results/test_results.py"],
    "base/public.py": ["whole/test_architecture.py"],
    "base/transcript.py": ["agents/test_sources.py"],
    "base/validation.py": ["study/test_sweep.py"],
    "study/runs.py": ["results/test_selection.py"],
    "training/compile_custom.py": ["training/test_parity.py"],
}
"""The tests of a module or a folder besides the file that mirrors it."""
_PATIENCE, _SLACK = 5, 30.0
"""Tests hang after so many times the seconds that they took without a bug, and some more."""


class Verdict(NamedTuple):
    """What came of a mutant."""

    module: str
    mutant: Mutant
    caught: bool

    def __str__(self) -> str:
        change = f"`{_short(self.mutant.before)}` -> `{_short(self.mutant.after)}`"
        return f"{self.module}:{self.mutant.line}, {self.mutant.operator}: {change}"


class UnfitError(Exception):
    """Tests fail, or there are none, without any bug."""


class Project(NamedTuple):
    """A folder with `fastq` and `tests`, and how its modules are tried."""

    root: Path
    per_module: int = 3
    seed: int = 0

    def modules(self, areas: Sequence[str] = ()) -> list[str]:
        """List the modules to change, as paths below the package."""
        package = self.root / "fastq"
        names = (path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py")))
        return [
            name
            for name in names
            if not name.startswith(COMPILED)
            and not Path(name).name.startswith("__")
            and (not areas or area_of(name) in areas)
        ]

    def tests(self, module: str) -> Iterator[list[str]]:
        """Give the tests of a module: first those of its own, then the others of its folder."""
        folder = self.root / "tests" / Path(module).parent
        mirror = folder / f"test_{Path(module).name}"
        near = [mirror] if mirror.is_file() else []
        near += [
            self.root / "tests" / name
            for start, names in MORE.items()
            if module.startswith(start)
            for name in names
        ]
        rest = [path for path in sorted(folder.glob("test_*.py")) if path not in near]
        for paths in (near, rest):
            if paths:
                yield [path.relative_to(self.root).as_posix() for path in paths]

    def judge(self, module: str, scratch: Scratch) -> list[Verdict]:
        """Try some mutants of a module."""
        name = f"fastq/{module}"
        mutants = find((scratch.folder / name).read_text())
        left = sample(mutants, self.per_module, f"{self.seed} {module}")
        verdicts = []
        for tests in self.tests(module):
            if not left:
                break
            passed, seconds = scratch.passes(tests)
            if not passed:
                raise UnfitError(f"{' '.join(tests)}: these fail without any bug")
            survivors = []
            for mutant in left:
                with scratch.holding(name, mutant.text):
                    passed, _ = scratch.passes(tests, _PATIENCE * seconds + _SLACK)
                if passed:
                    survivors.append(mutant)
                else:
                    verdicts.append(Verdict(module, mutant, caught=True))
            left = survivors
        return verdicts + [Verdict(module, mutant, caught=False) for mutant in left]


def area_of(module: str) -> str:
    """Name the area of a module: the folder of the package that it lies in."""
    return module.partition("/")[0] if "/" in module else "fastq"


def judge_all(
    project: Project, modules: Sequence[str], jobs: int
) -> tuple[list[Verdict], list[str]]:
    """Try mutants of many modules, in as many copies of the project as there are jobs.

    Modules whose tests can tell nothing are listed apart, each with the reason.
    """
    unfit: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        free: queue.Queue[Scratch] = queue.Queue()
        for number in range(jobs):
            free.put(Scratch(project.root, Path(folder) / str(number)))

        def work(module: str) -> list[Verdict]:
            scratch = free.get()
            try:
                found = project.judge(module, scratch)
            except UnfitError as error:
                unfit.append(f"{module}: {error}")
                return []
            finally:
                free.put(scratch)
            caught = sum(verdict.caught for verdict in found)
            print(f"{module}: {caught} of {len(found)}", file=sys.stderr, flush=True)
            return found

        return [verdict for found in pool.map(work, modules) for verdict in found], unfit


def table(verdicts: Sequence[Verdict]) -> str:
    """Write the shares by area, and what was not caught."""
    rows = ["| area | modules | bugs | caught | share |", "| --- | ---: | ---: | ---: | ---: |"]
    areas = sorted({area_of(verdict.module) for verdict in verdicts})
    for name in [*areas, "all"]:
        some = [one for one in verdicts if name in ("all", area_of(one.module))]
        modules, caught = len({one.module for one in some}), sum(one.caught for one in some)
        share = f"{100 * caught / len(some):.0f} %" if some else ""
        rows.append(f"| {name} | {modules} | {len(some)} | {caught} | {share} |")
    left = [f"- {one}" for one in verdicts if not one.caught]
    return "\n".join([*rows, *(["", "Not caught:", "", *left] if left else [])])


def _short(words: str) -> str:
    """Write an expression on a line."""
    line = " ".join(words.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def main(words: Sequence[str] | None = None) -> None:
    """Try mutants, and print what came of them."""
    project = Project(ROOT)
    areas = sorted({area_of(module) for module in project.modules()})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--area", action="append", choices=areas, help="a folder; all if left out")
    parser.add_argument("--per-module", type=int, default=project.per_module)
    parser.add_argument("--seed", type=int, default=project.seed)
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args(words)
    project = Project(ROOT, chosen.per_module, chosen.seed)
    verdicts, unfit = judge_all(project, project.modules(chosen.area or ()), chosen.jobs)
    print(table(verdicts))
    if unfit:
        raise SystemExit("\n".join(["\nNot measured:", *unfit]))


if __name__ == "__main__":
    main()
