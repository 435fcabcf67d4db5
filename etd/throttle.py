"""From where passwords are guessed: ten an account and quarter of an hour (axes), and FAILURES_AN_ADDRESS an address.

So nobody tries the commonest password on every account. An address over its limit waits until its wrong passwords are a
quarter of an hour old, with right ones too; a hospital behind one address makes nothing like that many.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest

# In a quarter of an hour: a thousand an hour.
FAILURES_AN_ADDRESS = 250


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
        return bool(super().is_locked(request, credentials)) or _is_over(request)


def _is_over(request: Any) -> bool:
    if request.axes_ip_address is None:
        return False
    recent = AccessAttempt.objects.filter(
        ip_address=request.axes_ip_address, attempt_time__gte=get_cool_off_threshold(request)
    )
    return (recent.aggregate(n=Sum("failures_since_start"))["n"] or 0) >= FAILURES_AN_ADDRESS
