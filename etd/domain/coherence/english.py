"""Reading English prose for the checks: sentences, words, numbers, citations. Everything is linear in the text.

A check must be silent rather than mistaken, so what is read here is read narrowly. No regular expression repeats
without a bound inside another repetition, and none looks further than one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from etd.domain.coherence.inputs import Passage

_MARK = re.compile(r"\[\^(\d{1,4}(?:[–,-]\d{1,4}){0,20})\]")
_AUTHOR_YEAR = re.compile(r"\s?\(([A-Z][\w’'-]{1,40}(?:\set\sal\.?)?,?\s(?:19|20)\d\d[a-z]?)\)")
_MARK_AFTER_STOP = re.compile(r"([.!?])(\[\^[\d–,-]{1,80}\])")
_ESCAPED = re.compile(r"\\([^\w\s])")
_EMPHASIS = re.compile(r"\*\*|__")
_LIST_MARK = re.compile(r"^\s{0,8}(?:[·•*-]|\d{1,2}[.)])\s+")
_STOP = re.compile(r"(?<=[.!?])\s+(?=[A-Z(“\"0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|al|approx|no|fig|ref|dr|prof|st|resp|incl)|\b[A-Za-z])\.$", re.I
)
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)?")
_PUNCTUATION = re.compile(r"[^\w%]+")

# Longer than any sentence that a person reads: what is longer is cut, so that no rule works on a whole book at once.
LONGEST_SENTENCE = 3000
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "done",
        "during",
        "for",
        "from",
        "had",
        "has",
        "have",
        "having",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "may",
        "might",
        "more",
        "most",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "only",
        "or",
        "other",
        "our",
        "over",
        "per",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "under",
        "until",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "will",
        "with",
        "within",
        "without",
        "would",
    ]
)
_SUFFIXES = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ities",
    "ings",
    "ing",
    "ied",
    "ies",
    "is",
    "ity",
    "ed",
    "es",
    "al",
    "s",
    "e",
    "y",
)
_SHORTEST_STEM = 4
_QUOTE_WORDS = 24


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its citations; `cited` are the numbers and "Author 2024" that stood in it."""

    where: str
    text: str
    cited: frozenset[str] = frozenset()


def clean(text: str) -> str:
    """The text without escapes and bold marks; citation marks stay."""
    return _EMPHASIS.sub("", _ESCAPED.sub(r"\1", text))


def sentences(passage: Passage) -> list[Sentence]:
    """The sentences of a passage; a line or list item ends one."""
    return list(_sentences(passage.where, passage.text))


@lru_cache(maxsize=512)
def _sentences(where: str, text: str) -> tuple[Sentence, ...]:
    found = []
    for line in clean(text).splitlines():
        moved = _MARK_AFTER_STOP.sub(r"\2\1", _LIST_MARK.sub("", line))
        for piece in _split(moved.strip()):
            cited = frozenset(_MARK.findall(piece)) | frozenset(_AUTHOR_YEAR.findall(piece))
            bare = _AUTHOR_YEAR.sub("", _MARK.sub("", piece)).strip()
            if bare:
                found.append(Sentence(where, bare[:LONGEST_SENTENCE], cited))
    return tuple(found)


def _split(line: str) -> list[str]:
    pieces: list[str] = []
    for piece in _STOP.split(line):
        if pieces and _ABBREVIATION.search(pieces[-1][-12:]):
            pieces[-1] = f"{pieces[-1]} {piece}"
        elif piece:
            pieces.append(piece)
    return pieces


def all_sentences(passages: Iterable[Passage]) -> list[Sentence]:
    return [sentence for passage in passages for sentence in sentences(passage)]


def words(text: str) -> list[str]:
    """The words in lower case, without signs; a hyphenated word is one."""
    return [word.lower() for word in _WORD.findall(text)]


def stem(word: str) -> str:
    """A rough stem that joins forms and spellings: favourable and favorable, monitoring and monitored."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    word = word.replace("our", "or").replace("ae", "e").replace("oe", "e")
    word = re.sub(r"is(ed?|ing|ation)$", r"iz\1", word)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word[: -len(suffix)]
    return word


def stems(text: str) -> set[str]:
    """The stems of the words that mean something; numbers left out."""
    return {stem(word) for word in words(text) if word not in STOP_WORDS and not word[0].isdigit()}


def same_words(text: str) -> str:
    """What two copies of a sentence have in common, whatever their spacing, signs and capitals."""
    return " ".join(_PUNCTUATION.sub(" ", text.lower()).split())


def citation_numbers(text: str) -> set[int]:
    """The numbers cited in a text: [^7–10] cites four."""
    found: set[int] = set()
    for mark in _MARK.findall(text):
        for part in mark.split(","):
            ends = [int(end) for end in re.split("[–-]", part)]
            # A wide or backward range is a slip of the pen, and no reason to count to ten thousand.
            is_range = len(ends) == 2 and 0 <= ends[1] - ends[0] <= 500
            found |= set(range(ends[0], ends[1] + 1)) if is_range else set(ends)
    return found


def quoted(text: str, around: str = "") -> str:
    """A short quotation in quotation marks, with `around` in its middle where the text is long."""
    text = " ".join(text.split())
    tokens = text.split(" ")
    if len(tokens) <= _QUOTE_WORDS:
        return f"“{text}”"
    at = len(text[: max(text.find(around), 0)].split())
    start = max(0, min(at - _QUOTE_WORDS // 3, len(tokens) - _QUOTE_WORDS))
    end = start + _QUOTE_WORDS
    return f"“{'… ' if start else ''}{' '.join(tokens[start:end])}{' …' if end < len(tokens) else ''}”"


def listed(things: Iterable[str], most: int = 6) -> str:
    """`a, b and c`; what is beyond `most` is counted."""
    items = list(dict.fromkeys(things))
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
