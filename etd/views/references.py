"""The references of a question: the list with where each is cited, one by hand, many from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions import references as actions
from etd.actions.errors import Refused
from etd.actions.references import NewReference
from etd.domain.references import Problem, Reading, ReadReference, read_references
from etd.domain.references.numbering import Known, numbered
from etd.forms.references import (
    ReferenceFileForm,
    ReferenceForm,
    RemoveReferenceForm,
    StoreReferencesForm,
)
from etd.models import Reference
from etd.permissions import Access, Permission, requires
from etd.selectors.question import EtdView
from etd.selectors.references import ReferenceList, cited_at
from etd.views.editing import differing_texts, edit
from etd.views.pages import page

FORM_PAGE = "etd/references/edit.html"
READ_AGAIN = "What the preview showed did not arrive whole. Nothing was imported: please read the file again."
# What a preview may hold, so that it can be sent back: less than settings.DATA_UPLOAD_MAX_MEMORY_SIZE.
MOST_SHOWN = 2_500_000


@require_safe
@requires(Permission.VIEW)
def references(request: HttpRequest, access: Access) -> HttpResponse:
    """The list; on top, the numbers that a text cites and the list does not have."""
    return render(request, "etd/references/references.html", page(access))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_TEXTS)
def add_reference(request: HttpRequest, access: Access) -> HttpResponse:
    """One by hand, under the number that the address proposes or after the last."""
    context = page(access)
    proposed = request.GET.get("number", "")
    number = proposed if proposed.isascii() and proposed.isdigit() else context["references"].next_number
    form = ReferenceForm(request.POST or None, initial={"revision": 0, "number": number}, is_new=True)

    def save(revision: int) -> None:
        actions.add_reference(
            question=access.question,
            number=form.cleaned_data["number"],
            by=access.user,
            op=form.cleaned_data["op"],
            **form.values(),
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _back_to(access, form.cleaned_data["number"]),
        describe=lambda current: (),
        context=_form_context(context, access, "Add a reference"),
        page_template=FORM_PAGE,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_TEXTS)
def edit_reference(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    context = page(access)
    shown = next((one for one in context["etd"].references if one.number == number), None)
    if shown is None:
        raise Http404
    form = ReferenceForm(request.POST or None, initial=ReferenceForm.initial_for(shown))

    def save(revision: int) -> None:
        actions.edit_reference(
            reference=get_object_or_404(Reference, question=access.question, number=number),
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
            **form.values(),
        )

    return edit(
        request,
        form=form,
        save=save,
        done=lambda: _back_to(access, number),
        describe=differing_texts(form),
        context=_form_context(context, access, f"Edit reference {number}"),
        page_template=FORM_PAGE,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_TEXTS)
def remove_reference(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """Ask, or say where it is cited; then remove."""
    stored = get_object_or_404(Reference, question=access.question, number=number)
    form, refusal, status = RemoveReferenceForm(), "", 200
    if request.method == "POST":
        form, status = RemoveReferenceForm(request.POST), 422
    if form.is_valid():
        try:
            actions.remove_reference(
                reference=stored, cited_at=cited_at, by=access.user, op=form.cleaned_data["op"]
            )
        except Refused as error:
            refusal, status = str(error), 409
        else:
            messages.success(request, f"Reference {number} is removed. Its number stays free.")
            return redirect("references", *access.slugs)
    context = page(access)
    found: ReferenceList = context["references"]
    shown = next((one for one in context["etd"].references if one.number == number), None)
    places = [one.places for one in found.listed if one.reference.number == number]
    places += [one.places for one in found.dangling if one.number == number]
    more = {
        "reference": shown,
        "places": places[0] if places else (),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "etd/references/remove.html", context | more, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_TEXTS)
def import_references(request: HttpRequest, access: Access) -> HttpResponse:
    """A file or pasted text; what was read of it is shown before anything is stored."""
    form = ReferenceFileForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return _import_page(request, access, ReferenceFileForm())
    if not (request.POST or request.FILES):
        form = ReferenceFileForm({})
    if not form.is_valid():
        return _import_page(request, access, form, status=422)
    reading = read_references(form.data_sent())
    if reading.refusal:
        form.add_error("file" if form.cleaned_data["file"] else "text", reading.refusal)
        return _import_page(request, access, form, status=422)
    context = page(access)
    return _preview(request, access, context, reading, context["references"].next_number)


@require_POST
@requires(Permission.EDIT_TEXTS)
def store_references(request: HttpRequest, access: Access) -> HttpResponse:
    """Store what the preview showed under the numbers it showed, or show it with other numbers."""
    form = StoreReferencesForm(request.POST)
    reading, first_shown, shown = _from_preview(access, request.POST.get("shown", ""))
    if reading is None:
        return _import_page(request, access, ReferenceFileForm(), refusal=READ_AGAIN, status=422)
    context = page(access)
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _preview(request, access, context, reading, first_shown, refusal=said, status=422)
    first, do = form.cleaned_data["first"], form.cleaned_data["do"]
    if do == "number":
        return _preview(request, access, context, reading, first)
    if first != first_shown:
        said = f"Not imported yet: these are the numbers from {first} on. Look at them, then import."
        return _preview(request, access, context, reading, first, refusal=said, status=409)
    chosen = [one for one, same_as in shown if do == "all" or not same_as]
    try:
        actions.import_references(
            question=access.question, references=chosen, by=access.user, op=form.cleaned_data["op"]
        )
    except Refused as error:
        context = page(access)
        return _preview(request, access, context, reading, first, refusal=str(error), status=409)
    words = f"{len(chosen)} reference{'' if len(chosen) == 1 else 's'}" if chosen else "No reference"
    messages.success(request, f"{words} imported.")
    return redirect("references", *access.slugs)


def _import_page(
    request: HttpRequest,
    access: Access,
    form: ReferenceFileForm,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    context = page(access) | {"form": form, "refusal": refusal}
    return render(request, "etd/references/import.html", context, status=status)


def _preview(
    request: HttpRequest,
    access: Access,
    context: dict[str, Any],
    reading: Reading,
    first: int,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    etd: EtdView = context["etd"]
    found: ReferenceList = context["references"]
    known = {one.number: Known(one.citation, one.doi, one.pmid) for one in etd.references if one.citation}
    planned = numbered(reading.references, known, first)
    shown = _signed(access, reading, first, [(one.number, one.same_as) for one in planned])
    if len(shown) > MOST_SHOWN:
        form = ReferenceFileForm()
        said = "That is more than one preview can hold. Import the file in parts."
        return _import_page(request, access, form, refusal=said, status=422)
    cited = {one.number: one.places for one in found.dangling}
    n_new = sum(not one.same_as for one in planned)
    more = {
        "reading": reading,
        "planned": [(one, cited.get(one.number, ())) for one in planned],
        "n_new": n_new,
        "n_repeated": len(planned) - n_new,
        "left_out": [one for one in reading.problems if one.is_left_out],
        "remarks": [one for one in reading.problems if not one.is_left_out],
        "first": first,
        "shown": shown,
        "form": StoreReferencesForm(),
        "refusal": refusal,
    }
    return render(request, "etd/references/preview.html", context | more, status=status)


def _signed(access: Access, reading: Reading, first: int, numbers: list[tuple[int, str]]) -> str:
    """All that a preview needs to be shown or stored again, for this question alone."""
    held = {
        "format": reading.format,
        "encoding": reading.encoding,
        "references": [[one.entry, one.line, one.citation, one.doi, one.pmid] for one in reading.references],
        "problems": [[one.entry, one.line, one.text, one.is_left_out] for one in reading.problems],
        "not_used": list(reading.not_used),
        "first": first,
        "numbers": numbers,
    }
    return signing.dumps(held, salt=_salt(access), compress=True)


def _from_preview(access: Access, shown: str) -> tuple[Reading | None, int, list[tuple[NewReference, str]]]:
    """What `_signed` held: the reading, its first number, and the references with what each repeats."""
    try:
        held: Mapping[str, Any] = signing.loads(shown, salt=_salt(access))
    except signing.BadSignature:
        return None, 0, []
    reading = Reading(
        format=held["format"],
        encoding=held["encoding"],
        references=tuple(ReadReference(*one) for one in held["references"]),
        problems=tuple(Problem(*one) for one in held["problems"]),
        not_used=tuple((tag, n) for tag, n in held["not_used"]),
    )
    stored_as = [
        (NewReference(number, one.citation, one.doi, one.pmid), same_as)
        for one, (number, same_as) in zip(reading.references, held["numbers"], strict=True)
    ]
    return reading, held["first"], stored_as


def _salt(access: Access) -> str:
    return f"references of {access.question.pk}"


def _form_context(context: dict[str, Any], access: Access, heading: str) -> dict[str, Any]:
    return context | {
        "heading": heading,
        "page_heading": heading,
        "target": "reference",
        "back": reverse("references", args=access.slugs),
    }


def _back_to(access: Access, number: int) -> HttpResponse:
    return redirect(f"{reverse('references', args=access.slugs)}#reference-{number}")
