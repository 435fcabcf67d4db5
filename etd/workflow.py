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
    S.AGREED: frozenset({Part.QUESTION, Part.EVIDENCE, Part.TEXTS, Part.JUDGEMENTS}),
    S.PUBLISHED: frozenset(Part),
}

TRANSITIONS: dict[str, frozenset[str]] = {
    S.DRAFT: frozenset({S.EVIDENCE, S.VOTING}),
    S.EVIDENCE: frozenset({S.DRAFT, S.VOTING}),
    S.VOTING: frozenset({S.EVIDENCE, S.AGREED}),
    S.AGREED: frozenset({S.EVIDENCE, S.PUBLISHED}),
    S.PUBLISHED: frozenset(),
}

WHY_FROZEN: dict[str, str] = {
    S.VOTING: "The panel is voting on it; what is voted on does not change during a round.",
    S.AGREED: "The panel has agreed on it. Reopen the evidence to change it.",
    S.PUBLISHED: "It is published; a published document does not change.",
}


def is_frozen(status: str, part: Part) -> bool:
    return part in FROZEN[status]
