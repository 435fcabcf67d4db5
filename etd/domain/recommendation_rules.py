"""What GRADE asks of the statements of a recommendation, and how it is said. Nothing here decides or blocks a panel.

The five questions of a good practice statement, which all must be answered with yes, and its three bases; the five
situations for a strong recommendation on low certainty: sources and what awaits a methodologist's check in sections 7
and 8 of docs/grade-methods.md. Everything goes by the keys that are stored.
"""

from __future__ import annotations

from collections.abc import Mapping

PRACTICE_QUESTIONS = {
    "clear_and_actionable": "Is the message clear and actionable?",
    "necessary": "Is the message really necessary?",
    "net_positive": "After considering everything, is the net positive consequence large?",
    "poor_use_of_time": "Would collecting and summarising the evidence be a poor use of the panel’s time?",
    "clear_rationale": "Does a well-documented, clear rationale connect the indirect evidence?",
}
ANSWERS = {"yes": "Yes", "no": "No"}
PRACTICE_BASES = {
    "ethics": "Ethics or human rights",
    "principles": "Essential principles or practices",
    "established_evidence": "Established scientific evidence",
}
PARADIGMS = {
    "life_threatening": "Life-threatening situation",
    "uncertain_benefit_certain_harm": "Uncertain benefit, certain harm",
    "equivalence_less_risk": "Potential equivalence, one option clearly less risky or costly",
    "similar_benefit_more_risk": (
        "High certainty of similar benefit, one option potentially more risky or costly"
    ),
    "catastrophic_harm": "Potential catastrophic harm",
}
PARADIGMS_AWAITING_CHECK = ("equivalence_less_risk", "similar_benefit_more_risk", "catastrophic_harm")

GOOD_PRACTICE = "good_practice_statement"
# Outcomes that are no recommendation for or against: they have no strength, but may say how certain the evidence is.
WITHOUT_STRENGTH = ("research_only", "no_recommendation")
LOW_CERTAINTY = ("low", "very_low")
_NOT_CARRIED = {
    GOOD_PRACTICE: ("strength", "direction", "certainty"),
    **dict.fromkeys(WITHOUT_STRENGTH, ("strength", "direction")),
}
_CARRIERS = {
    GOOD_PRACTICE: "A good practice statement",
    "research_only": "“Only in the context of research”",
    "no_recommendation": "“No recommendation”",
}

_NUMBERS = ("None", "One", "Two", "Three", "Four", "Five")
_SIDES = {"for": "for", "against": "against", "either": "for either option"}


def asks_for_paradigm(strength: str, certainty: str) -> bool:
    """Is it a strong recommendation on low or very low certainty?"""
    return strength == "strong" and certainty in LOW_CERTAINTY


def faults(
    *,
    kind: str,
    strength: str,
    direction: str,
    certainty: str,
    paradigm: str,
    paradigm_reason: str,
    practice_basis: str,
    is_answered: bool,
) -> dict[str, str]:
    """What cannot stand together in one statement, by the field that must change; empty where nothing is.

    `is_answered`: something is written to one of the five questions of a good practice statement.
    """
    found: dict[str, str] = {}
    given = {"strength": strength, "direction": direction, "certainty": certainty}
    for name in (name for name in _NOT_CARRIED.get(kind, ()) if given[name]):
        found[name] = f"{_CARRIERS[kind]} carries no {name}: choose –."
    if kind != GOOD_PRACTICE and (is_answered or practice_basis):
        found["kind"] = "Only a good practice statement has a basis and answers the five questions."
    if paradigm and not asks_for_paradigm(strength, certainty):
        found["paradigm"] = (
            "Only a strong recommendation on low or very low certainty is made in such a situation."
        )
    elif paradigm and not paradigm_reason.strip():
        found["paradigm_reason"] = "Please say why this is such a situation."
    elif paradigm_reason and not paradigm:
        found["paradigm"] = "Please choose the situation that this reason speaks of."
    return found


def graded(strength_label: str, direction: str) -> str:
    """`Weak recommendation against`, `Conditional recommendation for either option`."""
    return f"{strength_label} recommendation {_SIDES.get(direction, '')}".strip()


def strong_on_low(strength: str, certainty: str, situation: str) -> str:
    """`Strong recommendation on low certainty: life-threatening situation`; empty where it is none.

    `situation` is the label of the paradigm, empty where none is named.
    """
    if not asks_for_paradigm(strength, certainty):
        return ""
    named = _lower_first(situation) or "none of the five situations of GRADE is named"
    return f"Strong recommendation on {certainty.replace('_', ' ')} certainty: {named}"


def practice_hint(answers: Mapping[str, str]) -> str:
    """What is missing to yes on all five questions, empty where nothing is; `answers` by the keys of the questions."""
    missing = sum(answers.get(question) != "yes" for question in PRACTICE_QUESTIONS)
    if not missing:
        return ""
    if missing == len(PRACTICE_QUESTIONS):
        return "None of the five questions is answered with yes: GRADE asks for all five."
    verb = "is" if missing == 1 else "are"
    return f"{_NUMBERS[missing]} of the five questions {verb} not answered with yes: GRADE asks for all five."


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]
