"""Every variable of .env.example: a wrong value stops the program at its start, by name and with the remedy."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.launcher import ROOT

# The settings as a start reads them, by name, in an environment with these variables and no other of ours.
Start = Callable[..., dict[str, Any]]
KEY = "k3y-" + "abcdefghij" * 5

WRONG = [
    ("SECRET_KEY", "", {"HTTPS": "true"}),
    ("SECRET_KEY", "too-short", {"HTTPS": "true"}),
    ("SECRET_KEY", "x" * 60, {"HTTPS": "true"}),
    ("DATABASE_URL", "mysql://a@b/c", {}),
    ("DATABASE_URL", "openetd", {}),
    ("DATABASE_URL", "postgresql://a:b@host:5432/", {}),
    ("DATABASE_URL", "postgresql://a:pass/word@host/name", {}),
    ("DATABASE_URL", "postgresql://a:b@host:port/name", {}),
    ("DATABASE_URL", "sqlite://relative/path.sqlite3", {}),
    ("DEBUG", "maybe", {}),
    ("HTTPS", "https", {}),
    ("ALLOWED_HOSTS", "https://etd.example.org", {}),
    ("ALLOWED_HOSTS", "etd.example.org:8000", {}),
    ("CSRF_TRUSTED_ORIGINS", "etd.example.org", {}),
    ("CSRF_TRUSTED_ORIGINS", "https://etd.example.org/", {}),
    ("TIME_ZONE", "Vienna", {}),
    ("TIME_ZONE", "../etc/passwd", {}),
    ("SITE_URL", "etd.example.org", {}),
    ("SITE_URL", "http://etd.example.org", {"HTTPS": "true"}),
    ("EMAIL_URL", "mail.example.org", {}),
    ("EMAIL_URL", "smtp://a:b@host:none", {}),
    ("EMAIL_FROM", "OpenEtD", {}),
    ("EMAIL_FROM", "OpenEtD <a@b>\nBcc: <c@d>", {}),
    ("OPENETD_TRUSTED_PROXIES", "yes", {}),
    ("OPENETD_REQUIRE_TOTP_FOR", "chairs", {}),
    ("OPENETD_FRAMEWORKS", "/nowhere/at/all", {}),
    ("OPENETD_JOBS", "cron", {}),
    ("OPENETD_UPLOADS_AN_HOUR", "many", {}),
    ("OPENETD_GUIDELINE_MIB", "1.5", {}),
    ("WEB_CONCURRENCY", "0", {}),
    ("WEB_CONCURRENCY", "two", {}),
    ("GUNICORN_LOG_LEVEL", "loud", {}),
    ("LOG_FORMAT", "xml", {}),
    ("OPENETD_METRICS_TOKEN", "short", {}),
]
# Any text may be meant: folders, a password, and what docker compose alone reads.
ANY_TEXT = {
    "POSTGRES_PASSWORD",
    "MIGRATION_DATABASE_URL",
    "DATA_DIR",
    "OPENETD_BACKUP_DIR",
    "OPENETD_METRICS_DIR",
    "PG_BINDIR",
    "STATIC_ROOT",
    "PORT",
    "DEMO_PASSWORD",
}


def listed() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    for name in [*listed(), *(name for name in os.environ if name.startswith("OPENETD_"))]:
        monkeypatch.delenv(name, raising=False)

    def read(**given: str) -> dict[str, Any]:
        for name, value in ({"SECRET_KEY": KEY, "DATA_DIR": str(tmp_path)} | given).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "config" / "settings.py"))

    return read


@pytest.mark.parametrize(("name", "value", "besides"), WRONG)
def test_a_wrong_value_stops_the_start_by_its_name(
    name: str, value: str, besides: dict[str, str], start: Start
) -> None:
    with pytest.raises(ImproperlyConfigured, match=name) as stopped:
        start(**besides, **{name: value})
    assert len(str(stopped.value)) > len(name) + 20, "the remedy is told"


@pytest.mark.parametrize("value", ["postgresql://a:sEcr3t@host:port/n", "postgresql://a:sEcr3t@h:1/"])
def test_a_password_is_not_repeated(value: str, start: Start) -> None:
    with pytest.raises(ImproperlyConfigured) as stopped:
        start(DATABASE_URL=value)
    assert "sEcr3t" not in str(stopped.value)


def test_every_variable_has_a_wrong_value_or_takes_any_text() -> None:
    tried = {name for name, _, _ in WRONG}
    assert tried & ANY_TEXT == set()
    assert set(listed()) - tried - ANY_TEXT == set()
    assert tried - set(listed()) == set()


def test_a_folder_that_cannot_be_made_is_told(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match=r"DATA_DIR: the folder .* cannot be made"):
        start(SECRET_KEY="", DATA_DIR=str(tmp_path / "file" / "data"))


def test_the_values_of_the_example_are_good_ones(start: Start) -> None:
    """A copy of .env.example with nothing but the two secrets filled in starts."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    settings = start(**given | {"SECRET_KEY": KEY})
    assert settings["SITE_URL"] == "http://127.0.0.1:8000"


def test_a_public_site_starts(start: Start) -> None:
    settings = start(
        HTTPS="true",
        ALLOWED_HOSTS="etd.example.org,10.0.0.7,[::1]",
        DATABASE_URL="postgresql://openetd:p%40ss@db.example.org:5432/openetd?sslmode=require",
        EMAIL_FROM="Office <etd@example.org>",
        TIME_ZONE="Europe/Vienna",
    )
    database = settings["DATABASES"]["default"]
    assert (database["PASSWORD"], database["OPTIONS"]["sslmode"]) == ("p@ss", "require")
    # A host that has gone answers nothing: no thread waits for it.
    assert (database["OPTIONS"]["connect_timeout"], database["OPTIONS"]["tcp_user_timeout"]) == ("5", "20000")
    assert settings["SITE_URL"] == "https://etd.example.org"


def test_the_page_on_installing_tells_every_variable() -> None:
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \|", page, flags=re.MULTILINE)
    assert rows == listed()
