"""The data package of RevMan Web: a zip with a table of settings and results and a table of study rows.

Columns are found by name and others ignored: version 2 (from 23 September 2024) added some. Cells that an analysis
does not use hold 0.0, so the data type of the analysis decides which are read.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import replace

from metaanalysis.importers.archive import PackageKind, checked_archive, part_names
from metaanalysis.importers.revman.analyses import (
    Analysis,
    DataKind,
    Entry,
    RevmanFile,
    Shown,
    measure_of,
    names_non_events,
    plain_words,
)
from metaanalysis.importers.revman.records import Record, Records, read_records
from metaanalysis.importers.table import ProblemLog, Refusal, visible
from metaanalysis.importers.text_grid import read_text_table

_ROWS = "-data-rows.csv"
_SETTINGS = "-overall-estimates-and-settings.csv"
_EXPORT_AGAIN = "Export the data package from RevMan again and upload it unchanged."
_PACKAGE = PackageKind(
    "data package",
    _EXPORT_AGAIN,
    "Export one comparison at a time from RevMan.",
    max_parts=2_000,  # a forest plot for each analysis and subgroup
    read_endings=(_ROWS, _SETTINGS),
)
_KEY_COLUMNS = {"analysisgroup": "group", "analysisnumber": "number", "analysisname": "name"}
_ARM_COLUMNS = {
    f"{written}{column}": f"{key}_{arm}"
    for arm, arms in (("1", ("experimental", "intervention")), ("2", ("control", "comparator")))
    for written in arms
    for key, columns in (
        ("events", ("cases", "events")),
        ("total", ("n", "total", "participants")),
        ("mean", ("mean",)),
        ("sd", ("sd",)),
    )
    for column in columns
}
_ROW_COLUMNS = {
    **_KEY_COLUMNS,
    **_ARM_COLUMNS,
    "subgroup": "subgroup",
    "study": "study",
    "studyyear": "year",
    "givmean": "estimate",
    "givse": "se",
    "oe": "o_e",
    "variance": "variance",
    "mean": "effect",
    "cistart": "ci_low",
    "ciend": "ci_high",
}
_SETTING_COLUMNS = {
    **_KEY_COLUMNS,
    "analysisgroupname": "comparison",
    "datatype": "data_type",
    "logscaledata": "log",
    "statisticalmethod": "method",
    "effectmeasure": "measure",
    "analysismodel": "model",
    "heterogeneityestimator": "tau2",
    "cimethod": "ci_method",
    "overallestimates": "totals",
    "swapeventandnonevent": "swap",
    "estimateci": "level",
    "cipilevel": "level",
    "mean": "effect",
    "cistart": "ci_low",
    "ciend": "ci_high",
}
_NEEDED_IN_ROWS = ("group", "number", "study")
_NEEDED_IN_SETTINGS = ("group", "number", "name", "data_type", "measure")
_NEEDED = {
    DataKind.COUNTS: ("events_1", "total_1", "events_2", "total_2"),
    DataKind.MEANS: ("mean_1", "sd_1", "total_1", "mean_2", "sd_2", "total_2"),
    DataKind.ESTIMATE: ("estimate", "se"),
    DataKind.O_E: ("o_e", "variance"),
}
_NAMES = {"study", "subgroup", "name", "comparison"}
_KINDS = {
    "dichotomous": DataKind.COUNTS,
    "continuous": DataKind.MEANS,
    "contrastlevel": DataKind.ESTIMATE,
    "genericinversevariance": DataKind.ESTIMATE,
    "giv": DataKind.ESTIMATE,
    "oeandvariance": DataKind.O_E,
    "oevariance": DataKind.O_E,
}
Key = tuple[str, str]


def is_data_package(data: bytes) -> bool:
    """Whether this is a zip that holds a table of RevMan Web's study rows, in whatever folder."""
    return any(name.casefold().endswith(_ROWS) for name in part_names(data))


