"""The references of a question, and where its texts cite them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etd.domain.located import Place
from etd.domain.text import cited_numbers
from etd.models import Question
from etd.selectors.question import EtdView, ReferenceView, StatementView, load_etd


@dataclass(frozen=True)
class ListedReference:
    """`places` cite it, none where no text does; each leads to a part of the question page."""

    reference: ReferenceView
    places: tuple[Place, ...]


@dataclass(frozen=True)
class UnlistedNumber:
    """A number without a citation. `reference` is its entry, None where the list has none for it."""

    number: int
    places: tuple[Place, ...]
    reference: ReferenceView | None


@dataclass(frozen=True)
class ReferenceList:
    """`listed` by number; `dangling` are cited without a citation, `empty` neither have one nor are cited."""

    listed: tuple[ListedReference, ...]
    dangling: tuple[UnlistedNumber, ...]
    empty: tuple[UnlistedNumber, ...]

    @property
    def not_cited(self) -> tuple[int, ...]:
        return tuple(one.reference.number for one in self.listed if not one.places)

    @property
    def next_number(self) -> int:
        """After the last that is listed or cited, so that no mark comes to mean a work that nobody meant."""
        numbers = [one.reference.number for one in self.listed]
        numbers += [one.number for one in (*self.dangling, *self.empty)]
        return max(numbers, default=0) + 1


def reference_list(view: EtdView) -> ReferenceList:
    """From the loaded question, without a query."""
    cited = _cited(view)
    stored = {one.number: one for one in view.references}
    without = sorted({n for n, one in stored.items() if not one.citation} | set(cited) - set(stored))
    unlisted = [UnlistedNumber(n, cited.get(n, ()), stored.get(n)) for n in without]
    return ReferenceList(
        listed=tuple(
            ListedReference(one, cited.get(one.number, ())) for one in view.references if one.citation
        ),
        dangling=tuple(one for one in unlisted if one.places),
        empty=tuple(one for one in unlisted if not one.places),
    )


def cited_at(question: Question) -> dict[int, tuple[str, ...]]:
    """The places that cite each number in words, for the action that removes a reference."""
    return {
        number: tuple(place.name for place in places)
        for number, places in _cited(load_etd(question, None)).items()
    }


def _cited(view: EtdView) -> dict[int, tuple[Place, ...]]:
    found: dict[int, dict[Place, None]] = {}
    for place, text in _texts(view):
        for number in cited_numbers(text):
            found.setdefault(number, {})[place] = None
    return {number: tuple(places) for number, places in found.items()}


def _texts(view: EtdView) -> Iterator[tuple[Place, str]]:
    """Every text that marks may stand in, in the order of the document, with its place on the question page."""
    for one in view.fields:
        yield Place(_spoken(one.heading), "question-box"), one.text
    for criterion in view.criteria:
        heading, fragment = _spoken(criterion.heading), f"criterion-{criterion.key}"
        yield Place(f"{heading}, research evidence", fragment), criterion.research_evidence
        yield Place(f"{heading}, additional considerations", fragment), criterion.additional_considerations
        for judgement in criterion.judgements:
            yield Place(f"{heading}, judgement", fragment), judgement.reason
        for table in criterion.tables:
            for text in (table.title, table.abbreviations, table.footnotes):
                yield Place(f"Table {table.number}", f"table-{table.number}"), text
    yield Place("Type of recommendation, note", "recommendation"), view.recommendation_note
    for number, statement in enumerate(view.statements, start=1):
        for text in _texts_of(statement):
            yield Place(f"Statement {number}", f"statement-{number}"), text
    for section in view.sections:
        if not section.holds_statements:
            yield Place(_spoken(section.heading), f"section-{section.key}"), section.body


def _texts_of(statement: StatementView) -> tuple[str, ...]:
    answers = (answer.rationale for answer in statement.practice_answers)
    return (statement.text, statement.remark, statement.paradigm_reason, *answers)


def _spoken(heading: str) -> str:
    """Headings that a framework prints in capitals are no louder here than others."""
    return heading.capitalize() if heading.isupper() else heading
