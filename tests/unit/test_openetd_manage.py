"""deploy/openetd-manage: what an operator writes into /etc/openetd.env is what manage.py gets, as systemd gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launcher import ROOT

if sys.platform == "win32":
    pytest.skip("It is for systemd.", allow_module_level=True)

SETPRIV = '#!/bin/sh\nenv -0 > told\necho "$@"\n'
WRITTEN = r"""
# DATABASE_URL=sqlite:////commented-out
; SITE_URL=commented-out
DATABASE_URL=postgresql://openetd:pa$$word@db/etd?sslmode=require&connect_timeout=5
EMAIL_FROM="OpenEtD <etd@example.org>"
SECRET_KEY='a;b&c`d$HOME"e'
  TIME_ZONE = Europe/Vienna
DEMO_PASSWORD="a \"b\" \$c \d"
EMAIL_URL=console:\
?a=b\ c
DATA_DIR=
no assignment
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The script, with folders of this test's and a setpriv that writes down what it was given."""
    text = (ROOT / "deploy/openetd-manage").read_text(encoding="utf-8")
    for path in ("/etc/openetd.env", "/srv/openetd/program"):
        assert text.count(f'"{path}"') == 1
        text = text.replace(f'"{path}"', f'"{tmp_path}{path}"')
        (tmp_path / path[1:]).parent.mkdir(parents=True)
    (tmp_path / "srv/openetd/program").mkdir()
    (tmp_path / "etc/openetd.env").write_text(WRITTEN, encoding="utf-8")
    for name, content in (("openetd-manage", text), ("setpriv", SETPRIV)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(installed: Path, **given: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """How it ended, and the environment that manage.py would have had."""
    done = subprocess.run(
        [sys.executable, installed / "openetd-manage", "backup", "--to", "a folder"],
        env={"PATH": f"{installed}:{os.environ['PATH']}"} | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = installed / "srv/openetd/program/told"
    lines = told.read_text(encoding="utf-8").split("\0")[:-1] if told.exists() else []
    return done, dict(line.split("=", 1) for line in lines)


def test_no_letter_of_a_value_is_taken_for_something_else(installed: Path) -> None:
    done, told = run(installed)
    expected = {
        "DATABASE_URL": "postgresql://openetd:pa$$word@db/etd?sslmode=require&connect_timeout=5",
        "EMAIL_FROM": "OpenEtD <etd@example.org>",
        "SECRET_KEY": 'a;b&c`d$HOME"e',
        "TIME_ZONE": "Europe/Vienna",
        "DEMO_PASSWORD": 'a "b" $c \\d',
        "EMAIL_URL": "console:?a=b c",
        "DATA_DIR": "",
    }
    assert {name: told.get(name) for name in expected} == expected
    assert "SITE_URL" not in told
    assert done.stdout.split(".venv")[1] == "/bin/python manage.py backup --to a folder\n"


def test_what_is_given_on_the_command_line_wins(installed: Path) -> None:
    _, told = run(installed, DATABASE_URL="sqlite:////elsewhere")
    assert (told["DATABASE_URL"], told["TIME_ZONE"]) == ("sqlite:////elsewhere", "Europe/Vienna")


def test_without_its_file_nothing_is_run(installed: Path) -> None:
    (installed / "etc/openetd.env").unlink()
    done, told = run(installed)
    assert (done.returncode, told) == (1, {})
    assert "Run it as root" in done.stderr
