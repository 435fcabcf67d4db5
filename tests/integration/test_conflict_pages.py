"""Conflicts of interest on pages: declared in private, opened on the record, managed, and shown to nobody else."""

from __future__ import annotations

import html
import json
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from etd.actions import conflicts, rounds, voting
from etd.enums import ConflictKind, ConflictLevel, TallyDisplay
from etd.models import AuditEvent, Ballot, ConflictDeclaration, ConflictManagement, Guideline, Question, User
from etd.selectors import own_conflicts, round_results
from etd.selectors.declaring import asked_to_declare
from tests import factories
from tests.clients import readable
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor
from tests.integration.test_access import body, path
from tests.matrix import ADDRESSES

HOME = "/guidelines/ilcor-als/"
MINE, DECLARE, REGISTER = f"{HOME}conflicts/", f"{HOME}conflicts/declare/", f"{HOME}conflicts/members/"
SETTINGS = f"{HOME}settings/"
VOTE = f"{HOME}mcs-after-rosc-vote/"
SECRET = "Qz7-canary-of-a-declaration <b>4711</b>"
NOTE = "Qz8-canary-of-a-note"


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.org")


def guideline() -> Guideline:
    return Guideline.objects.get(slug="ilcor-als")


def vote_question() -> Question:
    return Question.objects.select_related("guideline").get(slug="mcs-after-rosc-vote")


def declare(name: str = "panel", *, text: str = SECRET, version: int = 0, **more: Any) -> ConflictDeclaration:
    values: dict[str, Any] = {"has_conflict": True, "kinds": {ConflictKind.FINANCIAL}} | more
    return conflicts.declare_conflict(
        guideline=guideline(), text=text, version=version, by=person(name), **values
    )


def sent(version: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "revision": version,
        "op": str(uuid4()),
        "has_conflict": "yes",
        "kinds": ["financial"],
        "text": SECRET,
    } | more


def decision(
    level: ConflictLevel, declared: ConflictDeclaration | None = None, **more: str
) -> dict[str, Any]:
    return {"op": str(uuid4()), "level": str(level), "declaration": declared.pk if declared else ""} | more


def member_page(name: str, question: str = "") -> str:
    place = f"{REGISTER}{person(name).pk}/"
    return f"{place}for/{question}/" if question else place


def shown(client: Client, address: str) -> str:
    return html.unescape(client.get(address).content.decode())


class TestOneselfDeclares:
    def test_a_declaration_is_saved_shown_and_amended(self, client_for: ClientFor) -> None:
        client = client_for("panel member")
        assert "You have not declared anything yet" in shown(client, MINE)
        assert client.post(DECLARE, sent()).status_code == 302
        page = shown(client, MINE)
        assert "Conflict declared" in page
        assert SECRET in page
        assert "<b>4711</b>" not in client.get(MINE).content.decode()
        client.post(DECLARE, sent(1, has_conflict="no", kinds=[], text="Sold."))
        page = shown(client, MINE)
        assert "No conflict declared" in page
        assert "1 earlier version</summary>" in page
        assert SECRET in page

    def test_a_question_is_declared_apart(self, client_for: ClientFor) -> None:
        client = client_for("panel member")
        client.post(f"{DECLARE}mcs-after-rosc-vote/", sent())
        mine = own_conflicts(guideline(), person("panel"))
        assert [one.question_slug for one in mine.present] == ["mcs-after-rosc-vote"]
        assert client.get(f"{DECLARE}no-such-question/").status_code == 404

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"kinds": []}, "Please say of which kind it is."),
            ({"text": "  "}, "Please describe it"),
            ({"has_conflict": "no"}, "You ticked a kind of conflict below"),
            ({"has_conflict": ""}, "Please choose one of the two."),
        ],
    )
    def test_half_a_declaration_is_asked_about_and_keeps_its_words(
        self, change: dict[str, Any], message: str, client_for: ClientFor
    ) -> None:
        answer = client_for("panel member").post(DECLARE, sent(**change))
        page = html.unescape(answer.content.decode())
        assert answer.status_code == 422
        assert message in page
        assert (SECRET in page) == ("text" not in change)
        assert ConflictDeclaration.objects.count() == 0

    def test_another_window_overwrites_nothing_unseen(self, client_for: ClientFor) -> None:
        client = client_for("panel member")
        client.post(DECLARE, sent(text="From the phone"))
        answer = client.post(DECLARE, sent(0, text="From the laptop"))
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "From the phone" in page
        assert "From the laptop" in page
        client.post(DECLARE, sent(0, text="From the laptop", over="1"))
        assert [one.text for one in ConflictDeclaration.objects.order_by("version")] == [
            "From the phone",
            "From the laptop",
        ]

    def test_a_session_that_has_ended_gives_the_words_back(self, client_for: ClientFor) -> None:
        answer = client_for("anonymous").post(DECLARE, sent())
        assert SECRET in html.unescape(answer.content.decode())
        assert ConflictDeclaration.objects.count() == 0

    def test_the_hint_goes_with_the_declaration_and_stands_where_one_votes(
        self, client_for: ClientFor
    ) -> None:
        client = client_for("panel member")
        pages = ("/", VOTE, f"{VOTE}criteria/equity/")
        assert ["Declare your interests" in shown(client, page) for page in pages] == [True, True, True]
        declare(has_conflict=False, kinds=(), text="")
        assert ["Declare your interests" in shown(client, page) for page in pages] == [False, False, False]
        observer = client_for("observer")
        assert ["Declare your interests" in shown(observer, page) for page in pages] == [False, False, False]
        assert asked_to_declare(person("chair")) == {"ilcor-als"}


