"""A report as one page of HTML: words, pictures and tables in a single file.

The page asks the network for nothing, and its Content-Security-Policy forbids it to. Pictures are
inline SVG that takes the page's colours, so they suit light and dark; what they show can be
downloaded from the page itself, as does each table, whole.
"""

import base64
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from fastq.base.errors import InputError
from fastq.base.spreadsheets import as_csv
from fastq.base.text import printable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    "#cccccc": "var(--line)",  # Matplotlib's frame of a legend
    "#b0b0b0": "var(--line)",  # and its grid
}
_ON_AN_IMAGE = "on-an-image-"
_PIXELS_IN_A_POINT = 96 / 72
_EN_DASH = "\N{EN DASH}"


class Picture(NamedTuple):
    """A figure, and the table that it draws.

    Attributes
    ----------
    figure : Figure
        In Matplotlib's default colours: black stands for ink and white for paper.
    caption : str
    name : str
        What downloads are called, without ``.csv`` and ``.svg``.
    data : DataFrame
        Downloaded without its index.
    """

    figure: "Figure"
    caption: str
    name: str
    data: "pd.DataFrame"


class Table(NamedTuple):
    """A table, of which a page may show the first rows only.

    Attributes
    ----------
    caption : str
    name : str
        What the download is called, without ``.csv``.
    data : DataFrame
        Shown and downloaded without its index.
    rows : int, optional
        Show at most so many rows; the download has all.
    """

    caption: str
    name: str
    data: "pd.DataFrame"
    rows: int | None = None


class Section(NamedTuple):
    """A part of a page: paragraphs, then pictures, then tables.

    Attributes
    ----------
    title : str
    text : list of str
        Paragraphs of plain text.
    pictures : sequence of Picture
    tables : sequence of Table
    """

    title: str
    text: list[str]
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()


