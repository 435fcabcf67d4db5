"""The page of a question's publication, and its steps: to review, approved, published, withdrawn, begun again."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from documents.actions import publishing
from documents.assemble import assemble
from documents.difference import proposed_note
from documents.forms.publication import ApproveForm, PublishForm, StepForm, WithdrawForm
from documents.pdf import CannotRender, RendererBusy, RendererMissing
from documents.schema import EtdDocument
from documents.selectors.compared_versions import Unreadable, since_last_version
from documents.selectors.publication import Publication, VersionView, load_publication
from documents.views.exports import RETRY_AFTER_SECONDS
from etd.actions import publication as actions
from etd.actions import questions
from etd.actions.errors import Refused
from etd.domain.coherence import State
from etd.enums import QuestionStatus
from etd.models import PublishedVersion
from etd.permissions import Access, Permission, load_access, requires
from etd.selectors.checks import QuestionChecks, before_publication
from etd.stored import Stored
from etd.views.pages import page
from etd.workflow import TRANSITIONS

NOT_SENT = "The form did not say what you saw. Nothing was changed."


@dataclass(frozen=True)
class VersionCard:
    """A version with the form that withdraws it, None where it cannot be."""

    view: VersionView
    form: WithdrawForm | None


@require_safe
@requires(Permission.VIEW)
def publication(request: HttpRequest, access: Access) -> HttpResponse:
    """Where the question is on its way, who has approved it, and its versions."""
    return _page(request, access)


@require_POST
@requires(Permission.APPROVE)
def send_to_review(request: HttpRequest, access: Access) -> HttpResponse:
    return _step(
        request,
        access,
        to=QuestionStatus.IN_REVIEW,
        only_from=[QuestionStatus.VOTING],
        done="The question is in review.",
    )


@require_POST
@requires(Permission.APPROVE)
def back_to_work(request: HttpRequest, access: Access) -> HttpResponse:
    """End the review: everything can be edited again, and the approvals end."""
    return _step(
        request,
        access,
        to=QuestionStatus.EVIDENCE,
        only_from=[QuestionStatus.IN_REVIEW],
        done="The review has ended. The question can be edited again, and every approval has ended.",
    )


@require_POST
@requires(Permission.PUBLISH)
def begin_version(request: HttpRequest, access: Access) -> HttpResponse:
    """Open a published or withdrawn question again; its versions stay as they are."""
    if not access.question.versions.exists():
        return _page(request, access, refusal="Nothing of this question has been published yet.", status=409)
    return _step(
        request,
        access,
        to=QuestionStatus.EVIDENCE,
        only_from=[QuestionStatus.PUBLISHED, QuestionStatus.WITHDRAWN],
        done="The next version is begun: the question can be edited again.",
    )


@require_POST
@requires(Permission.APPROVE)
def approve_question(request: HttpRequest, access: Access) -> HttpResponse:
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _page(request, access, refusal=NOT_SENT, status=422)
    try:
        publishing.approve(
            question=access.question,
            content=form.cleaned_data["content"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except Refused as error:
        return _page(request, access, refusal=str(error), status=409)
    messages.success(request, "Your approval is on record.")
    return redirect("publication", *access.slugs)


@require_POST
@requires(Permission.PUBLISH)
def publish_version(request: HttpRequest, access: Access) -> HttpResponse:
    """Publish the question as it was shown; its PDF is made on the way, which takes some seconds."""
    form = PublishForm(request.POST, is_first=not access.question.versions.exists())
    if not form.is_valid():
        refusal = NOT_SENT if form.errors.get("content") else ""
        return _page(request, access, refusal=refusal, status=422, publish_form=form)
    try:
        version = publishing.publish(
            question=access.question,
            content=form.cleaned_data["content"],
            note=form.cleaned_data["note"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except Refused as error:
        return _page(request, access, refusal=str(error), status=409, publish_form=form)
    except CannotRender as problem:
        return _no_pdf(request, access, form, problem)
    messages.success(request, f"Version {version.number} is published.")
    return redirect("publication", *access.slugs)


@require_POST
@requires(Permission.PUBLISH)
def withdraw_version(request: HttpRequest, access: Access) -> HttpResponse:
    """Withdraw a version, with a reason; it stays readable."""
    form = WithdrawForm(request.POST, anchor="sent")
    if form.errors.get("version"):
        return _page(request, access, refusal="No version was named. Nothing was changed.", status=422)
    number = form.cleaned_data["version"]
    if not form.is_valid():
        return _page(request, access, status=422, withdrawing=number)
    version = (
        PublishedVersion.objects.defer("document", "pdf")
        .select_related("question")
        .filter(question=access.question, number=number)
        .first()
    )
    if version is None:
        raise Http404
    try:
        actions.withdraw_version(
            version=version, reason=form.cleaned_data["reason"], by=access.user, op=form.cleaned_data["op"]
        )
    except Refused as error:
        return _page(request, access, refusal=str(error), status=409, withdrawing=number)
    messages.success(request, f"Version {number} is withdrawn. It stays readable, marked as withdrawn.")
    return redirect("publication", *access.slugs)


def _step(
    request: HttpRequest, access: Access, *, to: QuestionStatus, only_from: list[QuestionStatus], done: str
) -> HttpResponse:
    form = StepForm(request.POST)
    op = form.cleaned_data["op"] if form.is_valid() else None
    try:
        questions.change_status(
            question=access.question, status=to, only_from=only_from, by=access.user, op=op
        )
    except Refused as error:
        return _page(request, access, refusal=str(error), status=409)
    messages.success(request, done)
    return redirect("publication", *access.slugs)


def _no_pdf(request: HttpRequest, access: Access, form: Form, problem: CannotRender) -> HttpResponse:
    """The page with why there is no PDF: 503 where trying again may help, 422 where the document is at fault."""
    unavailable = isinstance(problem, RendererBusy | RendererMissing)
    refusal = f"Its PDF could not be made, so nothing was published. {problem}"
    response = _page(request, access, refusal=refusal, status=503 if unavailable else 422, publish_form=form)
    if isinstance(problem, RendererBusy):
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _page(
    request: HttpRequest,
    access: Access,
    *,
    refusal: str = "",
    status: int = 200,
    publish_form: Form | None = None,
    withdrawing: int | None = None,
) -> HttpResponse:
    """The page as things stand now; of a form that was sent in vain every word is still there."""
    if refusal:
        access = load_access(access.user, *access.slugs)
    stored = Stored(access.question)
    context = page(access, stored)
    in_review = access.question.status == QuestionStatus.IN_REVIEW
    document = assemble(access.question, context["etd"], stored) if in_review else None
    found = load_publication(access.question, access.user, document)
    checks: QuestionChecks | None = context["checks"]
    cards = tuple(_card(request, access, one, withdrawing) for one in found.versions)
    is_ready = found.content and not found.n_missing and not (checks and checks.n_impossible)
    form = None
    if is_ready and document:
        form = _publish_form(request, access, found, document, was_sent=publish_form is not None)
    is_shown = (publish_form and form) or any(card.form and card.form.is_bound for card in cards)
    more = {
        "publication": found,
        "cards": cards,
        "refusal": refusal,
        "typed": "" if is_shown else request.POST.get("note", "") or request.POST.get("reason", ""),
        "publish_form": form,
        "approve_form": ApproveForm(initial={"content": found.content}, auto_id="approve-%s"),
        "step_form": StepForm(auto_id=False),
        "can_begin_voting": access.may(Permission.MANAGE_ROUNDS)
        and QuestionStatus.VOTING in TRANSITIONS[found.status],
        "open_items": _open_items(checks) if checks else 0,
    }
    return render(request, "documents/publication/publication.html", context | more, status=status)


def _publish_form(
    request: HttpRequest, access: Access, found: Publication, document: EtdDocument, *, was_sent: bool
) -> PublishForm:
    """What was typed, or a first note to be edited, for the question as the page shows it now."""
    if was_sent:
        sent = request.POST.copy()
        sent["content"] = found.content
        return PublishForm(sent, is_first=not found.versions)
    initial = {"content": found.content, "note": _first_note(access, document)}
    return PublishForm(initial=initial, is_first=not found.versions)


def _first_note(access: Access, document: EtdDocument) -> str:
    """What has changed since the last version in a few words, empty before the first and where it cannot be read."""
    if not access.may(Permission.PUBLISH):
        return ""
    try:
        compared = since_last_version(access.question, document)
    except Unreadable:
        return ""
    return proposed_note(compared.difference) if compared else ""


def _card(request: HttpRequest, access: Access, view: VersionView, withdrawing: int | None) -> VersionCard:
    if view.withdrawal or not access.may(Permission.PUBLISH):
        return VersionCard(view, None)
    anchor = f"withdraw-{view.number}"
    if view.number == withdrawing:
        return VersionCard(view, WithdrawForm(request.POST, anchor=anchor))
    return VersionCard(view, WithdrawForm(initial={"version": view.number}, anchor=anchor))


def _open_items(checks: QuestionChecks) -> int:
    """How many items of the list before publication are open."""
    return sum(one.item.state is State.OPEN for one in before_publication(checks))
