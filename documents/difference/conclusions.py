"""What changed in the judgements, the type of recommendation and the statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from documents.difference.change import Change, Kind, Manner, Part, Weight, manner
from documents.difference.matching import Words, aligned, order_parts, parts_of, same_value, shown
from documents.schema import (
    Criterion,
    EtdDocument,
    Judgement,
    Option,
    PracticeAnswer,
    RecommendationType,
    Statement,
)

_JUDGEMENT = {
    "option_key": Words("Option", printed=False),
    "label": Words("Judgement"),
    "applies_to": Words("Applies to"),
    "basis": Words("Basis"),
    "basis_key": Words("Basis (key)", printed=False),
    "at": Words("Recorded at", printed=False),
    "recorded_by": Words("Recorded by", printed=False),
    "round_number": Words("Voting round"),
    "reason": Words("The panel’s reason", prose=True),
    "evidence_changed": Words("Its evidence has changed since it was judged"),
    "evidence_change": Words("Its evidence has changed since (key)", printed=False),
    "evidence_digest": Words("sha256 of its evidence", printed=False),
    "reaffirmed_by": Words("Reaffirmed by"),
    "reaffirmed_at": Words("Reaffirmed at", printed=False),
    "reaffirmed_because": Words("Reaffirmed because", prose=True),
}
_CRITERION = {
    "number": Words("Number"),
    "heading": Words("Heading"),
    "summary_heading": Words("Heading in the summary"),
    "prompt": Words("Question asked", prose=True),
    "multiple": Words("Several judgements are possible", printed=False),
    "role": Words("Role in the framework", printed=False),
}
_TEXTS = {
    "research_evidence": Words("Research evidence", prose=True),
    "additional_considerations": Words("Additional considerations", prose=True),
}
# Fields of a criterion that have a comparison of their own.
_OWN_PART = ("scale", "judgements", "too_many", "adolopment")
_BUT_TEXTS = tuple(name for name in Criterion.__dataclass_fields__ if name not in _TEXTS)
_ADOLOPMENT = {
    "choice": Words("What the panel did with the source’s judgement (key)", printed=False),
    "choice_label": Words("What the panel did with the source’s judgement"),
    "reason": Words("Why", prose=True),
    "source": Words("Judgement of the source"),
    "differs": Words("The panel’s judgement is another than the source’s"),
}
_OPTION = {
    "label": Words("Label"),
    "column": Words("Place on the scale"),
    "direction": Words("Side that it favours"),
    "aside": Words("Stands beside the scale"),
}
_STATEMENT = {
    "kind_label": Words("Kind"),
    "strength_label": Words("Strength"),
    "direction": Words("Direction"),
    "certainty_label": Words("Certainty"),
    "population": Words("Population"),
    "text": Words("Text", prose=True),
    "remark": Words("Remark", prose=True),
    "paradigm_label": Words("Situation of a strong recommendation"),
    "paradigm_reason": Words("Why that situation", prose=True),
    "practice_basis_label": Words("Basis of the good practice statement"),
    "certainty_symbols": Words("Certainty in signs"),
}
_ANSWER = {
    "key": Words("Question (key)", printed=False),
    "question": Words("Question"),
    "answer": Words("Answer (key)", printed=False),
    "answer_label": Words("Answer"),
    "rationale": Words("Why", prose=True),
}
_WORDS_OF_A_NAME = 12
# A statement recommends something else where one of these is another.
_DECIDES = (
    "kind",
    "kind_label",
    "strength",
    "strength_label",
    "direction",
    "certainty",
    "certainty_label",
    "population",
)


def criteria(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(before.criteria, after.criteria, lambda one: one.key)
    for old, new in pairs:
        yield from _criterion(old, new)
    if order := order_parts(before.criteria, after.criteria, pairs, lambda one: one.heading):
        yield Change(Kind.FRAMEWORK, Weight.WORDS, "Criteria", tuple(order))


def _criterion(old: Criterion | None, new: Criterion | None) -> Iterator[Change]:
    either = new or old
    assert either is not None
    place = f"Criterion {either.number}, {either.heading}"
    own = [
        *_chosen_parts(old, new),
        *_judgement_parts(_judgements(old), _judgements(new)),
        *_adolopment_parts(old, new),
    ]
    if parts := list(dict.fromkeys(own)):
        decides = _chosen(old) != _chosen(new) or _recorded(old) != _recorded(new)
        yield Change(Kind.JUDGEMENT, Weight.DECISION if decides else Weight.RECORD, place, tuple(parts))
    if parts := parts_of(old, new, _TEXTS, skip=_BUT_TEXTS):
        yield Change(Kind.WORDS, Weight.WORDS, place, tuple(parts))
    if parts := [*parts_of(old, new, _CRITERION, skip=(*_TEXTS, *_OWN_PART)), *_scale_parts(old, new)]:
        yield Change(Kind.FRAMEWORK, Weight.WORDS, place, tuple(parts), manner(old, new))


def _judgements(criterion: Criterion | None) -> tuple[Judgement, ...]:
    return criterion.judgements if criterion else ()


def _chosen(criterion: Criterion | None) -> tuple[str, ...]:
    """The chosen options as they are printed; what applies to an option that is not chosen is told of too."""
    options = [cell for cell in (criterion.scale if criterion else ()) if cell is not None]
    return tuple(_option_text(one) for one in options if one.chosen or one.applies_to)


def _option_text(option: Option) -> str:
    label = option.label if option.chosen else f"not chosen: {option.label}"
    return f"{label} ({', '.join(option.applies_to)})" if option.applies_to else label


def _recorded(criterion: Criterion | None) -> list[tuple[str, str, str]]:
    return sorted((one.option_key, one.label, one.applies_to) for one in _judgements(criterion))


def _chosen_parts(old: Criterion | None, new: Criterion | None) -> Iterator[Part]:
    was, now = ("; ".join(_chosen(one)) for one in (old, new))
    if was != now:
        yield Part("Judgement", was, now)
    many, many_now = (shown(one is not None and one.too_many) for one in (old, new))
    if many != many_now:
        yield Part("More than one judgement where one is meant", many, many_now)


def _adolopment_parts(old: Criterion | None, new: Criterion | None) -> list[Part]:
    was, now = (one.adolopment if one is not None else None for one in (old, new))
    return parts_of(was, now, _ADOLOPMENT) if was or now else []


def _judgement_parts(before: tuple[Judgement, ...], after: tuple[Judgement, ...]) -> Iterator[Part]:
    """How each judgement was made. A part names its option only where there are several."""
    several = len(before) > 1 or len(after) > 1
    pairs = aligned(before, after, lambda one: (one.option_key, one.applies_to), lambda one: one.option_key)
    left_over = [old for old, new in pairs if new is None]
    for old, new in pairs:
        if new is None:
            continue
        if old is None and left_over:
            old = left_over.pop(0)  # the option that this one replaces
        yield from _named(parts_of(old, new, _JUDGEMENT), new.label if several else "")
    for old in left_over:
        yield from _named(parts_of(old, None, _JUDGEMENT), old.label if old and several else "")
    yield from order_parts(before, after, pairs, lambda one: one.label)


def _named(parts: list[Part], name: str) -> Iterator[Part]:
    return (replace(part, what=f"{name}: {part.what}" if name else part.what) for part in parts)


def _scale_parts(old: Criterion | None, new: Criterion | None) -> Iterator[Part]:
    scale, scale_now = (one.scale if one is not None else () for one in (old, new))
    before, after = ([cell for cell in side if cell is not None] for side in (scale, scale_now))
    for was, now in aligned(before, after, lambda one: one.key, lambda one: one.label):
        either = now or was
        assert either is not None
        found = parts_of(was, now, _OPTION, skip=("chosen", "applies_to"))
        yield from _named(found, f"Option “{either.label}”")
    places, places_now = (_places(side) for side in (scale, scale_now))
    if old and new and places != places_now:
        yield Part("Places on the scale", places, places_now, printed=False)


def _places(scale: tuple[Option | None, ...]) -> str:
    return ", ".join(cell.key if cell else "(blank)" for cell in scale)


def recommendation(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    """The type of recommendation, what it rests on, and the note beside it."""
    place = "Type of recommendation"
    was, now = (_chosen_type(one.recommendation_types) for one in (before, after))
    parts = [Part(place, was, now)] if was != now else []
    old, new = before.type_judgement, after.type_judgement
    if old or new:
        parts += parts_of(old, new, _JUDGEMENT | {"label": Words(place)})
    if parts := list(dict.fromkeys(parts)):
        decides = was != now or (old and (old.option_key, old.label)) != (new and (new.option_key, new.label))
        yield Change(Kind.JUDGEMENT, Weight.DECISION if decides else Weight.RECORD, place, tuple(parts))
    if not same_value(before.recommendation_note, after.recommendation_note):
        note = Part("Note", before.recommendation_note, after.recommendation_note, prose=True)
        yield Change(Kind.WORDS, Weight.WORDS, place, (note,))
    pairs = aligned(before.recommendation_types, after.recommendation_types, lambda one: one.key)
    for one, other in pairs:
        either = other or one
        assert either is not None
        if labels := parts_of(one, other, {"label": Words("Label")}, skip=("chosen",)):
            yield Change(
                Kind.FRAMEWORK, Weight.WORDS, f"{place} “{either.label}”", tuple(labels), manner(one, other)
            )
    types = before.recommendation_types, after.recommendation_types
    if order := order_parts(*types, pairs, lambda one: one.label):
        yield Change(Kind.FRAMEWORK, Weight.WORDS, place, tuple(order))


def _chosen_type(types: tuple[RecommendationType, ...]) -> str:
    return "; ".join(one.label for one in types if one.chosen)


def statements(before: EtdDocument, after: EtdDocument) -> Iterator[Change]:
    pairs = aligned(
        before.statements,
        after.statements,
        lambda one: one.text,
        lambda one: (one.kind, one.population) if one.population else "",
    )
    for old, new in pairs:
        places = (_place(old, before) if old else None, _place(new, after) if new else None)
        yield from _statement(old, new, _name(*places))
    if order := order_parts(before.statements, after.statements, pairs, _beginning):
        yield Change(Kind.STATEMENT, Weight.WORDS, "Statements", tuple(order))


def _name(number_before: int | None, number: int | None) -> str:
    if number is None:
        return f"Statement {number_before} of the older version"
    moved = number_before is not None and number_before != number
    return f"Statement {number} ({number_before} in the older version)" if moved else f"Statement {number}"


def _beginning(statement: Statement) -> str:
    """The first words of a statement, enough to tell it from the others."""
    words = statement.text.split()
    return " ".join(words[:_WORDS_OF_A_NAME]) + (" …" if len(words) > _WORDS_OF_A_NAME else "")


def _place(statement: Statement, document: EtdDocument) -> int:
    return next(n for n, one in enumerate(document.statements, start=1) if one is statement)


def _statement(old: Statement | None, new: Statement | None, place: str) -> Iterator[Change]:
    parts = parts_of(old, new, _STATEMENT, skip=("practice_answers",))
    parts.sort(key=lambda part: _PRINTED_ORDER.get(part.what, len(_PRINTED_ORDER)))
    parts += _answer_parts(*(one.practice_answers if one is not None else () for one in (old, new)))
    if parts:
        decides = manner(old, new) is not Manner.CHANGED or any(
            not same_value(getattr(old, name), getattr(new, name)) for name in _DECIDES
        )
        weight = Weight.DECISION if decides else Weight.WORDS
        yield Change(Kind.STATEMENT, weight, place, tuple(parts), manner(old, new))


def _answer_parts(before: tuple[PracticeAnswer, ...], after: tuple[PracticeAnswer, ...]) -> Iterator[Part]:
    """The five questions of a good practice statement, each part named by its question."""
    pairs = aligned(before, after, lambda one: one.key)
    for old, new in pairs:
        either = new or old
        assert either is not None
        in_name = () if old and new else ("question",)
        yield from _named(parts_of(old, new, _ANSWER, skip=in_name), f"“{either.question}”")
    yield from order_parts(before, after, pairs, lambda one: one.question)


_PRINTED_ORDER = {words.label: place for place, words in enumerate(_STATEMENT.values())}
