"""Working examples of the actions about accounts, invitations and one-time codes; see action_examples.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_otp.oath import totp

from etd.actions import invitations, one_time_codes
from etd.enums import Role
from etd.models import Invitation, PanelMembership
from tests.unit.etd.worlds import Panel

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"
TOKEN = "a-token-that-was-in-an-e-mail"


def code_of_now(key: str = KEY) -> str:
    return f"{totp(bytes.fromhex(key)):06}"


def start_guideline(panel: Panel) -> dict[str, Any]:
    return {
        "slug": "als-2028",
        "title": "Advanced life support 2028",
        "organisation": "ILCOR",
        "strength_word": "weak",
        "by": panel.outsider,
    }


def change_role(panel: Panel) -> dict[str, Any]:
    membership = PanelMembership.objects.get(guideline=panel.guideline, user=panel.member)
    return {"membership": membership, "role": Role.OBSERVER, "by": panel.staff}


def rename(panel: Panel) -> dict[str, Any]:
    return {"user": panel.member, "name": "Mia Member-Meyer", "by": panel.member}


def change_password(panel: Panel) -> dict[str, Any]:
    return {"user": panel.member, "password": "a long walk by the sea", "by": panel.member}


def reset_password(panel: Panel) -> dict[str, Any]:
    return change_password(panel) | {"fingerprint": panel.member.get_session_auth_hash()}


def sign_out_everywhere(panel: Panel) -> dict[str, Any]:
    return {"user": panel.member, "by": panel.member}


def ask_for_password_reset(panel: Panel) -> dict[str, Any]:
    return {"email": panel.member.email, "by": panel.staff}


def invite(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "email": "New.Person@example.org",
        "name": "Nora New",
        "role": Role.PANEL_MEMBER,
        "by": panel.chair,
    }


def waiting(panel: Panel) -> dict[str, Any]:
    return {"invitation": invitations.invite(**invite(panel)), "by": panel.staff}


def accept_invitation(panel: Panel) -> dict[str, Any]:
    invitation = invitations.invite(**(invite(panel) | {"email": panel.outsider.email}))
    invitation.token_hash = invitations.token_hash(TOKEN)
    invitation.save()
    return {"invitation": Invitation.objects.get(), "token": TOKEN, "by": panel.outsider}


def set_up_codes(panel: Panel) -> dict[str, Any]:
    return {"user": panel.chair, "key": KEY, "code": code_of_now(), "by": panel.chair}


def use_code(panel: Panel) -> dict[str, Any]:
    recovery = one_time_codes.set_up_codes(**set_up_codes(panel))
    return {"user": panel.chair, "code": recovery[0], "by": panel.chair}


def remove_codes(panel: Panel) -> dict[str, Any]:
    one_time_codes.set_up_codes(**set_up_codes(panel))
    return {"user": panel.chair, "by": panel.chair}


def renew_recovery_codes(panel: Panel) -> dict[str, Any]:
    return remove_codes(panel)


EXAMPLES: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "etd.actions.accounts.start_guideline": start_guideline,
    "etd.actions.accounts.change_role": change_role,
    "etd.actions.accounts.rename": rename,
    "etd.actions.accounts.change_password": change_password,
    "etd.actions.accounts.reset_password": reset_password,
    "etd.actions.accounts.sign_out_everywhere": sign_out_everywhere,
    "etd.actions.accounts.ask_for_password_reset": ask_for_password_reset,
    "etd.actions.invitations.invite": invite,
    "etd.actions.invitations.resend_invitation": waiting,
    "etd.actions.invitations.withdraw_invitation": waiting,
    "etd.actions.invitations.accept_invitation": accept_invitation,
    "etd.actions.one_time_codes.set_up_codes": set_up_codes,
    "etd.actions.one_time_codes.use_code": use_code,
    "etd.actions.one_time_codes.remove_codes": remove_codes,
    "etd.actions.one_time_codes.renew_recovery_codes": renew_recovery_codes,
}
