"""The difference between two documents: nothing in which their data differ is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from documents.difference import conclusions, numbers, texts
from documents.difference.change import Change, Difference, Kind, Weight
from documents.difference.matching import Words, in_words, same_value, value_parts
from documents.schema import EtdDocument

# What a document says of itself, not of its question: the program, and the edition with its number, date and note.
_OF_ITSELF = ("schema_version", "openetd_version", "version")
_Rule = Callable[[EtdDocument, EtdDocument], Iterator[Change]]

# In the order of the document; each rule answers for these keys.
_RULES: tuple[tuple[_Rule, tuple[str, ...]], ...] = (
    (conclusions.statements, ("statements",)),
    (conclusions.recommendation, ("recommendation_types", "recommendation_note", "type_judgement")),
    (conclusions.criteria, ("criteria",)),
    (numbers.outcome_tables, ("tables",)),
    (numbers.summary_tables, ("summary_tables",)),
    (numbers.analyses, ("analyses",)),
    (texts.question, ("guideline", "question")),
    (texts.sections, ("sections",)),
    (texts.source, ("source",)),
    (texts.references, ("references",)),
    (texts.framework, ("framework",)),
    (texts.panel, ("panel",)),
    (texts.rounds, ("rounds",)),
)


def compare(before: EtdDocument, after: EtdDocument) -> Difference:
    """What is different in `after`, the most important first; empty where both say the same.

    Left out is what a document says of itself: the program, the status and revision of the work, the edition.
    """
    changes = [change for rule, keys in _RULES for change in _by_rule(rule, keys, before, after)]
    ruled = {key for _, keys in _RULES for key in keys}
    rest = [field.name for field in fields(EtdDocument) if field.name not in {*ruled, *_OF_ITSELF}]
    changes += [change for name in rest for change in _unworded(name, before, after)]
    return Difference(tuple(sorted(changes, key=lambda change: change.weight)))


def _by_rule(rule: _Rule, keys: tuple[str, ...], before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    """What the rule finds; where it finds nothing and yet something differs, that by its keys."""
    found = tuple(rule(before, after))
    yield from found
    if not found:
        for key in keys:
            yield from _unworded(key, before, after)


def _unworded(name: str, before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    old, new = (_content(getattr(document, name)) for document in (before, after))
    if not same_value(old, new):
        words = Words("", printed=False)
        yield Change(
            Kind.OTHER, Weight.RECORD, in_words((name,)).capitalize(), tuple(value_parts(old, new, words))
        )


def _content(value: Any) -> Any:
    """Without the state of the work, which is no content."""
    if hasattr(value, "revision") and hasattr(value, "status"):
        return replace(value, status="", status_label="", revision=0)
    return value
