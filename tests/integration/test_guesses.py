"""Passwords guessed from one network address: a thousand an hour on whatever accounts, and never for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F
from django.test import Client, RequestFactory

from etd import throttle
from etd.checks import check_proxies
from etd.installation.environment import trusted_proxies
from tests.integration.test_sign_in import PASSWORD

GATEWAY, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def guess(email: str, password: str = "wrong-password-1", address: str = GATEWAY) -> int:  # noqa: S107 -- a wrong one
    sent = {"username": email, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", sent).status_code


def pass_minutes(minutes: int) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=minutes))


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(throttle, "FAILURES_AN_ADDRESS", 12)
    return 12


def looked_at_in_an_hour() -> int:
    """How many guesses at ever other accounts are looked at, where one address sends sixty in an hour."""
    looked_at = 0
    for minute in range(0, 60, 5):
        looked_at += sum(guess(f"somebody-{minute}-{n}@example.org") == 200 for n in range(5))
        pass_minutes(5)
    return looked_at


def test_an_hour_of_guesses_at_ever_other_accounts(db: None, limit: int) -> None:
    assert throttle.FAILURES_AN_ADDRESS * 4 <= 1000
    assert limit <= looked_at_in_an_hour() <= 4 * limit


def test_a_control_counted_by_account_alone_all_are_looked_at(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_is_over", lambda request: False)
    assert looked_at_in_an_hour() == 60


def test_the_shipped_limit_is_a_thousand_an_hour() -> None:
    assert throttle.FAILURES_AN_ADDRESS == 250


def test_right_passwords_wait_a_quarter_of_an_hour_there_and_nowhere_else(example: None, limit: int) -> None:
    told = [guess(f"somebody-{n}@example.org") for n in range(limit)]
    assert told == [200] * limit
    assert guess("chair@example.org", PASSWORD) == 429
    assert guess("panel@example.org", PASSWORD, ELSEWHERE) == 302
    pass_minutes(15)
    assert guess("chair@example.org", PASSWORD) == 302


def test_one_who_gets_in_gives_nobody_else_more_guesses(example: None, limit: int) -> None:
    for n in range(limit - 1):
        guess(f"somebody-{n}@example.org")
    assert guess("panel@example.org", PASSWORD) == 302
    assert (guess("one@example.org"), guess("two@example.org")) == (200, 429)


@pytest.mark.parametrize(
    ("proxies", "https", "sent", "forwarded", "found"),
    [
        (0, False, GATEWAY, None, GATEWAY),
        (0, False, GATEWAY, ELSEWHERE, GATEWAY),
        (0, True, "127.0.0.1", ELSEWHERE, None),
        (1, True, "127.0.0.1", GATEWAY, GATEWAY),
        (1, True, "127.0.0.1", f"10.0.0.1, {ELSEWHERE},{GATEWAY} ", GATEWAY),
        (2, True, "127.0.0.1", f"10.0.0.1, {GATEWAY}, 10.9.9.9", GATEWAY),
        (2, True, "127.0.0.1", GATEWAY, None),
        (1, True, "127.0.0.1", None, None),
        (1, True, "127.0.0.1", "unknown", None),
        (0, False, "2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::"),
        (0, False, f"::ffff:{GATEWAY}", None, GATEWAY),
        (0, False, "", None, None),
    ],
)
def test_whose_address_it_is(
    proxies: int, https: bool, sent: str, forwarded: str | None, found: str | None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES, settings.HTTPS = proxies, https
    headers: dict[str, Any] = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert throttle.address_of(RequestFactory(REMOTE_ADDR=sent).get("/", **headers)) == found


def test_where_the_address_is_not_known_nobody_is_taken_for_somebody_else(
    example: None, limit: int, settings: Any
) -> None:
    settings.HTTPS = True
    for n in range(2 * limit):
        guess(f"somebody-{n}@example.org")
    assert guess("chair@example.org", PASSWORD) == 302


def test_an_operator_is_told_where_it_is_not_known(settings: Any) -> None:
    told = []
    for https, proxies in ((True, 0), (True, 1), (False, 0)):
        settings.HTTPS, settings.TRUSTED_PROXIES = https, proxies
        told.append([one.id for one in check_proxies()])
    assert told == [["etd.I001"], [], []]


def test_the_number_of_proxies() -> None:
    assert (trusted_proxies(""), trusted_proxies("0"), trusted_proxies("2")) == (0, 0, 2)
    for wrong in ("yes", "-1", "10", "1.5"):
        with pytest.raises(ImproperlyConfigured, match="OPENETD_TRUSTED_PROXIES"):
            trusted_proxies(wrong)
