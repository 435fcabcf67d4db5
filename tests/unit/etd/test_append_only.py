"""Append-only tables refuse every change, by whatever road it comes, and go on refusing after migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from config.settings import database
from etd.append_only import append_only_tables, check_triggers, install_triggers, missing_triggers
from etd.models import (
    AuditEvent,
    ConflictDeclaration,
    ConflictManagement,
    DiscussionNote,
    KeptEvidence,
    KeptPart,
    OwnFramework,
    PublishedVersion,
    RoundSnapshot,
    SourceDocument,
    Withdrawal,
)
from metaanalysis.models import Analysis, MainMethod
from tests import factories as f

FACTORIES: dict[type[models.Model], Callable[..., Any]] = {
    AuditEvent: f.audit_event,
    Analysis: f.analysis,
    MainMethod: f.main_method,
    ConflictDeclaration: f.conflict_declaration,
    ConflictManagement: f.conflict_management,
    RoundSnapshot: f.round_snapshot,
    OwnFramework: f.own_framework,
    KeptEvidence: f.kept_evidence,
    KeptPart: f.kept_part,
    DiscussionNote: f.discussion_note,
    PublishedVersion: f.published_version,
    Withdrawal: f.withdrawal,
    SourceDocument: f.source_document,
}
TEXT_COLUMN = {
    AuditEvent: "subject",
    Analysis: "input_digest",
    MainMethod: "reason",
    ConflictDeclaration: "text",
    ConflictManagement: "note",
    RoundSnapshot: "content",
    OwnFramework: "title",
    KeptEvidence: "content",
    KeptPart: "text",
    DiscussionNote: "text",
    PublishedVersion: "document",
    Withdrawal: "reason",
    SourceDocument: "content",
}


def execute(sql: str, using: BaseDatabaseWrapper | None = None) -> None:
    with (using or connection).cursor() as cursor:
        cursor.execute(sql)


def in_bulk(row: models.Model) -> None:
    column = TEXT_COLUMN[type(row)]
    setattr(row, column, "changed")
    type(row)._default_manager.bulk_update([row], [column])


def upsert(row: models.Model) -> None:
    column = TEXT_COLUMN[type(row)]
    setattr(row, column, "changed")
    type(row)._default_manager.bulk_create(
        [row], update_conflicts=True, update_fields=[column], unique_fields=["pk"]
    )


ROADS: dict[str, Callable[[models.Model], Any]] = {
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "queryset update": lambda row: type(row)._default_manager.update(**{TEXT_COLUMN[type(row)]: "changed"}),
    "queryset delete": lambda row: type(row)._default_manager.all().delete(),
    "raw delete": lambda row: type(row)._default_manager.all()._raw_delete("default"),
    "bulk_update": in_bulk,
    "bulk_create with update_conflicts": upsert,
    "UPDATE": lambda row: execute(f"UPDATE {row._meta.db_table} SET {TEXT_COLUMN[type(row)]} = 'changed'"),  # noqa: S608
    "DELETE": lambda row: execute(f"DELETE FROM {row._meta.db_table} WHERE id = {row.pk}"),  # noqa: S608
}


def stored(model: type[models.Model]) -> list[dict[str, Any]]:
    return list(model._default_manager.values())


def test_every_append_only_table_is_tried() -> None:
    assert sorted(model._meta.db_table for model in FACTORIES) == append_only_tables()


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("model", FACTORIES)
@pytest.mark.django_db
def test_no_road_leads_to_a_change(model: type[models.Model], road: str) -> None:
    row = FACTORIES[model]()
    before = stored(model)
    with pytest.raises(DatabaseError, match=f"{model._meta.db_table} is append-only"), transaction.atomic():
        ROADS[road](row)
    assert stored(model) == before


@pytest.mark.parametrize("model", FACTORIES)
@pytest.mark.django_db
def test_a_control_a_table_without_triggers_can_be_changed(model: type[models.Model]) -> None:
    row = FACTORIES[model]()
    drop_triggers(connection, model._meta.db_table)
    before = stored(model)
    in_bulk(row)
    assert stored(model) != before


# What only one of the databases understands. SQLite fires the delete trigger for INSERT OR REPLACE only with recursive
# triggers on, which is why the settings say so.
OWN_ROADS = {
    "sqlite": (
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
    ),
    "postgresql": (
        "TRUNCATE {table} CASCADE",
        "MERGE INTO {table} t USING {table} s ON t.id = s.id WHEN MATCHED THEN DELETE",
    ),
}


@pytest.mark.parametrize("model", FACTORIES)
@pytest.mark.django_db
def test_no_road_of_this_database_alone_leads_to_a_change(model: type[models.Model]) -> None:
    FACTORIES[model]()
    connection.check_constraints()  # PostgreSQL truncates no table whose foreign keys it has yet to look at
    before = stored(model)
    for statement in OWN_ROADS[connection.vendor]:
        with pytest.raises(DatabaseError, match="is append-only"), transaction.atomic():
            execute(statement.format(table=model._meta.db_table))
        assert stored(model) == before


SUFFIXES = {"sqlite": ("no_update", "no_delete"), "postgresql": ("no_change", "no_truncate")}


def drop_triggers(using: BaseDatabaseWrapper, table: str) -> None:
    on_table = f" ON {table}" if using.vendor == "postgresql" else ""
    for suffix in SUFFIXES[using.vendor]:
        execute(f"DROP TRIGGER {table}_{suffix}{on_table}", using)


@pytest.mark.django_db
def test_the_check_is_silent_when_all_is_well() -> None:
    assert check_triggers(databases=["default"]) == []
    assert check_triggers(databases=None) == []


@pytest.mark.parametrize("table", append_only_tables())
@pytest.mark.django_db
def test_the_check_reports_a_dropped_trigger(table: str) -> None:
    drop_triggers(connection, table)
    assert [(error.id, error.msg) for error in check_triggers(databases=["default"])] == [
        ("etd.W002", f"Table {table} can be changed: its append-only trigger is missing.")
    ]


@pytest.mark.django_db
def test_one_missing_trigger_of_two_is_enough() -> None:
    table = AuditEvent._meta.db_table
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    for name in SUFFIXES[connection.vendor]:
        execute(f"DROP TRIGGER {table}_{name}{on_table}")
        assert missing_triggers(connection) == [table]
        install_triggers(connection)
        assert missing_triggers(connection) == []


@pytest.mark.django_db
def test_a_disabled_trigger_is_a_missing_one() -> None:
    """PostgreSQL can switch a trigger off and keep its name; SQLite can only drop it."""
    table = AuditEvent._meta.db_table
    if connection.vendor == "postgresql":
        execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change")
    else:
        execute(f"DROP TRIGGER {table}_no_update")
    assert missing_triggers(connection) == [table]


@pytest.fixture
def scratch(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[BaseDatabaseWrapper]:
    """A migrated database whose tables may be rebuilt: this test's transaction on PostgreSQL, and a file of its own on
    SQLite, where Django rebuilds no table inside a transaction."""
    if connection.vendor == "postgresql":
        request.getfixturevalue("db")
        yield connection
        return
    aliases = {
        "default": connections.settings["default"],
        "scratch": database(f"sqlite:///{tmp_path}/scratch.sqlite3"),
    }
    connections.settings["scratch"] = connections.configure_settings(aliases)["scratch"]
    with django_db_blocker.unblock():
        call_command("migrate", database="scratch", verbosity=0)
        yield connections["scratch"]
        connections["scratch"].close()
    del connections["scratch"]
    del connections.settings["scratch"]


def test_triggers_survive_a_rebuild_of_their_table(scratch: BaseDatabaseWrapper) -> None:
    events = AuditEvent._default_manager.using(scratch.alias)
    events.create(
        chain="site",
        seq=1,
        actor_id="system",
        actor_name="System",
        type="t",
        subject="s",
        at=f.NOW,
        hash=f.DIGEST,
    )
    old = AuditEvent._meta.get_field("subject")
    new = models.CharField(max_length=299)
    new.set_attributes_from_name("subject")
    new.model = AuditEvent
    with scratch.schema_editor() as editor:
        editor.alter_field(AuditEvent, old, new, strict=False)
    if scratch.vendor == "sqlite":
        assert missing_triggers(scratch) == [AuditEvent._meta.db_table], "the rebuild should lose them"
    call_command("migrate", database=scratch.alias, verbosity=0)
    assert missing_triggers(scratch) == []
    with (
        pytest.raises(DatabaseError, match="is append-only"),
        transaction.atomic(using=scratch.alias),
    ):
        events.update(subject="changed")
    assert [found.subject for found in events.all()] == ["s"]
