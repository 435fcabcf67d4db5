"""The people of a guideline: invited, given another role, ended; and the page that an invitation's link opens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from etd import sessions
from etd.actions import accounts, invitations
from etd.actions.errors import Refused
from etd.enums import Role
from etd.forms.account import NewAccountForm
from etd.forms.people import EndForm, InviteForm, RoleForm
from etd.models import Invitation, PanelMembership, User
from etd.permissions import GuidelineAccess, Permission, require_permission, requires_in_guideline
from etd.selectors import open_ballots
from etd.views.submitting import submit

FORM = "etd/guidelines/form.html"
ON_ITS_WAY = "The invitation is on its way to {email}."


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.MANAGE_PEOPLE)
def invite(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    form = InviteForm(request.POST or None, chairs=access.may(Permission.MANAGE_CHAIRS))

    def act() -> HttpResponse:
        invitations.invite(guideline=access.guideline, by=access.user, **form.cleaned_data)
        messages.success(request, ON_ITS_WAY.format(email=form.cleaned_data["email"]))
        return redirect("guideline", access.guideline.slug)

    context = {
        "access": access,
        "heading": "Invite somebody",
        "lead": "They get an e-mail with a link that is good for 14 days. It works with and without an account.",
        "button": "Send the invitation",
    }
    return submit(request, form=form, act=act, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.MANAGE_PEOPLE)
def change_role(request: HttpRequest, access: GuidelineAccess, member: int) -> HttpResponse:
    membership = _membership(access, member)
    form = RoleForm(
        request.POST or None,
        chairs=access.may(Permission.MANAGE_CHAIRS),
        initial={"role": membership.role},
    )

    def act() -> HttpResponse:
        changed = accounts.change_role(membership=membership, role=form.cleaned_data["role"], by=access.user)
        messages.success(request, f"{changed.user} is now {changed.get_role_display().lower()}.")
        return redirect("guideline", access.guideline.slug)

    context = _about(access, membership) | {
        "heading": f"The role of {membership.user}",
        "lead": f"Now {membership.get_role_display().lower()}. Another role holds from their next click on.",
        "if_lost": "Without a role that votes, nothing more can be voted or changed there. What was voted counts, "
        "unless the chair voids the ballot.",
        "button": "Change the role",
    }
    return submit(request, form=form, act=act, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.MANAGE_PEOPLE)
def end_membership(request: HttpRequest, access: GuidelineAccess, member: int) -> HttpResponse:
    membership = _membership(access, member)
    form = EndForm(request.POST if request.method == "POST" else None)

    def act() -> HttpResponse:
        ended = accounts.end_membership(membership=membership, by=access.user)
        messages.success(request, f"{ended.user} has no role in this guideline any more.")
        return redirect("home") if ended.user == access.user else redirect("guideline", access.guideline.slug)

    context = _about(access, membership) | {
        "heading": f"End the role of {membership.user}?",
        "lead": f"{membership.user}, {membership.get_role_display().lower()}, will see nothing of this guideline from "
        "the next click on. Texts, judgements and votes of theirs stay as they are. You can invite them again.",
        "if_lost": "Nothing more can be voted or changed there. What was voted counts, unless the chair voids the "
        "ballot.",
        "button": "End the role",
    }
    return submit(request, form=form, act=act, template=FORM, context=context)


@require_POST
@requires_in_guideline(Permission.MANAGE_PEOPLE)
def resend_invitation(request: HttpRequest, access: GuidelineAccess, number: int) -> HttpResponse:
    invitation = _invitation(access, number)
    try:
        invitations.resend_invitation(invitation=invitation, by=access.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, ON_ITS_WAY.format(email=invitation.email))
    return redirect("guideline", access.guideline.slug)


@require_POST
@requires_in_guideline(Permission.MANAGE_PEOPLE)
def withdraw_invitation(request: HttpRequest, access: GuidelineAccess, number: int) -> HttpResponse:
    invitation = _invitation(access, number)
    try:
        invitations.withdraw_invitation(invitation=invitation, by=access.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"The invitation of {invitation.email} is withdrawn: its link is not good any more."
        )
    return redirect("guideline", access.guideline.slug)


def _membership(access: GuidelineAccess, member: int) -> PanelMembership:
    """A present membership of this guideline; a chair's is touched by chairs alone."""
    membership = (
        PanelMembership.objects.select_related("user", "guideline")
        .filter(pk=member, guideline=access.guideline, ended_at__isnull=True)
        .first()
    )
    if membership is None:
        raise Http404
    if membership.role == Role.CHAIR:
        require_permission(access, Permission.MANAGE_CHAIRS)
    return membership


def _invitation(access: GuidelineAccess, number: int) -> Invitation:
    invitation = Invitation.objects.filter(pk=number, guideline=access.guideline).first()
    if invitation is None:
        raise Http404
    if invitation.role == Role.CHAIR:
        require_permission(access, Permission.MANAGE_CHAIRS)
    return invitation


def _about(access: GuidelineAccess, membership: PanelMembership) -> dict[str, Any]:
    return {"access": access, "person": membership.user, "losses": open_ballots(membership)}


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, number: int, token: str) -> HttpResponse:
    """What the link of an invitation opens. Nothing happens before its reader says so by a form."""
    found = invitations.find_invitation(number, token)
    if found is None:
        return _closed(
            request,
            404,
            "This link does not work. Please copy all of it from the newest e-mail, or ask whoever invited you to send "
            "the invitation again.",
        )
    user = request.user if isinstance(request.user, User) else None
    if user is not None and found.accepted_by_id == user.pk:
        return redirect("guideline", found.guideline.slug)
    if reason := invitations.why_closed(found, timezone.now()):
        return _closed(request, 410, reason)
    return _accept(request, found, token, user)


def _accept(request: HttpRequest, found: Invitation, token: str, user: User | None) -> HttpResponse:
    has_account = User.objects.filter(email=found.email).exists()
    form = (
        EndForm(request.POST if request.method == "POST" else None)
        if user
        else NewAccountForm(request.POST or None, initial={"name": found.name}, email=found.email)
    )

    def act() -> HttpResponse:
        membership = invitations.accept_invitation(
            invitation=found,
            token=token,
            name=form.cleaned_data.get("name", ""),
            password=form.cleaned_data.get("password"),
            by=user,
        )
        if user is None:
            sessions.begin(request, membership.user)
        messages.success(request, f"Welcome. You are here as {membership.get_role_display().lower()}.")
        return redirect("guideline", found.guideline.slug)

    context = {"invitation": found, "has_account": has_account}
    if user is None and has_account:
        status = 403 if request.method == "POST" else 200
        return render(request, "registration/invitation.html", context, status=status)
    return submit(request, form=form, act=act, template="registration/invitation.html", context=context)


def _closed(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    return render(request, "registration/invitation_closed.html", {"reason": reason}, status=status)
