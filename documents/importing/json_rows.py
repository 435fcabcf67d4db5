"""A row of results of our JSON: numbers in full and printed digits, each checked against the other."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from documents import schema
from etd.domain import numbers
from etd.domain.effect_axis import RATIO_MEASURES

MEASURES = ("OR", "RR", "HR", "RD", "MD", "SMD", "GIV")
ARMS = ("intervention", "comparison")
# No database column holds more.
_LARGEST = 2_147_483_647
_LONGEST_MARK = 10
_LONGEST_NAME = 500

_NUMBER = r"[-−]?[0-9][0-9,]*(?:\.[0-9]+)?"
_EFFECT = re.compile(rf"({_NUMBER}) \(({_NUMBER})(?:–| to )({_NUMBER})\)")
_PERCENT = re.compile(r"(?:[0-9]+/[0-9]+ \()?([0-9]{1,3}(?:\.[0-9]+)?)%\)?")
_P = re.compile(r"([<>]?)([01](?:\.[0-9]+)?)")


class RowProblem(ValueError):
    """A row whose numbers cannot stand, or are not those that it prints; the message says which."""


def read_row(row: schema.Row) -> tuple[dict[str, str], dict[str, str]]:
    """The numbers of a row in full and its printed digits, by the names of `ImportedRow`. Raises RowProblem.

    The digits of a recomputed row are those that our own rounding gives: none are kept.
    """
    full = _numbers(row)
    if not row.population.strip() or len(row.population) > _LONGEST_NAME:
        raise RowProblem("It names no population, or one whose name is too long.")
    cells = {name: "" if value is None else _text(value) for name, value in full.items()}
    cells |= {"footnote_mark": row.footnote_mark, "measure": row.measure}
    printed = _printed(row, full)
    if row.source == "computed":
        return cells, {}
    return cells, printed


def _numbers(row: schema.Row) -> dict[str, float | int | None]:
    """The numbers of `values`, each in its range. I² in percent, tau² on the analysis scale."""
    values = row.values
    full: dict[str, float | int | None] = {
        "n_studies": _count(values, "n_studies", default=row.n_studies),
        **{f"{kind}_{arm}": _count(values, f"{kind}_{arm}") for arm in ARMS for kind in ("events", "n")},
        **{name: _decimal(values, name) for name in ("estimate", "ci_low", "ci_high", "p_value")},
        "i2": _decimal(values, "i_squared"),
        "tau_squared": _decimal(values, "tau_squared"),
    }
    if full["n_studies"] != row.n_studies:
        raise RowProblem(f"It prints {row.n_studies} studies, but its number is {full['n_studies']}.")
    if row.measure and row.measure not in MEASURES:
        raise RowProblem(f"“{row.measure[:20]}” is no measure that is known here.")
    if len(row.footnote_mark) > _LONGEST_MARK:
        raise RowProblem("The mark of its footnote is too long.")
    for arm in ARMS:
        _require_arm(full[f"events_{arm}"], full[f"n_{arm}"], arm)
    _require_effect(row.measure, full)
    return full


def _require_arm(events: float | int | None, people: float | int | None, arm: str) -> None:
    if people is None and events is not None:
        raise RowProblem(f"It has events without people in the {arm}.")
    if people is not None and people < 1:
        raise RowProblem(f"It has no people in the {arm}.")
    if people is not None and events is not None and events > people:
        raise RowProblem(f"It has more events than people in the {arm}: {events} of {people}.")


def _require_effect(measure: str, full: Mapping[str, float | int | None]) -> None:
    estimate, low, high = (full[name] for name in ("estimate", "ci_low", "ci_high"))
    p_value, i2, tau_squared = (full[name] for name in ("p_value", "i2", "tau_squared"))
    if (estimate is None) != (low is None) or (low is None) != (high is None):
        raise RowProblem("It has an estimate without an interval, or an interval without an estimate.")
    if estimate is None or low is None or high is None:
        if p_value is not None:
            raise RowProblem("It has a P value, but no effect.")
    elif not low <= estimate <= high:
        raise RowProblem(f"Its estimate {estimate:g} is outside its interval {low:g} to {high:g}.")
    elif not measure or not full["n_studies"]:
        raise RowProblem("It has an effect without a measure, or from no study.")
    elif measure in RATIO_MEASURES and low < 0:
        raise RowProblem("A ratio is not below 0.")
    elif measure == "RD" and not -1 <= low <= high <= 1:
        raise RowProblem("A risk difference is a proportion, from -1 to 1.")
    if p_value is not None and not 0 <= p_value <= 1:
        raise RowProblem(f"Its P value {p_value:g} is no probability.")
    if i2 is not None and not 0 <= i2 <= 100:
        raise RowProblem(f"Its I² of {i2:g} is no percentage.")
    if tau_squared is not None and tau_squared < 0:
        raise RowProblem("Its tau² is below 0.")


def _printed(row: schema.Row, full: Mapping[str, float | int | None]) -> dict[str, str]:
    """The printed digits by name; a number that is not the one that it prints is refused."""
    printed: dict[str, str] = {}
    for arm in ARMS:
        text, events, people = getattr(row, arm), full[f"events_{arm}"], full[f"n_{arm}"]
        match = _PERCENT.fullmatch(text)
        if events is None or people is None:
            continue
        if not text.startswith(f"{events}/{people} ") or match is None:
            raise RowProblem(f"It prints “{text[:40]}” for {events} of {people} in the {arm}.")
        printed[f"percent_{arm}"] = match[1]
    if full["estimate"] is not None:
        printed |= _printed_effect(row, full)
    elif _EFFECT.fullmatch(row.effect):
        raise RowProblem(f"It prints the effect “{row.effect[:40]}”, but holds no number for it.")
    if full["i2"] is not None:
        printed["i2"] = _digits(_PERCENT.fullmatch(row.i_squared), 1, full["i2"], f"I² {row.i_squared}")
    match = _P.fullmatch(row.p_value.replace(" ", ""))
    if match and full["p_value"] is not None and not match[1]:
        printed["p_value"] = _digits(match, 2, full["p_value"], f"P {row.p_value}")
    elif match and match[1]:
        p_value = full["p_value"]
        bound = float(match[2])
        if p_value is not None and (p_value > bound if match[1] == "<" else p_value < bound):
            raise RowProblem(f"It prints P {row.p_value}, but the number is {p_value:g}.")
        printed["p_value"] = f"{match[1]}{match[2]}"
    elif full["p_value"] is not None or match:
        raise RowProblem(f"It prints P “{row.p_value[:20]}”, which is not its number.")
    return printed


def _printed_effect(row: schema.Row, full: Mapping[str, float | int | None]) -> dict[str, str]:
    names = ("estimate", "ci_low", "ci_high")
    values = [float(full[name] or 0) for name in names]
    # Also what no pattern of digits fits: very large and very small numbers by powers of ten.
    if row.effect == numbers.effect(values[0], values[1], values[2], row.measure):
        ours = _EFFECT.fullmatch(row.effect)
        return {name: _plain(ours[place]) for place, name in enumerate(names, start=1)} if ours else {}
    match = _EFFECT.fullmatch(row.effect)
    return {
        name: _digits(match, place, value, f"the effect {row.effect}")
        for place, (name, value) in enumerate(zip(names, values, strict=True), start=1)
    }


def _digits(match: re.Match[str] | None, place: int, value: float | int, what: str) -> str:
    """Printed digits that this number rounds to, to within one of the last digit."""
    digits = _plain(match[place]) if match else ""
    decimals = len(digits.partition(".")[2])
    if not digits or abs(float(digits) - value) > 1.001 * 10**-decimals:
        raise RowProblem(f"It prints {what[:60]}, but the number is {value:g}.")
    return digits


def _plain(digits: str) -> str:
    return digits.replace(",", "").replace("−", "-")


def _text(value: float | int) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


def _count(values: Mapping[str, Any], name: str, default: int | None = None) -> int | None:
    value = values.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise RowProblem(f"Its {name} is {str(value)[:20]!r}, no whole number from 0 on.")
    return value


def _decimal(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowProblem(f"Its {name} is {str(value)[:20]!r}, no number.")
    try:
        number = float(value)
    except OverflowError as error:
        raise RowProblem(f"Its {name} is too large.") from error
    if not math.isfinite(number):
        raise RowProblem(f"Its {name} is no finite number.")
    return number
