"""Rounds on their pages: opened, followed, closed, discussed, judged; and what nobody may learn from them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from etd.actions import conflicts, questions, rounds, voting
from etd.domain.consensus import CHOICES
from etd.enums import ConflictLevel, ConsensusPreset, Role
from etd.models import (
    AuditEvent,
    Ballot,
    DiscussionNote,
    Judgement,
    Question,
    Recommendation,
    User,
    Vote,
    VotingRound,
)
from tests.integration.conftest import ClientFor, demo, get_question

SLUG = "mcs-after-rosc-vote"
VOTE = f"/guidelines/ilcor-als/{SLUG}/"
ROUND = f"{VOTE}rounds/1/"
CHAIR, PANEL, COLLEAGUE, PATIENT = demo("chair"), demo("panel"), demo("panel2"), demo("patient")


def words(answer: Any) -> str:
    """What the page says, its tags left out."""
    text = re.sub(r"<[^>]+>", "", html.unescape(answer.content.decode()))
    return re.sub(r"\s+", " ", text)


def first_round() -> VotingRound:
    return VotingRound.objects.get(question__slug=SLUG, number=1)


def vote(by: User, item: str, *options: str, comment: str = "") -> Vote:
    return voting.cast_vote(
        question=get_question(SLUG), item_key=item, option_keys=options, comment=comment, version=0, by=by
    )


def close() -> VotingRound:
    return rounds.close_round(voting_round=first_round(), by=CHAIR())


def opening(*items: str, **more: Any) -> dict[str, Any]:
    return {"items": list(items), "blind": "blind", "rule": "awmf", "closes_at": "", "threshold": ""} | more


def test_a_chair_opens_a_round_as_chosen(client_for: ClientFor) -> None:
    close()
    closes = timezone.localtime(timezone.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    data = opening(
        "feasibility",
        "equity",
        blind="open",
        rule="own",
        threshold="80",
        closes_at=f"{closes:%Y-%m-%dT%H:%M}",
    )
    answer = client_for("chair").post(f"{VOTE}rounds/new/", data)
    assert answer["Location"] == f"{VOTE}rounds/2/"
    opened = VotingRound.objects.get(question__slug=SLUG, number=2)
    assert opened.item_keys == ["equity", "feasibility"]  # in the framework's order
    assert (opened.blind, opened.closes_at) == (False, closes)
    assert opened.consensus_rule["levels"][0]["share"] == "4/5"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": []}, "at least one thing to vote on"),
        ({"closes_at": "2020-01-01T10:00"}, "This moment has passed already"),
        ({"rule": "own"}, "Please give the percentage"),
        ({"rule": "own", "threshold": "40"}, "greater than or equal to 50"),
    ],
)
def test_a_round_that_cannot_be_opened_says_why(
    wrong: dict[str, Any], said: str, client_for: ClientFor
) -> None:
    close()
    answer = client_for("chair").post(f"{VOTE}rounds/new/", opening("equity") | wrong)
    assert answer.status_code == 422
    assert said in words(answer)
    assert VotingRound.objects.filter(question__slug=SLUG).count() == 1


def test_a_second_round_beside_an_open_one_is_refused(client_for: ClientFor) -> None:
    client = client_for("chair")
    assert "Round 1 is open. Close it first" in words(client.get(f"{VOTE}rounds/new/"))
    answer = client.post(f"{VOTE}rounds/new/", opening("equity"))
    assert answer.status_code == 409
    assert "A round is open already." in words(answer)


def test_the_form_says_who_gets_a_ballot_and_who_is_recused_without_why(client_for: ClientFor) -> None:
    question = get_question(SLUG)
    conflicts.manage_conflict(
        member=COLLEAGUE(),
        guideline=question.guideline,
        question=question,
        level=ConflictLevel.NO_VOTE,
        note="Shares in the manufacturer",
        by=CHAIR(),
    )
    page = words(client_for("chair").get(f"{VOTE}rounds/new/"))
    assert "3 members get a ballot: Helena Brandt, Ines Carvalho, Maria Bianchi." in page
    assert "Recused, without a ballot: David Okafor." in page
    assert "Shares" not in page


def test_what_did_not_reach_consensus_is_ticked_for_the_next_round(client_for: ClientFor) -> None:
    for member in (CHAIR(), PANEL(), COLLEAGUE(), PATIENT()):
        vote(member, "equity", "reduced")
    vote(CHAIR(), "feasibility", "yes")
    vote(PANEL(), "feasibility", "no")
    close()
    page = client_for("chair").get(f"{VOTE}rounds/new/?choose=undecided").content.decode()
    ticked = re.findall(r'name="items" value="([\w-]+)" checked', page)
    assert "feasibility" in ticked
    assert "equity" not in ticked


def test_a_chair_sees_how_many_and_never_what(client_for: ClientFor) -> None:
    vote(PANEL(), "equity", "probably_reduced", comment="Canary in the reason")
    answer = client_for("chair").get(ROUND)
    page = words(answer)
    assert "Maria Bianchi 1 of 13" in page
    assert "Canary" not in page
    assert "Results" not in page
    assert "tally" not in answer.content.decode()
    for actor in ("panel member", "methodologist", "staff", "observer"):
        assert "David Okafor" not in words(client_for(actor).get(ROUND)), actor


def test_a_member_sees_their_own_progress_and_where_to_go_on(client_for: ClientFor) -> None:
    vote(PANEL(), "problem", "yes")
    page = words(client_for("panel member").get(ROUND))
    assert "1 of 13 given" in page
    assert "Continue with “Desirable Effects”" in page


def test_who_no_longer_votes_is_offered_no_vote(client_for: ClientFor) -> None:
    item = first_round().item_keys[0]
    member = client_for("panel member")
    vote(PANEL(), item, question_options(item)[0])
    offered = (f"{VOTE}votes/{item}/", "Continue with “", "to judge", "left to judge")
    pages = [VOTE, f"{VOTE}criteria/{item}/", ROUND, "/"]
    before = "".join(member.get(page).content.decode() for page in pages)
    assert f"{VOTE}votes/{item}/" in before
    assert "Continue with “" in before
    PANEL().memberships.update(role=Role.OBSERVER)
    after = "".join(member.get(page).content.decode() for page in pages)
    assert [words for words in offered if words in after] == []
    page = words(member.get(ROUND))
    assert "Your role here does not vote any more" in page
    assert "Your votes so far" in page
    assert (
        f'href="{VOTE}criteria/{item}/"' not in member.get(ROUND).content.decode().split("stored-heading")[1]
    )


def question_options(item: str) -> list[str]:
    return [option.key for option in get_question(SLUG).framework.criterion(item).options]


def test_more_time_only_more(client_for: ClientFor) -> None:
    client = client_for("chair")
    before = first_round().closes_at
    assert before is not None
    less, more = before - timedelta(days=1), before + timedelta(days=1)
    answer = client.post(f"{ROUND}extend/", {"closes_at": f"{less:%Y-%m-%dT%H:%M}"})
    assert answer.status_code == 409
    assert "A round can only be given more time" in words(answer)
    assert first_round().closes_at == before
    client.post(f"{ROUND}extend/", {"closes_at": f"{more:%Y-%m-%dT%H:%M}"})
    assert first_round().closes_at == more.replace(second=0, microsecond=0)


def test_closing_asks_first_and_names_who_has_items_left(client_for: ClientFor) -> None:
    client = client_for("chair")
    asked = words(client.get(f"{ROUND}close/"))
    assert "4 of 4 members have items left" in asked
    assert "Maria Bianchi (0 of 13)" in asked
    assert first_round().closed_at is None
    client.post(f"{ROUND}close/")
    assert first_round().closed_at is not None


def test_a_ballot_is_voided_with_a_reason_alone(client_for: ClientFor) -> None:
    client = client_for("chair")
    ballot = Ballot.objects.get(round=first_round(), member=COLLEAGUE())
    assert f'value="{ballot.pk}" selected' in client.get(f"{ROUND}void/?ballot={ballot.pk}").content.decode()
    refused = client.post(f"{ROUND}void/", {"ballot": ballot.pk, "reason": " "})
    assert "Please say why this ballot is not to count" in words(refused)
    assert Ballot.objects.get(pk=ballot.pk).voided_at is None
    client.post(f"{ROUND}void/", {"ballot": ballot.pk, "reason": "Left the panel."})
    assert Ballot.objects.get(pk=ballot.pk).void_reason == "Left the panel."
    assert "Ballot voided" in words(client.get(ROUND))
    assert "Left the panel" not in words(client_for("panel member").get(f"{VOTE}history/"))


def test_another_rounds_ballot_cannot_be_voided_here(client_for: ClientFor) -> None:
    close()
    client = client_for("chair")
    client.post(f"{VOTE}rounds/new/", opening("equity"))
    second = Ballot.objects.get(round__question__slug=SLUG, round__number=2, member=COLLEAGUE())
    answer = client.post(f"{ROUND}void/", {"ballot": second.pk, "reason": "Wrong round"})
    assert answer.status_code == 422
    assert Ballot.objects.get(pk=second.pk).voided_at is None


def test_results_by_disagreement_with_verdict_and_reasons(client_for: ClientFor) -> None:
    for member in (CHAIR(), PANEL(), COLLEAGUE(), PATIENT()):
        vote(member, "equity", "reduced")
    vote(CHAIR(), "feasibility", "yes", comment="Done daily elsewhere.")
    vote(PANEL(), "feasibility", "no", comment="Not at night.")
    close()
    page = words(client_for("observer").get(ROUND))
    assert page.index("No consensus, 1 of 2") < page.index("Strong consensus, 4 of 4")
    assert "the rule asks for more than 75%" in page
    assert "2 of 4 voted, 2 abstained" in page
    assert "Not at night." in page
    assert "Maria Bianchi" not in page
    assert "percentages are left out" in page  # four votes without names


def test_who_takes_no_part_reads_no_reasons_and_no_discussion(client_for: ClientFor) -> None:
    vote(CHAIR(), "feasibility", "yes", comment="Done daily elsewhere.")
    closed = close()
    question = get_question(SLUG)
    client_for("chair").post(f"{ROUND}notes/feasibility/", {"text": "Let us ask the nurses."})
    assert "Let us ask the nurses." in words(client_for("panel member").get(ROUND))
    conflicts.manage_conflict(
        member=PANEL(),
        guideline=question.guideline,
        question=question,
        level=ConflictLevel.EXCLUDED,
        note="x",
        by=CHAIR(),
    )
    client = client_for("panel member")
    for address in (ROUND, f"{VOTE}meeting/feasibility/"):
        page = words(client.get(address))
        assert "Done daily" not in page
        assert "Let us ask" not in page
    answer = client.post(f"{ROUND}notes/feasibility/", {"text": "Mine"})
    assert answer.status_code == 409
    assert "You take no part in this question" in words(answer)
    assert DiscussionNote.objects.filter(round=closed).count() == 1


def test_a_note_waits_for_the_end_of_the_round_and_keeps_its_words(client_for: ClientFor) -> None:
    client = client_for("panel member")
    answer = client.post(f"{ROUND}notes/equity/", {"text": "Too early, kept", "op": str(uuid4())})
    assert answer.status_code == 409
    assert "The discussion begins when the round is over" in words(answer)
    assert "Too early, kept" in answer.content.decode()
    assert DiscussionNote.objects.count() == 0
    close()
    for _ in range(2):
        client.post(f"{ROUND}notes/equity/", {"text": "After it <b>now</b>", "op": str(uuid4())})
    assert DiscussionNote.objects.get().text == "After it <b>now</b>"
    page = client.get(ROUND).content.decode()
    assert "After it &lt;b&gt;now&lt;/b&gt;" in page
    assert "Maria Bianchi" in words(client_for("observer").get(ROUND))


def test_when_the_time_is_up_everybody_reads_so_and_members_see_their_own_vote(client_for: ClientFor) -> None:
    vote(PANEL(), "equity", "reduced", comment="My own words")
    VotingRound.objects.filter(pk=first_round().pk).update(closes_at=timezone.now() - timedelta(minutes=1))
    for actor in ("chair", "panel member", "observer"):
        assert "The time is up: no more votes are taken" in words(client_for(actor).get(ROUND)), actor
    mine = words(client_for("panel member").get(ROUND))
    assert "What you voted" in mine
    assert "My own words" in mine
    assert first_round().closed_at is None  # reading writes nothing
    client_for("panel member").post(f"{ROUND}notes/equity/", {"text": "On we go"})
    assert first_round().closed_at is not None


def test_the_round_before_stands_beside_the_next_vote(client_for: ClientFor) -> None:
    for member, option in ((CHAIR(), "reduced"), (PANEL(), "reduced"), (COLLEAGUE(), "increased")):
        vote(member, "equity", option, comment=f"Because {option}")
    close()
    client_for("chair").post(f"{VOTE}rounds/new/", opening("equity"))
    page = words(client_for("panel member").get(f"{VOTE}criteria/equity/"))
    assert "Round 1: how the panel voted" in page
    assert "No consensus, 2 of 3; the rule asks for more than 75%" in page.replace(
        "Majority agreement", "No consensus"
    )
    assert "Because increased" in page
    assert "Round 1: how" not in words(client_for("observer").get(f"{VOTE}criteria/equity/"))


def test_confidence_and_what_a_vote_rests_on_are_saved(client_for: ClientFor) -> None:
    client = client_for("panel member")
    data = {"revision": 0, "options": ["reduced"], "confidence": "low", "no_evidence_basis": "experience"}
    client.post(f"{VOTE}votes/equity/", data)
    stored = Vote.objects.get(item_key="equity")
    assert (stored.confidence, stored.no_evidence_basis) == ("low", "experience")
    page = client.get(f"{VOTE}criteria/equity/").content.decode()
    assert 'value="low" checked' in page
    assert 'value="experience" checked' in page
    wrong = client.post(f"{VOTE}votes/equity/", data | {"revision": 1, "confidence": "certain"})
    assert wrong.status_code == 422
    assert Vote.objects.get(item_key="equity").confidence == "low"


def test_a_receipt_is_shown_and_can_be_checked(client_for: ClientFor) -> None:
    client = client_for("panel member")
    answer = client.post(
        f"{VOTE}votes/equity/", {"revision": 0, "options": ["reduced"]}, headers={"HX-Request": "true"}
    )
    code = Vote.objects.get(item_key="equity").commitment
    assert code in answer.content.decode()
    check = f"{VOTE}receipt/"
    found = words(client.get(check, {"code": f" {code.upper()} "}))
    assert "It stands in the trail. Round 1, Equity" in found
    assert "votes are counted when it is over" in found
    assert "Maria" not in words(client_for("observer").get(check, {"code": code}))
    close()
    assert "The vote was counted." in words(client.get(check, {"code": code}))
    assert "Not found." in words(client.get(check, {"code": "0" * 64}))


def test_a_judgement_below_the_rule_asks_for_its_reason_at_the_field(client_for: ClientFor) -> None:
    for member, option in ((CHAIR(), "reduced"), (PANEL(), "increased")):
        vote(member, "equity", option)
    close()
    client = client_for("chair")
    address = f"{VOTE}criteria/equity/judgement/"
    form = client.get(f"{address}?round=1").content.decode()
    assert re.search(r'<option value="1" selected', form)
    assert not re.search(r'name="options" value="\w+" checked', form)
    assert not re.search(r'<option value="(vote|consensus|chair)" selected', form)
    revision = re.findall(r'name="revision" value="(\d+)"', form)[0]
    data = {"revision": revision, "options": ["reduced"], "basis": "vote", "voting_round": "1"}
    refused = client.post(address, data)
    assert refused.status_code == 409
    assert words(refused).count("give the panel's reason") == 2  # above the form and at the field
    assert Judgement.objects.filter(assessment__question__slug=SLUG).count() == 0
    without_round = client.post(address, data | {"voting_round": ""})
    assert "which round this judgement by vote refers to" in words(without_round)
    client.post(address, data | {"reason": "The nurses convinced us."})
    judgement = Judgement.objects.get(assessment__question__slug=SLUG)
    assert (judgement.round_number, judgement.reason) == (1, "The nurses convinced us.")
    assert judgement.tally_digest == first_round().tally_digest
    reason = "The panel’s reason: The nurses convinced us."
    assert reason in words(client_for("observer").get(f"{VOTE}criteria/equity/"))
    stale = client.post(address, data | {"options": ["increased"], "reason": "The families did."})
    assert stale.status_code == 409
    assert "The nurses convinced us." in words(stale)
    assert "The families did." in words(stale)


def recommendation() -> Recommendation:
    return Recommendation.objects.get(question__slug=SLUG)


def test_the_type_of_recommendation_is_recorded_like_a_judgement(client_for: ClientFor) -> None:
    for member, option in ((CHAIR(), "conditional_against"), (PANEL(), "conditional_for")):
        vote(member, "recommendation-type", option)
    close()
    client = client_for("chair")
    address = f"{VOTE}recommendation/type/"
    assert f'href="{address}?round=1"' in client.get(ROUND).content.decode()
    form = client.get(f"{address}?round=1").content.decode()
    assert re.search(r'<option value="1" selected', form)
    assert not re.search(r'name="options" value="\w+" checked', form)
    data = {"revision": 1, "options": "conditional_against", "basis": "vote", "voting_round": "1"}
    refused = client.post(address, data)
    assert refused.status_code == 409
    assert (
        words(refused).count("give the panel's reason for this type") == 2
    )  # above the form and at the field
    assert re.search(r'value="conditional_against" checked', refused.content.decode())
    assert recommendation().type_key == ""
    assert "which round this type by vote refers to" in words(
        client.post(address, data | {"voting_round": ""})
    )
    client.post(address, data | {"reason": "Harm weighed most."})
    stored = recommendation()
    assert (stored.type_key, stored.type_basis, stored.type_round_number, stored.type_judged_by) == (
        "conditional_against",
        "vote",
        1,
        CHAIR(),
    )
    assert stored.type_tally_digest == first_round().tally_digest
    page = words(client_for("observer").get(VOTE))
    assert "Vote in round 1, recorded by Helena Brandt" in page
    assert "The panel’s reason: Harm weighed most." in page
    meeting = words(client.get(f"{VOTE}meeting/recommendation-type/"))
    label = "Conditional recommendation against the intervention"
    assert f"Recorded: {label}; vote in round 1." in meeting
    assert "Helena" not in meeting
    assert "Helena Brandt recorded the type of recommendation, after round 1" in words(
        client.get(f"{VOTE}history/")
    )


def test_the_type_needs_a_choice_and_can_be_taken_back(client_for: ClientFor) -> None:
    close()
    client = client_for("chair")
    address = f"{VOTE}recommendation/type/"
    data = {"revision": 1, "options": "", "basis": "chair", "reason": "Typed at length"}
    unsaid = client.post(address, data)
    assert unsaid.status_code == 422
    assert "Please choose the type of recommendation." in words(unsaid)
    assert "Typed at length" in unsaid.content.decode()
    client.post(address, data | {"options": "strong_against"})
    assert recommendation().type_key == "strong_against"
    stale = client.post(address, data | {"options": "strong_for"})
    assert stale.status_code == 409
    assert "Strong recommendation against the intervention" in words(stale)
    taken_back = client.post(address, data | {"revision": 2}, headers={"HX-Request": "true"})
    assert "The panel has not decided on this yet." in words(taken_back)
    assert (recommendation().type_key, recommendation().type_judged_by) == ("", None)


def test_the_meeting_goes_by_disagreement_and_shows_nothing_of_an_open_round(client_for: ClientFor) -> None:
    vote(CHAIR(), "feasibility", "yes", comment="Done daily elsewhere.")
    vote(PANEL(), "feasibility", "no")
    client = client_for("chair")
    before = words(client.get(f"{VOTE}meeting/feasibility/"))
    assert "The panel is voting on this." in before
    assert "1 of 2" not in before
    close()
    agenda = client.get(f"{VOTE}meeting/")
    assert re.findall(r"/meeting/([\w-]+)/", agenda.content.decode())[0] == "feasibility"
    page = words(client.get(f"{VOTE}meeting/feasibility/"))
    assert "No consensus, 1 of 2" in page
    for name in ("Helena", "Maria", "your vote"):
        assert name not in page
    assert client.get(f"{VOTE}meeting/nothing/").status_code == 404


def test_the_history_tells_acts_and_no_votes(client_for: ClientFor) -> None:
    vote(PANEL(), "equity", "reduced")
    page = words(client_for("observer").get(f"{VOTE}history/"))
    assert "Helena Brandt opened round 1 on 13 items, blind, closing" in page
    assert "Maria Bianchi" not in page
    close()
    rounds_only = words(client_for("observer").get(f"{VOTE}history/?kind=rounds"))
    assert "Helena Brandt closed round 1." in rounds_only
    assert "began the question" not in rounds_only
    head = AuditEvent.objects.filter(guideline="ilcor-als").latest("seq")
    assert f"Event {head.seq}: {head.hash}" in rounds_only


def test_begin_voting_moves_the_question_once(client_for: ClientFor) -> None:
    client = client_for("chair")
    update = "/guidelines/ilcor-als/mcs-after-rosc-update/"
    assert "Begin panel voting" in words(client.get(f"{update}rounds/"))
    client.post(f"{update}rounds/begin/")
    assert Question.objects.get(slug="mcs-after-rosc-update").status == "voting"
    assert "Open the first round" in words(client.get(f"{update}rounds/"))


def test_a_question_begun_in_the_browser_reaches_its_first_round(client_for: ClientFor) -> None:
    questions.create_question(
        guideline=get_question(SLUG).guideline,
        slug="new-one",
        framework_key="grade_clinical_individual",
        framework_version=1,
        values={"title": "A new question"},
        by=CHAIR(),
    )
    client, own = client_for("chair"), "/guidelines/ilcor-als/new-one/"
    assert "Begin panel voting" in words(client.get(f"{own}rounds/"))
    assert "Begin panel voting" not in words(client_for("staff").get(f"{own}rounds/"))
    client.post(f"{own}rounds/begin/")
    client.post(f"{own}rounds/new/", opening("problem"))
    assert "1 item" in words(client.get(f"{own}rounds/1/"))


def test_the_rules_for_consensus_have_the_same_names_wherever_one_is_chosen(client_for: ClientFor) -> None:
    client = client_for("chair")
    close()
    pages = [
        words(client.get(address)) for address in (f"{VOTE}rounds/new/", "/guidelines/ilcor-als/settings/")
    ]
    assert {key for key, _, _ in CHOICES} == set(ConsensusPreset.values)
    for _, label, source in CHOICES:
        for page in pages:
            assert label in page
            assert source in page


def test_the_pages_of_a_round_name_its_quorum(client_for: ClientFor) -> None:
    client = client_for("chair")
    assert "quorum" not in words(client.get(ROUND))
    close()
    assert "Round 1 went by: AWMF levels of consensus." in words(client.get(f"{VOTE}rounds/new/"))
    client.post(f"{VOTE}rounds/new/", opening("equity", quorum="60"))
    for address in ("rounds/", "rounds/2/"):
        assert "AWMF levels of consensus, quorum 60%" in words(client.get(VOTE + address))


def test_the_question_leads_to_its_guideline_and_its_open_round(client_for: ClientFor) -> None:
    page = client_for("panel member").get(VOTE).content.decode()
    assert '<a href="/guidelines/ilcor-als/">' in page
    assert f'<a class="kicker-link" href="{ROUND}">Round 1</a> is open' in page


def test_whoever_joined_later_is_told_why_there_is_no_ballot(client_for: ClientFor) -> None:
    first_round().ballots.filter(member__email="panel@example.org").delete()
    page = words(client_for("panel member").get(ROUND))
    assert "You have no ballot in this round: you joined after it had opened, or do not vote" in page


def test_the_evidence_is_opened_again_between_rounds(client_for: ClientFor) -> None:
    client = client_for("chair")
    assert "Open the evidence again" not in words(client.get(f"{VOTE}rounds/"))
    refused = client.post(f"{VOTE}rounds/reopen/")
    assert refused.status_code == 409
    assert "A round is open" in words(refused)
    close()
    assert "Open the evidence again" in words(client.get(f"{VOTE}rounds/"))
    client.post(f"{VOTE}rounds/reopen/")
    assert get_question(SLUG).status == "evidence"
    again = words(client.get(f"{VOTE}rounds/"))
    assert "can be edited again" in again
    assert "Begin panel voting" in again


# Two worlds: what is read by everybody but one member must not depend on that member's blind vote.

PAGES = (
    "",
    "rounds/",
    "rounds/1/",
    "rounds/2/",
    "criteria/equity/",
    "meeting/",
    "meeting/equity/",
    "history/",
    "history/?kind=rounds",
    "document/",
    "document.json",
)
OTHERS = ("chair", "panel member", "methodologist", "staff", "observer")


def without_tokens(page: bytes) -> str:
    return re.sub(r'name="(csrfmiddlewaretoken|op)" value="[^"]*"', "", page.decode())


def all_pages(client_for: ClientFor) -> dict[tuple[str, str], str]:
    clients: dict[str, Client] = {actor: client_for(actor) for actor in OTHERS}
    return {
        (actor, address): without_tokens(client.get(VOTE + address).content)
        for actor, client in clients.items()
        for address in PAGES
    }


def world(client_for: ClientFor, happens: Callable[[], object]) -> dict[tuple[str, str], str]:
    """All pages after something has happened, which is then undone."""
    with transaction.atomic():
        happens()
        pages = all_pages(client_for)
        transaction.set_rollback(True)
    return pages


def second_round() -> None:
    for member in (CHAIR(), PANEL(), COLLEAGUE()):
        vote(member, "equity", "reduced", comment="First round")
    close()
    rounds.open_round(
        question=get_question(SLUG), item_keys=["equity", "feasibility"], blind=True, by=CHAIR()
    )
    vote(PANEL(), "equity", "varies")


def test_pages_for_everybody_else_do_not_depend_on_a_blind_vote(client_for: ClientFor) -> None:
    second_round()

    def one() -> None:
        vote(COLLEAGUE(), "equity", "reduced", comment="Short")

    def other() -> None:
        first = vote(COLLEAGUE(), "equity", "increased", comment="A longer reason, changed twice")
        voting.cast_vote(
            question=get_question(SLUG),
            item_key="equity",
            option_keys=["probably_reduced"],
            comment="",
            version=first.version,
            by=COLLEAGUE(),
        )

    here, there = world(client_for, one), world(client_for, other)
    assert [place for place in here if here[place] != there[place]] == []


def test_a_control_after_the_close_the_two_worlds_differ(client_for: ClientFor) -> None:
    second_round()

    def world_with(option: str) -> dict[tuple[str, str], str]:
        def happens() -> None:
            vote(COLLEAGUE(), "equity", option)
            rounds.close_round(
                voting_round=VotingRound.objects.get(question__slug=SLUG, number=2), by=CHAIR()
            )

        return world(client_for, happens)

    here, there = world_with("reduced"), world_with("increased")
    differing = {place for place in here if here[place] != there[place]}
    assert {("observer", "rounds/2/"), ("chair", "meeting/equity/")} <= differing


def test_addresses_are_those_of_the_pages() -> None:
    assert reverse("round", args=["ilcor-als", SLUG, 1]) == ROUND


def test_the_settings_say_what_the_document_prints(client_for: ClientFor) -> None:
    chosen = words(client_for("chair").get("/guidelines/ilcor-als/settings/"))
    for said in (
        "the document says when the panel voted, on what and by which rule, with no count",
        "not by whom; the document prints these counts",
        "the document prints it with the members’ names",
        "The document prints no member’s reason, with or without.",
        "keeps the settings that it was opened with, on its pages and in the document",
    ):
        assert said in chosen, said
    read = words(client_for("staff").get("/guidelines/ilcor-als/settings/"))
    assert "Shown and printed of a round" in read
    assert "the document prints them." in words(client_for("chair").get(f"{VOTE}rounds/new/"))
