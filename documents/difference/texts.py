"""What changed in the question, the framework, the sections, the references, the panel and the rounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from documents.difference.change import Change, Kind, Part, Weight, manner
from documents.difference.matching import Words, aligned, order_parts, parts_of
from documents.schema import EtdDocument, Round, Tally

_GUIDELINE = {
    "title": Words("Title"),
    "organisation": Words("Organisation"),
    "strength_word": Words("Word for a recommendation that is not strong"),
}
_QUESTION = {
    "title": Words("Title", prose=True),
    "intervention_label": Words("Short name of the intervention"),
    "comparison_label": Words("Short name of the comparison"),
}
# They say in which state of the work a document was written; the two documents' own dates and numbers say it better.
_STATE = ("status", "status_label", "revision")
_SOURCE = {
    "title": Words("Title"),
    "organisation": Words("Organisation"),
    "address": Words("Address"),
    "file_name": Words("File"),
    "sha256": Words("sha256 of the file", printed=False),
    "type_label": Words("Type of recommendation"),
    "statements": Words("Statements", prose=True),
}
_REFERENCE = {
    "number": Words("Number"),
    "citation": Words("Citation", prose=True),
    "doi": Words("DOI"),
    "pmid": Words("PubMed number"),
}
_CONFLICT = {"name": Words("Name"), "scope": Words("Scope"), "level_label": Words("How it is managed")}
_PANEL = {"declared_none": Words("Declared none"), "no_declaration": Words("Have not declared")}
_ROUND = {
    "blind": Words("Blind"),
    "opened_at": Words("Opened at"),
    "ended_at": Words("Ended at"),
    "by_time": Words("Ended at its closing time"),
    "items": Words("Items (keys)", printed=False),
    "n_ballots": Words("Ballots"),
    "n_voided": Words("Voided ballots"),
    "n_cast": Words("Ballots with a vote"),
    "rule": Words("Rule for consensus"),
    "rule_asks": Words("The rule asks for"),
    "rule_citation": Words("Source of the rule"),
    "roll": Words("Had a ballot"),
}
_FRAMEWORK = {
    "title": Words("Framework"),
    "version": Words("Version of the framework"),
    "language": Words("Language"),
    "source": Words("Source of the framework", prose=True),
    "headings": Words("Heading"),
}


@dataclass(frozen=True)
class _List:
    """How the members of a list are compared: by their keys, then by what else; how each is named."""

    kind: Kind
    weight: Weight
    words: Mapping[str, Words]
    keys: tuple[Callable[[Any], Hashable], ...]
    name: Callable[[Any], str]
    whole: str

    def changes(self, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
        pairs = aligned(before, after, *self.keys)
        for old, new in pairs:
            if parts := parts_of(old, new, self.words):
                place = self.name(new if new is not None else old)
                yield Change(self.kind, self.weight, place, tuple(parts), manner(old, new))
        if order := order_parts(before, after, pairs, self.name):
            yield Change(self.kind, Weight.WORDS, self.whole, tuple(order))


_FIELDS = _List(
    Kind.WORDS,
    Weight.WORDS,
    {"text": Words("Text", prose=True), "heading": Words("Heading")},
    (lambda one: one.key, lambda one: one.heading),
    lambda one: f"Question, {one.heading}",
    "Question",
)
_SECTIONS = _List(
    Kind.WORDS,
    Weight.WORDS,
    {"body": Words("Text", prose=True), "heading": Words("Heading")},
    (lambda one: one.key, lambda one: one.heading),
    lambda one: f"Conclusions, {one.heading}",
    "Conclusions",
)
_REFERENCES = _List(
    Kind.REFERENCES,
    Weight.WORDS,
    _REFERENCE,
    (lambda one: one.citation, lambda one: one.doi, lambda one: one.pmid, lambda one: one.number),
    lambda one: f"Reference {one.number}",
    "References",
)
_CONFLICTS = _List(
    Kind.PANEL,
    Weight.RECORD,
    _CONFLICT,
    (lambda one: (one.name, one.scope), lambda one: one.name),
    lambda one: f"Conflict of interest of {one.name}",
    "Conflicts of interest",
)


def question(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    yield from _one(
        Kind.WORDS, Weight.WORDS, "Guideline", parts_of(before.guideline, after.guideline, _GUIDELINE)
    )
    parts = parts_of(before.question, after.question, _QUESTION, skip=("fields", *_STATE))
    yield from _one(Kind.WORDS, Weight.WORDS, "Question", parts)
    yield from _FIELDS.changes(before.question.fields, after.question.fields)


def framework(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    parts = parts_of(before.framework, after.framework, _FRAMEWORK)
    yield from _one(Kind.FRAMEWORK, Weight.WORDS, "Framework", parts)


def source(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    """The other body's document that this one was made from."""
    if before.source or after.source:
        parts = parts_of(before.source, after.source, _SOURCE)
        yield from _one(Kind.WORDS, Weight.WORDS, "Source document", parts)


def sections(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    return _SECTIONS.changes(before.sections, after.sections)


def references(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    return _REFERENCES.changes(before.references, after.references)


def panel(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    old, new = before.panel, after.panel
    yield from _CONFLICTS.changes(old.conflicts if old else (), new.conflicts if new else ())
    if old is not None or new is not None:
        parts = parts_of(old, new, _PANEL, skip=("conflicts",))
        if (old is None) is not (new is None):
            was, now = ("no", "yes") if old is None else ("yes", "no")
            parts.append(Part("A panel has worked with it", was, now))
        yield from _one(Kind.PANEL, Weight.RECORD, "Panel", parts)


def rounds(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(before.rounds, after.rounds, lambda one: one.number, lambda one: one.opened_at)
    for old, new in pairs:
        either = new or old
        assert either is not None
        parts = [*parts_of(old, new, _ROUND, skip=("tallies",)), *_tallies(old, new)]
        parts.sort(key=lambda part: not part.printed)
        if parts:
            place = f"Voting round {either.number}"
            yield Change(Kind.PANEL, Weight.RECORD, place, tuple(parts), manner(old, new))
    if order := order_parts(before.rounds, after.rounds, pairs, lambda one: f"round {one.number}"):
        yield Change(Kind.PANEL, Weight.RECORD, "Voting rounds", tuple(order))


def _tallies(old: Round | None, new: Round | None) -> Iterator[Part]:
    before, after = (one.tallies if one else () for one in (old, new))
    pairs = aligned(before, after, lambda one: one.item_key)
    for was, now in pairs:
        either = now or was
        assert either is not None
        before_text, after_text = (_tally_text(one) if one else "" for one in (was, now))
        if before_text != after_text:
            yield Part(f"Votes on {either.heading}", before_text, after_text)
        for part in parts_of(was, now, {}):
            yield replace(part, what=f"{either.heading}: {part.what}", printed=False)
    yield from order_parts(before, after, pairs, lambda one: one.heading)


def _tally_text(tally: Tally) -> str:
    """The votes on one item in a line, as a round prints them."""
    votes = [
        f"{one.label} {one.count}" + (f" ({one.share})" if one.share else "")
        for one in tally.options
        if one.count
    ]
    if tally.n_abstained:
        votes.append(f"abstained {tally.n_abstained}")
    return ". ".join(filter(None, ("; ".join(votes) or "No votes", tally.verdict)))


def _one(kind: Kind, weight: Weight, place: str, parts: Sequence[Part]) -> Iterator[Change]:
    if parts:
        yield Change(kind, weight, place, tuple(parts))
