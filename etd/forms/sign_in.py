from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from etd.forms.helper import form_helper


class SignInForm(AuthenticationForm):
    """Signing in by e-mail address; the same answer whether the address or the password is wrong."""

    username = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )
    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together. Please check both.",
        "inactive": "This account is closed.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper()

    def clean_username(self) -> str:
        return self.cleaned_data["username"].strip().lower()
