"""No question can take an address that a guideline's own pages have."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

from etd.domain.addresses import RESERVED

START = "guidelines/<slug:guideline>/"


def routes(resolver: URLResolver, before: str = "") -> list[str]:
    found = []
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        found += [route] if isinstance(one, URLPattern) else routes(one, route)
    return found


def test_every_page_of_a_guideline_is_reserved() -> None:
    own = {
        route.removeprefix(START).split("/")[0]
        for route in routes(get_resolver())
        if route.startswith(START) and not route.startswith(f"{START}<slug:question>")
    } - {""}
    assert own >= {"people", "questions", "settings"}
    assert own - RESERVED == set()
