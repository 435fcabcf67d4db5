"""Bytes of a text file → text."""

from __future__ import annotations

from documents.importing.marks import without_marks

_SAVE = "Save it as plain text in UTF-8."


class NotText(ValueError):
    """A file that is no text; the message says why and what to do."""


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: UTF-8 and UTF-16 with their marks, UTF-8 without, else Windows-1252.

    Noncharacters of Unicode become the sign for an unknown one. UTF-16 without a mark is known by its zero bytes.
    Raises NotText for anything else.
    """
    if data.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        raise NotText(f"This is a Word file, a PDF or an archive, not plain text. {_SAVE}")
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise NotText(f"This is UTF-32 text. {_SAVE}")
    encoding = _utf16(data) or "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise NotText(f"This is damaged UTF-16 text, at byte {error.start}. {_SAVE}") from error
        text, encoding = _windows(data, error), "windows-1252"
    text = without_marks(text.removeprefix("\ufeff"))
    if "\x00" in text:
        raise NotText(f"This is not text: it has zero bytes. {_SAVE}")
    return text, "utf-8" if encoding == "utf-8-sig" else encoding


def _utf16(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    odd, even = data[1:4000:2].count(0), data[0:4000:2].count(0)
    if odd > 3 * even and odd * 4 > len(data[:4000]):
        return "utf-16-le"
    return "utf-16-be" if even > 3 * odd and even * 4 > len(data[:4000]) else ""


def _windows(data: bytes, error: UnicodeDecodeError) -> str:
    """Text in Windows-1252; refused where part of it is UTF-8, which means damage."""
    line = data.count(b"\n", 0, error.start) + 1
    damaged = NotText(f"The text is not valid UTF-8 in line {line}. {_SAVE}")
    if any(ord(char) > 127 for char in data.decode("utf-8", errors="ignore")):
        raise damaged
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise damaged from error
