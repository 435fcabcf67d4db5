"""Only actions write: there every change has its transaction and its event."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import name, python_files, tree

WRITES = {
    "save",
    "create",
    "delete",
    "update",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
}
WRITES |= {f"a{method}" for method in WRITES} | {"_raw_delete", "create_user", "create_superuser"}
# The methods that files, dictionaries and hashes have too. They are given what to write as a first argument; those of
# the models take keywords only.
SHARED = {"save", "update"}
# How a database is set up, what the whole of it holds, and putting a backup in its place, is no matter of one model.
ASKS_IN_SQL = {
    "etd/installation/contents.py",
    "etd/installation/doctor_database.py",
    "etd/installation/durability.py",
    "etd/installation/moving.py",
    "etd/installation/postgresql_programs.py",
    "etd/installation/readiness.py",
    "etd/installation/sqlite_files.py",
    "etd/installation/state.py",
}


def may_write(path: Path) -> bool:
    parts = path.parts
    return (
        "actions" in parts
        or "migrations" in parts
        or path.name == "actions.py"
        or name(path) in {"etd/models/user.py", "etd/append_only.py", *ASKS_IN_SQL}
    )


def writes(module: ast.Module) -> list[tuple[int, str]]:
    """Line and method of every call that looks like a write to the database."""
    return [
        (node.lineno, node.func.attr)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in WRITES or node.func.attr in {"execute", "executemany"})
        and not (node.func.attr in SHARED and node.args)
    ]


def test_only_actions_write() -> None:
    found = [
        f"{name(path)}:{line} .{method}("
        for path in python_files()
        if not may_write(path)
        for line, method in writes(tree(path))
    ]
    assert found == []


def test_actions_do_write() -> None:
    """Else the search above has lost its way."""
    assert {name(path) for path in python_files() if may_write(path) and writes(tree(path))} >= {
        "etd/actions/audit.py",
        "etd/actions/questions.py",
        "etd/actions/voting.py",
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Vote.objects.create(x=1)", ["create"]),
        ("vote.save()", ["save"]),
        ("vote.save(update_fields=['x'])", ["save"]),
        ("form.save(commit=False)", ["save"]),
        ("rows.update(x=1)", ["update"]),
        ("await row.adelete()", ["adelete"]),
        ("cursor.execute('DELETE FROM x')", ["execute"]),
        ("votes.update({'a': 1}); digest.update(b'x'); workbook.save(file)", []),
    ],
)
def test_what_counts_as_a_write(source: str, found: list[str]) -> None:
    assert [method for _, method in writes(ast.parse(source))] == found
