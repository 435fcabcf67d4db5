"""Icon arrays: as many icons as the words say, in their places, drawn without inline style."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.absolute import AbsoluteEffect, absolute_effect, people_per
from etd.domain.icon_array import IconArray, icon_array

SVG = "{http://www.w3.org/2000/svg}"
SURVIVAL = absolute_effect("OR", 1.17, 0.97, 1.42, comparator_risk=Fraction(385, 931))
DEATH = absolute_effect("HR", 0.74, 0.55, 0.99, comparator_risk=0.5)


def array(
    effect: AbsoluteEffect, *, per: int = 100, better: str = "lower", outcome: str = "Death"
) -> IconArray:
    return icon_array(effect, outcome=outcome, intervention="the device", better=better, per=per)


def counts(there: IconArray) -> dict[str, int]:
    return {group.kind: group.count for group in there.groups}


@pytest.mark.parametrize(
    ("effect", "per", "expected"),
    [
        (SURVIVAL, 100, {"event": 41, "more": 4, "none": 55}),
        (SURVIVAL, 1_000, {"event": 414, "more": 39, "none": 547}),
        (DEATH, 100, {"event": 40, "fewer": 10, "none": 50}),
        (DEATH, 1_000, {"event": 401, "fewer": 99, "none": 500}),
        (absolute_effect("RR", 1, 0.5, 2, comparator_risk=0.25), 100, {"event": 25, "none": 75}),
        (absolute_effect("RD", 1, 1, 1, comparator_risk=0), 100, {"more": 100}),
        (absolute_effect("RD", -1, -1, -1, comparator_risk=1), 100, {"fewer": 100}),
        # 995.5 and 4.5 round to 996 and 5: one person too many
        (absolute_effect("RD", 0.0045, 0, 0.01, comparator_risk=0.9955), 1_000, {"event": 996, "more": 4}),
    ],
)
def test_one_icon_a_person(effect: AbsoluteEffect, per: int, expected: dict[str, int]) -> None:
    assert counts(array(effect, per=per)) == expected


def test_the_layout() -> None:
    small, large = array(SURVIVAL), array(SURVIVAL, per=1_000)
    assert (small.width, small.height) == ("100", "100")
    assert (large.width, large.height) == ("400", "250")
    event, more, none = small.groups
    assert event.centres[:2] == (("5", "5"), ("15", "5"))
    assert (event.centres[10], more.centres[0], none.centres[-1]) == (("5", "15"), ("15", "45"), ("95", "95"))
    assert [group.label for group in small.groups] == [
        "with and without",
        "only with the device",
        "neither with nor without",
    ]
    assert array(DEATH).groups[1].label == "only without the device"


def test_the_words() -> None:
    assert array(DEATH, per=1_000).text == (
        "Death: of 1,000 people, 500 without the device and 401 with the device, 99 fewer per 1,000 (from 183 fewer to "
        "3 fewer)."
    )
    assert array(SURVIVAL, per=1_000, outcome="Survival").text == (
        "Survival: of 1,000 people, 414 without the device and 452 with the device, 39 more per 1,000 (from 7 fewer to "
        "87 more); each number is rounded by itself."
    )


@pytest.mark.parametrize(
    ("effect", "better", "tone"),
    [
        (SURVIVAL, "higher", "benefit"),
        (SURVIVAL, "lower", "harm"),
        (DEATH, "lower", "benefit"),
        (DEATH, "higher", "harm"),
        (absolute_effect("RR", 1, 0.5, 2, comparator_risk=0.25), "lower", ""),
    ],
)
def test_the_tone_comes_from_the_polarity(effect: AbsoluteEffect, better: str, tone: str) -> None:
    assert array(effect, better=better).tone == tone


def test_other_numbers_of_people_are_refused() -> None:
    with pytest.raises(ValueError, match="100 or 1,000 people, not 10,000"):
        array(DEATH, per=10_000)


@given(st.floats(0, 1), st.floats(0.01, 100), st.sampled_from([100, 1_000]))
def test_every_person_has_one_place(risk: float, ratio: float, per: int) -> None:
    effect = absolute_effect("OR", ratio, ratio, ratio, comparator_risk=risk)
    there = array(effect, per=per)
    places = [centre for group in there.groups for centre in group.centres]
    assert len(places) == len(set(places)) == per
    assert all(re.fullmatch(r"\d+", x) and int(x) < int(there.width) for x, _ in places)
    assert all(int(y) < int(there.height) for _, y in places)
    drawn = counts(there)
    assert drawn.get("event", 0) + drawn.get("fewer", 0) == people_per(effect.comparator_risk, per)
    change = drawn.get("more", 0) - drawn.get("fewer", 0)
    assert change in (printed := people_per(effect.difference.estimate, per), printed - 1)


@pytest.mark.parametrize(("effect", "kind"), [(SURVIVAL, "more"), (DEATH, "fewer")])
def test_the_drawing(effect: AbsoluteEffect, kind: str) -> None:
    there = array(effect, outcome="Death <30 days>")
    text = render_to_string("_components/icon_array.svg", {"array": there})
    assert "style" not in text
    svg = ElementTree.fromstring(text)  # noqa: S314 -- our own drawing
    assert svg.attrib["class"] == f"icon-array icon-array-{there.tone}"
    title = svg.find(f"{SVG}title")
    assert title is not None
    assert title.text == there.text
    groups = svg.findall(f"{SVG}g")
    assert [group.attrib["class"] for group in groups] == ["icon-event", f"icon-{kind}", "icon-none"]
    assert [len(group) for group in groups] == [group.count for group in there.groups]
    assert groups[1][0].attrib["cx"] == there.groups[1].centres[0][0]
