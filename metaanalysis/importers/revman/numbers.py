"""The numbers of one study in one analysis. The kind of the analysis says which of them count; others are zeros."""

from collections.abc import Callable, Mapping
from typing import Any

from metaanalysis.importers.cells import Finding
from metaanalysis.importers.revman.analyses import Analysis, DataKind, Entry, measure_of
from metaanalysis.importers.revman.effects import (
    Estimate,
    ShownScale,
    as_entered,
    as_shown,
    differs_from_shown,
    from_o_e,
    scale_refusal,
)
from metaanalysis.importers.revman.figures import NotAFigure, count_of, decimal_of, is_nothing, spread_of
from metaanalysis.importers.table import ProblemLog, visible

CORRECT = "Correct it in RevMan and export the file again."
_ARMS = (("intervention", "1"), ("comparison", "2"))
_COUNTS = {f"{name}_{arm}": count_of for name in ("events", "total") for _, arm in _ARMS}
_TOTALS = {f"total_{arm}": count_of for _, arm in _ARMS}
_MEANS = {f"mean_{arm}": decimal_of for _, arm in _ARMS} | {f"sd_{arm}": spread_of for _, arm in _ARMS}


class NoData(Exception):
    """The study has no numbers in this analysis; the text says what is lacking."""


class Rejected(Exception):
    """What is wrong with the study has been logged."""


