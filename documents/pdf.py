"""A document as PDF: archival (PDF/A-3a), tagged (PDF/UA-1), with its data attached.

Rendering happens in a child process (`pdf_worker.py`) with limits of its own and an empty environment: a document that
asks for too much is stopped without harm to the site. The same content gives the same bytes.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import Any

from documents.html import Layout, csv_name, json_name, r_name, render_html
from documents.kept_renders import kept_or_made
from documents.published import document_bytes
from documents.schema import Analysis, EtdDocument, to_json
from etd.installation import metrics
from etd.installation.turns import RENDERING, RENDERING_FOR_LONG, Busy, Kind, turn
from metaanalysis import specification
from metaanalysis.analyses import pool_inputs
from metaanalysis.importers.exports import guarded
from metaanalysis.kinds import NUMBERS, kinds_of
from metaanalysis.r_code import r_code
from metaanalysis.stats.types import DataKind

WORKER = Path(__file__).with_name("pdf_worker.py")
STATIC = Path(__file__).parents[1] / "static"
STYLE_SHEET = STATIC / "css" / "print.css"
# What decides how a document looks once it is HTML.
SOURCES = (WORKER, STYLE_SHEET, *sorted((STATIC / "fonts").glob("*.ttf")))
WALL_SECONDS = 45
BOOK_WALL_SECONDS, BOOK_CPU_SECONDS = 1800, 1500
BOOK_MEMORY_BYTES = 3 * 1024**3
WAIT_FOR_A_TURN_SECONDS = 20
# Less than a book may be silent (documents/actions/books.py).
WAIT_FOR_A_BOOK_SECONDS = 240
BLOCKED, NO_LIBRARY = 3, 4

MOST_LETTERS_A_FIELD = 20_000
MOST_LETTERS_A_DOCUMENT = 200_000
MOST_STUDY_ROWS = 500


class CannotRender(Exception):
    """The document could not be made into a PDF; the text is for the person who asked."""


class DocumentTooLarge(CannotRender):
    """The document is beyond what a PDF takes; the text names the field and the limit."""


class RendererBusy(CannotRender):
    """As many documents as the site renders at once are being rendered, or the machine is overloaded; try again."""


class RendererMissing(CannotRender):
    """WeasyPrint's system libraries are not on this machine."""


@dataclass(frozen=True)
class Attachment:
    """A file inside the PDF; `relationship` is PDF's AFRelationship (Source, Data …)."""

    name: str
    description: str
    relationship: str
    content: bytes


def render_pdf(document: EtdDocument, layout: Layout = Layout.SCALES) -> bytes:
    """The PDF of a document. Raises CannotRender, of which DocumentTooLarge, RendererBusy and RendererMissing are."""
    check_size(document)
    return run_worker(render_html(document, layout=layout), attachments_of(document))


def attachments_of(document: EtdDocument) -> list[Attachment]:
    """The whole document as JSON, and for every analysis its study data as CSV and R code that reads them."""
    attachments = [
        Attachment(
            name=json_name(document),
            description=f"The whole document as data ({document.schema_version})",
            relationship="Source",
            content=document_bytes(document),
        )
    ]
    for number, analysis in enumerate(document.analyses, start=1):
        attachments.append(
            Attachment(
                name=csv_name(number),
                description=f"Study data of {analysis.outcome}, {analysis.population}",
                relationship="Data",
                content=_study_data(analysis.inputs),
            )
        )
        attachments.append(
            Attachment(
                name=r_name(number),
                description=f"R code that makes the analysis of {analysis.outcome}, {analysis.population} again",
                relationship="Supplement",
                content=_r_code(analysis, csv_name(number)).encode(),
            )
        )
    return attachments


def check_size(document: EtdDocument) -> None:
    """Raises DocumentTooLarge where a field, the whole or a list of studies is beyond what a PDF takes."""
    total = 0
    for where, text in _texts(to_json(document)):
        total += len(text)
        if len(text) > MOST_LETTERS_A_FIELD:
            raise DocumentTooLarge(
                f"A text has {len(text):,} characters, and a PDF takes at most {MOST_LETTERS_A_FIELD:,} in one"
                f" field ({where}). Shorten it, or move a part of it into another field."
            )
    if total > MOST_LETTERS_A_DOCUMENT:
        raise DocumentTooLarge(
            f"The document has {total:,} characters, and a PDF takes at most {MOST_LETTERS_A_DOCUMENT:,}."
            " Shorten the longest texts, or export the document as JSON."
        )
    for number, analysis in enumerate(document.analyses, start=1):
        if len(analysis.inputs) > MOST_STUDY_ROWS:
            raise DocumentTooLarge(
                f"Analysis {number} has {len(analysis.inputs):,} studies, and a PDF takes at most"
                f" {MOST_STUDY_ROWS}. Export the document as JSON."
            )


