"""What a RevMan file holds, the same for its three formats, and RevMan's words for measures and methods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DataKind(StrEnum):
    """What an analysis was entered as; the other numbers of a row are zeros without meaning."""

    COUNTS = "counts"
    MEANS = "means"
    ESTIMATE = "estimate"
    O_E = "o_e"


@dataclass(frozen=True)
class Entry:
    """One study in one analysis, with the texts of the file.

    Keys of `values`: events, total, mean and sd with _1 (experimental) and _2 (control); estimate and se as entered;
    o_e, variance; effect, ci_low and ci_high as RevMan shows them (never logarithms). `row` is the number the person
    sees in the file, None in XML.
    """

    row: int | None
    study: str
    year: str
    subgroup: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Shown:
    """The pooled effect kept in the file, as texts; `level` is the interval's, in percent."""

    effect: str
    low: str
    high: str
    level: str = ""


@dataclass(frozen=True)
class Analysis:
    """`number` is RevMan's own ("1.2"); `measure` as the file writes it; `method` and `model` as the file codes them.

    `is_log` tells whether estimates were entered as natural logarithms, None where the file does not say.
    `has_total` is False where RevMan was told to show no overall estimate.
    """

    number: str
    comparison: str
    name: str
    kind: DataKind
    measure: str = ""
    method: str = ""
    model: str = ""
    details: tuple[str, ...] = ()
    is_log: bool | None = None
    is_swapped: bool = False
    has_total: bool = True
    shown: Shown | None = None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class RevmanFile:
    """`names` gives, by key of `Entry.values`, what the file calls the column or attribute."""

    analyses: tuple[Analysis, ...]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Measure:
    """`hint` is OR, RR, RD, MD, SMD, HR or "" where the file's own words name none of them.

    `is_log` if the words themselves say that the numbers are logarithms ("log hazard ratio").
    """

    hint: str
    words: str
    is_log: bool = False

    @property
    def is_ratio(self) -> bool:
        return self.hint in {"OR", "RR", "HR"}


_MEASURES = {
    "or": ("OR", "odds ratio"),
    "oddsratio": ("OR", "odds ratio"),
    "petoor": ("OR", "Peto odds ratio"),
    "petooddsratio": ("OR", "Peto odds ratio"),
    "rr": ("RR", "risk ratio"),
    "riskratio": ("RR", "risk ratio"),
    "relativerisk": ("RR", "risk ratio"),
    "rd": ("RD", "risk difference"),
    "riskdifference": ("RD", "risk difference"),
    "md": ("MD", "mean difference"),
    "meandifference": ("MD", "mean difference"),
    "smd": ("SMD", "standardised mean difference"),
    "stdmeandifference": ("SMD", "standardised mean difference"),
    "standardizedmeandifference": ("SMD", "standardised mean difference"),
    "standardisedmeandifference": ("SMD", "standardised mean difference"),
    "hr": ("HR", "hazard ratio"),
    "hazardratio": ("HR", "hazard ratio"),
    "hazardsratio": ("HR", "hazard ratio"),
}
_METHODS = {
    "mh": "Mantel-Haenszel",
    "mantelhaenszel": "Mantel-Haenszel",
    "iv": "inverse variance",
    "inversevariance": "inverse variance",
    "peto": "Peto",
    "expoevar": "exp[(O-E)/Var]",
}


def measure_of(written: str) -> Measure:
    """RevMan's measure, by its code ("PETO_OR") or its words ("Odds Ratio (Non-event)", "log Hazard Ratio")."""
    plain = plain_words(re.sub(r"\(\s*non-?\s?events?\s*\)", "", written, flags=re.IGNORECASE))
    if plain in _MEASURES:
        return Measure(*_MEASURES[plain])
    log = re.fullmatch(r"(?:log|ln)(.+)", plain)
    if log and _MEASURES.get(log[1], ("",))[0] in {"OR", "RR", "HR"}:
        hint, words = _MEASURES[log[1]]
        return Measure(hint, words, is_log=True)
    return Measure("", written)


def names_non_events(written: str) -> bool:
    return re.search(r"\bnon-?\s?events?\b", written, re.IGNORECASE) is not None


def method_words(analysis: Analysis) -> str:
    """For the note of each study, for example "RevMan: Mantel-Haenszel, odds ratio, random effects"."""
    method = _METHODS.get(plain_words(analysis.method), analysis.method)
    if analysis.kind is DataKind.O_E and not method:
        method = "O-E and variance"
    model = ""
    if analysis.model:
        model = "random effects" if plain_words(analysis.model).startswith("random") else "fixed effect"
    parts = [method, measure_of(analysis.measure).words, model, *analysis.details]
    said = ", ".join(part for part in parts if part)
    return f"RevMan: {said}" if said else ""


def plain_words(text: str) -> str:
    """Letters and digits in lower case, to compare names however they are spaced and punctuated."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold())
