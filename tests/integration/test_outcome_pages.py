"""The pages of outcomes: who may open and send what, what is refused at which field, what is kept."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from etd.actions import outcomes as actions
from etd.domain.comparator_risk import risks_revision
from etd.models import (
    AuditEvent,
    ComparatorRisk,
    DecisionThresholds,
    ImportanceRating,
    Outcome,
    Question,
    User,
)
from tests import factories
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor, get_question

EDITORS = {"chair", "methodologist"}
OPEN = {"GET"}
BOTH = {"GET", "POST"}
SEND = {"POST"}
# Name: the verbs it takes, and the status of an empty form from somebody who may send it.
PAGES: dict[str, tuple[set[str], int]] = {
    "outcome": (OPEN, 0),
    "edit_outcome": (BOTH, 422),
    "move_outcome": (SEND, 422),
    "remove_outcome": (BOTH, 409),
    "edit_thresholds": (BOTH, 422),
    "lock_thresholds": (SEND, 422),
    "edit_risks": (BOTH, 422),
}


def text(answer: Any) -> str:
    """What a person reads: no tags, one space between words."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())))


def first() -> Outcome:
    """An outcome of the demo question that has reported rows."""
    found = Outcome.objects.filter(question=get_question(), rows__isnull=False).order_by("position").first()
    assert found is not None
    return found


def url(
    name: str, *more: Any, outcome: Outcome | None = None, question: str = "mcs-after-rosc-update"
) -> str:
    return reverse(name, args=["ilcor-als", question, *([outcome.pk] if outcome else []), *more])


def address(name: str, outcome: Outcome) -> str:
    row = outcome.rows.first()
    assert row is not None
    return url(name, *([row.population_id] if name == "edit_risks" else []), outcome=outcome)


@pytest.mark.parametrize("name", PAGES)
def test_each_role_is_let_in_or_refused(name: str, client_for: ClientFor) -> None:
    outcome, (verbs, empty) = first(), PAGES[name]
    for actor in MEMBERS:
        client = client_for(actor)
        for verb in ("GET", "POST", "PUT"):
            allowed = name == "outcome" or actor in EDITORS
            expected = 405 if verb not in verbs else 403 if not allowed else 200 if verb == "GET" else empty
            assert client.generic(verb, address(name, outcome)).status_code == expected, (actor, verb)
    for actor in STRANGERS:
        assert client_for(actor).generic(min(verbs), address(name, outcome)).status_code == 404, actor
    assert client_for("anonymous").generic(min(verbs), address(name, outcome)).status_code in {302, 403}


@pytest.mark.parametrize("name", PAGES)
def test_an_outcome_of_another_question_is_not_found(name: str, client_for: ClientFor) -> None:
    other = get_question("mcs-after-rosc").outcomes.first()
    assert other is not None
    verb = min(PAGES[name][0])
    values = {"position": 1, "revision": 1}
    answer = client_for("methodologist").generic(verb, address(name, other))
    assert answer.status_code in {404, 422}
    if verb == "POST":
        assert client_for("methodologist").post(address(name, other), values).status_code == 404


class TestTheList:
    def test_it_says_what_is_known_of_each_outcome(self, client_for: ClientFor) -> None:
        outcome = first()
        Outcome.objects.filter(pk=outcome.pk).update(
            importance="critical", measured_with="CPC 1 or 2", certainty="low"
        )
        factories.decision_thresholds(outcome=outcome)
        row = outcome.rows.get(n_comparison=931)
        factories.comparator_risk(outcome=outcome, population=row.population)
        page = text(client_for("observer").get(url("outcomes")))
        for words in (
            outcome.name,
            "Higher is better · CPC 1 or 2",
            "Critical",
            "⊕⊕◯◯ Low",
            "5, 20 and 50 per 1,000 Not locked",
            "as in the studies 414 per 1,000",
        ):
            assert words in page
        assert "Add an outcome" not in page

    def test_its_queries_do_not_grow(self, client_for: ClientFor) -> None:
        client, question = client_for("chair"), get_question()
        numbers: list[int] = []
        for wanted in (1, 12):
            for i in range(wanted - len(numbers)):
                outcome = factories.outcome(question=question, name=f"{wanted} {i}", position=50 + i)
                factories.importance_rating(outcome=outcome)
                factories.decision_thresholds(outcome=outcome)
                factories.comparator_risk(outcome=outcome, population=factories.population(question=question))
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(url("outcomes"))
            assert text(answer).count("7, 1 rater") == wanted
            numbers.append(len(queries))
        assert numbers[0] == numbers[1] > 0

    def test_an_outcome_moves_up_by_its_button(self, client_for: ClientFor) -> None:
        client, question = client_for("methodologist"), get_question()
        added = factories.outcome(question=question, name="Stroke", position=99)
        answer = client.post(url("move_outcome", outcome=added), {"position": 1})
        assert answer["Location"] == f"{url('outcomes')}#outcome-{added.pk}"
        assert question.outcomes.order_by("position").first() == added
        assert "moved the outcome “Stroke”" in text(client.get(url("history")))


