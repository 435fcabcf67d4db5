"""The three kinds of study data: which numbers each brings, how they read on one line, and what they may be pooled as.

An entry is one study as it goes into an analysis and is stored with it. Entries from before there were several kinds
name none: they are counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from etd.domain.numbers import MINUS, percent
from metaanalysis.stats.types import (
    DataKind,
    Measure,
    Method,
    PoolingSpec,
    StudyCounts,
    StudyData,
    StudyEstimate,
    StudyMeans,
)
from metaanalysis.wording import MEASURES

COUNTS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
MEANS = (
    "mean_intervention",
    "sd_intervention",
    "n_intervention",
    "mean_comparison",
    "sd_comparison",
    "n_comparison",
)
ESTIMATE = ("estimate", "se")
NUMBERS: Mapping[DataKind, tuple[str, ...]] = {
    DataKind.COUNTS: COUNTS,
    DataKind.MEANS: MEANS,
    DataKind.ESTIMATE: ESTIMATE,
}
NAMES: Mapping[DataKind, str] = {
    DataKind.COUNTS: "events and totals",
    DataKind.MEANS: "means and standard deviations",
    DataKind.ESTIMATE: "estimates with standard errors",
}
MEASURES_OF: Mapping[DataKind, tuple[Measure, ...]] = {
    DataKind.COUNTS: (Measure.OR, Measure.RR, Measure.RD),
    DataKind.MEANS: (Measure.MD, Measure.SMD),
    DataKind.ESTIMATE: tuple(Measure),
}


def kind_of(entry: Mapping[str, Any]) -> DataKind:
    return DataKind(entry.get("kind") or DataKind.COUNTS)


def kinds_of(entries: Iterable[Mapping[str, Any]]) -> list[DataKind]:
    """The kinds of several entries, each once, in the order of the entries."""
    return list(dict.fromkeys(kind_of(entry) for entry in entries))


def numbers_text(row: Any) -> str:
    """The numbers of a row with the study columns as attributes, on one line and with all their digits.

    `18/58 and 19/59`; `12.5 (SD 3), n = 20 and 14 (SD 3.5), n = 21`; `−0.25 (SE 0.1), HR`.
    """
    kind = DataKind(row.kind)
    if kind is DataKind.COUNTS:
        return (
            f"{row.events_intervention}/{row.n_intervention} and {row.events_comparison}/{row.n_comparison}"
        )
    entry = {name: getattr(row, name) for name in (*NUMBERS[kind], "kind", "measure")}
    if kind is DataKind.ESTIMATE:
        return _estimate(_plain, entry)
    return f"{arm_text(entry, 'intervention')} and {arm_text(entry, 'comparison')}"


def arm_text(entry: Mapping[str, Any], arm: str) -> str:
    """One arm of an entry: `18/58 (31%)`, `12.5 (SD 3), n = 20`, or nothing for an estimate."""
    kind = kind_of(entry)
    if kind is DataKind.ESTIMATE:
        return ""
    n = entry[f"n_{arm}"]
    if kind is DataKind.COUNTS:
        events = entry[f"events_{arm}"]
        return f"{events}/{n} ({percent(events, n)})"
    return f"{_plain(entry[f'mean_{arm}'])} (SD {_plain(entry[f'sd_{arm}'])}), n = {n}"


def estimate_text(entry: Mapping[str, Any]) -> str:
    """`−0.25 (SE 0.1), HR`: an estimate on the analysis scale in six digits, and of what where the file says it."""
    return _estimate(_six_digits, entry)


def _estimate(written: Callable[[float], str], entry: Mapping[str, Any]) -> str:
    text = f"{written(entry['estimate'])} (SE {written(entry['se'])})"
    return f"{text}, {entry['measure']}" if entry.get("measure") else text


def study_of(entry: Mapping[str, Any]) -> StudyData:
    """The entry as the statistics take it."""
    kind = kind_of(entry)
    about = {"study": entry["study"], "year": entry["year"], "subgroup": entry.get("subgroup", "")}
    numbers = {name: entry[name] for name in NUMBERS[kind]}
    if kind is DataKind.COUNTS:
        return StudyCounts(**about, **numbers)
    return StudyMeans(**about, **numbers) if kind is DataKind.MEANS else StudyEstimate(**about, **numbers)


def totals_of(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Events and people of each arm over all studies; None for what the studies do not bring."""
    there = set(NUMBERS[kind_of(inputs[0])]) if inputs else set()
    return {name: sum(row[name] for row in inputs) if name in there else None for name in COUNTS}


def misfit(entries: Sequence[Mapping[str, Any]], spec: PoolingSpec) -> str:
    """Why these studies cannot be pooled so, with the remedy; empty where they can."""
    kinds = kinds_of(entries)
    if len(kinds) > 1:
        return mixed_kinds(kinds)
    if not kinds:
        return ""
    (kind,) = kinds
    if spec.measure not in MEASURES_OF[kind]:
        fitting = " or the ".join(MEASURES[measure].lower() for measure in MEASURES_OF[kind])
        return (
            f"The {MEASURES[spec.measure].lower()} does not come from {NAMES[kind]}, which these studies bring: choose "
            f"the {fitting}."
        )
    if kind is not DataKind.COUNTS and spec.method is not Method.IV:
        return f"These studies bring {NAMES[kind]}: choose inverse variance for the weights."
    return _unlike_measures(entries, spec) if kind is DataKind.ESTIMATE else ""


def mixed_kinds(kinds: Iterable[DataKind]) -> str:
    names = " and ".join(sorted(NAMES[kind] for kind in kinds))
    return (
        f"One analysis takes one kind of data, and these would be {names}. Give them outcomes or populations of their "
        "own, or write all of them as estimates with standard errors on one scale."
    )


def named_measures(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the files say that the estimates are estimates of, each once."""
    return sorted({entry["measure"] for entry in entries if entry.get("measure")})


def _unlike_measures(entries: Sequence[Mapping[str, Any]], spec: PoolingSpec) -> str:
    named = named_measures(entries)
    if len(named) > 1:
        return (
            f"The file says that some of these estimates are {' and some are '.join(named)}, which are not pooled "
            "together. Give them outcomes of their own, or correct the column measure in the file."
        )
    if named and named[0] != spec.measure and spec.measure is not Measure.GIV:
        words = MEASURES.get(named[0], named[0]).lower()
        return (
            f"The file says that these estimates are of the {words}; as the {MEASURES[spec.measure].lower()} they "
            f"would be misread. Choose the {words}, or the {MEASURES[Measure.GIV].lower()}, or correct the column "
            "measure in the file."
        )
    return ""


def _six_digits(value: float) -> str:
    return _plain(float(f"{value:.6g}"))


def _plain(value: float) -> str:
    """All digits of the number, none added."""
    return repr(float(value)).removesuffix(".0").replace("-", MINUS)
