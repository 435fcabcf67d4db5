"""The list before publication: what a document should hold that says it used GRADE.

After the criteria for claiming GRADE (Schünemann 2023, doi.org/10.1016/j.jclinepi.2023.05.010), of which an explicit
judgement on each criterion and two strengths by two directions were read; the other items paraphrase it and common
practice, and await a methodologist's check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from etd.domain.coherence.english import listed
from etd.domain.coherence.inputs import EtdInput, StatementInput
from etd.domain.findings import Finding, Severity
from etd.domain.recommendation_rules import GOOD_PRACTICE, asks_for_paradigm
from etd.frameworks.schema import RecommendationDirection, Role, Strength


class State(StrEnum):
    DONE = "done"
    OPEN = "open"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `where` names what is open; `note` says something once that is no fault."""

    code: str
    label: str
    state: State
    where: tuple[str, ...] = ()
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """`{code, label, state, where, note}`."""
        return {
            "code": self.code,
            "label": self.label,
            "state": self.state.value,
            "where": list(self.where),
            "note": self.note,
        }


# What a reader outside cannot do without: these together make the finding "incomplete".
_REPORTED = ("certainty_of_outcomes", "absolute_effects", "conflicts_of_interest", "panel", "date", "votes")
EITHER = (
    "“For either” is a fifth type beside GRADE’s two strengths and two directions. It is kept; say in the justification"
    " what the choice depends on."
)


def prepublication_list(etd: EtdInput) -> tuple[Item, ...]:
    """Every item, in the order of a document."""
    return tuple(_items(etd))


def incomplete(etd: EtdInput) -> Iterator[Finding]:
    """One finding for what is open of the things that a reader must be told."""
    missing = [
        item for item in prepublication_list(etd) if item.code in _REPORTED and item.state is State.OPEN
    ]
    if missing:
        yield Finding(
            "incomplete",
            Severity.INFORMATIONAL,
            "Before publication",
            f"Of what a document that claims GRADE reports, {len(missing)} of {len(_REPORTED)} items are not recorded.",
            listed((item.label for item in missing), most=len(_REPORTED)),
        )


def _items(etd: EtdInput) -> Iterator[Item]:
    yield _item(
        "judgements",
        "An explicit judgement on each criterion",
        [criterion.heading for criterion in etd.criteria if not criterion.choices],
    )
    yield _item(
        "evidence_summaries",
        "A summary of the evidence for each criterion",
        [c.heading for c in etd.criteria if not (c.research_evidence.strip() or c.has_table)],
    )
    yield from _outcome_items(etd)
    yield from _statement_items(etd)
    yield from _panel_items(etd)


def _outcome_items(etd: EtdInput) -> Iterator[Item]:
    none = () if etd.outcomes else ("No outcome is recorded",)
    names = etd.outcomes
    yield _item(
        "importance", "The importance of each outcome", [*none, *(o.name for o in names if not o.importance)]
    )
    yield _item(
        "certainty_of_outcomes",
        "The certainty of the evidence for each outcome",
        [*none, *(outcome.name for outcome in names if not outcome.certainty)],
    )
    yield _item(
        "domains",
        "GRADE’s domains considered for each outcome",
        [*none, *(outcome.name for outcome in names if not outcome.design)],
    )
    if not etd.n_summary_rows:
        open_effects = ["No outcome stands in the Summary of Findings"]
    else:
        without = etd.n_summary_rows - etd.n_absolute
        open_effects = (
            [f"{without} of {etd.n_summary_rows} lines of the Summary of Findings"] if without > 0 else []
        )
    yield _item("absolute_effects", "Absolute effects in a Summary of Findings", open_effects)
    overall = etd.with_role(Role.OVERALL_CERTAINTY)
    if overall is None:
        yield Item("overall_certainty", "The overall certainty of the evidence", State.NOT_APPLICABLE)
    else:
        yield _item(
            "overall_certainty",
            "The overall certainty of the evidence",
            [] if overall.choices else [overall.heading],
        )


def _statement_items(etd: EtdInput) -> Iterator[Item]:
    yield _strength_and_direction(etd)
    low = [s for s in etd.statements if asks_for_paradigm(s.strength, s.certainty)]
    yield _of_some(
        "strong_on_low", "Strong on low certainty: the situation is named", low, lambda s: bool(s.paradigm)
    )
    practice = [s for s in etd.statements if s.kind == GOOD_PRACTICE]
    yield _of_some(
        "good_practice",
        "Good practice statements: all five questions answered with yes",
        practice,
        lambda s: not s.practice_questions_open,
    )
    texts = [section for section in etd.sections if not section.holds_statements]
    # The frameworks print the justification right after the statements; it is known by its place, not by its key.
    yield _item(
        "rationale",
        "The rationale of the recommendation",
        [texts[0].heading] if texts and not texts[0].body.strip() else [],
    )


def _strength_and_direction(etd: EtdInput) -> Item:
    label = "One of two strengths and two directions"
    recommendations = [s for s in etd.statements if s.is_recommendation]
    if etd.type is None and not recommendations:
        if etd.statements:
            return Item("strength_and_direction", label, State.NOT_APPLICABLE)
        return Item(
            "strength_and_direction", label, State.OPEN, ("Type of recommendation", "No statement is written")
        )
    missing = [] if etd.type else ["Type of recommendation"]
    graded_type = etd.type is None or etd.type.strength is not Strength.NONE
    if graded_type:
        missing += [s.where for s in recommendations if not (s.strength and s.direction)]
    either = (etd.type is not None and etd.type.direction is RecommendationDirection.EITHER) or any(
        s.direction == RecommendationDirection.EITHER for s in recommendations
    )
    state = State.OPEN if missing else State.DONE
    return Item("strength_and_direction", label, state, tuple(missing), EITHER if either else "")


def _panel_items(etd: EtdInput) -> Iterator[Item]:
    panel = etd.panel
    yield _item(
        "panel", "Who was on the panel", [] if panel.members else ["No chair or panel member is listed"]
    )
    yield _item(
        "conflicts_of_interest",
        "The interests of each panel member declared",
        list(panel.undeclared) if panel.members else ["No chair or panel member is listed"],
    )
    taken_over = [c.heading for c in etd.criteria if any(choice.from_document for choice in c.choices)]
    no_votes = [] if panel.n_rounds or not etd.criteria else ["No round of votes was held"]
    # Consensus without a vote is a way to decide too, if the panel here recorded it.
    decided = any(c.choices for c in etd.criteria) and not taken_over
    yield _item(
        "votes", "How the panel decided: votes or consensus", [] if decided else [*no_votes, *taken_over]
    )
    yield _item(
        "date", "When the panel agreed", [] if panel.agreed_on else ["The panel’s agreement has no date"]
    )


def _of_some(code: str, label: str, those: list[StatementInput], is_done: object) -> Item:
    if not those:
        return Item(code, label, State.NOT_APPLICABLE)
    assert callable(is_done)
    return _item(code, label, [statement.where for statement in those if not is_done(statement)])


def _item(code: str, label: str, missing: Iterable[str]) -> Item:
    where = tuple(missing)
    return Item(code, label, State.OPEN if where else State.DONE, where)
