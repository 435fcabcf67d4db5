"""The meeting view: one thing at a time on a projector, in the order of disagreement, with no names on it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etd.permissions import Access, Permission, requires
from etd.selectors import EtdView, JudgementView, may_discuss
from etd.selectors.rounds import ItemTally, item_names, item_tallies, last_over, open_round_of
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
    current = open_round_of(access.question)
    last = last_over(access.question)
    being_voted = set(current.item_keys) if current is not None and current != last else set()
    tallies: dict[str, ItemTally] = {}
    for key in names:
        over = last_over(access.question, key)
        if over is None or key in being_voted:
            continue
        laid_out = item_tallies(access.question, over, access.user)
        found = next((one for one in laid_out[1] if one.result.key == key), None) if laid_out else None
        if found:
            tallies[key] = found
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
