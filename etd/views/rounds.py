"""The pages of voting rounds: opened and run by a chair, followed by the panel, and what they found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from etd.actions import discussion as notes
from etd.actions import questions, reminders
from etd.actions import rounds as actions
from etd.actions.errors import Refused
from etd.actions.voting import voting_members
from etd.enums import QuestionStatus, TallyDisplay
from etd.forms.rounds import ExtendForm, NoteForm, OpenRoundForm, ReceiptForm, VoidForm, zone_words
from etd.models import Question, VotingRound
from etd.permissions import Access, Permission, requires
from etd.selectors import ballot_progress, check_receipt, may_discuss, rounds_of
from etd.selectors.discussion import discussion
from etd.selectors.evidence_changes import votes_on_other_evidence
from etd.selectors.held_rounds import last_over, rounds_with_votes
from etd.selectors.results import results_of
from etd.selectors.rounds import (
    ItemTally,
    find_round,
    item_name,
    item_names,
    laid_out,
    letters,
    option_labels,
    own_ballot,
    own_votes,
)
from etd.views.pages import page
from etd.workflow import TRANSITIONS

GETS_AN_EMAIL = "The panel gets an e-mail."


@require_safe
@requires(Permission.VIEW)
def rounds(request: HttpRequest, access: Access) -> HttpResponse:
    """The question's rounds, and what can be done next."""
    return render(request, "etd/rounds/rounds.html", _rounds(access))


def _rounds(access: Access) -> dict[str, Any]:
    question = access.question
    can_manage = access.may(Permission.MANAGE_ROUNDS)
    found = rounds_of(question)
    is_open = bool(found) and not found[-1].is_over
    voting = question.status == QuestionStatus.VOTING
    return page(access) | {
        "rounds": tuple(reversed(found)),
        "can_open": can_manage and voting and not is_open,
        "can_begin": can_manage and QuestionStatus.VOTING in TRANSITIONS[question.status],
        "can_reopen": can_manage and voting and not is_open,
    }


@require_POST
@requires(Permission.MANAGE_ROUNDS)
def begin_voting(request: HttpRequest, access: Access) -> HttpResponse:
    """Move the question to panel voting, which freezes question, evidence and texts."""
    try:
        questions.change_status(question=access.question, status=QuestionStatus.VOTING, by=access.user)
    except Refused as error:
        return render(
            request, "etd/rounds/rounds.html", _rounds(access) | {"refusal": str(error)}, status=409
        )
    return redirect("open_round", *access.slugs)


@require_POST
@requires(Permission.MANAGE_ROUNDS)
def reopen_evidence(request: HttpRequest, access: Access) -> HttpResponse:
    """Move the question from panel voting back to its evidence, which can then be edited again."""
    try:
        questions.change_status(
            question=access.question,
            status=QuestionStatus.EVIDENCE,
            only_from=[QuestionStatus.VOTING],
            by=access.user,
        )
    except Refused as error:
        return render(
            request, "etd/rounds/rounds.html", _rounds(access) | {"refusal": str(error)}, status=409
        )
    messages.success(request, "The question, its evidence and its texts can be edited again.")
    return redirect("rounds", *access.slugs)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_ROUNDS)
def open_round(request: HttpRequest, access: Access) -> HttpResponse:
    """Open a round: over what, until when, blind or open, by which rule; and who will get a ballot."""
    names = item_names(access.question)
    whole = page(access)
    judged = {criterion.key for criterion in whole["etd"].criteria if criterion.is_judged}
    undecided = _undecided(access)
    choice = request.GET.get("choose", "all")
    chosen = [
        name.key
        for name in names
        if (choice != "unjudged" or name.key not in judged)
        and (choice != "undecided" or name.key in undecided)
    ]
    initial = OpenRoundForm.initial_for(access.question.guideline, chosen)
    form = OpenRoundForm(names, request.POST or None, initial=initial)
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                opened = reminders.open_and_tell(
                    question=access.question,
                    item_keys=[name.key for name in names if name.key in form.cleaned_data["items"]],
                    closes_at=form.cleaned_data["closes_at"],
                    blind=form.cleaned_data["blind"] == "blind",
                    rule=form.consensus_rule(),
                    by=access.user,
                )
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                messages.success(request, f"Round {opened.number} is open.")
                messages.success(request, GETS_AN_EMAIL)
                return redirect("round", *access.slugs, opened.number)
    guideline = access.question.guideline
    held = rounds_of(access.question)
    recused = {recusal.user_id: str(recusal.user) for recusal in actions.recusals(access.question)}
    members = voting_members(guideline).select_related("user").order_by("user__name")
    context = {
        "form": form,
        "refusal": refusal,
        "items": [
            {
                "name": name,
                "ticked": name.key in (form["items"].value() or ()),
                "undecided": name.key in undecided,
                "judged": name.key in judged,
            }
            for name in names
        ],
        "choice": choice,
        "n_undecided": len(undecided),
        "balloted": [str(one.user) for one in members if one.user_id not in recused],
        "recused": sorted(str(one.user) for one in members if one.user_id in recused),
        "tally_words": TALLY_WORDS[guideline.tally_display],
        "reasons_named": guideline.reasons_named,
        "number": len(held) + 1,
        "last": held[-1] if held else None,
        "open_number": held[-1].number if held and not held[-1].is_over else None,
        "in_voting": access.question.status == QuestionStatus.VOTING,
    }
    return render(request, "etd/rounds/open.html", whole | context, status=status)


