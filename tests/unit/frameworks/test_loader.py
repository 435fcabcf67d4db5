"""Every rule that a framework file must keep, on a small framework that shares nothing with GRADE's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etd.frameworks.loader import FrameworkError, load_directory, load_file, parse
from etd.frameworks.schema import (
    Criterion,
    OptionDirection,
    OptionKind,
    RecommendationDirection,
    Role,
    Strength,
    UnknownKey,
)

TINY_TOML = """
[framework]
key = "short_coverage"
version = 3
title = "A short coverage framework"
language = "fr"
source = "An organisation that never heard of GRADE"

[headings]
question = "Q"
assessment = "A"
judgement = "Notre avis"
research_evidence = "Preuves"
additional_considerations = "Remarques"
summary_of_judgements = "Tout"
type_of_recommendation = "Type"
conclusions = "Fin"

[[question_field]]
key = "population"
heading = "Qui"

[[question_field]]
key = "background"
heading = "Pourquoi"
optional = true

[[criterion]]
key = "worth_it"
heading = "Worth it"
summary_heading = "WORTH"
prompt = "Is it worth it?"
multiple = true
role = "balance"
options = [
  { key = "nah", label = "Nah", column = 2, kind = "scale", direction = "comparison" },
  { key = "yep", label = "Yep", column = 4, kind = "scale", direction = "intervention" },
  { key = "shrug", label = "Shrug", column = 7, kind = "unsure" },
]

[[criterion]]
key = "sure"
heading = "Sure"
summary_heading = "SURE"
prompt = "How sure are we?"
certainty = true
role = "overall_certainty"
options = [
  { key = "little", label = "A little", column = 1, kind = "scale" },
  { key = "much", label = "Much", column = 5, kind = "scale" },
]

[[recommendation_type]]
key = "cover"
label = "Cover it"

[[recommendation_type]]
key = "do_not"
label = "Do not"
strength = "strong"
direction = "against"

[[section]]
key = "say"
heading = "What we say"
holds = "statements"

