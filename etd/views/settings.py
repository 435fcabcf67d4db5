"""The settings of a guideline: its name and wording for chairs and staff, its rules of voting for chairs."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from etd.actions import guideline_settings
from etd.actions.errors import Refused
from etd.enums import ConsensusPreset, StrengthWord, TallyDisplay
from etd.forms.settings import RULES, TALLIES, GuidelineNameForm, PublishingForm, VoteSettingsForm
from etd.permissions import GuidelineAccess, Permission, requires_in_guideline
from etd.selectors.settings import open_rounds


@require_http_methods(["GET", "HEAD", "POST"])
@requires_in_guideline(Permission.EDIT_GUIDELINE)
def settings(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """All settings; what is sent here is the guideline's name and wording."""
    if request.method != "POST":
        return _page(request, access)
    form = GuidelineNameForm(request.POST)

    def save() -> None:
        guideline_settings.describe_guideline(
            guideline=access.guideline,
            title=form.cleaned_data["title"],
            organisation=form.cleaned_data["organisation"],
            strength_word=StrengthWord(form.cleaned_data["strength_word"]),
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return _saved(request, access, form, save) or _page(request, access, name_form=form)


@require_POST
@requires_in_guideline(Permission.PUBLISH)
def publishing_settings(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """Change how many people approve a question before it is published."""
    form = PublishingForm(request.POST)

    def save() -> None:
        guideline_settings.require_approvals(
            guideline=access.guideline,
            approvals_needed=form.cleaned_data["approvals_needed"],
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return _saved(request, access, form, save) or _page(request, access, publishing_form=form)


@require_POST
@requires_in_guideline(Permission.END_ROUNDS)
def vote_settings(request: HttpRequest, access: GuidelineAccess) -> HttpResponse:
    """Change what is shown of votes and what is a consensus, for rounds that are opened from now on."""
    form = VoteSettingsForm(request.POST)

    def save() -> None:
        guideline_settings.change_guideline_settings(
            guideline=access.guideline,
            tally_display=TallyDisplay(form.cleaned_data["tally_display"]),
            reasons_named=form.cleaned_data["reasons_named"],
            consensus_preset=ConsensusPreset(form.cleaned_data["consensus_preset"]),
            consensus_threshold=form.cleaned_data["consensus_threshold"],
            consensus_quorum=form.cleaned_data["consensus_quorum"],
            by=access.user,
            op=form.cleaned_data["op"],
        )

    return _saved(request, access, form, save) or _page(request, access, vote_form=form)


def _saved(
    request: HttpRequest, access: GuidelineAccess, form: Form, save: Callable[[], None]
) -> HttpResponse | None:
    """Back to the settings where the form was good and the action took it; None where there is something to mend."""
    if not form.is_valid():
        return None
    try:
        save()
    except Refused as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, "The settings are saved.")
    return redirect("guideline_settings", access.guideline.slug)


def _page(
    request: HttpRequest,
    access: GuidelineAccess,
    *,
    name_form: Form | None = None,
    vote_form: Form | None = None,
    publishing_form: Form | None = None,
) -> HttpResponse:
    """The settings; a form that was sent and could not be saved is shown as it was sent."""
    was_sent = name_form or vote_form or publishing_form
    guideline = access.guideline
    rule: str = RULES[ConsensusPreset(guideline.consensus_preset)]
    if guideline.consensus_preset == ConsensusPreset.OWN:
        rule = f"At least {guideline.consensus_threshold}% for one option, the panel's own rule"
    context = {
        "access": access,
        "guideline": guideline,
        "name_form": name_form or GuidelineNameForm(initial=GuidelineNameForm.initial_for(guideline)),
        "vote_form": (
            (vote_form or VoteSettingsForm(initial=VoteSettingsForm.initial_for(guideline)))
            if access.may(Permission.END_ROUNDS)
            else None
        ),
        "publishing_form": publishing_form or PublishingForm(initial=PublishingForm.initial_for(guideline)),
        "tallies": TALLIES[TallyDisplay(guideline.tally_display)],
        "rule": rule,
        "open_rounds": open_rounds(guideline),
    }
    return render(request, "etd/settings/settings.html", context, status=422 if was_sent else 200)
