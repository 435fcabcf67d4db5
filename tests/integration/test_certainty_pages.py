"""Rating the certainty of an outcome on its page, reading it, and what it does to tables, criteria and documents."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from etd.domain.certainty import DEGREES
from etd.enums import Importance, QuestionStatus, ValueSource
from etd.frameworks.schema import Role
from etd.models import AuditEvent, CertaintyWorksheet, Judgement, Outcome, OutcomeRow
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor, get_question
from tests.integration.test_evidence import LONGEST, confirmed, place, text, url

DOWN_TWO = {"risk_of_bias": -1, "imprecision": -1}


def outcome() -> Outcome:
    return place()[0]


def reported() -> OutcomeRow:
    chosen, population = place()
    return OutcomeRow.objects.get(outcome=chosen, population=population, source=ValueSource.REPORTED)


def typed(page: Any, row: OutcomeRow, changes: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """A filled-in worksheet as the form on `page` sends it."""
    fields = {
        "revision": page.context["form"]["revision"].value(),
        "seen": page.context["seen"],
        "row": row.pk,
        "design": "randomised",
        "action": "save",
    }
    for domain, levels in (dict.fromkeys(DEGREES, 0) | (changes or {})).items():
        fields[f"levels_{domain}"] = levels
        # The example's intervals suggest imprecision: who does not follow says why.
        needed = levels or domain == "imprecision"
        fields[f"reason_{domain}"] = f"Because of {domain}" if needed else ""
    return fields | more


def opened(client: Client, row: OutcomeRow) -> Any:
    """The page as it is when results and design have been chosen."""
    return client.post(
        url("rate_certainty", row.outcome_id),
        {"action": "preview", "row": row.pk, "design": "randomised", "revision": 0},
    )


def rate(client: Client, changes: dict[str, int] | None = None, **more: Any) -> Any:
    row = reported()
    return client.post(
        url("rate_certainty", row.outcome_id), typed(opened(client, row), row, changes, **more), follow=True
    )


# Rating


def test_a_worksheet_is_saved_and_read_with_its_sum_by_everybody(client_for: ClientFor) -> None:
    answer = rate(client_for("methodologist"), DOWN_TWO)
    assert answer.redirect_chain == [(url("certainty", outcome().pk), 302)]
    assert outcome().certainty == "low"
    for actor in MEMBERS:
        page = text(client_for(actor).get(url("certainty", outcome().pk)))
        assert "High − 1 (risk of bias) − 1 (imprecision) = Low ⊕⊕◯◯" in page
        assert "Our confidence in the effect estimate is limited" in page
        assert "Because of imprecision" in page
        assert "OR 1.17 (0.97–1.42), 14 studies" in page
    history = text(client_for("observer").get(url("history")))
    assert "High − 1 (risk of bias) − 1 (imprecision) = Low" in history


def test_what_the_data_suggest_stands_beside_each_domain_with_its_numbers(client_for: ClientFor) -> None:
    row = confirmed(LONGEST)
    page = text(opened(client_for("methodologist"), row))
    assert "prediction interval" in page
    assert "Egger's test on 13 studies" in page
    assert "The confidence interval (0.96–1.41) crosses" in page
    page = text(opened(client_for("methodologist"), reported()))
    assert "No suggestion: study-level data are not there" in page


def test_taking_over_fills_the_levels_and_nothing_else(client_for: ClientFor) -> None:
    client, row = client_for("methodologist"), reported()
    page = opened(client, row)
    suggested = next(one for one in page.context["domains"] if one.key == "imprecision")
    assert suggested.take_label
    before = AuditEvent.objects.count()
    sent = typed(
        page, row, action="take-imprecision", reason_risk_of_bias="Open label", reason_imprecision=""
    )
    del sent["levels_imprecision"]
    answer = client.post(url("rate_certainty", row.outcome_id), sent)
    assert answer.status_code == 200
    form = answer.context["form"]
    assert form["levels_imprecision"].value() == "-1"
    assert form["reason_imprecision"].value() == ""
    assert form["reason_risk_of_bias"].value() == "Open label"
    assert not CertaintyWorksheet.objects.exists()
    assert AuditEvent.objects.count() == before
    # What was taken over still needs the person's own reason.
    answer = client.post(
        url("rate_certainty", row.outcome_id), typed(page, row, {"imprecision": -1}, reason_imprecision=" ")
    )
    assert answer.status_code == 422
    assert "Say why: the reason becomes the footnote" in text(answer)
    assert not CertaintyWorksheet.objects.exists()


def test_who_does_not_follow_the_data_says_why(client_for: ClientFor) -> None:
    client, row = client_for("methodologist"), reported()
    page = opened(client, row)
    silent = typed(page, row, reason_imprecision=" ", reason_risk_of_bias="Open label")
    answer = client.post(url("rate_certainty", row.outcome_id), silent)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "reason_imprecision": ["Say why: the data suggest “serious, −1”."]
    }
    assert answer.context["form"]["reason_risk_of_bias"].value() == "Open label"
    assert not CertaintyWorksheet.objects.exists()
    answer = client.post(url("rate_certainty", row.outcome_id), typed(page, row))
    assert answer.status_code == 302
    assert (
        CertaintyWorksheet.objects.get().ratings.get(domain="imprecision").reason == "Because of imprecision"
    )


def test_a_preview_shows_the_sum_so_far_and_stores_nothing(client_for: ClientFor) -> None:
    client, row = client_for("chair"), reported()
    answer = client.post(
        url("rate_certainty", row.outcome_id),
        {
            "action": "preview",
            "row": row.pk,
            "design": "non_randomised",
            "levels_imprecision": "-2",
            "revision": 0,
        },
    )
    page = text(answer)
    assert answer.status_code == 200
    assert "Low − 2 (imprecision) = Very low ⊕◯◯◯" in page
    assert "Not rated yet: risk of bias, inconsistency, indirectness, publication bias" in page
    assert "field below" not in page
    assert not CertaintyWorksheet.objects.exists()


def test_warnings_of_the_sum_are_shown(client_for: ClientFor) -> None:
    rate(client_for("methodologist"), {"risk_of_bias": -3, "imprecision": -2, "large_effect": 1})
    page = text(client_for("observer").get(url("certainty", outcome().pk)))
    assert "Rated up (large effect) although rated down (risk of bias, imprecision)" in page
    assert "There is no level below Very low" in page


def test_a_stale_worksheet_shows_both_and_the_person_chooses(client_for: ClientFor) -> None:
    client, row = client_for("methodologist"), reported()
    page = opened(client, row)
    address = url("rate_certainty", row.outcome_id)
    client.post(address, typed(page, row, {"risk_of_bias": -1}, reason_risk_of_bias="Theirs & <more>"))
    mine = typed(page, row, {"imprecision": -2}, reason_imprecision="Mine & <more>")
    answer = client.post(address, mine)
    assert answer.status_code == 409
    assert "Serious, −1" in text(answer)
    assert "Theirs & <more>" in text(answer)
    assert "Mine & <more>" in text(answer)
    assert outcome().certainty == "moderate"
    assert client.post(address, mine | {"over": 1}).status_code == 302
    assert outcome().certainty == "low"


def test_results_that_moved_are_looked_at_before_saving_and_nothing_typed_is_lost(
    client_for: ClientFor,
) -> None:
    client, row = client_for("methodologist"), reported()
    page = opened(client, row)
    row.i_squared = 71
    row.save()
    address = url("rate_certainty", row.outcome_id)
    answer = client.post(address, typed(page, row, DOWN_TWO))
    assert answer.status_code == 409
    assert "have changed since this page was opened" in text(answer)
    assert "Because of imprecision" in text(answer)
    assert not CertaintyWorksheet.objects.exists()
    # Now they suggest inconsistency, too.
    again = typed(answer, row, DOWN_TWO, reason_inconsistency="All effects on one side")
    assert client.post(address, again).status_code == 302


def test_bad_input_names_the_field_and_keeps_the_rest(client_for: ClientFor) -> None:
    answer = rate(client_for("methodologist"), {"imprecision": -1}, levels_inconsistency="", design="guessed")
    page = text(answer)
    assert answer.status_code == 422
    assert "Please rate inconsistency." in page
    assert "2 fields below need an answer" in page
    assert "Because of imprecision" in page
    assert not CertaintyWorksheet.objects.exists()


def test_the_row_of_another_outcome_is_no_choice(client_for: ClientFor) -> None:
    other = OutcomeRow.objects.filter(outcome__question=get_question()).exclude(outcome=outcome()).first()
    assert other is not None
    client = client_for("methodologist")
    answer = client.post(
        url("rate_certainty", outcome().pk), typed(opened(client, reported()), other, DOWN_TWO)
    )
    assert answer.status_code == 422
    assert not CertaintyWorksheet.objects.exists()


def test_an_outcome_without_results_can_be_rated(client_for: ClientFor) -> None:
    bare = Outcome.objects.create(
        question=get_question(), name="Quality of life", better="higher", position=99
    )
    client = client_for("methodologist")
    page = client.get(url("rate_certainty", bare.pk))
    assert "This outcome has no results" in text(page)
    sent = typed(page, reported(), {"indirectness": -3})
    del sent["row"]
    assert (
        client.post(url("rate_certainty", bare.pk), sent | {"seen": page.context["seen"]}).status_code == 302
    )
    assert Outcome.objects.get(pk=bare.pk).certainty == "very_low"


def test_while_the_panel_votes_nothing_is_rated(client_for: ClientFor) -> None:
    question = get_question()
    question.status = QuestionStatus.VOTING
    question.save()
    answer = rate(client_for("methodologist"), DOWN_TWO)
    assert answer.status_code == 409
    assert "Now closed to changes" in text(answer)
    assert "Because of imprecision" in text(answer)
    assert not CertaintyWorksheet.objects.exists()


# Reading


def test_numbers_that_changed_since_are_said_as_a_fact(client_for: ClientFor) -> None:
    rate(client_for("methodologist"), DOWN_TWO)
    row = reported()
    row.estimate = 1.2
    row.save()
    page = text(client_for("panel member").get(url("certainty", row.outcome_id)))
    assert "Rated on other numbers: was OR 1.17 (0.97–1.42), 14 studies" in page
    assert "is OR 1.20 (0.97–1.42), 14 studies" in page
    assert outcome().certainty == "low"
    assert "Rated on other numbers" in text(client_for("observer").get(url("certainty_overview")))


def test_a_level_from_a_document_is_shown_as_reported(client_for: ClientFor) -> None:
    Outcome.objects.filter(pk=outcome().pk).update(certainty="moderate")
    assert "As reported, no worksheet" in text(client_for("observer").get(url("certainty", outcome().pk)))
    assert "Moderate As reported, no worksheet" in text(client_for("observer").get(url("certainty_overview")))


def test_who_may_rate_and_who_may_read(client_for: ClientFor) -> None:
    number = outcome().pk
    for actor in MEMBERS:
        client = client_for(actor)
        may = actor in ("chair", "methodologist")
        assert client.get(url("certainty", number)).status_code == 200
        assert client.get(url("rate_certainty", number)).status_code == (200 if may else 403)
        assert client.post(url("rate_certainty", number)).status_code == (422 if may else 403)
        assert client.post(url("certainty", number)).status_code == 405
        offered = url("rate_certainty", number) in client.get(url("certainty", number)).content.decode()
        assert offered is may
    for actor in STRANGERS:
        client = client_for(actor)
        for name in ("certainty", "rate_certainty"):
            assert client.get(url(name, number)).status_code == 404
            assert client.post(url(name, number)).status_code in (404, 405)
    assert client_for("anonymous").get(url("certainty", number))["Location"].startswith(reverse("sign_in"))


def test_an_outcome_of_another_question_is_not_there(client_for: ClientFor) -> None:
    elsewhere = Outcome.objects.exclude(question=get_question()).first()
    assert elsewhere is not None
    client = client_for("methodologist")
    assert client.get(url("certainty", elsewhere.pk)).status_code == 404
    assert client.post(url("rate_certainty", elsewhere.pk), {"action": "preview"}).status_code == 404


# The question as a whole


def overall_key() -> str:
    criterion = get_question().framework.criterion_with_role(Role.OVERALL_CERTAINTY)
    assert criterion is not None
    return criterion.key


def test_what_the_outcomes_suggest_stands_beside_the_scale_and_fills_nothing_in(
    client_for: ClientFor,
) -> None:
    rate(client_for("methodologist"), DOWN_TWO)
    Outcome.objects.filter(pk=outcome().pk).update(importance=Importance.CRITICAL)
    Judgement.objects.filter(
        assessment__question=get_question(), assessment__criterion_key=overall_key()
    ).delete()
    client = client_for("chair")
    for address in (
        url("question"),
        url("criterion", overall_key()),
        url("edit_judgement", overall_key()),
        url("certainty_overview"),
    ):
        page = text(client.get(address))
        assert "The outcomes suggest Low" in page
        assert "Low for every critical outcome." in page
        assert "Importance not rated:" in page
        assert "The panel decides; nothing is filled in." in page
    assert client.get(url("edit_judgement", overall_key())).context["form"]["options"].value() == []


def test_a_voter_sees_it_above_their_own_vote(client_for: ClientFor) -> None:
    question = get_question("mcs-after-rosc-vote")
    question.outcomes.update(importance=Importance.CRITICAL, certainty="low")
    page = client_for("panel member").get(url("criterion", overall_key(), question="mcs-after-rosc-vote"))
    html = page.content.decode()
    assert html.index("The outcomes suggest <strong>Low</strong>") < html.index('class="vote"')


def test_tables_and_documents_give_the_certainty_with_its_reasons_as_footnotes(client_for: ClientFor) -> None:
    rate(client_for("methodologist"), DOWN_TWO)
    client = client_for("observer")
    page = text(client.get(url("question")))
    assert "Certainty: ⊕⊕◯◯ Low : why a,b" in page
    assert "a Risk of bias: serious, −1. Because of risk_of_bias" in page
    document = text(client.get(url("document")))
    assert "Certainty of evidence: ⊕⊕◯◯ Low a,b" in document
    assert "b Imprecision: serious, −1. Because of imprecision" in document
    stored = json.loads(client.get(url("document_json")).content)
    (table,) = stored["tables"]
    group = next(group for group in table["groups"] if group["certainty"])
    assert (group["certainty"], group["certainty_marks"]) == ("Low", ["a", "b"])
    assert group["certainty_sum"] == "High − 1 (risk of bias) − 1 (imprecision) = Low"
    assert table["certainty_notes"][0] == {
        "mark": "a",
        "text": "Risk of bias: serious, −1. Because of risk_of_bias",
    }


def test_pages_take_as_many_queries_for_one_rated_outcome_as_for_all(client_for: ClientFor) -> None:
    def queries(client: Client, address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    client = client_for("methodologist")
    addresses = [
        url("certainty_overview"),
        url("certainty", outcome().pk),
        url("rate_certainty", outcome().pk),
    ]
    rate(client, DOWN_TWO)
    few = [queries(client, address) for address in addresses]
    for one in get_question().outcomes.exclude(pk=outcome().pk):
        row = one.rows.first()
        assert row is not None
        answer = client.post(
            url("rate_certainty", one.pk), typed(opened(client, row), row, {"indirectness": -1})
        )
        assert answer.status_code == 302
    assert [queries(client, address) for address in addresses] == few