class Numbers:
    """Reads one study after another, logging what is wrong with each."""

    def __init__(self, analysis: Analysis, names: Mapping[str, str], log: ProblemLog) -> None:
        self.analysis = analysis
        self.names = names
        self.log = log
        self.measure = measure_of(analysis.measure)
        self.where = f"analysis {visible(analysis.number)} '{visible(analysis.name)}'"
        self.stale: list[str] = []
        """Studies whose shown effect is another than the one they were entered with."""
        self.has_o_e = analysis.kind is DataKind.O_E and {"o_e", "variance"} <= names.keys()
        self.is_log = analysis.is_log

    def settle_scale(self) -> None:
        """Finds out whether estimates are logarithms. Raises Rejected if that cannot be told."""
        if self.analysis.kind in (DataKind.COUNTS, DataKind.MEANS) or self.has_o_e:
            self.is_log = self.has_o_e or None
            return
        if "estimate" in self.names or self.analysis.is_log is False:
            refusal = scale_refusal(self.analysis, self.measure)
        else:
            self.is_log = ShownScale(self.analysis, self.measure).is_log
            refusal = (
                "the effects, their standard errors and intervals do not tell whether logarithms were pooled, or "
                f"contradict the measure '{visible(self.analysis.measure)}'. Save the review as .rm5 and upload that."
                if self.is_log is None
                else ""
            )
        if refusal:
            self.log.error("unknown_scale", f"{self.where}: {refusal}")
            raise Rejected

    @property
    def hint(self) -> str:
        """The measure of the estimates, "" where the scale is not the one that its name promises."""
        is_difference = self.measure.hint in {"RD", "MD", "SMD"}
        return "" if is_difference and self.is_log else self.measure.hint

    def read(self, entry: Entry) -> dict[str, Any]:
        """The numbers by the fields of a StudyRow. Raises NoData, Rejected."""
        if self.analysis.kind is DataKind.COUNTS:
            return self._counts(entry)
        if self.analysis.kind is DataKind.MEANS:
            return self._means(entry)
        return self._estimate(entry)

    def reject(self, entry: Entry, finding: Finding, key: str | None = None) -> None:
        study = visible(entry.study)
        column = None if key is None else self.names.get(key)
        value = None if key is None else entry.values.get(key, "")
        text = f"{self.where}, study '{study}': {finding.text} {CORRECT}"
        self.log.error(finding.code, text, row=entry.row, column=column, value=value)

    def _figures(self, entry: Entry, readers: Mapping[str, Callable[[str], float]]) -> dict[str, float]:
        """All numbers of these keys, every wrong one logged. Raises Rejected if there is one."""
        found = {}
        for key, reader in readers.items():
            try:
                found[key] = reader(entry.values.get(key, ""))
            except NotAFigure as wrong:
                self.reject(entry, wrong.finding, key)
        if len(found) < len(readers):
            raise Rejected
        return found

    def _counts(self, entry: Entry) -> dict[str, Any]:
        if all(is_nothing(entry.values.get(key, "")) for key in _COUNTS):
            self._refuse_other_data(entry)
            raise NoData("no people")
        figures = {key: int(value) for key, value in self._figures(entry, _COUNTS).items()}
        for _, arm in _ARMS:
            events, total = figures[f"events_{arm}"], figures[f"total_{arm}"]
            if events > total:
                text = f"more events ({events}) than people ({total} in {self.names[f'total_{arm}']})."
                self.reject(entry, Finding("error", "events_exceed_total", text), f"events_{arm}")
                raise Rejected
        if 0 in (figures["total_1"], figures["total_2"]):
            raise NoData("no people in one arm")
        found: dict[str, Any] = {"kind": "counts"}
        for name, arm in _ARMS:
            found |= {f"events_{name}": figures[f"events_{arm}"], f"n_{name}": figures[f"total_{arm}"]}
        return found

    def _means(self, entry: Entry) -> dict[str, Any]:
        if all(is_nothing(entry.values.get(key, "")) for key in _TOTALS):
            self._refuse_other_data(entry)
            raise NoData("no people")
        totals = {key: int(value) for key, value in self._figures(entry, _TOTALS).items()}
        if 0 in totals.values():
            raise NoData("no people in one arm")
        if all(is_nothing(entry.values.get(f"sd_{arm}", "")) for _, arm in _ARMS):
            raise NoData("no standard deviations")
        figures = self._figures(entry, _MEANS)
        found: dict[str, Any] = {"kind": "means"}
        for name, arm in _ARMS:
            if totals[f"total_{arm}"] < 2:
                found_few = Finding("error", "small_total", "a standard deviation needs at least 2 people.")
                self.reject(entry, found_few, f"total_{arm}")
                raise Rejected
            found |= {
                f"mean_{name}": figures[f"mean_{arm}"],
                f"sd_{name}": figures[f"sd_{arm}"],
                f"n_{name}": totals[f"total_{arm}"],
            }
        return found

    def _refuse_other_data(self, entry: Entry) -> None:
        """A study entered as an estimate in an analysis of arms: RevMan Web pools it, one kind of rows cannot."""
        if not is_nothing(entry.values.get("estimate", "")) and not is_nothing(entry.values.get("se", "")):
            text = (
                "this study has an estimate where the others have numbers of people in each arm. Enter its arms, or "
                "enter all studies of the analysis as estimates."
            )
            self.reject(entry, Finding("error", "mixed_analysis", text), "estimate")
            raise Rejected

    def _estimate(self, entry: Entry) -> dict[str, Any]:
        spread = "variance" if self.has_o_e else "se"
        if is_nothing(entry.values.get(spread, "")):
            raise NoData("no variance" if self.has_o_e else "no standard error")
        key = "o_e" if self.has_o_e else ("estimate" if "estimate" in self.names else "effect")
        self._figures(entry, {key: decimal_of, spread: spread_of})
        try:
            estimate, se = self._effect(entry, key)
        except NotAFigure as wrong:
            self.reject(entry, wrong.finding, key)
            raise Rejected from wrong
        if key == "estimate" and differs_from_shown(self.analysis, entry, estimate):
            self.stale.append(entry.study)
        return {"kind": "estimate", "estimate": estimate, "se": se, "measure": self.hint}

    def _effect(self, entry: Entry, key: str) -> Estimate:
        if key == "o_e":
            return from_o_e(entry.values["o_e"], entry.values["variance"])
        if key == "estimate":
            return as_entered(entry)
        return as_shown(entry, bool(self.is_log))
