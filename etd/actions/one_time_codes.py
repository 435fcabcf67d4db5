"""One-time codes at sign-in (TOTP, RFC 6238): set up, asked for, renewed, removed. No event holds a seed or a code."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from etd.actions import audit
from etd.actions.accounts import end_sessions
from etd.actions.errors import Refused
from etd.models import User

N_RECOVERY_CODES = 10
TOLERANCE = 1  # steps of 30 seconds before and after now
TOO_MANY = "There were too many wrong codes. Please wait a little, longer after each, and try a new code."


def new_key() -> str:
    """A fresh secret key: 20 random bytes, in hexadecimal."""
    key: str = random_hex(20)
    return key


def has_codes(user: User) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def set_up_codes(*, user: User, key: str, code: str, by: User) -> list[str]:
    """Ask for codes of this key (hexadecimal) at every sign-in from now on; ten recovery codes, to be shown once.

    All sessions of the account end. Raises Refused where codes are set up already and where `code` is not the key's.
    """
    generator = TOTP(bytes.fromhex(key))
    with transaction.atomic():
        current = end_sessions(user)
        if has_codes(current):
            raise Refused("One-time codes are set up already. Remove them first to set them up anew.")
        if not _is_code(code) or not generator.verify(int(code), tolerance=TOLERANCE):
            raise Refused(
                "This is not the code of now. Check the clock of your device, and type the newest code."
            )
        _forget(current)
        # The code just used is not good again: the next one is of a later step.
        TOTPDevice.objects.create(
            user=current, name="Authenticator", key=key, last_t=generator.t(), tolerance=TOLERANCE
        )
        recovery = _new_recovery_codes(current)
        audit.record(
            type="one_time_codes_set_up",
            subject=current.email,
            after={"recovery_codes": N_RECOVERY_CODES},
            at=timezone.now(),
            by=by,
        )
    return recovery


def renew_recovery_codes(*, user: User, by: User) -> list[str]:
    """Ten new recovery codes, to be shown once; the ones before end. Raises Refused where codes are not set up."""
    with transaction.atomic():
        current = User.objects.select_for_update().get(pk=user.pk)
        if not has_codes(current):
            raise Refused("One-time codes are not set up.")
        StaticDevice.objects.filter(user=current).delete()
        recovery = _new_recovery_codes(current)
        audit.record(
            type="recovery_codes_renewed",
            subject=current.email,
            after={"recovery_codes": N_RECOVERY_CODES},
            at=timezone.now(),
            by=by,
        )
    return recovery


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user, device__confirmed=True).count()


def use_code(*, user: User, code: str, by: User) -> int | None:
    """Accept a code of the authenticator (None) or a recovery code (how many are left), each good once.

    Raises Refused, after recording it, for a wrong code; each doubles the time until the next one is looked at.
    """
    typed = "".join(code.split()).replace("-", "").lower()
    with transaction.atomic():
        model = TOTPDevice if _is_code(typed) else StaticDevice
        device = model._default_manager.select_for_update().filter(user=user, confirmed=True).first()
        allowed = device is None or device.verify_is_allowed()[0]
        right = device is not None and allowed and device.verify_token(typed)
        left = None
        if right and isinstance(device, StaticDevice):
            left = device.token_set.count()
        if allowed:
            audit.record(
                type="one_time_code_accepted" if right else "one_time_code_refused",
                subject=user.email,
                after={"recovery_codes_left": left} if left is not None else None,
                at=timezone.now(),
                by=by,
            )
    if not allowed:
        raise Refused(TOO_MANY)
    if not right:
        raise Refused("This code is not right, or has been used. Please type the newest one.")
    return left


def remove_codes(*, user: User, by: User | None) -> None:
    """Sign in with the password alone again; the key and the recovery codes are forgotten, all sessions end."""
    with transaction.atomic():
        current = end_sessions(user)
        if not has_codes(current):
            raise Refused("One-time codes are not set up.")
        _forget(current)
        audit.record(type="one_time_codes_removed", subject=current.email, at=timezone.now(), by=by)


def _new_recovery_codes(user: User) -> list[str]:
    recovery = [StaticToken.random_token() for _ in range(N_RECOVERY_CODES)]
    device = StaticDevice.objects.create(user=user, name="Recovery codes")
    StaticToken.objects.bulk_create(StaticToken(device=device, token=one) for one in recovery)
    return recovery


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _is_code(text: str) -> bool:
    return len(text) == 6 and text.isascii() and text.isdigit()
