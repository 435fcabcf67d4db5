"""The difference between two documents: what it says, that it misses nothing, and the errata text."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import schema
from documents.difference import Difference, Edition, Kind, Manner, Weight, compare, errata, proposed_note
from documents.difference.errata import LINE_BREAK, WIDTH, wrapped
from documents.difference.passages import passages
from documents.schema import EtdDocument, UnknownSchema, from_json, to_json
from tests.unit.documents import example as small
from tests.unit.documents.difference_example import full, round_over

Key = str | int
Path = tuple[Key, ...]

# What a document says of itself is no difference: see docs/versions-compared.md.
OF_ITSELF: tuple[Path, ...] = (
    ("schema_version",),
    ("openetd_version",),
    ("version",),
    ("question", "status"),
    ("question", "status_label"),
    ("question", "revision"),
)


@cache
def plain() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(to_json(full())))
    return value


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    if not isinstance(value, dict | list):
        yield path
    for key, member in members:
        yield from leaves(member, (*path, key))


LEAVES = [path for path in leaves(plain()) if not any(path[: len(own)] == own for own in OF_ITSELF)]


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def with_values(changes: dict[Path, Any]) -> EtdDocument:
    """The full document with other values in these places; raises UnknownSchema where it is none any more."""
    value = copy.deepcopy(plain())
    for path, new in changes.items():
        at(value, path[:-1])[path[-1]] = new
    return from_json(value)


def told(difference: Difference) -> str:
    """Everything that a difference says."""
    texts = [
        text
        for change in difference.changes
        for part in change.parts
        for text in (change.place, part.what, part.before, part.after)
    ]
    return "\n".join(texts)


@cache
def base() -> EtdDocument:
    return from_json(plain())


def other_than(path: Path, token: int) -> Any:
    """A value of the same kind that stands nowhere else in the document; None where no single value can stand there."""
    value = at(plain(), path)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return type(value)(7_000_000 + token)
    if value is not None:
        return f"zq{token}zq"
    for new in (f"zq{token}zq", 7_000_000 + token):
        with suppress(UnknownSchema):
            with_values({path: new})
            return new
    return None


# A blank of the scale, or a part that is not there: only a whole part can stand in its place.
SINGLE = [path for path in LEAVES if other_than(path, 0) is not None]


def test_nearly_every_place_takes_another_value() -> None:
    assert {at(plain(), path) for path in LEAVES if path not in SINGLE} == {None}
    assert len(SINGLE) > 0.9 * len(LEAVES)


def test_a_document_does_not_differ_from_itself() -> None:
    assert compare(full(), full()) == Difference(())
    assert not compare(full(), from_json(copy.deepcopy(plain())))


def missed(path: Path) -> list[tuple[Path, str]]:
    """What is not told of another value in this place, forwards and back."""
    was, now = at(plain(), path), other_than(path, 1)
    changed = with_values({path: now})
    found = []
    for way, difference in (("forwards", compare(base(), changed)), ("back", compare(changed, base()))):
        said = told(difference)
        if not difference or any(
            str(one) not in said for one in (was, now) if one not in (None, True, False)
        ):
            found.append((path, way))
    return found


def test_another_value_in_any_place_is_told_both_ways() -> None:
    assert [one for path in SINGLE for one in missed(path)] == []


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(LEAVES),
    now=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
)
def test_whatever_can_be_read_in_a_place_is_a_difference(path: Path, now: Any) -> None:
    try:
        changed = with_values({path: now})
    except UnknownSchema:
        return
    differs = json.dumps(to_json(changed)) != json.dumps(plain())
    assert bool(compare(base(), changed)) is differs
    assert bool(compare(changed, base())) is differs


@settings(max_examples=100, deadline=None)
@given(paths=st.lists(st.sampled_from(SINGLE), min_size=2, max_size=12, unique=True))
def test_of_many_changes_at_once_none_hides_another(paths: list[Path]) -> None:
    new = {path: other_than(path, token) for token, path in enumerate(paths, start=10)}
    said = told(compare(base(), with_values(new)))
    assert [
        path for path, value in new.items() if not isinstance(value, bool) and str(value) not in said
    ] == []


def lists(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, list):
        yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from lists(member, (*path, key))


LISTS = [path for path in lists(plain()) if at(plain(), path) and path[0] != "version"]


@pytest.mark.parametrize(
    "change", [lambda v: v[:-1], lambda v: [*v, v[0]], lambda v: v[::-1]], ids=["shorter", "longer", "turned"]
)
def test_what_is_gone_what_is_new_and_another_order_are_told(change: Callable[[Any], Any]) -> None:
    silent = []
    for path in LISTS:
        new = change(at(plain(), path))
        changed = with_values({path: new})
        expected = new != at(plain(), path)
        if bool(compare(base(), changed)) is not expected or bool(compare(changed, base())) is not expected:
            silent.append(path)
    assert len(LISTS) > 30
    assert silent == []


def test_what_a_document_says_of_itself_is_no_difference() -> None:
    changed = replace(
        full(),
        openetd_version="9.9",
        version=None,
        question=replace(full().question, status="draft", status_label="Draft", revision=99),
    )
    assert not compare(full(), changed)


def judged(**options: bool) -> schema.Criterion:
    scale = tuple(
        cell and replace(cell, chosen=options.get(cell.key, False), applies_to=())
        for cell in small.criterion().scale
    )
    judgements = tuple(
        schema.Judgement(key, key.capitalize(), "", "Consensus", "2026-02-01T10:00:00+00:00", False)
        for key in options
    )
    return small.criterion(scale=scale, judgements=judgements)


def one_row(**changes: Any) -> tuple[schema.OutcomeTable, ...]:
    table = full().tables[0]
    values = dict(small.row().values) | changes.pop("values", {})
    group = replace(table.groups[0], rows=(small.row(values=values, **changes),))
    return (replace(table, groups=(group,)),)


def statement(**changes: Any) -> tuple[schema.Statement, ...]:
    return (replace(full().statements[0], **changes),)


Expected = tuple[Kind, Weight, str, str, str, str]
RULES: dict[str, tuple[dict[str, Any], dict[str, Any], Expected]] = {
    "judgement": (
        {"criteria": (judged(small=True),)},
        {"criteria": (judged(large=True),)},
        (Kind.JUDGEMENT, Weight.DECISION, "Criterion 1, Benefit", "Judgement", "Small", "Large"),
    ),
    "no judgement any more": (
        {"criteria": (judged(small=True),)},
        {"criteria": (judged(),)},
        (Kind.JUDGEMENT, Weight.DECISION, "Criterion 1, Benefit", "Judgement", "Small", ""),
    ),
    "who recorded it": (
        {"criteria": (judged(small=True),)},
        {
            "criteria": (
                replace(
                    judged(small=True), judgements=(replace(judged(small=True).judgements[0], basis="Vote"),)
                ),
            )
        },
        (Kind.JUDGEMENT, Weight.RECORD, "Criterion 1, Benefit", "Basis", "Consensus", "Vote"),
    ),
    "type of recommendation": (
        {},
        {"recommendation_types": tuple(replace(t, chosen=not t.chosen) for t in full().recommendation_types)},
        (
            Kind.JUDGEMENT,
            Weight.DECISION,
            *("Type of recommendation",) * 2,
            "For the device",
            "Against the device",
        ),
    ),
    "strength": (
        {"statements": statement()},
        {"statements": statement(strength="strong", strength_label="Strong")},
        (Kind.STATEMENT, Weight.DECISION, "Statement 1", "Strength", "Weak", "Strong"),
    ),
    "direction": (
        {"statements": statement()},
        {"statements": statement(direction="against")},
        (Kind.STATEMENT, Weight.DECISION, "Statement 1", "Direction", "for", "against"),
    ),
    "words of a statement": (
        {"statements": statement()},
        {"statements": statement(text="We suggest the new device.")},
        (
            Kind.STATEMENT,
            Weight.WORDS,
            "Statement 1",
            "Text",
            "We suggest the device.",
            "We suggest the new device.",
        ),
    ),
    "certainty of an outcome": (
        {},
        {
            "tables": tuple(
                replace(t, groups=tuple(replace(g, certainty="High") for g in t.groups))
                for t in full().tables
            )
        },
        (Kind.CERTAINTY, Weight.DECISION, "Table 2, Survival, n (%)", "Certainty", "Low", "High"),
    ),
    "why that certainty": (
        {},
        {
            "tables": (
                replace(
                    full().tables[0],
                    certainty_notes=(
                        schema.Footnote("a", "Too few events."),
                        full().tables[0].certainty_notes[1],
                    ),
                ),
            )
        },
        (
            Kind.CERTAINTY,
            Weight.WORDS,
            "Table 2, Survival, n (%)",
            "Why",
            "Wide interval.",
            "Too few events.",
        ),
    ),
    "a number": (
        {"tables": one_row()},
        {
            "tables": one_row(
                effect="1.18 (0.98–1.43)", values={"estimate": 1.18, "ci_low": 0.98, "ci_high": 1.43}
            )
        },
        (
            Kind.NUMBERS,
            Weight.NUMBERS,
            "Table 2, Survival, n (%), All patients (reported)",
            "Effect",
            "1.17 (0.97–1.42)",
            "1.18 (0.98–1.43)",
        ),
    ),
    "a result that crosses no effect": (
        {"tables": one_row()},
        {
            "tables": one_row(
                effect="1.21 (1.01–1.45)", values={"estimate": 1.21, "ci_low": 1.01, "ci_high": 1.45}
            )
        },
        (
            Kind.NUMBERS,
            Weight.CROSSING,
            "Table 2, Survival, n (%), All patients (reported)",
            "Effect",
            "1.17 (0.97–1.42)",
            "1.21 (1.01–1.45)",
        ),
    ),
    "a number that is not printed": (
        {"tables": one_row()},
        {"tables": one_row(values={"p_value": 0.1004})},
        (
            Kind.NUMBERS,
            Weight.RECORD,
            "Table 2, Survival, n (%), All patients (reported)",
            "Not rounded: p value",
            "0.1",
            "0.1004",
        ),
    ),
    "a cell of the summary": (
        {},
        {
            "summary_tables": (
                replace(
                    full().summary_tables[0],
                    rows=(
                        replace(
                            full().summary_tables[0].rows[0],
                            cells=(
                                replace(
                                    full().summary_tables[0].rows[0].cells[0],
                                    lines=(schema.SummaryLine("OR 1.2", ("a",)),),
                                ),
                                full().summary_tables[0].rows[0].cells[1],
                            ),
                        ),
                    ),
                ),
            )
        },
        (
            Kind.NUMBERS,
            Weight.NUMBERS,
            "Summary of findings, Survival, n (%), All patients (reported)",
            "Relative effect",
            "OR 1.17 (0.97 to 1.42) [a]",
            "OR 1.2 [a]",
        ),
    ),
    "a method": (
        {},
        {"analyses": (replace(small.analysis(), spec=dict(small.analysis().spec) | {"model": "common"}),)},
        (
            Kind.NUMBERS,
            Weight.NUMBERS,
            "Analysis behind Table 2, Survival, n (%), All patients",
            "Method: model",
            "random",
            "common",
        ),
    ),
    "counts of a study": (
        {},
        {
            "analyses": (
                replace(
                    small.analysis(),
                    inputs=(dict(small.INPUTS[0]) | {"events_intervention": 13}, *small.INPUTS[1:]),
                ),
            )
        },
        (
            Kind.NUMBERS,
            Weight.NUMBERS,
            "Analysis behind Table 2, Survival, n (%), All patients",
            "Study: Alpha, events intervention",
            "12",
            "13",
        ),
    ),
    "research evidence": (
        {"criteria": (small.criterion(research_evidence="Benefit was seen."),)},
        {"criteria": (small.criterion(research_evidence="No benefit was seen."),)},
        (
            Kind.WORDS,
            Weight.WORDS,
            "Criterion 1, Benefit",
            "Research evidence",
            "Benefit was seen.",
            "No benefit was seen.",
        ),
    ),
    "question": (
        {},
        {
            "question": replace(
                full().question,
                fields=(schema.Field("population", "POPULATION", "Adults"), full().question.fields[1]),
            )
        },
        (Kind.WORDS, Weight.WORDS, "Question, POPULATION", "Text", "Adults (≥ 18 years)", "Adults"),
    ),
    "reference": (
        {},
        {
            "references": (
                full().references[0],
                replace(full().references[1], citation="Alpha A. Trial. 2006."),
                full().references[2],
            )
        },
        (
            Kind.REFERENCES,
            Weight.WORDS,
            "Reference 2",
            "Citation",
            "Alpha A. Trial. 2005.",
            "Alpha A. Trial. 2006.",
        ),
    ),
    "framework": (
        {},
        {"framework": replace(full().framework, version=2)},
        (Kind.FRAMEWORK, Weight.WORDS, "Framework", "Version of the framework", "1", "2"),
    ),
    "votes": (
        {},
        {"rounds": (replace(round_over(), tallies=(replace(round_over().tallies[0], n_abstained=1),)),)},
        (
            Kind.PANEL,
            Weight.RECORD,
            "Voting round 1",
            "Votes on Benefit",
            "Small 1; Large 2. The rule was met: 2 of 3.",
            "Small 1; Large 2; abstained 1. The rule was met: 2 of 3.",
        ),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_each_kind_of_change_is_worded(name: str) -> None:
    before, after, expected = RULES[name]
    found = [
        (change.kind, change.weight, change.place, part.what, part.before, part.after)
        for change in compare(replace(full(), **before), replace(full(), **after)).changes
        for part in change.parts
    ]
    assert expected in found


def test_the_most_important_changes_stand_first_and_say_what_they_cross() -> None:
    before, after = full(), full()
    for name in ("research evidence", "a result that crosses no effect", "strength", "votes"):
        before, after = replace(before, **RULES[name][0]), replace(after, **RULES[name][1])
    changes = compare(before, after).changes
    assert [change.weight for change in changes] == [
        Weight.DECISION,
        Weight.CROSSING,
        Weight.WORDS,
        Weight.RECORD,
    ]
    assert changes[1].reasons == (
        "The lower limit of the interval went from 0.97 to 1.01: it crosses no effect (1).",
    )


def test_a_new_reference_before_others_is_new_and_the_others_are_renumbered() -> None:
    old = replace(full(), references=(schema.Reference(1, "Alpha."), schema.Reference(2, "Beta.")))
    new = replace(
        full(),
        references=(
            schema.Reference(1, "Zero."),
            schema.Reference(2, "Alpha."),
            schema.Reference(3, "Beta."),
        ),
    )
    changes = compare(old, new).changes
    assert [(one.place, one.manner, [(p.what, p.before, p.after) for p in one.parts]) for one in changes] == [
        ("Reference 1", Manner.ADDED, [("Number", "", "1"), ("Citation", "", "Zero.")]),
        ("Reference 2", Manner.CHANGED, [("Number", "1", "2")]),
        ("Reference 3", Manner.CHANGED, [("Number", "2", "3")]),
    ]


def test_a_new_footnote_moves_letters_and_is_no_other_reason() -> None:
    table = full().tables[0]
    moved = replace(
        table,
        groups=(replace(table.groups[0], certainty_marks=("b",)),),
        certainty_notes=(schema.Footnote("a", "Of another outcome."), schema.Footnote("b", "Wide interval.")),
    )
    (change,) = (
        one for one in compare(full(), replace(full(), tables=(moved,))).changes if "Survival" in one.place
    )
    assert [(part.what, part.before, part.after) for part in change.parts] == [
        ("Letters of its footnotes", "a", "b")
    ]
    assert change.weight is Weight.WORDS


def test_a_statement_that_came_and_one_that_went_are_told_as_such() -> None:
    removed = compare(full(), replace(full(), statements=full().statements[:1])).changes
    assert [(one.place, one.manner, one.weight) for one in removed] == [
        ("Statement 2 of the older version", Manner.REMOVED, Weight.DECISION)
    ]
    added = compare(replace(full(), statements=full().statements[:1]), full()).changes
    assert [(one.place, one.manner) for one in added] == [("Statement 2", Manner.ADDED)]


def test_statements_in_another_order_are_the_same_statements() -> None:
    (change,) = compare(full(), replace(full(), statements=full().statements[::-1])).changes
    assert [part.what for part in change.parts] == ["Order"]


TEXT = "The device helped in one trial. It did harm in another. The device helped in a third."


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (TEXT, TEXT, []),
        ("", "New.", [("", "New.")]),
        (
            TEXT,
            TEXT.replace("did harm", "did no harm"),
            [("trial. It did harm in another.", "trial. It did no harm in another.")],
        ),
        # With three words beside it the passage stands in the text twice.
        (
            "x a b c D e f g y a b c D e f g z",
            "x a b c D e f g y a b c E e f g z",
            [("f g y a b c D e f g z", "f g y a b c E e f g z")],
        ),
        ("a b c", "a b  c", [("a b c", "a b  c")]),
        ("a b c d e f g", "a b c X e f g", [("a b c d e f g", "a b c X e f g")]),
        ("one\n", "one", [("one\n", "one")]),
    ],
)
def test_passages_quote_what_changes_with_the_words_beside_it(
    before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    assert [(one.before, one.after) for one in passages(before, after)] == expected


@settings(max_examples=200, deadline=None)
@given(
    before=st.lists(st.sampled_from(["one", "two", "three", "\n", " ", "”"]), max_size=40).map(" ".join),
    after=st.lists(st.sampled_from(["one", "two", "four", "\n", "  "]), max_size=40).map(" ".join),
)
def test_the_passages_put_into_the_old_text_make_the_new_one(before: str, after: str) -> None:
    text = before
    for one in reversed(passages(before, after)):
        place = before.index(one.before)
        assert one.before in before
        assert not one.before or before.count(one.before) == 1
        text = text[:place] + one.after + text[place + len(one.before) :]
    assert text == after


@given(st.text(alphabet="ab  “”.¶", max_size=400))
def test_a_wrapped_text_is_the_text_again(text: str) -> None:
    lines = wrapped(text, "     ")
    assert " ".join(line.removeprefix("     ") for line in lines) == text


def edition(document: EtdDocument, name: str = "Version 1") -> Edition:
    return Edition(name, document, "ab" * 32)


def errata_of(before: EtdDocument, after: EtdDocument) -> str:
    return errata(edition(before), edition(after, "Version 2"), compare(before, after))


def test_the_errata_name_both_versions_and_read_for_this_read_that() -> None:
    before, after = full(), full()
    for name in ("judgement", "research evidence", "a number that is not printed"):
        before, after = replace(before, **RULES[name][0]), replace(after, **RULES[name][1])
    version = schema.Version(2, "2026-03-01T10:00:00+00:00", "Sam Osei", "A trial\nwas added.", (), "")
    text = errata_of(before, replace(after, version=version))
    assert text.startswith("Changes from version 1 to version 2\n===================================\n")
    assert "Version 1: published 1 February 2026 by Sam Osei\n" in text
    assert "Version 2: published 1 March 2026 by Sam Osei\n" in text
    assert f"sha256 of its JSON file: {'ab' * 32}" in text
    assert f"Note: “A trial{LINE_BREAK}was added.”" in text
    assert text.count("\n1.   ") == 1


def test_the_errata_number_each_change_and_quote_it_letter_for_letter() -> None:
    before, after = replace(full(), **RULES["judgement"][0]), replace(full(), **RULES["judgement"][1])
    text = errata_of(before, after)
    assert "1.   Criterion 1, Benefit. Judgement\n     For “Small”\n     read “Large”\n" in text
    assert "In the data of the document alone" in text
    assert "For “small”\n     read “large”\n" in text.split("In the data of the document alone")[1]


def test_what_came_is_inserted_and_what_went_is_deleted() -> None:
    one = replace(full(), sections=(replace(full().sections[0], body="More trials."), *full().sections[1:]))
    assert "Conclusions, Recommendation. Text\n     Insert “More trials.”\n" in errata_of(full(), one)
    assert "Conclusions, Recommendation. Text\n     Delete “More trials.”\n" in errata_of(one, full())


def test_the_errata_of_nothing_say_so() -> None:
    assert errata_of(full(), full()).endswith("Nothing differs: both say the same, letter for letter.\n")


def test_no_line_of_the_errata_is_wide() -> None:
    long = replace(
        full(), sections=(replace(full().sections[0], body="many words " * 60), *full().sections[1:])
    )
    lines = errata_of(full(), long).splitlines()
    assert max(len(line) for line in lines) <= WIDTH
    assert " ".join(line.strip() for line in lines).count("many words") == 60


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ""),
        (("judgement",), "Judgement on criterion 1, Benefit: from “Small” to “Large”."),
        (
            ("strength", "research evidence"),
            "Statement 1: strength from “Weak” to “Strong”. Also changed: words in one place.",
        ),
        (("no judgement any more",), "Judgement on criterion 1, Benefit: from “Small” to nothing."),
        (("research evidence", "question"), "Changed: words in 2 places."),
        # Who recorded a judgement is no other judgement.
        (("who recorded it",), "Changed: panel, voting and record in one place."),
        (
            ("type of recommendation",),
            "Type of recommendation: from “For the device” to “Against the device”.",
        ),
    ],
)
def test_a_note_is_proposed_from_what_matters_most(names: tuple[str, ...], expected: str) -> None:
    before, after = full(), full()
    for name in names:
        before, after = replace(before, **RULES[name][0]), replace(after, **RULES[name][1])
    assert proposed_note(compare(before, after)) == expected


def test_the_difference_needs_no_django() -> None:
    code = "import documents.difference, sys; print([m for m in sys.modules if m.split('.')[0] == 'django'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_answers_of_a_good_practice_statement_are_named_by_their_question() -> None:
    before = full()
    first, practice = before.statements
    (answer,) = practice.practice_answers
    no = replace(answer, answer="no", answer_label="No")
    more = schema.PracticeAnswer("clear", "Is it clear?", "yes", "Yes", "")
    after = replace(before, statements=(first, replace(practice, practice_answers=(no, more))))
    (change,) = compare(before, after).changes
    assert [(part.what, part.before, part.after) for part in change.printed] == [
        ("“Is it necessary?”: Answer", "Yes", "No"),
        ("“Is it clear?”: Answer", "", "Yes"),
    ]