def read_data_package(data: bytes, log: ProblemLog) -> RevmanFile:
    """What the package holds. Raises Refusal; errors of single rows go to `log`."""
    settings_bytes, rows_bytes = _parts(data)
    settings = _table(settings_bytes, _SETTING_COLUMNS, _NEEDED_IN_SETTINGS, _SETTINGS, log)
    rows = _table(rows_bytes, _ROW_COLUMNS, _NEEDED_IN_ROWS, _ROWS, log)
    analyses = _analyses(settings, rows.names, log)
    entries: dict[Key, list[Entry]] = {key: [] for key in analyses}
    for record in rows.records:
        key = (record.get("group"), record.get("number"))
        if key not in analyses:
            text = (
                f"this row belongs to an analysis that the table {_SETTINGS} does not name. {_EXPORT_AGAIN}"
            )
            log.error("unknown_analysis", text, row=record.row, value=".".join(key))
        else:
            entries[key].append(_entry(record))
    found = (replace(analysis, entries=tuple(entries[key])) for key, analysis in analyses.items())
    return RevmanFile(tuple(found), rows.names)


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The tables of settings and of study rows."""
    with checked_archive(data, _PACKAGE) as archive:
        names = archive.namelist()
        inner = next((name for name in names if name.casefold().endswith(".zip")), None)
        if inner is not None:
            text = "there is a zip archive inside the package. Unpack it, and upload the data package alone."
            raise Refusal("nested_archive", text, value=inner)
        return _only_part(archive, _SETTINGS), _only_part(archive, _ROWS)


def _only_part(archive: zipfile.ZipFile, ending: str) -> bytes:
    found = [name for name in archive.namelist() if _PACKAGE.reads(name) and name.casefold().endswith(ending)]
    if not found:
        raise Refusal("missing_part", f"the data package holds no table {ending}. {_EXPORT_AGAIN}")
    if len(found) > 1:
        text = f"there are {len(found)} tables {ending}. Upload the data package of one review at a time."
        raise Refusal("several_parts", text)
    return archive.read(found[0])


def _table(
    content: bytes, known: Mapping[str, str], needed: tuple[str, ...], part: str, log: ProblemLog
) -> Records:
    rows = read_text_table(content, log).rows
    if not rows:
        raise Refusal("no_rows", f"the table {part} of the data package is empty. {_EXPORT_AGAIN}")
    table = read_records(rows, known, log)
    missing = [
        next(written for written, key in known.items() if key == name)
        for name in needed
        if name not in table.names
    ]
    if missing:
        text = (
            f"the table {part} has no column for {', '.join(missing)}: this may be a version of the package that is "
            "not known here. Export the analyses as CSV instead."
        )
        raise Refusal("missing_column", text, row=rows[0].number)
    plain = (
        Record(row, {key: _plain(key, text) for key, text in values.items()}) for row, values in table.records
    )
    return Records(table.names, tuple(plain))


def _plain(key: str, text: str) -> str:
    """The text without the mark for an empty cell; in names it may be a name, except in the name of a subgroup."""
    is_empty = text.casefold() == "#n/a" or (key not in _NAMES and text.casefold() in {"na", "n/a"})
    return "" if is_empty else text


def _analyses(settings: Records, columns: Mapping[str, str], log: ProblemLog) -> dict[Key, Analysis]:
    analyses: dict[Key, Analysis] = {}
    for record in settings.records:
        key = (record.get("group"), record.get("number"))
        number = ".".join(key)
        where = f"in the table {_SETTINGS}, analysis {visible(number)} '{visible(record.get('name'))}'"
        kind = _kind(record)
        if key in analyses:
            text = f"{where} is there twice. {_EXPORT_AGAIN}"
            log.error("duplicate_analysis", text, row=record.row)
        elif kind is None:
            text = f"{where}: this type of data is not known here. Export the analyses as CSV instead."
            log.error("data_type", text, row=record.row, value=record.get("data_type"))
        elif missing := [name for name in _NEEDED[kind] if name not in columns]:
            lacking = ", ".join(missing)
            text = (
                f"{where} needs columns for {lacking}, which the table {_ROWS} does not have. {_EXPORT_AGAIN}"
            )
            log.error("missing_column", text, row=record.row)
        else:
            analyses[key] = _analysis(record, number, kind)
    return analyses


def _kind(record: Record) -> DataKind | None:
    written = plain_words(record.get("data_type"))
    if written == "armlevel":
        hint = measure_of(record.get("measure")).hint
        return {"MD": DataKind.MEANS, "SMD": DataKind.MEANS}.get(hint, DataKind.COUNTS if hint else None)
    return _KINDS.get(written)


def _analysis(record: Record, number: str, kind: DataKind) -> Analysis:
    details = []
    if plain_words(record.get("model")).startswith("random") and record.get("tau2"):
        details.append(f"tau² by {record.get('tau2')}")
    if record.get("ci_method"):
        details.append(f"interval by {record.get('ci_method')}")
    return Analysis(
        number=number,
        comparison=record.get("comparison"),
        name=record.get("name"),
        kind=kind,
        measure=record.get("measure"),
        method=record.get("method"),
        model=record.get("model"),
        details=tuple(details),
        is_log={"true": True, "yes": True, "false": False, "no": False}.get(plain_words(record.get("log"))),
        is_swapped=plain_words(record.get("swap")) in {"true", "yes"}
        or names_non_events(record.get("measure")),
        has_total=plain_words(record.get("totals")) not in {"false", "no"},
        shown=Shown(record.get("effect"), record.get("ci_low"), record.get("ci_high"), record.get("level")),
    )


def _entry(record: Record) -> Entry:
    values = {
        key: text for key, text in record.values.items() if key not in {"group", "number", *_NAMES, "year"}
    }
    return Entry(record.row, record.get("study"), record.get("year"), record.get("subgroup"), values)
