"""Texts against each other: the same fact with two numbers, a sign turned round, copies, brackets, a broken list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise

from etd.domain.coherence.english import (
    STOP_WORDS,
    Sentence,
    all_sentences,
    clean,
    listed,
    quoted,
    same_words,
    stem,
    stems,
)
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, Severity

# Below, a sentence is common enough to stand in two places by right, and a copy too short to be worth a finding.
_SENTENCE_WORDS = 8
_COPIED_WORDS = 25
# A phrase that stands around more than so many different sentences is a formula, not a fact.
_MOST_IN_A_PHRASE = 12

_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
_TOKEN = re.compile(r"\d+(?:\.\d+)?%?|[^\W\d_]+(?:[’'-][^\W_]+)?")
_TIME = ("hour", "day", "week", "month", "year", "minute")
_LEFT, _RIGHT = 3, 3
_SHORTEST_FRAME = 4
_SHARED_WORDS = 4
_PARALLEL = 0.8
_DECIMALS = re.compile(r"(?<=\d)[,·](?=\d{3}\b)")

_SIGNED = re.compile(r"(≤|≥|<=|>=|=<|=>|<|>)\s?(\d{1,6}(?:\.\d{1,4})?)")
_EXCLUDED_AFTER = re.compile(
    r"^[^.;]{0,60}?\b(?:excluded|ineligible|not eligible|not included|not enrolled)\b", re.I
)
_EXCLUDED_BEFORE = re.compile(r"\bexclud(?:ed|ing|es)\b[^.;]{0,60}$", re.I)
_FAVOURED_BEFORE = re.compile(
    r"\b(?:benefit\w{0,4}|recommend\w{0,5}|suggest\w{0,4}|candidates?)\b[^.;]{0,110}$", re.I
)
_FAVOURED_AFTER = re.compile(
    r"^[^.;]{0,50}?\b(?:may|might|could|likely|should|would)\b[^.;]{0,20}?\bbenefit|^[^.;]{0,40}?\bbenefit(?:s|ed)\b",
    re.I,
)
_NOT_FAVOURED = re.compile(
    r"\b(?:not|no|nor|un\w{1,10}|less|little|without|lack\w{0,3}|against|exclud\w{0,4}|fail\w{0,3})\b", re.I
)
_NO_VARIABLE = {"p", "n", "i", "i2", "i²", "tau²", "k", "q", "ci", "value"}
_QUALIFIERS = frozenset(
    [
        "short",
        "shorter",
        "brief",
        "long",
        "longer",
        "prolonged",
        "low",
        "lower",
        "high",
        "higher",
        "young",
        "younger",
        "old",
        "older",
        "elderly",
        "early",
        "late",
        "mild",
        "severe",
        "small",
        "large",
        "elevated",
        "reduced",
        "raised",
        "decreased",
        "increased",
    ]
)

_ENUMERATOR = re.compile(r"(?:^|[\s(;,:])[A-Za-z\d]{1,3}$")
_HALF_OPEN = re.compile(r"\[\s?[\d.,∞ –-]{1,30}\)|\(\s?[\d.,∞ –-]{1,30}\]")
_PAIRS = {"(": ")", "[": "]"}
_ITEM = re.compile(r"^\s{0,8}(?:[·•*-]|\d{1,2}[.)])\s+(\S.*)$")
_SMALLEST_LIST = 5


def check(etd: EtdInput) -> Iterator[Finding]:
    said = all_sentences(etd.running_texts())
    yield from _same_fact_two_numbers(said)
    yield from _signs(all_sentences(etd.all_texts()))
    yield from _copies(said)
    yield from _cited_in_two_ways(said)
    yield from _brackets(etd)
    yield from _broken_lists(etd)


# The same fact with two numbers.


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number with its three neighbours on either side, and the sentence it stands in."""

    number: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    sentence: Sentence


def _same_fact_two_numbers(said: list[Sentence]) -> Iterator[Finding]:
    """`up to 92% in one trial` here and `up to 95% in one trial` there, in sentences about the same things."""
    found: dict[tuple[str, ...], dict[str, list[Sentence]]] = {}
    for one, other in conflicting_pairs(said):
        frame = _frame(one, other)
        numbers = found.setdefault(frame, {})
        for fact in (one, other):
            if fact.sentence not in numbers.setdefault(fact.number, []):
                numbers[fact.number].append(fact.sentence)
    for frame, numbers in found.items():
        places = "; ".join(
            f"{number} in {listed(s.where for s in there)}" for number, there in numbers.items()
        )
        firsts = [(there[0], number) for number, there in numbers.items()]
        yield Finding(
            "same_phrase_different_number",
            Severity.INCONSISTENT,
            listed(s.where for there in numbers.values() for s in there),
            f"The same phrase, “{' '.join(frame)}”, has two numbers: {places}."
            " If it is one fact, one of them is wrong.",
            " · ".join(quoted(sentence.text, number) for sentence, number in firsts[:2]),
            heuristic=True,
        )


