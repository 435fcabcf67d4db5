"""Tables of results: cells → rows of reported results, every number with its own digits.

A row is read as a whole or not at all: a cell that is no such number leaves its row with what is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from documents.importing.fragments import Cell
from documents.importing.labels import aliases, same

# Columns whose heading must be known; the two between the studies and the effect are the arms.
OUTCOME, STUDIES, P_VALUE, I_SQUARED = "outcome", "n_studies", "p_value", "i2"
MEASURES = ("OR", "RR", "HR", "RD")
INTERVENTION, COMPARISON, EFFECT = "intervention", "comparison", "effect"
RATIOS = ("OR", "RR", "HR")
# No database column holds more.
_LARGEST = 2_147_483_647
_LONGEST_MARK = 10

_MISSING = frozenset(
    {"", "-", "–", "—", "−", "na", "n/a", "n.a.", "nr", "not reported", "not estimable", "…", "..."}
)
_COUNT = r"\d{1,3}(?:[ ,]\d{3})+|\d{1,9}"
_DECIMAL = r"\d{1,9}(?:[.,]\d{1,9})?"
_RAISED = "[⁰¹²³⁴-⁹]{1,2}"
_STUDIES = re.compile(
    rf"(\d{{1,6}})\s*([*†‡§¶#]{{1,3}}|[a-z](?:, ?[a-z]){{0,2}}|{_RAISED}(?:, ?{_RAISED}){{0,2}})?"
)
_ARM = re.compile(rf"({_COUNT})\s*/\s*({_COUNT})(?:\s*\(\s*({_DECIMAL})\s*%\s*\))?")
_EFFECT = re.compile(
    rf"(?:(?P<measure>[A-Z]{{2}})\s*[:=]?\s*)?(?P<estimate>[-−]?{_DECIMAL})\s*[(\[]\s*(?:95\s*%\s*CI[:,]?\s*)?"
    rf"(?P<low>[-−]?{_DECIMAL})\s*(?:–|—|-|to|bis|a|;|,\s)\s*(?P<high>[-−]?{_DECIMAL})\s*[)\]]"
)
_P = re.compile(r"(?:[Pp]\s*=?\s*)?([<>]?)\s*=?\s*([01]?[.,]\d{1,9}|[01])")
_PERCENT = re.compile(rf"({_DECIMAL})\s*%?")
_INSIDE = re.compile(r"[(\[{]([^)\]}]*)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_INTERVAL = re.compile(r"[\s,;:–-]*(?:95\s*%)?[\s,;:–-]*")
# "1,234" may be a thousand or a fraction: nobody can tell.
_AMBIGUOUS = re.compile(r"\d{1,3},\d{3}")


class Unreadable(ValueError):
    """A cell that does not hold what its column says; the message names the cell."""


@dataclass(frozen=True)
class Columns:
    """The kind of every column, the measure that the effect's heading names ("" where each row does), its labels."""

    kinds: tuple[str, ...]
    measure: str
    headings: tuple[str, ...]
    problem: str = ""
    """Why the table is not read although its columns are known, empty where it is."""

    def label(self, kind: str) -> str:
        return " ".join(self.headings[self.kinds.index(kind)].split())


def rows_of(cells: Sequence[Cell]) -> tuple[tuple[Cell, ...], ...]:
    """Cells by rows: a row ends with an empty line, or with the line that holds several cells."""
    rows: list[list[Cell]] = [[]]
    for cell in cells:
        rows[-1].append(cell)
        if cell.ends_row:
            rows.append([])
    return tuple(tuple(row) for row in rows if row)


def columns_of(row: Sequence[Cell]) -> Columns | None:
    """The columns that a header row names; None where it is no header of results, or one with unknown columns."""
    headings = tuple("\n".join(f.folded for f in cell.head) for cell in row)
    kinds = [_kind(heading) for heading in headings]
    measures = [kind for kind in kinds if kind in MEASURES]
    if len(measures) != 1 or kinds.count("") != 2 or len(set(kinds) - {""}) != len(kinds) - 2:
        return None
    if kinds[0] == "" or STUDIES not in kinds:
        return None
    first, second = (place for place, kind in enumerate(kinds) if not kind)
    effect = kinds.index(measures[0])
    if second != first + 1 or second > effect or kinds[0] != OUTCOME:
        return None
    kinds[first], kinds[second], kinds[effect] = INTERVENTION, COMPARISON, EFFECT
    problem = _problem(headings[effect], headings[first], headings[second])
    return Columns(tuple(kinds), measures[0], headings, problem)


