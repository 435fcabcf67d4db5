"""`manage.py pool FILE`: the meta-analysis of a study table, without a database.

Exit status 0 also where nothing is estimable (the estimate is null and a note says why), 2 for bad input.
"""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.installation.turns import Busy
from metaanalysis.importers import ParsedTable, StudyRow, read_table
from metaanalysis.importers.column_names import TEXT_COLUMNS
from metaanalysis.importers.limits import MAX_BYTES_IN_WORDS, MAX_REVIEW_BYTES, MAX_ROWS
from metaanalysis.importers.table import visible
from metaanalysis.kinds import MEASURES_OF, kinds_of, misfit, named_measures, study_of
from metaanalysis.printed_result import (
    as_text,
    cumulative_text,
    leave_one_out_text,
    small_study_text,
    subgroups_text,
)
from metaanalysis.specification import usual_measure
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import (
    cumulative_to_json,
    leave_one_out_to_json,
    result_to_json,
    small_study_to_json,
    subgroups_to_json,
)
from metaanalysis.stats.sensitivity import cumulative, leave_one_out, studies_in_analysis
from metaanalysis.stats.small_study import small_study_effects
from metaanalysis.stats.subgroups import pool_subgroups
from metaanalysis.stats.trim_and_fill import trim_and_fill
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PoolingSpec,
    PredictionDf,
    RdSe,
    SmdVariant,
    StudyData,
    Tau2Method,
    ZeroRule,
)

COLUMNS = """
The table has one study a row. Which columns it has says what is pooled:
  events and totals    study, events_intervention, n_intervention, events_comparison, n_comparison
  means                study, mean_intervention, sd_intervention, n_intervention, and the same for comparison
  estimates            study, estimate, se, both on the analysis scale (logarithms for ratios)
year, outcome, subgroup and others may be there. Every row of one outcome is pooled.
"""


_FILE = f"a CSV, XLSX or RevMan file of at most {MAX_BYTES_IN_WORDS}, and {MAX_ROWS:,} studies"


