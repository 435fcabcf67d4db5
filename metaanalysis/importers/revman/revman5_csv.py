"""The CSV export of RevMan 5 ("Export analysis data"): totals, subgroups and studies in one table.

A row is told by its three numbers. Outcome number 0: a comparison. The first row of an outcome: its totals and
settings. The first row of a subgroup: its totals. Every other row: a study.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from metaanalysis.importers.cells import Row, text_of
from metaanalysis.importers.revman.analyses import (
    Analysis,
    DataKind,
    Entry,
    RevmanFile,
    Shown,
    names_non_events,
    plain_words,
)
from metaanalysis.importers.revman.records import Record, Records, read_records
from metaanalysis.importers.table import ProblemLog, Refusal, visible

_NUMBERS = ("comparison_number", "outcome_number", "subgroup_number")
_ARMS = {f"{name}{arm}": f"{name}_{arm}" for name in ("events", "mean", "sd", "total") for arm in "12"}
_COLUMNS = {
    "comparisonnumber": "comparison_number",
    "outcomenumber": "outcome_number",
    "subgroupnumber": "subgroup_number",
    "name": "name",
    "datatype": "data_type",
    "statisticalmethod": "method",
    "effectmeasure": "measure",
    "analysismodel": "model",
    "totals": "totals",
    "totalconfidenceinterval": "level",
    "swapeventandnonevent": "swap",
    "entereddataareonlogscalegenericinversevarianceonly": "log",
    **_ARMS,
    "oe": "o_e",
    "var": "variance",
    "variance": "variance",
    "effectestimate": "effect",
    "se": "se",
    "cistart": "ci_low",
    "ciend": "ci_high",
    "yearofstudy": "year",
}
_VALUES = (*_ARMS.values(), "o_e", "variance", "effect", "se", "ci_low", "ci_high")
_KINDS = {
    "dic": DataKind.COUNTS,
    "dich": DataKind.COUNTS,
    "con": DataKind.MEANS,
    "cont": DataKind.MEANS,
    "giv": DataKind.ESTIMATE,
    "iv": DataKind.ESTIMATE,
    "ipd": DataKind.O_E,
    "oev": DataKind.O_E,
}
_OTHER = ("oth", "other")
_NEEDED = {
    DataKind.COUNTS: ("events_1", "total_1", "events_2", "total_2"),
    DataKind.MEANS: ("mean_1", "sd_1", "total_1", "mean_2", "sd_2", "total_2"),
    DataKind.ESTIMATE: ("effect", "se"),
    DataKind.O_E: ("effect", "se"),
}
_EXPORT_AGAIN = "Export the analyses from RevMan again, with all fields, and do not sort or edit the table."
Key = tuple[int, int]


def is_revman5_csv(rows: Sequence[Row]) -> bool:
    """Whether the first row holds the three columns that no other table has together."""
    header = {plain_words(text_of(cell)) for cell in rows[0].cells} if rows else set()
    return {number.replace("_", "") for number in _NUMBERS} <= header


def read_revman5_csv(rows: Sequence[Row], log: ProblemLog) -> RevmanFile:
    """What the table holds. Raises Refusal if columns are missing; errors of single rows go to `log`."""
    table = read_records(rows, _COLUMNS, log)
    missing = [name for name in ("name", "data_type") if name not in table.names]
    if missing:
        written = " and ".join("Name" if name == "name" else "Data Type" for name in missing)
        text = f"the columns of a RevMan 5 export are there, but not {written}. {_EXPORT_AGAIN}"
        raise Refusal("missing_column", text, row=rows[0].number)
    reader = _Reader(table, log)
    for record in table.records:
        reader.read(record)
    return RevmanFile(tuple(reader.complete()), table.names)


@dataclass
class _Reader:
    table: Records
    log: ProblemLog
    comparisons: dict[int, str] = field(default_factory=dict)
    analyses: dict[Key, Analysis | None] = field(default_factory=dict)
    subgroups: dict[tuple[int, int, int], str] = field(default_factory=dict)
    entries: dict[Key, list[Entry]] = field(default_factory=dict)

    def read(self, record: Record) -> None:
        numbers = [self._number(record, name) for name in _NUMBERS]
        if None in numbers:
            return
        comparison, outcome, subgroup = (number or 0 for number in numbers)
        if outcome == 0:
            self.comparisons[comparison] = _name(record)
        elif (comparison, outcome) not in self.analyses:
            self._start_analysis(record, comparison, outcome, subgroup)
        elif subgroup and (comparison, outcome, subgroup) not in self.subgroups:
            self._start_subgroup(record, (comparison, outcome, subgroup))
        else:
            self._add_study(record, (comparison, outcome), subgroup)

    def complete(self) -> list[Analysis]:
        """The analyses with their studies and the names of their comparisons."""
        return [
            replace(
                analysis,
                comparison=self.comparisons.get(key[0], ""),
                entries=tuple(self.entries.get(key, ())),
            )
            for key, analysis in self.analyses.items()
            if analysis is not None
        ]

    def _number(self, record: Record, name: str) -> int | None:
        text = record.get(name)
        if text.isascii() and text.isdigit() and len(text) <= 6:
            return int(text)
        self._error(record, name, "row_number", f"this must be a whole number. {_EXPORT_AGAIN}")
        return None

    def _start_analysis(self, record: Record, comparison: int, outcome: int, subgroup: int) -> None:
        key = (comparison, outcome)
        code = plain_words(record.get("data_type"))
        self.analyses[key] = None
        kind = _KINDS.get(code)
        if not code or subgroup:
            text = f"the first row of an outcome must hold its totals and its data type. {_EXPORT_AGAIN}"
            self._error(record, "data_type", "totals_row", text)
        elif code in _OTHER:
            where = f"Analysis {comparison}.{outcome} '{visible(_name(record))}'"
            said = f"{where} holds other data than numbers of studies; it was left out."
            self.log.notices.append(said)
        elif kind is None:
            text = "this type of data is not known here. It must be DIC, CON, GIV or IPD."
            self._error(record, "data_type", "data_type", text)
        elif self._has_columns(record, kind):
            self.analyses[key] = self._analysis(record, f"{comparison}.{outcome}", kind)

    def _has_columns(self, record: Record, kind: DataKind) -> bool:
        needed = ("o_e", "variance") if {"o_e", "variance"} <= set(self.table.names) else _NEEDED[kind]
        needed = needed if kind is DataKind.O_E else _NEEDED[kind]
        missing = [name for name in needed if name not in self.table.names]
        if missing:
            names = ", ".join(missing)
            text = f"the table has no columns for {names}, which this type of data needs. {_EXPORT_AGAIN}"
            self._error(record, "data_type", "missing_column", text)
        return not missing

    def _analysis(self, record: Record, number: str, kind: DataKind) -> Analysis:
        swap, log, totals = (plain_words(record.get(name)) for name in ("swap", "log", "totals"))
        return Analysis(
            number=number,
            comparison="",
            name=_name(record),
            kind=kind,
            measure=record.get("measure"),
            method=record.get("method"),
            model=record.get("model"),
            is_log={"yes": True, "no": False}.get(log),
            is_swapped=swap == "yes" or names_non_events(record.get("measure")),
            has_total=totals in {"", "yes"} or totals.startswith("total"),
            shown=Shown(
                record.get("effect"), record.get("ci_low"), record.get("ci_high"), record.get("level")
            ),
        )

    def _start_subgroup(self, record: Record, key: tuple[int, int, int]) -> None:
        self.subgroups[key] = _name(record)
        if not record.get("data_type"):
            text = f"the first row of a subgroup must hold its totals and its data type. {_EXPORT_AGAIN}"
            self._error(record, "data_type", "totals_row", text)

    def _add_study(self, record: Record, key: Key, subgroup: int) -> None:
        if record.get("data_type"):
            text = f"this row looks like totals where a study was expected. {_EXPORT_AGAIN}"
            self._error(record, "data_type", "totals_row", text)
            return
        name = self.subgroups.get((*key, subgroup), "")
        values = {value: record.values[value] for value in _VALUES if value in record.values}
        entry = Entry(record.row, _name(record), record.get("year"), name, values)
        self.entries.setdefault(key, []).append(entry)

    def _error(self, record: Record, column: str, code: str, text: str) -> None:
        written = self.table.names.get(column)
        value = record.get(column) or _name(record)
        self.log.error(code, text, row=record.row, column=written, value=value)


def _name(record: Record) -> str:
    """RevMan 5 leaves the escapes of its own XML in the names it exports."""
    text = record.get("name")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
