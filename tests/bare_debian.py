"""The Dockerfile's steps and the services of docker-compose.yml, performed on a bare Debian without Docker.

`./openetd image-check` runs this, as root, on Linux with mmdebstrap. It reads both files and does what they say, so
that the two cannot differ (tests/architecture/test_containers.py refuses an instruction that is not known here). Four
substitutions, and no other:

- FROM: Debian bookworm made by mmdebstrap, with its own Python 3.11 in a virtual environment, for
  python:3.11-slim-bookworm;
- pip finds the locked packages in a folder to which this machine's pip has brought them, and asks no index;
- the service postgres: this machine's PostgreSQL, reached by a socket in /run/postgresql;
- namespaces of Linux for those of an engine: an own network that reaches nothing, own processes, own mounts.

First the image is made with the machine's network. Then the services run in it: unprivileged, without capabilities, on
a read-only root. Everything ends, and nothing stays mounted, with the process that holds the namespaces.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]

from tests import containers
from tests.launcher import ROOT
from tests.postgres import PostgresServer, find_binaries

NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
PYTHON = "/usr/local/python"
WHEELS = "/mnt"
MINUTE = 60.0
HOST = "etd.example.org"
PDF_BYTES = 50_000


class Failed(Exception):
    """A step did not end as it should."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def call(command: Sequence[str | Path], *, minutes: float = 20, **options: object) -> str:
    """What a program of this machine says. Raises Failed."""
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=minutes * MINUTE,
            check=False,
            **options,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout[-4000:]}")
    return str(done.stdout)


# --- Building


