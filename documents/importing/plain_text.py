"""Plain text → CommonMark that is shown letter for letter, and citation marks for the bare digits of plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from documents.importing.labels import aliases
from documents.importing.marks import TABLE_END, blocks_of_lines, has_marks
from documents.prose import markdown_of
from etd.domain.text import plain

# Above this a paragraph is not tried out, but all its signs are made plain.
_LONGEST_TRIED = 20_000
_MAY_BE_MARKUP = re.compile(r"[\\*_\[#]|^\s*(?:[-+]|\d+[.)])(?:\s|$)", re.M)
_SLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_SIGN = re.compile(r"[\\*_\[\]#]")
_BULLET = re.compile(r"^(\s*)([-+])(?=\s|$)", re.M)
_NUMBER = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)", re.M)

# Superscripts are bare digits in plain text: a number that follows a word or its punctuation without a space, and a
# range between a number's full stop and a new sentence ("days 2–7.7–10 The task force").
_CITED = re.compile(
    r"(?P<end>[a-zß-öø-ÿ)][.,;]?)(?P<n>\d{1,3}(?:[,–-]\d{1,3})*)(?![\w%]|[.,–-]\d)"
    r"|(?<=\d\.)(?P<range>\d{1,3}[–-]\d{1,3})(?= [^\W\d_a-z])"
    # Raised digits, which a format with superscripts has: after a number they are a power.
    r"|(?<![\d⁰¹²³⁴-⁹⁻⁺])(?P<raised>[⁰¹²³⁴-⁹]{1,3}(?:[,–-][⁰¹²³⁴-⁹]{1,3})*)(?![⁰¹²³⁴-⁹])"
)
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_HIGHEST = 999
_WORD = 20
_LAST_WORD = re.compile(r"[^\W\d_]+$")


def folded_lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def as_markdown(lines: Iterable[str]) -> str:
    """The lines of a text as CommonMark: an empty line between paragraphs, and a backslash before every sign that
    would be taken for markup. Without citation marks, see `with_citations`. Lines with formatting keep it."""
    lines = [line.replace(TABLE_END, "") for line in lines]
    if any(has_marks(line) for line in lines):
        return markdown_of(blocks_of_lines(lines))
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join(_escaped("\n".join(paragraph)) for paragraph in paragraphs if paragraph)


def cited_numbers(text: str) -> set[int]:
    """Every number that may be a citation, ranges in full."""
    return {number for match in _CITED.finditer(text) if _may_cite(match) for number in _numbers(match)}


def with_citations(text: str, cited: frozenset[int]) -> str:
    """The text with `[^7–10]` for bare digits that cite these numbers."""

    def marked(match: re.Match[str]) -> str:
        numbers = _numbers(match)
        if not _may_cite(match) or not numbers or not set(numbers) <= cited:
            return match[0]
        digits = match["n"] or match["range"] or match["raised"]
        return f"{match[0][: -len(digits)]}[^{digits.translate(_LOWERED)}]"

    return _CITED.sub(marked, text)


def without_gap(numbers: Iterable[int]) -> frozenset[int]:
    """1, 2, 3… as far as they go: references are numbered without gaps, other numbers are not."""
    there, last = set(numbers), 0
    while last + 1 in there:
        last += 1
    return frozenset(range(1, last + 1))


def numbers_of(mark: str) -> Sequence[int]:
    """The numbers of `7–10,12`, ranges in full; empty where one runs backwards, which is no citation."""
    found: list[int] = []
    for part in mark.split(","):
        ends = [int(end) for end in re.split("[–-]", part) if end.strip().isdecimal()]
        if not ends or len(ends) > 2 or ends[0] > ends[-1] or not 0 < ends[0] <= _HIGHEST:
            return ()
        found += range(ends[0], ends[-1] + 1)
    return found


def _may_cite(match: re.Match[str]) -> bool:
    if match["range"]:
        return True
    end = match.start() if match["raised"] else match.start() + 1
    word = _LAST_WORD.search(match.string[max(end - _WORD, 0) : end])
    # A letter alone is a unit or a statistic: m², I².
    if match["raised"] and word and len(word[0]) == 1:
        return False
    return word is None or word[0].casefold() not in aliases().not_cited_after


def _numbers(match: re.Match[str]) -> Sequence[int]:
    digits = match["n"] or match["range"] or match["raised"]
    return numbers_of(digits.translate(_LOWERED))


def _escaped(paragraph: str) -> str:
    if not _MAY_BE_MARKUP.search(paragraph):
        return paragraph
    if len(paragraph) <= _LONGEST_TRIED:
        wanted = folded_lines(paragraph)
        for attempt in (paragraph, _SLASH.sub(r"\\\\", paragraph)):
            if folded_lines(plain(attempt)) == wanted:
                return attempt
    return _NUMBER.sub(r"\1\\\2", _BULLET.sub(r"\1\\\2", _SIGN.sub(r"\\\g<0>", paragraph)))
