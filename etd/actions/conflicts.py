"""Conflicts of interest: what members declare, and how a chair manages it. Nothing declared is in the audit trail.

The trail holds commitments: sha256 over a nonce and the words, so that a later exchange is found and nothing is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question
from etd.actions.rounds import close_if_over, void
from etd.enums import ConflictKind, ConflictLevel, Role
from etd.models import (
    Ballot,
    ConflictDeclaration,
    ConflictManagement,
    Guideline,
    PanelMembership,
    Question,
    Recusal,
    User,
    VotingRound,
)
from etd.votes import committed

# What a ballot says that a recusal has voided: the reason proper stays between the chair and the member.
RECUSED = "Recused for a conflict of interest."


def declare_conflict(
    *,
    guideline: Guideline,
    question: Question | None = None,
    has_conflict: bool,
    kinds: Collection[ConflictKind] = (),
    text: str,
    version: int,
    by: User,
    op: UUID | None = None,
) -> ConflictDeclaration:
    """A member's own declaration, for one question or (None) the whole guideline; each change is the next version.

    `version` is that of the declaration they saw (0 for none). The same again changes nothing. Raises Refused from
    somebody who is no member, for a conflict without a kind or words and for a kind without a conflict; StaleEdit
    where they have declared elsewhere in the meantime.
    """
    with transaction.atomic():
        _lock_membership(guideline, by)
        scope = _scope(guideline, question)
        last = ConflictDeclaration.objects.filter(**scope, member=by).order_by("version").last()
        content = {
            "has_conflict": has_conflict,
            "text": text,
            **{str(kind): kind in kinds for kind in ConflictKind},
        }
        if last is not None and _declared(last) == content:
            return last
        if has_conflict and not (kinds and text.strip()):
            raise Refused("Please say of which kind the conflict is, and describe it.")
        if kinds and not has_conflict:
            raise Refused("You ticked a kind of conflict but declared none: please say which holds.")
        if (last.version if last else 0) != version:
            raise StaleEdit(_declared(last), last.version if last else 0)
        now, nonce = timezone.now(), secrets.token_hex(32)
        declaration = ConflictDeclaration.objects.create(
            **scope,
            member=by,
            version=version + 1,
            nonce=nonce,
            commitment=committed(nonce, content),
            made_at=now,
            **content,
        )
        audit.record(
            type="conflict_declared",
            subject=str(by),
            after={"version": declaration.version, "commitment": declaration.commitment},
            at=now,
            by=by,
            guideline=guideline,
            question=question,
            op=op,
        )
    return declaration


def read_declaration(*, declaration: ConflictDeclaration, by: User) -> str:
    """The words of a declaration, for its author and for chairs of the guideline; every opening is an event.

    Raises Refused for anybody else: here the rule is asked in the action too, since nothing is more private.
    """
    with transaction.atomic():
        chairs = PanelMembership.objects.filter(
            guideline=declaration.guideline, role=Role.CHAIR, ended_at__isnull=True
        )
        if by.pk != declaration.member_id and not chairs.filter(user=by).exists():
            raise Refused("A declaration is read by its author and by the chair alone.")
        audit.record(
            type="declaration_read",
            subject=str(declaration.member),
            after={"version": declaration.version, "member": str(declaration.member_id)},
            at=timezone.now(),
            by=by,
            guideline=declaration.guideline,
            question=declaration.question,
        )
    return declaration.text


def manage_conflict(
    *,
    member: User,
    guideline: Guideline,
    question: Question | None = None,
    level: ConflictLevel,
    note: str,
    declaration: ConflictDeclaration | None = None,
    by: User,
    op: UUID | None = None,
) -> ConflictManagement:
    """Record how a member's interests are managed, for one question or (None) the whole guideline.

    "Does not vote" and "takes no part" recuse the member: no ballot from now on, and a ballot in an open round is
    voided with what was voted on it. A round that is over stays as it was counted. Back to "disclosed", the recusal
    ends for later rounds; a voided ballot never comes back. The guideline's and a question's recusal stand beside each
    other, and either keeps from voting. Chairs may recuse themselves, and nothing milder: that needs another chair.
    Raises Refused for that, for a declaration of somebody else's, and where the person is no member.
    """
    with transaction.atomic():
        affected = [lock_question(one) for one in _questions(guideline, question)]
        _lock_membership(guideline, member)
        scope = _scope(guideline, question)
        if declaration is not None and (declaration.member_id, declaration.guideline_id) != (
            member.pk,
            guideline.pk,
        ):
            raise Refused("That declaration is not this member's own for this guideline.")
        last = ConflictManagement.objects.filter(**scope, member=member).order_by("pk").last()
        if last and (last.level, last.note, last.declaration) == (level, note, declaration):
            return last
        if by == member and _strength(level) <= (_strength(last.level) if last else 0):
            raise Refused("Another chair decides that: about your own conflict you may only be stricter.")
        now = timezone.now()
        management = ConflictManagement.objects.create(
            **scope,
            member=member,
            declaration=declaration,
            level=level,
            note=note,
            managed_at=now,
            managed_by=by,
        )
        audit.record(
            type="conflict_managed",
            subject=str(member),
            before={"level": last.level} if last else None,
            after={"level": str(level), "declaration": declaration.version if declaration else None},
            at=now,
            by=by,
            guideline=guideline,
            question=question,
            op=op,
        )
        _recuse(management, now)
        if level != ConflictLevel.DISCLOSURE:
            for one in affected:
                _void_open_ballot(one, member, now, by)
    return management


def _strength(level: str) -> int:
    return ConflictLevel.values.index(level)


def _recuse(management: ConflictManagement, now: datetime) -> None:
    """Make the recusal that the level asks for and end the one before; what is in force already stays."""
    of_a_question = management.question_id is not None
    scope = {
        "question": management.question,
        "guideline": None if of_a_question else management.guideline,
        "user": management.member,
    }
    Recusal.objects.filter(**scope, ended_at__isnull=True).update(
        ended_at=now, ended_by=management.managed_by
    )
    if management.level != ConflictLevel.DISCLOSURE:
        Recusal.objects.create(
            **scope,
            level=management.level,
            reason=management.note,
            created_at=now,
            created_by=management.managed_by,
        )


def _void_open_ballot(question: Question, member: User, now: datetime, by: User) -> None:
    close_if_over(question, now)
    voting_round = (
        VotingRound.objects.select_for_update().filter(question=question, closed_at__isnull=True).first()
    )
    ballot = (
        Ballot.objects.filter(round=voting_round, member=member, voided_at__isnull=True)
        .select_related("member")
        .first()
    )
    if voting_round is not None and ballot is not None:
        void(question, voting_round, ballot, reason=RECUSED, voided_at=now, voided_by=by)


def _questions(guideline: Guideline, question: Question | None) -> QuerySet[Question]:
    """What a decision touches, in one order for everybody who locks several."""
    questions = Question.objects.filter(guideline=guideline).order_by("pk")
    return questions if question is None else questions.filter(pk=question.pk)


def _scope(guideline: Guideline, question: Question | None) -> dict[str, Any]:
    if question is None:
        return {"guideline": guideline, "question": None}
    if question.guideline_id != guideline.pk:
        raise Refused("That question belongs to another guideline.")
    return {"guideline": guideline, "question": question}


def _lock_membership(guideline: Guideline, user: User) -> None:
    """One declaration or decision about a member at a time; after the question, before the end of the audit chain."""
    if (
        not PanelMembership.objects.select_for_update()
        .filter(guideline=guideline, user=user, ended_at__isnull=True)
        .exists()
    ):
        raise Refused(f"{user} is not a member of this guideline.")


def _declared(declaration: ConflictDeclaration | None) -> dict[str, Any]:
    if declaration is None:
        return {"has_conflict": False, "text": "", **{str(kind): False for kind in ConflictKind}}
    return {
        "has_conflict": declaration.has_conflict,
        "text": declaration.text,
        **{str(kind): getattr(declaration, kind) for kind in ConflictKind},
    }
