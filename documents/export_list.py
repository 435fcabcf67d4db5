"""What a question can be taken away as: every file with what it is for, in the groups of the page that lists them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.urls import reverse

from documents.sheets import Sheet
from etd.models import PublishedVersion
from etd.selectors import EtdView

PROBE_SECONDS = 30
NO_PDF = (
    "Off on this machine: the system libraries that make a PDF (Pango) are not installed. Whoever runs the site finds"
    " their names in the README."
)


@dataclass(frozen=True)
class ExportFile:
    """A file to take away. `off` says why it cannot be had on this machine, empty where it can."""

    name: str
    kind: str
    about: str
    address: str
    off: str = ""


@dataclass(frozen=True)
class ExportParts:
    """Small files of one kind that stand in one line: pairs of name and address."""

    heading: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ExportGroup:
    heading: str
    files: tuple[ExportFile, ...]
    parts: tuple[ExportParts, ...] = ()


def export_list(
    etd: EtdView, sheets: Iterable[Sheet], version: PublishedVersion | None
) -> tuple[ExportGroup, ...]:
    """The groups of files of a question; `sheets` are the tables of its document, `version` the newest published."""
    place = (etd.guideline_slug, etd.slug)
    sheets = tuple(sheets)
    parts = (
        ExportParts(
            "One table as CSV",
            tuple((one.name, reverse("table_csv", args=[*place, one.key])) for one in sheets),
        ),
        ExportParts("R code, to compute again", _r_code(etd, place)),
    )
    return (
        *((_of_version(version, place),) if version else ()),
        ExportGroup("To read and print", _to_read(place)),
        ExportGroup(
            "Tables and study data",
            (_workbook(place, sheets),),
            tuple(one for one in parts if one.files),
        ),
        ExportGroup("For programs", _for_programs(place)),
    )


def _of_version(version: PublishedVersion, place: tuple[str, str]) -> ExportGroup:
    """The files that everybody has, as they were published."""
    kept = [*place, version.number]
    is_withdrawn = hasattr(version, "withdrawal")
    return ExportGroup(
        f"Version {version.number}, {'withdrawn' if is_withdrawn else 'as it was published'}",
        (
            ExportFile(
                "PDF of the version",
                "PDF",
                "The one to cite and to pass on: it names its version, and can be verified.",
                reverse("published_pdf", args=kept),
            ),
            ExportFile(
                "The version with its proof",
                "ZIP",
                "The PDF, the data and a program that shows offline whether a letter of them was changed.",
                reverse("version_bundle", args=kept),
            ),
        ),
    )


def _to_read(place: tuple[str, str]) -> tuple[ExportFile, ...]:
    pdf, off = reverse("document_pdf", args=place), "" if can_make_pdf() else NO_PDF
    return (
        ExportFile(
            "PDF",
            "PDF",
            "For print: the recommendation on one page, then the whole. Its data are inside.",
            pdf,
            off,
        ),
        ExportFile(
            "PDF in three columns",
            "PDF",
            "The same in the classic layout: judgement, research evidence and considerations side by side.",
            f"{pdf}?layout=classic",
            off,
        ),
        ExportFile(
            "Word",
            "DOCX",
            "To work on outside: GRADEpro's layout with real tables. OpenEtD reads it in again.",
            reverse("document_docx", args=place),
        ),
        ExportFile(
            "Web page",
            "HTML",
            "To send to somebody: one file that opens in every browser, on a phone too, without a network.",
            reverse("document_html", args=place),
        ),
    )


def _workbook(place: tuple[str, str], sheets: tuple[Sheet, ...]) -> ExportFile:
    return ExportFile(
        "All tables",
        "XLSX",
        f"For a spreadsheet: {', '.join(sheet.name for sheet in sheets)}, a sheet each.",
        reverse("tables_xlsx", args=place),
    )


def _r_code(etd: EtdView, place: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """The recomputed rows, each by its outcome and population."""
    return tuple(
        (f"{group.name}, {row.population}", reverse("analysis_r_code", args=[*place, row.id]))
        for table in etd.tables
        for group in table.groups
        for row in group.rows
        if row.is_computed
    )


def _for_programs(place: tuple[str, str]) -> tuple[ExportFile, ...]:
    return (
        ExportFile(
            "Data",
            "JSON",
            "The whole document as data, the same that a PDF carries. OpenEtD reads it again.",
            reverse("document_json", args=place),
        ),
        ExportFile(
            "Schema of the data",
            "JSON",
            "What stands under each key of the data, to check such files by.",
            reverse("document_schema"),
        ),
    )


@cache
def can_make_pdf() -> bool:
    """Are the libraries that a PDF is made with on this machine? Asked once, of a process that ends again."""
    command = [sys.executable, "-I", "-c", "import weasyprint"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode == 0
