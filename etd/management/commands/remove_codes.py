"""`manage.py remove_codes E-MAIL`: for somebody who has lost both their authenticator and their recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from etd.actions import one_time_codes
from etd.actions.errors import Refused
from etd.models import User


class Command(BaseCommand):
    help = (
        "Remove the one-time codes of an account and end its sessions. Be sure first who asks: afterwards the password "
        "alone signs in."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email", help="the address of the account")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account for {email}.")
        try:
            one_time_codes.remove_codes(user=user, by=None)
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"One-time codes of {user.email} are removed; all its sessions have ended.")
