"""`manage.py check_table FILE`: can the numbers of a reported table stand together? Needs no database.

Exit status 0 without findings that are impossible, 1 with one or more, 2 for a file that cannot be read.
"""

from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.domain.findings import Severity
from etd.domain.integrity import ReportedRow, TableFinding, check_table
from metaanalysis.importers.limits import MAX_FILE_BYTES
from metaanalysis.importers.reported_rows import COLUMNS, read_reported_rows
from metaanalysis.importers.table import ProblemLog, visible

_COLUMNS = f"""
The table has one result a row. Its columns, in any order; those that it does not have are left out:
  {", ".join(COLUMNS)}
Numbers are read as they are printed: 0.10 is not 0.1. Measures: OR, RR, HR, RD, MD, SMD.
What is checked, and how often each check is right: docs/checks.md.
"""


class Command(BaseCommand):
    help = "Check the numbers of a reported table against each other. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = _COLUMNS
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("file", type=Path, metavar="FILE", help="a CSV file")
        parser.add_argument(
            "--json", action="store_true", help="print a JSON list of findings and nothing else"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        log = ProblemLog()
        rows = _rows(file, log)
        findings = check_table(rows)
        if options["json"]:
            listed = [finding.to_json() for finding in findings]
            self.stdout.write(json.dumps(listed, indent=2, ensure_ascii=False))
        else:
            notices = [problem.message for problem in log.problems]
            self.stdout.write("\n".join(_text(rows, findings, notices)))
        if any(each.finding.severity is Severity.IMPOSSIBLE for each in findings):
            sys.exit(1)


def _rows(file: Path, log: ProblemLog) -> tuple[ReportedRow, ...]:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        text = f"{visible(str(file), 200)}: {reason}. Give the path of a CSV file that you may read."
        raise CommandError(text, returncode=2) from error
    rows = read_reported_rows(data, filename=file.name, log=log)
    if log.has_errors:
        lines = [problem.message for problem in log.problems if problem.severity == "error"]
        if log.counts["error"] > len(lines):
            lines.append(f"… and {log.counts['error'] - len(lines):,} more errors.")
        raise CommandError("\n".join(lines), returncode=2)
    return rows


def _text(rows: Sequence[ReportedRow], findings: Sequence[TableFinding], notices: Sequence[str]) -> list[str]:
    lines = [f"Note: {notice}" for notice in notices]
    for each in findings:
        finding = each.finding
        by_words = " (read from English words)" if finding.heuristic else ""
        lines += [
            f"{finding.severity.capitalize()}: {visible(finding.where, 300)}{by_words}",
            f"  {visible(finding.message, 600)}",
            f"  {visible(finding.evidence, 2000)}",
            "",
        ]
    return [*lines, _summary(len(rows), findings)]


def _summary(rows: int, findings: Sequence[TableFinding]) -> str:
    checked = "1 row" if rows == 1 else f"{rows} rows"
    if not findings:
        return f"{checked} checked: nothing found."
    counts = Counter(each.finding.severity for each in findings)
    said = ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])
    return f"{checked} checked: {said}."
