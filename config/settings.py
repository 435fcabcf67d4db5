"""Django settings: one file, driven by the environment (`.env.example` lists every variable)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from etd.installation.environment import (
    check_server,
    database,
    email,
    env_bool,
    env_list,
    env_number,
    frameworks_directory,
    host_names,
    log_format,
    metrics_token,
    origins,
    roles_with_codes,
    secret_key,
    sender,
    site_url,
    time_zone,
    trusted_proxies,
)
from etd.installation.logs import configuration

BASE_DIR = Path(__file__).resolve().parent.parent


def jobs(name: str) -> str:
    """Who does the jobs of the queue (docs/jobs.md)."""
    if name not in {"", "process", "worker", "request"}:
        raise ImproperlyConfigured(f"OPENETD_JOBS must be process, worker or request, not {name!r}.")
    return name or "process"


def version() -> str:
    """The newest version named in CHANGELOG.md."""
    text = (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(r"^## (\d+\.\d+\.\d+)", text, flags=re.MULTILINE)
    if match is None:
        raise ImproperlyConfigured("CHANGELOG.md names no version.")
    return match.group(1)


VERSION = version()
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var")
BACKUP_DIR = Path(os.environ.get("OPENETD_BACKUP_DIR") or DATA_DIR / "backups")
check_server(os.environ.get("WEB_CONCURRENCY", ""), os.environ.get("GUNICORN_LOG_LEVEL", ""))
DEBUG = env_bool("DEBUG", default=False)
HTTPS = env_bool("HTTPS", default=False)
SECRET_KEY = secret_key(os.environ.get("SECRET_KEY", ""), DATA_DIR, https=HTTPS)
ALLOWED_HOSTS = host_names(env_list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"]))
CSRF_TRUSTED_ORIGINS = origins(env_list("CSRF_TRUSTED_ORIGINS", default=[]))

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
    "django_tasks",
    "django_tasks_db",
    "etd",
    "metaanalysis",
    "documents",
]

MIDDLEWARE = [
    "etd.headers.HeadersMiddleware",
    "etd.installation.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "etd.middleware.NoStoreMiddleware",
    "etd.middleware.ProbeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "etd.sessions.IdleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "etd.middleware.NotAPageMiddleware",
    "etd.middleware.NotSavedMiddleware",
    "etd.busy.BusyMiddleware",
    "etd.gates.RequiredCodesMiddleware",
    "etd.gates.AdministratorMiddleware",
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
FRAMEWORKS_DIRECTORY = frameworks_directory(os.environ.get("OPENETD_FRAMEWORKS", ""))

# Long work and letters, kept in the database (docs/jobs.md).
JOBS = jobs(os.environ.get("OPENETD_JOBS", ""))
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

SITE_URL = site_url(os.environ.get("SITE_URL", ""), https=HTTPS, host=ALLOWED_HOSTS[0])
DEFAULT_FROM_EMAIL = sender(os.environ.get("EMAIL_FROM", ""), host=urlsplit(SITE_URL).hostname or "")
# Seconds for each step: servers that greet slowly on purpose take 20. While somebody waits it is less (etd/mail.py).
EMAIL_TIMEOUT = 30
globals().update(email(os.environ.get("EMAIL_URL", ""), https=HTTPS))

# How many proxies stand before the application and add to X-Forwarded-For.
TRUSTED_PROXIES = trusted_proxies(os.environ.get("OPENETD_TRUSTED_PROXIES", ""))

# Counted by account, whatever the address: a panel behind one hospital gateway is not locked out by one colleague, and
# changing addresses gains an attacker nothing. That is what axes.W006 asks about. etd.throttle counts by address too.
AXES_HANDLER = "etd.throttle.AddressHandler"
AXES_CLIENT_IP_CALLABLE = "etd.throttle.address_of"
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

SESSION_ENGINE = "etd.session_store"
# From the sign-in, whatever happens in between; and without any request.
SESSION_COOKIE_AGE = 12 * 60 * 60
IDLE_SECONDS = 60 * 60
SEEN_COOKIE_NAME = "seen"
MESSAGE_STORAGE = "etd.message_cookie.MessageStorage"
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
    # A balancer asks beside the proxy, by plain http (etd.middleware.ProbeMiddleware).
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]
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
TIME_ZONE = time_zone(os.environ.get("TIME_ZONE", ""))
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

# Files that a person can send within an hour, and MiB of files that a guideline keeps.
UPLOADS_AN_HOUR = env_number("OPENETD_UPLOADS_AN_HOUR", default=20)
GUIDELINE_MIB = env_number("OPENETD_GUIDELINE_MIB", default=200)
FILE_UPLOAD_HANDLERS = ["metaanalysis.uploads.LimitedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
# The largest form is the preview of a file: 14 fields and a tick for each of at most 30 outcomes (MAX_GROUPS).
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

# Who may read /metrics; nobody where it is empty.
METRICS_TOKEN = metrics_token(os.environ.get("OPENETD_METRICS_TOKEN", ""))

# docs/operating.md says what stands in a line.
LOG_FORMAT = log_format(os.environ.get("LOG_FORMAT", ""), https=HTTPS)
LOGGING = configuration(LOG_FORMAT, whole=DEBUG)
