"""Forms that are pages of their own, shown again with what is wrong; and answers that hide their work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from etd.actions.errors import Refused

logger = logging.getLogger(__name__)


def submit(
    request: HttpRequest,
    *,
    form: forms.Form,
    act: Callable[[], HttpResponse],
    template: str,
    context: Mapping[str, Any],
    valid: bool | None = None,
) -> HttpResponse:
    """Show the form, or do what it asks for: 422 for bad input, 409 where the action refuses; what was typed stays.

    `valid` is whether the forms beside it are good, where there are any.
    """
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid() and valid is not False:
            try:
                return act()
            except Refused as error:
                status, refusal = 409, str(error)
    return render(request, template, {**context, "form": form, "refusal": refusal}, status=status)


class AnswerFirst(HttpResponse):
    """Does its work after the answer has been sent, so that nobody can tell by the time it takes what was done."""

    def __init__(self, content: str, *, work: Callable[[], None]) -> None:
        super().__init__(content)
        self.work = work

    def close(self) -> None:
        try:
            self.work()
        except Exception:
            logger.exception("work after an answer failed")
        super().close()
