"""Looks at the zip package of a workbook before anything parses it.

The central directory alone refuses bombs; then each part is unpacked once (at most 10 MiB in all) to check its
sum and to refuse XML that could expand or hide. `zipfile` before Python 3.11.8 does not look for overlapping
entries (CVE-2024-0450), so that is done here.
"""

import re
import struct
import zipfile
import zlib
from io import BytesIO

from metaanalysis.importers.limits import MAX_PARTS, MAX_RATIO, MAX_UNPACKED_BYTES, MIB, RATIO_FLOOR_BYTES
from metaanalysis.importers.table import Refusal

_SAVE_AGAIN = "Open it in a spreadsheet program, save it as .xlsx and upload that."
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
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
    if not data.startswith(b"PK\x03\x04"):
        raise _damaged()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_names(parts)
            _check_sizes(parts)
            _check_places(parts, data)
            _check_kind(parts)
            for part in parts:
                _check_content(part.filename, archive.read(part))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _damaged() from error
    except (OSError, ValueError, OverflowError, UnicodeDecodeError) as error:
        raise _damaged() from error


def _damaged() -> Refusal:
    return Refusal("damaged", f"the workbook is damaged. {_SAVE_AGAIN}")


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise Refusal(
            "too_many_parts", f"the package has {len(parts):,} parts; the limit is {MAX_PARTS}. {_SAVE_AGAIN}"
        )
    seen = set()
    for part in parts:
        name = part.orig_filename
        pieces = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in pieces or ":" in name or not name.isprintable():
            raise Refusal("part_name", f"a part has an unsafe name. {_SAVE_AGAIN}", value=name)
        if name.casefold() in seen:
            raise Refusal("duplicate_part", f"a part is in the package twice. {_SAVE_AGAIN}", value=name)
        seen.add(name.casefold())
        if part.flag_bits & _ENCRYPTED_FLAGS:
            text = "the file is protected by a password. Remove the password and upload it again."
            raise Refusal("encrypted", text)


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    total = sum(part.file_size for part in parts)
    if total > MAX_UNPACKED_BYTES:
        text = f"the file unpacks to {total / MIB:,.0f} MiB; the limit is {MAX_UNPACKED_BYTES // MIB} MiB. "
        raise Refusal("unpacks_too_large", text + "Keep only the sheet with the table.")
    for part in parts:
        if part.file_size > RATIO_FLOOR_BYTES and part.file_size > MAX_RATIO * part.compress_size:
            text = f"a part unpacks to more than {MAX_RATIO} times its size. {_SAVE_AGAIN}"
            raise Refusal("unpacks_too_large", text, value=part.filename)


def _check_places(parts: list[zipfile.ZipInfo], data: bytes) -> None:
    """The parts must follow one another from byte 0 without overlap."""
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        start = part.header_offset
        if start < end:
            raise Refusal(
                "overlapping_parts", f"parts of the package overlap. {_SAVE_AGAIN}", value=part.filename
            )
        if end == 0 and start != 0:
            raise Refusal("prefix_data", f"there is other data before the workbook. {_SAVE_AGAIN}")
        name_bytes, extra_bytes = struct.unpack_from("<HH", data, start + 26)
        end = start + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes + part.compress_size
    if end > len(data):
        raise _damaged()


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
