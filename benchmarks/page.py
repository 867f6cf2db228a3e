"""Pages with tables that programs write: the text between two marks is replaced as a whole."""

from pathlib import Path

from fastq.base.files import put


def parts(page: Path, name: str) -> tuple[str, str]:
    """Give the text before and after a table, marks included.

    Raises
    ------
    SystemExit
        If the page lacks one of the marks.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, first, rest = page.read_text().partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise SystemExit(f"{page} lacks the lines {begin.strip()} and {end}: nothing is written")
    return before + begin, end + after


def write(page: Path, name: str, text: str) -> None:
    """Write a table between its marks. The file is whole at any time."""
    before, after = parts(page, name)
    put(page, f"{before}{text}\n{after}".encode())
