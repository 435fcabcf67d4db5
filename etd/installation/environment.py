"""What the environment may say, and what each wrong value is told: the name of the variable and the remedy.

Every function takes text and gives settings; wrong text raises `ImproperlyConfigured` when the program starts.
`.env.example` lists the variables.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 50  # what `check --deploy` asks for


def env_bool(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_list(name: str, *, default: list[str]) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()] or default


def env_number(name: str, *, default: int) -> int:
    value = os.environ.get(name, "").strip() or str(default)
    if not re.fullmatch("[0-9]{1,7}", value) or int(value) < 1:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least 1, not {value!r}.")
    return int(value)


def secret_key(value: str, data_dir: Path, *, https: bool) -> str:
    """The SECRET_KEY variable; for a local installation, one made once and kept beside the data."""
    if https and value == "":
        raise ImproperlyConfigured(
            "SECRET_KEY is missing: copy .env.example to .env and set a long random value."
        )
    if https and (len(value) < SHORTEST_KEY or len(set(value)) < 5):
        raise ImproperlyConfigured(
            f"SECRET_KEY must be random and have at least {SHORTEST_KEY} characters:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(50))" makes one.'
        )
    return value or _kept_key(data_dir)


def _kept_key(data_dir: Path) -> str:
    path = data_dir / "secret_key"
    if not path.exists():
        _make_folder(data_dir)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii")


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR: the folder {data_dir} is not there and cannot be made ({error.strerror})."
        ) from error


def database(url: str) -> dict[str, object]:
    """A DATABASES entry from `sqlite:////path` or `postgresql://user:password@host:port/name?option=value`."""
    parts = _address("DATABASE_URL", url)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {parts.scheme!r}."
        )
    if name == "":
        raise ImproperlyConfigured(
            "DATABASE_URL names no database: sqlite:////absolute/path or postgresql://user:password@host:port/name."
        )
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise ImproperlyConfigured(
                "DATABASE_URL: a path of SQLite follows three strokes, an absolute one begins with a fourth:"
                " sqlite:////absolute/path."
            )
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON"
                ),
            },
        }
    options = {
        "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000",
        # A host that is gone answers nothing, and the limits above are its own: what no server ends, ends here.
        "connect_timeout": "5",
        "keepalives_idle": "15",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "20000",
    }
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options | query,
    }


def _address(name: str, url: str) -> SplitResult:
    """The parts of an address, its port among them; without the address in the message, which may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is no address. In user and password write % and two digits for : / @ # [ ] and %;"
            " a port is a number up to 65535."
        ) from error
    return parts


def email(url: str, *, https: bool) -> dict[str, object]:
    """EMAIL_ settings from `console:`, `file:///folder` or `smtp://user:password@host:port`.

    smtp:// means STARTTLS (port 587), smtps:// TLS from the start (465), smtp+plain:// no encryption (25), for a relay
    on the same machine. Empty: the console; where HTTPS is on, nothing is sent, and pages say so.
    """
    parts = _address("EMAIL_URL", url)
    if url == "":
        backend = "etd.mail.NoMailBackend" if https else "django.core.mail.backends.console.EmailBackend"
        return {"EMAIL_BACKEND": backend}
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "file" and parts.path.startswith("/"):
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    ports = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
    if parts.scheme in ports and parts.hostname:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or ports[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
        }
    # Without the value: it may hold a password.
    raise ImproperlyConfigured("EMAIL_URL must be console:, file:///folder or smtp://user:password@host:587.")


def sender(value: str, *, host: str) -> str:
    """The sender of letters: EMAIL_FROM, or one at the site's own host."""
    if value == "":
        return f"OpenEtD <openetd@{host}>"
    if not re.fullmatch(r"[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", value):
        raise ImproperlyConfigured(
            f"EMAIL_FROM must be an address such as OpenEtD <etd@example.org>, not {value!r}."
        )
    return value