class TestOneOutcome:
    def test_an_outcome_is_added_edited_and_removed(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        values = {
            "revision": 0,
            "name": "Stroke",
            "timepoint": "90 days",
            "better": "lower",
            "measured_with": "CT",
        }
        answer = client.post(url("add_outcome"), values)
        added = Outcome.objects.get(name="Stroke")
        assert answer["Location"] == url("outcome", outcome=added)
        assert (added.better, added.measured_with, added.importance) == ("lower", "CT", "")
        client.post(url("edit_outcome", outcome=added), values | {"revision": 1, "importance": "important"})
        added.refresh_from_db()
        assert added.importance == "important"
        factories.importance_rating(outcome=added)
        asked = text(client.get(url("remove_outcome", outcome=added)))
        assert "Lost with it: its name and time point, 1 rating of its importance." in asked
        client.post(url("remove_outcome", outcome=added))
        assert not Outcome.objects.filter(name="Stroke").exists()

    def test_a_name_that_is_there_is_refused_and_stays_in_the_form(self, client_for: ClientFor) -> None:
        known = first()
        values = {"revision": 0, "name": known.name, "timepoint": known.timepoint, "better": "higher"}
        answer = client_for("chair").post(url("add_outcome"), values | {"measured_with": "my words"})
        assert answer.status_code == 409
        assert f"There is already an outcome “{known}”" in text(answer)
        assert 'value="my words"' in answer.content.decode()

    def test_an_outcome_with_results_is_not_removed(self, client_for: ClientFor) -> None:
        outcome = first()
        answer = client_for("methodologist").post(url("remove_outcome", outcome=outcome))
        assert answer.status_code == 409
        assert "cannot be removed: outcome rows belong to it" in text(answer)
        assert Outcome.objects.filter(pk=outcome.pk).exists()

    def test_a_stale_edit_shows_both_texts_and_the_person_chooses(self, client_for: ClientFor) -> None:
        outcome, client = first(), client_for("methodologist")
        actions.edit_outcome(
            outcome=outcome,
            values={"name": "Theirs", "importance": "limited"},
            revision=outcome.revision,
            by=User.objects.get(email="chair@example.org"),
        )
        mine = {
            "revision": outcome.revision,
            "name": "Mine",
            "timepoint": outcome.timepoint,
            "better": outcome.better,
        }
        answer = client.post(url("edit_outcome", outcome=outcome), mine)
        page = text(answer)
        assert answer.status_code == 409
        assert "Outcome Theirs" in page
        assert "Importance Of limited importance" in page
        assert ">\nMine</textarea>" in answer.content.decode()
        assert (
            client.post(
                url("edit_outcome", outcome=outcome), mine | {"over": outcome.revision + 1}
            ).status_code
            == 302
        )
        assert Outcome.objects.get(pk=outcome.pk).name == "Mine"


class TestRatings:
    def test_a_member_rates_all_at_once_and_changes_one(self, client_for: ClientFor) -> None:
        client, outcomes = client_for("panel member"), list(get_question().outcomes.order_by("position"))
        before = text(client.get(url("rate_importance")))
        assert "median" not in before
        answer = client.post(url("rate_importance"), {f"outcome-{one.pk}": "8" for one in outcomes})
        assert answer["Location"] == url("rate_importance")
        page = text(client.get(url("rate_importance")))
        assert page.count("8, 1 rater") == len(outcomes)
        one = outcomes[0]
        answer = client.post(
            url("rate_importance"), {f"outcome-{one.pk}": "5", "only": one.pk}, headers={"HX-Request": "true"}
        )
        assert "Saved. You can change it." in text(answer)
        assert "5, 1 rater" in text(answer)
        stored = dict(ImportanceRating.objects.values_list("outcome", "rating"))
        assert stored == {two.pk: 8 for two in outcomes} | {one.pk: 5}

    def test_saving_one_leaves_what_else_is_chosen_on_the_page(self, client_for: ClientFor) -> None:
        client, outcomes = client_for("panel member"), list(get_question().outcomes.order_by("position"))
        one, other = outcomes[0], outcomes[1]
        values = {f"outcome-{one.pk}": "5", f"outcome-{other.pk}": "2", "only": one.pk}
        answer = client.post(url("rate_importance"), values)
        assert list(ImportanceRating.objects.values_list("outcome", "rating")) == [(one.pk, 5)]
        assert re.search(rf'name="outcome-{other.pk}" value="2"[^>]* checked', answer.content.decode())

    def test_the_ratings_of_others_are_shown_after_ones_own_and_never_a_name(
        self, client_for: ClientFor
    ) -> None:
        outcome = first()
        factories.importance_rating(outcome=outcome, rating=3, rated_by=factories.user(name="Rita Rater"))
        client = client_for("panel member")
        hidden = text(client.get(url("outcome", outcome=outcome)))
        assert "shown once you have rated it yourself" in hidden
        assert "3, 1 rater" not in hidden
        assert "3, 1 rater" not in text(client_for("observer").get(url("outcome", outcome=outcome)))
        client.post(url("rate_importance"), {f"outcome-{outcome.pk}": "9"})
        for page in (
            url("outcome", outcome=outcome),
            url("outcomes"),
            url("rate_importance"),
            url("history"),
        ):
            assert "Rita Rater" not in text(client.get(page))
        shown = text(client.get(url("outcome", outcome=outcome)))
        assert "6 (4.5 to 7.5), 2 raters" in shown
        assert "The median of 6 proposes: important." in shown
        assert "Your rating: 9" in shown

    def test_a_number_outside_the_scale_is_refused_at_its_outcome(self, client_for: ClientFor) -> None:
        outcome = first()
        answer = client_for("panel member").post(url("rate_importance"), {f"outcome-{outcome.pk}": "10"})
        assert answer.status_code == 422
        assert "Choose a number from 1 to 9." in text(answer)
        assert not ImportanceRating.objects.exists()

    def test_a_refusal_is_said_beside_the_rating_alone(self, client_for: ClientFor) -> None:
        outcome, client = first(), client_for("panel member")
        Question.objects.filter(pk=outcome.question_id).update(status="in_review")
        sent = {f"outcome-{outcome.pk}": "9", "only": outcome.pk}
        answer = client.post(url("rate_importance"), sent, headers={"HX-Request": "true"})
        assert answer.status_code == 409
        assert text(answer).strip().startswith("Not saved. Now closed to changes: the panel's judgements.")
        assert "<html" not in answer.content.decode()
        assert client.post(url("rate_importance"), sent).status_code == 409
        assert not ImportanceRating.objects.exists()

    def test_on_the_page_of_rating_whoever_manages_rates_before_they_look(
        self, client_for: ClientFor
    ) -> None:
        factories.importance_rating(outcome=first(), rating=3)
        client = client_for("methodologist")
        assert "3, 1 rater" in text(client.get(url("outcomes")))
        page = text(client.get(url("rate_importance")))
        assert "3, 1 rater" not in page
        assert "shown once you have rated this outcome" in page


class TestThresholds:
    def test_out_of_order_both_numbers_are_named_and_all_that_was_typed_stays(
        self, client_for: ClientFor
    ) -> None:
        values = {"revision": 0, "small": "20", "moderate": "5", "large": "fifty", "rationale": "My reasons"}
        answer = client_for("methodologist").post(url("edit_thresholds", outcome=first()), values)
        page, raw = text(answer), answer.content.decode()
        assert answer.status_code == 422
        assert "The moderate threshold, 5, must be larger than the small one, 20." in page
        assert "Write a number, with a point before its decimals" in page
        for kept in ('value="20"', 'value="5"', 'value="fifty"', "My reasons"):
            assert kept in raw
        assert not DecisionThresholds.objects.exists()

    def test_thresholds_are_locked_and_a_later_change_says_why(self, client_for: ClientFor) -> None:
        client, outcome = client_for("methodologist"), first()
        values = {"revision": 0, "small": "5", "moderate": "20", "large": "50"}
        client.post(url("edit_thresholds", outcome=outcome), values)
        client.post(url("lock_thresholds", outcome=outcome), {"revision": 1})
        page = text(client.get(url("outcome", outcome=outcome)))
        assert "Locked after results of this outcome were stored here" in page
        changed = values | {"revision": 2, "small": "4"}
        answer = client.post(url("edit_thresholds", outcome=outcome), changed)
        assert answer.status_code == 422
        assert "locked: please say why they change" in text(answer)
        client.post(url("edit_thresholds", outcome=outcome), changed | {"reason": "A slip."})
        page = text(client_for("observer").get(url("outcome", outcome=outcome)))
        assert "5/20/50 → 4/20/50 per 1,000, because: A slip." in page
        assert f"of “{outcome}”: 4, 20 and 50 per 1,000, because: A slip." in text(client.get(url("history")))

    def test_what_somebody_else_changed_is_not_locked_unseen(self, client_for: ClientFor) -> None:
        outcome = first()
        factories.decision_thresholds(outcome=outcome, revision=3)
        client = client_for("chair")
        client.post(url("lock_thresholds", outcome=outcome), {"revision": 2})
        assert DecisionThresholds.objects.get().locked_at is None
        assert "somebody else has changed the thresholds" in text(client.get(url("outcome", outcome=outcome)))


class TestRisks:
    def values(self, **more: str) -> dict[str, Any]:
        return (
            {"revision": risks_revision([])}
            | {f"{level}-unit": "per_1000" for level in ("low", "moderate", "high")}
            | {name.replace("_", "-", 1): value for name, value in more.items()}
        )

    def test_percent_and_per_1000_are_stored_as_a_proportion(self, client_for: ClientFor) -> None:
        client, target = client_for("methodologist"), address("edit_risks", first())
        sent = self.values(
            studies_source="pooled",
            low_source="external",
            low_risk="41.4",
            low_unit="percent",
            low_citation="Registry 2024",
            high_source="external",
            high_risk="520.5",
            high_citation="Cohort 2023",
        )
        assert client.post(target, sent).status_code == 302
        stored = {one.level: (one.source, one.risk, one.citation) for one in ComparatorRisk.objects.all()}
        assert stored == {
            "studies": ("pooled", None, ""),
            "low": ("external", Decimal("0.414"), "Registry 2024"),
            "high": ("external", Decimal("0.5205"), "Cohort 2023"),
        }
        again = client.get(target).content.decode()
        assert 'value="414"' in again
        assert 'value="520.5"' in again

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            (
                {"low_risk": "1001"},
                "A risk of 1001 per 1,000 cannot be: it lies between 0 and 1,000 per 1,000.",
            ),
            (
                {"low_risk": "101", "low_unit": "percent"},
                "A risk of 101 percent cannot be: it lies between 0 and 100",
            ),
            ({"low_risk": "-1"}, "A risk of −1 per 1,000 cannot be"),
            ({"low_risk": "41,4"}, "Write a number, with a point before its decimals"),
            ({"low_risk": "NaN"}, "Write a number"),
            ({}, "How large is the external risk?"),
            ({"low_risk": "100", "low_citation": " "}, "Say where the external risk was read."),
            ({"low_risk": "100", "low_source": ""}, "A number or a citation is typed here"),
            (
                {
                    "low_risk": "600",
                    "high_source": "external",
                    "high_risk": "52",
                    "high_unit": "percent",
                    "high_citation": "C",
                },
                "The high risk, 520 per 1,000, must be larger than the low risk, 600 per 1,000.",
            ),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field_and_stays(
        self, sent: dict[str, str], message: str, client_for: ClientFor
    ) -> None:
        values = self.values(**({"low_source": "external", "low_citation": "Registry 2024"} | sent))
        answer = client_for("methodologist").post(address("edit_risks", first()), values)
        assert answer.status_code == 422
        assert message in text(answer)
        if "low_risk" in sent:
            assert f'value="{sent["low_risk"]}"' in answer.content.decode()
        assert not ComparatorRisk.objects.exists()

    def test_a_risk_that_the_risk_ratio_makes_impossible_is_refused_at_its_field(
        self, client_for: ClientFor
    ) -> None:
        outcome = first()
        outcome.rows.filter(population=outcome.rows.all()[0].population).update(
            measure="RR", estimate=2.44, ci_low=1.5, ci_high=3.95
        )
        sent = self.values(high_source="external", high_risk="600", high_citation="Registry 2024")
        answer = client_for("methodologist").post(address("edit_risks", outcome), sent)
        assert answer.status_code == 422
        (said,) = answer.context["form"].errors["high-risk"]
        assert said.startswith("With the RR of 2.44 a risk of 600 per 1,000 would become 1,464 per 1,000")
        assert 'value="600"' in answer.content.decode()
        assert not ComparatorRisk.objects.exists()

    def test_a_stale_choice_shows_what_is_stored_now(self, client_for: ClientFor) -> None:
        outcome, client = first(), client_for("methodologist")
        row = outcome.rows.first()
        assert row is not None
        factories.comparator_risk(
            outcome=outcome,
            population=row.population,
            level="low",
            source="external",
            risk=Decimal("0.3"),
            citation="Theirs",
        )
        answer = client.post(address("edit_risks", outcome), self.values(studies_source="pooled"))
        assert answer.status_code == 409
        assert "Low risk External cohort, 300 per 1,000, Theirs" in text(answer)
        assert ComparatorRisk.objects.get().citation == "Theirs"

    def test_a_population_without_counts_has_no_page(self, client_for: ClientFor) -> None:
        other = factories.population(question=get_question())
        answer = client_for("methodologist").get(url("edit_risks", other.pk, outcome=first()))
        assert answer.status_code == 404
        assert not AuditEvent.objects.filter(type="comparator_risks_set").exists()
