"""The words that documents print for a framework's labels: the framework's own, and the alias tables in `labels/`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

FOLDER = Path(__file__).parent / "labels"
# A part that no framework names.
REFERENCES = "REFERENCES"

_JOINERS = re.compile(r"[-‐‑‒–—/]")
_NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s+")
_QUOTES = re.compile("[’‘`´ʼ]")
ThingT = TypeVar("ThingT")


@dataclass(frozen=True)
class Aliases:
    """All alias tables as one. `labels` maps other words to the framework's, both as `same` writes them."""

    words: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, str]
    controls: frozenset[str]
    of_effect: frozenset[str]
    table_title: re.Pattern[str]
    abbreviations: re.Pattern[str]
    better: Mapping[str, re.Pattern[str]]
    good_practice: re.Pattern[str]
    strengths: Mapping[str, re.Pattern[str]]
    certainties: Mapping[str, re.Pattern[str]]
    narrowed: re.Pattern[str]
    not_cited_after: frozenset[str]


@cache
def aliases() -> Aliases:
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    words = {word: own for file in files for word, own in file.get("words", {}).items()}
    labels: dict[str, list[str]] = {}
    for file in files:
        for entry in file.get("label", ()):
            for other in entry["also"]:
                labels.setdefault(_same(other, words), []).append(_same(entry["is"], words))
    columns = {
        _same(heading, words): column
        for column, headings in _merged(files, "columns").items()
        for heading in headings
    }
    statement = next(file["statement"] for file in files if "statement" in file)
    table = _merged(files, "table")
    return Aliases(
        words=words,
        labels={other: tuple(own) for other, own in labels.items()},
        columns=columns,
        controls=frozenset(_same(heading, words) for heading in table["controls"]),
        of_effect=frozenset(table["of_effect"]),
        table_title=re.compile(rf"\s*(?:{_any(table['title'])})\s+(\d{{1,4}})\s*[.:]?(?:\s+(.*)|\s*)", re.I),
        abbreviations=re.compile(rf"\s*(?:{_any(table['abbreviations'])})\s*:", re.I),
        better={side: _words(names) for side, names in _merged(files, "better").items()},
        good_practice=_words(statement["good_practice"]),
        strengths={name: _words(statement[name]) for name in ("strong", "conditional")},
        certainties={
            key: _certainty(level, statement["certainty_of"]) for level, key in statement["levels"].items()
        },
        narrowed=re.compile(
            rf"\bin ((?:{_any(statement['narrowing'])}) (?:{_any(statement['people'])}))\b", re.I
        ),
        not_cited_after=frozenset(_merged(files, "citations")["not_after"]),
    )


@lru_cache(maxsize=20_000)
def same(text: str) -> str:
    """What two prints of one label have in common: no capitals, hyphens, number before it, marks at its end."""
    return _same(text, aliases().words)


class Labels(Generic[ThingT]):
    """Finds what a printed label means among things that are called something."""

    def __init__(self, called: Iterable[tuple[str, ThingT]]) -> None:
        self._things: dict[str, ThingT] = {}
        for label, thing in called:
            if label:
                self._things.setdefault(same(label), thing)

    def find(self, text: str) -> ThingT | None:
        """The framework's own words come before other words for them."""
        if len(text) > _LONGEST or not text.strip():
            return None
        wanted = same(text)
        if wanted in self._things:
            return self._things[wanted]
        own = (self._things.get(label) for label in aliases().labels.get(wanted, ()))
        return next((thing for thing in own if thing is not None), None)


_LONGEST = 300


def _same(text: str, words: Mapping[str, str]) -> str:
    composed = _NUMBERED.sub("", unicodedata.normalize("NFKC", text))
    plain = _JOINERS.sub(" ", _QUOTES.sub("'", composed)).casefold().replace("&", " and ")
    return " ".join(words.get(word, word) for word in plain.split()).rstrip(" .:")


def _merged(files: Iterable[Mapping[str, Any]], table: str) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for file in files:
        for name, values in file.get(table, {}).items():
            merged.setdefault(name, []).extend(values)
    return merged


def _any(words: Iterable[str]) -> str:
    """A pattern for one of these, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_any(words)})\b", re.I)


def _certainty(level: str, forms: Iterable[str]) -> re.Pattern[str]:
    said = _any(form.format(level=level) for form in forms)
    return re.compile(rf"(?<!very )\b(?:{said.replace('-', '[- ]')})\b", re.I)
