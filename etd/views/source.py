"""Another body's document beside the panel's own work: what is adopted, adapted and judged anew."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from etd.actions.adolopment import choose_adolopment
from etd.actions.errors import Refused, StaleEdit
from etd.enums import AdolopmentChoice
from etd.forms.source import AdolopmentForm
from etd.permissions import Access, Permission, requires
from etd.selectors.source import AdolopmentView, load_source, source_original
from etd.views.pages import page


@dataclass(frozen=True)
class SourceCard:
    """One criterion; `form` is None for who may not record judgements now, and where the source judged nothing."""

    view: AdolopmentView
    form: AdolopmentForm | None
    refusal: str = ""


@require_safe
@requires(Permission.VIEW)
def source(request: HttpRequest, access: Access) -> HttpResponse:
    return _page(request, access)


@require_POST
@requires(Permission.RECORD_JUDGEMENT)
def choose(request: HttpRequest, access: Access, key: str) -> HttpResponse:
    """Adopt, adapt or judge anew what the source has on one criterion."""
    criterion = next((one for one in access.question.framework.criteria if one.key == key), None)
    if criterion is None or not access.has_source:
        raise Http404
    form = AdolopmentForm(request.POST, key=key)
    if not form.is_valid():
        return _page(request, access, SentChoice(key, form, ""), 422)
    try:
        choose_adolopment(
            question=access.question,
            criterion_key=key,
            choice=AdolopmentChoice(form.cleaned_data["choice"]),
            reason=form.cleaned_data["reason"],
            revision=form.cleaned_data["revision"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except StaleEdit as error:
        now = AdolopmentChoice(error.current["choice"]).label if error.current else "nothing"
        refusal = (
            f"{error} Recorded by now: {now}. What you chose stands below; send it again to replace that."
        )
        return _page(request, access, SentChoice(key, form, refusal), 409)
    except Refused as error:
        return _page(request, access, SentChoice(key, form, str(error)), 409)
    messages.success(request, f"Recorded for “{criterion.heading}”.")
    return redirect("source", *access.slugs)


@require_safe
@requires(Permission.VIEW)
def source_file(request: HttpRequest, access: Access) -> HttpResponse:
    """The file as it came, to be saved and never shown by the site."""
    found = source_original(access.question)
    if found is None:
        raise Http404
    name, original = found
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(
        original,
        content_type="application/octet-stream",
        headers={"Content-Disposition": header or "attachment", "Content-Security-Policy": "sandbox"},
    )


@dataclass(frozen=True)
class SentChoice:
    """A form that was sent in vain, and why; empty where the form itself says it."""

    key: str
    form: AdolopmentForm
    refusal: str


def _page(
    request: HttpRequest, access: Access, sent: SentChoice | None = None, status: int = 200
) -> HttpResponse:
    access.question.refresh_from_db()
    context = page(access)
    found = load_source(access.question, context["etd"].criteria)
    if found is None:
        raise Http404
    may_record = access.can(Permission.RECORD_JUDGEMENT)
    cards = [_card(one, may_record, sent) for one in found.criteria]
    context |= {
        "source": found,
        "cards": cards,
        # Words whose form is no longer on the page are shown on their own.
        "left_over": sent if sent and not any(card.form is sent.form for card in cards) else None,
    }
    return render(request, "etd/source/source.html", context, status=status)


def _card(view: AdolopmentView, may_record: bool, sent: SentChoice | None) -> SourceCard:
    if not may_record or not view.source:
        return SourceCard(view, None)
    if sent and sent.key == view.key:
        return SourceCard(view, sent.form, sent.refusal)
    initial = {"choice": view.choice, "reason": view.reason}
    return SourceCard(view, AdolopmentForm(key=view.key, initial=initial))
