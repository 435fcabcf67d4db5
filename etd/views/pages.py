"""What the pages of a question are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse

from etd.domain.text import Citations
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.forms.vote import VoteForm
from etd.permissions import Access, Permission
from etd.selectors import CriterionView, EtdView, load_etd
from etd.selectors.checks import load_checks
from etd.selectors.held_rounds import rounds_of_voter
from etd.selectors.references import reference_list
from etd.selectors.rounds import ItemTally, feedback
from etd.stored import Stored


@dataclass(frozen=True)
class Card:
    """One criterion on a page; where the viewer has a ballot, their vote form and what the round before found."""

    criterion: CriterionView
    vote_form: VoteForm | None
    feedback: ItemTally | None = None


def card(criterion: CriterionView, found: Mapping[str, ItemTally] | None = None) -> Card:
    return Card(
        criterion,
        VoteForm.for_criterion(criterion) if criterion.in_round else None,
        found.get(criterion.key) if found and criterion.in_round else None,
    )


def etd_of(access: Access) -> EtdView:
    """The question as the person sees it, for forms that show nothing else of a page."""
    return load_etd(access.question, access.user, rounds_of_voter(access.question, access.user, access.role))


def page(access: Access, stored: Stored | None = None) -> dict[str, Any]:
    """The context of a page of a question: `etd`, who looks at it and what they can do now.

    `checks` are what the checks find, for whoever may see that, else None: nobody else's page pays for them.
    `stored` is what is stored of the question, for pages that read more of it.
    """
    held = rounds_of_voter(access.question, access.user, access.role)
    stored = stored or Stored(access.question)
    etd = load_etd(access.question, access.user, held, stored)
    votes = etd.round is not None and etd.round.has_ballot
    return {
        "access": access,
        "etd": etd,
        "checks": load_checks(access.question, etd, stored) if access.may(Permission.SEE_CHECKS) else None,
        "feedback": feedback(held) if votes else {},
        # Whoever is excluded from a question has lost their ballot: `etd.selectors.may_discuss` without its query.
        "may_discuss": votes,
        "can": {permission.name.lower(): access.can(permission) for permission in Permission},
        "references": reference_list(etd),
        "citation_marks": Citations(etd.listed_references, reverse("question", args=access.slugs)),
        "recommendation_item": RECOMMENDATION_TYPE_ITEM,
    }


def criterion_or_404(etd: EtdView, key: str) -> CriterionView:
    criterion = etd.criterion(key)
    if criterion is None:
        raise Http404
    return criterion
