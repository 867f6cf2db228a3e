"""Pages in the tests: what they hold, and what a real browser says of them."""

import base64
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

VOID = {"meta", "link"}
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on PATH to open the page with"
)


class Page(HTMLParser):
    """What a page holds; an error where tags are not balanced."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.rows = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] in (["td"], ["th"]):
            self.rows[-1][-1] += data

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]

    def downloads(self):
        """The links to files, as names and contents."""
        links = [a for a in self.all("a") if "download" in a]
        return {a["download"]: base64.b64decode(a["href"].split(";base64,")[1]) for a in links}


def opened(text, folder):
    """Open a page in a browser: its elements thereafter, and what the console says."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    logs = ["--enable-logging=stderr", "--v=0", "--dump-dom"]
    done = subprocess.run(
        [CHROMIUM, *flags, *logs, file.as_uri()], capture_output=True, timeout=60, check=True
    )
    said = [line for line in done.stderr.decode().splitlines() if "CONSOLE" in line]
    return done.stdout.decode(), said
