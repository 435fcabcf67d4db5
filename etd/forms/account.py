"""Accounts: names, passwords, one-time codes. No password and no code is ever put into a page again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.http import HttpRequest

from etd.forms.helper import form_helper
from etd.models import User
from etd.throttle import TooManyGuesses, is_password_of

HOW_LONG = "At least 12 characters. A sentence that you can remember is good."
SET_UP_SECONDS = 3600
_SALT = "etd.one-time-codes"


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=200, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("name")


class NewPasswordForm(SetPasswordForm):
    """A new password, twice, after a link in an e-mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _new_password_fields(self)
        self.helper = form_helper("new_password1", "new_password2")


class ChangePasswordForm(PasswordChangeForm):
    """The present password and a new one, twice."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        _new_password_fields(self)
        self.fields["old_password"].label = "Your present password"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.helper = form_helper("old_password", "new_password1", "new_password2")

    def clean_old_password(self) -> str:
        return _present_password(self.cleaned_data["old_password"], self.user, self.request)


class NewAccountForm(forms.Form):
    """The name and the first password of somebody who was invited at `email`."""

    name = forms.CharField(
        max_length=200, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Choose a password",
        strip=False,
        help_text=HOW_LONG,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        self.helper = form_helper("name", "password")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if password := cleaned.get("password"):
            try:
                validate_password(password, User(email=self.email, name=cleaned.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class ResetForm(forms.Form):
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("email")


class CodeInput(forms.TextInput):
    """A box that comes back empty."""

    def format_value(self, value: Any) -> None:
        return None


class CodeField(forms.CharField):
    """A code of six digits, or a recovery code; never shown again."""

    def __init__(self, *, label: str = "Code", **kwargs: Any) -> None:
        super().__init__(
            label=label,
            max_length=40,
            widget=CodeInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
            **kwargs,
        )


class CodeForm(forms.Form):
    """The code after the password."""

    code = CodeField(help_text="Six digits from your authenticator app, or one of your recovery codes.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True
        self.helper = form_helper("code")


class OfferedInput(forms.HiddenInput):
    """Shows what the page offers, whatever was sent."""

    offered = ""

    def format_value(self, value: Any) -> str:
        return self.offered


class SetUpCodesForm(forms.Form):
    """The first code of a new key. The key travels in the page that shows it, signed for the person it was made for."""

    setup = forms.CharField(widget=OfferedInput)
    code = CodeField(label="Code that the app shows now", help_text="Six digits.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.helper = form_helper("setup", "code")

    @property
    def key(self) -> str:
        """The key that was sent, once the form has been checked; empty where none, or an old one, was."""
        return str(getattr(self, "cleaned_data", {}).get("setup", ""))

    def offer(self, key: str) -> None:
        """Show the form with this key."""
        self.fields["setup"].widget.offered = signing.dumps([self.user.pk, key], salt=_SALT)

    def clean_setup(self) -> str:
        """The key, in hexadecimal."""
        try:
            who, key = signing.loads(self.cleaned_data["setup"], salt=_SALT, max_age=SET_UP_SECONDS)
        except signing.BadSignature:
            who, key = None, ""
        if who != self.user.pk:
            # Of the form, not of the field: nobody sees the errors of a hidden one.
            self.add_error(None, "This page is too old: scan the new picture and try again.")
            return ""
        return str(key)


class PasswordAndCodeForm(forms.Form):
    """Both parts of a sign-in again, before the codes are touched."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = CodeField(help_text="From your authenticator app, or a recovery code.")

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request
        self.helper = form_helper("password", "code")

    def clean_password(self) -> str:
        return _present_password(self.cleaned_data["password"], self.user, self.request)


def _present_password(password: str, user: User, request: HttpRequest) -> str:
    try:
        if is_password_of(user, password, request=request):
            return password
    except TooManyGuesses as error:
        raise forms.ValidationError(str(error)) from None
    raise forms.ValidationError("This is not your password.")


def _new_password_fields(form: forms.Form) -> None:
    form.fields["new_password1"].label = "New password"
    form.fields["new_password1"].help_text = HOW_LONG
    form.fields["new_password2"].label = "The new password again"
    form.fields["new_password2"].help_text = ""
