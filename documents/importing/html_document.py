"""Bytes of an HTML page → text for `read_text`, parsed in a limited process; and the data inside our own HTML file."""

from __future__ import annotations

import codecs
import re
import subprocess
import sys
from pathlib import Path

from documents.importing.decoding import NotText, decode
from documents.importing.html_page import TOO_DEEP
from etd.installation.turns import READING, turn

WORKER = Path(__file__).with_name("html_page.py")
WALL_SECONDS = 20
WAIT_SECONDS = 20
LONGEST_TEXT = 1_000_000
"""Characters; a document of 200 pages has half a million."""

_HEAD = 4096
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|div|section)\b",
    re.I | re.S,
)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.I)
# What pages declare as Latin-1 is Windows-1252, and what declares UTF-16 in letters of one byte is neither.
_OUR_OWN_CHOICE = frozenset({"utf-8", "iso8859-1", "ascii", "utf-16", "utf-16-le", "utf-16-be", "cp1252"})
_TEXT_CODECS = re.compile(r"(?:iso8859-\d+|cp\d+|koi8-[ru]|mac-\w+|shift_jis|euc_(?:jp|kr)|gb\w*|big5\w*)")
_DATA = re.compile(
    r"<script\b(?=[^>]{0,200}\btype=[\"']application/json[\"'])(?=[^>]{0,200}\bid=[\"']etd-document[\"'])[^>]{0,200}>"
)


def is_html(head: bytes) -> bool:
    """Do these first bytes begin a page?"""
    bare = head[:_HEAD].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    return _PAGE.match(bare.decode("latin-1")) is not None


def read_html(content: bytes) -> str:
    """The text of a page, in the layout of `read_text`. Raises NotText for what cannot be decoded or parsed."""
    return page_text(html_of(content))


def html_of(content: bytes) -> str:
    """The page as text, by its byte order mark, the encoding that it declares, or UTF-8. Raises NotText."""
    declared = _CHARSET.search(content[:_HEAD])
    if declared is None or content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return decode(content)[0]
    name = declared[1].decode("ascii")
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = "utf-8"
    if codec in _OUR_OWN_CHOICE or not _TEXT_CODECS.fullmatch(codec):
        return decode(content)[0]
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise NotText(
            f"The page says that it is written in {name}, and it is not, at byte {error.start}. Save it as UTF-8."
        ) from error
    return text.replace("\x00", "")


def data_of(html: str) -> str:
    """The document as JSON that our own HTML file holds as data, empty where it is another page."""
    found = _DATA.search(html)
    if found is None:
        return ""
    end = html.find("</script", found.end())
    return html[found.end() : end] if end > 0 else ""


def page_text(html: str) -> str:
    """As `read_html`, of a page that is decoded."""
    with turn(READING, wait_seconds=WAIT_SECONDS):
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", str(WORKER)],
                input=html.encode("utf-8", errors="replace"),
                capture_output=True,
                env={},
                cwd="/",
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotText(_TOO_COMPLEX) from error
    if done.returncode == TOO_DEEP:
        raise NotText("The page has more tables within each other than any document. Save it as plain text.")
    if done.returncode:
        raise NotText(_TOO_COMPLEX)
    text = done.stdout.decode()
    if len(text) > LONGEST_TEXT:
        raise NotText(
            f"The page has {len(text):,} characters of text: no such document has. Send one document."
        )
    return text


_TOO_COMPLEX = "The page is damaged, or too complex to be read within the limits. Save it as plain text."
