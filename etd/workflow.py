"""What each status freezes, and which status may follow which: one table."""

from __future__ import annotations

from enum import StrEnum

from etd.enums import QuestionStatus as S


class Part(StrEnum):
    QUESTION = "the question (PICO)"
    EVIDENCE = "the outcome tables and study data"
    TEXTS = "the research evidence and additional considerations"
    JUDGEMENTS = "the panel's judgements"
    RECOMMENDATION = "the recommendation and conclusions"


FROZEN: dict[str, frozenset[Part]] = {
    S.DRAFT: frozenset(),
    S.EVIDENCE: frozenset(),
    S.VOTING: frozenset({Part.QUESTION, Part.EVIDENCE, Part.TEXTS}),
    S.IN_REVIEW: frozenset({Part.QUESTION, Part.EVIDENCE, Part.TEXTS, Part.JUDGEMENTS}),
    S.PUBLISHED: frozenset(Part),
    S.WITHDRAWN: frozenset(Part),
}

# Published and withdrawn are reached by publishing and withdrawing a version alone (`etd.actions.publication`).
TRANSITIONS: dict[str, frozenset[str]] = {
    S.DRAFT: frozenset({S.EVIDENCE, S.VOTING}),
    S.EVIDENCE: frozenset({S.DRAFT, S.VOTING}),
    S.VOTING: frozenset({S.EVIDENCE, S.IN_REVIEW}),
    S.IN_REVIEW: frozenset({S.EVIDENCE}),
    S.PUBLISHED: frozenset({S.EVIDENCE}),
    S.WITHDRAWN: frozenset({S.EVIDENCE}),
}

WHY_FROZEN: dict[str, str] = {
    S.VOTING: "The panel is voting on it; what is voted on does not change during a round.",
    S.IN_REVIEW: "It is in review. End the review, on the page Publication, to change it.",
    S.PUBLISHED: "It is published; a published version does not change. Begin a new version to change it.",
    S.WITHDRAWN: "It was withdrawn. Begin a new version to change it.",
}


def is_frozen(status: str, part: Part) -> bool:
    return part in FROZEN[status]
