"""What is being done behind the pages: books and letters of a guideline, and all jobs of the site."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from etd.actions import jobs as actions
from etd.actions.errors import Refused
from etd.models import User
from etd.permissions import GuidelineAccess, Permission, ask_to_sign_in, requires_in_guideline
from etd.selectors.jobs import all_jobs, jobs_of, workers

FOR_ADMINISTRATORS = "The jobs of this site are for its administrators."


@require_safe
@requires_in_guideline(Permission.EDIT_GUIDELINE)
def guideline_jobs(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    view = jobs_of(
        access.guideline,
        sees_letters_of_rounds=access.may(Permission.MANAGE_ROUNDS),
        page=request.GET.get("page", ""),
    )
    return render(request, "etd/jobs/guideline.html", {"access": access, "view": view})


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """Every job, for administrators of the site."""
    if not isinstance(request.user, User):
        return ask_to_sign_in(request)
    _require_administrator(request.user)
    return render(
        request, "etd/jobs/jobs.html", {"view": all_jobs(request.GET.get("page", "")), "workers": workers()}
    )


@require_POST
def try_job_again(request: HttpRequest, job: UUID) -> HttpResponse:
    """Begin a failed job anew, for administrators of the site."""
    if not isinstance(request.user, User):
        return ask_to_sign_in(request)
    _require_administrator(request.user)
    try:
        actions.try_again(job=job, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The job is tried again.")
    return redirect("jobs")


def _require_administrator(user: User) -> None:
    if not user.is_staff:
        raise PermissionDenied(FOR_ADMINISTRATORS)
