"""Voting: no ballot no vote, one vote an item, nothing lost, nothing shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from etd.actions import accounts, rounds, voting
from etd.actions.errors import Refused, StaleEdit
from etd.domain.consensus import AWMF, rule_to_json
from etd.domain.evidence import whole_evidence_digest
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus, Role
from etd.evidence import evidence_digests
from etd.models import AuditEvent, Ballot, CriterionAssessment, Question, User, Vote, VotingRound
from tests import factories as f
from tests.reliability import machine
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import (
    CRITERIA,
    OPTIONS,
    PLAIN,
    Panel,
    contents,
    expected_event,
    last_event,
)

TYPES = tuple(t.key for t in f.FRAMEWORK.recommendation_types)


def cast(question: Question, by: User, *options: str, **fields: Any) -> Vote:
    values: dict[str, Any] = {"item_key": PLAIN.key, "comment": "", "version": 0} | fields
    return voting.cast_vote(question=question, option_keys=list(options), by=by, **values)


@pytest.fixture
def question(panel: Panel) -> Question:
    """A question with an open round over one criterion and the type of recommendation."""
    arguments = examples.open_round(panel)
    return rounds.open_round(**arguments).question


class TestOpenRound:
    def test_ballots_for_the_members_who_vote_and_are_not_recused(self, panel: Panel) -> None:
        arguments = examples.open_round(panel)
        f.recusal(question=arguments["question"], user=panel.colleague)
        opened = rounds.open_round(**arguments)
        opened.refresh_from_db()
        assert list(Ballot.objects.order_by("pk").values_list("member", flat=True)) == [
            panel.chair.pk,
            panel.member.pk,
        ]
        assert (opened.number, opened.item_keys, opened.closed_at, opened.blind) == (
            1,
            [PLAIN.key, RECOMMENDATION_TYPE_ITEM],
            None,
            True,
        )
        assert last_event() == expected_event(
            "round_opened",
            "Round 1",
            question=opened.question,
            after={
                "items": [PLAIN.key, RECOMMENDATION_TYPE_ITEM],
                "ballots": 2,
                "blind": True,
                "closes_at": None,
                "tally_display": "counts",
                "reasons_named": False,
                "rule": rule_to_json(AWMF),
                "evidence": evidence_digests(opened.question),
                "snapshot": opened.snapshot.sha256,
            },
            by=panel.chair,
        )

    def test_a_recusal_from_another_question_takes_no_ballot(self, panel: Panel) -> None:
        f.recusal(question=panel.question(), user=panel.member)
        assert rounds.open_round(**examples.open_round(panel)).ballots.filter(member=panel.member).exists()

    def test_who_has_left_gets_no_ballot(self, panel: Panel) -> None:
        accounts.end_membership(**examples.end_membership(panel))
        opened = rounds.open_round(**examples.open_round(panel))
        assert not opened.ballots.filter(member=panel.member).exists()

    @pytest.mark.parametrize("status", sorted(set(QuestionStatus) - {QuestionStatus.VOTING}))
    def test_only_while_the_panel_votes(self, panel: Panel, status: str) -> None:
        arguments = examples.open_round(panel) | {"question": panel.question(status=status)}
        before = contents()
        with pytest.raises(Refused, match="only while the question is in “Panel voting”"):
            rounds.open_round(**arguments)
        assert contents() == before

    def test_one_open_round_a_question(self, panel: Panel) -> None:
        arguments = examples.open_round(panel)
        first = rounds.open_round(**arguments)
        before = contents()
        with pytest.raises(Refused, match="open already"):
            rounds.open_round(**arguments)
        assert contents() == before
        first.closed_at, first.closed_by = timezone.now(), panel.chair
        first.save()
        assert rounds.open_round(**arguments).number == 2

    @pytest.mark.parametrize(
        ("items", "message"),
        [
            (["taste"], "no criterion “taste”"),
            ([], "each thing once"),
            ([PLAIN.key, PLAIN.key], "each thing once"),
        ],
    )
    def test_a_round_asks_about_what_the_framework_has(
        self, panel: Panel, items: list[str], message: str
    ) -> None:
        arguments = examples.open_round(panel) | {"item_keys": items}
        before = contents()
        with pytest.raises(Refused, match=message):
            rounds.open_round(**arguments)
        assert contents() == before


class TestCastVote:
    def test_a_first_vote(self, panel: Panel) -> None:
        vote = voting.cast_vote(**examples.cast_vote(panel))
        vote.refresh_from_db()
        assert (vote.ballot.member, vote.item_key, vote.option_keys, vote.comment, vote.confidence) == (
            panel.member,
            PLAIN.key,
            [OPTIONS[0]],
            "Seen it often.",
            "high",
        )
        question = vote.ballot.round.question
        assert (vote.version, vote.evidence_digest) == (1, evidence_digests(question)[PLAIN.key])
        assert AuditEvent.objects.latest("pk").at == vote.cast_at
        assert last_event() == expected_event(
            "vote_cast",
            f"Round 1, {PLAIN.key}",
            question=question,
            after={"commitment": vote.commitment},
            by=panel.member,
        )

    def test_a_changed_vote_has_the_next_version_and_a_new_nonce(
        self, panel: Panel, question: Question
    ) -> None:
        first = cast(question, panel.member, OPTIONS[0])
        nonce = first.nonce
        second = cast(question, panel.member, OPTIONS[1], comment="Thought again.", version=1)
        assert (second.pk, second.version, second.option_keys) == (first.pk, 2, [OPTIONS[1]])
        assert second.nonce != nonce
        assert Vote.objects.count() == 1
        assert AuditEvent.objects.filter(type="vote_cast").count() == 2

    def test_a_reason_alone_is_kept_and_is_not_a_vote(self, panel: Panel, question: Question) -> None:
        vote = cast(question, panel.member, comment="Still thinking.")
        assert (vote.option_keys, vote.comment, vote.version) == ([], "Still thinking.", 1)

    @pytest.mark.parametrize("role", ["recused", "observer", "methodologist", "staff", "outsider"])
    def test_without_a_ballot_there_is_no_vote(self, panel: Panel, role: str) -> None:
        arguments = examples.open_round(panel)
        f.recusal(question=arguments["question"], user=panel.colleague)
        rounds.open_round(**arguments)
        person = panel.colleague if role == "recused" else getattr(panel, role)
        before = contents()
        with pytest.raises(Refused, match="no ballot"):
            cast(arguments["question"], person, OPTIONS[0])
        assert contents() == before
        assert cast(arguments["question"], panel.member, OPTIONS[0]).version == 1

    def test_a_voided_ballot_votes_no_more(self, panel: Panel, question: Question) -> None:
        cast(question, panel.member, OPTIONS[0])
        Ballot.objects.filter(member=panel.member).update(voided_at=f.NOW, voided_by=panel.chair)
        before = contents()
        with pytest.raises(Refused, match="no ballot"):
            cast(question, panel.member, OPTIONS[1], version=1)
        assert contents() == before

    @pytest.mark.parametrize("back_as", [None, Role.OBSERVER])
    def test_a_ballot_does_not_outlive_the_role(
        self, panel: Panel, question: Question, back_as: Role | None
    ) -> None:
        accounts.end_membership(**examples.end_membership(panel))
        if back_as:
            accounts.add_member(guideline=panel.guideline, user=panel.member, role=back_as, by=panel.staff)
        before = contents()
        with pytest.raises(Refused, match="no ballot"):
            cast(question, panel.member, OPTIONS[0])
        assert contents() == before

    def test_a_ballot_of_another_question_is_none_here(self, panel: Panel, question: Question) -> None:
        elsewhere = panel.question(status=QuestionStatus.VOTING)
        f.voting_round(question=elsewhere, item_keys=[PLAIN.key])
        with pytest.raises(Refused, match="no ballot"):
            cast(elsewhere, panel.member, OPTIONS[0])
        assert cast(question, panel.member, OPTIONS[0]).version == 1

    def test_after_the_round_nothing_is_taken(self, panel: Panel, question: Question) -> None:
        cast(question, panel.member, OPTIONS[0])
        opened = VotingRound.objects.get()
        for late in (
            {"closes_at": timezone.now() - timedelta(seconds=1)},
            {"closed_at": timezone.now(), "closed_by": panel.chair},
        ):
            VotingRound.objects.filter(pk=opened.pk).update(**late)
            before = contents()
            with pytest.raises(Refused, match="has closed\\. Your last saved judgement stands"):
                cast(question, panel.member, OPTIONS[1], version=1)
            assert contents() == before

    def test_before_its_end_a_round_takes_votes(self, panel: Panel, question: Question) -> None:
        VotingRound.objects.update(closes_at=timezone.now() + timedelta(hours=1))
        assert cast(question, panel.member, OPTIONS[0]).version == 1

    def test_two_options_are_refused_where_one_is_taken(self, panel: Panel, question: Question) -> None:
        before = contents()
        for item, options in ((PLAIN.key, OPTIONS[:2]), (RECOMMENDATION_TYPE_ITEM, TYPES[:2])):
            with pytest.raises(Refused, match="choose one option"):
                cast(question, panel.member, *options, item_key=item)
        assert contents() == before

    @pytest.mark.parametrize(
        ("item", "option", "message"),
        [
            (PLAIN.key, "splendid", "“splendid” is not an option"),
            (RECOMMENDATION_TYPE_ITEM, OPTIONS[0], "is not an option"),
            (CRITERIA[-1].key, CRITERIA[-1].options[0].key, "does not ask about that"),
            ("taste", "good", "does not ask about that"),
        ],
    )
    def test_only_what_the_round_asks(
        self, panel: Panel, question: Question, item: str, option: str, message: str
    ) -> None:
        before = contents()
        with pytest.raises(Refused, match=message):
            cast(question, panel.member, option, item_key=item)
        assert contents() == before

    def test_the_type_of_recommendation_is_voted_on(self, panel: Panel, question: Question) -> None:
        vote = cast(question, panel.member, TYPES[0], item_key=RECOMMENDATION_TYPE_ITEM)
        whole = whole_evidence_digest(evidence_digests(question))
        assert (vote.option_keys, vote.evidence_digest) == ([TYPES[0]], whole)

    def test_a_vote_from_another_window_is_kept_and_shown(self, panel: Panel, question: Question) -> None:
        cast(question, panel.member, OPTIONS[0], comment="On the phone.", confidence="low")
        before = contents()
        with pytest.raises(StaleEdit) as refusal:
            cast(question, panel.member, OPTIONS[1], comment="On the laptop.")
        assert refusal.value.current == {
            "option_keys": [OPTIONS[0]],
            "comment": "On the phone.",
            "confidence": "low",
            "no_evidence_basis": "",
        }
        assert refusal.value.revision == 1
        assert contents() == before

    def test_a_vote_on_a_vote_that_never_was_is_stale(self, panel: Panel, question: Question) -> None:
        with pytest.raises(StaleEdit) as refusal:
            cast(question, panel.member, OPTIONS[0], version=3)
        assert (refusal.value.revision, refusal.value.current["option_keys"]) == (0, [])

    def test_members_do_not_refuse_each_other(self, panel: Panel, question: Question) -> None:
        cast(question, panel.member, OPTIONS[0])
        assert cast(question, panel.colleague, OPTIONS[0]).version == 1
        assert Vote.objects.count() == 2


class TestCriterionThatTakesSeveral:
    def test_several_options_are_one_vote(
        self, panel: Panel, question: Question, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        framework = question.framework
        several = tuple(replace(c, multiple=True) if c.key == PLAIN.key else c for c in framework.criteria)
        patched = replace(framework, criteria=several)
        monkeypatch.setattr("etd.models.framework.get_framework", lambda key, version: patched)
        assert cast(question, panel.member, *OPTIONS[:2]).option_keys == list(OPTIONS[:2])


class TestCommitment:
    SECRET = "The trial of 2019 was stopped for harm."

    def test_the_trail_reveals_neither_option_nor_reason(self, panel: Panel, question: Question) -> None:
        vote = cast(
            question,
            panel.member,
            OPTIONS[2],
            comment=self.SECRET,
            confidence="low",
            no_evidence_basis="indirect",
        )
        event = AuditEvent.objects.get(type="vote_cast")
        assert json.loads(event.after) == {"commitment": vote.commitment}
        assert event.before == ""
        said = " ".join(str(getattr(event, field.name)) for field in AuditEvent._meta.fields)
        for secret in (OPTIONS[2], self.SECRET, vote.nonce, "indirect"):
            assert secret not in said

    def test_it_is_made_again_from_the_stored_vote(self, panel: Panel, question: Question) -> None:
        vote = cast(question, panel.member, OPTIONS[2], comment="Ärger – p<0.05", confidence="low")
        vote.refresh_from_db()
        assert voting.commitment(vote) == vote.commitment
        text = json.dumps(
            {
                "comment": "Ärger – p<0.05",
                "confidence": "low",
                "no_evidence_basis": "",
                "nonce": vote.nonce,
                "option_keys": [OPTIONS[2]],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        assert hashlib.sha256(text.encode()).hexdigest() == vote.commitment

    @pytest.mark.parametrize(
        "change",
        [
            {"option_keys": [OPTIONS[1]]},
            {"comment": "Other."},
            {"confidence": "high"},
            {"no_evidence_basis": "experience"},
            {"nonce": "0" * 64},
        ],
    )
    def test_no_part_of_a_vote_can_be_exchanged(
        self, panel: Panel, question: Question, change: dict[str, Any]
    ) -> None:
        vote = cast(question, panel.member, OPTIONS[2], comment="Mine.", confidence="low")
        for field, value in change.items():
            setattr(vote, field, value)
        assert voting.commitment(vote) != vote.commitment

    def test_equal_votes_have_unequal_commitments(self, panel: Panel, question: Question) -> None:
        first, second = (cast(question, person, OPTIONS[0]) for person in (panel.member, panel.colleague))
        assert first.commitment != second.commitment
        assert len(first.nonce) == 64


@pytest.mark.django_db
def test_any_history_of_a_panel() -> None:
    found = machine.histories(1000, 25, steps=20)
    assert (found["complaint"], found["steps"]) == ("", 500)
    assert found["acts"]["vote, done"] > 50
    assert Vote.objects.count() == 0, "every history was rolled back"
    assert not connection.needs_rollback


def test_evidence_under_a_vote_is_what_was_voted_on(panel: Panel, question: Question) -> None:
    vote = cast(question, panel.member, OPTIONS[0])
    CriterionAssessment.objects.filter(question=question, criterion_key=PLAIN.key).update(
        research_evidence="Other."
    )
    again = cast(question, panel.member, OPTIONS[0], version=1)
    assert again.version == 2, "the same words about other evidence are a new vote"
    assert again.evidence_digest != vote.evidence_digest
