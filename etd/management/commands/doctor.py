"""`manage.py doctor`: what is wrong with this installation, and what mends it."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.checks import ERROR, WARNING, CheckMessage, Error
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandParser

from etd.installation.doctor import Area, Examined, examine_all


class Command(BaseCommand):
    # They are all run, and told, below.
    requires_system_checks: tuple[str, ...] = ()
    help = (
        "Look at settings, machine, database, everything stored, people, jobs, backups and documents, and say in plain"
        " words what is wrong and what mends it. Changes nothing. Exit status 1 where something must be mended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fast",
            action="store_true",
            help="leave out what takes long: reading everything that is stored, and rendering a document",
        )
        parser.add_argument(
            "--send-to", metavar="ADDRESS", help="also send a letter there, to see that it arrives"
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, **options: Any) -> None:
        examined = examine_all(fast=options["fast"])
        if options["send_to"]:
            examined.append(Examined(Area.SETTINGS, tuple(sent(options["send_to"]))))
        if options["json"]:
            self.stdout.write(json.dumps(as_json(examined), ensure_ascii=False, indent=2))
        else:
            for line in lines(examined):
                self.stdout.write(line)
        if any(one.must_be_mended for one in examined):
            sys.exit(1)


def sent(address: str) -> list[CheckMessage]:
    """What hinders a letter from going out, if anything does."""
    try:
        send_mail("A letter of OpenEtD's doctor", "It has arrived: e-mail works.\n", None, [address])
    except OSError as error:  # smtplib's errors are OSErrors too
        return [
            Error(
                f"The letter did not go out: {type(error).__name__}: {error}",
                hint="Look at EMAIL_URL: host, port, user and password, and smtp:// or smtps://.",
                id="installation.letter",
            )
        ]
    return []


def lines(examined: list[Examined]) -> list[str]:
    """A line an area, and under it what was found there, the gravest first, each with its remedy."""
    said = []
    for one in examined:
        well = "" if one.found else "well"
        said.append(f"{one.area}: {'not all could be looked at' if one.unread else well}".rstrip())
        for found in one.found:
            said += [f"  {word(found)}: {found.msg}", *([f"    -> {found.hint}"] if found.hint else [])]
    counts = {name: sum(word(found) == name for one in examined for found in one.found) for name in WORDS}
    return [*said, "", ", ".join(f"{name}: {count}" for name, count in counts.items())]


WORDS = ("Mend", "Look at", "Advice")


def word(found: CheckMessage) -> str:
    return WORDS[0] if found.level >= ERROR else WORDS[1] if found.level >= WARNING else WORDS[2]


def as_json(examined: list[Examined]) -> dict[str, Any]:
    """`areas` that were looked at, and those of them that the database did not answer for (`unread`); `findings` of id,
    area, level (mend, look at, advice), message and remedy.
    """
    return {
        "areas": [str(one.area) for one in examined],
        "unread": [str(one.area) for one in examined if one.unread],
        "findings": [
            {
                "id": found.id,
                "area": str(one.area),
                "level": word(found).lower(),
                "message": str(found.msg),
                "remedy": str(found.hint or ""),
            }
            for one in examined
            for found in one.found
        ],
    }
