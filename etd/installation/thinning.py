"""Which of many backups may go: one an hour is kept for some days, then one a day, then none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Kept:
    """Days for which one backup an hour is kept, and days for which one a day is, both counted from now."""

    hourly: int = 35
    daily: int = 90


@dataclass(frozen=True)
class Made:
    """A backup: its name, when it was made, and whether all that it holds was whole."""

    name: str
    at: datetime
    is_whole: bool


def superfluous(made: Iterable[Made], now: datetime, kept: Kept) -> set[str]:
    """The names of those that may go.

    Of an hour, or of a day (UTC), the newest one that is whole stays, and the newest where none is. The newest of all,
    and the newest whole one, stay for ever; so does what is dated later than now.
    """
    newest_first = sorted(made, key=lambda one: (one.is_whole, one.at), reverse=True)
    stay = {one.name for one in newest_first[:1]}
    stay |= {one.name for one in sorted(newest_first, key=lambda one: one.at)[-1:]}
    slots: set[str] = set()
    for one in newest_first:
        slot = _slot(one.at, now, kept)
        if slot == "" or (slot is not None and slot not in slots):
            stay.add(one.name)
            slots.add(slot)
    return {one.name for one in newest_first} - stay


def _slot(at: datetime, now: datetime, kept: Kept) -> str | None:
    """What the backup is kept as one of; "" where it stays whatever else there is, None where it is too old."""
    age = now - at
    if age < timedelta(0):
        return ""
    if age <= timedelta(days=kept.hourly):
        return f"hour {at.astimezone(UTC):%Y%m%d%H}"
    if age <= timedelta(days=kept.daily):
        return f"day {at.astimezone(UTC):%Y%m%d}"
    return None
