"""What the log says: one event a line, for machines (JSON) or for a terminal, and nothing that somebody typed.

A line names the route, never the address: addresses of invitations and of forgotten passwords hold secrets. Nor does it
hold bodies, query strings, e-mail addresses, or the texts of faults that may repeat what was typed.
"""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from smtplib import SMTPException
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, InterfaceError, OperationalError

# Set at the start of a request and kept until the next one of its thread: work after an answer belongs to it.
request_id: ContextVar[str] = ContextVar("request_id", default="")

FORMATS = ("json", "text")
MOST_LETTERS = 2_000
MOST_LETTERS_OF_A_FAULT = 300
MOST_FRAMES = 40
# Their texts speak of the program or of the machine. Others may repeat what was typed: `int("…")` quotes it.
_SPEAKS_OF_NO_INPUT = (
    AssertionError,
    AttributeError,
    ImportError,
    ImproperlyConfigured,
    IntegrityError,
    InterfaceError,
    NameError,
    OSError,
    OperationalError,
    RecursionError,
    TypeError,
)
# Their lines hold addresses as arguments: "Not Found: /invitations/1/SECRET/".
_SPEAKS_OF_ADDRESSES = ("django", "gunicorn")
# After a colon they quote what was sent: the line of a request that is none, the name of a host.
_QUOTES_REQUESTS = ("gunicorn", "django.security")


class Line(logging.Formatter):
    """A line for a terminal: time, level, logger, message and the other values; a traceback follows, indented."""

    def __init__(self, *, whole: bool = False) -> None:
        """`whole`: with the texts of all faults, for work on the program alone."""
        super().__init__()
        self.whole = whole

    def format(self, record: logging.LogRecord) -> str:
        values = values_of(record, whole=self.whole)
        frames = values.pop("traceback", [])
        first = " ".join(str(values.pop(name)) for name in ("time", "level", "logger", "message"))
        line = _printable(" ".join([first, *(f"{name}={value}" for name, value in values.items())]))
        return "\n    ".join([line, *map(_printable, frames)])


class JsonLine(Line):
    """A line as one JSON object; its keys are those of `values_of`."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(values_of(record, whole=self.whole), ensure_ascii=True, default=str)


def values_of(record: logging.LogRecord, *, whole: bool = False) -> dict[str, Any]:
    """`time` (UTC, ISO 8601), `level`, `logger`, `message`, what the caller gave as `extra={"values": …}`, `request_id`
    inside a request, and of an exception `error` and `traceback`: places in the program, without values of variables.
    """
    values: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record)[:MOST_LETTERS],
    }
    if asked := request_id.get():
        values["request_id"] = asked
    values |= getattr(record, "values", {})
    if record.exc_info and record.exc_info[1] is not None:
        values |= {
            "error": _fault(record.exc_info[1], whole=whole),
            "traceback": _places(record.exc_info[1], whole=whole),
        }
    return values


def _message(record: logging.LogRecord) -> str:
    if not record.args and record.name.startswith(_QUOTES_REQUESTS):
        return record.getMessage().partition(":")[0]
    if record.name.split(".")[0] not in _SPEAKS_OF_ADDRESSES or not isinstance(record.args, tuple):
        return record.getMessage()
    arguments = tuple("(address)" if "/" in str(one) else one for one in record.args)
    return str(record.msg) % arguments if arguments else str(record.msg)


def _fault(error: BaseException, *, whole: bool) -> str:
    """Its kind, and the first line of its text where that cannot hold what somebody typed.

    PostgreSQL's second line quotes the row that it refused.
    """
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    is_told = isinstance(error, _SPEAKS_OF_NO_INPUT) and not isinstance(error, SMTPException)
    text = str(error)
    if not text or not (whole or is_told):
        return kind
    return f"{kind}: {text.splitlines()[0][:MOST_LETTERS_OF_A_FAULT]}"


def _places(error: BaseException, *, whole: bool) -> list[str]:
    """Where it went wrong, the last place first, then what that came of."""
    places: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(places) < MOST_FRAMES:
        seen.add(id(one))
        if one is not error:
            places.append(f"from {_fault(one, whole=whole)}")
        frames = traceback.extract_tb(one.__traceback__)
        places += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return places[:MOST_FRAMES]


def _printable(text: str) -> str:
    """On one line of a terminal, whatever stands in it."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def configuration(log_format: str, *, whole: bool = False, gunicorn_level: str = "WARNING") -> dict[str, Any]:
    """For logging.config.dictConfig: every line to standard error, in one format. Nothing is sent by e-mail."""
    silent = {"handlers": [], "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": f"{__name__}.{'JsonLine' if log_format == 'json' else 'Line'}", "whole": whole}
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "openetd.request": {"level": "INFO"},
            # Django's own handlers would print addresses, and send e-mails with settings and form data.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # Refused requests have a line of ours; of faults Django's line has the traceback.
            "django.request": {"level": "ERROR"},
            # The address with its query; and of a failed sign-in the e-mail address.
            "django.server": silent,
            "axes": silent,
            "gunicorn.access": silent,
            "gunicorn.error": {"handlers": [], "level": gunicorn_level.upper(), "propagate": True},
        },
    }
