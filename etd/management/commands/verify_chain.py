"""`manage.py verify_chain`: is the audit trail whole, and do votes and rounds agree with it?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from etd.actions.audit import SITE_CHAIN, ChainFault, verify_chain
from etd.actions.verification import verify_guideline
from etd.models import Guideline


class Command(BaseCommand):
    help = "Check the audit trail, and votes and rounds against it. Exit status 1 where anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--guideline", metavar="SLUG", help="only this guideline's trail")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, **options: Any) -> None:
        guidelines = Guideline.objects.order_by("slug")
        faults: dict[str, list[ChainFault]] = {}
        if options["guideline"]:
            guidelines = guidelines.filter(slug=options["guideline"])
            if not guidelines:
                raise CommandError(f"There is no guideline “{options['guideline']}”.", returncode=2)
        else:
            faults[SITE_CHAIN] = verify_chain(SITE_CHAIN)
        for guideline in guidelines:
            faults[guideline.slug] = verify_guideline(guideline)
        if options["json"]:
            found = {name: [asdict(fault) for fault in of_one] for name, of_one in faults.items()}
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
        else:
            self._say(faults)
        if any(faults.values()):
            sys.exit(1)

    def _say(self, faults: dict[str, list[ChainFault]]) -> None:
        for name, of_one in faults.items():
            self.stdout.write(f"{name}: {f'{len(of_one)} faults' if of_one else 'whole'}")
            for fault in of_one:
                self.stdout.write(f"  event {fault.seq}: {fault.problem}")
