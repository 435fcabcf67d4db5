"""Examinations of settings, of the machine and of its files."""

from __future__ import annotations

import filecmp
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.http.request import validate_host

from etd.installation.doctor import Area, examination, is_public
from etd.installation.environment import SHORTEST_KEY

LOW_BYTES, VERY_LOW_BYTES = 2 * 1024**3, 200 * 1024**2
SAFE_ZIP = (3, 11, 8)
KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
NEEDING_CODES = ("chair", "staff")


@examination(Area.SETTINGS)
def examine_how_it_is_served() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error(
            "DEBUG is on: pages of faults show code and settings to everybody.",
            hint="Set DEBUG=false, and restart.",
            id="installation.debug",
        )
    if is_public() and not settings.HTTPS:
        yield Error(
            "The site has a public name and is served without encryption: passwords and votes can be read on the way.",
            hint="Put a proxy with a certificate before it, and set HTTPS=true.",
            id="installation.https",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is *: the site answers to any name that somebody sends.",
            hint="Set ALLOWED_HOSTS to its host names, such as etd.example.org.",
            id="installation.any_host",
        )
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        yield Error(
            f"SITE_URL leads to {host}, which is not among ALLOWED_HOSTS: links in letters are refused.",
            hint=f"Add {host} to ALLOWED_HOSTS, or correct SITE_URL.",
            id="installation.site_url",
        )


@examination(Area.SETTINGS)
def examine_secret_key() -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < SHORTEST_KEY or len(set(settings.SECRET_KEY)) < 5:
        yield Error(
            "SECRET_KEY is short or simple: who guesses it can sign in as anybody.",
            hint=f"Set SECRET_KEY to what this prints: {KEY}. Everybody signs in again afterwards.",
            id="installation.secret_key",
        )
    path = Path(settings.DATA_DIR) / "secret_key"
    if path.exists() and path.stat().st_mode & 0o077:
        yield Error(
            f"Other accounts of this machine can read {path}, with which anybody can sign in as anybody.",
            hint=f"chmod 600 {path}",
            id="installation.secret_key_file",
        )


@examination(Area.SETTINGS)
def examine_letters() -> Iterator[CheckMessage]:
    if not is_public():
        return
    if settings.EMAIL_BACKEND.startswith(("etd.mail.NoMail", "django.core.mail.backends.console")):
        yield Error(
            "No e-mail goes out: nobody can be invited, reminded or helped with a forgotten password.",
            hint="Set EMAIL_URL, such as smtp://user:password@mail.example.org:587.",
            id="installation.email",
        )
    elif settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        yield Warning(
            "E-mails are written into a folder and not sent.",
            hint="Set EMAIL_URL, such as smtp://user:password@mail.example.org:587.",
            id="installation.email_folder",
        )


@examination(Area.SETTINGS)
def examine_codes() -> Iterator[CheckMessage]:
    missing = [role for role in NEEDING_CODES if role not in settings.REQUIRE_TOTP_FOR]
    if is_public() and missing:
        yield Warning(
            f"One-time codes are not required of: {', '.join(missing)}. A guessed password is enough to act as them.",
            hint="Set OPENETD_REQUIRE_TOTP_FOR=chair,staff.",
            id="installation.codes",
        )


@examination(Area.MACHINE)
def examine_data_folder() -> Iterator[CheckMessage]:
    folder = Path(settings.DATA_DIR)
    if not folder.is_dir():
        yield Error(
            f"DATA_DIR, the folder {folder}, is not there.",
            hint="Make it, owned by the account that runs OpenEtD, or set DATA_DIR.",
            id="installation.data_dir",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Error(
            f"DATA_DIR, the folder {folder}, cannot be written.",
            hint=f"chown -R it to the account that runs OpenEtD (now number {os.geteuid()}).",
            id="installation.data_dir_written",
        )
    if is_public() and folder.stat().st_mode & 0o007:
        yield Warning(
            f"Every account of this machine can look into {folder}, where votes and backups may lie.",
            hint=f"chmod 750 {folder}",
            id="installation.data_dir_open",
        )
    free = shutil.disk_usage(folder).free
    if free < LOW_BYTES:
        kind = Error if free < VERY_LOW_BYTES else Warning
        yield kind(
            f"Only {free // 1024**2:,} MiB are free where {folder} lies; without space nothing is saved.",
            hint="Remove old backups or files that are not needed, or enlarge the disk.",
            id="installation.disk",
        )


@examination(Area.MACHINE)
def examine_static_files() -> Iterator[CheckMessage]:
    if settings.STATIC_ROOT is None:
        if is_public():
            yield Warning(
                "Style sheets and scripts are not collected: pages are slower, and browsers may keep old ones.",
                hint="COLLECTSTATIC=1 python manage.py collectstatic --noinput, and restart.",
                id="installation.static",
            )
        return
    source = settings.BASE_DIR / "static"
    names = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
    _, differing, missing = filecmp.cmpfiles(source, settings.STATIC_ROOT, names, shallow=False)
    if differing or missing:
        yield Error(
            f"Of the collected style sheets and scripts {len(differing) + len(missing)} are not those of this release.",
            hint="python manage.py collectstatic --noinput, and restart.",
            id="installation.static_old",
        )


@examination(Area.MACHINE)
def examine_python() -> Iterator[CheckMessage]:
    if sys.version_info < SAFE_ZIP:
        yield Info(
            f"Python {sys.version.split()[0]} reads overlapping parts of zip files. OpenEtD looks for them itself.",
            hint="Take Python 3.11.8 or later with the next update of the machine.",
            id="installation.python",
        )