TALLY_WORDS: dict[str, str] = {
    TallyDisplay.NONE: "After the close the chair alone sees the tallies; the document prints none.",
    TallyDisplay.COUNTS: (
        "After the close everybody in the guideline sees the counts by option, without names; the document prints them."
    ),
    TallyDisplay.NAMED: "After the close everybody in the guideline sees who chose what; the document prints it.",
}


def _undecided(access: Access) -> set[str]:
    """The items that did not meet the rule when they were last voted on."""
    found: dict[str, bool | None] = {}
    for one in rounds_with_votes(access.question, access.user):
        results = results_of(one) if one.is_over else None
        found |= {item.key: item.is_met for item in results.items} if results else {}
    return {key for key, is_met in found.items() if is_met is False}


@require_safe
@requires(Permission.VIEW)
def voting_round(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """One round: while it is open, how far everybody is; afterwards, what it found."""
    return _round_page(request, access, _round_or_404(access.question, number))


@require_POST
@requires(Permission.MANAGE_ROUNDS)
def extend_round(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    current = _round_or_404(access.question, number)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _round_page(request, access, current, status=422, extend_form=form)
    try:
        extended = reminders.extend_and_tell(
            voting_round=current, closes_at=form.cleaned_data["closes_at"], by=access.user
        )
    except Refused as error:
        return _round_page(request, access, current, status=409, extend_form=form, refusal=str(error))
    messages.success(request, f"Round {extended.number} has more time.")
    messages.success(request, GETS_AN_EMAIL)
    return redirect("round", *access.slugs, extended.number)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_ROUNDS)
def remind(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """Ask first, naming who would be written to; then remind those who have not voted on everything."""
    current = _round_or_404(access.question, number)
    status, refusal = 200, ""
    if request.method == "POST":
        try:
            reminders.remind(voting_round=current, by=access.user)
        except Refused as error:
            status, refusal = 409, str(error)
        else:
            messages.success(request, "The reminder is on its way.")
            return redirect("round", *access.slugs, number)
    context = {
        "summary": _summary(access.question, number),
        "unfinished": [str(member) for member in reminders.unfinished(current)],
        "not_before": reminders.not_before(current),
        "letters": letters(current),
        "refusal": refusal,
    }
    return render(request, "etd/rounds/remind.html", page(access) | context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.END_ROUNDS)
def close_round(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """Ask first, saying what happens and who has votes left; then close it for good."""
    current = _round_or_404(access.question, number)
    if request.method == "POST":
        closed, told = reminders.close_and_tell(voting_round=current, by=access.user)
        messages.success(request, f"Round {closed.number} is closed.")
        if told:
            messages.success(request, "The panel gets an e-mail that the results are there.")
        return redirect("round", *access.slugs, closed.number)
    standing = [one for one in ballot_progress(access.question, current, access.user) if not one.is_voided]
    context = {
        "summary": _summary(access.question, number),
        "n_standing": len(standing),
        "unfinished": [one for one in standing if one.n_voted < one.n_items],
        "tally_words": TALLY_WORDS[current.tally_display],
    }
    return render(request, "etd/rounds/close.html", page(access) | context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.END_ROUNDS)
def void_ballot(request: HttpRequest, access: Access, number: int) -> HttpResponse:
    """Take a ballot out of the open round, with a reason; the form names what is lost."""
    current = _round_or_404(access.question, number)
    ballots = ballot_progress(access.question, current, access.user)
    form = VoidForm(ballots, request.POST or None, initial={"ballot": request.GET.get("ballot", "")})
    if request.method == "POST":
        form = VoidForm(ballots, request.POST)
    status, refusal = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                voided = actions.void_ballot(
                    ballot=current.ballots.get(pk=form.cleaned_data["ballot"]),
                    reason=form.cleaned_data["reason"],
                    by=access.user,
                )
            except Refused as error:
                status, refusal = 409, str(error)
            else:
                messages.success(request, f"The ballot of {voided.member} does not count in this round.")
                return redirect("round", *access.slugs, number)
    context = {"form": form, "refusal": refusal, "summary": _summary(access.question, number)}
    return render(request, "etd/rounds/void.html", page(access) | context, status=status)


@require_safe
@requires(Permission.VIEW)
def receipt(request: HttpRequest, access: Access) -> HttpResponse:
    """Does a vote with this receipt stand in the trail, and was it counted? Never whose it is."""
    form = ReceiptForm(request.GET if "code" in request.GET else None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        found = check_receipt(access.question, form.cleaned_data["code"])
        context["found"] = found
        if found.round_number is not None:
            voted = _round_or_404(access.question, found.round_number)
            context["item"] = item_name(voted.framework, found.item_key)
    return render(request, "etd/rounds/receipt.html", page(access) | context)


@require_POST
@requires(Permission.DISCUSS)
def add_note(request: HttpRequest, access: Access, number: int, item: str) -> HttpResponse:
    """Say something about what the round found on one item."""
    current = _round_or_404(access.question, number)
    if item not in current.item_keys:
        raise Http404
    form = NoteForm(request.POST, auto_id=f"id_{item}_%s")
    unsaved: dict[str, Any] = {"note_item": item, "unsaved_note": form}
    if not form.is_valid():
        return _round_page(request, access, current, status=422, **unsaved)
    try:
        notes.add_discussion_note(
            voting_round=current,
            item_key=item,
            text=form.cleaned_data["text"],
            by=access.user,
            op=form.cleaned_data["op"],
        )
    except Refused as error:
        return _round_page(request, access, current, status=409, refusal=str(error), **unsaved)
    return redirect(f"{reverse('round', args=[*access.slugs, number])}#discussion-{item}")


def _round_page(
    request: HttpRequest, access: Access, current: VotingRound, *, status: int = 200, **more: Any
) -> HttpResponse:
    held = rounds_with_votes(access.question, access.user)
    here = next(one for one in held if one.stored == current)
    found = laid_out(held, here)
    framework = here.stored.framework
    ballot = own_ballot(current, access.user)
    mine = own_votes(here)
    context: dict[str, Any] = {
        "summary": _summary(access.question, current.number),
        "current": current,
        "results": found[0] if found else None,
        "tallies": _with_notes(access, found[1]) if found else (),
        "items": [
            {
                "name": item_name(framework, key),
                "vote": mine.get(key),
                "labels": option_labels(framework, key, mine[key].option_keys if key in mine else ()),
            }
            for key in current.item_keys
        ],
        "ballot": ballot,
        "votes_here": bool(ballot and ballot.voided_at is None and access.may(Permission.VOTE)),
        "n_mine": sum(vote.is_cast for vote in mine.values()),
        "progress": ballot_progress(access.question, current, access.user),
        "letters": letters(current) if access.may(Permission.MANAGE_ROUNDS) else None,
        "may_discuss": may_discuss(access.question, access.user),
        "tally_words": TALLY_WORDS[current.tally_display],
        "is_last": last_over(held) is here and all(one.is_over for one in held),
        "zone": zone_words(),
    }
    context["next_item"] = next(
        (item["name"] for item in context["items"] if not (item["vote"] and item["vote"].is_cast)), None
    )
    context.setdefault("extend_form", ExtendForm())
    frame = page(access)
    if current.closed_at is not None:
        moved = votes_on_other_evidence(access.question, frame["etd"])
        context["moved"] = next((one for one in moved if one.round_number == current.number), None)
    return render(request, "etd/rounds/round.html", frame | context | more, status=status)


def _with_notes(access: Access, tallies: tuple[ItemTally, ...]) -> list[dict[str, Any]]:
    said = discussion(access.question, access.user)
    return [
        {
            "tally": tally,
            "notes": said.get(tally.result.key, ()),
            "form": NoteForm(auto_id=f"id_{tally.result.key}_%s"),
        }
        for tally in tallies
    ]


def _summary(question: Question, number: int) -> Any:
    return next(one for one in rounds_of(question) if one.number == number)


def _round_or_404(question: Question, number: int) -> VotingRound:
    found = find_round(question, number)
    if found is None:
        raise Http404
    return found
