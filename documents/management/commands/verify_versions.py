"""`manage.py verify_versions`: is every published version still what was published?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from documents.verification import VersionFault, verify_guideline
from etd.models import Guideline, PublishedVersion


class Command(BaseCommand):
    help = (
        "Compare every stored version with its hashes, with the versions before it and with the audit trail. Exit"
        " status 1 where anything is wrong. Whether the trail itself is whole is asked by verify_chain: run both."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the faults as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        faults: list[VersionFault] = []
        for guideline in Guideline.objects.order_by("slug"):
            faults += verify_guideline(guideline)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in faults], ensure_ascii=False, indent=2))
        else:
            for one in faults:
                self.stdout.write(f"{one.guideline}/{one.question}, version {one.number}: {one.problem}")
            stored = PublishedVersion.objects.count()
            self.stdout.write(f"{stored} stored versions, {len(faults)} faults")
        if faults:
            sys.exit(1)
