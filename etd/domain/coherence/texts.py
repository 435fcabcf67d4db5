"""Texts by their form: copies, citations, brackets, a broken list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from etd.domain.coherence.english import (
    Sentence,
    all_sentences,
    clean,
    listed,
    quoted,
    same_words,
)
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, Severity

# Below, a sentence is common enough to stand in two places by right, and a copy too short to be worth a finding.
_SENTENCE_WORDS = 8
_COPIED_WORDS = 25

_DIGITS = re.compile(r"\d+")
_ENUMERATOR = re.compile(r"(?:^|[\s(;,:])[A-Za-z\d]{1,3}$")
_HALF_OPEN = re.compile(r"\[\s?[\d.,∞ –-]{1,30}\)|\(\s?[\d.,∞ –-]{1,30}\]")
_PAIRS = {"(": ")", "[": "]"}
_ITEM = re.compile(r"^\s{0,8}(?:[·•*-]|\d{1,2}[.)])\s+(\S.*)$")
_SMALLEST_LIST = 5


def check(etd: EtdInput) -> Iterator[Finding]:
    said = all_sentences(etd.running_texts())
    yield from _copies(said)
    yield from _cited_in_two_ways(said)
    yield from _brackets(etd)
    yield from _broken_lists(etd)


# Copies.


def _copies(said: list[Sentence]) -> Iterator[Finding]:
    """What stands word for word in two places, one finding for every two places."""
    shared: dict[tuple[str, str], list[str]] = {}
    for text, places in _places(said):
        for pair in combinations(places, 2):
            shared.setdefault(pair, []).append(text)
    for (first, second), texts in shared.items():
        n_words = sum(len(same_words(text).split()) for text in texts)
        if n_words >= _COPIED_WORDS:
            stand = "One sentence stands" if len(texts) == 1 else f"{len(texts)} sentences stand"
            yield Finding(
                "repeated_text",
                Severity.INFORMATIONAL,
                f"{first} and {second}",
                f"{stand} word for word in both ({n_words} words). A change in one is easily forgotten in the other.",
                quoted(max(texts, key=len)),
            )


def _places(said: list[Sentence]) -> list[tuple[str, list[str]]]:
    """Every sentence of some length that stands in several places, and those places."""
    found: dict[str, tuple[str, list[str]]] = {}
    for sentence in said:
        key = same_words(sentence.text)
        if len(key.split()) >= _SENTENCE_WORDS:
            _, places = found.setdefault(key, (sentence.text, []))
            if sentence.where not in places:
                places.append(sentence.where)
    return [(text, places) for text, places in found.values() if len(places) > 1]


def _cited_in_two_ways(said: list[Sentence]) -> Iterator[Finding]:
    first: dict[str, Sentence] = {}
    for sentence in said:
        text = same_words(sentence.text)
        n_words = len(text.split())
        if not sentence.cited or n_words < _SENTENCE_WORDS:
            continue
        # A long sentence is the same one even where a figure was mistyped; a short one may be a formula.
        text = _DIGITS.sub("#", text) if n_words >= _COPIED_WORDS else text
        before = first.setdefault(text, sentence)
        if before.cited != sentence.cited:
            yield Finding(
                "cited_differently",
                Severity.INFORMATIONAL,
                f"{before.where} and {sentence.where}",
                f"The same sentence is cited as {listed(sorted(before.cited))} in one place and as"
                f" {listed(sorted(sentence.cited))} in the other.",
                quoted(sentence.text),
            )


# Brackets and lists.


def _brackets(etd: EtdInput) -> Iterator[Finding]:
    for passage in etd.all_texts():
        for line in clean(passage.text).splitlines():
            odd = unpaired(line)
            if odd:
                yield Finding(
                    "unpaired_bracket",
                    Severity.INFORMATIONAL,
                    passage.where,
                    f"A bracket “{odd}” has no partner in its paragraph.",
                    quoted(line, odd),
                )


def unpaired(line: str) -> str:
    """The first bracket without its partner, empty where there is none; "a)" and "[0, 1)" are no brackets."""
    plain = _HALF_OPEN.sub("", line)
    opened: list[str] = []
    for at, sign in enumerate(plain):
        if sign in _PAIRS:
            opened.append(sign)
        elif sign in _PAIRS.values():
            if opened and _PAIRS[opened[-1]] == sign:
                opened.pop()
            elif sign == "]" or not _ENUMERATOR.search(plain[max(0, at - 5) : at]):
                return sign
    return opened[0] if opened else ""


def _broken_lists(etd: EtdInput) -> Iterator[Finding]:
    """One item of a list begins unlike all the others and is no sentence: perhaps words are missing."""
    for passage in etd.running_texts():
        for items in _lists(clean(passage.text)):
            open_items = [item for item in items if not item.endswith((".", ";", ":", "?", "!", ","))]
            if len(open_items) < _SMALLEST_LIST:
                continue
            starts = Counter(item.split()[0].lower() for item in open_items)
            usual, count = starts.most_common(1)[0]
            odd = [item for item in open_items if item.split()[0].lower() != usual]
            if count == len(open_items) - 1 and odd:
                yield Finding(
                    "fragment",
                    Severity.INFORMATIONAL,
                    passage.where,
                    f"An item of the list begins unlike the {count} others (“{usual.capitalize()} …”) and is no"
                    " sentence: perhaps words are missing.",
                    quoted(odd[0]),
                    heuristic=True,
                )


def _lists(text: str) -> Iterator[list[str]]:
    items: list[str] = []
    for line in [*text.splitlines(), ""]:
        match = _ITEM.match(line)
        if match:
            items.append(match.group(1).strip())
        elif items:
            yield items
            items = []
