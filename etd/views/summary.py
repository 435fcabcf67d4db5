"""The Summary of Findings and the evidence profile: to read, to choose and order, and to word by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions import summary as actions
from etd.actions.errors import Refused, StaleEdit
from etd.actions.summary import ChosenRow, WordingWouldBeLost
from etd.domain.summary_tables import PROFILE, STANDARD, WHAT_HAPPENS
from etd.forms.fields import RevisionForm
from etd.forms.summary import PeoplePerForm, RowsForm, WordsForm, conflicting
from etd.models import SummaryRow
from etd.permissions import Access, Permission, requires
from etd.selectors.summary import CellView, SummaryView, candidates, load_summary, pictures
from etd.views.editing import Conflict
from etd.views.pages import page

TABS = ((STANDARD, "Summary of findings"), (WHAT_HAPPENS, "What happens"), (PROFILE, "Evidence profile"))


@require_safe
@requires(Permission.VIEW)
def summary_of_findings(request: HttpRequest, access: Access) -> HttpResponse:
    """One of the three tables; with `words` in the address, a way to word each cell for those who may."""
    return _page(request, access, PeoplePerForm(initial=_people_initial(access)))


@require_POST
@requires(Permission.EDIT_OUTCOMES)
def set_people_per(request: HttpRequest, access: Access) -> HttpResponse:
    form = PeoplePerForm(request.POST)

    def save(revision: int) -> None:
        actions.set_people_per(
            question=access.question,
            people_per=form.cleaned_data["people_per"],
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    status, conflict, refusal = _sent(form, save)
    if status == 200:
        return redirect(_address(access, _table_key(request)))
    access.question.refresh_from_db()
    return _page(request, access, form, status=status, conflict=conflict, refusal=refusal)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def choose_summary_rows(request: HttpRequest, access: Access) -> HttpResponse:
    """Which outcomes stand in the tables, in which order, by whose numbers."""
    stored = [
        ChosenRow(row.outcome_id, row.population_id, row.source)
        for row in SummaryRow.objects.filter(question=access.question).order_by("position")
    ]
    revision = actions.rows_revision((row.outcome, row.population, row.source) for row in stored)
    form = RowsForm(
        candidates(access.question), request.POST or None, initial=RowsForm.initial_for(stored, revision)
    )
    status, conflict, refusal, would_lose = 200, None, "", False

    def save(revision: int) -> None:
        nonlocal would_lose
        try:
            actions.choose_rows(
                question=access.question,
                rows=form.rows(),
                revision=revision,
                drop_words=form.cleaned_data["drop_words"],
                by=access.user,
                op=form.cleaned_data["op"],
            )
        except WordingWouldBeLost:
            would_lose = True
            raise

    if request.method == "POST":
        status, conflict, refusal = _sent(form, save)
        if status == 200:
            messages.success(request, "The rows of the tables are saved.")
            return redirect(_address(access, STANDARD))
    context = page(access) | {
        "form": form,
        "conflict": conflict,
        "refusal": refusal,
        "would_lose": would_lose,
    }
    return render(request, "etd/summary/choose.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_OUTCOMES)
def word_summary_cell(request: HttpRequest, access: Access, row: int, column: str) -> HttpResponse:
    """Word one cell otherwise than it is computed; the computed text stays beside it."""
    line = _row_or_404(access, row)
    cell = _cell_or_404(load_summary(access.question), line, column)
    form = WordsForm(cell, request.POST or None, initial=WordsForm.initial_for(cell))
    status, conflict, refusal = 200, None, ""

    def save(revision: int) -> None:
        actions.word_cell(
            row=line,
            column=column,
            text=form.cleaned_data["text"],
            made=form.cleaned_data["made"],
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    if request.method == "POST":
        status, conflict, refusal = _sent(form, save)
        if status == 200:
            messages.success(request, f"“{cell.heading}” of {line} is worded by hand.")
            return redirect(f"{_address(access, _table_key(request))}#row-{line.pk}")
    context = page(access) | {
        "row": line,
        "cell": cell,
        "form": form,
        "conflict": conflict,
        "refusal": refusal,
        "table_key": _table_key(request),
        "back": _address(access, _table_key(request)),
    }
    return render(request, "etd/summary/words.html", context, status=status)


@require_POST
@requires(Permission.EDIT_OUTCOMES)
def take_back_summary_words(request: HttpRequest, access: Access, row: int, column: str) -> HttpResponse:
    """The cell says again what is computed."""
    line = _row_or_404(access, row)
    form = RevisionForm(request.POST)

    def save(revision: int) -> None:
        actions.take_back_words(
            row=line, column=column, revision=revision, by=access.user, op=form.cleaned_data["op"]
        )

    status, conflict, refusal = _sent(form, save)
    if status == 200:
        messages.success(request, "The words are taken back: the cell says again what is computed.")
        return redirect(f"{_address(access, _table_key(request))}#row-{line.pk}")
    return _page(
        request,
        access,
        PeoplePerForm(initial=_people_initial(access)),
        status=status,
        refusal=refusal or ("Somebody else has worded this cell in the meantime." if conflict else ""),
    )


def _sent(form: RevisionForm, save: Callable[[int], object]) -> tuple[int, Conflict | None, str]:
    """200 where it was saved; else 422 with the form's errors, or 409 with a conflict or why it was refused."""
    if not form.is_valid():
        return 422, None, ""
    try:
        save(form.revision_to_save_at())
    except StaleEdit as error:
        return 409, Conflict(error.revision, conflicting(error.current)), ""
    except Refused as error:
        return 409, None, str(error)
    return 200, None, ""


def _page(
    request: HttpRequest,
    access: Access,
    people_form: PeoplePerForm,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
    refusal: str = "",
) -> HttpResponse:
    view = load_summary(access.question)
    table = view.tables[_table_key(request)]
    context: dict[str, Any] = page(access) | {
        "summary": view,
        "table": table,
        "tabs": TABS,
        "people_form": people_form,
        "pictures": pictures(view, access.question),
        "conflict": conflict,
        "refusal": refusal,
        "words": "words" in request.GET and access.can(Permission.EDIT_OUTCOMES),
    }
    return render(request, "etd/summary/page.html", context, status=status)


def _people_initial(access: Access) -> dict[str, int]:
    return {"people_per": access.question.people_per, "revision": access.question.people_per}


def _table_key(request: HttpRequest) -> str:
    key = request.GET.get("table", STANDARD)
    if key not in {tab for tab, _ in TABS}:
        raise Http404
    return key


def _address(access: Access, table: str) -> str:
    address = reverse("summary_of_findings", args=access.slugs)
    return address if table == STANDARD else f"{address}?{urlencode({'table': table})}"


def _row_or_404(access: Access, row: int) -> SummaryRow:
    found = (
        SummaryRow.objects.select_related("outcome", "population", "question")
        .filter(question=access.question, pk=row)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _cell_or_404(view: SummaryView, row: SummaryRow, column: str) -> CellView:
    for table in view.tables.values():
        for line in table.rows:
            for cell in line.cells:
                if line.id == row.pk and cell.column == column and cell.may_be_worded:
                    return cell
    raise Http404
