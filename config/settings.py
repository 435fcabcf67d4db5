"""Django settings: one file, driven by the environment (`.env.example` lists every variable)."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


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


def secret_key(data_dir: Path, *, https: bool) -> str:
    """The SECRET_KEY variable; for a local installation, one made once and kept beside the data."""
    if value := os.environ.get("SECRET_KEY", ""):
        return value
    if https:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing: copy .env.example to .env and set a long random value."
        )
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii")


def database(url: str) -> dict[str, object]:
    """A DATABASES entry from `sqlite:///path` or `postgresql://user:password@host:port/name?option=value`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path.removeprefix("/")),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        options = {
            "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000",
        }
        query = dict(parse_qsl(parts.query))
        host = query.pop("host", parts.hostname or "")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options | query,
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {parts.scheme!r}."
    )


def email(url: str, *, https: bool) -> dict[str, object]:
    """EMAIL_ settings from `console:`, `file:///folder` or `smtp://user:password@host:port`.

    smtp:// means STARTTLS (port 587), smtps:// TLS from the start (465), smtp+plain:// no encryption (25), for a relay
    on the same machine. Empty: the console; where HTTPS is on, nothing is sent, and pages say so.
    """
    parts = urlsplit(url)
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


def site_url(url: str, *, https: bool, host: str) -> str:
    """Where people reach this site, without a slash at its end: letters link there, whatever a request says."""
    if url == "":
        return f"https://{host}" if https else "http://127.0.0.1:8000"
    parts = urlsplit(url)
    if parts.scheme not in ({"https"} if https else {"http", "https"}) or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL must be a whole address such as https://etd.example.org, not {url!r}."
        )
    return url.rstrip("/")


def roles_with_codes(names: list[str]) -> frozenset[str]:
    """The roles that must sign in with one-time codes."""
    roles = {"chair", "panel_member", "methodologist", "staff", "observer"}
    if unknown := sorted(set(names) - roles):
        raise ImproperlyConfigured(
            f"OPENETD_REQUIRE_TOTP_FOR: {unknown[0]!r} is no role; the roles are {', '.join(sorted(roles))}."
        )
    return frozenset(names)


def version() -> str:
    """The newest version named in CHANGELOG.md."""
    text = (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(r"^## (\d+\.\d+\.\d+)", text, flags=re.MULTILINE)
    if match is None:
        raise ImproperlyConfigured("CHANGELOG.md names no version.")
    return match.group(1)


VERSION = version()
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var")
DEBUG = env_bool("DEBUG", default=False)
HTTPS = env_bool("HTTPS", default=False)
SECRET_KEY = secret_key(DATA_DIR, https=HTTPS)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "etd",
    "metaanalysis",
    "documents",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "etd.sessions.IdleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "etd.middleware.NotAPageMiddleware",
    "etd.middleware.NotSavedMiddleware",
    "etd.middleware.NoStoreMiddleware",
    "etd.sessions.RequiredCodesMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": database(os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'openetd.sqlite3'}"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "etd.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

PASSWORD_RESET_TIMEOUT = 60 * 60

# One-time codes (TOTP): required of these roles, and an offer to everybody. Wrong codes wait 1, 2, 4, 8, … seconds.
REQUIRE_TOTP_FOR = roles_with_codes(env_list("OPENETD_REQUIRE_TOTP_FOR", default=[]))
OTP_TOTP_ISSUER = "OpenEtD"
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 1

# A directory of framework files of the site's own, besides those that are shipped (docs/framework-format.md).
_FRAMEWORKS = os.environ.get("OPENETD_FRAMEWORKS", "").strip()
FRAMEWORKS_DIRECTORY = Path(_FRAMEWORKS).absolute() if _FRAMEWORKS else None

SITE_URL = site_url(os.environ.get("SITE_URL", ""), https=HTTPS, host=ALLOWED_HOSTS[0])
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or f"OpenEtD <openetd@{urlsplit(SITE_URL).hostname}>"
EMAIL_TIMEOUT = 10  # seconds
globals().update(email(os.environ.get("EMAIL_URL", ""), https=HTTPS))

# Counted by account, whatever the address: a panel behind one hospital gateway is not locked out by one colleague, and
# changing addresses gains an attacker nothing. That is what axes.W006 asks about.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_USERNAME_FORM_FIELD = "username"

# From the sign-in, whatever happens in between; and without any request.
SESSION_COOKIE_AGE = 12 * 60 * 60
IDLE_SECONDS = 60 * 60
SEEN_COOKIE_NAME = "seen"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "etd.views.errors.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SEEN_COOKIE_NAME = "__Host-seen"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("TIME_ZONE") or "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# After `collectstatic` (COLLECTSTATIC is set while the container image is built) files are served compressed, with a
# hash in their names; otherwise as they lie in static/.
_STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or BASE_DIR / "staticfiles")
COLLECTED = (_STATIC_ROOT / "staticfiles.json").exists() or env_bool("COLLECTSTATIC", default=False)
STATIC_ROOT = _STATIC_ROOT if COLLECTED else None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if COLLECTED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        ),
    },
}
WHITENOISE_USE_FINDERS = not COLLECTED

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

FILE_UPLOAD_HANDLERS = ["metaanalysis.uploads.LimitedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
# The largest form is the preview of a file: 14 fields and a tick for each of at most 30 outcomes (MAX_GROUPS).
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
