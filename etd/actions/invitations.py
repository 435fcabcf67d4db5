"""Invitations: a role in a guideline, offered by a link in an e-mail that works once.

A job, stored with the invitation, sends the letter after the commit; until then `sent_at` is empty. The link is made
when the letter is written and kept as a hash alone, so that it stands nowhere but in the letter: every try, and sending
again, makes a new link, and the one before is no longer good.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_tasks import TaskContext, task

from etd import mail
from etd.actions import accounts, audit, jobs
from etd.actions.errors import Refused
from etd.enums import Role
from etd.jobs import LETTERS_FIRST
from etd.models import Guideline, Invitation, PanelMembership, User

VALID_FOR = timedelta(days=14)


def invite(*, guideline: Guideline, email: str, name: str, role: Role, by: User) -> Invitation:
    """Invite an address to a role, and send the link. Raises Refused where it has a role or an invitation already."""
    address = email.strip().lower()
    with transaction.atomic():
        _lock_people(guideline)
        member = PanelMembership.objects.filter(
            guideline=guideline, user__email=address, ended_at__isnull=True
        )
        if (existing := member.select_related("user").first()) is not None:
            raise Refused(f"{existing.user} has a role here already: {existing.get_role_display()}.")
        if Invitation.objects.filter(
            guideline=guideline, email=address, accepted_at__isnull=True, withdrawn_at__isnull=True
        ).exists():
            raise Refused(f"{address} has been invited already: send that invitation again, or withdraw it.")
        now = timezone.now()
        invitation = Invitation.objects.create(
            guideline=guideline,
            email=address,
            name=name,
            role=role,
            token_hash=_nobodys_hash(),
            created_at=now,
            created_by=by,
            expires_at=now + VALID_FOR,
        )
        _record("member_invited", invitation, now, by)
        jobs.put_off(letter_of_invitation, guideline=guideline.pk, invitation=invitation.pk)
    return invitation


def resend_invitation(*, invitation: Invitation, by: User) -> Invitation:
    """Send a new link, good for another fourteen days; the old one ends. Raises Refused."""
    with transaction.atomic():
        current = _lock_waiting(invitation)
        now = timezone.now()
        current.token_hash, current.expires_at, current.sent_at = _nobodys_hash(), now + VALID_FOR, None
        current.save(update_fields=["token_hash", "expires_at", "sent_at"])
        _record("invitation_sent_again", current, now, by)
        jobs.put_off(letter_of_invitation, guideline=current.guideline_id, invitation=current.pk)
    return current


def withdraw_invitation(*, invitation: Invitation, by: User) -> Invitation:
    """End an invitation that nobody has accepted yet."""
    with transaction.atomic():
        current = _lock_waiting(invitation)
        now = timezone.now()
        current.withdrawn_at, current.withdrawn_by = now, by
        current.save(update_fields=["withdrawn_at", "withdrawn_by"])
        _record("invitation_withdrawn", current, now, by)
    return current


def accept_invitation(
    *, invitation: Invitation, token: str, by: User | None, name: str = "", password: str | None = None
) -> PanelMembership:
    """Take the offered role. `by` None: the reader has no account; one is made with this name and password.

    Raises Refused where the link is no longer good, where the address is not the account's, and where there is an
    account for the address after all.
    """
    with transaction.atomic():
        current = _lock_good(invitation, token)
        who = by or accounts.create_account(email=current.email, name=name, password=password, by=None)
        if who.email != current.email:
            raise Refused(f"This invitation is for {current.email}; you are signed in as {who.email}.")
        now = timezone.now()
        current.accepted_at, current.accepted_by = now, who
        current.save(update_fields=["accepted_at", "accepted_by"])
        membership = accounts.add_member(
            guideline=current.guideline, user=who, role=Role(current.role), by=who
        )
        _record("invitation_accepted", current, now, who)
    return membership


def find_invitation(number: int, token: str) -> Invitation | None:
    """The invitation of a link, whatever has become of it; None for a link that is not (or no longer) in an e-mail."""
    invitation = Invitation.objects.select_related("guideline", "created_by").filter(pk=number).first()
    right = secrets.compare_digest(
        invitation.token_hash if invitation else token_hash("nobody's"), token_hash(token)
    )
    return invitation if right else None


def why_closed(invitation: Invitation, now: datetime) -> str:
    """Why a link that was once good is not any more, and what to do; empty where it is good."""
    if invitation.accepted_at is not None:
        return "This invitation has been accepted already. Sign in with your e-mail address and password."
    if invitation.withdrawn_at is not None:
        return "This invitation has been withdrawn. If you think it should not have been, ask whoever invited you."
    if invitation.expires_at <= now:
        return "This link has expired. Ask whoever invited you to send the invitation again."
    return ""


def _lock_people(guideline: Guideline) -> None:
    """One change of people in a guideline at a time."""
    Guideline.objects.select_for_update(no_key=True).get(pk=guideline.pk)


def _lock_waiting(invitation: Invitation) -> Invitation:
    """The invitation as it is now. Raises Refused where it has been accepted or withdrawn; expired, it still waits."""
    _lock_people(invitation.guideline)
    current = (
        Invitation.objects.select_for_update(of=("self",)).select_related("guideline").get(pk=invitation.pk)
    )
    if current.accepted_at is not None:
        raise Refused(f"{current.email} has accepted this invitation already.")
    if current.withdrawn_at is not None:
        raise Refused("This invitation has been withdrawn already.")
    return current


def _lock_good(invitation: Invitation, token: str) -> Invitation:
    _lock_people(invitation.guideline)
    current = (
        Invitation.objects.select_for_update(of=("self",)).select_related("guideline").get(pk=invitation.pk)
    )
    if not secrets.compare_digest(current.token_hash, token_hash(token)):
        raise Refused("A newer e-mail has replaced this link: please use that one.")
    if reason := why_closed(current, timezone.now()):
        raise Refused(reason)
    return current


@task(priority=LETTERS_FIRST, takes_context=True)
def letter_of_invitation(context: TaskContext, *, guideline: int, invitation: int) -> None:
    """An invitation by e-mail"""
    token = secrets.token_urlsafe(32)
    waiting = Invitation.objects.filter(
        pk=invitation, sent_at__isnull=True, accepted_at__isnull=True, withdrawn_at__isnull=True
    )
    if not waiting.filter(expires_at__gt=timezone.now()).update(token_hash=token_hash(token)):
        return
    current = Invitation.objects.select_related("guideline", "created_by").get(pk=invitation)
    try:
        _deliver(current, token)
    except mail.NotSent as problem:
        jobs.not_done(context, str(problem))


def _deliver(invitation: Invitation, token: str) -> None:
    """Send the link. Where it has been asked for again meanwhile, that one is still to be sent."""
    mail.send(
        "invitation",
        to=invitation.email,
        name=invitation.name or "colleague",
        guideline=invitation.guideline.title,
        role=invitation.get_role_display().lower(),
        inviter=str(invitation.created_by),
        link=mail.site_address(reverse("invitation", args=[invitation.pk, token])),
        expires=mail.in_words(invitation.expires_at),
        site=mail.site_address("/"),
    )
    Invitation.objects.filter(pk=invitation.pk, token_hash=token_hash(token)).update(sent_at=timezone.now())


def _record(type: str, invitation: Invitation, at: datetime, by: User) -> None:
    audit.record(
        type=type,
        subject=invitation.email,
        after={"role": str(invitation.role)},
        at=at,
        by=by,
        guideline=invitation.guideline,
    )


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _nobodys_hash() -> str:
    """Of a link that nobody has been sent."""
    return token_hash(secrets.token_urlsafe(32))
