"""People and the guidelines they work on."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.enums import Role
from etd.models import AuditEvent, Guideline, PanelMembership, User

RESETS_AN_HOUR = 3


def create_account(*, email: str, name: str, password: str | None, by: User | None) -> User:
    """A new person; `password` None means that they cannot sign in until they have set one."""
    with transaction.atomic():
        if User.objects.filter(email=email.strip().lower()).exists():
            raise Refused(f"There is already an account for {email}.")
        user = User.objects.create_user(email=email, name=name, password=password)
        audit.record(
            type="account_created", subject=user.email, after={"name": name}, at=timezone.now(), by=by
        )
    return user


def create_guideline(*, slug: str, title: str, organisation: str, strength_word: str, by: User) -> Guideline:
    now = timezone.now()
    with transaction.atomic():
        guideline = Guideline.objects.create(
            slug=slug,
            title=title,
            organisation=organisation,
            strength_word=strength_word,
            created_at=now,
            created_by=by,
        )
        audit.record(
            type="guideline_created", subject=slug, after={"title": title}, at=now, by=by, guideline=guideline
        )
    return guideline


def add_member(*, guideline: Guideline, user: User, role: Role, by: User) -> PanelMembership:
    """Give a person their one role in a guideline; one who had left comes back with the new role."""
    now = timezone.now()
    with transaction.atomic():
        membership = PanelMembership.objects.filter(guideline=guideline, user=user).first()
        if membership is None:
            membership = PanelMembership(guideline=guideline, user=user, created_at=now, created_by=by)
        elif membership.ended_at is None:
            raise Refused(f"{user} already has a role in this guideline: {membership.get_role_display()}.")
        membership.role = role
        membership.ended_at = membership.ended_by = None
        membership.save()
        audit.record(
            type="member_added",
            subject=user.email,
            after={"role": str(role)},
            at=now,
            by=by,
            guideline=guideline,
        )
    return membership


def start_guideline(*, slug: str, title: str, organisation: str, strength_word: str, by: User) -> Guideline:
    """A new guideline, and whoever begins it as its first chair. Raises Refused where the address is taken."""
    with transaction.atomic():
        if Guideline.objects.filter(slug=slug).exists():
            raise Refused(f"There is a guideline with the address “{slug}” already: please choose another.")
        guideline = create_guideline(
            slug=slug, title=title, organisation=organisation, strength_word=strength_word, by=by
        )
        add_member(guideline=guideline, user=by, role=Role.CHAIR, by=by)
    return guideline


def change_role(*, membership: PanelMembership, role: Role, by: User) -> PanelMembership:
    """Give a member another role; it takes effect at their next request. The same role again changes nothing.

    A ballot outlives no role that votes: from now on nothing can be voted on it; what was voted stays counted. Raises
    Refused for an ended membership and where the guideline would be left without a chair.
    """
    with transaction.atomic():
        current = _lock_membership(membership)
        if current.role == role:
            return current
        _require_another_chair(current)
        before = current.role
        current.role = role
        current.save(update_fields=["role"])
        audit.record(
            type="role_changed",
            subject=current.user.email,
            before={"role": before},
            after={"role": str(role)},
            at=timezone.now(),
            by=by,
            guideline=current.guideline,
        )
    return current


def end_membership(*, membership: PanelMembership, by: User) -> PanelMembership:
    """End a person's role; it takes effect at their next request.

    Raises Refused where it has ended already, and where the guideline would be left without a chair.
    """
    with transaction.atomic():
        current = _lock_membership(membership)
        _require_another_chair(current)
        now = timezone.now()
        current.ended_at, current.ended_by = now, by
        current.save(update_fields=["ended_at", "ended_by"])
        audit.record(
            type="member_ended",
            subject=current.user.email,
            before={"role": current.role},
            at=now,
            by=by,
            guideline=current.guideline,
        )
    return current


def rename(*, user: User, name: str, by: User) -> User:
    """Another name for an account. Events keep the name of their time."""
    with transaction.atomic():
        current = _lock_account(user)
        if current.name == name:
            return current
        before = current.name
        current.name = name
        current.save(update_fields=["name"])
        audit.record(
            type="account_renamed",
            subject=current.email,
            before={"name": before},
            after={"name": name},
            at=timezone.now(),
            by=by,
        )
    return current


def change_password(*, user: User, password: str, by: User) -> User:
    """Store a new password, which ends all sessions of the account; the form has asked the validators."""
    with transaction.atomic():
        current = _lock_account(user)
        current.set_password(password)
        current.save(update_fields=["password"])
        audit.record(type="password_changed", subject=current.email, at=timezone.now(), by=by)
    return current


def reset_password(*, user: User, password: str, fingerprint: str, by: User) -> User:
    """Store the password chosen by a link; `fingerprint` is the account's session hash when the link was looked at.

    Two requests with one link: only the first finds the account as it was. Raises Refused for the other.
    """
    with transaction.atomic():
        if _lock_account(user).get_session_auth_hash() != fingerprint:
            raise Refused("This link has been used already.")
        return change_password(user=user, password=password, by=by)


def sign_out_everywhere(*, user: User, by: User) -> User:
    """End all sessions of the account at their next request."""
    with transaction.atomic():
        current = end_sessions(user)
        audit.record(type="signed_out_everywhere", subject=current.email, at=timezone.now(), by=by)
    return current


def ask_for_password_reset(*, email: str, by: User | None) -> User | None:
    """Note that a link for a new password was asked for; the account it may be sent to.

    None where there is no open account, and where RESETS_AN_HOUR links were asked for already: whoever asks is told the
    same.
    """
    now = timezone.now()
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            return None
        recent = AuditEvent.objects.filter(
            chain=audit.SITE_CHAIN,
            type="password_reset_asked",
            subject=user.email,
            at__gt=now - timedelta(hours=1),
        )
        if recent.count() >= RESETS_AN_HOUR:
            return None
        audit.record(type="password_reset_asked", subject=user.email, at=now, by=by)
    return user


def end_sessions(user: User) -> User:
    """Raise the number that sessions are checked against. Part of other actions: runs inside their transaction."""
    current = _lock_account(user)
    current.session_number += 1
    current.save(update_fields=["session_number"])
    return current


def _lock_account(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _lock_membership(membership: PanelMembership) -> PanelMembership:
    """The membership as it is now; one change of people in a guideline at a time. Raises Refused where it has ended."""
    Guideline.objects.select_for_update(no_key=True).get(pk=membership.guideline_id)
    current = PanelMembership.objects.select_for_update().get(pk=membership.pk)
    if current.ended_at is not None:
        raise Refused("This membership has ended already.")
    return current


def _require_another_chair(membership: PanelMembership) -> None:
    others = PanelMembership.objects.filter(
        guideline=membership.guideline, role=Role.CHAIR, ended_at__isnull=True
    ).exclude(pk=membership.pk)
    if membership.role == Role.CHAIR and not others.exists():
        raise Refused(
            f"{membership.user} is the only chair of this guideline. Make somebody else a chair first."
        )
