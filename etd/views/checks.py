"""The pages of the checks: of a question, before it is published, and of a guideline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from etd.actions import checks as actions
from etd.actions.errors import Refused
from etd.domain.coherence import State
from etd.domain.findings import Severity
from etd.forms.checks import DismissForm, RestoreForm
from etd.permissions import Access, GuidelineAccess, Permission, requires, requires_in_guideline
from etd.selectors.checks import (
    FindingView,
    ItemView,
    QuestionChecks,
    before_publication,
    load_guideline_checks,
    located_findings,
)
from etd.views.pages import page

SEVERITIES = {
    Severity.IMPOSSIBLE: (
        "Impossible",
        "No data could give these numbers. Each must be mended, or dismissed with a reason, before the question is"
        " published.",
    ),
    Severity.INCONSISTENT: (
        "Inconsistent",
        "Two things that cannot both hold. Which of them is right, no check knows.",
    ),
    Severity.INFORMATIONAL: ("Informational", "Worth one look; often right as it is."),
}
NO_FINDING = "No finding was named. Nothing was changed."
# Where an item of the list before publication is mended, if that is no part of the question page.
MENDED_AT = {
    "importance": "outcomes",
    "certainty_of_outcomes": "certainty_overview",
    "domains": "certainty_overview",
    "absolute_effects": "summary_of_findings",
    "votes": "rounds",
    "date": "rounds",
}


@dataclass(frozen=True)
class FindingCard:
    """A finding with the form that dismisses it; of a form that was sent in vain, `refusal` says why."""

    view: FindingView
    form: DismissForm
    refusal: str = ""


@dataclass(frozen=True)
class SeverityPart:
    key: str
    heading: str
    meaning: str
    cards: tuple[FindingCard, ...]


@dataclass(frozen=True)
class ItemLine:
    """An item of the list; `address` is the page on which it is mended, empty where its places say so."""

    view: ItemView
    address: str


@require_safe
@requires(Permission.SEE_CHECKS)
def checks(request: HttpRequest, access: Access) -> HttpResponse:
    """Every finding, at its place and with its arithmetic; those that were dismissed in a part of their own."""
    return _checks_page(request, access)


@require_POST
@requires(Permission.SEE_CHECKS)
def dismiss_finding(request: HttpRequest, access: Access) -> HttpResponse:
    sent = DismissForm(request.POST, anchor="sent")
    if not sent.is_valid():
        refusal = NO_FINDING if sent.errors.get("fingerprint") else ""
        return _checks_page(request, access, refusal=refusal, status=422)
    try:
        actions.dismiss_finding(
            question=access.question,
            fingerprint=sent.cleaned_data["fingerprint"],
            reason=sent.cleaned_data["reason"],
            find=located_findings,
            by=access.user,
            op=sent.cleaned_data["op"],
        )
    except Refused as error:
        return _checks_page(request, access, refusal=str(error), status=409)
    messages.success(request, "Dismissed. It stands below, with your reason, and can be shown again.")
    return redirect("checks", *access.slugs)


@require_POST
@requires(Permission.SEE_CHECKS)
def restore_finding(request: HttpRequest, access: Access) -> HttpResponse:
    sent = RestoreForm(request.POST)
    if not sent.is_valid():
        return _checks_page(request, access, refusal=NO_FINDING, status=422)
    actions.restore_finding(
        question=access.question,
        fingerprint=sent.cleaned_data["fingerprint"],
        by=access.user,
        op=sent.cleaned_data["op"],
    )
    messages.success(request, "The finding is shown again.")
    return redirect("checks", *access.slugs)


def _checks_page(
    request: HttpRequest, access: Access, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = page(access)
    found: QuestionChecks = context["checks"]
    cards = [_card(one, request.POST, refusal) for one in found.findings]
    is_placed = any(card.form.is_bound for card in cards)
    parts = (
        SeverityPart(
            key=severity.value,
            heading=heading,
            meaning=meaning,
            cards=tuple(
                card for card in cards if card.view.severity is severity and card.view.dismissal is None
            ),
        )
        for severity, (heading, meaning) in SEVERITIES.items()
    )
    more = {
        "parts": tuple(part for part in parts if part.cards),
        "dismissed": tuple(card for card in cards if card.view.dismissal is not None),
        # what was sent about a finding that is gone stands at the top of the page
        "refusal": "" if is_placed else refusal,
        "typed": "" if is_placed or not refusal else request.POST.get("reason", ""),
    }
    return render(request, "etd/checks/checks.html", context | more, status=status)


def _card(view: FindingView, sent: Mapping[str, str], refusal: str) -> FindingCard:
    if sent.get("fingerprint") == view.fingerprint and view.dismissal is None:
        return FindingCard(view, DismissForm(sent, anchor=view.anchor), refusal)
    return FindingCard(view, DismissForm(initial={"fingerprint": view.fingerprint}, anchor=view.anchor))


@require_safe
@requires(Permission.SEE_CHECKS)
def before_publication_page(request: HttpRequest, access: Access) -> HttpResponse:
    """What a document that says it used GRADE should hold: done, open, not applicable. It blocks nothing."""
    context = page(access)
    found: QuestionChecks = context["checks"]
    lines = [_line(access, view) for view in before_publication(found)]
    more = {
        "impossible": tuple(one for one in found.open if one.severity is Severity.IMPOSSIBLE),
        "states": tuple(
            (heading, key.value, there)
            for key, heading in (
                (State.OPEN, "Open"),
                (State.DONE, "Done"),
                (State.NOT_APPLICABLE, "Not applicable"),
            )
            if (there := tuple(line for line in lines if line.view.item.state is key))
        ),
        "n_open": sum(line.view.item.state is State.OPEN for line in lines),
        "n_items": sum(line.view.item.state is not State.NOT_APPLICABLE for line in lines),
    }
    return render(request, "etd/checks/before_publication.html", context | more)


def _line(access: Access, view: ItemView) -> ItemLine:
    name = MENDED_AT.get(view.item.code)
    return ItemLine(view, reverse(name, args=access.slugs) if name and view.item.state is State.OPEN else "")


@require_safe
@requires_in_guideline(Permission.SEE_CHECKS)
def guideline_checks(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """The questions of the guideline, a page at a time, with how many findings each has."""
    found = load_guideline_checks(access.guideline, request.GET.get("page", ""))
    return render(
        request, "etd/checks/guideline.html", {"access": access, "lines": found.lines, "page": found.page}
    )
