"""How long a sign-in lasts and what it needs: twelve hours at most, an hour without a request, a code where set up.

When somebody was last seen is kept in a signed cookie of its own, since reading a page must not write to the database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from etd.models import PanelMembership, User

SIGNED_IN = "signed_in_at"
PROVED = "proved_at"
WAITING = "waiting_for_code"
CODE_SECONDS = 600
PROOF_SECONDS = 600
SEEN_EVERY = 300

GetResponse = Callable[[HttpRequest], HttpResponse]


def begin(request: HttpRequest, user: User) -> None:
    """Sign somebody in, in a session with a new key that ends at a fixed time."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    now = timezone.now()
    request.session.pop(WAITING, None)
    request.session[SIGNED_IN] = request.session[PROVED] = now.isoformat()
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def prove(request: HttpRequest) -> None:
    """Somebody signed in has shown again who they are: the session gets a new key, and counts as proof for a while."""
    request.session[PROVED] = timezone.now().isoformat()
    _change_key(request)


def is_proved(request: HttpRequest) -> bool:
    """Has whoever is signed in shown who they are within ten minutes, by signing in or since?"""
    proved = request.session.get(PROVED)
    if proved is None:
        return False
    age = timezone.now() - datetime.fromisoformat(proved)
    return timedelta(0) <= age < timedelta(seconds=PROOF_SECONDS)


def keep(request: HttpRequest, user: User) -> None:
    """Keep this session, under a new key, when something has ended all sessions of a person."""
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    _change_key(request)


def _change_key(request: HttpRequest) -> None:
    """Store the session as it is now under a new key, whose cookie goes with every answer, that of a fault too.

    Django sends none with a status of 500 or more: the key that the browser has would be nobody's.
    """
    request.session.cycle_key()
    request.session.modified = False
    request.has_new_key = True  # type: ignore[attr-defined]


def wait_for_code(request: HttpRequest, user: User) -> None:
    """The password was right: remember for ten minutes who is to give a code. Nobody is signed in yet."""
    request.session.cycle_key()
    request.session[WAITING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": (timezone.now() + timedelta(seconds=CODE_SECONDS)).isoformat(),
    }


def who_waits(request: HttpRequest) -> User | None:
    """Who has given their password in this session, within ten minutes, and has not changed it since."""
    waiting: dict[str, Any] | None = request.session.get(WAITING)
    if waiting is None or datetime.fromisoformat(waiting["until"]) < timezone.now():
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or not constant_time_compare(waiting["hash"], user.get_session_auth_hash()):
        return None
    return user


def must_set_up_codes(user: User) -> bool:
    """Does the person hold a role that needs one-time codes, and have none?"""
    return bool(settings.REQUIRE_TOTP_FOR) and (
        PanelMembership.objects.filter(user=user, ended_at__isnull=True, role__in=settings.REQUIRE_TOTP_FOR)
        .exclude(user__totpdevice__confirmed=True)
        .exists()
    )


class IdleMiddleware:
    """A session without a request for an hour is nobody's. (Who is asked lazily: not every page needs the database.)"""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        original = request.user
        seen: list[str] = []

        def ask() -> User | AnonymousUser:
            started = request.session.get(SIGNED_IN)
            if not original.is_authenticated or started is None:
                return original
            salt = f"seen-{original.pk}-{started}"
            age = _seconds_since_seen(request, salt)
            if age is None:
                age = (timezone.now() - datetime.fromisoformat(started)).total_seconds()
                seen.append(salt)
            elif age > SEEN_EVERY:
                seen.append(salt)
            if age <= settings.IDLE_SECONDS:
                return original
            seen.clear()
            return AnonymousUser()

        request.user = SimpleLazyObject(ask)  # type: ignore[assignment]
        response = self.get_response(request)
        if getattr(request, "has_new_key", False) and request.session.session_key:
            _send_key(response, request)
        if seen:
            response.set_signed_cookie(
                settings.SEEN_COOKIE_NAME,
                timezone.now().isoformat(),
                salt=seen[0],
                max_age=settings.IDLE_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def _send_key(response: HttpResponse, request: HttpRequest) -> None:
    """The cookie that Django's SessionMiddleware would set."""
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        request.session.session_key or "",
        max_age=request.session.get_expiry_age(),
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )


def _seconds_since_seen(request: HttpRequest, salt: str) -> float | None:
    """None where the cookie is missing, of another session, or not ours."""
    try:
        value = str(request.get_signed_cookie(settings.SEEN_COOKIE_NAME, salt=salt))
    except (KeyError, BadSignature):
        return None
    return (timezone.now() - datetime.fromisoformat(value)).total_seconds()
