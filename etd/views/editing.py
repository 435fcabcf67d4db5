"""One way to edit, for every form: with htmx a fragment of the page, without JavaScript a page of its own.

A stale edit is answered with 409 and both texts; the person chooses. Bad input is answered with 422. In both cases what
was typed stays in the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from etd.actions.errors import Refused, StaleEdit
from etd.forms.fields import RevisionForm


@dataclass(frozen=True)
class Conflict:
    """What somebody else has saved in the meantime: pairs of field label and stored text, and its revision."""

    revision: int
    texts: tuple[tuple[str, str], ...]


class Describe(Protocol):
    """How stored values read to a person: pairs of label and text, for those that differ from what was typed."""

    def __call__(self, current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]: ...


def edit(
    request: HttpRequest,
    *,
    form: RevisionForm,
    save: Callable[[int], object],
    done: Callable[[], HttpResponse],
    describe: Describe,
    context: Mapping[str, Any],
    valid: bool | None = None,
    page_template: str = "etd/edit.html",
) -> HttpResponse:
    """Show the form, or save it at the revision it was made from (or at the one the person chose to save over).

    `page_template` is the page of its own; `back` in the context is where it leads to without saving.
    """
    status, conflict, refusal = 200, None, ""
    if request.method == "POST":
        status = 422
        if form.is_valid() if valid is None else valid and form.is_valid():
            try:
                save(form.revision_to_save_at())
            except StaleEdit as error:
                status, conflict = 409, Conflict(error.revision, describe(error.current))
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                return done()
    return show_form(
        request,
        form=form,
        context={**context, "conflict": conflict, "refusal": refusal},
        status=status,
        page_template=page_template,
    )


def show_form(
    request: HttpRequest,
    *,
    form: RevisionForm,
    context: Mapping[str, Any],
    status: int = 200,
    page_template: str = "etd/edit.html",
) -> HttpResponse:
    """The form as it is: as a fragment with htmx, else as a page of its own."""
    fragment = bool(request.htmx)  # type: ignore[attr-defined]
    template = "etd/_edit_form.html" if fragment else page_template
    return render(request, template, {**context, "form": form, "fragment": fragment}, status=status)


def differing_texts(form: RevisionForm) -> Describe:
    """Stored texts beside the form's fields, by the fields' labels, where they differ from what was typed."""

    def describe(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (str(form[name].label), str(text))
            for name, text in current.items()
            if name in form.fields and text != form.cleaned_data.get(name)
        )

    return describe
