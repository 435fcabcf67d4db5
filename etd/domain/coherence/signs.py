"""Bounds against each other: those within "≤ 8" excluded here and favoured there, or "short" both < 10 and > 10."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from etd.domain.coherence.english import STOP_WORDS, Sentence, all_sentences, listed, quoted
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, Severity

_SIGNED = re.compile(r"(≤|≥|<=|>=|=<|=>|<|>)\s?(\d{1,6}(?:\.\d{1,4})?)")
_EXCLUDED_AFTER = re.compile(
    r"^[^.;]{0,60}?\b(?:excluded|ineligible|not eligible|not included|not enrolled)\b", re.I
)
_EXCLUDED_BEFORE = re.compile(r"\bexclud(?:ed|ing|es)\b[^.;]{0,60}$", re.I)
_FAVOURED_BEFORE = re.compile(
    r"\b(?:benefit\w{0,4}|recommend\w{0,5}|suggest\w{0,4}|candidates?)\b[^.;]{0,110}$", re.I
)
_FAVOURED_AFTER = re.compile(
    r"^[^.;]{0,50}?\b(?:may|might|could|likely|should|would)\b[^.;]{0,20}?\bbenefit"
    r"|^[^.;]{0,40}?\bbenefit(?:s|ed)\b",
    re.I,
)
_NOT_FAVOURED = re.compile(
    r"\b(?:were included|not|no|nor|un\w{1,10}|less|little|without|lack\w{0,3}|against|exclud\w{0,4}|fail\w{0,3})\b",
    re.I,
)
_NO_VARIABLE = {"p", "n", "i", "i2", "i²", "tau²", "k", "q", "ci", "value"}
_QUALIFIERS = {
    "short", "shorter", "brief", "long", "longer", "prolonged", "low", "lower", "high", "higher", "young", "younger",
    "old", "older", "elderly", "early", "late", "mild", "severe", "small", "large", "elevated", "reduced", "raised",
    "decreased", "increased",
}  # fmt: skip


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


def check(etd: EtdInput) -> Iterator[Finding]:
    by_number: dict[str, list[_Bound]] = {}
    for sentence in all_sentences(etd.all_texts()):
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
        window = re.split(r"[.;]", before[-130:])[-1] + re.split(r"[.;]", after[:60])[0]
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
