"""What the pages of a question are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.forms.vote import VoteForm
from etd.permissions import Access, Permission
from etd.selectors import CriterionView, EtdView, load_etd


@dataclass(frozen=True)
class Card:
    """One criterion on a page, with the viewer's vote form where they have a ballot."""

    criterion: CriterionView
    vote_form: VoteForm | None


def card(criterion: CriterionView) -> Card:
    return Card(criterion, VoteForm.for_criterion(criterion) if criterion.in_round else None)


def page(access: Access, etd: EtdView | None = None) -> dict[str, Any]:
    """The context of a page of a question: `etd`, who looks at it and what they can do now."""
    return {
        "access": access,
        "etd": etd or load_etd(access.question, access.user),
        "can": {permission.name.lower(): access.can(permission) for permission in Permission},
        "recommendation_item": RECOMMENDATION_TYPE_ITEM,
    }


def criterion_or_404(etd: EtdView, key: str) -> CriterionView:
    criterion = etd.criterion(key)
    if criterion is None:
        raise Http404
    return criterion
