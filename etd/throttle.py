"""How passwords are guessed: ten an account and quarter of an hour (axes), and FAILURES_AN_ADDRESS an address.

So nobody tries the commonest password on every account. An address over its limit waits until its wrong passwords are a
quarter of an hour old, with right ones too; a hospital behind one address makes nothing like that many.

Somebody who is signed in and gives the password again is counted apart from all this, ten a person: else anybody
outside, who need not know more than an e-mail address, could keep a chair from publishing.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db.models import Sum
from django.http import HttpRequest, QueryDict

from etd.models import User

# In a quarter of an hour: a thousand an hour.
FAILURES_AN_ADDRESS = 250
# With the number of a person; no e-mail address, so that nobody can fail a sign-in under it.
_PROOF = "proof of "


class TooManyGuesses(Exception):
    """Said to whoever gave the password: they have to wait, with a right one too."""


def address_of(request: HttpRequest) -> str | None:
    """The network address of whoever asks, of IPv6 the network of 64 bits; None where it cannot be told.

    Behind TRUSTED_PROXIES proxies it is the one that the outermost of these has seen: what stands before it in
    X-Forwarded-For was sent by the visitor. Where HTTPS is on there is a proxy, and without that number nobody knows.
    """
    if settings.TRUSTED_PROXIES:
        seen = request.headers.get("X-Forwarded-For", "").split(",")
        found = seen[-settings.TRUSTED_PROXIES] if len(seen) >= settings.TRUSTED_PROXIES else ""
    else:
        found = "" if settings.HTTPS else request.META.get("REMOTE_ADDR", "")
    try:
        address: IPv4Address | IPv6Address = ip_address(found.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Network((address, 64), strict=False).network_address
    return str(address)


class AddressHandler(AxesDatabaseHandler):
    """Axes, which counts by account; and its wrong passwords counted once more by address."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        is_proof = credentials is not None and str(credentials.get("username")).startswith(_PROOF)
        return bool(super().is_locked(request, credentials)) or (not is_proof and _is_over(request))


def _is_over(request: Any) -> bool:
    if request.axes_ip_address is None:
        return False
    recent = AccessAttempt.objects.filter(
        ip_address=request.axes_ip_address, attempt_time__gte=get_cool_off_threshold(request)
    ).exclude(username__startswith=_PROOF)
    return (recent.aggregate(n=Sum("failures_since_start"))["n"] or 0) >= FAILURES_AN_ADDRESS


def is_password_of(user: User, password: str, *, request: HttpRequest) -> bool:
    """Is this the password of `user`, who is signed in? Wrong ones are counted, and a right one forgets them.

    Raises TooManyGuesses, and looks at no password, until the last of ten wrong ones is a quarter of an hour old.
    """
    credentials = {"username": _proof_of(user)}
    if AxesProxyHandler.is_allowed(request, credentials):
        # Without storing it anew in a newer way, as a sign-in does: that would end the session.
        if check_password(password, user.password):
            reset(username=_proof_of(user))
            return True
        _count(request, credentials)
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise TooManyGuesses("There were too many wrong passwords. Please wait a quarter of an hour.")
    return False


def forget(user: User) -> None:
    """Somebody has shown otherwise who they are: forget wrong passwords, at the sign-in and after it."""
    for name in (user.email, _proof_of(user)):
        reset(username=name)


def _proof_of(user: User) -> str:
    return f"{_PROOF}{user.pk}"


def _count(request: HttpRequest, credentials: dict[str, str]) -> None:
    # Axes notes the form of a failure: neither the password nor what waits behind it belongs there.
    sent, request.POST = request.POST, QueryDict()
    try:
        AxesProxyHandler.user_login_failed(__name__, credentials, request)
    finally:
        request.POST = sent
    # The page that asked answers, and not the one that closes a sign-in, which would not give back what was typed.
    request.axes_locked_out = False  # type: ignore[attr-defined]