def _texts(value: Any, where: str = "document") -> Iterator[tuple[str, str]]:
    """Every text of the document with its place; numbers behind analyses are data and do not count."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in {"inputs", "result", "values"}:
                yield from _texts(item, f"{where}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{where}[{number}]")


def _study_data(inputs: tuple[Mapping[str, Any], ...]) -> bytes:
    """The rows as CSV, with the columns that an upload of this kind of data has and everything else after them.

    A name that a spreadsheet would take for a formula is led by an apostrophe.
    """
    numbers = [name for kind in kinds_of(inputs) or [DataKind.COUNTS] for name in NUMBERS[kind]]
    more = [name for row in inputs for name in row]
    columns = list(dict.fromkeys(["study", "year", *numbers, *more]))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    for row in inputs:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return file.getvalue().encode()


def _r_code(analysis: Analysis, data_file: str) -> str:
    """As the page of the analysis gives it, but for where the data come from."""
    pooled = pool_inputs(analysis.inputs, specification.from_json(analysis.spec))
    return r_code(
        analysis.inputs, pooled, title=f"{analysis.outcome}, {analysis.population}", data_file=data_file
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else str(value)


def run_worker(html: str, attachments: list[Attachment]) -> bytes:
    """HTML and files as a PDF, made in a child process, or the one made of the same before. Raises CannotRender."""
    job = _job(html, attachments)
    return kept_or_made(job, SOURCES, lambda: _rendered(job))


def made_anew(html: str, attachments: list[Attachment]) -> bytes:
    """As `run_worker`, whatever was made before."""
    return _rendered(_job(html, attachments))


@metrics.rendering()
def run_worker_for_long(html: str, attachments: list[Attachment], tell_page: Callable[[int], None]) -> bytes:
    """As `run_worker`, for a book: with wider limits, and every page that is set is told. Raises CannotRender."""
    with (
        _turn(RENDERING_FOR_LONG, WAIT_FOR_A_BOOK_SECONDS),
        tempfile.TemporaryDirectory(prefix="openetd-pdf-") as folder,
    ):
        job, made = Path(folder) / "job.json", Path(folder) / "made.pdf"
        job.write_bytes(_job(html, attachments))
        with job.open("rb") as source, made.open("wb") as target:
            worker = subprocess.Popen(
                [sys.executable, "-I", str(WORKER), str(BOOK_CPU_SECONDS), str(BOOK_MEMORY_BYTES)],
                stdin=source,
                stdout=target,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={},
                text=True,
                errors="replace",
            )
            too_long = Timer(BOOK_WALL_SECONDS, worker.kill)
            too_long.start()
            with worker:
                try:
                    said = _listen(worker, tell_page)
                finally:
                    too_long.cancel()
                    worker.kill()
        pdf = made.read_bytes()
    if worker.returncode == 0 and pdf.startswith(b"%PDF"):
        return pdf
    raise _failure(worker.returncode, said)


def _listen(worker: subprocess.Popen[str], tell_page: Callable[[int], None]) -> str:
    """What the worker says but for its pages, until it has ended."""
    said = []
    assert worker.stderr is not None
    for line in worker.stderr:
        word, _, number = line.strip().partition(" ")
        if word == "page" and number.isdecimal():
            tell_page(int(number))
        else:
            said.append(line)
    worker.wait()
    return "".join(said)


def _job(html: str, attachments: list[Attachment]) -> bytes:
    job = {
        "html": html,
        "attachments": [
            {
                "name": attachment.name,
                "description": attachment.description,
                "relationship": attachment.relationship,
                "content": base64.b64encode(attachment.content).decode(),
            }
            for attachment in attachments
        ],
    }
    return json.dumps(job).encode()


@metrics.rendering()
def _rendered(job: bytes) -> bytes:
    """The worker's answer to a job."""
    with _turn(), tempfile.TemporaryDirectory(prefix="openetd-pdf-") as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(WORKER)],
                input=job,
                capture_output=True,
                cwd=folder,
                env={},
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _out_of_time() from error
    if done.returncode == 0 and done.stdout.startswith(b"%PDF"):
        return done.stdout
    raise _failure(done.returncode, done.stderr.decode(errors="replace"))


def _out_of_time() -> CannotRender:
    """Where the worker limits its processor time, which is less than the clock's, the machine had none for it."""
    if find_spec("resource") is None:
        return CannotRender(
            f"The document took longer than {WALL_SECONDS} seconds to render and was stopped. Look for very long"
            " texts or lists, shorten them, and export again."
        )
    return RendererBusy(
        f"The server is busy: it did not get the document rendered within {WALL_SECONDS} seconds. Try again in a"
        " minute."
    )


def _failure(status: int, said: str) -> CannotRender:
    if status == NO_LIBRARY:
        return RendererMissing(
            "PDF export is off: the system libraries of WeasyPrint (Pango) are not installed on this machine. On"
            " Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0."
        )
    if status == BLOCKED:
        addresses = said.split()
        return CannotRender(
            f"The document asks for files from outside ({len(addresses)}), which is not allowed: {', '.join(addresses)}"
        )
    if status < 0 or "MemoryError" in said:
        return CannotRender(
            "The document needed more memory or time than a PDF may take and was stopped. Look for very long texts"
            " or lists, shorten them, and export again."
        )
    if "RecursionError" in said:
        return CannotRender(
            "Something in the document is nested too deeply to be rendered. Look for lists or quotes within lists or"
            " quotes, shorten them, and export again."
        )
    last = said.strip().splitlines()[-1] if said.strip() else f"exit status {status}"
    return CannotRender(f"The document could not be rendered: {last}")


@contextmanager
def _turn(kind: Kind = RENDERING, wait_seconds: float | None = None) -> Iterator[None]:
    """One of the places for renders, across all processes of the site; raises RendererBusy after a while."""
    try:
        with turn(kind, wait_seconds=WAIT_FOR_A_TURN_SECONDS if wait_seconds is None else wait_seconds):
            yield
    except Busy as error:
        raise RendererBusy(str(error)) from error
