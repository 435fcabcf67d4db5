"""What the lines of the recommendation say of themselves: kind, strength, direction, certainty, population."""

from __future__ import annotations

from documents.importing.imported import ImportedStatement
from documents.importing.labels import aliases
from etd.domain.coherence.statements import said_direction
from etd.domain.recommendation_rules import GOOD_PRACTICE

RECOMMENDATION = "recommendation"


def read_statement(line: str, text: str) -> ImportedStatement | None:
    """The statement that a printed line makes, None where it makes none; `text` is the line as it is stored."""
    words = aliases()
    if words.good_practice.search(line):
        return ImportedStatement(kind=GOOD_PRACTICE, text=text)
    strengths = [name for name, pattern in words.strengths.items() if pattern.search(line)]
    certainties = [name for name, pattern in words.certainties.items() if pattern.search(line)]
    direction = said_direction(line)
    if not strengths and not direction:
        return None
    narrowed = words.narrowed.search(line)
    return ImportedStatement(
        kind=RECOMMENDATION,
        text=text,
        population=narrowed[1] if narrowed else "",
        strength=strengths[0] if len(strengths) == 1 else "",
        direction=direction,
        certainty=certainties[0] if len(certainties) == 1 else "",
    )
