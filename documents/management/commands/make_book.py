"""`manage.py make_book NUMBER`: make a guideline's book that somebody has asked for on its page."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from documents.actions.books import make_book


class Command(BaseCommand):
    help = "Make a guideline's book that somebody has asked for. The site calls this by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, metavar="NUMBER")

    def handle(self, *args: Any, number: int, **options: Any) -> None:
        make_book(number)
