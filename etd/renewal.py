"""Is it still the same person? Asked again before acts that cannot be taken back.

A sign-in is proof for its first ten minutes; after that, such an act is answered with a page that asks for the
password, or for a code where codes are set up. The form that was sent travels inside that page and goes on once the
proof is right: nothing of it is stored meanwhile, and nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from etd import sessions
from etd.actions import one_time_codes
from etd.actions.errors import Refused
from etd.models import User
from etd.throttle import TooManyGuesses, is_password_of
from etd.typed import typed_text

PASSWORD, CODE, BACK = "proof-password", "proof-code", "proof-back"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def ask_again(request: HttpRequest, user: User, what: str) -> HttpResponse | None:
    """The page that asks who is there, before anybody can `what`; None where that is known, or was proved just now.

    A proof is taken out of `request.POST`, so that the view finds the form as it was sent first.
    """
    if request.method in READING:
        return None
    sent = request.POST.copy()
    password, code, back = (sent.pop(name, [""])[-1] for name in (PASSWORD, CODE, BACK))
    # At once: a page that says “not saved” gives back what was typed.
    request.POST = sent  # type: ignore[assignment]
    problem, status = "", 403
    if not sessions.is_proved(request) and (password or code):
        problem, status = _what_is_wrong(request, user, password, code)
        if not problem:
            sessions.prove(request)
    if sessions.is_proved(request):
        return None
    return _page(request, user, status, {"what": what, "problem": problem, "back": _way_back(request, back)})


def _what_is_wrong(request: HttpRequest, user: User, password: str, code: str) -> tuple[str, int]:
    """What to say of this proof, empty where it is right, and the status of the page that says it.

    With one-time codes the code alone is asked for: a password may lie in the browser of a device that was left behind.
    """
    if one_time_codes.has_codes(user):
        try:
            one_time_codes.use_code(user=user, code=code, by=user)
        except Refused as error:
            return str(error), 403
        return "", 200
    try:
        is_right = is_password_of(user, password, request=request)
    except TooManyGuesses as error:
        return f"{error} What you typed stays on this page.", 429
    return ("", 200) if is_right else ("This is not your password.", 403)


def _way_back(request: HttpRequest, back: str) -> str:
    """The page that the form stood on, as far as the browser tells; many addresses that take forms are no pages."""
    page = back or request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else "/"


def _page(request: HttpRequest, user: User, status: int, words: dict[str, str]) -> HttpResponse:
    context = words | {
        "has_codes": one_time_codes.has_codes(user),
        "typed": typed_text(request),
        "carried": [
            (name, value)
            for name, values in request.POST.lists()
            # A password that somebody gives an account is put into no page: its form comes back and asks for it.
            if name != "csrfmiddlewaretoken" and "password" not in name
            for value in values
        ],
    }
    if not request.headers.get("HX-Request"):
        return render(request, "registration/renew.html", context, status=status)
    response = render(request, "registration/renew.html", context, status=422)
    response["HX-Retarget"] = response["HX-Reselect"] = "#main"
    response["HX-Reswap"] = "outerHTML"
    return response


def renewed(what: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view of a signed-in person, outside the table of permissions, that is asked about again."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            question = ask_again(request, user, what) if isinstance(user, User) else None
            return question or view(request, *args, **kwargs)

        guarded.renewed = True  # type: ignore[attr-defined]
        return guarded

    return decorate
