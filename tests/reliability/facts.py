"""The panel of A1 and A2, what is stored of it, in the form of `PanelModel.facts`, and what must never be seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from etd.actions.verification import verify_guideline
from etd.enums import RECOMMENDATION_TYPE_ITEM, Role
from etd.models import (
    AuditEvent,
    Ballot,
    CriterionAssessment,
    Invitation,
    PanelMembership,
    Question,
    Recusal,
    User,
    Vote,
    VotingRound,
)
from etd.selectors.results import round_results
from metaanalysis.models import DataUpload, UploadStatus
from tests import factories as f
from tests.reliability.model import EVENTS

CRITERION = next(one for one in f.FRAMEWORK.criteria if one.role is None and not one.multiple)
ITEMS = (CRITERION.key, RECOMMENDATION_TYPE_ITEM)
OPTIONS = {
    CRITERION.key: tuple(option.key for option in CRITERION.options),
    RECOMMENDATION_TYPE_ITEM: tuple(one.key for one in f.FRAMEWORK.recommendation_types),
}
ROLES = {
    "chair": Role.CHAIR,
    "second": Role.CHAIR,
    "member": Role.PANEL_MEMBER,
    "colleague": Role.PANEL_MEMBER,
    "observer": Role.OBSERVER,
}
PEOPLE = (*ROLES, "newcomer")


def facts_of(slug: str, people: Mapping[int, str], item: str) -> dict[str, Any]:
    """`people` are account numbers to names; `item` is the criterion whose texts are edited."""
    question = Question.objects.select_related("guideline").get(slug=slug)
    guideline = question.guideline
    last = VotingRound.objects.filter(question=question).order_by("number").last()
    opened = last if last and last.closed_at is None else None
    memberships = PanelMembership.objects.filter(guideline=guideline, ended_at__isnull=True)
    recusals = Recusal.objects.filter(ended_at__isnull=True, user__in=people)
    ballots = Ballot.objects.filter(round=opened, voided_at__isnull=True)
    votes = Vote.objects.filter(ballot__round=opened).select_related("ballot")
    events = AuditEvent.objects.filter(guideline=guideline.slug)
    texts = CriterionAssessment.objects.get(question=question, criterion_key=item)
    invitations = Invitation.objects.filter(
        guideline=guideline, accepted_at__isnull=True, withdrawn_at__isnull=True
    )
    accounts = dict(User.objects.filter(pk__in=people).values_list("email", "pk"))
    return {
        "roles": {
            people[member]: role
            for member, role in memberships.values_list("user_id", "role")
            if member in people
        },
        "status": question.status,
        "recused": sorted({people[user] for user in recusals.values_list("user_id", flat=True)}),
        "number": last.number if last else 0,
        "is_open": opened is not None,
        "ballots": sorted(people[member] for member in ballots.values_list("member_id", flat=True)),
        "votes": {
            f"{people[vote.ballot.member_id]} {vote.item_key}": [vote.option_keys, vote.comment, vote.version]
            for vote in votes
        },
        "tallies": {
            event.subject.removeprefix("Round "): {
                one["item"]: {option: n for option, n in one["counts"].items() if n}
                for one in json.loads(event.after)["tallies"]
            }
            for event in events.filter(type="round_closed")
        },
        "text": texts.research_evidence,
        "revision": texts.revision,
        "files": DataUpload.objects.filter(question=question, status=UploadStatus.STAGED).count(),
        "invited": {
            people[accounts[email]]: role for email, role in invitations.values_list("email", "role")
        },
        "events": dict(Counter(events.filter(type__in=EVENTS).values_list("type", flat=True))),
    }


def faults_of(slug: str) -> list[str]:
    """Faults of the trail, and of the blind rule: results for somebody, or a reason in the trail, before the close."""
    question = Question.objects.select_related("guideline").get(slug=slug)
    faults = [str(fault) for fault in verify_guideline(question.guideline)]
    opened = VotingRound.objects.filter(question=question, closed_at__isnull=True, blind=True).first()
    if opened is None or opened.closes_at is not None:
        return faults
    said = [vote.comment for vote in Vote.objects.filter(ballot__round=opened) if vote.comment]
    trail = " ".join(
        AuditEvent.objects.filter(question=slug).exclude(type="vote_revealed").values_list("after", flat=True)
    )
    for membership in PanelMembership.objects.filter(guideline=question.guideline).select_related("user"):
        if round_results(question, opened, membership.user) is not None:
            faults.append(f"{membership.user} sees the results of an open round")
    return faults + [f"“{comment}” is in the trail before the close" for comment in said if comment in trail]