def render(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Write a page that needs no other file; equal input gives equal bytes.

    A figure that was drawn before may differ from a new one: Matplotlib's constrained layout
    starts from where things stand, and moves them by fractions of a point.

    Parameters
    ----------
    title, subtitle : str
    sections : sequence of Section

    Returns
    -------
    str
        HTML, to be encoded as UTF-8.

    Raises
    ------
    InputError
        Where two downloads have one name, a name is no file's, or a table shows less than one row.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    _check(sections)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finished,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template("page.html.jinja")
    shown = [_shown(section, f"section-{i}") for i, section in enumerate(sections, 1)]
    return page.render(title=title, subtitle=subtitle, sections=shown)


def _finished(value: Any) -> Any:
    """Write out what cannot be printed; markup is finished."""
    return printable(value, keep="\n\t") if type(value) is str else value


def _check(sections: Sequence[Section]) -> None:
    """Raise `InputError` where downloads could not be told apart or written, or rows not shown."""
    tables = [table for section in sections for table in section.tables]
    names = [picture.name for section in sections for picture in section.pictures]
    for name, count in Counter([*names, *(table.name for table in tables)]).items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise InputError(f"name = {name!r}: must be letters, digits, '.', '_' and '-'")
        if count > 1:
            raise InputError(f"name = {name!r}: must be that of one picture or table, not {count}")
    for table in tables:
        if table.rows is not None and table.rows < 1:
            raise InputError(f"rows = {table.rows} of table {table.name!r}: must be 1 or more")


def _shown(section: Section, key: str) -> dict[str, Any]:
    """Prepare a section for the template."""
    anchor = re.sub("[^a-z0-9]+", "-", section.title.lower()).strip("-")
    return {
        "id": f"{key}-{anchor}" if anchor else key,
        "title": section.title,
        "text": section.text,
        "pictures": [_shown_picture(picture) for picture in section.pictures],
        "tables": [_shown_table(table) for table in section.tables],
    }


def _shown_picture(picture: Picture) -> dict[str, str]:
    """Prepare a picture for the template."""
    svg = _svg(picture.figure, picture.name)
    return {
        "name": picture.name,
        "caption": picture.caption,
        "svg": _inline(svg, picture.name),
        "as_svg": _link("image/svg+xml", svg),
        "as_csv": _link_to_csv(picture.data),
    }


def _shown_table(table: Table) -> dict[str, Any]:
    """Prepare a table for the template: cells as text, and whether their columns hold numbers."""
    shown = table.data if table.rows is None else table.data.head(table.rows)
    rows = list(shown.itertuples(index=False, name=None))
    columns = range(len(shown.columns))
    numeric = [any(_is_number(row[i]) for row in rows) for i in columns]
    return {
        "name": table.name,
        "caption": table.caption,
        "columns": [(str(shown.columns[i]), numeric[i]) for i in columns],
        "rows": [[(_cell(row[i]), numeric[i]) for i in columns] for row in rows],
        "more": len(table.data) - len(shown),
        "as_csv": _link_to_csv(table.data),
    }


def _is_number(value: Any) -> bool:
    """Say whether a cell is a number: no yes or no, and not missing."""
    return isinstance(value, Real) and not isinstance(value, bool) and _cell(value) != _EN_DASH


def _cell(value: Any) -> str:
    """Write a cell."""
    import numpy as np
    import pandas as pd

    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return _EN_DASH
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{value:.6g}"
    return str(value)


def _link_to_csv(data: "pd.DataFrame") -> str:
    """Make a table's CSV an address of its own."""
    return _link("text/csv;charset=utf-8", as_csv(data))


def _link(kind: str, text: str) -> str:
    """Make a file's content an address of its own."""
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _svg(figure: "Figure", name: str) -> str:
    """Draw a figure as SVG whose text is text, and whose ids no other picture has."""
    import matplotlib as mpl

    buffer = io.StringIO()
    # The salt replaces a random one. Other settings, as a tight box, are the user's.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), _marked(figure):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    # Of the ids, keep those that are used, as names of this picture's own.
    used = dict.fromkeys(re.findall(r"""(?:url\(|href=")#([^)"]+)""", svg))
    ids = {old: f"{_part(name)}{i}" for i, old in enumerate(used, 1)}
    return re.sub(r"""(?<=[#"])[^#"()]+(?=[")])""", lambda word: ids.get(word[0], word[0]), svg)


def _part(name: str) -> str:
    """Begin the ids within a picture."""
    return f"part-of-{name}-"


@contextmanager
def _marked(figure: "Figure") -> Iterator[None]:
    """Mark what is drawn upon images while it is saved: its colours suit those of the image."""
    from matplotlib.collections import PolyQuadMesh, QuadMesh

    meshes = (PolyQuadMesh, QuadMesh)
    axes = [
        ax for ax in figure.axes if ax.images or any(isinstance(c, meshes) for c in ax.collections)
    ]
    drawn = [a for ax in axes for a in (*ax.texts, *ax.lines, *ax.patches, *ax.collections)]
    before = [artist.get_gid() for artist in drawn]
    for i, artist in enumerate(drawn):
        artist.set_gid(f"{_ON_AN_IMAGE}{i}")
    try:
        yield
    finally:
        for artist, gid in zip(drawn, before, strict=True):
            artist.set_gid(gid)


def _inline(svg: str, name: str) -> str:
    """Make a figure's SVG part of a page, in its colours and its font."""
    root = ElementTree.fromstring(svg)
    for child in list(root):
        if child.tag.endswith("metadata") or child.find("{*}style") is not None:
            root.remove(child)  # The style would be that of the whole page, which repeats it.
    _adopt(root, _part(name), themed=True)
    for side in ("width", "height"):
        points = float(root.attrib[side].removesuffix("pt"))
        root.set(side, f"{points * _PIXELS_IN_A_POINT:g}")
    # What is black in SVG may leave its fill unsaid; here that is the colour of the page's text.
    root.attrib |= {"fill": "currentColor", "role": "img", "aria-labelledby": f"caption-{name}"}
    return ElementTree.tostring(root, encoding="unicode").strip()


def _adopt(element: ElementTree.Element, part: str, themed: bool) -> None:
    """Rewrite an element and all in it: HTML knows no namespaces, and ids are a whole page's."""
    element.tag = element.tag.rpartition("}")[2]
    own = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    if own.get("id", "").startswith(_ON_AN_IMAGE):
        themed = False
        own["fill"] = "#000000"
    if not own.get("id", "").startswith(part):
        own.pop("id", None)  # Nothing refers to it.
    elif element.tag == "path":
        own.pop("style", None)  # Those who refer to it say how it looks where they are.
    element.attrib = own | {
        name: _restyled(own[name], themed) for name in ("style", "fill", "stroke") if name in own
    }
    for child in element:
        _adopt(child, part, themed)


def _restyled(style: str, themed: bool) -> str:
    """Write a style with the page's font and, where it is `themed`, the page's colours."""
    style = re.sub(r"'DejaVu Sans'[^;]*", "var(--sans)", style)
    if not themed:
        return style
    return re.sub("#[0-9a-f]{6}", lambda found: _COLOURS.get(found[0], found[0]), style)
