"""Signing in, with a code where it is set up; forgotten passwords; one's own account."""

from __future__ import annotations

from base64 import b32encode
from contextlib import suppress
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice

from etd import mail, sessions, throttle
from etd.actions import accounts, one_time_codes
from etd.actions.errors import Refused
from etd.forms.account import (
    ChangePasswordForm,
    CodeForm,
    NameForm,
    NewPasswordForm,
    PasswordAndCodeForm,
    ResetForm,
    SetUpCodesForm,
)
from etd.forms.sign_in import SignInForm
from etd.models import User
from etd.permissions import ask_to_sign_in
from etd.qr import qr_code
from etd.renewal import renewed
from etd.selectors.guidelines import is_anything_published
from etd.views.submitting import AnswerFirst, submit

form_page = require_http_methods(["GET", "HEAD", "POST"])


class SignIn(LoginView):
    """E-mail address and password; who has set up one-time codes is asked for one before anything else."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs) | {"is_anything_published": is_anything_published()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        target = self.get_success_url()
        if one_time_codes.has_codes(user):
            sessions.wait_for_code(self.request, user)
            return redirect(f"{reverse('sign_in_code')}?{urlencode({'next': target})}")
        sessions.begin(self.request, user)
        return redirect(target)


class SignInCode(LoginView):
    """The code after the password. Without a password given in this session within ten minutes: back to the start."""

    authentication_form = CodeForm  # type: ignore[assignment]
    template_name = "registration/code.html"
    redirect_authenticated_user = True

    def get_form_kwargs(self) -> dict[str, object]:
        return {"data": self.request.POST} if self.request.method == "POST" else {}

    def render_to_response(self, context: dict[str, object], **kwargs: object) -> HttpResponse:
        if sessions.who_waits(self.request) is None:
            return self.start_again()
        return super().render_to_response(context, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = sessions.who_waits(self.request)
        if user is None:
            return self.start_again()
        try:
            left = one_time_codes.use_code(user=user, code=form.cleaned_data["code"], by=user)
        except Refused as error:
            form.add_error("code", str(error))
            return self.form_invalid(form)
        target = self.get_success_url()
        sessions.begin(self.request, user)
        if left is not None:
            messages.warning(
                self.request,
                f"You used a recovery code; {left} are left. After those, only your authenticator app lets you in.",
            )
        return redirect(target)

    def start_again(self) -> HttpResponse:
        messages.info(
            self.request, "Please give your password first; the code is asked for within ten minutes."
        )
        return redirect("sign_in")


@form_page
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's admin has no sign-in of its own: it would ask for no code."""
    if request.user.is_authenticated:
        raise PermissionDenied("The admin pages are for administrators of this site.")
    return redirect(
        f"{reverse('sign_in')}?{urlencode({'next': request.GET.get('next', reverse('admin:index'))})}"
    )


@form_page
def admin_change_password(request: HttpRequest) -> HttpResponse:
    """Django's admin has no form of its own for it: it would count no wrong password, and record and tell nothing."""
    return redirect("change_password")


@form_page
def ask_for_reset(request: HttpRequest) -> HttpResponse:
    """The same answer, in the same time, whether or not there is an account."""
    form = ResetForm(request.POST or None)

    def act() -> HttpResponse:
        email: str = form.cleaned_data["email"]
        page = render_to_string("registration/reset_sent.html", {"email": email}, request)
        return AnswerFirst(page, work=lambda: _send_reset(email))

    return submit(request, form=form, act=act, template="registration/reset.html", context={})


def _send_reset(email: str) -> None:
    user = accounts.ask_for_password_reset(email=email, by=None)
    if user is not None:
        key = urlsafe_base64_encode(str(user.pk).encode())
        token = default_token_generator.make_token(user)
        # The log has what fails.
        with suppress(mail.NotSent):
            mail.send(
                "password_reset",
                to=user.email,
                name=user.name,
                email=user.email,
                link=mail.site_address(reverse("reset_password", args=[key, token])),
                site=mail.site_address("/"),
            )


@form_page
def reset_password(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """What the link of a letter opens: a new password. Codes, where set up, are asked for at the next sign-in."""
    user = _account_of(key)
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "registration/reset_closed.html", status=410)
    form = NewPasswordForm(user, request.POST or None)
    fingerprint = user.get_session_auth_hash()

    def act() -> HttpResponse:
        accounts.reset_password(
            user=user, password=form.cleaned_data["new_password1"], fingerprint=fingerprint, by=user
        )
        throttle.forget(user)
        _tell_about_change(user, "the password was changed by a link in an e-mail")
        messages.success(request, "Your new password is stored. Please sign in with it.")
        return redirect("sign_in")

    return submit(request, form=form, act=act, template="registration/new_password.html", context={})


