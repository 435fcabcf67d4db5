"""A step of a computation, its numbers and the sources of its formulas."""

from __future__ import annotations

from dataclasses import dataclass

from etd.domain import numbers
from metaanalysis.stats.types import CiMethod, Measure, Method, Tau2Method

DIGITS = 8


@dataclass(frozen=True)
class Step:
    """One number of the page and where it comes from. `inputs` are (symbol, value); the rows belong to the columns."""

    key: str
    name: str
    value: str
    meaning: str
    formula: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    source: str = ""


SOURCES = {
    Method.IV: "Cochrane Handbook for Systematic Reviews of Interventions, chapter 10",
    Method.MH: "Mantel and Haenszel 1959; Greenland and Robins 1985",
    Method.PETO: "Yusuf, Peto, Lewis, Collins and Sleight 1985",
    Tau2Method.DL: "DerSimonian and Laird 1986",
    Tau2Method.PM: "Paule and Mandel 1982",
    Tau2Method.REML: "Viechtbauer 2005",
    CiMethod.WALD: "Wald interval, standard normal distribution",
    CiMethod.HKSJ: "Hartung and Knapp 2001; Sidik and Jonkman 2002",
    CiMethod.HKSJ_ADHOC: "Knapp and Hartung 2003: never narrower than the t interval of the Wald standard error",
}


def named(*inputs: tuple[str, float | int | None]) -> tuple[tuple[str, str], ...]:
    """Symbols with their values; what is None is left out."""
    return tuple((name, digits(value)) for name, value in inputs if value is not None)


def digits(value: float | int) -> str:
    """Eight significant digits, with a real minus sign: enough to compute the page's numbers again."""
    return f"{value:.{DIGITS}g}".replace("-", numbers.MINUS)


def capitalised(words: str) -> str:
    """With a capital at the beginning; names within keep theirs."""
    return words[:1].upper() + words[1:]


def on_log(measure: Measure) -> str:
    return ", log scale" if measure.is_ratio else ""
