"""What has changed since the judgements: old and new evidence, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from etd.actions import reaffirming
from etd.actions.errors import Refused
from etd.domain.evidence_change import Change
from etd.domain.text_difference import TextDifference, text_difference
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.forms.reaffirm import ReaffirmForm, ReopenForm
from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView, JudgementView
from etd.selectors.evidence_changes import (
    ItemChange,
    RowChangeView,
    load_changes,
    votes_on_other_evidence,
)
from etd.views.pages import page


@dataclass(frozen=True)
class Sent:
    """A form that was sent and refused, and why; empty where the form itself says it."""

    item_key: str
    heading: str
    form: ReopenForm
    refusal: str

    @property
    def is_reaffirmation(self) -> bool:
        return isinstance(self.form, ReaffirmForm)


@dataclass(frozen=True)
class ChangeCard:
    """One judgement on the page with its two forms, None for those who may not record judgements now.

    `judgement` is its first option, with who reaffirmed it before: then that is what the older evidence is of. `texts`
    are those of other criteria that it rests on, by heading, where no other card shows them.
    """

    item: ItemChange
    judgement: JudgementView
    text: TextDifference | None
    texts: tuple[tuple[str, TextDifference], ...]
    reaffirm: ReaffirmForm | None
    reopen: ReopenForm | None
    refusal: str = ""

    @property
    def is_reaffirmed(self) -> bool:
        return bool(self.judgement.reaffirmed_by)


@dataclass(frozen=True)
class ChangeGroup:
    """Judgements under which the same results have changed in the same way; one alone where none has."""

    cards: tuple[ChangeCard, ...]

    @property
    def change(self) -> Change:
        return self.cards[0].item.change

    @property
    def rows(self) -> tuple[RowChangeView, ...]:
        return self.cards[0].item.rows

    @property
    def is_reaffirmed(self) -> bool:
        """Is the older evidence that of a reaffirmation?"""
        return self.cards[0].is_reaffirmed

    @property
    def is_of_several(self) -> bool:
        return len(self.cards) > 1


@require_safe
@requires(Permission.VIEW)
def evidence_changes(request: HttpRequest, access: Access) -> HttpResponse:
    return _page(request, access)


@require_POST
@requires(Permission.RECORD_JUDGEMENT)
def reaffirm_judgement(request: HttpRequest, access: Access, item: str) -> HttpResponse:
    """It still stands on today's evidence: signed, with the reason."""
    form = ReaffirmForm(request.POST, auto_id=f"reaffirm-{item}-%s")

    def save() -> None:
        reaffirming.reaffirm(
            question=access.question,
            item_key=item,
            reason=form.cleaned_data["reason"],
            revision=form.cleaned_data["revision"],
            evidence_digest=form.cleaned_data["evidence_digest"],
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return _answer(
        request, access, item, form, save, done="“{}” is reaffirmed: it stands on today’s evidence."
    )


@require_POST
@requires(Permission.RECORD_JUDGEMENT)
def reopen_judgement(request: HttpRequest, access: Access, item: str) -> HttpResponse:
    """The judgement is taken back, with the reason."""
    form = ReopenForm(request.POST, auto_id=f"reopen-{item}-%s")

    def save() -> None:
        reaffirming.reopen(
            question=access.question,
            item_key=item,
            reason=form.cleaned_data["reason"],
            revision=form.cleaned_data["revision"],
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return _answer(request, access, item, form, save, done="“{}” is open again: its judgement is taken back.")


def _answer(
    request: HttpRequest,
    access: Access,
    item_key: str,
    form: ReopenForm,
    save: Callable[[], None],
    *,
    done: str,
) -> HttpResponse:
    heading = _heading_or_404(access, item_key)
    status, refusal = 422, ""
    if form.is_valid():
        try:
            save()
        except Refused as error:
            status, refusal = 409, str(error)
        else:
            messages.success(request, done.format(heading))
            return redirect("evidence_changes", *access.slugs)
    access.question.refresh_from_db()
    return _page(request, access, Sent(item_key, heading, form, refusal), status)


def _page(request: HttpRequest, access: Access, sent: Sent | None = None, status: int = 200) -> HttpResponse:
    context = page(access)
    etd: EtdView = context["etd"]
    may_record = access.can(Permission.RECORD_JUDGEMENT)
    changes = load_changes(access.question, etd)
    shown_texts = {(item.heading, item.text_before, item.text_after) for item in changes}
    groups = _grouped(
        _card(item, _judgement(etd, item.item_key), may_record, sent, shown_texts) for item in changes
    )
    cards = [card for group in groups for card in group.cards]
    shown = any(card.reaffirm is not None and sent and card.item.item_key == sent.item_key for card in cards)
    context |= {
        "cards": cards,
        "groups": groups,
        # Words whose judgement has gone from the page, or may no longer be answered: they are shown on their own.
        "left_over": None if shown else sent,
        "votes": votes_on_other_evidence(access.question, etd),
        "may_judge": access.may(Permission.RECORD_JUDGEMENT),
    }
    return render(request, "etd/changes/changes.html", context, status=status)


def _judgement(etd: EtdView, item_key: str) -> JudgementView:
    criterion = etd.criterion(item_key)
    found = criterion.judgements[0] if criterion else etd.type_judgement
    assert found is not None
    return found


def _grouped(cards: Iterable[ChangeCard]) -> list[ChangeGroup]:
    """In the order of the first of each."""
    groups: dict[Any, list[ChangeCard]] = {}
    for card in cards:
        item = card.item
        alike = (item.change, item.rows, card.is_reaffirmed) if item.rows else item.item_key
        groups.setdefault(alike, []).append(card)
    return [ChangeGroup(tuple(group)) for group in groups.values()]


def _card(
    item: ItemChange,
    judgement: JudgementView,
    may_record: bool,
    sent: Sent | None,
    shown_texts: Container[tuple[str, str, str]],
) -> ChangeCard:
    has_texts = item.text_changed and item.text_before != item.text_after
    text = text_difference(item.text_before, item.text_after) if has_texts else None
    texts = tuple(
        (one.heading, text_difference(one.before, one.after))
        for one in item.texts
        if (one.heading, one.before, one.after) not in shown_texts
    )
    if not may_record:
        return ChangeCard(item, judgement, text, texts, None, None)
    reaffirm = ReaffirmForm(auto_id=f"reaffirm-{item.item_key}-%s")
    reopen = ReopenForm(auto_id=f"reopen-{item.item_key}-%s")
    if sent is None or sent.item_key != item.item_key:
        return ChangeCard(item, judgement, text, texts, reaffirm, reopen)
    if isinstance(sent.form, ReaffirmForm):
        return ChangeCard(item, judgement, text, texts, sent.form, reopen, sent.refusal)
    return ChangeCard(item, judgement, text, texts, reaffirm, sent.form, sent.refusal)


def _heading_or_404(access: Access, item_key: str) -> str:
    framework = access.question.framework
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return framework.headings.type_of_recommendation.capitalize()
    for criterion in framework.criteria:
        if criterion.key == item_key:
            return criterion.heading
    raise Http404
