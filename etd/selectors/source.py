"""Another body's document that a question was made from, beside what the panel makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from etd.domain.source_content import SourceCriterion, from_text
from etd.enums import AdolopmentChoice
from etd.models import Adolopment, Question, SourceDocument
from etd.selectors.question import CriterionView


@dataclass(frozen=True)
class AdolopmentView:
    """What the panel does with the source's judgement on one criterion; `choice` is empty while it has not said.

    `source` has the source's options in words, empty where it judged nothing; `today` those of the panel. `differs`:
    they are not the same options.
    """

    key: str
    heading: str
    source: tuple[str, ...]
    source_evidence: str
    source_considerations: str
    today: tuple[str, ...]
    differs: bool
    choice: str = ""
    choice_label: str = ""
    reason: str = ""
    by: str = ""
    at: datetime | None = None
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Is there a judgement of the source that the panel has said nothing about?"""
        return bool(self.source) and not self.choice

    @property
    def no_longer_adopted(self) -> bool:
        """Was it adopted, and is today's judgement another one?"""
        return self.choice == AdolopmentChoice.ADOPT and self.differs


@dataclass(frozen=True)
class SourceView:
    """`sha256` is of the file that it came as."""

    title: str
    organisation: str
    address: str
    file_name: str
    sha256: str
    taken_by: str
    taken_at: datetime
    type_label: str
    statements: tuple[str, ...]
    criteria: tuple[AdolopmentView, ...]

    @property
    def n_open(self) -> int:
        return sum(one.is_open for one in self.criteria)

    @property
    def n_source(self) -> int:
        """The criteria that the source judged."""
        return sum(bool(one.source) for one in self.criteria)

    @property
    def is_link(self) -> bool:
        """Can its address be followed? Others are shown as they were typed."""
        return self.address.startswith(("https://", "http://"))


def load_source(question: Question, criteria: Sequence[CriterionView]) -> SourceView | None:
    """The source of a question with a line for each of today's criteria, in two queries; None where it has none."""
    source = (
        SourceDocument.objects.defer("original").select_related("taken_by").filter(question=question).first()
    )
    if source is None:
        return None
    content = from_text(source.content)
    chosen = {
        one.assessment.criterion_key: one
        for one in Adolopment.objects.filter(assessment__question=question).select_related(
            "assessment", "chosen_by"
        )
    }
    return SourceView(
        title=source.title,
        organisation=source.organisation,
        address=source.address,
        file_name=source.file_name,
        sha256=source.sha256,
        taken_by=str(source.taken_by),
        taken_at=source.taken_at,
        type_label=content.type_label,
        statements=content.statements,
        criteria=tuple(_line(one, content.criteria, chosen.get(one.key)) for one in criteria),
    )


def source_original(question: Question) -> tuple[str, bytes] | None:
    """Name and bytes of the file that the source came as."""
    source = SourceDocument.objects.defer("content").filter(question=question).first()
    return (source.file_name, bytes(source.original)) if source else None


def _line(
    criterion: CriterionView, source: Mapping[str, SourceCriterion], chosen: Adolopment | None
) -> AdolopmentView:
    nothing = SourceCriterion(options=(), labels=())
    there = source.get(criterion.key, nothing)
    return AdolopmentView(
        key=criterion.key,
        heading=criterion.heading,
        source=_in_words(there),
        source_evidence=there.research_evidence,
        source_considerations=there.additional_considerations,
        today=tuple(
            f"{one.label} ({one.applies_to})" if one.applies_to else one.label for one in criterion.judgements
        ),
        differs={(one.option_key, one.applies_to) for one in criterion.judgements} != set(there.options),
        choice=str(chosen.choice) if chosen else "",
        choice_label=chosen.get_choice_display() if chosen else "",
        reason=chosen.reason if chosen else "",
        by=str(chosen.chosen_by) if chosen else "",
        at=chosen.chosen_at if chosen else None,
        revision=chosen.revision if chosen else 0,
    )


def _in_words(source: SourceCriterion) -> tuple[str, ...]:
    return tuple(
        f"{label} ({applies_to})" if applies_to else label
        for label, (_, applies_to) in zip(source.labels, source.options, strict=False)
    )
