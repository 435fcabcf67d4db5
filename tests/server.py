"""The application as it ships, under gunicorn, on a fresh copy of the example's database.

For tests with a browser, with concurrency, or that kill things. Django's live server would empty the tables between
tests, which the append-only ones refuse; so each test gets a copy of a database that is made once.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count
from pathlib import Path

import pytest

from tests.launcher import ROOT
from tests.postgres import PostgresServer

START_SECONDS = 60.0
_numbers = count(1)


def application_environment(database_url: str, data: Path) -> dict[str, str]:
    """The environment of a child process that runs the application on that database."""
    own = {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data),
        "SECRET_KEY": "for-tests-only-" + 40 * "x",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EMAIL_URL": f"file://{data / 'mail'}",
        "DEBUG": "false",
        "HTTPS": "false",
        # Letters are there when the answer is, and no process outlives a test.
        "OPENETD_JOBS": "request",
    }
    foreign = (
        "MIGRATION_DATABASE_URL",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "WEB_CONCURRENCY",
        "DEMO_PASSWORD",
        "SITE_URL",
        "EMAIL_FROM",
        "OPENETD_REQUIRE_TOTP_FOR",
        "OPENETD_TRUSTED_PROXIES",
        "OPENETD_FRAMEWORKS",
        "OPENETD_UPLOADS_AN_HOUR",
        "OPENETD_GUIDELINE_MIB",
        "OPENETD_BACKUP_DIR",
        "LOG_FORMAT",
        "OPENETD_METRICS_TOKEN",
        "OPENETD_METRICS_DIR",
    )
    return {name: value for name, value in os.environ.items() if name not in foreign} | own


def run_manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`manage.py ARGUMENTS` in a child process; the caller looks at its exit status."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass
class ExampleDatabase:
    """A migrated database that holds the example, to be copied; `accounts` is what load_example printed."""

    folder: Path
    postgres: PostgresServer | None
    accounts: str = ""

    @property
    def name(self) -> str:
        return "openetd_example"

    def url(self, name: str) -> str:
        return self.postgres.url(name) if self.postgres else f"sqlite:///{self.folder / name}.sqlite3"

    def make(self) -> None:
        if self.postgres:
            self.postgres.create_database(self.name)
        environment = application_environment(self.url(self.name), self.folder)
        for command in (["migrate", "--noinput"], ["load_example"]):
            done = run_manage(environment, *command)
            if done.returncode != 0:
                raise RuntimeError(f"manage.py {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
            self.accounts = done.stdout

    def copy(self) -> str:
        """A fresh copy of the database; its name."""
        name = f"openetd_copy_{next(_numbers)}"
        if self.postgres:
            self.postgres.create_database(name, template=self.name)
        else:
            shutil.copyfile(self.folder / f"{self.name}.sqlite3", self.folder / f"{name}.sqlite3")
        return name

    def drop(self, name: str) -> None:
        if self.postgres:
            self.postgres.drop_database(name)
        else:
            for path in self.folder.glob(f"{name}.sqlite3*"):
                path.unlink()


@dataclass
class RunningServer:
    """gunicorn on a free port of this machine. `kill` and `start` again keep the database."""

    database_url: str
    folder: Path
    workers: int = 1
    # Controls of tests start one that is wrong on purpose.
    application: str = "config.wsgi:application"
    url: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def env(self) -> dict[str, str]:
        return application_environment(self.database_url, self.folder) | {
            "WEB_CONCURRENCY": str(self.workers)
        }

    @property
    def log(self) -> Path:
        return self.folder / "gunicorn.log"

    def letters(self) -> list[EmailMessage]:
        """The e-mails that the server has sent, the newest last."""
        files = sorted((self.folder / "mail").glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes().rstrip(b"-\n"), policy=default) for file in files]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_manage(self.env, *arguments)

    def start(self) -> None:
        """Start and wait for the first answer. The socket is handed over open: no other program can take the port."""
        with socket.create_server(("127.0.0.1", 0)) as listener, self.log.open("ab") as log:
            host, port = listener.getsockname()
            self.url = f"http://{host}:{port}"
            descriptor = listener.fileno()
            command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py"]
            self.process = subprocess.Popen(
                [*command, "--bind", f"fd://{descriptor}", self.application],
                cwd=ROOT,
                env={"SITE_URL": self.url} | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        self.wait_for_an_answer(host, port)

    def wait_for_an_answer(self, host: str, port: int) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            connection = http.client.HTTPConnection(host, port, timeout=START_SECONDS)
            try:
                connection.request("GET", "/")
                status = connection.getresponse().status
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The server did not answer:\n{self.log.read_text()}") from error
                time.sleep(0.05)
            else:
                if status >= 500:
                    raise RuntimeError(f"The server answers {status}:\n{self.log.read_text()}")
                return
            finally:
                connection.close()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End gunicorn and its workers by their process group."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(timeout=30)
        self.process = None


@pytest.fixture(scope="session")
def example_database(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> ExampleDatabase:
    """The example's database, made once by the commands that a person would type."""
    postgres = None
    if os.environ.get("TEST_DATABASE") == "postgres":
        postgres = request.getfixturevalue("postgres_server")
    database = ExampleDatabase(tmp_path_factory.mktemp("example"), postgres)
    database.make()
    return database


@pytest.fixture
def server(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of this test's own, on a fresh copy of the example; killed afterwards, whatever happens."""
    name = example_database.copy()
    running = RunningServer(example_database.url(name), tmp_path)
    try:
        running.start()
        yield running
    finally:
        running.kill()
        example_database.drop(name)
