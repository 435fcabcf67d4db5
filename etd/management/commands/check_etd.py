"""`manage.py check_etd SLUG [--json]`: what the checks find in one question."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from etd.domain.findings import Severity
from etd.management.questions import find_question
from etd.selectors.checks import FindingView, load_checks


class Command(BaseCommand):
    help = (
        "Check one question: its words and judgements against each other, its tables against themselves. Exit status 1"
        " where anything is impossible. Nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="QUESTION, or GUIDELINE/QUESTION")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON and nothing else")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        views = load_checks(find_question(slug)).findings
        if options["json"]:
            self.stdout.write(json.dumps([_to_json(view) for view in views], ensure_ascii=False, indent=2))
        else:
            self._say(views)
        if any(view.severity is Severity.IMPOSSIBLE for view in views):
            sys.exit(1)

    def _say(self, views: tuple[FindingView, ...]) -> None:
        counts = {severity: sum(view.severity is severity for view in views) for severity in Severity}
        self.stdout.write(", ".join(f"{count} {severity.value}" for severity, count in counts.items()))
        for view in views:
            finding = view.finding
            heuristic = ", from reading English" if finding.heuristic else ""
            self.stdout.write(f"\n{finding.where} [{finding.severity.value}{heuristic}; {finding.code}]")
            self.stdout.write(f"  {finding.message}")
            self.stdout.write(f"  {finding.evidence}")
            if view.dismissal:
                self.stdout.write(f"  Dismissed by {view.dismissal.by}: {view.dismissal.reason}")


def _to_json(view: FindingView) -> dict[str, str | bool]:
    """The finding's keys, with `dismissed`: the reason, empty while it is open."""
    return {**view.finding.to_json(), "dismissed": view.dismissal.reason if view.dismissal else ""}
