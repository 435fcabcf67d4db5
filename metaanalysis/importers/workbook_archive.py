"""Looks at the zip package of a workbook before anything parses it.

After the check of its directory (`archive`) each part is unpacked once (at most 10 MiB in all) to check its sum and
to refuse XML that could expand or hide.
"""

import re
import zipfile

from metaanalysis.importers.archive import PackageKind, checked_archive
from metaanalysis.importers.table import Refusal

_SAVE_AGAIN = "Open it in a spreadsheet program, save it as .xlsx and upload that."
_WORKBOOK = PackageKind("workbook", _SAVE_AGAIN, "Keep only the sheet with the table.")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".bin", ".ico")
_OTHER_PACKAGES: tuple[tuple[str, str], ...] = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint file"),
    ("mimetype", "an OpenDocument file (.ods) or e-book"),
    ("Index/Document.iwa", "a Numbers file"),
    ("Index.zip", "a Numbers file"),
)
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_STRICT_NAMESPACE = b"http://purl.oclc.org/ooxml/"


def check_archive(data: bytes) -> None:
    """Raises Refusal unless `data` is a harmless .xlsx package within the limits."""
    with checked_archive(data, _WORKBOOK) as archive:
        parts = archive.infolist()
        _check_kind(parts)
        for part in parts:
            _check_content(part.filename, archive.read(part))


def _check_kind(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    for name, kind in _OTHER_PACKAGES:
        if name in names:
            raise Refusal(
                "wrong_type", f"this is {kind}, not a .xlsx workbook. Save it as .xlsx or CSV UTF-8."
            )
    if any(name.casefold().endswith("vbaproject.bin") for name in names):
        raise _macros()
    if "[Content_Types].xml" not in names:
        raise Refusal(
            "wrong_type", "this is a zip archive, not a workbook. Unpack it and upload the table itself."
        )


def _macros() -> Refusal:
    return Refusal("macros", "the workbook contains macros. Save it as .xlsx without macros.")


def _check_content(name: str, content: bytes) -> None:
    if name.casefold().endswith(_PICTURES) and not content.lstrip().startswith(b"<"):
        return
    if name == "[Content_Types].xml" and re.search(rb"macroEnabled|vbaProject", content, re.IGNORECASE):
        raise _macros()
    encoding = _ENCODING.search(content[:400])
    declared = encoding[1].decode("ascii", "replace").casefold() if encoding else "utf-8"
    if declared not in {"utf-8", "us-ascii", "ascii"} or b"\0" in content or not _is_utf8(content):
        text = f"a part of the workbook is not UTF-8 text. {_SAVE_AGAIN}"
        raise Refusal("xml_encoding", text, value=name)
    if _DTD.search(content):
        raise Refusal("dtd", f"a part of the workbook contains a DTD. {_SAVE_AGAIN}", value=name)
    if _STRICT_NAMESPACE in content:
        text = "this is a 'Strict Open XML' workbook. Save it as 'Excel Workbook (.xlsx)'."
        raise Refusal("strict_xlsx", text)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