class Command(BaseCommand):
    help = "Pool the studies of a CSV, XLSX or RevMan file. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = COLUMNS
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", type=Path, help=_FILE)
        parser.add_argument("--outcome", help="which outcome to pool, where the file has several")
        parser.add_argument("--sheet", help="which sheet to read, where a workbook has several")
        parser.add_argument(
            "--measure",
            type=str.upper,
            choices=_words(Measure),
            help="default: OR for events and totals; MD for means; for estimates what the file names, else GIV",
        )
        parser.add_argument("--model", choices=_words(Model), help="default: random; common for mh and peto")
        parser.add_argument("--method", choices=_words(Method), default="iv")
        parser.add_argument(
            "--tau2", type=str.upper, choices=_words(Tau2Method), help="default: REML; DL for mh"
        )
        parser.add_argument(
            "--ci",
            choices=_words(CiMethod),
            default="auto",
            help="default: auto, which is hksj from three studies on where tau² is above 0, else wald",
        )
        parser.add_argument(
            "--zero",
            choices=_words(ZeroRule),
            help="default: only0; for RD only0-keep; for mh pool-none. Peto needs none and ignores it",
        )
        parser.add_argument("--smd", choices=_words(SmdVariant), help="which Hedges' g; default: exact")
        parser.add_argument(
            "--rd-se", choices=_words(RdSe), help="standard error of the mh risk difference; default: sato"
        )
        parser.add_argument("--prediction", choices=_words(PredictionDf), default="k-1")
        parser.add_argument("--subgroup", metavar="COLUMN", help="pool the studies by what this column says")
        parser.add_argument("--leave-one-out", action="store_true", help="also without each study in turn")
        parser.add_argument("--cumulative", action="store_true", help="also study by study, by year")
        parser.add_argument(
            "--small-study", action="store_true", help="also tests for small-study effects, trim and fill"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if options["measure"]:
            _spec(options, options["measure"])
        table = _table(file, options["sheet"])
        rows = _rows_of_one_outcome(table, options["outcome"])
        spec = _fitting_spec(rows, options)
        studies = _studies(rows, table, options["subgroup"])
        warnings = [problem.message for problem in table.warnings]
        if options["json"]:
            report = _report(studies, spec, options) | {"warnings": warnings}
            self.stdout.write(json.dumps(report, indent=2, allow_nan=False))
        else:
            self.stdout.write("\n\n".join(_texts(studies, rows, spec, options, warnings)))


def _report(studies: Sequence[StudyData], spec: PoolingSpec, options: dict[str, Any]) -> dict[str, object]:
    report = result_to_json(pool(studies, spec))
    if options["subgroup"]:
        report |= subgroups_to_json(pool_subgroups(studies, spec))
    if options["leave_one_out"]:
        report |= leave_one_out_to_json(leave_one_out(studies, spec))
    if options["cumulative"]:
        report |= cumulative_to_json(cumulative(studies, spec))
    if options["small_study"]:
        report |= small_study_to_json(small_study_effects(studies, spec), trim_and_fill(studies, spec))
    return report


def _texts(
    studies: Sequence[StudyData],
    rows: Sequence[StudyRow],
    spec: PoolingSpec,
    options: dict[str, Any],
    warnings: list[str],
) -> list[str]:
    row_of = {id(study): row for study, row in zip(studies, rows, strict=True)}
    kept = [row_of[id(study)] for study in studies_in_analysis(studies, spec)]
    texts = [as_text(pool(studies, spec), kept, warnings)]
    if options["subgroup"]:
        texts.append(subgroups_text(pool_subgroups(studies, spec)))
    if options["leave_one_out"]:
        texts.append(leave_one_out_text(leave_one_out(studies, spec)))
    if options["cumulative"]:
        texts.append(cumulative_text(cumulative(studies, spec)))
    if options["small_study"]:
        texts.append(small_study_text(small_study_effects(studies, spec), trim_and_fill(studies, spec)))
    return texts


def _words(kind: type) -> list[str]:
    return [str(word) for word in kind]  # type: ignore[attr-defined]


def _spec(options: dict[str, Any], measure: str) -> PoolingSpec:
    try:
        return PoolingSpec(
            measure=Measure(measure),
            model=options["model"],
            method=options["method"],
            tau2_method=options["tau2"],
            ci_method=options["ci"],
            zero=options["zero"],
            prediction=options["prediction"],
            smd=options["smd"],
            rd_se=options["rd_se"],
        )
    except ValueError as error:
        raise CommandError(f"{error}.", returncode=2) from error


def _fitting_spec(rows: Sequence[StudyRow], options: dict[str, Any]) -> PoolingSpec:
    """The spec, with the usual measure for what the rows bring where none was asked for."""
    entries = [vars(row) for row in rows]
    kinds = kinds_of(entries)
    kind = kinds[0] if kinds else DataKind.COUNTS
    named = named_measures(entries)
    measure = options["measure"] or usual_measure(kind, named[0] if len(named) == 1 else "")
    # that the data do not fit the measure is said before that the method does not
    reason = misfit(entries, PoolingSpec(measure=measure))
    if reason:
        fitting = f" (--measure {'|'.join(MEASURES_OF[kind])})" if measure not in MEASURES_OF[kind] else ""
        raise CommandError(f"{reason}{fitting}", returncode=2)
    spec = _spec(options, measure)
    if reason := misfit(entries, spec):
        raise CommandError(f"{reason} (--method iv)", returncode=2)
    return spec


def _table(file: Path, sheet: str | None) -> ParsedTable:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_REVIEW_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        text = f"{visible(str(file), 200)}: {reason}. Give the path of a CSV or XLSX file that you may read."
        raise CommandError(text, returncode=2) from error
    try:
        table = read_table(data, filename=file.name, sheet=sheet)
        if sheet and table.sheet is None and (named := _only_match(sheet, table.sheets)):
            table = read_table(data, filename=file.name, sheet=named)
    except Busy as error:
        raise CommandError(str(error), returncode=2) from error
    if not table.ok:
        lines = [problem.message for problem in table.errors]
        if table.error_count > len(lines):
            lines.append(f"… and {table.error_count - len(lines):,} more errors.")
        if len(table.sheets) > 1 and table.sheet is None and not sheet:
            lines.append("Name the sheet with --sheet.")
        raise CommandError("\n".join(lines), returncode=2)
    if sheet and not table.sheets:
        text = f"There is no sheet '{visible(sheet)}': this file is not a workbook. Leave --sheet out."
        raise CommandError(text, returncode=2)
    return table


def _rows_of_one_outcome(table: ParsedTable, outcome: str | None) -> tuple[StudyRow, ...]:
    listed = "\n".join(
        f"  {visible(name, 200) if name else '(rows that name none)'}" for name in table.outcomes
    )
    if outcome is None and len(table.outcomes) > 1:
        text = f"The file has {len(table.outcomes)} outcomes; choose one with --outcome:\n{listed}"
        raise CommandError(text, returncode=2)
    chosen = None if outcome is None else _only_match(outcome, table.outcomes)
    if outcome is not None and chosen is None:
        text = f"No row has the outcome '{visible(outcome)}'. Choose one that is there:\n{listed}"
        raise CommandError(text, returncode=2)
    return tuple(row for row in table.rows if chosen is None or row.outcome == chosen)


def _only_match(wanted: str, names: Sequence[str]) -> str | None:
    """The name itself, or the only one that differs from it in case or in spaces around it."""
    if wanted in names:
        return wanted
    alike = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
    return alike[0] if len(alike) == 1 else None


def _studies(rows: Sequence[StudyRow], table: ParsedTable, subgroup: str | None) -> list[StudyData]:
    """The rows as the statistics take them, with the subgroup that the named column says."""
    studies = [study_of(vars(row)) for row in rows]
    if subgroup is None:
        return studies
    names = _column(rows, table, subgroup)
    if not any(names):
        text = f"No row names its subgroup in the column {visible(subgroup)}. Name a column that does."
        raise CommandError(text, returncode=2)
    return [replace(study, subgroup=name) for study, name in zip(studies, names, strict=True)]


def _column(rows: Sequence[StudyRow], table: ParsedTable, name: str) -> list[str]:
    """What a column says in each row; `name` as it is written in the file, or as we call it."""
    columns = dict(table.column_mapping) or {each: each for each in TEXT_COLUMNS}
    written = _only_match(name, tuple(columns))
    if written is None:
        ours = [each for each, canonical in columns.items() if canonical == name.strip().casefold() != "note"]
        written = ours[0] if ours else None
    if written is None:
        listed = "\n".join(f"  {visible(each)}" for each in columns)
        text = f"There is no column '{visible(name)}'. Name one that is there:\n{listed}"
        raise CommandError(text, returncode=2)
    canonical = columns[written]
    if canonical == "note" or any(written in row.extra for row in rows):
        return [row.extra.get(written, "") for row in rows]
    values = [getattr(row, canonical, None) for row in rows]
    return ["" if value is None else str(value) for value in values]
