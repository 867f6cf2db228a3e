"""The HTML report page: one file, sound, in light and dark, and escaped."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from fastq import plot
from fastq.base.errors import InputError
from fastq.report.html_page import Picture, Section, Table, render
from tests.support.browser import Page, needs_chromium, opened

EVIL = "<script>alert('x')</script> & \"more\""
TABLE = pd.DataFrame(
    {
        "alpha": [0.1, 0.123456789, 1e-9],
        "runs": [5, 100000, 7],
        "best": [True, False, False],
        "estimate": [-13.25, np.nan, np.inf],
        "schedule": [EVIL, None, ""],
        "planning": [50, "", "many"],
    }
)


def lines():
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    ax.plot([1, 2, 3], [1, 4, 2], "o-", color="#000000", markerfacecolor="white", label="a < b")
    ax.fill_between([1, 2, 3], [0, 3, 1], [2, 5, 3], color="black", alpha=0.2)
    ax.set_xlabel(r"$\alpha$")
    ax.text(2, 1, "a note")
    ax.legend()
    return figure


def cells():
    figure = Figure(layout="constrained")
    summary = pd.DataFrame({"x": [1, 2], "y": [1, 1], "estimate": [1.0, 2.0]})
    ax = plot.heatmap(summary, "x", "y", ax=figure.subplots())
    ax.set_title("a heatmap")
    ax.patch.set(hatch="//")
    return figure


def sections():
    data = pd.DataFrame({"x": [1, 2, 3], "y": [1.5, 4.0, 1 / 3]})
    return [
        Section("Learning curves", ["One.", EVIL], [Picture(lines(), "Lines", "lines", data)]),
        Section(
            EVIL,
            [],
            [Picture(cells(), EVIL, "cells", data), Picture(lines(), "Again", "again", data)],
            [Table("All", "all", TABLE), Table("Some", "some", TABLE, rows=2)],
        ),
    ]


@pytest.fixture(scope="module")
def text():
    return render("A study", "of nothing", sections())


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def svgs(text):
    """The inline pictures, by name."""
    found = re.findall(r'<figure class="picture" id="picture-(\w+)">.*?(<svg.*?</svg>)', text, re.S)
    return dict(found)


def test_the_page_is_sound(text, page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    used = re.findall(r'(?:href="|url\()#([^)"]+)', text)
    used += re.findall(r'aria-labelledby="(.*?)"', text)
    assert used
    assert set(used) <= set(ids)
    assert [attrs["href"][1:] for attrs in page.all("a")[:2]] == [
        s["id"] for s in page.all("section")
    ]
    assert len(page.all("svg")) == len(page.all("h2")) + 1 == 3
    assert all({"viewbox", "width", "height"} <= set(svg) for svg in page.all("svg"))


def test_the_page_needs_no_other_file(text, page):
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text
    assert "@import" not in text
    links = [attrs[name] for _, attrs in page.tags for name in ("href", "src") if name in attrs]
    assert all(link.startswith(("#", "data:")) for link in links)
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")


def test_words_are_escaped(text, page):
    assert EVIL not in text
    assert text.count("&lt;script&gt;") == 6  # a paragraph, a title twice, a caption, two cells
    assert page.all("script") == []
    assert any(EVIL in row for row in page.rows)
    named = render(EVIL, EVIL, [Section("x", [], [], [Table("", "x", pd.DataFrame({EVIL: [1]}))])])
    assert Page(named).rows[0] == [EVIL]
    assert Page(named).all("script") == []


def test_tables(page):
    header, *rows = page.rows[:4]
    assert header == list(TABLE.columns)
    assert rows == [
        ["0.1", "5", "yes", "-13.25", EVIL, "50"],
        ["0.123457", "100000", "", "–", "–", ""],  # noqa: RUF001
        ["1e-09", "7", "", "inf", "", "many"],
    ]
    assert all(attrs["scope"] == "col" for attrs in page.all("th"))
    numeric = ["number", "number", None, "number", None, "number"]
    assert [a.get("class") for a in page.all("th")[:6]] == numeric
    assert [a.get("class") for a in page.all("td")[:18]] == 3 * numeric


def test_a_long_table_is_cut_and_its_download_is_not(text, page):
    assert len(page.rows) == 4 + 3
    assert text.count("and 1 more: in the download") == 1
    assert page.downloads()["some.csv"] == page.downloads()["all.csv"]


def test_downloads(page):
    files = page.downloads()
    pictures = {f"{name}.{kind}" for name in ("lines", "cells", "again") for kind in ("csv", "svg")}
    assert set(files) == pictures | {"all.csv", "some.csv"}
    pd.testing.assert_frame_equal(
        pd.read_csv(io.BytesIO(files["lines.csv"])),
        sections()[0].pictures[0].data,
    )
    assert files["all.csv"].decode() == TABLE.to_csv(index=False, lineterminator="\n")
    drawn = ElementTree.fromstring(files["lines.svg"])
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"stroke: #000000" in files["lines.svg"]
    assert b"var(" not in files["lines.svg"]


def test_pictures_take_the_colours_of_the_page(text):
    for name in ("lines", "again"):
        assert not re.search("#0{3}|#f{3}|#cccccc|black|white", svgs(text)[name])
        assert "DejaVu" not in svgs(text)[name]
    assert "stroke: currentColor" in svgs(text)["lines"]
    assert "fill: var(--paper)" in svgs(text)["lines"]
    assert ">a note</text>" in svgs(text)["lines"]


def test_what_is_drawn_on_an_image_keeps_its_colours(text):
    svg = ElementTree.fromstring(svgs(text)["cells"])
    kept = [group for group in svg.iter("g") if group.get("fill") == "#000000"]
    assert {"1", "2"} <= {word.text for group in kept for word in group.iter("text")}
    assert any("#ffffff" in word.get("style") for group in kept for word in group.iter("text"))
    for group in kept:
        group.clear()
    rest = ElementTree.tostring(svg, "unicode")
    assert "a heatmap" in rest
    assert not re.search("#000000|#ffffff", rest)


def test_equal_input_gives_equal_bytes(text):
    again = sections()
    assert render("A study", "of nothing", again) == text
    artists = again[1].pictures[0].figure.findobj()
    assert {artist.get_gid() for artist in artists} == {None}


def test_pages_with_little_in_them():
    assert Page(render("Nothing", "", [])).all("nav") == []
    empty = Table("Empty", "empty", TABLE.head(0), rows=3)
    page = Page(render("Little", "", [Section("", []), Section("§", [], [], [empty])]))
    assert [section["id"] for section in page.all("section")] == ["section-1", "section-2"]
    assert page.rows == [list(TABLE.columns), ["no rows"]]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([Table("", "a", TABLE), Table("", "a", TABLE)], "name = 'a': must be that of one"),
        ([Table("", "a/b", TABLE)], "name = 'a/b': must be letters"),
        ([Table("", "", TABLE)], "name = '': must be letters"),
        ([Table("", "a", TABLE, rows=0)], "rows = 0 of table 'a': must be 1 or more"),
    ],
)
def test_bad_input(tables, message):
    with pytest.raises(InputError, match=f"^{message}") as error:
        render("x", "", [Section("x", [], [], tables)])
    assert "\n" not in str(error.value)


@needs_chromium
def test_a_browser_opens_the_page_and_complains_of_nothing(text, tmp_path):
    found, said = opened(text, tmp_path)
    assert said == []
    assert [attrs["id"] for attrs in Page(found).all("section")] == [
        "section-1-learning-curves",
        "section-2-script-alert-x-script-more",
    ]
    assert len(Page(found).all("svg")) == 3


@needs_chromium
@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ('<script>console.error("a control")</script>', "a control"),
        (
            "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
            "<img src='https://example.invalid/x.png'>",
            "Content Security Policy",
        ),
    ],
    ids=["error", "network"],
)
def test_the_browser_does_complain_of_other_pages(tmp_path, page, complaint):
    _, said = opened(page, tmp_path)
    assert any(complaint in line for line in said)