def _account_of(key: str) -> User | None:
    try:
        number = int(urlsafe_base64_decode(key).decode("ascii"))
    except ValueError:
        return None
    return User.objects.filter(pk=number, is_active=True).first() if 0 < number < 2**63 else None


@form_page
def account(request: HttpRequest) -> HttpResponse:
    """One's name, password, one-time codes and sessions."""
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    form = NameForm(request.POST or None, initial={"name": user.name})

    def act() -> HttpResponse:
        accounts.rename(user=user, name=form.cleaned_data["name"], by=user)
        messages.success(request, "Your name is stored.")
        return redirect("account")

    context = {
        "has_codes": one_time_codes.has_codes(user),
        "recovery_left": one_time_codes.recovery_codes_left(user),
    }
    return submit(request, form=form, act=act, template="registration/account.html", context=context)


@form_page
def change_password(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    form = ChangePasswordForm(user, request.POST or None, request=request)

    def act() -> HttpResponse:
        changed = accounts.change_password(user=user, password=form.cleaned_data["new_password1"], by=user)
        sessions.keep(request, changed)
        _tell_about_change(changed, "the password was changed")
        messages.success(request, "Your new password is stored. Other devices have been signed out.")
        return redirect("account")

    return submit(request, form=form, act=act, template="registration/change_password.html", context={})


@form_page
@renewed("set up one-time codes")
def set_up_codes(request: HttpRequest) -> HttpResponse:
    """A new key as a picture and as text, and the first code of it. The key is stored only once the code was right."""
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    if one_time_codes.has_codes(user):
        return redirect("account")
    form = SetUpCodesForm(request.POST or None, user=user)
    form.is_valid()
    key = form.key or one_time_codes.new_key()
    form.offer(key)

    def act() -> HttpResponse:
        recovery = one_time_codes.set_up_codes(
            user=user, key=key, code=form.cleaned_data["code"].strip(), by=user
        )
        user.refresh_from_db()
        sessions.keep(request, user)
        _tell_about_change(user, "one-time codes were set up")
        heading = "One-time codes are on. Keep these recovery codes"
        return render(request, "registration/recovery_codes.html", {"recovery": recovery, "heading": heading})

    device = TOTPDevice(user=user, key=key)
    context = {
        "qr": qr_code(device.config_url),
        "key": _in_fours(device),
        "required": sessions.must_set_up_codes(user),
    }
    return submit(request, form=form, act=act, template="registration/set_up_codes.html", context=context)


def _in_fours(device: TOTPDevice) -> str:
    text = b32encode(device.bin_key).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@form_page
def renew_recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in the place of those before, after the password and a code."""
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    if not one_time_codes.has_codes(user):
        return redirect("account")
    form = PasswordAndCodeForm(request.POST or None, user=user, request=request)

    def act() -> HttpResponse:
        one_time_codes.use_code(user=user, code=form.cleaned_data["code"], by=user)
        recovery = one_time_codes.renew_recovery_codes(user=user, by=user)
        _tell_about_change(user, "the recovery codes were renewed")
        heading = "Keep these new recovery codes"
        return render(request, "registration/recovery_codes.html", {"recovery": recovery, "heading": heading})

    return submit(request, form=form, act=act, template="registration/renew_recovery_codes.html", context={})


@form_page
def remove_codes(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    if not one_time_codes.has_codes(user):
        return redirect("account")
    form = PasswordAndCodeForm(request.POST or None, user=user, request=request)

    def act() -> HttpResponse:
        one_time_codes.use_code(user=user, code=form.cleaned_data["code"], by=user)
        one_time_codes.remove_codes(user=user, by=user)
        user.refresh_from_db()
        sessions.keep(request, user)
        _tell_about_change(user, "one-time codes were removed")
        messages.success(request, "One-time codes are removed: your password alone signs you in.")
        return redirect("account")

    return submit(request, form=form, act=act, template="registration/remove_codes.html", context={})


@require_POST
@login_required
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    accounts.sign_out_everywhere(user=request.user, by=request.user)
    messages.success(request, "You have been signed out on all devices.")
    return redirect("sign_in")


def _tell_about_change(user: User, what: str) -> None:
    mail.tell(
        "account_changed",
        to=user.email,
        name=user.name,
        what=what,
        when=mail.in_words(timezone.now()),
        link=mail.site_address(reverse("ask_for_reset")),
        site=mail.site_address("/"),
    )
