"""Pages with places that programs write to: what stands between two marks is renewed as a whole."""

from pathlib import Path

from fastq.base.files import put


def parts(page: Path, name: str) -> tuple[str, str]:
    """Give what stands before and behind a place, marks included.

    Raises
    ------
    SystemExit
        Where the page has no such place.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, first, rest = page.read_text().partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise SystemExit(f"{page} lacks the lines {begin.strip()} and {end}: nothing is written")
    return before + begin, end + after


def write(page: Path, name: str, text: str) -> None:
    """Put a text into its place, in a file that is whole at any time."""
    before, after = parts(page, name)
    put(page, f"{before}{text}\n{after}".encode())
