r"""Text that others wrote, made safe for a terminal and for the name of a file.

A file or a URL may hold any characters. A terminal obeys some of them (escape sequences), others
turn the order of what is read (bidirectional overrides), and a new line forges a message. So all
that Python calls not printable is written as Python writes it in a string, as ``\x1b``.
"""

import hashlib
import re

LONGEST = 1000
"""Letters of a name, at most."""
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9-]+")


def is_name(text: object) -> bool:
    """Say whether something can be a name: text that can be printed, and not too long."""
    return isinstance(text, str) and text.isprintable() and len(text) <= LONGEST


def printable(text: str, keep: str = "") -> str:
    """Write out the characters that cannot be printed, but for those to keep."""
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in keep
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def file_name(name: str) -> str:
    """Give a name that a file of any system can have; two different names stay different.

    Letters without accents, digits, ``.``, ``_`` and ``-``, at most 60 of them, stay as they are.
    """
    if _FILE_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{_NOT_IN_FILE_NAMES.sub('_', name)[:40].strip('_-')}-{digest}".lstrip("-")
