"""`./openetd run` as a person types it, with its data in a temporary folder."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.launcher import ROOT
from tests.server import application_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, and what it printed until its address."""
    environment = application_environment("", data)
    del environment["SECRET_KEY"]
    process = subprocess.Popen(
        [sys.executable, "openetd", "run", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if f"http://127.0.0.1:{port}/" in line:
                break
        yield process, lines
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def answer(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def test_run_serves_the_example_once_loaded_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as (process, lines):
        printed = "\n".join(lines)
        assert "Loaded ilcor-als/mcs-after-rosc." in lines
        assert re.search(r"panel@example\.org +Panel member", printed)
        page = answer(port, "/")
        assert page.status in {200, 302}, printed
        style = answer(port, "/static/vendor/bootstrap.min.css")
        assert (style.status, style.getheader("Content-Type")) == (200, 'text/css; charset="utf-8"')
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0

    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    key = (tmp_path / "secret_key").read_text()
    with running(tmp_path, port) as (process, lines):
        assert "The example is loaded already; nothing was changed." in lines
        assert not [line for line in lines if line.startswith("Installing")]
    assert (tmp_path / "secret_key").read_text() == key


def test_run_on_a_busy_port_says_so_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with running(tmp_path, port) as (process, lines):
            assert process.wait(timeout=30) == 1
    assert lines == [
        f"openetd: port {port} is in use by another program. Choose another: ./openetd run --port {port + 1}"
    ]