def _problem(effect: str, first: str, second: str) -> str:
    """An interval or a unit of another kind in the effect's heading, or the arms the other way round."""
    for inside in _INSIDE.findall(effect):
        words = _WORD.sub(
            lambda match: "" if match[0].casefold() in aliases().of_effect else match[0], inside
        )
        if not _INTERVAL.fullmatch(words):
            return (
                f"Its effects are “{' '.join(effect.split())}”, and only those with a 95 % interval are read."
            )
    if _is_control(first) and not _is_control(second):
        return f"“{first}” stands before “{second}”: the column of the intervention must be the first of the two."
    return ""


def _is_control(heading: str) -> bool:
    return same(_BRACKETS.sub(" ", heading)) in aliases().controls


def read_cells(columns: Columns, texts: Sequence[str]) -> Mapping[str, str]:
    """The printed digits of one row by name, see `ImportedRow`. Raises Unreadable, naming the cell."""
    by_kind = dict(zip(columns.kinds, texts, strict=True))
    cells = {"measure": ""}
    cells |= _studies(by_kind[STUDIES])
    for arm in (INTERVENTION, COMPARISON):
        cells |= _arm(by_kind[arm], arm, columns.label(arm))
    cells |= _effect(by_kind[EFFECT], columns.measure)
    cells[P_VALUE] = _p_value(by_kind.get(P_VALUE, ""))
    cells[I_SQUARED] = _percent(by_kind.get(I_SQUARED, ""))
    if cells["n_studies"] == "0" and any(cells[name] for name in ("estimate", P_VALUE)):
        raise Unreadable("there is an effect, but the number of studies is 0")
    if cells[P_VALUE] and not cells["estimate"]:
        raise Unreadable(f"there is a P value (“{by_kind[P_VALUE]}”), but no effect")
    return cells


def is_missing(text: str) -> bool:
    return text.casefold() in _MISSING


def _kind(heading: str) -> str:
    bare = same(_BRACKETS.sub(" ", heading))
    whole = same(heading.replace("(", " ").replace(")", " "))
    columns = aliases().columns
    return columns.get(bare) or columns.get(whole) or ""


def _studies(text: str) -> dict[str, str]:
    found = _STUDIES.fullmatch(text)
    if found is None:
        raise Unreadable(f"“{text[:60]}” is no number of studies")
    return {"n_studies": found[1], "footnote_mark": found[2] or ""}


def _arm(text: str, arm: str, label: str) -> dict[str, str]:
    if is_missing(text):
        return {f"events_{arm}": "", f"n_{arm}": "", f"percent_{arm}": ""}
    found = _ARM.fullmatch(text)
    if found is None:
        raise Unreadable(f"“{text[:60]}” under {label} is not events/people (percent)")
    events, people = (re.sub("[ ,]", "", found[n]) for n in (1, 2))
    if not int(events) <= int(people) <= _LARGEST or not int(people):
        raise Unreadable(f"“{text[:60]}” under {label}: more events than people")
    return {f"events_{arm}": events, f"n_{arm}": people, f"percent_{arm}": _point(found[3] or "")}


def _effect(text: str, measure: str) -> dict[str, str]:
    if is_missing(text):
        return {"estimate": "", "ci_low": "", "ci_high": ""}
    found = _EFFECT.fullmatch(text)
    if found is None:
        raise Unreadable(f"“{text[:60]}” is no effect with its interval, such as 1.21 (0.91–1.60)")
    if found["measure"] and found["measure"] != measure:
        raise Unreadable(f"“{text[:60]}” is not the measure that the column names ({measure})")
    numbers = {"estimate": found["estimate"], "ci_low": found["low"], "ci_high": found["high"]}
    if any(_AMBIGUOUS.search(number) for number in numbers.values()):
        raise Unreadable(f"“{text[:60]}”: a comma before three digits may mean thousands or a fraction")
    cells = {name: _point(number) for name, number in numbers.items()}
    low, estimate, high = (float(cells[name]) for name in ("ci_low", "estimate", "ci_high"))
    if not low <= estimate <= high:
        raise Unreadable(f"“{text[:60]}”: the estimate is outside its interval")
    if measure in RATIOS and low < 0:
        raise Unreadable(f"“{text[:60]}”: a ratio is not below 0")
    if measure not in RATIOS and not -1 <= low <= high <= 1:
        raise Unreadable(f"“{text[:60]}”: a risk difference is a proportion, from -1 to 1")
    return cells | {"measure": measure}


def _p_value(text: str) -> str:
    if is_missing(text):
        return ""
    found = _P.fullmatch(text)
    if found is None or not float(_point(found[2])) <= 1:
        raise Unreadable(f"“{text[:60]}” is no P value")
    return f"{found[1]}{_point(found[2])}"


def _percent(text: str) -> str:
    if is_missing(text):
        return ""
    found = _PERCENT.fullmatch(text)
    if found is None or float(_point(found[1])) > 100:
        raise Unreadable(f"“{text[:60]}” is no I² in percent")
    return _point(found[1])


def _point(number: str) -> str:
    return number.replace(",", ".").replace("−", "-")