def conflicting_pairs(said: list[Sentence]) -> list[tuple[_Fact, _Fact]]:
    """Facts with the same frame and topic, and another number. At most a fixed count of pairs a frame is looked at."""
    facts: dict[tuple[str, ...], dict[str, _Fact]] = {}
    for sentence in dict.fromkeys(said):
        for fact in _facts(sentence):
            for key in ((*fact.left, "#"), ("#", *fact.right), (*fact.left[1:], "#", *fact.right[:-1])):
                facts.setdefault(key, {}).setdefault(f"{sentence.where}\n{sentence.text}", fact)
    pairs: dict[tuple[_Fact, _Fact], None] = {}
    for there in facts.values():
        if len(there) <= _MOST_IN_A_PHRASE:
            for one, other in combinations(there.values(), 2):
                pairs[(one, other)] = None
    return [pair for pair in pairs if _is_conflict(*pair)]


def _facts(sentence: Sentence) -> list[_Fact]:
    tokens = _tokens(sentence.text)
    facts = []
    for at, token in enumerate(tokens):
        if not _NUMBER.fullmatch(token) or (at + 1 < len(tokens) and tokens[at + 1].startswith(_TIME)):
            continue
        left, right = tokens[max(0, at - _LEFT) : at], tokens[at + 1 : at + 1 + _RIGHT]
        if len(left) == _LEFT and len(right) == _RIGHT:
            facts.append(_Fact(token, tuple(left), tuple(right), sentence))
    return facts


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(_DECIMALS.sub("", text))]


def _frame(one: _Fact, other: _Fact) -> tuple[str, ...]:
    """The words that both have around the number, with # in its place."""
    left = 0
    while left < _LEFT and one.left[-1 - left] == other.left[-1 - left]:
        left += 1
    right = 0
    while right < _RIGHT and one.right[right] == other.right[right]:
        right += 1
    return (*one.left[_LEFT - left :], "…", *one.right[:right])


def _is_conflict(one: _Fact, other: _Fact) -> bool:
    frame = _frame(one, other)
    meant = [w for w in frame if w not in STOP_WORDS and w != "…" and not _NUMBER.fullmatch(w)]
    if one.number == other.number or one.number.endswith("%") != other.number.endswith("%"):
        return False
    if len(frame) - 1 < _SHORTEST_FRAME or not meant:
        return False
    return _same_topic(one.sentence, other.sentence) and _only_difference(one, other)


def _same_topic(one: Sentence, other: Sentence) -> bool:
    first, second = stems(one.text), stems(other.text)
    shared = len(first & second)
    if shared < _SHARED_WORDS or 2 * shared < min(len(first), len(second)):
        return False
    # Built alike but for a word or two: about two things ("bleeding … 12%", "infection … 15%"), not twice about one.
    frames = [[stem(t) for t in _tokens(s.text) if not _NUMBER.fullmatch(t)] for s in (one, other)]
    alike = SequenceMatcher(None, frames[0][:200], frames[1][:200], autojunk=False).ratio()
    return alike < _PARALLEL or alike == 1


def _only_difference(one: _Fact, other: _Fact) -> bool:
    """Every other number in a common frame is the same: else they are two lines of a list, at 30 and at 90 days."""
    theirs = {(fact.left[1:], fact.right[:-1]): fact.number for fact in _every_number(other.sentence)}
    differing = 0
    for fact in _every_number(one.sentence):
        key = (fact.left[1:], fact.right[:-1])
        differing += key in theirs and theirs[key] != fact.number
    times, their_times = _times(one.sentence.text), _times(other.sentence.text)
    return differing <= 1 and not (times and their_times and times != their_times)


def _every_number(sentence: Sentence) -> list[_Fact]:
    tokens = _tokens(sentence.text)
    padded = ["", "", "", *tokens, "", "", ""]
    return [
        _Fact(token, tuple(padded[at : at + 3]), tuple(padded[at + 4 : at + 7]), sentence)
        for at, token in enumerate(tokens)
        if _NUMBER.fullmatch(token)
    ]


def _times(text: str) -> frozenset[str]:
    tokens = _tokens(text)
    return frozenset(
        f"{token} {after[:3]}"
        for token, after in pairwise(tokens)
        if _NUMBER.fullmatch(token) and after.startswith(_TIME)
    )


# A sign turned round.


@dataclass(frozen=True, slots=True)
class _Bound:
    """`Glasgow Coma Scale ≤ 8`, what is said of those within it, and whether a word like "short" goes before it."""

    variable: tuple[str, ...]
    below: bool
    number: str
    shown: str
    excluded: bool
    favoured: bool
    qualifier: str
    sentence: Sentence


