"""The evidence of then and of now beside each other, and what is said of a judgement that stood on the older one."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.actions import questions, rounds, voting
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus, ValueSource
from etd.models import AuditEvent, CriterionAssessment, Judgement, OutcomeRow, Recommendation
from tests.integration.conftest import MEMBERS, ClientFor, demo, get_question
from tests.integration.test_evidence import place, text, url

JUDGED_BY_TABLES = ("desirable_effects", "undesirable_effects", "certainty_of_evidence", "balance_of_effects")
DESIRABLE, EQUITY = "desirable_effects", "equity"
CROSSED = "The lower limit of the interval went from 0.97 to 1.02: it crosses no effect (1)."
WHY = "One trial more, & the effect <is> still small."
AGREE = {"estimate": 1.22, "ci_low": 1.02, "ci_high": 1.46, "printed": {}}
NEARBY = {"estimate": 1.18, "printed": {}}


def move(values: dict[str, Any]) -> None:
    """The reported row of survival at the longest follow-up gets other numbers."""
    outcome, population = place()
    rows = OutcomeRow.objects.filter(outcome=outcome, population=population, source=ValueSource.REPORTED)
    assert rows.update(**values) == 1


def rewrite(key: str, words: str) -> None:
    CriterionAssessment.objects.filter(question=get_question(), criterion_key=key).update(
        research_evidence=words
    )


def html(client: Client) -> str:
    return client.get(url("evidence_changes")).content.decode()


def items(page: str) -> list[str]:
    return re.findall(r'<section class="change-item" id="item-([^"]*)"', page)


def groups(page: str) -> list[str]:
    """The page by the results that judgements share."""
    return page.split('<div class="paper change ')[1:]


def group_of(page: str, key: str) -> str:
    (found,) = (group for group in groups(page) if f'id="item-{key}"' in group)
    return found


def judgement(key: str) -> Judgement:
    return Judgement.objects.get(assessment__question=get_question(), assessment__criterion_key=key)


def recommendation() -> Recommendation:
    return Recommendation.objects.get(question=get_question())


def fields(page: str, name: str, item: str) -> dict[str, Any]:
    """What the page itself fills in, of the form that goes to the address."""
    form = page.split(f'action="{url(name, item)}', 1)[1].split("</form>", 1)[0]
    return dict(re.findall(r'type="hidden" name="(revision|op|evidence_digest)" value="([^"]*)"', form))


def send(client: Client, name: str, item: str, reason: str = WHY, page: str = "", **more: Any) -> Any:
    data = fields(page or html(client), name, item) | {"reason": reason} | more
    return client.post(url(name, item), data)


# What is seen


@pytest.mark.parametrize("actor", MEMBERS)
def test_exactly_the_judgements_by_the_tables_are_marked_and_lead_to_the_page(
    client_for: ClientFor, actor: str
) -> None:
    client = client_for(actor)
    assert "Evidence changed" not in client.get(url("question")).content.decode()
    move(AGREE)
    page = client.get(url("question")).content.decode()
    marks = re.findall(
        rf'href="{url("evidence_changes")}#item-([\w-]+)">Evidence changed since the judgement', page
    )
    assert marks == [*JUDGED_BY_TABLES, RECOMMENDATION_TYPE_ITEM]
    assert f'href="{url("evidence_changes")}">Evidence changed since 5 judgements</a>' in page
    assert "Evidence changes 5 judgements" in text(client.get(url("question")))
    assert items(html(client)) == marks


def test_then_and_now_stand_beside_each_other_with_the_reason(client_for: ClientFor) -> None:
    move(AGREE)
    for actor in MEMBERS:
        client = client_for(actor)
        page = html(client)
        card = group_of(page, DESIRABLE)
        then, now = (card.split(f'<td class="{side}">')[1].split("</td>")[0] for side in ("then", "now"))
        assert "1.17 (0.97–1.42)" in then
        assert "1.22 (1.02–1.46)" in now
        assert (then.count("<svg"), now.count("<svg")) == (1, 1)
        assert CROSSED in card
        assert "Evidence changed" in card
        offered = [
            f'action="{url(name, DESIRABLE)}' in page for name in ("reaffirm_judgement", "reopen_judgement")
        ]
        assert offered == [actor in ("chair", "methodologist")] * 2


def test_what_crosses_nothing_is_a_minor_change_and_a_quieter_mark(client_for: ClientFor) -> None:
    move(NEARBY)
    client = client_for("observer")
    page = client.get(url("question")).content.decode()
    assert page.count("Minor change of the evidence</a>") == len(items(html(client))) >= 4
    assert "Evidence changed since" not in page
    assert "Evidence changes 5 minor" in text(client.get(url("question")))
    changes = text(client.get(url("evidence_changes")))
    assert "Minor change" in changes
    assert "It crosses neither no effect nor a decision threshold" in changes


def test_the_text_of_then_and_of_now(client_for: ClientFor) -> None:
    before = CriterionAssessment.objects.get(question=get_question(), criterion_key=EQUITY).research_evidence
    rewrite(EQUITY, f"{before} One <more> study.")
    page = html(client_for("observer"))
    assert items(page)[0] == EQUITY
    assert "<ins>" in page
    assert "One &lt;more&gt; study.</ins>" in page


def test_judgements_on_the_same_results_show_them_once_and_each_has_its_answers(
    client_for: ClientFor,
) -> None:
    move(AGREE)
    client = client_for("chair")
    (group,) = groups(html(client))
    assert items(group) == [*JUDGED_BY_TABLES, RECOMMENDATION_TYPE_ITEM]
    assert "The same results under 5 judgements" in group
    assert (group.count("<table"), group.count(CROSSED)) == (1, 1)
    assert group.index("<table") < group.index('id="item-')
    assert [group.count(f'action="{url("reaffirm_judgement", item)}') for item in items(group)] == [1] * 5
    # What was reaffirmed in between stands on other results than the others.
    send(client, "reaffirm_judgement", DESIRABLE)
    move({"estimate": 1.10, "ci_low": 0.91, "ci_high": 1.33})
    page = html(client)
    assert sorted(len(items(group)) for group in groups(page)) == [1, 4]
    assert "The same results" not in group_of(page, DESIRABLE)
    assert "When it was reaffirmed" in group_of(page, DESIRABLE)


def test_a_text_that_only_the_type_of_recommendation_stands_on_is_shown_there(client_for: ClientFor) -> None:
    before = CriterionAssessment.objects.get(question=get_question(), criterion_key=EQUITY).research_evidence
    rewrite(EQUITY, f"{before} One more study.")
    client = client_for("chair")
    page = html(client)
    assert "One more study.</ins>" in group_of(page, EQUITY)
    assert "<ins>" not in group_of(page, RECOMMENDATION_TYPE_ITEM), "shown once"
    send(client, "reaffirm_judgement", EQUITY)
    page = html(client)
    assert items(page) == [RECOMMENDATION_TYPE_ITEM]
    assert "Equity when it was judged" in page
    assert "One more study.</ins>" in page


def test_evidence_that_was_not_kept_is_said_plainly(client_for: ClientFor) -> None:
    Judgement.objects.filter(pk=judgement(DESIRABLE).pk).update(evidence_digest="1" * 64)
    page = text(client_for("observer").get(url("evidence_changes")))
    assert "This was recorded before evidence was kept with a judgement" in page


def test_where_nothing_has_changed_the_page_says_what_it_is_for(client_for: ClientFor) -> None:
    page = client_for("panel member").get(url("evidence_changes"))
    assert "Every judgement stands on the evidence as it is today." in text(page)
    assert items(page.content.decode()) == []


def test_votes_of_a_closed_round_that_stood_on_other_evidence(client_for: ClientFor) -> None:
    question = get_question("mcs-after-rosc-vote")
    chair = demo("chair")()
    for item in (DESIRABLE, EQUITY):
        option = question.framework.criterion(item).options[0].key
        voting.cast_vote(
            question=question, item_key=item, option_keys=[option], comment="", version=0, by=demo("panel")()
        )
    rounds.close_round(voting_round=question.rounds.get(), by=chair)
    questions.change_status(question=question, status=QuestionStatus.EVIDENCE, by=chair)
    address = url("evidence_changes", question=question.slug)
    assert "voted on other evidence" not in text(client_for("observer").get(address))
    outcome, population = place(question.slug)
    OutcomeRow.objects.filter(outcome=outcome, population=population).update(**AGREE)
    page = text(client_for("observer").get(address))
    assert (
        "In round 1 the panel voted on other evidence than today’s. It has changed since on: Desirable Effects."
        in page
    )
    results = text(client_for("observer").get(url("round", 1, question=question.slug)))
    assert (
        "other evidence than today’s. It has changed since on: Desirable Effects. Evidence changes" in results
    )


# Still stands


def test_reaffirming_is_signed_and_told_wherever_the_judgement_is(client_for: ClientFor) -> None:
    move(AGREE)
    client = client_for("methodologist")
    answer = send(client, "reaffirm_judgement", DESIRABLE)
    assert (answer.status_code, answer["Location"]) == (302, url("evidence_changes"))
    stored = judgement(DESIRABLE)
    assert (stored.reaffirmed_because, stored.reaffirmed_by) == (WHY, demo("methodologist")())
    assert DESIRABLE not in items(html(client))
    seen = client_for("observer")
    day = f"{stored.reaffirmed_at:%-d %B %Y}"
    for address in (url("question"), url("criterion", DESIRABLE), url("meeting_item", DESIRABLE)):
        assert f"Reaffirmed on {day} by {stored.reaffirmed_by}: {WHY}" in text(seen.get(address)), address
    document = json.loads(seen.get(url("document_json")).content)
    (told,) = next(one for one in document["criteria"] if one["key"] == DESIRABLE)["judgements"]
    assert (told["evidence_change"], told["evidence_changed"]) == ("none", False)
    assert (told["reaffirmed_by"], told["reaffirmed_because"]) == (str(stored.reaffirmed_by), WHY)
    assert datetime.fromisoformat(told["reaffirmed_at"]) == stored.reaffirmed_at
    other = next(one for one in document["criteria"] if one["key"] == JUDGED_BY_TABLES[1])["judgements"][0]
    assert (other["evidence_change"], other["evidence_changed"], other["reaffirmed_by"]) == (
        "changed",
        True,
        "",
    )
    printed = text(seen.get(url("document")))
    assert f"by {stored.reaffirmed_by}, on evidence {stored.evidence_digest[:12]}: {WHY}" in printed
    history = text(seen.get(url("history")))
    assert f"reaffirmed the judgement on Desirable Effects on new evidence: {WHY}" in history


def test_what_moves_after_a_reaffirmation_is_shown_against_what_was_reaffirmed(client_for: ClientFor) -> None:
    move(AGREE)
    client = client_for("chair")
    send(client, "reaffirm_judgement", DESIRABLE)
    move({"estimate": 1.10, "ci_low": 0.91, "ci_high": 1.33})
    card = group_of(html(client), DESIRABLE)
    assert "1.22 (1.02–1.46)" in card
    assert "1.10 (0.91–1.33)" in card
    assert "When it was reaffirmed" in card
    assert f"by {demo('chair')()}:" in card
    assert "1.17 (0.97–1.42)" not in card


def test_evidence_that_moves_between_looking_and_signing_is_not_signed_for(client_for: ClientFor) -> None:
    move(AGREE)
    client = client_for("methodologist")
    seen = html(client)
    move({"estimate": 1.31, "ci_low": 1.09})
    answer = send(client, "reaffirm_judgement", DESIRABLE, page=seen)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Not saved." in text(answer)
    assert WHY in answer.context["cards"][0].reaffirm["reason"].value()
    assert "1.31 (1.09–1.46)" in page
    assert not judgement(DESIRABLE).reaffirmed_because
    # Having looked at what is there now, one click is enough.
    assert fields(page, "reaffirm_judgement", DESIRABLE) != fields(seen, "reaffirm_judgement", DESIRABLE)
    assert send(client, "reaffirm_judgement", DESIRABLE, page=page).status_code == 302
    assert judgement(DESIRABLE).reaffirmed_because == WHY


@pytest.mark.parametrize("name", ["reaffirm_judgement", "reopen_judgement"])
def test_a_judgement_that_somebody_has_recorded_anew_is_left_and_the_words_are_kept(
    client_for: ClientFor, name: str
) -> None:
    move(AGREE)
    client = client_for("methodologist")
    seen = html(client)
    chair = client_for("chair")
    form = chair.get(url("edit_judgement", DESIRABLE)).context["form"]
    anew = {"revision": form["revision"].value(), "options": ["moderate"], "basis": "consensus"}
    assert chair.post(url("edit_judgement", DESIRABLE), anew).status_code == 302
    events = AuditEvent.objects.count()
    answer = send(client, name, DESIRABLE, page=seen)
    assert answer.status_code == 409
    assert "Somebody else has saved this in the meantime." in text(answer)
    assert WHY in text(answer)
    assert (judgement(DESIRABLE).option_key, judgement(DESIRABLE).reaffirmed_because) == ("moderate", "")
    assert AuditEvent.objects.count() == events


def test_two_who_reaffirm_at_once_are_not_both_told_that_they_signed(client_for: ClientFor) -> None:
    move(AGREE)
    client = client_for("methodologist")
    seen = html(client)
    assert send(client_for("chair"), "reaffirm_judgement", DESIRABLE, "I was first.").status_code == 302
    answer = send(client, "reaffirm_judgement", DESIRABLE, page=seen)
    assert answer.status_code == 409
    assert WHY in text(answer)
    assert judgement(DESIRABLE).reaffirmed_because == "I was first."


# Open again


def test_reopening_takes_the_judgement_back_and_says_why(client_for: ClientFor) -> None:
    move(AGREE)
    client = client_for("chair")
    was = judgement(DESIRABLE)
    answer = send(client, "reopen_judgement", DESIRABLE)
    assert (answer.status_code, answer["Location"]) == (302, url("evidence_changes"))
    assert not Judgement.objects.filter(pk=was.pk).exists()
    assert DESIRABLE not in items(html(client))
    assert "The panel has not judged this yet." in text(client.get(url("criterion", DESIRABLE)))
    history = text(client.get(url("history")))
    assert "opened Desirable Effects again: " + WHY in history


def test_the_type_of_recommendation_is_reaffirmed_and_reopened_like_a_criterion(
    client_for: ClientFor,
) -> None:
    client = client_for("chair")
    kind = recommendation()
    sent = {
        "options": kind.type_key or "conditional_for",
        "basis": "consensus",
        "revision": kind.type_revision,
    }
    assert client.post(url("edit_type"), sent).status_code == 302
    move(AGREE)
    page = html(client)
    assert RECOMMENDATION_TYPE_ITEM in items(page)
    card = group_of(page, RECOMMENDATION_TYPE_ITEM)
    assert "The evidence of these is no longer the same: Desirable" in card
    assert CROSSED in card
    assert send(client, "reaffirm_judgement", RECOMMENDATION_TYPE_ITEM).status_code == 302
    assert recommendation().type_reaffirmed_because == WHY
    assert f"by {demo('chair')()}: {WHY}" in text(client.get(url("question")))
    told = json.loads(client.get(url("document_json")).content)["type_judgement"]
    assert (told["reaffirmed_because"], told["evidence_change"]) == (WHY, "none")
    move({"estimate": 1.10, "ci_low": 0.91, "ci_high": 1.33})
    assert send(client, "reopen_judgement", RECOMMENDATION_TYPE_ITEM).status_code == 302
    assert recommendation().type_key == ""


# Refused


@pytest.mark.parametrize("name", ["reaffirm_judgement", "reopen_judgement"])
@pytest.mark.parametrize("reason", ["", " \r\n "])
def test_without_a_reason_nothing_is_done(client_for: ClientFor, name: str, reason: str) -> None:
    move(AGREE)
    client = client_for("methodologist")
    events = AuditEvent.objects.count()
    answer = send(client, name, DESIRABLE, reason)
    assert answer.status_code == 422
    assert "Say why" in text(answer)
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("name", ["reaffirm_judgement", "reopen_judgement"])
def test_once_the_judgements_are_frozen_the_words_are_kept_and_nothing_is_done(
    client_for: ClientFor, name: str
) -> None:
    move(AGREE)
    client = client_for("chair")
    seen = html(client)
    question = get_question()
    question.status = QuestionStatus.IN_REVIEW
    question.save()
    answer = send(client, name, DESIRABLE, page=seen)
    assert answer.status_code == 409
    assert WHY in text(answer)
    assert (
        "<form" not in answer.content.decode().split('id="item-desirable_effects"')[1].split("</section>")[0]
    )
    assert "closed to changes" in text(answer)
    assert judgement(DESIRABLE).reaffirmed_because == ""


@pytest.mark.parametrize("name", ["reaffirm_judgement", "reopen_judgement"])
def test_who_may_not_record_a_judgement_may_not_answer_for_it(client_for: ClientFor, name: str) -> None:
    move(AGREE)
    data = fields(html(client_for("chair")), name, DESIRABLE) | {"reason": WHY}
    for actor in ("panel member", "staff", "observer"):
        assert client_for(actor).post(url(name, DESIRABLE), data).status_code == 403
    assert judgement(DESIRABLE).reaffirmed_because == ""


def test_what_is_not_of_the_question_is_not_there(client_for: ClientFor) -> None:
    data = {"reason": WHY, "revision": 1, "op": uuid4(), "evidence_digest": "1" * 64}
    events = AuditEvent.objects.count()
    for name in ("reaffirm_judgement", "reopen_judgement"):
        assert client_for("chair").post(url(name, "no_such_criterion"), data).status_code == 404
    assert AuditEvent.objects.count() == events


def test_a_judgement_on_todays_evidence_has_nothing_to_reaffirm(client_for: ClientFor) -> None:
    stored = judgement(DESIRABLE)
    assessment = CriterionAssessment.objects.get(pk=stored.assessment_id)
    data = {
        "reason": WHY,
        "revision": assessment.judgement_revision,
        "evidence_digest": stored.evidence_digest,
    }
    events = AuditEvent.objects.count()
    answer = client_for("chair").post(url("reaffirm_judgement", DESIRABLE), data)
    assert answer.status_code == 409
    assert WHY in text(answer)
    assert AuditEvent.objects.count() == events


def test_more_changes_take_no_more_queries(client_for: ClientFor) -> None:
    client = client_for("chair")

    def queries() -> int:
        html(client)
        with CaptureQueriesContext(connection) as seen:
            html(client)
        return len(seen)

    rewrite(EQUITY, "Another text.")
    one = queries()
    move(AGREE)
    assert queries() == one
