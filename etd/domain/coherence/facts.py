"""Numbers against each other: the same fact, in the same phrase, with two numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise

from etd.domain.coherence.english import STOP_WORDS, Sentence, all_sentences, listed, quoted, stem, stems
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, Severity

# A phrase that stands around more than so many different sentences is a formula, not a fact.
_MOST_IN_A_PHRASE = 12
# Words of a sentence from which on a copy with another number is a slip; from the second on even where it is a time.
_COPY_WORDS, _LONG_COPY = 12, 25
_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
_TOKEN = re.compile(r"\d+(?:\.\d+)?%?|[^\W\d_]+(?:[’'-][^\W_]+)?")
_TIME = ("hour", "day", "week", "month", "year", "minute")
_SHORTEST_FRAME = 4
_SHARED_WORDS = 4
_PARALLEL = 0.8
_DECIMALS = re.compile(r"(?<=\d)[,·](?=\d{3}\b)")

_LEFT, _RIGHT = 3, 3
# The level of a confidence interval is in every sentence.
_LEVEL = {"95%", "95"}
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number with its three neighbours on either side, and the sentence it stands in."""

    number: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    sentence: Sentence


def check(etd: EtdInput) -> Iterator[Finding]:
    """`up to 92% in one trial` here and `up to 95% in one trial` there: one finding for every two numbers."""
    found: dict[frozenset[str], dict[str, list[Sentence]]] = {}
    frames: dict[frozenset[str], tuple[str, ...]] = {}
    for one, other in conflicting_pairs(all_sentences(etd.running_texts())):
        both = frozenset((one.number, other.number))
        frames.setdefault(both, _frame(one, other))
        numbers = found.setdefault(both, {})
        for fact in (one, other):
            if fact.sentence not in numbers.setdefault(fact.number, []):
                numbers[fact.number].append(fact.sentence)
    for both, numbers in found.items():
        places = "; ".join(
            f"{number} in {listed(s.where for s in there)}" for number, there in numbers.items()
        )
        firsts = [(there[0], number) for number, there in numbers.items()]
        yield Finding(
            "same_phrase_different_number",
            Severity.INCONSISTENT,
            listed(s.where for there in numbers.values() for s in there),
            f"The same phrase, “{' '.join(frames[both])}”, has two numbers: {places}."
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
    copies = _changed_copies(said)
    copied = {frozenset((one.sentence, other.sentence)) for one, other in copies}
    return copies + [
        (one, other)
        for one, other in pairs
        if frozenset((one.sentence, other.sentence)) not in copied and _is_conflict(one, other)
    ]


def _changed_copies(said: list[Sentence]) -> list[tuple[_Fact, _Fact]]:
    """Sentences of some length, the same to the word but for one number."""
    groups: dict[tuple[str, ...], dict[Sentence, list[_Fact]]] = {}
    for sentence in dict.fromkeys(said):
        frame = tuple("#" if _NUMBER.fullmatch(token) else token for token in _tokens(sentence.text))
        if len(frame) >= _COPY_WORDS and "#" in frame:
            groups.setdefault(frame, {})[sentence] = _every_number(sentence)
    found = []
    for frame, there in groups.items():
        if len(there) > _MOST_IN_A_PHRASE:
            continue
        for first, second in combinations(there.values(), 2):
            changed = [pair for pair in zip(first, second, strict=True) if pair[0].number != pair[1].number]
            if len(changed) == 1 and (len(frame) >= _LONG_COPY or not _may_differ(changed[0])):
                found += changed
    return found


def _may_differ(pair: tuple[_Fact, _Fact]) -> bool:
    """Another time or another year makes it a sentence about something else."""
    return any(fact.right[0].startswith(_TIME) or _YEAR.fullmatch(fact.number) for fact in pair)


def _facts(sentence: Sentence) -> list[_Fact]:
    tokens = _tokens(sentence.text)
    facts = []
    for at, token in enumerate(tokens):
        if not _NUMBER.fullmatch(token) or _YEAR.fullmatch(token):
            continue
        if at + 1 < len(tokens) and tokens[at + 1].startswith(_TIME):
            continue
        facts.append(_fact(tokens, at, sentence))
    return facts


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(_DECIMALS.sub("", text))]


def _frame(one: _Fact, other: _Fact) -> tuple[str, ...]:
    """The words that both have around the number, with # in its place."""
    left = 0
    while left < _LEFT and one.left[-1 - left] == other.left[-1 - left] != "":
        left += 1
    right = 0
    while right < _RIGHT and one.right[right] == other.right[right] != "":
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
    if differing > 1 or (times and their_times and times != their_times):
        return False
    numbers, their_numbers = ({f.number for f in _every_number(x.sentence)} - _LEVEL for x in (one, other))
    # Beside the number in question: two sentences about one fact share most of their figures.
    unlike = min(len(numbers - their_numbers), len(their_numbers - numbers)) - 1
    return len(numbers & their_numbers) >= 2 * unlike


def _every_number(sentence: Sentence) -> list[_Fact]:
    tokens = _tokens(sentence.text)
    return [_fact(tokens, at, sentence) for at, token in enumerate(tokens) if _NUMBER.fullmatch(token)]


def _fact(tokens: list[str], at: int, sentence: Sentence) -> _Fact:
    """Beyond either end of the sentence its neighbours are empty."""
    left = ([""] * _LEFT + tokens[max(0, at - _LEFT) : at])[-_LEFT:]
    right = (tokens[at + 1 : at + 1 + _RIGHT] + [""] * _RIGHT)[:_RIGHT]
    return _Fact(tokens[at], tuple(left), tuple(right), sentence)


def _times(text: str) -> frozenset[str]:
    tokens = _tokens(text)
    return frozenset(
        f"{token} {after[:3]}"
        for token, after in pairwise(tokens)
        if _NUMBER.fullmatch(token) and after.startswith(_TIME)
    )
