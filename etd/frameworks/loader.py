"""Reads framework files (TOML) into `schema.Framework`, refusing whatever does not make sense.

Every message names the file and, where there is one, the criterion and the option, so that a person who edits
the file finds the place.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
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

EnumT = TypeVar("EnumT", bound=StrEnum)


class FrameworkError(ValueError):
    """A framework file that cannot be used; the message says where and why."""


def load_directory(directory: Path) -> tuple[Framework, ...]:
    """Every `*.toml` of a directory, by key and version. Raises `FrameworkError`."""
    frameworks = [load_file(path) for path in sorted(directory.glob("*.toml"))]
    return tuple(sorted(frameworks, key=lambda framework: (framework.key, framework.version)))


def load_file(path: Path) -> Framework:
    """One framework file, which must be named KEY_vVERSION.toml. Raises `FrameworkError`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FrameworkError(f"{path.name}: not a TOML file in UTF-8: {error}") from error
    framework = parse(content, path.name)
    expected = f"{framework.key}_v{framework.version}.toml"
    if path.name != expected:
        raise FrameworkError(f"{path.name}: must be named {expected} after its key and version")
    return framework


def parse(content: dict[str, Any], source_name: str) -> Framework:
    """A framework from a file's content. `source_name` begins every message. Raises `FrameworkError`."""
    document = _Table(content, source_name)
    head = document.table("framework", f"{source_name}: [framework]")
    framework = Framework(
        key=head.key(),
        version=head.integer("version"),
        title=head.text("title"),
        language=head.text("language"),
        source=head.text("source"),
        headings=_headings(document.table("headings", f"{source_name}: [headings]")),
        question_fields=tuple(_question_field(table) for table in document.tables("question_field")),
        criteria=tuple(_criterion(table) for table in document.tables("criterion")),
        recommendation_types=tuple(
            _recommendation_type(table) for table in document.tables("recommendation_type")
        ),
        sections=tuple(_section(table) for table in document.tables("section")),
    )
    head.refuse_the_rest()
    document.refuse_the_rest()
    _check_framework(framework, source_name)
    return framework


class _Table:
    """A TOML table being read: fields are asked for by name and type, and what is left over is refused."""

    def __init__(self, content: dict[str, Any], where: str) -> None:
        self.where = where
        self._left = dict(content)

    def fail(self, complaint: str) -> FrameworkError:
        return FrameworkError(f"{self.where}: {complaint}")

    def key(self) -> str:
        key = self.text("key")
        if not _KEY.fullmatch(key):
            raise self.fail(f"key '{key}' must be lower-case letters, digits and underscores")
        return key

    def text(self, name: str) -> str:
        value = self._left.pop(name, None)
        if value is None:
            raise self.fail(f"{name} is missing")
        if not isinstance(value, str):
            raise self.fail(f"{name} must be text, not {value!r}")
        if not value.strip():
            raise self.fail(f"{name} is empty")
        return value

    def integer(self, name: str) -> int:
        value = self._left.pop(name, None)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fail(f"{name} must be a whole number from 1, not {value!r}")
        return value

    def boolean(self, name: str) -> bool:
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise self.fail(f"{name} must be true or false, not {value!r}")
        return value

    def choice(self, name: str, choices: type[EnumT], default: EnumT | None = None) -> EnumT:
        value = self._left.pop(name, default)
        try:
            return choices(value)
        except ValueError:
            allowed = ", ".join(repr(choice.value) for choice in choices)
            raise self.fail(f"{name} must be one of {allowed}, not {value!r}") from None

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
        return [
            _Table(item, f"{self.where}: {kind} '{item.get('key', f'number {number}')}'")
            for number, item in enumerate(value, start=1)
        ]

    def refuse_the_rest(self) -> None:
        if self._left:
            raise self.fail(f"unknown: {', '.join(sorted(self._left))}")


def _headings(table: _Table) -> Headings:
    headings = Headings(**{field.name: table.text(field.name) for field in fields(Headings)})
    table.refuse_the_rest()
    return headings


def _question_field(table: _Table) -> QuestionField:
    field = QuestionField(key=table.key(), heading=table.text("heading"), optional=table.boolean("optional"))
    table.refuse_the_rest()
    if field.key not in QUESTION_FIELDS:
        raise table.fail(f"a question stores only {', '.join(QUESTION_FIELDS)}")
    return field


def _recommendation_type(table: _Table) -> RecommendationType:
    recommendation_type = RecommendationType(
        key=table.key(),
        label=table.text("label"),
        strength=table.choice("strength", Strength, Strength.NONE),
        direction=table.choice("direction", RecommendationDirection, RecommendationDirection.NONE),
    )
    table.refuse_the_rest()
    return recommendation_type


def _section(table: _Table) -> Section:
    section = Section(
        key=table.key(),
        heading=table.text("heading"),
        holds=table.choice("holds", SectionHolds, SectionHolds.TEXT),
    )
    table.refuse_the_rest()
    return section


def _criterion(table: _Table) -> Criterion:
    criterion = Criterion(
        key=table.key(),
        heading=table.text("heading"),
        summary_heading=table.text("summary_heading"),
        prompt=table.text("prompt"),
        options=tuple(_option(option) for option in table.tables("options")),
        multiple=table.boolean("multiple"),
        certainty=table.boolean("certainty"),
        role=table.role(),
        prompt_awaits_check=table.boolean("prompt_awaits_check"),
    )
    table.refuse_the_rest()
    _check_options(criterion, table)
    if criterion.role is Role.OVERALL_CERTAINTY and not criterion.certainty:
        raise table.fail(f"has the role '{criterion.role}' and must say certainty = true")
    return criterion


def _option(table: _Table) -> Option:
    option = Option(
        key=table.key(),
        label=table.text("label"),
        column=table.integer("column"),
        kind=table.choice("kind", OptionKind),
        direction=table.choice("direction", OptionDirection, OptionDirection.NONE),
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


def _check_options(criterion: Criterion, table: _Table) -> None:
    _refuse_repeats((option.key for option in criterion.options), f"{table.where}: option key")
    _refuse_repeats((option.label for option in criterion.options), f"{table.where}: option label")
    columns = [option.column for option in criterion.options]
    _refuse_repeats(columns, f"{table.where}: column")
    if columns != sorted(columns):
        raise table.fail("options must be listed in the order of their columns")
    if len(criterion.scale) < 2:
        raise table.fail("needs at least two scale options")


def _check_framework(framework: Framework, source_name: str) -> None:
    _refuse_repeats((field.key for field in framework.question_fields), f"{source_name}: question_field key")
    _refuse_repeats((criterion.key for criterion in framework.criteria), f"{source_name}: criterion key")
    _refuse_repeats(
        (recommendation_type.key for recommendation_type in framework.recommendation_types),
        f"{source_name}: recommendation_type key",
    )
    _refuse_repeats((section.key for section in framework.sections), f"{source_name}: section key")
    _refuse_repeats(
        (c.role for c in framework.criteria if c.role is not None), f"{source_name}: criterion role"
    )
    holding_statements = sum(section.holds_statements for section in framework.sections)
    if holding_statements != 1:
        raise FrameworkError(
            f'{source_name}: exactly one section must say holds = "statements", not {holding_statements}'
        )


def _refuse_repeats(values: Iterable[object], what: str) -> None:
    repeated = [str(value) for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise FrameworkError(f"{what} used twice: {', '.join(repeated)}")
