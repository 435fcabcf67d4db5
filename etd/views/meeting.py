"""The meeting view: one thing at a time on a projector, in the order of disagreement, with no names on it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView, JudgementView, may_discuss
from etd.selectors.held_rounds import last_over, rounds_with_votes
from etd.selectors.rounds import ItemTally, item_names, laid_out
from etd.views.pages import page


@require_safe
@requires(Permission.VIEW)
def meeting(request: HttpRequest, access: Access) -> HttpResponse:
    """The agenda."""
    return render(request, "etd/rounds/meeting.html", page(access) | _agenda(access))


@require_safe
@requires(Permission.VIEW)
def meeting_item(request: HttpRequest, access: Access, item: str) -> HttpResponse:
    """One thing: what is asked, what the last round found (never of an open one), the evidence on demand."""
    whole = page(access)
    etd: EtdView = whole["etd"]
    agenda = _agenda(access)
    lines = agenda["agenda"]
    places = [number for number, line in enumerate(lines) if line["name"].key == item]
    if not places:
        raise Http404
    place = places[0]
    context = agenda | {
        "line": lines[place],
        "place": place + 1,
        "criterion": etd.criterion(item),
        "recorded": () if lines[place]["is_voted_on"] else _recorded(etd, item),
        "previous": lines[place - 1]["name"] if place else None,
        "next": lines[place + 1]["name"] if place + 1 < len(lines) else None,
        "may_discuss": may_discuss(access.question, access.user),
    }
    return render(request, "etd/rounds/meeting_item.html", whole | context)


def _recorded(etd: EtdView, item: str) -> tuple[JudgementView, ...]:
    criterion = etd.criterion(item)
    if criterion is not None:
        return criterion.judgements
    return (etd.type_judgement,) if etd.type_judgement else ()


def _agenda(access: Access) -> dict[str, Any]:
    """Everything that can be voted on: by disagreement in its last round that is over, the rest after it.

    What an open round asks about stands without a tally, so that no earlier one sways those who still vote.
    """
    names = {name.key: name for name in item_names(access.question)}
    held = rounds_with_votes(access.question, access.user)
    being_voted = {key for one in held if not one.is_over for key in one.stored.item_keys}
    found = {one.number: laid_out(held, one) for one in held if one.is_over}
    tallies: dict[str, ItemTally] = {}
    for key in names.keys() - being_voted:
        last = last_over(held, key)
        results = found[last.number] if last else None
        for tally in results[1] if results else ():
            if tally.result.key == key:
                tallies[key] = tally
    ordered = sorted(names, key=lambda key: -_disagreement(tallies.get(key)))
    return {
        "agenda": [
            {"name": names[key], "tally": tallies.get(key), "is_voted_on": key in being_voted}
            for key in ordered
        ],
    }


def _disagreement(tally: ItemTally | None) -> float:
    if tally is None or tally.result.disagreement is None:
        return -1.0
    return tally.result.disagreement
