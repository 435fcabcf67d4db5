"""O2: a database of an earlier state is brought forward, and everything that was in it is there, and whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher import ROOT
from tests.older_databases import FOLDER, dumped, tables_of
from tests.server import ExampleDatabase, application_environment, run_manage

# Django writes rows of its own into these whenever it migrates.
DJANGO = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture
def empty(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a program whose database is empty."""
    name = f"openetd_older_{os.getpid()}"
    if example_database.postgres:
        example_database.postgres.create_database(name)
    try:
        yield application_environment(example_database.url(name), tmp_path)
    finally:
        example_database.drop(name)


@pytest.mark.parametrize("state", ["0005", "0018"])
def test_an_older_database_comes_forward_whole(empty: dict[str, str], state: str) -> None:
    path = FOLDER / f"etd-{state}.sql.gz"
    loading = [sys.executable, "-m", "tests.older_databases", str(path)]
    loaded = subprocess.run(
        loading, cwd=ROOT, env=empty, capture_output=True, text=True, timeout=300, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    old = dumped(path)
    rows = {table: old.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables_of(old)}  # noqa: S608
    ends = old.execute("SELECT chain, seq, hash FROM etd_auditchainhead ORDER BY chain").fetchall()
    assert rows["etd_vote"] > 40
    assert len(ends) == 3

    migrated = run_manage(empty, "migrate", "--noinput", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    found = json.loads(run_manage(empty, "verify_database", "--json").stdout)
    # The trail with its votes and rounds, published versions, and the triggers of every append-only table.
    assert (found["is_current"], found["faults"]) == (True, [])
    assert [tuple(one.values()) for one in found["contents"]["chains"]] == ends
    now = found["contents"]["rows"]
    ours = rows.keys() - DJANGO
    assert {table: now.get(table) for table in ours} == {table: rows[table] for table in ours}
