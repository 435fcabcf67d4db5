"""A guideline's own framework and the move of a question, as people do it in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from etd.frameworks import offered_frameworks
from etd.models import CriterionAssessment, KeptPart, OwnFramework, Question, User
from tests import factories as f
from tests.unit.etd.worlds import CRITERIA, PLAIN, Panel, panel_of

BASE = f"{f.FRAMEWORK.key}:{f.FRAMEWORK.version}"


@pytest.fixture
def panel(db: None) -> Panel:
    return panel_of()


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


def edit_page(panel: Panel, base: str = BASE) -> str:
    return reverse("edit_own_framework", args=[panel.guideline.slug, base])


def filled(response: Any, **changes: str | None) -> dict[str, str]:
    """What a browser would send from this page; a value of None takes a ticked box away."""
    forms = [response.context["form"], *response.context["formset"]]
    data = {"own-TOTAL_FORMS": str(len(forms) - 1), "own-INITIAL_FORMS": "0"}
    for form in forms:
        for field in form:
            value = field.value()
            if value is True:
                data[field.html_name] = "on"
            elif value not in (None, False):
                data[field.html_name] = str(value)
    data |= {name: value for name, value in changes.items() if value is not None}
    return {name: value for name, value in data.items() if changes.get(name, "") is not None}


class TestOwnFramework:
    def test_a_chair_hides_rewords_and_adds_and_makes_the_next_version(
        self, panel: Panel, signed_in: Callable[[User], Client]
    ) -> None:
        client = signed_in(panel.chair)
        hidden, reworded = CRITERIA[0], CRITERIA[1]
        sent = filled(
            client.get(edit_page(panel)),
            **{
                "title": "Short form",
                f"hide/criterion/{hidden.key}": "on",
                f"words/criterion/{reworded.key}/heading": "Benefits",
                "own-0-heading": "Planet",
                "own-0-prompt": "How large is the footprint?",
                "own-0-scale": "Large\r\n\r\nSmall",
                "own-0-unsure": "Varies",
                "own-0-after": reworded.key,
            },
        )
        response = client.post(edit_page(panel), sent, follow=True)
        made = OwnFramework.objects.get()
        headings = [criterion.heading for criterion in made.framework.criteria]
        assert headings[:2] == ["Benefits", "Planet"]
        assert len(headings) == len(CRITERIA)
        page = response.content.decode()
        assert "Short form" in page
        assert "1 part left out, 1 criterion added, 1 label in other words" in page
        again = client.get(edit_page(panel, "own:1"))
        assert again.context["form"][f"words/criterion/{reworded.key}/heading"].value() == "Benefits"
        client.post(edit_page(panel, "own:1"), filled(again, **{f"hide/criterion/{hidden.key}": None}))
        assert [c.heading for c in OwnFramework.objects.get(version=2).framework.criteria][:3] == [
            hidden.heading,
            "Benefits",
            "Planet",
        ]
        made.refresh_from_db()
        assert made.version == 1

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({f"words/criterion/{PLAIN.key}/heading": ""}, "This field is required"),
            (
                {"own-0-heading": "Planet", "own-0-prompt": "Q?", "own-0-scale": "One"},
                "The scale needs 2 to 5 options, not 1.",
            ),
            ({"own-0-prompt": "Q?"}, "This criterion has no heading"),
            (
                {
                    "own-0-heading": "Planet",
                    "own-0-prompt": "Q?",
                    "own-0-scale": "A\nB",
                    "own-0-unsure": "a\nb\nc",
                },
                "At most 2 options stand beside the scale, not 3.",
            ),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost_or_stored(
        self,
        panel: Panel,
        signed_in: Callable[[User], Client],
        changes: dict[str, str],
        words: str,
    ) -> None:
        client = signed_in(panel.chair)
        sent = filled(client.get(edit_page(panel)), title="A name of our own", **changes)
        response = client.post(edit_page(panel), sent)
        page = response.content.decode()
        assert (response.status_code, OwnFramework.objects.count()) == (422, 0)
        assert words in page
        assert "A name of our own" in page
        for text in changes.values():
            assert text.partition("\n")[0] in page

    def test_what_makes_no_framework_is_refused_with_everything_typed(
        self, panel: Panel, signed_in: Callable[[User], Client]
    ) -> None:
        client = signed_in(panel.chair)
        everything = {f"hide/criterion/{criterion.key}": "on" for criterion in CRITERIA}
        response = client.post(
            edit_page(panel), filled(client.get(edit_page(panel)), title="Empty", **everything)
        )
        page = response.content.decode()
        assert (response.status_code, OwnFramework.objects.count()) == (409, 0)
        assert "All criteria are hidden" in page
        assert page.count("checked") == len(CRITERIA)

    @pytest.mark.parametrize("base", ["own:1", "own:x", "price:1", f.FRAMEWORK.key, f"{f.FRAMEWORK.key}:99"])
    def test_from_nothing_there_is_nothing_to_make(
        self, panel: Panel, signed_in: Callable[[User], Client], base: str
    ) -> None:
        f.own_framework(version=1)
        assert signed_in(panel.chair).get(edit_page(panel, base)).status_code == 404
        assert OwnFramework.objects.filter(guideline=panel.guideline).count() == 0

    def test_a_framework_of_another_field_is_not_called_grade_s(
        self, panel: Panel, signed_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        foreign = replace(f.FRAMEWORK, key="city_transport", title="City transport decision")
        monkeypatch.setattr("etd.selectors.frameworks.offered_frameworks", lambda: (foreign,))
        page = signed_in(panel.chair).get(reverse("own_frameworks", args=[panel.guideline.slug]))
        assert "City transport decision" in page.content.decode()
        assert "GRADE" not in page.content.decode().split("<main", 1)[1]


class TestNewQuestion:
    def test_a_question_begins_with_the_guideline_s_own_framework(
        self, panel: Panel, signed_in: Callable[[User], Client]
    ) -> None:
        own = f.own_framework(guideline=panel.guideline, version=2, title="Short form")
        f.own_framework(guideline=panel.guideline, version=1, title="Older form")
        client = signed_in(panel.chair)
        address = reverse("new_question", args=[panel.guideline.slug])
        page = client.get(address).content.decode()
        assert "Short form, version 2" in page
        assert "Older form" not in page
        client.post(
            address,
            {
                "title": "Cooling?",
                "slug": "cooling",
                "framework": "own:2",
                "intervention_label": "cooling",
                "comparison_label": "none",
            },
        )
        question = Question.objects.get(slug="cooling")
        assert question.own_framework == own
        assert set(CriterionAssessment.objects.values_list("criterion_key", flat=True)) == {
            criterion.key for criterion in own.framework.criteria
        }


class TestMove:
    def test_the_page_says_where_everything_goes_and_moves_it(
        self, panel: Panel, signed_in: Callable[[User], Client]
    ) -> None:
        question = panel.question()
        target, gone = next(
            (one, criterion.key)
            for one in offered_frameworks()
            for criterion in CRITERIA
            if criterion.key not in {c.key for c in one.criteria}
        )
        CriterionAssessment.objects.filter(question=question, criterion_key=gone).update(
            research_evidence="Two trials."
        )
        client = signed_in(panel.methodologist)
        chooser = reverse("question_framework", args=[panel.guideline.slug, question.slug])
        assert target.title in client.get(chooser).content.decode()
        address = reverse(
            "move_question", args=[panel.guideline.slug, question.slug, f"{target.key}:{target.version}"]
        )
        page = client.get(address)
        assert "Kept aside, in words" in page.content.decode()
        form = page.context["form"]
        sent = {field.html_name: str(field.value() or "") for field in form}
        response = client.post(address, sent, follow=True)
        question = Question.objects.get(pk=question.pk)
        assert (question.framework_key, question.framework_version) == (target.key, target.version)
        assert KeptPart.objects.get().text == "Two trials."
        assert target.title in response.content.decode()
        kept = client.get(chooser).content.decode()
        assert "Two trials." in kept
        assert f.FRAMEWORK.title in kept

    def test_a_question_that_the_panel_agreed_on_stays(
        self, panel: Panel, signed_in: Callable[[User], Client]
    ) -> None:
        question = panel.question(status="in_review")
        target = next(one for one in offered_frameworks() if one.key != question.framework_key)
        address = reverse(
            "move_question", args=[panel.guideline.slug, question.slug, f"{target.key}:{target.version}"]
        )
        client = signed_in(panel.chair)
        sent = {field.html_name: str(field.value() or "") for field in client.get(address).context["form"]}
        response = client.post(address, sent)
        assert response.status_code == 409
        assert "closed to changes" in response.content.decode()
        chooser = reverse("question_framework", args=[panel.guideline.slug, question.slug])
        assert "only while the question and its evidence are open" in client.get(chooser).content.decode()
