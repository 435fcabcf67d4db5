"""What a panel does with another body's judgements, criterion by criterion: adopt, adapt, or judge anew.

After GRADE-ADOLOPMENT: Schünemann 2017, doi:10.1016/j.jclinepi.2016.09.009.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.assessments import record_judgement
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.domain.source_content import SourceContent, from_text
from etd.enums import AdolopmentChoice, Basis
from etd.models import Adolopment, CriterionAssessment, Question, SourceDocument, User
from etd.workflow import Part


def keep_source(
    *,
    question: Question,
    title: str,
    organisation: str,
    address: str,
    file_name: str,
    original: bytes,
    content: SourceContent,
    by: User,
) -> SourceDocument:
    """Keep the document that a question was made from beside it: its bytes, and what was read of it.

    Raises Refused where the question has a source already.
    """
    now = timezone.now()
    with transaction.atomic():
        current = lock_question(question)
        if SourceDocument.objects.filter(question=current).exists():
            raise Refused("This question has a source already.")
        source = SourceDocument.objects.create(
            question=current,
            title=title,
            organisation=organisation[:300],
            address=address[:500],
            file_name=file_name[:300],
            original=original,
            sha256=hashlib.sha256(original).hexdigest(),
            content=content.to_text(),
            taken_at=now,
            taken_by=by,
        )
        audit.record(
            type="source_kept",
            subject=title,
            after={
                "organisation": source.organisation,
                "address": source.address,
                "file_name": source.file_name,
                "sha256": source.sha256,
            },
            at=now,
            by=by,
            question=current,
        )
    return source


def choose_adolopment(
    *,
    question: Question,
    criterion_key: str,
    choice: AdolopmentChoice,
    reason: str,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> Adolopment:
    """Record what the panel does with the source's judgement on a criterion.

    To adopt records that judgement where none stands, and is refused where the panel has judged otherwise. To judge
    anew takes a judgement back that was only taken over. `revision` is of the choice, 0 where there is none yet:
    StaleEdit where another one is stored. Raises Refused without a source, for a criterion that the source does not
    judge, and for an adapted judgement without a reason.
    """
    with transaction.atomic():
        current = lock_question(question)
        assessment = CriterionAssessment.objects.get(question=current, criterion_key=criterion_key)
        before = Adolopment.objects.filter(assessment=assessment).first()
        is_told = before is not None and (before.choice, before.reason) == (choice, reason)
        # Adopted, judged otherwise since, and adopted again is no second click.
        if before and is_told and (choice != AdolopmentChoice.ADOPT or _is_adopted(current, assessment)):
            return before
        require_open(current, Part.JUDGEMENTS)
        stored, told = (before.revision, _told(before)) if before else (0, {})
        if stored != revision:
            raise StaleEdit(told, stored)
        options = _source_options(current, criterion_key)
        if choice == AdolopmentChoice.ADAPT and not reason.strip():
            raise Refused("Please say what is adapted and why: readers see it beside the source’s judgement.")
        _follow(current, assessment, choice, options, by)
        now = timezone.now()
        adolopment = before or Adolopment(assessment=assessment)
        adolopment.choice, adolopment.reason = choice, reason
        adolopment.chosen_at, adolopment.chosen_by = now, by
        adolopment.revision = stored + 1
        adolopment.save()
        audit.record(
            type="adolopment_chosen",
            subject=criterion_key,
            before=told or None,
            after=_told(adolopment),
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return adolopment


def _is_adopted(question: Question, assessment: CriterionAssessment) -> bool:
    return _chosen(assessment) == set(_source_options(question, assessment.criterion_key))


def _chosen(assessment: CriterionAssessment) -> set[tuple[str, str]]:
    return {(one.option_key, one.applies_to) for one in assessment.judgements.all()}


def _source_options(question: Question, criterion_key: str) -> tuple[tuple[str, str], ...]:
    source = SourceDocument.objects.defer("original").filter(question=question).first()
    if source is None:
        raise Refused("This question was not made from another body’s document.")
    criterion = from_text(source.content).criteria.get(criterion_key)
    if criterion is None or not criterion.options:
        raise Refused("The source has no judgement on this criterion: there is nothing to adopt or adapt.")
    return criterion.options


def _follow(
    question: Question,
    assessment: CriterionAssessment,
    choice: AdolopmentChoice,
    options: tuple[tuple[str, str], ...],
    by: User,
) -> None:
    """Make the judgement what the choice says, where that overwrites nothing that the panel judged itself."""
    standing = list(assessment.judgements.all())
    is_taken_over = all(one.basis == Basis.DOCUMENT for one in standing)
    if choice == AdolopmentChoice.ADOPT and not standing:
        wanted: list[tuple[str, str]] = list(options)
    elif choice == AdolopmentChoice.ADOPT and _chosen(assessment) != set(options):
        raise Refused(
            "The panel’s judgement differs from the source’s. Record it as adapted, or take the judgement back first."
        )
    elif choice == AdolopmentChoice.REDO and standing and is_taken_over:
        wanted = []
    else:
        return
    record_judgement(
        question=question,
        criterion_key=assessment.criterion_key,
        choices=wanted,
        basis=Basis.DOCUMENT,
        revision=assessment.judgement_revision,
        by=by,
    )


def _told(adolopment: Adolopment) -> dict[str, str]:
    return {"choice": str(adolopment.choice), "reason": adolopment.reason}
