"""`manage.py check_etd SLUG [--json]`: what the checks find in one question."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from etd.domain.findings import Finding, Severity
from etd.management.questions import find_question
from etd.selectors.checks import question_findings


class Command(BaseCommand):
    help = (
        "Check one question: its words and judgements against each other, its tables against themselves. Exit status 1"
        " where anything is impossible. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="QUESTION, or GUIDELINE/QUESTION")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON and nothing else")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        findings = question_findings(find_question(slug))
        if options["json"]:
            self.stdout.write(json.dumps([one.to_json() for one in findings], ensure_ascii=False, indent=2))
        else:
            self._say(findings)
        if any(finding.severity is Severity.IMPOSSIBLE for finding in findings):
            sys.exit(1)

    def _say(self, findings: tuple[Finding, ...]) -> None:
        counts = {severity: sum(one.severity is severity for one in findings) for severity in Severity}
        self.stdout.write(", ".join(f"{count} {severity.value}" for severity, count in counts.items()))
        for finding in findings:
            heuristic = ", from reading English" if finding.heuristic else ""
            self.stdout.write(f"\n{finding.where} [{finding.severity.value}{heuristic}; {finding.code}]")
            self.stdout.write(f"  {finding.message}")
            self.stdout.write(f"  {finding.evidence}")
