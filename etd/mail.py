"""Letters by e-mail: plain text from templates/email, with the address of the site from the settings.

A letter's file begins with its subject; `$name` stands for a value. Nothing of a request is used: a forged Host header
cannot put another site's address into a letter.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from string import Template
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

logger = logging.getLogger(__name__)
FOLDER = settings.BASE_DIR / "templates" / "email"
# For each step of a letter that somebody waits for; of others EMAIL_TIMEOUT.
SECONDS_WHILE_SOMEBODY_WAITS = 10
# A server that breaks off at one address, or after so many letters, is asked again; one that takes none is left alone.
FAULTS_IN_A_ROW = 5


class NotSent(Exception):
    """The letter did not go out; the message says so to the person who wanted it sent."""


class NoMailServer(OSError):
    """The operator has not said how e-mail goes out."""


class NoMailBackend(BaseEmailBackend):
    """For a public site whose operator has not said how e-mail goes out: letters hold secrets, so none is printed."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise NoMailServer("EMAIL_URL is not set")


BROKEN_OFF = "The mail server broke the connection off."
FAULTS: tuple[tuple[type[OSError], str], ...] = (
    (NoMailServer, "This site has no e-mail settings: whoever runs it sets EMAIL_URL."),
    (smtplib.SMTPAuthenticationError, "The mail server did not accept this site’s name and password."),
    (smtplib.SMTPSenderRefused, "The mail server refused this site’s own address as the sender."),
    (smtplib.SMTPRecipientsRefused, "The mail server refused an address."),
    (smtplib.SMTPServerDisconnected, BROKEN_OFF),
    (smtplib.SMTPException, "The mail server refused a letter."),
)


def site_address(path: str) -> str:
    """The full address of a path of this site."""
    return urljoin(f"{settings.SITE_URL}/", path)


def letter(kind: str, /, **values: str) -> tuple[str, str]:
    """Subject and text of templates/email/NAME.txt. Raises KeyError where a value is missing."""
    text = Template((FOLDER / f"{kind}.txt").read_text(encoding="utf-8"))
    subject, _, body = text.substitute(
        {key: " ".join(value.split()) for key, value in values.items()}
    ).partition("\n")
    return subject.removeprefix("Subject: "), body.lstrip("\n")


def send(kind: str, /, *, to: str, **values: str) -> None:
    """Send one letter now. Raises NotSent; the log then names the kind of letter and the fault, never what it says."""
    _send(kind, to, values, settings.EMAIL_TIMEOUT)


def _send(kind: str, to: str, values: Mapping[str, str], seconds: float) -> None:
    subject, body = letter(kind, **values)
    try:
        EmailMessage(subject, body, None, [to], connection=get_connection(timeout=seconds)).send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors too
        logger.warning("not sent: a letter of the kind %s: %s", kind, type(error).__name__)
        raise NotSent(why(error)) from None


def send_each(
    kind: str,
    /,
    letters: Sequence[tuple[str, Mapping[str, str]]],
    *,
    note_tried: Callable[[int, bool], None],
) -> None:
    """Send many letters of one kind, pairs of address and values, over one connection, and a new one after each fault.

    `note_tried` is called with the number of each letter and whether it has gone, as soon as that is known. It ends
    where the server cannot be reached (that is waited for once, not once a letter) and after FAULTS_IN_A_ROW: what
    was not tried is not noted. Raises NotSent at the end where any did not go; the log names kind and faults.
    """
    connection = get_connection()
    faults: list[OSError | ValueError] = []
    in_a_row = 0
    try:
        for number, (to, values) in enumerate(letters):
            connection.open()
            fault = _fault_of(EmailMessage(*letter(kind, **values), None, [to], connection=connection))
            note_tried(number, fault is None)
            if fault is None:
                in_a_row = 0
                continue
            faults.append(fault)
            in_a_row += 1
            if in_a_row == FAULTS_IN_A_ROW:
                break
            # smtplib ends a connection that broke; Django's backend would keep it, dead, for all that follow.
            _close(connection)
    except OSError as error:
        faults.append(error)
    finally:
        _close(connection)
    if faults:
        names = ", ".join(sorted({type(one).__name__ for one in faults}))
        logger.warning("not sent: letters of the kind %s: %s", kind, names)
        raise NotSent(why(faults[0])) from None


def _fault_of(message: EmailMessage) -> OSError | ValueError | None:
    """What became of sending it: None where it has gone."""
    try:
        message.send()
    except (OSError, ValueError) as error:
        return error
    return None


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError):
        connection.close()


def why(error: OSError | ValueError) -> str:
    """A fault of a letter or of the mail server in plain words, for pages: they name no address."""
    if getattr(error, "smtp_code", None) == 421:  # RFC 5321: the server closes the connection
        return BROKEN_OFF
    for kind, words in FAULTS:
        if isinstance(error, kind):
            return words
    # A certificate that does not hold is both.
    if isinstance(error, OSError):
        return "The mail server could not be reached."
    return "An address cannot be written to."


def tell(kind: str, /, *, to: str, **values: str) -> None:
    """Send a letter that nothing depends on, while somebody waits for a page: where it fails, the log says so."""
    with suppress(NotSent):
        _send(kind, to, values, SECONDS_WHILE_SOMEBODY_WAITS)


def in_words(moment: datetime) -> str:
    """A moment for a letter, in the site's zone: 7 December 2026, 14:05 UTC."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


def in_utc(moment: datetime) -> str:
    """A moment for a letter to people in many zones: 7 December 2026, 14:05 UTC."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"