class TestTheChairOpens:
    def test_the_list_and_the_page_before_hold_no_words(self, client_for: ClientFor) -> None:
        declare()
        client = client_for("chair")
        for page in (shown(client, REGISTER), shown(client, member_page("panel"))):
            assert "Conflict declared" in page
            assert SECRET not in page
        assert AuditEvent.objects.filter(type="declaration_read").count() == 0

    def test_each_opening_shows_the_words_once_and_is_recorded(self, client_for: ClientFor) -> None:
        declare()
        client = client_for("chair")
        address = f"{member_page('panel')}declaration/"
        answer = client.post(address)
        assert SECRET in html.unescape(answer.content.decode())
        assert answer["Cache-Control"] == "no-store"
        assert client.get(address).status_code == 405
        assert SECRET not in shown(client, member_page("panel"))
        client.post(address)
        events = AuditEvent.objects.filter(type="declaration_read")
        assert [(event.actor_id, event.subject) for event in events] == [
            (str(person("chair").pk), str(person("panel")))
        ] * 2

    def test_the_member_sees_who_opened_it_and_when_and_nobody_else_does(self, client_for: ClientFor) -> None:
        declare()
        declare("panel2")
        declare(question=vote_question())
        chair = client_for("chair")
        assert "by a chair, last on" not in shown(client_for("panel member"), MINE)
        for _ in range(2):
            chair.post(f"{member_page('panel')}declaration/")
        conflicts.read_declaration(declaration=ConflictDeclaration.objects.all()[0], by=person("panel"))
        page = shown(client_for("panel member"), MINE)
        assert page.count("Opened 2 times by a chair, last on") == 1
        assert page.count("Helena Brandt, version 1") == 2
        assert [one.question_slug for one in own_conflicts(guideline(), person("panel")).openings] == ["", ""]
        assert own_conflicts(guideline(), person("panel2")).openings == ()
        assert "by a chair, last on" not in shown(chair, MINE)

    def test_events_that_do_not_name_the_member_are_nobodys(self, client_for: ClientFor) -> None:
        factories.audit_event(
            guideline="ilcor-als",
            type="declaration_read",
            after='{"version":1}',
            subject=str(person("panel")),
        )
        assert own_conflicts(guideline(), person("panel")).openings == ()

    def test_an_earlier_version_is_opened_on_record_and_not_decided_about(
        self, client_for: ClientFor
    ) -> None:
        first = declare()
        declare(text="Amended.", version=1)
        client = client_for("chair")
        assert "1 earlier version" in shown(client, member_page("panel"))
        answer = client.post(f"{member_page('panel')}declaration/", {"version": "1"})
        page = html.unescape(answer.content.decode())
        assert SECRET in page
        assert "Amended." not in page
        assert "This is version 1 of" in page
        assert "It no longer holds" in page
        assert f'name="declaration" value="{first.pk}"' not in page
        assert [json.loads(event.after) for event in AuditEvent.objects.filter(type="declaration_read")] == [
            {"member": str(person("panel").pk), "version": 1}
        ]
        assert "Helena Brandt, version 1" in shown(client_for("panel member"), MINE)
        for unknown in ("3", "0", "one"):
            address = f"{member_page('panel')}declaration/"
            assert client.post(address, {"version": unknown}).status_code == 404
        assert AuditEvent.objects.filter(type="declaration_read").count() == 1

    def test_there_is_nothing_to_open_without_a_declaration(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        assert client.post(f"{member_page('panel')}declaration/").status_code == 404
        declare(question=vote_question())
        assert client.post(f"{member_page('panel')}declaration/").status_code == 404
        answer = client.post(f"{member_page('panel', 'mcs-after-rosc-vote')}declaration/")
        assert SECRET in html.unescape(answer.content.decode())

    @pytest.mark.parametrize("actor", [actor for actor in (*MEMBERS, *STRANGERS) if actor != "chair"])
    def test_nobody_else_comes_near(self, actor: str, client_for: ClientFor) -> None:
        declare()
        member = member_page("panel")
        nobody = f"{REGISTER}987654/"
        client = client_for(actor)
        status = 403 if actor in MEMBERS else 404
        for question in ("", "for/mcs-after-rosc-vote/"):
            for verb, rest in (("GET", ""), ("POST", ""), ("POST", "declaration/")):
                here = client.generic(verb, f"{member}{question}{rest}")
                nowhere = client.generic(verb, f"{nobody}{question}{rest}")
                assert (here.status_code, nowhere.status_code) == (status, status), (verb, question, rest)
                assert body(here) == body(nowhere)  # type: ignore[arg-type]
        assert AuditEvent.objects.filter(type="declaration_read").count() == 0

    def test_a_member_of_elsewhere_is_not_found(self, client_for: ClientFor) -> None:
        elsewhere = factories.panel_membership().user
        client = client_for("chair")
        assert client.get(f"{REGISTER}{elsewhere.pk}/").status_code == 404
        assert "declared" in shown(client, f"{REGISTER}{person('panel').pk}/")


class TestTheChairDecides:
    def test_a_ballot_is_voided_only_when_that_was_said_and_confirmed(self, client_for: ClientFor) -> None:
        declared = declare()
        voting_round = vote_question().rounds.get()
        voting.cast_vote(
            question=vote_question(),
            item_key="equity",
            option_keys=["reduced"],
            comment="",
            version=0,
            by=person("panel"),
        )
        client = client_for("chair")
        address = member_page("panel")
        page = shown(client, address)
        assert "has a ballot in an open round" in page
        assert "Round 1: " in page
        answer = client.post(address, decision(ConflictLevel.NO_VOTE, declared, note="Ask me first."))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Please confirm it" in page
        assert "Ask me first." in page
        ballot = Ballot.objects.get(round=voting_round, member=person("panel"))
        assert ballot.voided_at is None
        sure = decision(ConflictLevel.NO_VOTE, declared, note=NOTE, confirmed="on")
        assert client.post(address, sure).status_code == 302
        ballot.refresh_from_db()
        assert ballot.voided_at is not None
        closed = rounds.close_round(voting_round=voting_round, by=person("chair"))
        results = round_results(vote_question(), closed, person("chair"))
        assert results is not None
        equity = results.item("equity")
        assert equity is not None
        assert (equity.n_votes, equity.n_ballots) == (0, voting_round.ballots.count() - 1)

    def test_milder_needs_no_confirmation(self, client_for: ClientFor) -> None:
        declared = declare()
        client_for("chair").post(member_page("panel"), decision(ConflictLevel.DISCLOSURE, declared))
        assert ConflictManagement.objects.get().level == ConflictLevel.DISCLOSURE
        assert Ballot.objects.get(member=person("panel")).voided_at is None

    def test_the_member_sees_the_decision_and_its_note(self, client_for: ClientFor) -> None:
        declared = declare()
        client_for("chair").post(
            member_page("panel"), decision(ConflictLevel.EXCLUDED, declared, note=NOTE, confirmed="on")
        )
        page = shown(client_for("panel member"), MINE)
        assert "Takes no part" in page
        assert NOTE in page
        assert str(person("chair")) in page

    def test_what_was_amended_meanwhile_is_looked_at_first(self, client_for: ClientFor) -> None:
        first = declare()
        declare(text="Amended.", version=1)
        client = client_for("chair")
        answer = client.post(member_page("panel"), decision(ConflictLevel.DISCLOSURE, first))
        assert answer.status_code == 422
        assert "They have declared again" in answer.content.decode()
        assert ConflictManagement.objects.count() == 0

    def test_the_list_says_what_waits_and_what_changed_since(self, client_for: ClientFor) -> None:
        declared = declare()
        client = client_for("chair")
        assert "Not decided yet" in shown(client, REGISTER)
        client.post(member_page("panel"), decision(ConflictLevel.DISCLOSURE, declared))
        assert "Not decided yet" not in shown(client, REGISTER)
        declare(text="More.", version=1)
        assert "has declared again since that decision" in shown(client, REGISTER)

    def test_about_oneself_a_chair_can_only_be_stricter(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        address = member_page("chair")
        page = shown(client, address)
        assert "you are the only one here" in page
        assert 'value="disclosure"' not in page
        answer = client.post(address, decision(ConflictLevel.DISCLOSURE))
        assert answer.status_code == 422
        assert ConflictManagement.objects.count() == 0
        client.post(address, decision(ConflictLevel.EXCLUDED, confirmed="on"))
        assert ConflictManagement.objects.get().level == ConflictLevel.EXCLUDED
        assert '<form method="post" action="' + address not in shown(client, address)
        factories.panel_membership(
            guideline=guideline(), role="chair", user=factories.user(name="Zoe Second")
        )
        assert "another chair, Zoe Second" in shown(client, address)


SLOW = {"document_pdf", "document_docx", "document_html", "tables_xlsx", "summary_docx"}


def test_the_words_of_a_declaration_reach_nobody_else_by_any_way(
    client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    """Goal C3: two canaries, what a member wrote and what the chair noted about it, looked for everywhere."""
    member, chair = client_for("panel member"), client_for("chair")
    mail.outbox = []
    member.post(DECLARE, sent())
    member.post(f"{DECLARE}mcs-after-rosc-vote/", sent())
    member.post(DECLARE, sent(0))  # stale, refused
    member.post(DECLARE, sent(1, kinds=[]))  # incomplete, refused
    declared = ConflictDeclaration.objects.get(question__isnull=True)
    assert SECRET in html.unescape(chair.post(f"{member_page('panel')}declaration/").content.decode())
    chair.post(member_page("panel"), decision(ConflictLevel.NO_VOTE, declared, note=NOTE, confirmed="on"))
    rounds.close_round(voting_round=vote_question().rounds.get(), by=person("chair"))

    def leaks(text: str) -> set[str]:
        return {canary for canary in ("Qz7-canary", "Qz8-canary") if canary in text}

    found: dict[tuple[str, str, str], set[str]] = {}
    for target in (REGISTER, member_page("panel"), member_page("panel", "mcs-after-rosc-vote"), "/"):
        if leaked := leaks(readable(chair.get(target))):
            found["chair", "GET", target] = leaked
    for actor in (*MEMBERS, *STRANGERS, "anonymous"):
        client = client_for(actor)
        for address in ADDRESSES:
            if address.name in SLOW and actor != "observer":
                continue  # the same document for everybody
            for question in {address.question, "mcs-after-rosc-vote"}:
                target = path(address) if address.of_guideline else path(address, question=question)
                for verb in sorted(address.verbs):
                    if leaked := leaks(readable(client.generic(verb, target))):
                        found[actor, verb, target] = leaked
    both = {"Qz7-canary", "Qz8-canary"}
    scoped = f"{DECLARE}mcs-after-rosc-vote/"
    assert found == {
        ("panel member", "GET", MINE): both,
        ("panel member", "GET", DECLARE): {"Qz7-canary"},
        ("panel member", "GET", scoped): {"Qz7-canary"},
        # The note stands where the chair may change the decision.
        ("chair", "GET", member_page("panel")): {"Qz8-canary"},
    }
    trail = AuditEvent.objects.values_list("subject", "before", "after")
    assert [event for event in trail if leaks(" ".join(event))] == []
    assert leaks(caplog.text) == set()
    assert [message.subject for message in mail.outbox if leaks(f"{message.subject}{message.body}")] == []


def test_the_document_prints_fact_and_scope(client_for: ClientFor) -> None:
    client = client_for("observer")
    document = json.loads(client.get(f"{HOME}mcs-after-rosc/document.json").content)
    assert document["panel"] is None
    declared = declare()
    declare("patient", question=vote_question(), text="Mine.")
    declare("chair", has_conflict=False, kinds=(), text="")
    conflicts.manage_conflict(
        member=person("panel"),
        guideline=guideline(),
        level=ConflictLevel.NO_VOTE,
        note=NOTE,
        declaration=declared,
        by=person("chair"),
    )
    panel = json.loads(client.get(path(json_address(), question="mcs-after-rosc-vote")).content)["panel"]
    assert {(one["name"], one["scope"], one["level"]) for one in panel["conflicts"]} == {
        (str(person("panel")), "guideline", "no_vote"),
        (str(person("patient")), "question", ""),
    }
    assert panel["declared_none"] == [str(person("chair"))]
    assert str(person("methodologist")) not in panel["no_declaration"]
    assert len(panel["no_declaration"]) == Ballot.objects.filter(voided_at__isnull=True).count() - 2
    elsewhere = json.loads(client.get(path(json_address(), question="mcs-after-rosc-update")).content)
    assert [one["scope"] for one in elsewhere["panel"]["conflicts"]] == ["guideline"]


def json_address() -> Any:
    return next(address for address in ADDRESSES if address.name == "document_json")


class TestSettings:
    def rules(self, **more: Any) -> dict[str, Any]:
        return {
            "op": str(uuid4()),
            "tally_display": "named",
            "consensus_preset": "own",
            "consensus_threshold": "80",
        } | more

    def test_a_chair_changes_the_rules_for_rounds_to_come(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        before = vote_question().rounds.get()
        assert "Round 1" in shown(client, SETTINGS)
        assert client.post(f"{SETTINGS}votes/", self.rules()).status_code == 302
        now = guideline()
        assert (now.tally_display, now.consensus_preset, now.consensus_threshold) == ("named", "own", 80)
        frozen = vote_question().rounds.get()
        assert (frozen.tally_display, frozen.consensus_rule) == (before.tally_display, before.consensus_rule)
        assert before.tally_display == TallyDisplay.COUNTS

    def test_a_threshold_belongs_to_ones_own_rule(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        answer = client.post(f"{SETTINGS}votes/", self.rules(consensus_threshold=""))
        assert answer.status_code == 422
        assert "Your own rule needs a threshold" in answer.content.decode()
        answer = client.post(f"{SETTINGS}votes/", self.rules(consensus_threshold="49"))
        assert "greater than or equal to 50" in answer.content.decode()
        client.post(f"{SETTINGS}votes/", self.rules(consensus_preset="who_two_thirds"))
        now = guideline()
        assert (now.consensus_preset, now.consensus_threshold) == ("who_two_thirds", None)

    def test_staff_change_the_wording_and_read_the_rules(self, client_for: ClientFor) -> None:
        client = client_for("staff")
        page = shown(client, SETTINGS)
        assert "A chair changes these." in page
        assert "consensus above 75 %" in page
        values = {
            "op": str(uuid4()),
            "title": "Resuscitation",
            "organisation": "ERC",
            "strength_word": "conditional",
        }
        assert client.post(SETTINGS, values).status_code == 302
        now = guideline()
        assert (now.title, now.organisation, now.strength_word) == ("Resuscitation", "ERC", "conditional")
        event = AuditEvent.objects.filter(type="settings_changed").latest("pk")
        assert json.loads(event.after)["title"] == "Resuscitation"
        answer = client.post(SETTINGS, values | {"title": "  "})
        assert answer.status_code == 422
        assert guideline().title == "Resuscitation"
