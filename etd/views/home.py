from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.models import User
from etd.selectors import my_guidelines
from etd.selectors.declaring import asked_to_declare


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """My guidelines and their questions, what waits for me first."""
    assert isinstance(request.user, User)
    guidelines = my_guidelines(request.user)
    tasks = [question for guideline in guidelines for question in guideline.tasks]
    return render(
        request,
        "etd/home.html",
        {"guidelines": guidelines, "tasks": tasks, "asked_to_declare": asked_to_declare(request.user)},
    )