def site_url(url: str, *, https: bool, host: str) -> str:
    """Where people reach this site, without a slash at its end: letters link there, whatever a request says."""
    if url == "":
        return f"https://{host}" if https else "http://127.0.0.1:8000"
    parts = _address("SITE_URL", url)
    if parts.scheme not in ({"https"} if https else {"http", "https"}) or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL must be a whole address such as https://etd.example.org, not {url!r}."
        )
    return url.rstrip("/")


def host_names(names: Sequence[str]) -> list[str]:
    """ALLOWED_HOSTS: names or addresses alone, one of them with a dot or a star before it where Django takes that."""
    for name in names:
        if not re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]", name):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS holds host names such as etd.example.org, without https:// and port, not {name!r}."
            )
    return list(names)


def origins(values: Sequence[str]) -> list[str]:
    """CSRF_TRUSTED_ORIGINS: scheme and host, without a path."""
    for value in values:
        if not re.fullmatch(r"https?://[^/?#@\s]+", value):
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS holds origins such as https://etd.example.org, without a path, not {value!r}."
            )
    return list(values)


def time_zone(value: str) -> str:
    """TIME_ZONE by its name in the IANA database; UTC when empty."""
    try:
        ZoneInfo(value or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(
            f"TIME_ZONE must be a name such as UTC or Europe/Vienna, not {value!r}."
        ) from error
    return value or "UTC"


def frameworks_directory(value: str) -> Path | None:
    """OPENETD_FRAMEWORKS: a folder that is there; None when empty."""
    if value.strip() == "":
        return None
    folder = Path(value.strip()).absolute()
    if not folder.is_dir():
        raise ImproperlyConfigured(
            f"OPENETD_FRAMEWORKS: there is no folder {folder}. Make it, or leave the variable empty."
        )
    return folder


def log_format(value: str, *, https: bool) -> str:
    """LOG_FORMAT: `json` for machines, `text` for a terminal; where empty, JSON where HTTPS is on."""
    if value not in {"", "json", "text"}:
        raise ImproperlyConfigured(f"LOG_FORMAT must be json or text, not {value!r}.")
    return value or ("json" if https else "text")


def metrics_token(value: str) -> str:
    """OPENETD_METRICS_TOKEN: long enough that nobody guesses it, or empty."""
    if value and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{24,}", value):
        raise ImproperlyConfigured(
            "OPENETD_METRICS_TOKEN must have at least 24 letters and digits:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(32))" makes one.'
        )
    return value


def check_server(processes: str, log_level: str) -> None:
    """WEB_CONCURRENCY and GUNICORN_LOG_LEVEL, which gunicorn reads by itself and tells less of."""
    if processes and not re.fullmatch(r"[1-9][0-9]{0,2}", processes):
        raise ImproperlyConfigured(f"WEB_CONCURRENCY must be a whole number of processes, not {processes!r}.")
    if log_level not in {"", "debug", "info", "warning", "error", "critical"}:
        raise ImproperlyConfigured(
            f"GUNICORN_LOG_LEVEL must be debug, info, warning or error, not {log_level!r}."
        )


def roles_with_codes(names: list[str]) -> frozenset[str]:
    """The roles that must sign in with one-time codes."""
    roles = {"chair", "panel_member", "methodologist", "staff", "observer"}
    if unknown := sorted(set(names) - roles):
        raise ImproperlyConfigured(
            f"OPENETD_REQUIRE_TOTP_FOR: {unknown[0]!r} is no role; the roles are {', '.join(sorted(roles))}."
        )
    return frozenset(names)


def trusted_proxies(value: str) -> int:
    """How many entries at the end of X-Forwarded-For were written by proxies of one's own; 0 where none is told."""
    if not re.fullmatch(r"[0-9]?", value):
        raise ImproperlyConfigured(f"OPENETD_TRUSTED_PROXIES must be a number from 0 to 9, not {value!r}.")
    return int(value or 0)
