"""What somebody has to do before a page is reached: set up one-time codes, or show again who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from etd.middleware import not_saved
from etd.models import User
from etd.renewal import READING, ask_again
from etd.sessions import must_set_up_codes
from etd.typed import typed_text

GetResponse = Callable[[HttpRequest], HttpResponse]
# What somebody may still open who has to set up one-time codes first.
WITHOUT_CODES = frozenset({"set_up_codes", "sign_out"})


class RequiredCodesMiddleware:
    """Somebody whose role needs one-time codes sees nothing else before they are set up."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if not settings.REQUIRE_TOTP_FOR or match is None or match.view_name in WITHOUT_CODES:
            return None
        if getattr(view, "is_public", False):
            return None
        try:
            if not isinstance(request.user, User) or not must_set_up_codes(request.user):
                return None
        except (DatabaseError, InterfaceError) as error:
            if unsaved := not_saved(request, error):
                return unsaved
            raise
        if request.method == "POST":
            return render(
                request, "registration/codes_required.html", {"typed": typed_text(request)}, status=403
            )
        response = redirect("set_up_codes")
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": response.url})
        return response


class AdministratorMiddleware:
    """What is sent to Django's admin, which makes, closes and opens accounts, is asked about again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.app_name != "admin" or match.url_name == "logout":
            return None
        if request.method in READING or not isinstance(request.user, User) or not request.user.is_staff:
            return None
        return ask_again(request, request.user, "change accounts as an administrator of this site")
