"""What is wrong with this installation, in plain words, each with its remedy. `manage.py doctor` prints it.

Every finding is a message of Django's system checks. Besides the checks that are there anyway, those below look at what
is true of one installation at one moment; `examination` registers them under `TAG`, and any app may add its own. They
are registered with `deploy` and look only where a database is named, so that no other command pays for them:
`manage.py check --deploy --tag installation --database default` runs them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.core.checks.registry import registry
from django.db import Error as DatabaseError

from etd.installation.contents import WHOLE

TAG = "installation"


class Area(StrEnum):
    """What an examination is about; in this order they are told."""

    SETTINGS = "Settings"
    MACHINE = "Machine and files"
    DATABASE = "Database"
    STORED = "What is stored"
    PEOPLE = "People"
    JOBS = "Jobs and rounds"
    BACKUPS = "Backups"
    DOCUMENTS = "Documents"
    PROGRAM = "Program"


# Read everything stored, or render a document: minutes where there is much.
SLOW = frozenset({Area.STORED, Area.DOCUMENTS})


@dataclass(frozen=True)
class Examined:
    """An area that was looked at, with what was found there: nothing where all is well.

    `unread`: the database did not answer some of its questions.
    """

    area: Area
    found: tuple[CheckMessage, ...]
    unread: bool = False

    @property
    def must_be_mended(self) -> bool:
        return any(one.level >= checks.ERROR for one in self.found)


Examination = Callable[[], Iterable[CheckMessage]]


def examination(area: Area) -> Callable[[Examination], Examination]:
    """Register a function that yields what is wrong: errors must be mended, warnings looked at, infos are advice."""

    def decorate(examine: Examination) -> Examination:
        def check(
            app_configs: Sequence[AppConfig] | None = None,
            databases: Sequence[str] | None = None,
            **kwargs: Any,
        ) -> list[CheckMessage]:
            return list(examine()) if databases else []

        check.__module__, check.__qualname__ = examine.__module__, examine.__qualname__
        register(check, TAG, area, deploy=True)
        return examine

    return decorate


def examine_all(*, fast: bool = False) -> list[Examined]:
    """Run every check there is, each by itself: one that fails hides no other. `fast` leaves `SLOW` areas out."""
    found: dict[Area, list[CheckMessage]] = {area: [] for area in Area if not (fast and area in SLOW)}
    unread: set[Area] = set()
    for check in sorted(registry.get_checks(include_deployment_checks=True), key=_place):
        area = _area_of(check.tags)
        if area not in found:
            continue
        try:
            messages = check(app_configs=None, databases=["default"])
        except DatabaseError:
            unread.add(area)
        except Exception as error:
            found[area].append(
                checks.Error(
                    f"{_place(check)[1]} could not be examined: {type(error).__name__}: {error}",
                    hint="Tell the makers of OpenEtD.",
                    id="installation.not_examined",
                )
            )
        else:
            found[area] += [one for one in messages if not one.is_silenced() and not _is_told_better(one)]
    if unread and not found[Area.DATABASE]:
        found[Area.DATABASE].append(
            checks.Error(
                "The database did not answer every question.",
                hint="Run manage.py migrate; then look at the rights of the role that DATABASE_URL names.",
                id="installation.not_read",
            )
        )
    return [
        Examined(area, tuple(sorted(messages, key=_gravest_first)), area in unread)
        for area, messages in found.items()
    ]


def is_public() -> bool:
    """Do people reach this site from other machines? Then what is convenience on one's own machine is a fault."""
    hosts = [urlsplit(settings.SITE_URL).hostname or "", *settings.ALLOWED_HOSTS]
    return bool(settings.HTTPS) or not all(_is_this_machine(host) for host in hosts)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _area_of(tags: Iterable[str]) -> Area:
    named = set(tags)
    for area in Area:
        if area in named:
            return area
    if WHOLE in named:
        return Area.STORED
    if Tags.database in named:
        return Area.DATABASE
    return Area.SETTINGS if Tags.security in named else Area.PROGRAM


def _is_told_better(message: CheckMessage) -> bool:
    """Without HTTPS each of Django's warnings about it says a part of what one finding of ours says."""
    return str(message.id).startswith("security.") and not settings.HTTPS


def _place(check: Any) -> tuple[str, str]:
    return check.__module__, check.__qualname__


def _gravest_first(message: CheckMessage) -> tuple[int, str]:
    return -message.level, str(message.id)
