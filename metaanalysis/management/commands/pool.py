"""`manage.py pool FILE`: the meta-analysis of a study table, without a database.

Exit status 0 also where nothing is estimable (the estimate is null and a note says why), 2 for bad input.
"""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.domain import numbers
from metaanalysis.importers import ParsedTable, StudyRow, read_table
from metaanalysis.importers.limits import MAX_FILE_BYTES
from metaanalysis.importers.table import visible
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    PredictionDf,
    StudyCounts,
    Tau2Method,
    ZeroRule,
)
from metaanalysis.wording import CI_METHODS, MEASURES, METHODS, MODELS, TAU2_METHODS

COLUMNS = """
The table has one study a row and the columns study, events_intervention, n_intervention, events_comparison and
n_comparison; year, outcome and others may be there. Every row of one outcome is pooled.
"""


class Command(BaseCommand):
    help = "Pool the studies of a CSV or XLSX file. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = COLUMNS
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", type=Path, help="a CSV or XLSX file of at most 2 MiB")
        parser.add_argument("--outcome", help="which outcome to pool, where the file has several")
        parser.add_argument("--sheet", help="which sheet to read, where a workbook has several")
        parser.add_argument("--measure", type=str.upper, choices=_words(Measure), default="OR")
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
            help="default: only0; for RD only0-keep. Peto needs none and ignores it",
        )
        parser.add_argument("--prediction", choices=_words(PredictionDf), default="k-1")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        spec = _spec(options)
        table = _table(file, options["sheet"])
        rows = _rows_of_one_outcome(table, options["outcome"])
        result = _pool(rows, spec)
        warnings = [problem.message for problem in table.warnings]
        if options["json"]:
            report = result_to_json(result) | {"warnings": warnings}
            self.stdout.write(json.dumps(report, indent=2, allow_nan=False))
        else:
            self.stdout.write(as_text(result, rows, warnings))


def _words(kind: type) -> list[str]:
    return [str(word) for word in kind]  # type: ignore[attr-defined]


def _spec(options: dict[str, Any]) -> PoolingSpec:
    try:
        return PoolingSpec(
            measure=options["measure"],
            model=options["model"],
            method=options["method"],
            tau2_method=options["tau2"],
            ci_method=options["ci"],
            zero=options["zero"],
            prediction=options["prediction"],
        )
    except ValueError as error:
        raise CommandError(f"{error}.", returncode=2) from error


def _table(file: Path, sheet: str | None) -> ParsedTable:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        text = f"{visible(str(file), 200)}: {reason}. Give the path of a CSV or XLSX file that you may read."
        raise CommandError(text, returncode=2) from error
    table = read_table(data, filename=file.name, sheet=sheet)
    if not table.ok:
        lines = [problem.message for problem in table.errors]
        if table.error_count > len(lines):
            lines.append(f"… and {table.error_count - len(lines):,} more errors.")
        if len(table.sheets) > 1 and table.sheet is None and not sheet:
            lines.append("Name the sheet with --sheet.")
        raise CommandError("\n".join(lines), returncode=2)
    return table


def _rows_of_one_outcome(table: ParsedTable, outcome: str | None) -> tuple[StudyRow, ...]:
    listed = "\n".join(
        f"  {visible(name, 200) if name else '(rows that name none)'}" for name in table.outcomes
    )
    if outcome is None and len(table.outcomes) > 1:
        text = f"The file has {len(table.outcomes)} outcomes; choose one with --outcome:\n{listed}"
        raise CommandError(text, returncode=2)
    if outcome is not None and outcome not in table.outcomes:
        text = f"No row has the outcome '{visible(outcome)}'. Choose one that is there:\n{listed}"
        raise CommandError(text, returncode=2)
    return tuple(row for row in table.rows if outcome is None or row.outcome == outcome)


