"""The server as it ships, watched: its processes count together, and every line of its log is one event."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.test_metrics import CANARY, TOKEN, value
from tests.server import ExampleDatabase, RunningServer

SECONDS = 30.0


@dataclass
class WatchedServer(RunningServer):
    workers: int = 2

    @property
    def env(self) -> dict[str, str]:
        return super().env | {
            "LOG_FORMAT": "json",
            "OPENETD_METRICS_TOKEN": TOKEN,
            "OPENETD_METRICS_DIR": str(self.folder / "counts"),
        }

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        """On a connection of its own, so that any of the processes may take it."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=SECONDS)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self) -> str:
        return self.ask("/metrics", Authorization=f"Bearer {TOKEN}")[1]

    def processes(self) -> list[int]:
        assert self.process is not None
        number = self.process.pid
        return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@pytest.fixture
def watched(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[WatchedServer]:
    name = example_database.copy()
    running = WatchedServer(example_database.url(name), tmp_path)
    (tmp_path / "counts").mkdir()
    (tmp_path / "counts" / "counter_1.db").write_bytes(b"of a server before")
    try:
        running.start()
        yield running
    finally:
        running.kill()
        example_database.drop(name)


def counted(watched: WatchedServer) -> float:
    return value(watched.metrics(), "openetd_requests_total", route="sign_in", method="GET", status="2xx")


def test_processes_count_together_and_log_line_by_line(watched: WatchedServer) -> None:
    before = counted(watched)
    for _ in range(20):
        assert watched.ask(f"/sign-in/?next=/{CANARY}", Host="127.0.0.1", Referer=CANARY)[0] == 200
    assert watched.ask(f"/invitations/1/{CANARY}/")[0] in {404, 410}
    assert watched.ask("/readyz", Host="balancer") == (200, "ready\n")
    assert counted(watched) == before + 20

    host, port = urlsplit(watched.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as raw:
        raw.sendall(f"GET /invitations/1/{CANARY} broken HTTP/1.1\r\n\r\n".encode())
        assert b"400" in raw.recv(1000)

    dying = watched.processes()[0]
    os.kill(dying, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while dying in watched.processes() and time.monotonic() < deadline:
        watched.ask("/healthz")
    assert counted(watched) == before + 20, "what a process counted stays when it ends"

    assert watched.manage("work", "--once").returncode == 0
    assert list((watched.folder / "counts").glob("counter_jobs-0-*.db")), "a worker counts in the same folder"

    watched.kill(signal.SIGTERM)
    lines = watched.log.read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines if line and not line.startswith("OpenEtD is at")]
    assert sum(event.get("route") == "sign_in" for event in events) >= 20
    assert "gunicorn.error" in {event["logger"] for event in events}
    assert CANARY not in "".join(lines)
