"""Letters through mail servers that break off: whoever comes after a fault gets a letter all the same."""

from __future__ import annotations

import smtplib
import ssl
from typing import Any

import pytest

from etd import mail
from tests.mail_server import MailServer, mail_server

VALUES = {"name": "x", "what": "x", "when": "x", "link": "x", "site": "x"}
PANEL = [f"{number}@example.org" for number in range(10)]


def tried(settings: Any, server: MailServer, addresses: list[str]) -> tuple[dict[int, bool], str]:
    """What was noted of each letter, and what it says in the end."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    noted: dict[int, bool] = {}
    letters = [(address, VALUES) for address in addresses]
    try:
        mail.send_each("account_changed", letters, note_tried=noted.__setitem__)
    except mail.NotSent as problem:
        return noted, str(problem)
    return noted, ""


def test_one_that_takes_three_letters_a_connection_gets_the_others_on_the_next(settings: Any) -> None:
    with mail_server(a_connection=3) as server:
        noted, said = tried(settings, server, PANEL)
        assert [number for number, has_gone in noted.items() if not has_gone] == [3, 7]
        assert (server.accepted, said) == ([PANEL[i] for i in (0, 1, 2, 4, 5, 6, 8, 9)], mail.BROKEN_OFF)


def test_one_that_breaks_off_at_an_address_keeps_it_from_nobody_else(settings: Any) -> None:
    with mail_server(breaks_off_at=PANEL[2]) as server:
        noted, said = tried(settings, server, PANEL)
        assert (len(noted), noted[2], said) == (10, False, mail.BROKEN_OFF)
        assert server.accepted == PANEL[:2] + PANEL[3:]


def test_one_that_takes_nothing_is_left_alone(settings: Any) -> None:
    with mail_server(a_connection=0) as server:
        noted, said = tried(settings, server, PANEL)
        assert (list(noted.values()), said) == ([False] * mail.FAULTS_IN_A_ROW, mail.BROKEN_OFF)
        assert (server.accepted, server.n_connections) == ([], mail.FAULTS_IN_A_ROW)


def test_an_address_that_is_none_keeps_nobody_else_waiting(settings: Any, caplog: Any) -> None:
    """An invisible character in its domain: it cannot be written as IDNA."""
    wrong = "x@exam\u2028ple..org"
    with mail_server() as server:
        noted, said = tried(settings, server, [PANEL[0], wrong, PANEL[1]])
        assert (noted, server.accepted) == ({0: True, 1: False, 2: True}, PANEL[:2])
        assert said == "An address cannot be written to."
        with pytest.raises(mail.NotSent, match="An address cannot be written to"):
            mail.send("account_changed", to=wrong, **VALUES)
    assert "@" not in caplog.text


def test_a_panel_is_written_to_over_one_connection(settings: Any) -> None:
    large = [f"{number}@example.org" for number in range(200)]
    with mail_server() as server:
        noted, said = tried(settings, server, large)
        assert (set(noted.values()), said) == ({True}, "")
        assert (server.accepted, server.n_connections) == (large, 1)


def test_while_somebody_waits_a_silent_server_is_waited_for_shortly(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: list[float] = []

    def silent(*_: Any, timeout: float, **__: Any) -> None:
        seconds.append(timeout)
        raise TimeoutError

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr(smtplib, "SMTP", silent)
    with pytest.raises(mail.NotSent):
        mail.send("account_changed", to=PANEL[0], **VALUES)
    mail.tell("account_changed", to=PANEL[0], **VALUES)
    assert seconds == [settings.EMAIL_TIMEOUT, mail.SECONDS_WHILE_SOMEBODY_WAITS] == [30, 10]


def test_a_certificate_that_does_not_hold_is_no_fault_of_an_address() -> None:
    assert mail.why(ssl.SSLCertVerificationError()) == "The mail server could not be reached."
    assert mail.why(smtplib.SMTPSenderRefused(421, b"", "x@example.org")) == mail.BROKEN_OFF
    assert "sender" in mail.why(smtplib.SMTPSenderRefused(550, b"", "x@example.org"))