def _signs(said: list[Sentence]) -> Iterator[Finding]:
    by_number: dict[str, list[_Bound]] = {}
    for sentence in said:
        for bound in _bounds(sentence):
            by_number.setdefault(bound.number, []).append(bound)
    for bounds in by_number.values():
        yield from _excluded_and_favoured(bounds)
        yield from _turned_round(bounds)


def _excluded_and_favoured(bounds: list[_Bound]) -> Iterator[Finding]:
    """Those within a bound were excluded from the evidence in one place, and are to benefit in another."""
    outside = [bound for bound in bounds if bound.excluded]
    inside = [bound for bound in bounds if bound.favoured and not bound.excluded]
    seen: set[tuple[str, ...]] = set()
    for bound in outside:
        if bound.variable in seen:
            continue
        seen.add(bound.variable)
        same = [
            b
            for b in inside
            if b.below == bound.below and _same_variable(b, bound) and b.sentence != bound.sentence
        ]
        if same:
            places = listed(b.sentence.where for b in same)
            yield Finding(
                "sign_clash",
                Severity.INCONSISTENT,
                places,
                f"“{same[0].shown}” is said to benefit or recommended here, and was excluded from the evidence in"
                f" {bound.sentence.where}. Is the sign the wrong way round?",
                f"{quoted(same[0].sentence.text, same[0].shown)} · {quoted(bound.sentence.text, bound.shown)}",
                heuristic=True,
            )


def _turned_round(bounds: list[_Bound]) -> Iterator[Finding]:
    """`short duration (<10 minutes)` and `short duration (>10 minutes)`; without such a word both may be meant."""
    groups: dict[tuple[tuple[str, ...], str], list[_Bound]] = {}
    for bound in bounds:
        if bound.qualifier:
            groups.setdefault((bound.variable, bound.qualifier), []).append(bound)
    for (variable, qualifier), there in groups.items():
        ways = {bound.below: bound for bound in there}
        if len(ways) > 1:
            yield Finding(
                "sign_clash",
                Severity.INCONSISTENT,
                listed(bound.sentence.where for bound in there),
                f"“{qualifier} {' '.join(variable)}” is {ways[True].shown} here and {ways[False].shown} there.",
                f"{quoted(ways[True].sentence.text, ways[True].shown)} ·"
                f" {quoted(ways[False].sentence.text, ways[False].shown)}",
                heuristic=True,
            )


def _bounds(sentence: Sentence) -> Iterator[_Bound]:
    for match in _SIGNED.finditer(sentence.text):
        before, after = sentence.text[: match.start()], sentence.text[match.end() :]
        near = [word.lower() for word in re.findall(r"[^\W_]+", before[-80:])]
        qualified = max((at for at, word in enumerate(near[-6:]) if word in _QUALIFIERS), default=-1)
        qualifier = near[-6:][qualified] if qualified >= 0 else ""
        variable = tuple(word for word in near[-6:][qualified + 1 :] if word not in STOP_WORDS)[-3:]
        if not variable or variable[-1] in _NO_VARIABLE:
            continue
        favoured = _FAVOURED_BEFORE.search(before[-130:]) or _FAVOURED_AFTER.search(after[:80])
        window = f"{before[-130:]}{after[:60]}"
        yield _Bound(
            variable=variable,
            below=match.group(1) in ("≤", "<=", "=<", "<"),
            number=match.group(2),
            shown=_shown(before, match.group(), variable),
            excluded=bool(_EXCLUDED_AFTER.search(after[:90]) or _EXCLUDED_BEFORE.search(before[-80:])),
            favoured=bool(favoured and not _NOT_FAVOURED.search(window)),
            qualifier=qualifier,
            sentence=sentence,
        )


def _shown(before: str, sign: str, variable: tuple[str, ...]) -> str:
    """The bound as printed, with its variable where that stands right before it."""
    last = before.rstrip().rsplit(None, 3)[1:]
    return f"{' '.join(last).lstrip('(')} {sign}" if variable and not before.rstrip().endswith("(") else sign


def _same_variable(one: _Bound, other: _Bound) -> bool:
    """The same last words, or one the initials of the other: GCS, Glasgow Coma Scale."""
    first, second = one.variable, other.variable
    if first[-1] == second[-1]:
        return (
            min(len(first), len(second)) == 1 or first[-2:] == second[-2:] or first[-1] not in _WEAK_VARIABLES
        )
    return _initials(first) == second[-1] or _initials(second) == first[-1]


_WEAK_VARIABLES = {
    "score",
    "level",
    "levels",
    "scale",
    "rate",
    "index",
    "ratio",
    "duration",
    "time",
    "value",
    "class",
    "grade",
}


def _initials(variable: tuple[str, ...]) -> str:
    return "".join(word[0] for word in variable)


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
        if not sentence.cited or len(text.split()) < _SENTENCE_WORDS:
            continue
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
            elif not _ENUMERATOR.search(plain[max(0, at - 5) : at]):
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