def _pool(rows: tuple[StudyRow, ...], spec: PoolingSpec) -> PooledResult:
    studies = [
        StudyCounts(
            study=row.study,
            events_intervention=row.events_intervention,
            n_intervention=row.n_intervention,
            events_comparison=row.events_comparison,
            n_comparison=row.n_comparison,
            year=row.year,
        )
        for row in rows
    ]
    return pool(studies, spec)


def as_text(result: PooledResult, rows: tuple[StudyRow, ...], warnings: list[str]) -> str:
    """The result as a person reads it: a line a study, the pooled effect, heterogeneity, what to know."""
    counts = _counts_by_study(rows)
    lines = [("Study", "Intervention", "Comparison", f"{result.spec.measure} (95% CI)", "Weight")]
    for study in result.studies:
        effect = _effect(
            study.estimate_natural, study.ci_low_natural, study.ci_high_natural, result.spec.measure
        )
        weight = "-" if study.weight is None else f"{numbers.rounded(study.weight, 1)}%"
        lines.append((visible(study.study), *counts[study.study].pop(0), effect, weight))
    pooled = _effect(
        result.estimate_natural, result.ci_low_natural, result.ci_high_natural, result.spec.measure
    )
    lines.append(("Pooled", *_totals(rows, result), pooled, ""))
    parts = [_aligned(lines), _method(result), *_heterogeneity(result)]
    parts += [f"Not in the analysis: {visible(e.study)}. {e.reason}" for e in result.excluded]
    parts += [f"Note: {result.note}"] if result.note else []
    parts += [f"Warning: {warning}" for warning in warnings]
    return "\n".join(part for part in parts if part)


def _counts_by_study(rows: tuple[StudyRow, ...]) -> dict[str, list[tuple[str, str]]]:
    counts: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        arms = (
            f"{row.events_intervention}/{row.n_intervention}",
            f"{row.events_comparison}/{row.n_comparison}",
        )
        counts.setdefault(row.study, []).append(arms)
    return counts


def _totals(rows: tuple[StudyRow, ...], result: PooledResult) -> tuple[str, str]:
    left_out = {excluded.study for excluded in result.excluded}
    kept = [row for row in rows if row.study not in left_out]
    return (
        f"{sum(row.events_intervention for row in kept)}/{sum(row.n_intervention for row in kept)}",
        f"{sum(row.events_comparison for row in kept)}/{sum(row.n_comparison for row in kept)}",
    )


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0])]
            + [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    )


def _effect(estimate: float | None, low: float | None, high: float | None, measure: Measure) -> str:
    if estimate is None:
        return "not estimable"
    if low is None or high is None:
        return f"{numbers.effect_number(estimate, measure, 3)} (no interval)"
    return numbers.effect(estimate, low, high, measure, 3)


def _method(result: PooledResult) -> str:
    spec = result.spec
    words = [MEASURES[spec.measure], MODELS[spec.model or ""], METHODS[spec.method]]
    words += [TAU2_METHODS[spec.tau2_method]] if spec.tau2_method else []
    words += [f"{CI_METHODS[result.ci_method]} interval"] if result.ci_method else []
    studies = "1 study" if result.k == 1 else f"{result.k} studies"
    return f"\n{', '.join(words)}; {studies}"


def _heterogeneity(result: PooledResult) -> list[str]:
    lines = []
    if result.p_value is not None:
        lines.append(f"P for the effect {numbers.p_value(result.p_value)}")
    if result.q is not None and result.q_p is not None and result.i2 is not None:
        q = f"Q {numbers.rounded(result.q, 2)} on {result.q_df} df, P {numbers.p_value(result.q_p)}"
        i2 = f"I² {numbers.rounded(result.i2, 1)}%"
        tau2 = f", τ² {numbers.rounded(result.tau2, 4)}" if result.tau2 is not None else ""
        lines.append(f"{q}; {i2}{tau2}")
    if result.prediction_low_natural is not None and result.prediction_high_natural is not None:
        interval = numbers.effect_interval(
            result.prediction_low_natural, result.prediction_high_natural, result.spec.measure, 3
        )
        lines.append(f"Prediction interval {interval} (t with {result.spec.prediction} df)")
    return lines
