"""What a statement is, in one printed line: written into our Word files and read back from them."""

from __future__ import annotations

_BETWEEN = " · "
_POPULATION = "Population: "
_CERTAINTY = "Certainty of evidence: "
_OF_EVIDENCE = " certainty of evidence"
_KINDS = {
    "Recommendation": "recommendation",
    "Good practice statement": "good_practice_statement",
    "Only in the context of research": "research_only",
    "No recommendation": "no_recommendation",
}
_STRENGTHS = {"strong": "strong", "conditional": "conditional", "weak": "conditional"}
_DIRECTIONS = {
    "for the intervention": "for",
    "against the intervention": "against",
    "for either option": "either",
}
_CERTAINTIES = {
    "high certainty of evidence": "high",
    "moderate certainty of evidence": "moderate",
    "low certainty of evidence": "low",
    "very low certainty of evidence": "very_low",
}
_FIELDS = {"kind": _KINDS, "strength": _STRENGTHS, "direction": _DIRECTIONS, "certainty": _CERTAINTIES}


def grade_line(*, kind: str, strength: str, direction: str, certainty: str, strength_word: str) -> str:
    """`Recommendation · weak · against the intervention · low certainty of evidence`; keys as the database has them."""
    word = strength_word if strength == "conditional" else strength
    parts = [_word(_KINDS, kind), word, _word(_DIRECTIONS, direction), _word(_CERTAINTIES, certainty)]
    return _BETWEEN.join(part for part in parts if part)


def read_grade_line(line: str) -> dict[str, str] | None:
    """kind, strength, direction and certainty as keys, empty where the line has none; None where it is no such line."""
    found = dict.fromkeys(_FIELDS, "")
    for part in line.split(_BETWEEN):
        name = next(
            (name for name, words in _FIELDS.items() if part.strip() in words and not found[name]), None
        )
        if name is None:
            return None
        found[name] = _FIELDS[name][part.strip()]
    return found if found["kind"] else None


def population_line(population: str) -> str:
    return f"{_POPULATION}{population}"


def read_population_line(line: str) -> str:
    return line.removeprefix(_POPULATION)


def certainty_line(label: str) -> str:
    """`label` is the level as it is printed, such as Low."""
    return f"{_CERTAINTY}{label}"


def read_certainty_line(line: str) -> str:
    """The level's key, empty where the line names none."""
    words = line.removeprefix(_CERTAINTY).casefold()
    levels = ((said.removesuffix(_OF_EVIDENCE), key) for said, key in _CERTAINTIES.items())
    return next((key for said, key in levels if words.startswith(said)), "")


def _word(words: dict[str, str], key: str) -> str:
    return next((word for word, known in words.items() if known == key), "")
