"""A guideline's own frameworks, and moving a question from one framework to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.actions.locks import lock_question, require_open
from etd.actions.recommendations import clear_type
from etd.actions.rounds import close_if_over
from etd.frameworks import Framework, FrameworkError, UnknownKey, get_framework
from etd.frameworks.mapping import Placed, placed
from etd.frameworks.overlay import Changes, apply
from etd.models import (
    ConclusionSection,
    CriterionAssessment,
    Guideline,
    Judgement,
    KeptPart,
    OutcomeTable,
    OwnFramework,
    Question,
    Recommendation,
    User,
)
from etd.workflow import Part

JUDGEMENT_FIELDS = (
    "option_key",
    "applies_to",
    "basis",
    "evidence_digest",
    "round_number",
    "tally_digest",
    "reason",
    "judged_at",
    "judged_by_id",
    "reaffirmed_at",
    "reaffirmed_by_id",
    "reaffirmed_because",
)


def create_own_framework(
    *,
    guideline: Guideline,
    title: str,
    base_key: str,
    base_version: int,
    changes: Changes,
    by: User,
    op: UUID | None = None,
) -> OwnFramework:
    """The next version of the guideline's own framework; questions keep the version that they began with.

    Raises Refused with the reason where the changes make no framework.
    """
    if not title.strip():
        raise Refused("Please give your framework a name.")
    with transaction.atomic():
        Guideline.objects.select_for_update().get(pk=guideline.pk)
        last = OwnFramework.objects.filter(guideline=guideline).order_by("version").last()
        content = {
            "title": title,
            "base_key": base_key,
            "base_version": base_version,
            "changes": changes.to_json(),
        }
        if last and content == {name: getattr(last, name) for name in content}:
            return last
        version = last.version + 1 if last else 1
        try:
            apply(get_framework(base_key, base_version), changes, title=title, version=version)
        except (FrameworkError, UnknownKey) as error:
            raise Refused(str(error)) from error
        now = timezone.now()
        own = OwnFramework.objects.create(
            guideline=guideline, version=version, created_at=now, created_by=by, **content
        )
        audit.record(
            type="framework_created",
            subject=str(own)[:300],
            after=content,
            at=now,
            by=by,
            guideline=guideline,
            op=op,
        )
    return own


def move_question(
    *,
    question: Question,
    framework_key: str,
    framework_version: int,
    own_framework: OwnFramework | None,
    mapping: Mapping[str, str],
    by: User,
    op: UUID | None = None,
) -> Question:
    """Judge the question by another framework from now on: a shipped one, or the guideline's own version of that one.

    `mapping` is criterion key to criterion key; what is mapped to "" and what has no place in the new framework is kept
    beside it in words, so that nothing is lost. Closed rounds keep the framework that they were voted in. Raises
    Refused during a round, while the question is frozen, and for a criterion that the framework does not have.
    """
    with transaction.atomic():
        current = lock_question(question)
        now = timezone.now()
        close_if_over(current, now)
        if current.rounds.filter(closed_at__isnull=True).exists():
            raise Refused("A round is open: what is voted on stays as it is until the round has closed.")
        require_open(current, Part.QUESTION)
        if own_framework:
            if own_framework.guideline_id != current.guideline_id:
                raise Refused("That framework belongs to another guideline.")
            framework_key, framework_version = own_framework.base_key, own_framework.base_version
        former = current.framework
        before = _name(current)
        current.framework_key, current.framework_version = framework_key, framework_version
        current.own_framework = own_framework
        del current.framework
        if _name(current) == before:
            return current
        try:
            target = current.framework
            places = placed(former, target, mapping)
        except UnknownKey as error:
            raise Refused(str(error)) from error
        kept = _Kept(current, f"{former.title}, version {former.version}", now, by)
        _move_tables(current, places)
        _move_assessments(current, places, target, kept)
        _move_sections(current, former, target, kept)
        _move_type(current, former, target, kept)
        KeptPart.objects.bulk_create(kept.parts)
        current.revision += 1
        current.save(update_fields=["framework_key", "framework_version", "own_framework", "revision"])
        audit.record(
            type="question_moved",
            subject=current.slug,
            before=before,
            after=_name(current)
            | {
                "mapping": {one.criterion.key: one.target.key if one.target else "" for one in places},
                "kept": [part.heading for part in kept.parts],
            },
            at=now,
            by=by,
            question=current,
            op=op,
        )
    return Question.objects.get(pk=current.pk)


@dataclass
class _Kept:
    """The parts that have no place in the new framework, collected while everything else is moved."""

    question: Question
    former: str
    at: datetime
    by: User
    parts: list[KeptPart] = field(default_factory=list)

    def add(self, heading: str, text: str) -> None:
        if text.strip():
            self.parts.append(
                KeptPart(
                    question=self.question,
                    former_framework=self.former[:300],
                    heading=heading[:300],
                    text=text,
                    kept_at=self.at,
                    kept_by=self.by,
                )
            )


def _name(question: Question) -> dict[str, str | int | None]:
    return {
        "framework": question.framework_key,
        "version": question.framework_version,
        "own": str(question.own_framework) if question.own_framework else None,
    }


def _move_tables(question: Question, places: tuple[Placed, ...]) -> None:
    targets = {one.criterion.key: one.target for one in places}
    for table in OutcomeTable.objects.filter(question=question):
        target = targets.get(table.criterion_key)
        if target is None:
            raise Refused(
                f"Table {table.number} stands under a criterion that is kept aside: choose a criterion for it to go to."
            )
        table.criterion_key = target.key
        table.save(update_fields=["criterion_key"])


def _move_assessments(question: Question, places: tuple[Placed, ...], target: Framework, kept: _Kept) -> None:
    """Texts and judgements go to the criterion of the mapping; two texts in one place stand one after the other."""
    former = {
        assessment.criterion_key: assessment
        for assessment in CriterionAssessment.objects.filter(question=question).prefetch_related(
            "judgements__judged_by", "judgements__reaffirmed_by"
        )
    }
    moved: dict[str, list[tuple[Placed, CriterionAssessment]]] = {}
    judgements: dict[str, list[dict[str, object]]] = {}
    for place in places:
        assessment = former.get(place.criterion.key)
        if assessment is None:
            continue
        if place.target is None:
            _keep_texts(place, assessment, kept)
        else:
            moved.setdefault(place.target.key, []).append((place, assessment))
        for judgement in assessment.judgements.all():
            _place_judgement(place, judgement, judgements, kept)
    revision = max((assessment.revision for assessment in former.values()), default=0) + 1
    judgement_revision = max((a.judgement_revision for a in former.values()), default=0) + 1
    CriterionAssessment.objects.filter(question=question).delete()
    for criterion in target.criteria:
        came = moved.get(criterion.key, [])
        assessment = CriterionAssessment.objects.create(
            question=question,
            criterion_key=criterion.key,
            research_evidence=_joined(came, "research_evidence"),
            additional_considerations=_joined(came, "additional_considerations"),
            revision=revision,
            judgement_revision=judgement_revision,
        )
        Judgement.objects.bulk_create(
            Judgement(assessment=assessment, **fields) for fields in judgements.get(criterion.key, [])
        )


def _keep_texts(place: Placed, assessment: CriterionAssessment, kept: _Kept) -> None:
    kept.add(f"{place.criterion.heading}: research evidence", assessment.research_evidence)
    kept.add(f"{place.criterion.heading}: additional considerations", assessment.additional_considerations)


def _place_judgement(
    place: Placed, judgement: Judgement, judgements: dict[str, list[dict[str, object]]], kept: _Kept
) -> None:
    """To its criterion where that has the option and holds no judgement yet from another one; else into words."""
    if place.target and judgement.option_key not in {option.key for option in place.without_place}:
        there = judgements.setdefault(place.target.key, [])
        fields = {name: getattr(judgement, name) for name in JUDGEMENT_FIELDS}
        twice = [(one["option_key"], one["applies_to"]) for one in there]
        if (fields["option_key"], fields["applies_to"]) not in twice:
            there.append(fields)
            return
    kept.add(f"{place.criterion.heading}: judgement", _in_words(place, judgement))


def _in_words(place: Placed, judgement: Judgement) -> str:
    label = next(
        (option.label for option in place.criterion.options if option.key == judgement.option_key),
        judgement.option_key,
    )
    parts = [
        f"{label} ({judgement.applies_to})" if judgement.applies_to else label,
        f"{judgement.get_basis_display()}, {judgement.judged_at:%-d %B %Y}, {judgement.judged_by}",
        f"Round {judgement.round_number}" if judgement.round_number else "",
        judgement.reason,
        _reaffirmed(judgement.reaffirmed_at, judgement.reaffirmed_by, judgement.reaffirmed_because),
    ]
    return "\n\n".join(part for part in parts if part)


def _reaffirmed(at: datetime | None, by: User | None, because: str) -> str:
    return f"Reaffirmed, {at:%-d %B %Y}, {by}: {because}" if at else ""


def _joined(came: list[tuple[Placed, CriterionAssessment]], name: str) -> str:
    texts = [(place, getattr(assessment, name)) for place, assessment in came if getattr(assessment, name)]
    if len(texts) < 2:
        return "".join(text for _, text in texts)
    return "\n\n".join(f"**{place.criterion.heading}**\n\n{text}" for place, text in texts)


def _move_sections(question: Question, former: Framework, target: Framework, kept: _Kept) -> None:
    there = {section.key for section in target.sections}
    headings = {section.key: section.heading for section in former.sections}
    for section in ConclusionSection.objects.filter(question=question):
        if section.section_key not in there:
            kept.add(headings.get(section.section_key, section.section_key), section.body)
            section.delete()
    has = set(ConclusionSection.objects.filter(question=question).values_list("section_key", flat=True))
    ConclusionSection.objects.bulk_create(
        ConclusionSection(question=question, section_key=section.key)
        for section in target.sections
        if section.key not in has
    )


def _move_type(question: Question, former: Framework, target: Framework, kept: _Kept) -> None:
    recommendation = Recommendation.objects.get(question=question)
    if recommendation.type_key in {"", *(kind.key for kind in target.recommendation_types)}:
        return
    for part in _type_in_words(former, recommendation):
        kept.add(former.headings.type_of_recommendation.capitalize(), part)
    clear_type(recommendation)
    recommendation.type_revision += 1
    recommendation.save()


def _type_in_words(former: Framework, recommendation: Recommendation) -> Iterator[str]:
    lines = [former.recommendation_type(recommendation.type_key).label]
    if recommendation.type_judged_at:
        lines.append(
            f"{recommendation.get_type_basis_display()}, {recommendation.type_judged_at:%-d %B %Y}, "
            f"{recommendation.type_judged_by}"
        )
    if recommendation.type_round_number:
        lines.append(f"Round {recommendation.type_round_number}")
    lines += [
        recommendation.type_reason,
        _reaffirmed(
            recommendation.type_reaffirmed_at,
            recommendation.type_reaffirmed_by,
            recommendation.type_reaffirmed_because,
        ),
    ]
    yield "\n\n".join(line for line in lines if line)
