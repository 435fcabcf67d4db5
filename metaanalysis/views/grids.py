"""Study data typed, pasted or corrected in a table on a page. What is sent becomes a file and is read like one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from etd.actions.errors import Refused
from etd.models import Outcome, Population
from etd.permissions import Access, Permission, requires
from etd.views.pages import page
from metaanalysis import grids
from metaanalysis.actions.typed import stage_typed
from metaanalysis.actions.uploads import UnreadableFile
from metaanalysis.grids import MAX_GRID_ROWS, Grid
from metaanalysis.importers import ParsedTable, Problem, clean_filename, read_table
from metaanalysis.importers.child_process import ReaderUnavailable
from metaanalysis.importers.raw_cells import read_cells
from metaanalysis.importers.table import Refusal
from metaanalysis.models import DataUpload, StudyResult, UploadStatus
from metaanalysis.previews import can_be_corrected
from metaanalysis.readings import from_json
from metaanalysis.stats.types import DataKind
from metaanalysis.views.uploads import KINDS, frozen, upload_or_404

LEAD = "One study a row. Paste a block from a spreadsheet, with or without its column names, or type."
RATIOS = (
    " Ratios go in as natural logarithms; where a report gives a ratio with its interval, choose Hazard ratio (or Odds "
    "or Risk ratio) and the limits of the 95% CI as the names of the columns."
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GridPage:
    """What one of these pages is about: its words, and what becomes of the table that is sent from it."""

    title: str
    lead: str
    kind: DataKind
    address: str
    filename: str
    kinds: tuple[tuple[str, str, bool], ...] = ()
    made_from: str = ""
    replaces: DataUpload | None = None
    # Chosen in the preview for the first rows of the table.
    place: tuple[int, int] | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def type_studies(request: HttpRequest, access: Access) -> HttpResponse:
    """An empty table of one kind of data."""
    if not access.can(Permission.UPLOAD_DATA):
        return frozen(request, access)
    asked = request.GET.get("kind", DataKind.COUNTS)
    if asked not in set(DataKind):
        raise Http404
    kind = DataKind(asked)
    address = reverse("type_studies", args=access.slugs)
    this = GridPage(
        title="Type or paste studies",
        lead=LEAD + (RATIOS if kind is DataKind.ESTIMATE else ""),
        kind=kind,
        address=f"{address}?kind={kind}",
        filename=f"typed-in-{timezone.localdate():%Y-%m-%d}.csv",
        kinds=tuple((label, f"{address}?kind={each}", each == kind) for each, label, _ in KINDS),
    )
    if request.method == "POST":
        return _received(request, access, this)
    return _grid_page(request, access, this, grids.blank(kind))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def correct_upload(request: HttpRequest, access: Access, upload: int) -> HttpResponse:
    """The cells of a staged file, to be corrected; the file itself stays as it came."""
    staged = upload_or_404(access, upload)
    if not access.can(Permission.UPLOAD_DATA):
        return frozen(request, access)
    table = from_json(staged.reading)
    if staged.status != UploadStatus.STAGED or not can_be_corrected(table):
        return redirect("upload_preview", *access.slugs, staged.pk)
    stem = PurePosixPath(staged.filename).stem.removesuffix("-corrected")
    sheet = f", sheet {staged.sheet}" if staged.sheet else ""
    this = GridPage(
        title=f"Correct {staged.filename}",
        lead="The file stays as it came; what you correct here becomes a new one in its place.",
        kind=_kind_of(table),
        address=reverse("correct_upload", args=[*access.slugs, staged.pk]),
        filename=clean_filename(f"{stem}-corrected.csv"),
        made_from=f"Corrected here from {staged.filename}{sheet} (sha256 {staged.sha256[:16]}…).",
        replaces=staged,
    )
    if request.method == "POST":
        return _received(request, access, this)
    try:
        cells = read_cells(bytes(staged.content), filename=staged.filename, sheet=staged.sheet or table.sheet)
        grid = grids.of_cells(cells)
    except (Refusal, ReaderUnavailable):
        logger.exception("the cells of upload %s cannot be shown", staged.pk)
        messages.error(request, "The cells of this file cannot be shown here. Correct it in its own program.")
        return redirect("upload_preview", *access.slugs, staged.pk)
    return _grid_page(request, access, this, grid, table.problems, table=table)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.UPLOAD_DATA)
def edit_studies(request: HttpRequest, access: Access, outcome: int, population: int) -> HttpResponse:
    """The stored studies of one outcome and population."""
    if not access.can(Permission.UPLOAD_DATA):
        return frozen(request, access)
    place = (
        Outcome.objects.filter(question=access.question, pk=outcome).first(),
        Population.objects.filter(question=access.question, pk=population).first(),
    )
    results = list(
        StudyResult.objects.filter(outcome=place[0], population=place[1])
        .select_related("study")
        .order_by("position", "pk")
    )
    if None in place or not results:
        raise Http404
    kind = DataKind(results[0].kind)
    this = GridPage(
        title="Edit the studies",
        lead=f"{place[0]}, {place[1]}. You see what would change before anything is stored.",
        kind=kind,
        address=reverse("edit_studies", args=[*access.slugs, outcome, population]),
        filename=f"edited-{timezone.localdate():%Y-%m-%d}.csv",
        made_from=f"Edited here from the stored studies of {place[0]}, {place[1]}.",
        place=(outcome, population),
    )
    if request.method == "POST":
        return _received(request, access, this)
    return _grid_page(request, access, this, grids.of_results(kind, results))


def _kind_of(table: ParsedTable) -> DataKind:
    return DataKind.COUNTS if table.layout == "mixed" else DataKind(table.layout)


def _received(request: HttpRequest, access: Access, this: GridPage) -> HttpResponse:
    """Stage what was typed; with mistakes in it, the same table again with each at its cell."""
    text = request.POST.get("table", "")
    try:
        grid = grids.of_text(text)
    except Refusal as error:
        problem = Problem(error.code, "error", error.text[:1].upper() + error.text[1:])
        return _grid_page(request, access, this, grids.blank(this.kind), [problem], typed=text, status=422)
    if request.POST.get("action") == "arrange":
        return _grid_page(request, access, this, grid, unsaved=True)
    content = grids.to_csv(grid)
    table = read_table(content, filename=this.filename)
    if not table.ok:
        return _grid_page(request, access, this, grid, table.problems, table=table, unsaved=True, status=422)
    try:
        staged = stage_typed(
            question=access.question,
            filename=this.filename,
            content=content,
            made_from=this.made_from,
            replaces=this.replaces,
            by=access.user,
        )
    except UnreadableFile as error:
        problems = [Problem("unreadable", "error", message) for message in error.messages]
        return _grid_page(request, access, this, grid, problems, unsaved=True, status=422)
    except Refused as error:
        problems = [Problem("refused", "error", str(error))]
        return _grid_page(request, access, this, grid, problems, unsaved=True, status=409)
    return redirect(_preview_address(access, this, staged))


def _preview_address(access: Access, this: GridPage, staged: DataUpload) -> str:
    address = reverse("upload_preview", args=[*access.slugs, staged.pk])
    if this.place is None:
        return address
    outcome, population = this.place
    return f"{address}?{urlencode({'rows0-outcome': outcome, 'rows0-population': population})}"


def _grid_page(
    request: HttpRequest,
    access: Access,
    this: GridPage,
    grid: Grid,
    problems: Sequence[Problem] = (),
    *,
    table: ParsedTable | None = None,
    typed: str = "",
    unsaved: bool = False,
    status: int = 200,
) -> HttpResponse:
    errors = [problem for problem in problems if problem.severity == "error"]
    context = page(access) | {
        "this": this,
        # A text whose cells cannot be told apart, and a very long table, are corrected as text.
        "for_script": None
        if typed or len(grid.rows) > MAX_GRID_ROWS
        else grids.for_script(this.kind, grid, grids.marks(grid, problems)),
        "text": typed or grids.to_text(grid),
        "unsaved": unsaved,
        "errors": errors,
        "error_count": max(table.error_count if table else 0, len(errors)),
        "warnings": [problem for problem in problems if problem.severity == "warning"],
    }
    return render(request, "metaanalysis/grid.html", context, status=status)
