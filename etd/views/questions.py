from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from etd.actions import questions
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.forms.question import QuestionForm
from etd.forms.vote import VoteForm
from etd.permissions import Access, Permission, requires
from etd.views.conflicts import asks_to_declare
from etd.views.editing import differing_texts, edit
from etd.views.pages import card, page


@require_safe
@requires(Permission.VIEW)
def question(request: HttpRequest, access: Access) -> HttpResponse:
    """The whole question: PICO, the criteria, the summary, the recommendation, the conclusions."""
    context = page(access)
    etd = context["etd"]
    context["cards"] = [card(criterion, context["feedback"]) for criterion in etd.criteria]
    context["type_form"] = VoteForm.for_type(etd) if etd.type_vote else None
    context["asks_to_declare"] = asks_to_declare(access, etd)
    context["type_feedback"] = context["feedback"].get(RECOMMENDATION_TYPE_ITEM) if etd.type_vote else None
    return render(request, "etd/question.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.EDIT_QUESTION)
def edit_question(request: HttpRequest, access: Access) -> HttpResponse:
    form = QuestionForm(
        request.POST or None,
        initial=QuestionForm.initial_for(access.question),
        framework=access.question.framework,
    )

    def save(revision: int) -> None:
        questions.edit_question(
            question=access.question,
            values=form.values(),
            revision=revision,
            by=access.user,
            op=form.cleaned_data["op"],
        )

    def done() -> HttpResponse:
        if request.htmx:  # type: ignore[attr-defined]
            access.question.refresh_from_db()
            return render(request, "etd/_question_box.html", page(access) | {"saved": True})
        return redirect("question", access.question.guideline.slug, access.question.slug)

    return edit(
        request,
        form=form,
        save=save,
        done=done,
        describe=differing_texts(form),
        context={
            "access": access,
            "heading": "The question",
            "page_heading": "Edit the question",
            "target": "question-box",
        },
    )
