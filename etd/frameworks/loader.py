"""Reads framework files (TOML) into `schema.Framework`, refusing whatever does not make sense.

Every message names the file and, where there is one, the criterion, the option and the line, so that a person who
edits the file finds the place.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from etd.frameworks.schema import (
    GRID_COLUMNS,
    SCALE_COLUMNS,
    Criterion,
    Framework,
    Headings,
    Option,
    OptionDirection,
    OptionKind,
    QuestionField,
    RecommendationDirection,
    RecommendationType,
    Role,
    Section,
    SectionHolds,
    Strength,
)

# What a question can store; a framework chooses among these and names them.
QUESTION_FIELDS = (
    "population",
    "intervention",
    "comparison",
    "main_outcomes",
    "setting",
    "perspective",
    "background",
)

_KEY = re.compile(r"[a-z][a-z0-9_]*")
MAX_KEY = 80  # what the database has room for
MAX_VERSION = 9999
MAX_BYTES = 1_000_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# Control characters, halves of characters, no characters, and separators of lines that no editor shows.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
# A line of a file that begins a table of a list, or an option.
_HEADER = re.compile(r"\s*\[\[\s*([a-z_]+)\s*\]\]\s*(#.*)?")
_OPTION = re.compile(r"\s*\{.*\}\s*,?\s*(#.*)?")

EnumT = TypeVar("EnumT", bound=StrEnum)


class FrameworkError(ValueError):
    """A framework file that cannot be used; the message says where and why."""


def load_directory(directory: Path) -> tuple[Framework, ...]:
    """Every `*.toml` of a directory, by key and version. Raises `FrameworkError`."""
    if not directory.is_dir():
        raise FrameworkError(f"{directory}: no such directory of framework files")
    frameworks = [load_file(path) for path in sorted(directory.glob("*.toml"))]
    return tuple(sorted(frameworks, key=lambda framework: (framework.key, framework.version)))


def load_file(path: Path) -> Framework:
    """One framework file, which must be named KEY_vVERSION.toml. Raises `FrameworkError`."""
    framework = load_text(_read(path), path.name)
    expected = f"{framework.key}_v{framework.version}.toml"
    if path.name != expected:
        raise FrameworkError(f"{path.name}: must be named {expected} after its key and version")
    return framework


def load_text(text: str, source_name: str) -> Framework:
    """A framework from the text of a file; `source_name` begins every message. Raises `FrameworkError`."""
    try:
        content = tomllib.loads(text)
    except ValueError as error:
        raise FrameworkError(f"{source_name}: not a TOML file in UTF-8: {error}") from error
    except RecursionError as error:
        raise FrameworkError(f"{source_name}: not a framework file: nested too deeply") from error
    return parse(content, source_name, text)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FrameworkError(f"{path.name}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise FrameworkError(f"{path.name}: larger than {MAX_BYTES // 1000} kB: not a framework file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FrameworkError(
            f"{path.name}: not a TOML file in UTF-8 (line {line}): save it as UTF-8"
        ) from error
    return text.replace("\r\n", "\n")


def parse(content: dict[str, Any], source_name: str, text: str = "") -> Framework:
    """A framework from a file's content. `source_name` begins every message. Raises `FrameworkError`.

    `text` is what the content was read from; where it is given, messages name lines of it.
    """
    document = _Table(content, source_name, text=text)
    head = document.table("framework", f"{source_name}: [framework]")
    headings = document.table("headings", f"{source_name}: [headings]")
    question_fields = document.tables("question_field")
    criteria = document.tables("criterion")
    types = document.tables("recommendation_type")
    sections = document.tables("section")
    framework = Framework(
        key=head.key(),
        version=_version(head),
        title=head.words("title"),
        description=head.optional_text("description"),
        language=_language(head),
        source=head.text("source"),
        retired=head.boolean("retired"),
        awaits_check=head.boolean("awaits_check"),
        headings_await_check=headings.boolean("awaits_check"),
        headings=_headings(headings),
        question_fields=tuple(_question_field(table) for table in question_fields),
        criteria=tuple(_criterion(table) for table in criteria),
        recommendation_types=tuple(_recommendation_type(table) for table in types),
        sections=tuple(_section(table) for table in sections),
    )
    head.refuse_the_rest()
    document.refuse_the_rest()
    for name, tables, things in (
        ("question_field", question_fields, framework.question_fields),
        ("criterion", criteria, framework.criteria),
        ("recommendation_type", types, framework.recommendation_types),
        ("section", sections, framework.sections),
    ):
        lines = [table.line for table in tables]
        for attribute in ("key", "heading", "summary_heading", "label", "weak_label", "role"):
            values = [getattr(thing, attribute, None) or None for thing in things]
            _refuse_repeats(values, f"{source_name}: {name} {attribute}", lines)
    _check_statements(framework, source_name)
    return framework


def _version(head: _Table) -> int:
    version = head.integer("version")
    if version > MAX_VERSION:
        raise head.fail(f"version must be a whole number from 1 to {MAX_VERSION}")
    return version


def _language(head: _Table) -> str:
    language = head.words("language")
    if not _LANGUAGE.fullmatch(language):
        raise head.fail(f"language must be a tag such as 'en-US' or 'de', not {_shown(language)}")
    return language


class _Table:
    """A TOML table being read: fields are asked for by name and type, and what is left over is refused."""

    def __init__(
        self, content: dict[str, Any], where: str, *, text: str = "", line: int | None = None
    ) -> None:
        self.where = where
        self.line = line
        self._text = text
        self._left = dict(content)

    def fail(self, complaint: str) -> FrameworkError:
        return FrameworkError(f"{self.where}: {complaint}")

    def key(self) -> str:
        key = self.text("key")
        if not _KEY.fullmatch(key):
            raise self.fail(f"key {_shown(key)} must be lower-case letters, digits and underscores")
        if len(key) > MAX_KEY:
            raise self.fail(f"key {_shown(key)} has {len(key)} characters: {MAX_KEY} at most")
        return key

    def text(self, name: str) -> str:
        value = self._left.pop(name, None)
        if value is None:
            raise self.fail(f"{name} is missing")
        return self._checked(name, value)

    def words(self, name: str) -> str:
        """Text that is printed on one line."""
        value = self.text(name)
        if "\n" in value:
            raise self.fail(f"{name} must be on one line")
        return value

    def optional_text(self, name: str) -> str:
        return self.words(name) if name in self._left else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, which may be left out."""
        value = self._left.pop(name, [])
        if not isinstance(value, list):
            raise self.fail(f"{name} must be a list of texts, not {_shown(value)}")
        found = tuple(
            self._checked(f"{name} number {number}", one) for number, one in enumerate(value, start=1)
        )
        _refuse_repeats(found, f"{self.where}: {name}")
        return found

    def _checked(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.fail(f"{name} must be text, not {_shown(value)}")
        if not value.strip():
            raise self.fail(f"{name} is empty")
        if any(unicodedata.category(one) in _UNPRINTABLE for one in value.replace("\n", "")):
            raise self.fail(f"{name} holds a character that cannot be printed: {_shown(value)}")
        return value

    def integer(self, name: str) -> int:
        value = self._left.pop(name, None)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fail(f"{name} must be a whole number from 1, not {_shown(value)}")
        return value

    def boolean(self, name: str) -> bool:
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise self.fail(f"{name} must be true or false, not {_shown(value)}")
        return value

    def choice(self, name: str, choices: type[EnumT], default: EnumT | None = None) -> EnumT:
        value = self._left.pop(name, default)
        try:
            return choices(value)
        except ValueError:
            allowed = ", ".join(repr(choice.value) for choice in choices)
            raise self.fail(f"{name} must be one of {allowed}, not {_shown(value)}") from None

    def role(self) -> Role | None:
        return self.choice("role", Role) if "role" in self._left else None

    def table(self, name: str, where: str) -> _Table:
        value = self._left.pop(name, None)
        if not isinstance(value, dict):
            raise self.fail(f"the table [{name}] is missing")
        return _Table(value, where)

    def tables(self, name: str) -> list[_Table]:
        """A list of tables; each is called by its key, or by its number where it has none."""
        value = self._left.pop(name, None)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self.fail(f"needs at least one {name}")
        kind = name.removesuffix("s")
        places = _places(self._text, name, len(value))
        return [
            _Table(
                item,
                f"{self.where}: {kind} {_called(item, number)}" + (f" (line {line})" if line else ""),
                text=text,
                line=line,
            )
            for number, (item, (line, text)) in enumerate(zip(value, places, strict=True), start=1)
        ]

    def refuse_the_rest(self) -> None:
        if self._left:
            raise self.fail(f"unknown: {', '.join(sorted(self._left))}")


def _called(item: dict[str, Any], number: int) -> str:
    key = item.get("key")
    return f"'{key}'" if isinstance(key, str) and _KEY.fullmatch(key) else f"'number {number}'"


def _shown(value: object) -> str:
    """The value as a message can show it, cut where it is long."""
    return reprlib.repr(value)


def _places(text: str, name: str, count: int) -> list[tuple[int | None, str]]:
    """For each table of a list its line and its own text, with as many line breaks before it as in the file.

    None and no text where the lines that look like such tables are not exactly the tables: no line is better than a
    wrong one.
    """
    lines = text.split("\n")
    if name == "options":
        begins = ends = [number for number, line in enumerate(lines) if _OPTION.fullmatch(line)]
    else:
        headers = {
            number: match[1] for number, line in enumerate(lines) if (match := _HEADER.fullmatch(line))
        }
        begins, ends = [number for number, found in headers.items() if found == name], list(headers)
    if len(begins) != count:
        return [(None, "")] * count
    ends = [*ends, len(lines)]
    return [
        (begin + 1, "\n" * begin + "\n".join(lines[begin : next(end for end in ends if end > begin)]))
        for begin in begins
    ]


def _headings(table: _Table) -> Headings:
    headings = Headings(**{field.name: table.words(field.name) for field in fields(Headings)})
    table.refuse_the_rest()
    return headings


def _question_field(table: _Table) -> QuestionField:
    field = QuestionField(
        key=table.key(),
        heading=table.words("heading"),
        optional=table.boolean("optional"),
        awaits_check=table.boolean("awaits_check"),
    )
    table.refuse_the_rest()
    if field.key not in QUESTION_FIELDS:
        raise table.fail(f"a question stores only {', '.join(QUESTION_FIELDS)}")
    return field


def _recommendation_type(table: _Table) -> RecommendationType:
    recommendation_type = RecommendationType(
        key=table.key(),
        label=table.words("label"),
        strength=table.choice("strength", Strength, Strength.NONE),
        direction=table.choice("direction", RecommendationDirection, RecommendationDirection.NONE),
        weak_label=table.optional_text("weak_label"),
        awaits_check=table.boolean("awaits_check"),
    )
    table.refuse_the_rest()
    if recommendation_type.weak_label and recommendation_type.strength is not Strength.CONDITIONAL:
        raise table.fail("only a type with strength = 'conditional' has a weak_label")
    if recommendation_type.strength and not recommendation_type.direction:
        raise table.fail("has a strength and must say its direction")
    return recommendation_type


def _section(table: _Table) -> Section:
    section = Section(
        key=table.key(),
        heading=table.words("heading"),
        awaits_check=table.boolean("awaits_check"),
        holds=table.choice("holds", SectionHolds, SectionHolds.TEXT),
    )
    table.refuse_the_rest()
    return section


def _criterion(table: _Table) -> Criterion:
    options = table.tables("options")
    criterion = Criterion(
        key=table.key(),
        heading=table.words("heading"),
        summary_heading=table.words("summary_heading"),
        prompt=table.words("prompt"),
        options=tuple(_option(option) for option in options),
        multiple=table.boolean("multiple"),
        certainty=table.boolean("certainty"),
        role=table.role(),
        prompt_awaits_check=table.boolean("prompt_awaits_check"),
        awaits_check=table.boolean("awaits_check"),
        help=table.texts("help"),
        help_awaits_check=table.texts("help_awaits_check"),
    )
    table.refuse_the_rest()
    _check_options(criterion, table, [option.line for option in options])
    _refuse_repeats(criterion.to_consider, f"{table.where}: help")
    if criterion.role is Role.OVERALL_CERTAINTY and not criterion.certainty:
        raise table.fail(f"has the role '{criterion.role}' and must say certainty = true")
    return criterion


def _option(table: _Table) -> Option:
    option = Option(
        key=table.key(),
        label=table.words("label"),
        column=table.integer("column"),
        kind=table.choice("kind", OptionKind),
        direction=table.choice("direction", OptionDirection, OptionDirection.NONE),
        awaits_check=table.boolean("awaits_check"),
    )
    table.refuse_the_rest()
    if option.column > GRID_COLUMNS:
        raise table.fail(f"column {option.column} is not between 1 and {GRID_COLUMNS}")
    if option.is_scale and option.column > SCALE_COLUMNS:
        raise table.fail(f"a scale option must be in columns 1 to {SCALE_COLUMNS}, not {option.column}")
    if not option.is_scale and option.column <= SCALE_COLUMNS:
        raise table.fail(f"an unsure option must be in columns {SCALE_COLUMNS + 1} to {GRID_COLUMNS}")
    if not option.is_scale and option.direction is not OptionDirection.NONE:
        raise table.fail("an unsure option has no direction")
    return option


def _check_options(criterion: Criterion, table: _Table, lines: Sequence[int | None]) -> None:
    _refuse_repeats([option.key for option in criterion.options], f"{table.where}: option key", lines)
    _refuse_repeats([option.label for option in criterion.options], f"{table.where}: option label", lines)
    columns = [option.column for option in criterion.options]
    _refuse_repeats(columns, f"{table.where}: column", lines)
    if columns != sorted(columns):
        raise table.fail("options must be listed in the order of their columns")
    if len(criterion.scale) < 2:
        raise table.fail("needs at least two scale options")


def _check_statements(framework: Framework, source_name: str) -> None:
    holding = sum(section.holds_statements for section in framework.sections)
    if holding != 1:
        raise FrameworkError(
            f'{source_name}: exactly one section must say holds = "statements", not {holding}'
        )


def _refuse_repeats(values: Sequence[object], what: str, lines: Sequence[int | None] = ()) -> None:
    """None is no value. Words that differ only in capitals or spaces are the same: people could not tell them apart."""
    places: dict[object, list[int]] = {}
    for position, value in enumerate(values):
        if value is not None:
            same = " ".join(value.split()).casefold() if isinstance(value, str) else value
            places.setdefault(same, []).append(position)
    repeated = [found for found in places.values() if len(found) > 1]
    if repeated:
        said = "; ".join(_repeat(values, found, lines) for found in repeated)
        raise FrameworkError(f"{what} used twice: {said}")


def _repeat(values: Sequence[object], found: Sequence[int], lines: Sequence[int | None]) -> str:
    at = [str(lines[position]) for position in found if lines and lines[position]]
    return f"{values[found[0]]}" + (f" (lines {', '.join(at)})" if at else "")
