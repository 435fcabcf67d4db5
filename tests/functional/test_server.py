"""The servers that other tests drive: each has a database of its own, which a kill does not take from it."""

from __future__ import annotations

import json

import pytest

from tests.server import ExampleDatabase, RunningServer

COUNT = "from etd.models import User; print(User.objects.count())"
ADD = "from etd.models import User; User.objects.create(email='new@example.org')"


def users(running: RunningServer) -> int:
    done = running.manage("shell", "--no-imports", "--command", COUNT)
    assert done.returncode == 0, done.stderr
    number: int = json.loads(done.stdout)
    return number


def test_a_copy_is_its_own_and_survives_a_kill(
    server: RunningServer, example_database: ExampleDatabase
) -> None:
    before = users(server)
    assert before > 5
    assert server.manage("shell", "--no-imports", "--command", ADD).returncode == 0
    server.kill()
    server.start()
    assert users(server) == before + 1

    other = example_database.copy()
    try:
        assert users(RunningServer(example_database.url(other), server.folder)) == before
    finally:
        example_database.drop(other)


def test_a_server_that_cannot_start_says_why(server: RunningServer) -> None:
    server.kill()
    server.database_url = "mysql://x/y"
    with pytest.raises(RuntimeError, match="DATABASE_URL must begin with"):
        server.start()


def test_loading_the_example_again_changes_nothing(server: RunningServer) -> None:
    before = users(server)
    done = server.manage("load_example")
    assert done.returncode == 0, done.stderr
    assert "nothing was changed" in done.stdout
    assert users(server) == before