@dataclass
class Build:
    """The image while it is made: its root, its variables, its folder and its user."""

    root: Path
    wheels: Path
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"

    def perform(self, instruction: containers.Instruction) -> None:
        start = time.monotonic()
        steps: dict[str, Callable[[containers.Instruction], None]] = {
            "FROM": self.begin,
            "ENV": lambda one: self.env.update(containers.assignments(one)),
            "RUN": self.run,
            "WORKDIR": self.work_in,
            "COPY": self.copy,
            "VOLUME": lambda one: None,  # mounted when it runs
            "USER": lambda one: setattr(self, "user", one.text),
            "EXPOSE": lambda one: None,
            "HEALTHCHECK": lambda one: None,  # asked when it runs
            "CMD": lambda one: None,
        }
        steps[instruction.name](instruction)
        say(
            f"  {instruction.name} {' '.join(instruction.text.split())[:90]}  ({time.monotonic() - start:.0f} s)"
        )

    def begin(self, instruction: containers.Instruction) -> None:
        if instruction.text != "python:3.11-slim-bookworm":
            raise Failed(
                f"FROM {instruction.text}: what stands for it on a bare Debian must be said here first."
            )
        packages = "ca-certificates,python3,python3-venv"
        call(["mmdebstrap", "--quiet", "--variant=apt", f"--include={packages}", "bookworm", self.root])
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.env = {"PATH": f"{PYTHON}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.inside(["python3", "-m", "venv", PYTHON])
        self.env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS, "DEBIAN_FRONTEND": "noninteractive"}

    def run(self, instruction: containers.Instruction) -> None:
        self.inside(["/bin/sh", "-c", instruction.text])

    def inside(self, command: Sequence[str]) -> None:
        mounts = [
            f"mount -t proc proc {self.root}/proc",
            f"mount --rbind /dev {self.root}/dev",
            f"mount --bind {self.wheels} {self.root}{WHEELS}",
        ]
        script = f'{" && ".join(mounts)} && exec chroot {self.root} sh -c \'cd {self.folder} && exec "$@"\' sh "$@"'
        call([*NAMESPACES, "sh", "-c", script, "sh", *command], env=self.env)

    def work_in(self, instruction: containers.Instruction) -> None:
        self.folder = instruction.text
        (self.root / self.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def copy(self, instruction: containers.Instruction) -> None:
        *sources, target = instruction.text.split()
        into = self.root / self.folder.lstrip("/") / target
        found = containers.context() if sources == ["."] else [ROOT / source for source in sources]
        for source in found:
            if source.is_dir():
                shutil.copytree(
                    source,
                    into / source.name,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
            else:
                shutil.copy2(source, into / source.name)


def build(root: Path, wheels: Path) -> None:
    say("Bringing the locked packages")
    call(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--require-hashes",
            "-r",
            ROOT / "requirements.txt",
            "-d",
            wheels,
        ]
    )
    image = Build(root, wheels)
    say("Performing the Dockerfile")
    for instruction in containers.dockerfile():
        image.perform(instruction)
    size = int(call(["du", "-sm", root]).split()[0])
    say(f"Built: {size} MB")


# --- Running


@dataclass
class Machine:
    """The services in one network and one set of mounts, as an engine would hold them."""

    root: Path
    postgres: PostgresServer
    database: str
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    # What an operator writes into .env.
    given: Mapping[str, str] = field(
        default_factory=lambda: {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "POSTGRES_PASSWORD": "not-asked-for",
            "ALLOWED_HOSTS": HOST,
            "SITE_URL": f"https://{HOST}",
            "DEMO_PASSWORD": "a-password-of-this-run",
        }
    )

    def mount(self) -> None:
        """The mounts of a container: its root read-only, /tmp, /dev/shm and the volume writable."""
        root = self.root
        call(["mount", "--bind", root, root])
        for place in ("tmp", "dev/shm", "data"):
            (root / place).mkdir(parents=True, exist_ok=True)
        (root / "run/postgresql").mkdir(parents=True, exist_ok=True)
        call(["mount", "-o", "remount,bind,ro", root])
        call(["mount", "-t", "proc", "proc", root / "proc"])
        call(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev"])
        for device in ("null", "zero", "full", "random", "urandom"):
            (root / "dev" / device).touch()
            call(["mount", "--bind", f"/dev/{device}", root / "dev" / device])
        (root / "dev/shm").mkdir()
        for place, options in (
            ("tmp", "mode=1777"),
            ("dev/shm", "mode=1777,size=64m"),
            ("data", "uid=10001,gid=10001"),
        ):
            call(["mount", "-t", "tmpfs", "-o", options, "tmpfs", root / place])
        self.postgres.folder.chmod(0o711)
        call(["mount", "--bind", self.postgres.folder, root / "run/postgresql"])

    def environment(self, service: str) -> dict[str, str]:
        own: dict[str, str] = {}
        for one in containers.dockerfile():
            if one.name == "ENV":
                own |= containers.assignments(one)
        path = {"PATH": f"{PYTHON}/bin:/usr/bin:/bin", "HOME": "/"}
        of_compose = containers.environment(service, self.given)
        return path | own | of_compose | {"DATABASE_URL": self.database}

    def command(self, words: Sequence[str]) -> list[str]:
        """In the container: as the Dockerfile's user, without capabilities and without a way to new ones."""
        (user,) = [one.text for one in containers.dockerfile() if one.name == "USER"]
        (folder,) = [one.text for one in containers.dockerfile() if one.name == "WORKDIR"]
        number, group = user.split(":")
        drop = [
            f"--reuid={number}",
            f"--regid={group}",
            "--clear-groups",
            "--bounding-set=-all",
            "--inh-caps=-all",
        ]
        script = ["sh", "-c", f'cd {folder} && exec "$@"', "sh", *words]
        return [str(shutil.which("chroot")), str(self.root), "setpriv", *drop, "--no-new-privs", *script]

    def once(self, service: str, words: Sequence[str]) -> str:
        return call(self.command(words), env=self.environment(service))

    def start(self, service: str) -> None:
        words = containers.compose()["services"][service].get("command") or containers.start_command()
        with (self.root.parent / f"{service}.log").open("wb") as log:
            self.started[service] = subprocess.Popen(
                self.command(words),
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def healthy(self, service: str) -> bool:
        """What the health check of the service says."""
        check = containers.compose()["services"][service].get("healthcheck", {}).get("test")
        words = check[1:] if check else containers.health_check()
        done = subprocess.run(
            self.command(words), env=self.environment(service), capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0

    def wait(self, service: str) -> None:
        deadline = time.monotonic() + 3 * MINUTE
        while not self.healthy(service):
            if self.started[service].poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{service} is not healthy:\n{self.log(service)[-4000:]}")
            time.sleep(0.5)

    def log(self, service: str) -> str:
        return (self.root.parent / f"{service}.log").read_text(errors="replace")

    def stop(self, service: str) -> int:
        """The exit status after SIGTERM to the first process, as an engine sends it."""
        process = self.started.pop(service)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=MINUTE)


def loopback_up() -> None:
    """A new network has a loopback that is down (ioctl SIOCSIFFLAGS with IFF_UP; linux/if.h, linux/sockios.h)."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1) + bytes(14))


def fetch(path: str) -> tuple[int, bytes]:
    """As the proxy asks: plain http with the header that it sets."""
    with closing(http.client.HTTPConnection("127.0.0.1", 8000, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def expect(what: str, *, holds: bool) -> None:
    if not holds:
        raise Failed(f"not so: {what}")
    say(f"  {what}")


def run(root: Path) -> None:
    loopback_up()
    binaries = find_binaries()
    if binaries is None:
        raise Failed("PostgreSQL is missing on this machine.")
    server = PostgresServer(binaries)
    try:
        server.start()
        server.create_database("openetd")
        machine = Machine(root, server, "postgresql://openetd@/openetd?host=%2Frun%2Fpostgresql")
        machine.mount()
        try_services(machine)
    finally:
        server.stop()


def try_services(machine: Machine) -> None:
    say("Running the services")
    migrate = containers.compose()["services"]["migrate"]["command"]
    machine.once("migrate", migrate)
    expect("the service migrate makes the tables", holds=True)
    machine.once("web", ["python", "manage.py", "load_example"])
    for service in ("web", "worker"):
        expect(f"{service} is not healthy before it runs", holds=not machine.healthy(service))
        machine.start(service)
    for service in ("web", "worker"):
        machine.wait(service)
        expect(f"{service} runs and its health check says so", holds=True)
    status, page = fetch("/sign-in/")
    expect(f"the sign-in page is served ({len(page)} bytes)", holds=status == 200 and b"<form" in page)
    sheet = page.partition(b'rel="stylesheet" href="')[2].partition(b'"')[0].decode()
    status, content = fetch(sheet)
    expect(
        f"its style sheet {sheet} too, with a hash in its name", holds=status == 200 and len(content) > 1000
    )
    check_pdf(machine)
    check_walls(machine)
    machine.once("web", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"])
    expect("check --deploy finds nothing", holds=True)
    machine.once("web", ["python", "manage.py", "verify_database"])
    expect("the database is whole", holds=True)
    expect("the worker ends in order when told to", holds=machine.stop("worker") == 0)
    expect("so does the server", holds=machine.stop("web") == 0)


def check_pdf(machine: Machine) -> None:
    words = ["python", "manage.py", "export_etd", "mcs-after-rosc", "--format", "pdf"]
    machine.once("web", [*words, "--output", "/data/e.pdf"])
    file = machine.root / "data/e.pdf"
    content = file.read_bytes()
    holds = content.startswith(b"%PDF-") and len(content) > PDF_BYTES
    expect(f"a PDF is made inside ({len(content)} bytes)", holds=holds)
    # A part of a typeface that is embedded has six letters and a plus before its name (ISO 32000-1, 9.6.4).
    used = [line.split()[0].rstrip(",") for line in call(["pdffonts", file]).splitlines()[2:]]
    ours = [name for name in used if re.match(r"[A-Z]{6}\+(Source|Noto)-", name)]
    expect(f"with OpenEtD's own typefaces, {len(used)} of them, all embedded", holds=ours == used != [])


def check_walls(machine: Machine) -> None:
    def is_refused(script: str) -> bool:
        done = subprocess.run(
            machine.command(["sh", "-c", script]),
            env=machine.environment("web"),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode != 0

    expect(
        "nothing can be written into the program",
        holds=is_refused("echo x > /app/x") and is_refused("echo x > /x"),
    )
    expect("but into /tmp and /data", holds=not is_refused("echo x > /tmp/x && echo x > /data/x"))
    expect(
        "the user is no root and has no capability",
        holds=not is_refused(
            "test $(id -u) = 10001 && test $(grep -Ec '^Cap(Prm|Eff|Bnd):[[:space:]]*0+$' /proc/self/status) = 3"
        ),
    )
    with (
        closing(psycopg2.connect(machine.postgres.url("openetd"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM etd_worker")
        expect("one worker gives signs of life", holds=cursor.fetchone() == (1,))


# --- Together


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("step", nargs="?", choices=["build", "run"], help=argparse.SUPPRESS)
    parser.add_argument(
        "--keep", type=Path, help="a folder to work in, which stays; with an image in it, it is not made anew"
    )
    options = parser.parse_args()
    if os.geteuid() != 0 or not sys.platform.startswith("linux") or shutil.which("mmdebstrap") is None:
        say("This needs root on Linux and the package mmdebstrap: apt-get install mmdebstrap poppler-utils")
        return 2
    folder = options.keep or Path(tempfile.mkdtemp(prefix="openetd-image-"))
    (folder / "wheels").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        if options.step == "run":
            run(folder / "root")
        else:
            if not (folder / "root").exists():
                build(folder / "root", folder / "wheels")
            again = [sys.executable, "-m", "tests.bare_debian", "run", "--keep", str(folder)]
            done = subprocess.run([*NAMESPACES, "--net", *again], cwd=ROOT, timeout=30 * MINUTE, check=False)
            return done.returncode
    except Failed as error:
        say(f"FAILED: {error}")
        return 1
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
