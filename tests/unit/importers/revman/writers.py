"""The same review written as RevMan 5 exports it in CSV, as RevMan Web packs it, and as .rm5.

Column names, order, unused zeros, escapes and encodings are those of published files: Fleiss1993_CR.csv, Fleiss1993.zip
and Fleiss1993.rm5 of the R package meta.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from tests.unit.importers.corpus import package

ROWS = "X-analysis-data/X-data-rows.csv"
SETTINGS = "X-analysis-data/X-overall-estimates-and-settings.csv"
Kind = Literal["counts", "means", "estimate", "o_e"]


def columns(names: str) -> list[str]:
    return names.split(",")


CSV_COLUMNS = columns(
    "Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,Analysis Model,"
    "Events 1,Mean 1,SD 1,Total 1,Events 2,Mean 2,SD 2,Total 2,Effect Estimate,SE,CI Start,CI End,Weight,Q,P(Q),I²(Q),"
    "Tau²,Z,P(Z),Qint,P(Qint),I²(Qint),df,Group Label 1,Group Label 2,Left Graph Label,Right Graph Label,Year of study,"
    "User defined order"
)
ROW_COLUMNS = columns(
    "Analysis group,Analysis number,Analysis name,Subgroup,Applicability,Study,Study year,GIV Mean,GIV SE,"
    "Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,Control cases,"
    "Control N,O-E,Variance,Weight,Mean,CI start,CI end,Footnotes"
)
SETTING_COLUMNS = columns(
    "Analysis group,Analysis number,Analysis name,Analysis group name,Data source,Data source eligibility,Data type,"
    "Log-scale data,Outcome,Statistical method,Effect measure,Analysis model,Overall estimates,"
    "Swap event and non-event,Study CI,Estimate CI,Experimental cases,Experimental N,Control cases,Control N,Mean,"
    "CI start,CI end,Heterogeneity Tau²,ID"
)
MEASURES = {
    "OR": "Odds Ratio",
    "RR": "Risk Ratio",
    "RD": "Risk Difference",
    "MD": "Mean Difference",
    "SMD": "Std. Mean Difference",
    "HR": "Hazard Ratio",
}
CSV_TYPES = {"counts": "DIC", "means": "CON", "estimate": "GIV", "o_e": "IPD"}
WEB_TYPES = {
    "counts": "Dichotomous",
    "means": "Continuous",
    "estimate": "Contrast level",
    "o_e": "O-E and variance",
}
FAMILIES = {"counts": "DICH", "means": "CONT", "estimate": "IV", "o_e": "IPD"}
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Study:
    """`numbers`: events_1, total_1 …; mean_1, sd_1 …; estimate (log for ratios) and se; o_e and variance."""

    name: str
    numbers: dict[str, Any]
    year: str = ""


@dataclass(frozen=True)
class Analysis:
    comparison: str
    name: str
    kind: Kind
    measure: str
    studies: dict[str, list[Study]]
    """By subgroup; "" where there is none."""
    method: str = "IV"
    is_random: bool = False
    is_swapped: bool = False
    shown: tuple[str, str, str] = ("", "", "")
    settings: dict[str, str] = field(default_factory=dict)
    """Other attributes of the .rm5, or columns of the settings."""

    @property
    def is_log(self) -> bool:
        return self.measure in {"OR", "RR", "HR"}


def numbered(analyses: Iterable[Analysis]) -> list[tuple[int, int, Analysis]]:
    """Each with the numbers of its comparison and of itself within that."""
    comparisons: dict[str, int] = {}
    found: list[tuple[int, int, Analysis]] = []
    for analysis in analyses:
        number = comparisons.setdefault(analysis.comparison, len(comparisons) + 1)
        outcome = 1 + sum(first == number for first, _, _ in found)
        found.append((number, outcome, analysis))
    return sorted(found, key=lambda each: each[:2])


def shown_of(analysis: Analysis, study: Study) -> dict[str, Any]:
    """Effect and interval as RevMan shows them: exponentials of logarithms."""
    numbers = study.numbers
    if analysis.kind == "o_e":
        effect, se = numbers["o_e"] / numbers["variance"], 1 / math.sqrt(numbers["variance"])
    elif analysis.kind == "estimate":
        effect, se = numbers["estimate"], numbers["se"]
    else:
        return {}
    shown = math.exp if analysis.is_log or analysis.kind == "o_e" else float
    low, high = (shown(effect + sign * Z95 * se) for sign in (-1, 1))
    return {"effect": shown(effect), "se": se, "low": low, "high": high}


def as_csv(analyses: Iterable[Analysis], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    """As RevMan 5 exports it: zeros in the columns that a study does not use, settings in the rows of totals."""
    lines: list[dict[str, Any]] = []
    for comparison, outcome, analysis in numbered(analyses):
        place = {"Comparison Number": comparison, "Outcome Number": outcome, "Subgroup Number": 0}
        if outcome == 1:
            lines.append(place | {"Outcome Number": 0, "Name": analysis.comparison})
        settings = {
            "Data Type": CSV_TYPES[analysis.kind],
            "Statistical Method": analysis.method,
            "Effect Measure": analysis.measure,
            "Analysis Model": "Random" if analysis.is_random else "Fixed",
        }
        totals = dict(zip(("Effect Estimate", "CI Start", "CI End"), analysis.shown, strict=True))
        sums = {"Events 1": 9, "Total 1": 99, "Events 2": 8, "Total 2": 98}
        lines.append(place | settings | totals | sums | {"Name": analysis.name})
        for number, (subgroup, studies) in enumerate(analysis.studies.items(), start=1):
            inside = place | {"Subgroup Number": number if subgroup else 0}
            if subgroup:
                lines.append(inside | settings | sums | {"Name": subgroup})
            lines += [inside | csv_study(analysis, study) for study in studies]
    return table_bytes(CSV_COLUMNS, lines, delimiter, encoding)


def csv_study(analysis: Analysis, study: Study) -> dict[str, Any]:
    unused = {f"{name} {arm}": 0 for name in ("Events", "Mean", "SD", "Total") for arm in "12"}
    titles = {"events": "Events", "total": "Total", "mean": "Mean", "sd": "SD"}
    arms = {
        f"{titles[key[:-2]]} {key[-1]}": value for key, value in study.numbers.items() if key[:-2] in titles
    }
    shown = shown_of(analysis, study)
    names = {"effect": "Effect Estimate", "se": "SE", "low": "CI Start", "high": "CI End"}
    effects = {names[key]: value for key, value in shown.items()}
    return unused | arms | effects | {"Name": study.name, "Year of study": study.year}


def as_package(analyses: Iterable[Analysis], changes: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """As RevMan Web packs it; `changes` replaces or adds parts, by name."""
    settings, rows = tables_of(analyses)
    parts: dict[str, str | bytes] = {
        ROWS: table_bytes(ROW_COLUMNS, rows),
        SETTINGS: table_bytes(SETTING_COLUMNS, settings),
        "X-analysis-data/X-subgroup-estimates.csv": "Analysis group,Analysis number,Subgroup\n",
        "X-study-data/X-study-information.csv": "Study,Year\n",
    }
    return package(parts | dict(changes))


def tables_of(analyses: Iterable[Analysis]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    settings, rows = [], []
    for comparison, outcome, analysis in numbered(analyses):
        place = {"Analysis group": comparison, "Analysis number": outcome, "Analysis name": analysis.name}
        totals = dict(zip(("Mean", "CI start", "CI end"), analysis.shown, strict=True))
        settings.append(
            place
            | {
                "Analysis group name": analysis.comparison,
                "Data source": "Custom input",
                "Data source eligibility": "#N/A",
                "Data type": WEB_TYPES[analysis.kind],
                "Log-scale data": "TRUE" if analysis.is_log else "FALSE",
                "Statistical method": analysis.method,
                "Effect measure": MEASURES.get(analysis.measure, analysis.measure),
                "Analysis model": "Random effect" if analysis.is_random else "Fixed effect",
                "Overall estimates": "TRUE",
                "Swap event and non-event": "TRUE" if analysis.is_swapped else "FALSE",
                "Study CI": "95%",
                "Estimate CI": "95%",
            }
            | totals
            | analysis.settings
        )
        for subgroup, studies in analysis.studies.items():
            rows += [place | {"Subgroup": subgroup} | web_study(analysis, study) for study in studies]
    return settings, rows


def web_study(analysis: Analysis, study: Study) -> dict[str, Any]:
    arms = {"1": "Experimental", "2": "Control"}
    titles = {"events": "cases", "total": "N", "mean": "mean", "sd": "SD"}
    unused: dict[str, Any] = {f"{arm} {title}": "0.0" for arm in arms.values() for title in titles.values()}
    unused |= {"GIV Mean": "0.0", "GIV SE": "0.0", "O-E": "0.0", "Variance": "0.0"}
    single = {"estimate": "GIV Mean", "se": "GIV SE", "o_e": "O-E", "variance": "Variance"}
    used = {
        single.get(key) or f"{arms[key[-1]]} {titles[key[:-2]]}": value
        for key, value in study.numbers.items()
    }
    shown = shown_of(analysis, study)
    effects = {"Mean": shown.get("effect", "0.0"), "CI start": shown.get("low", "0.0")}
    effects |= {"CI end": shown.get("high", "0.0"), "Study": study.name, "Study year": study.year}
    return unused | used | effects


def as_rm5(analyses: Iterable[Analysis], encoding: str = "ISO-8859-1") -> bytes:
    """As RevMan 5 saves it: studies by escaped ID, results of IV and IPD with their measure in an element."""
    found = numbered(analyses)
    names = {
        study.name: study.year for _, _, each in found for group in each.studies.values() for study in group
    }
    listed = "\n".join(
        f'<STUDY DATA_SOURCE="PUB" ID={quoteattr(study_id(name))} NAME={quoteattr(name)} YEAR={quoteattr(year)}>'
        "<IDENTIFIERS/></STUDY>"
        for name, year in names.items()
    )
    comparisons: dict[int, list[str]] = {}
    titles = {comparison: analysis.comparison for comparison, _, analysis in found}
    for comparison, outcome, analysis in found:
        comparisons.setdefault(comparison, []).append(rm5_outcome(outcome, analysis))
    analysed = "\n".join(
        f'<COMPARISON ID="CMP-{number:03}" NO="{number}">\n<NAME>{escape(titles[number])}</NAME>\n'
        + "\n".join(outcomes)
        + "\n</COMPARISON>"
        for number, outcomes in comparisons.items()
    )
    return rm5_of(listed, analysed, encoding)


def rm5_of(studies: str, analyses: str, encoding: str = "ISO-8859-1", before: str = "") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}" standalone="no"?>\n{before}'
        '<COCHRANE_REVIEW ID="1" REVMAN_SUB_VERSION="5.0.23" REVMAN_VERSION="5" TYPE="INTERVENTION">\n'
        "<COVER_SHEET><TITLE>Example</TITLE></COVER_SHEET>\n"
        f"<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>\n{studies}\n</INCLUDED_STUDIES></STUDIES>"
        f'</STUDIES_AND_REFERENCES>\n<ANALYSES_AND_DATA CALCULATED_DATA="YES">\n{analyses}\n</ANALYSES_AND_DATA>\n'
        "</COCHRANE_REVIEW>\n"
    )
    return text.encode(encoding, "xmlcharrefreplace")


def rm5_outcome(number: int, analysis: Analysis) -> str:
    family = FAMILIES[analysis.kind]
    attributes = {
        "NO": number,
        "EFFECT_SIZE": analysis.shown[0],
        "CI_START": analysis.shown[1],
        "CI_END": analysis.shown[2],
        "CI_TOTAL": "95",
        "RANDOM": "YES" if analysis.is_random else "NO",
        "TOTALS": "YES",
        "EVENTS_1": 9,
        "TOTAL_1": 99,
    }
    if analysis.kind == "counts":
        attributes |= {"METHOD": analysis.method, "SWAP_EVENTS": "YES" if analysis.is_swapped else "NO"}
    if analysis.kind == "estimate":
        attributes |= {"LOG_DATA": "YES" if analysis.is_log else "NO"}
    measure = ""
    if analysis.kind in {"counts", "means"}:
        attributes |= {"EFFECT_MEASURE": analysis.measure}
    else:
        measure = (
            f"<EFFECT_MEASURE>{escape(MEASURES.get(analysis.measure, analysis.measure))}</EFFECT_MEASURE>"
        )
    groups = []
    for place, (subgroup, studies) in enumerate(analysis.studies.items(), start=1):
        data = "\n".join(rm5_study(analysis, family, study) for study in studies)
        if subgroup:
            data = (
                f'<{family}_SUBGROUP NO="{place}"><NAME>{escape(subgroup)}</NAME>\n{data}</{family}_SUBGROUP>'
            )
        groups.append(data)
    inside = f"<NAME>{escape(analysis.name)}</NAME><GROUP_LABEL_1>A</GROUP_LABEL_1>{measure}" + "\n".join(
        groups
    )
    return f"<{family}_OUTCOME {written(attributes | analysis.settings)}>{inside}</{family}_OUTCOME>"


def rm5_study(analysis: Analysis, family: str, study: Study) -> str:
    names = {"o_e": "O_E", "variance": "VAR"}
    attributes = {names.get(key, key.upper()): value for key, value in study.numbers.items()}
    shown = shown_of(analysis, study)
    if shown:
        log10 = f"{math.log10(shown['effect'])}" if shown["effect"] > 0 else ""
        attributes |= {"EFFECT_SIZE": shown["effect"], "LOG_EFFECT_SIZE": log10, "SE": shown["se"]}
    return f"<{family}_DATA {written({'STUDY_ID': study_id(study.name), 'ESTIMABLE': 'YES'} | attributes)}/>"


def written(attributes: dict[str, Any]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items())


def study_id(name: str) -> str:
    """RevMan spells out every other character in its IDs: MRC-1 is STD-MRC_x002d_1."""
    return "STD-" + re.sub(r"[^A-Za-z0-9]", lambda char: f"_x{ord(char[0]):04x}_", name)


def table_bytes(
    columns: Iterable[str], lines: Iterable[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8-sig"
) -> bytes:
    stream = io.StringIO(newline="")
    table = csv.DictWriter(stream, list(columns), restval="", delimiter=delimiter, lineterminator="\r\n")
    table.writeheader()
    table.writerows(lines)
    return stream.getvalue().encode(encoding)
