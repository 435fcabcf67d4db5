"""People and the guidelines they work on."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused
from etd.enums import Role
from etd.models import Guideline, PanelMembership, User


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


def end_membership(*, membership: PanelMembership, by: User) -> PanelMembership:
    """End a person's role; it takes effect at their next request."""
    now = timezone.now()
    with transaction.atomic():
        current = PanelMembership.objects.select_for_update().get(pk=membership.pk)
        if current.ended_at is not None:
            raise Refused("This membership has ended already.")
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
