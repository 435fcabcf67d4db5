"""How a certainty of evidence is written: its word and its four circles."""

from __future__ import annotations

SYMBOLS = {"high": "⊕⊕⊕⊕", "moderate": "⊕⊕⊕◯", "low": "⊕⊕◯◯", "very_low": "⊕◯◯◯"}


def symbols(level: str) -> str:
    """The four circles of a level; empty where none was recorded."""
    return SYMBOLS.get(level, "")
