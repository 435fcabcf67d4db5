"""The audit trail against somebody who can write to the database: `python -m tests.reliability.trail [--every N]`.

T1: no statement changes a row of an append-only table, after all migrations and after one that rebuilds the table.
T2: with the triggers gone, every change to every column of every event is found. Both with their controls.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import django

django.setup()

from django.core.management import call_command  # noqa: E402 -- after the set-up
from django.db import DatabaseError, connection, models, transaction  # noqa: E402

from etd.actions import audit  # noqa: E402
from etd.append_only import append_only_tables, missing_triggers  # noqa: E402
from etd.models import AuditEvent, Question  # noqa: E402
from tests.reliability.worlds import set_up  # noqa: E402
from tests.unit.etd.test_append_only import FACTORIES, TEXT_COLUMN, drop_triggers  # noqa: E402


class Undone(Exception):
    """Ends a block whose changes are not to stay."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


def statements(model: type[models.Model], pk: int) -> list[str]:
    """Every kind of statement that changes or removes a stored row, without a parameter to get wrong."""
    table, column = model._meta.db_table, TEXT_COLUMN[model]
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    others = columns.replace(f'"{column}"', "'changed'")
    source = f"SELECT {others} FROM {table} WHERE id = {pk}"  # noqa: S608 -- names of our own tables
    found = [
        f"UPDATE {table} SET {column} = 'changed' WHERE id = {pk}",  # noqa: S608
        f"DELETE FROM {table} WHERE id = {pk}",  # noqa: S608
        f"INSERT INTO {table} ({columns}) {source} ON CONFLICT (id) DO UPDATE SET {column} = 'changed'",
    ]
    if connection.vendor == "sqlite":
        return [*found, f"INSERT OR REPLACE INTO {table} ({columns}) {source}"]
    return [*found, f"TRUNCATE {table} CASCADE"]


def accepted_changes() -> list[str]:
    """The statements that were not refused; each is rolled back."""
    accepted = []
    for model, make in FACTORIES.items():
        with undone():
            pk = make().pk
            for statement in statements(model, pk):
                try:
                    with undone(), connection.cursor() as cursor:
                        cursor.execute(statement)
                        accepted.append(statement)
                except DatabaseError:
                    continue
    return accepted


def rebuild_tables() -> None:
    """A migration that alters a field of each append-only table (SQLite rebuilds the table), then `migrate`."""
    for model in FACTORIES:
        old = model._meta.get_field(TEXT_COLUMN[model])
        assert isinstance(old, models.Field)
        new = models.CharField(max_length=5000)
        new.set_attributes_from_name(old.name)
        new.model = model
        with connection.schema_editor() as editor:
            editor.alter_field(model, old, new)
        with connection.schema_editor() as editor:
            editor.alter_field(model, new, old)


def append_only() -> dict[str, Any]:
    first = accepted_changes()
    rebuild_tables()
    gone = len(missing_triggers(connection))
    call_command("migrate", verbosity=0)
    second = accepted_changes()
    with undone():
        for table in append_only_tables():
            drop_triggers(connection, table)
        control = accepted_changes()
    return {
        "tables": len(FACTORIES),
        "tried": 2 * sum(len(statements(model, 1)) for model in FACTORIES),
        "accepted": first + second,
        "triggers_lost_by_rebuilding": gone,
        "control_accepted": len(control),
    }


def tamperings(every: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each change by name, as something to be done: every column of every n-th event, and events moved about."""
    (chain,) = set(
        AuditEvent.objects.filter(question=Question.objects.get(slug="blind").slug).values_list(
            "chain", flat=True
        )
    )
    events = AuditEvent.objects.filter(chain=chain)
    columns = [field.name for field in AuditEvent._meta.concrete_fields if field.name != "id"]
    for event in events.order_by("seq")[::every]:
        one = AuditEvent.objects.filter(pk=event.pk)
        for column in columns:
            yield (
                f"{column} of {event.seq}",
                lambda one=one, column=column, event=event: one.update(  # type: ignore[misc]
                    **{column: other_value(getattr(event, column))}
                ),
            )
        yield f"{event.seq} deleted", one.delete
        yield f"{event.seq} twice", lambda event=event: insert_after(event)  # type: ignore[misc]
        if event.seq > 1:
            yield f"{event.seq} swapped", lambda event=event: swap_contents(event)  # type: ignore[misc]
    yield "tail cut", lambda: events.filter(seq__gt=events.count() - 3).delete()


def other_value(value: Any) -> Any:
    if isinstance(value, int):
        return value + 100_000
    if isinstance(value, str):
        return "f" * 64 if len(value) == 64 else f"{value}~"[-60:]
    if value is None:
        return "00000000-0000-4000-8000-000000000000"
    return value.replace(year=2001) if hasattr(value, "year") else "00000000-0000-4000-8000-000000000001"


def insert_after(event: AuditEvent) -> None:
    again = AuditEvent.objects.get(pk=event.pk)
    again.pk, again.op = None, None
    again.seq = AuditEvent.objects.filter(chain=event.chain).count() + 1
    again.save(force_insert=True)


def swap_contents(event: AuditEvent) -> None:
    """Two neighbours exchange what they say, and keep their places."""
    before = AuditEvent.objects.get(chain=event.chain, seq=event.seq - 1)
    for one, other in ((event, before), (before, event)):
        AuditEvent.objects.filter(pk=one.pk).update(
            type=other.type, subject=other.subject, after=f"{other.after} ", actor_name=other.actor_name
        )


def missed(every: int) -> tuple[int, list[str]]:
    """How many changes were made to the trail, and those that `verify_chain` did not find."""
    tried, found = 0, []
    chain = AuditEvent.objects.filter(question="blind").values_list("chain", flat=True)[0]
    with undone():
        for table in append_only_tables():
            drop_triggers(connection, table)
        for name, change in list(tamperings(every)):
            tried += 1
            with undone():
                try:
                    with transaction.atomic():
                        change()
                except DatabaseError:
                    continue
                if not audit.verify_chain(chain):
                    found.append(name)
    return tried, found


def tampering(every: int) -> dict[str, Any]:
    question, _ = set_up(0, closed=True)
    chain = audit.chain_name(question.guideline)
    whole = audit.verify_chain(chain)
    tried, not_found = missed(every)
    with mock.patch.object(audit, "event_hash", lambda event: event.hash):
        _, control = missed(every)
    return {
        "events": AuditEvent.objects.filter(chain=chain).count(),
        "faults_before": len(whole),
        "tried": tried,
        "missed": not_found,
        "control_missed": len(control),
    }


if __name__ == "__main__":
    n = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    json.dump({"append_only": append_only(), "tampering": tampering(n)}, sys.stdout)
