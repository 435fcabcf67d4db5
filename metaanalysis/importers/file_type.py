"""What a file is, told from its bytes; its name is only compared with that, never trusted."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal

from metaanalysis.importers.archive import part_names
from metaanalysis.importers.revman import is_data_package, is_rm5
from metaanalysis.importers.table import Refusal

_SAVE_AS = "Save it as .xlsx or as CSV UTF-8 and upload that."
_OLE = b"\xd0\xcf\x11\xe0"
_BY_FIRST_BYTES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_HTML = re.compile(
    rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|table|meta|script)\b", re.IGNORECASE | re.DOTALL
)
_TEXT_NAMES = frozenset({".csv", ".tsv", ".txt", ".tab"})
_WORKBOOK_NAMES = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".xltx", ".ods"})


def identify(data: bytes, filename: str) -> Literal["csv", "xlsx", "revman-web", "rm5"]:
    """Whether this is a text table, a file of RevMan, or a zip package; the zip's own kind is checked later.

    Raises Refusal for everything else, naming what it is.
    """
    if not data:
        raise Refusal("empty_file", "the file is empty.")
    suffix = PurePosixPath(filename.replace("\\", "/")).suffix.casefold()
    if data.startswith(b"PK"):
        if suffix in _TEXT_NAMES:
            text = (
                f"this is a zip package such as an Excel workbook, but it is named {suffix}. Name it .xlsx."
            )
            raise Refusal("wrong_type", text)
        if is_data_package(data):
            return "revman-web"
        _refuse_zip_in_zip(data)
        return "xlsx"
    is_review = is_rm5(data)
    if not is_review:
        _refuse_other_types(data)
    if suffix in _WORKBOOK_NAMES:
        raise Refusal("wrong_type", f"this is not a workbook although it is named {suffix}. {_SAVE_AS}")
    return "rm5" if is_review else "csv"


def _refuse_zip_in_zip(data: bytes) -> None:
    """A download that packs the data package once more; one level is unpacked by the person, never here."""
    names = part_names(data)
    inner = next((name for name in names if name.casefold().endswith(".zip") and name != "Index.zip"), None)
    if inner is not None and "[Content_Types].xml" not in names:
        text = (
            "this is a zip archive that holds another. Unpack it once and upload the archive that is in it."
        )
        raise Refusal("nested_archive", text, value=inner)


def _refuse_other_types(data: bytes) -> None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            text = "the workbook is protected by a password. Remove the password and upload it again."
            raise Refusal("encrypted", text)
        raise Refusal("wrong_type", f"this is an old Office file (.xls). {_SAVE_AS}")
    for start, name in _BY_FIRST_BYTES:
        if data.startswith(start):
            raise Refusal("wrong_type", f"this is {name}, not a table. {_SAVE_AS}")
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        raise Refusal("wrong_type", f"this is an HTML page, not a table. {_SAVE_AS}")
    if head.lstrip().startswith(b"<?xml"):
        raise Refusal("wrong_type", f"this is an XML file, not a table. {_SAVE_AS}")
    if head.lstrip().startswith(b'{"'):
        raise Refusal("wrong_type", f"this is a shortcut or JSON file, not the table itself. {_SAVE_AS}")


def clean_filename(filename: str, limit: int = 120) -> str:
    """A file name fit for showing: last path part, no invisible or control characters, at most `limit` characters."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    kept = "".join(
        char for char in last if unicodedata.category(char)[0] != "C" and char not in '\u2028\u2029"'
    )
    kept = kept.strip(" .")
    if not kept:
        return "unnamed"
    if len(kept) <= limit:
        return kept
    suffix = PurePosixPath(kept).suffix[:10]
    return kept[: limit - len(suffix) - 1] + "…" + suffix