[[section]]
key = "why"
heading = "Why we say it"
"""

Content = dict[str, Any]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "short_coverage_v3.toml"
    path.write_text(TINY_TOML, encoding="utf-8")
    return path


@pytest.fixture
def content() -> Content:
    import tomllib

    return tomllib.loads(TINY_TOML)


def test_a_second_framework_loads_with_its_own_words(tiny: Path) -> None:
    framework = load_file(tiny)

    assert framework.name == "short_coverage v3"
    assert framework.language == "fr"
    assert framework.headings.judgement == "Notre avis"
    assert [field.heading for field in framework.question_fields] == ["Qui", "Pourquoi"]
    assert [field.optional for field in framework.question_fields] == [False, True]
    worth_it, sure = framework.criteria
    assert (worth_it.multiple, worth_it.certainty) == (True, False)
    assert (sure.multiple, sure.certainty) == (False, True)
    assert [cell and cell.label for cell in worth_it.cells] == [None, "Nah", None, "Yep", None, None, "Shrug"]
    assert [option.key for option in worth_it.scale] == ["nah", "yep"]
    assert worth_it.option("shrug").kind is OptionKind.UNSURE
    assert worth_it.option("yep").direction is OptionDirection.INTERVENTION
    assert framework.recommendation_type("cover").strength is Strength.NONE
    assert framework.recommendation_type("do_not").direction is RecommendationDirection.AGAINST
    assert framework.statements_section.key == "say"
    assert framework.criterion_with_role(Role.OVERALL_CERTAINTY) == sure
    assert framework.criterion_with_role(Role.DESIRABLE) is None


@pytest.mark.parametrize(
    ("lookup", "complaint"),
    [
        (lambda f: f.criterion("nothing"), "short_coverage v3 has no criterion 'nothing'"),
        (lambda f: f.criterion("sure").option("yep"), "criterion 'sure' has no option 'yep'"),
        (lambda f: f.recommendation_type("x"), "short_coverage v3 has no type of recommendation 'x'"),
        (lambda f: f.section("x"), "short_coverage v3 has no section 'x'"),
        (lambda f: f.question_field("setting"), "short_coverage v3 has no question field 'setting'"),
    ],
)
def test_an_unknown_key_is_named(tiny: Path, lookup: Callable[[Any], object], complaint: str) -> None:
    with pytest.raises(UnknownKey) as caught:
        lookup(load_file(tiny))
    assert str(caught.value) == complaint
    assert isinstance(caught.value, KeyError)


def _set(*path: str | int, to: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _remove(*path: str | int) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def _repeat(table: str) -> Callable[[Content], None]:
    return lambda content: content[table].append(copy.deepcopy(content[table][1]))


FIRST_OPTION = ("criterion", 0, "options", 0)
LAST_OPTION = ("criterion", 0, "options", 2)

BROKEN = {
    "no head": (_remove("framework"), "tiny: the table [framework] is missing"),
    "no key": (_remove("framework", "key"), "tiny: [framework]: key is missing"),
    "key with a space": (
        _set("framework", "key", to="Short one"),
        "tiny: [framework]: key 'Short one' must be lower-case letters, digits and underscores",
    ),
    "version zero": (
        _set("framework", "version", to=0),
        "[framework]: version must be a whole number from 1",
    ),
    "version true": (
        _set("framework", "version", to=True),
        "version must be a whole number from 1, not True",
    ),
    "no source": (_set("framework", "source", to=" "), "tiny: [framework]: source is empty"),
    "title is a number": (_set("framework", "title", to=5), "[framework]: title must be text, not 5"),
    "unknown in head": (_set("framework", "colour", to="red"), "tiny: [framework]: unknown: colour"),
    "unknown table": (_set("colours", to={}), "tiny: unknown: colours"),
    "no headings": (_remove("headings"), "tiny: the table [headings] is missing"),
    "heading missing": (_remove("headings", "conclusions"), "tiny: [headings]: conclusions is missing"),
    "unknown heading": (_set("headings", "colophon", to="End"), "tiny: [headings]: unknown: colophon"),
    "no criteria": (_remove("criterion"), "tiny: needs at least one criterion"),
    "no types": (_set("recommendation_type", to=[]), "tiny: needs at least one recommendation_type"),
    "no sections": (_remove("section"), "tiny: needs at least one section"),
    "no question fields": (_remove("question_field"), "tiny: needs at least one question_field"),
    "criterion twice": (_repeat("criterion"), "tiny: criterion key used twice: sure"),
    "type twice": (_repeat("recommendation_type"), "tiny: recommendation_type key used twice: do_not"),
    "section twice": (_repeat("section"), "tiny: section key used twice: why"),
    "question field twice": (_repeat("question_field"), "tiny: question_field key used twice: background"),
    "question field nobody stores": (
        _set("question_field", 0, "key", to="weather"),
        "tiny: question_field 'weather': a question stores only population, intervention",
    ),
    "no prompt": (_set("criterion", 0, "prompt", to=""), "tiny: criterion 'worth_it': prompt is empty"),
    "no heading": (_remove("criterion", 1, "heading"), "tiny: criterion 'sure': heading is missing"),
    "criterion without key": (_remove("criterion", 1, "key"), "tiny: criterion 'number 2': key is missing"),
    "multiple as text": (
        _set("criterion", 0, "multiple", to="yes"),
        "tiny: criterion 'worth_it': multiple must be true or false, not 'yes'",
    ),
    "unknown in criterion": (_set("criterion", 0, "promt", to="?"), "criterion 'worth_it': unknown: promt"),
    "unknown role": (
        _set("criterion", 0, "role", to="judge"),
        "tiny: criterion 'worth_it': role must be one of 'overall_certainty', 'desirable'",
    ),
    "certainty role without certainty": (
        _set("criterion", 1, "certainty", to=False),
        "tiny: criterion 'sure': has the role 'overall_certainty' and must say certainty = true",
    ),
    "role twice": (_set("criterion", 1, "role", to="balance"), "tiny: criterion role used twice: balance"),
    "no options": (
        _set("criterion", 0, "options", to=[]),
        "tiny: criterion 'worth_it': needs at least one options",
    ),
    "one scale option": (
        _remove(*FIRST_OPTION),
        "tiny: criterion 'worth_it': needs at least two scale options",
    ),
    "option twice": (
        _set(*LAST_OPTION, "key", to="nah"),
        "tiny: criterion 'worth_it': option key used twice: nah",
    ),
    "label twice": (
        _set(*LAST_OPTION, "label", to="Nah"),
        "tiny: criterion 'worth_it': option label used twice: Nah",
    ),
    "empty label": (
        _set(*FIRST_OPTION, "label", to="  "),
        "tiny: criterion 'worth_it': option 'nah': label is empty",
    ),
    "column twice": (_set(*FIRST_OPTION, "column", to=4), "tiny: criterion 'worth_it': column used twice: 4"),
    "column 0": (
        _set(*FIRST_OPTION, "column", to=0),
        "criterion 'worth_it': option 'nah': column must be a whole number from 1, not 0",
    ),
    "column 8": (
        _set(*LAST_OPTION, "column", to=8),
        "criterion 'worth_it': option 'shrug': column 8 is not between 1 and 7",
    ),
    "column missing": (
        _remove(*FIRST_OPTION, "column"),
        "option 'nah': column must be a whole number from 1, not None",
    ),
    "scale option among the unsure": (
        _set(*FIRST_OPTION, "column", to=6),
        "option 'nah': a scale option must be in columns 1 to 5, not 6",
    ),
    "unsure option on the scale": (
        _set(*LAST_OPTION, "column", to=5),
        "option 'shrug': an unsure option must be in columns 6 to 7",
    ),
    "columns out of order": (
        _set(*FIRST_OPTION, "column", to=5),
        "criterion 'worth_it': options must be listed in the order of their columns",
    ),
    "unknown kind": (
        _set(*FIRST_OPTION, "kind", to="other"),
        "option 'nah': kind must be one of 'scale', 'unsure', not 'other'",
    ),
    "labels that read the same": (
        _set(*LAST_OPTION, "label", to=" NAH"),
        "tiny: criterion 'worth_it': option label used twice: Nah",
    ),
    "headings that read the same": (
        _set("criterion", 1, "heading", to="worth  it"),
        "tiny: criterion heading used twice: Worth it",
    ),
    "types that read the same": (
        _set("recommendation_type", 1, "label", to="Cover it"),
        "tiny: recommendation_type label used twice: Cover it",
    ),
    "help as text": (
        _set("criterion", 0, "help", to="Think"),
        "tiny: criterion 'worth_it': help must be a list of texts, not 'Think'",
    ),
    "help that is no text": (
        _set("criterion", 0, "help", to=["Think", 5]),
        "tiny: criterion 'worth_it': help number 2 must be text, not 5",
    ),
    "help twice": (
        _set("criterion", 0, "help", to=["Think", "Think"]),
        "tiny: criterion 'worth_it': help used twice: Think",
    ),
    "help twice, once to be checked": (
        lambda content: content["criterion"][0].update(help=["Think"], help_awaits_check=["think"]),
        "tiny: criterion 'worth_it': help used twice: Think",
    ),
    "awaits check as text": (
        _set(*FIRST_OPTION, "awaits_check", to="maybe"),
        "option 'nah': awaits_check must be true or false, not 'maybe'",
    ),
    "weak label of a strong type": (
        _set("recommendation_type", 1, "weak_label", to="Weakly do not"),
        "tiny: recommendation_type 'do_not': only a type with strength = 'conditional' has a weak_label",
    ),
    "strength without direction": (
        _remove("recommendation_type", 1, "direction"),
        "tiny: recommendation_type 'do_not': has a strength and must say its direction",
    ),
    "label on two lines": (
        _set(*FIRST_OPTION, "label", to="N\nah"),
        "option 'nah': label must be on one line",
    ),
    "label with a control character": (
        _set(*FIRST_OPTION, "label", to="N\x00ah"),
        "option 'nah': label holds a character that cannot be printed: 'N\\x00ah'",
    ),
    "key too long": (
        _set("criterion", 0, "key", to="k" * 81),
        "has 81 characters: 80 at most",
    ),
    "version too high": (
        _set("framework", "version", to=10_000),
        "tiny: [framework]: version must be a whole number from 1 to 9999",
    ),
    "no language": (
        _set("framework", "language", to="US English"),
        "tiny: [framework]: language must be a tag such as 'en-US' or 'de', not 'US English'",
    ),
    "no kind": (
        _remove(*FIRST_OPTION, "kind"),
        "option 'nah': kind must be one of 'scale', 'unsure', not None",
    ),
    "unknown direction": (
        _set(*FIRST_OPTION, "direction", to="left"),
        "option 'nah': direction must be one of 'intervention', 'comparison', 'neither', '', not 'left'",
    ),
    "unsure with a direction": (
        _set(*LAST_OPTION, "direction", to="neither"),
        "option 'shrug': an unsure option has no direction",
    ),
    "unknown in option": (_set(*FIRST_OPTION, "colum", to=1), "option 'nah': unknown: colum"),
    "unknown strength": (
        _set("recommendation_type", 1, "strength", to="weak"),
        "tiny: recommendation_type 'do_not': strength must be one of 'strong', 'conditional', '', not 'weak'",
    ),
    "unknown recommendation direction": (
        _set("recommendation_type", 1, "direction", to="up"),
        "recommendation_type 'do_not': direction must be one of 'for', 'against', 'either', '', not 'up'",
    ),
    "type without label": (_remove("recommendation_type", 0, "label"), "'cover': label is missing"),
    "unknown in type": (_set("recommendation_type", 0, "colour", to="red"), "'cover': unknown: colour"),
    "section holds what": (
        _set("section", 1, "holds", to="air"),
        "tiny: section 'why': holds must be one of 'text', 'statements', not 'air'",
    ),
    "unknown in section": (_set("section", 1, "colour", to="red"), "section 'why': unknown: colour"),
    "unknown in question field": (
        _set("question_field", 1, "colour", to="red"),
        "question_field 'background': unknown: colour",
    ),
    "no section for statements": (
        _remove("section", 0, "holds"),
        'tiny: exactly one section must say holds = "statements", not 0',
    ),
    "two sections for statements": (
        _set("section", 1, "holds", to="statements"),
        'tiny: exactly one section must say holds = "statements", not 2',
    ),
}


@pytest.mark.parametrize(("change", "complaint"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_with_its_place(
    content: Content, change: Callable[[Content], None], complaint: str
) -> None:
    parse(content, "tiny")
    change(content)
    with pytest.raises(FrameworkError) as caught:
        parse(content, "tiny")
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("tiny: ")


def test_parsing_leaves_its_input_alone(content: Content) -> None:
    before = copy.deepcopy(content)
    parse(content, "tiny")
    assert content == before


def test_a_file_is_named_after_its_key_and_version(tiny: Path) -> None:
    wrong = tiny.rename(tiny.with_name("short_coverage_v4.toml"))
    with pytest.raises(
        FrameworkError, match=r"short_coverage_v4\.toml: must be named short_coverage_v3\.toml"
    ):
        load_file(wrong)


@pytest.mark.parametrize("broken", [b"[framework", b"title = '\xff'"], ids=["no TOML", "no UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "half_v1.toml"
    path.write_bytes(broken)
    with pytest.raises(FrameworkError, match=r"half_v1\.toml: not a TOML file in UTF-8"):
        load_file(path)


def test_a_broken_line_is_named(tiny: Path) -> None:
    text = TINY_TOML.replace('prompt = "How sure are we?"', "prompt = How sure are we?")
    line = text.splitlines().index("prompt = How sure are we?") + 1
    tiny.write_text(text, encoding="utf-8")
    with pytest.raises(FrameworkError, match=rf"\(at line {line}, column 10\)"):
        load_file(tiny)
    tiny.write_bytes(TINY_TOML.replace("Notre", "Nôtre").encode("latin-1"))
    line = TINY_TOML.splitlines().index('judgement = "Notre avis"') + 1
    with pytest.raises(FrameworkError, match=rf"not a TOML file in UTF-8 \(line {line}\)"):
        load_file(tiny)


def test_what_is_wrong_is_named_by_its_line(tiny: Path) -> None:
    lines = TINY_TOML.splitlines()
    shrug = next(number for number, line in enumerate(lines, start=1) if "shrug" in line)
    nah = next(number for number, line in enumerate(lines, start=1) if "nah" in line)
    first, second = (number for number, line in enumerate(lines, start=1) if line == "[[criterion]]")
    for change, to, complaint in (
        ('key = "shrug"', 'key = "nah"', f"option key used twice: nah (lines {nah}, {shrug})"),
        ('label = "Shrug"', 'label = ""', f"option 'shrug' (line {shrug}): label is empty"),
        ('key = "sure"', 'key = "worth_it"', f"criterion key used twice: worth_it (lines {first}, {second})"),
        ('prompt = "How sure are we?"', "", f"criterion 'sure' (line {second}): prompt is missing"),
    ):
        tiny.write_text(TINY_TOML.replace(change, to), encoding="utf-8")
        with pytest.raises(FrameworkError) as caught:
            load_file(tiny)
        assert complaint in str(caught.value)


def test_no_line_is_named_where_a_text_looks_like_a_table(tiny: Path) -> None:
    text = TINY_TOML.replace('"An organisation that never heard of GRADE"', '"""\n[[criterion]]\n"""')
    tiny.write_text(text.replace('prompt = "How sure are we?"', ""), encoding="utf-8")
    with pytest.raises(FrameworkError) as caught:
        load_file(tiny)
    assert str(caught.value) == "short_coverage_v3.toml: criterion 'sure': prompt is missing"


def test_a_file_from_a_windows_editor_is_read(tiny: Path) -> None:
    plain = load_file(tiny)
    tiny.write_bytes(b"\xef\xbb\xbf" + TINY_TOML.replace("\n", "\r\n").encode())
    assert load_file(tiny) == plain


def test_what_cannot_be_a_framework_file_is_named(tmp_path: Path) -> None:
    deep = tmp_path / "deep_v1.toml"
    deep.write_text("a = " + "[" * 5000, encoding="utf-8")
    large = tmp_path / "large_v1.toml"
    large.write_text("#" * 1_000_001, encoding="utf-8")
    folder = tmp_path / "folder_v1.toml"
    folder.mkdir()
    for path, complaint in (
        (deep, "deep_v1.toml: not a framework file: nested too deeply"),
        (large, "large_v1.toml: larger than 1000 kB: not a framework file"),
        (folder, "folder_v1.toml: cannot be read: "),
        (tmp_path / "none_v1.toml", "none_v1.toml: cannot be read: "),
    ):
        with pytest.raises(FrameworkError) as caught:
            load_file(path)
        assert str(caught.value).startswith(complaint)
    with pytest.raises(FrameworkError, match="no such directory of framework files"):
        load_directory(tmp_path / "nowhere")


def test_optional_words_are_read(content: Content) -> None:
    plain = parse(content, "tiny")
    assert (plain.description, plain.retired, plain.awaits_check) == ("", False, False)
    assert plain.criteria[0].to_consider == ()
    content["framework"] |= {"description": "For payers", "retired": True, "awaits_check": True}
    content["headings"]["awaits_check"] = True
    content["criterion"][0] |= {"help": ["Who pays?"], "help_awaits_check": ["Who else?"]}
    content["recommendation_type"][1] |= {"strength": "conditional", "weak_label": "Rather not"}
    framework = parse(content, "tiny")
    assert (framework.description, framework.retired) == ("For payers", True)
    assert (framework.awaits_check, framework.headings_await_check) == (True, True)
    assert framework.criteria[0].to_consider == ("Who pays?", "Who else?")
    assert [t.label for t in framework.worded("weak").recommendation_types] == ["Cover it", "Rather not"]
    assert framework.worded("conditional") is framework


def test_a_directory_is_read_by_key_and_version(tmp_path: Path) -> None:
    for version in (10, 2):
        text = TINY_TOML.replace("version = 3", f"version = {version}")
        (tmp_path / f"short_coverage_v{version}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("not a framework")

    assert [framework.name for framework in load_directory(tmp_path)] == [
        "short_coverage v2",
        "short_coverage v10",
    ]


def test_a_criterion_has_seven_cells_whatever_its_options(tiny: Path) -> None:
    criteria: tuple[Criterion, ...] = load_file(tiny).criteria
    assert {len(criterion.cells) for criterion in criteria} == {7}
