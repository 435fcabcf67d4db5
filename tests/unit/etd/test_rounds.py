"""Rounds: what is frozen, extended, voided and closed, by a chair or by the clock; judgements that refer to them."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from etd.actions import (
    accounts,
    assessments,
    audit,
    conflicts,
    guideline_settings,
    questions,
    recommendations,
    rounds,
    voting,
)
from etd.actions.errors import Refused
from etd.domain.canonical import digest
from etd.domain.consensus import GRADE_GRID, Rule, own_rule, rule_to_json
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, ConflictLevel, QuestionStatus
from etd.evidence import evidence_digests
from etd.models import (
    AuditEvent,
    Ballot,
    CriterionAssessment,
    Guideline,
    Judgement,
    Question,
    Recommendation,
    User,
    Vote,
    VotingRound,
)
from etd.votes import commitment, committed
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import CRITERIA, OPTIONS, PLAIN, Panel, contents, expected_event, last_event

LATER = timedelta(hours=2)


def cast(question: Question, by: User, *options: str, **fields: Any) -> Vote:
    values: dict[str, Any] = {"item_key": PLAIN.key, "comment": "", "version": 0} | fields
    return voting.cast_vote(question=question, option_keys=list(options), by=by, **values)


def let_time_pass(opened: VotingRound) -> None:
    """The round's time is up now; nobody has written it down."""
    VotingRound.objects.filter(pk=opened.pk).update(closes_at=timezone.now())


@pytest.fixture
def opened(panel: Panel) -> VotingRound:
    return examples.open_round_now(panel)


class TestSnapshot:
    def test_what_is_voted_on_is_frozen(self, panel: Panel) -> None:
        arguments = examples.open_round(panel)
        question = arguments["question"]
        questions_text = {"population": "Adults after arrest"}
        Question.objects.filter(pk=question.pk).update(**questions_text)
        f.recusal(question=question, user=panel.colleague, reason="Sits on the board.")
        opened = rounds.open_round(**arguments, blind=False, rule=GRADE_GRID)
        content = json.loads(opened.snapshot.content)
        assert digest(content) == opened.snapshot.sha256 == last_event()["after"]["snapshot"]
        assert content["question"]["population"] == "Adults after arrest"
        assert [item["key"] for item in content["items"]] == [PLAIN.key, RECOMMENDATION_TYPE_ITEM]
        assert {option["key"] for option in content["items"][0]["options"]} == set(OPTIONS)
        assert content["evidence"] == evidence_digests(question)
        assert (content["blind"], content["rule"]) == (False, rule_to_json(GRADE_GRID))
        assert content["roll"] == [
            {"member": str(person.pk), "name": person.name} for person in (panel.chair, panel.member)
        ]
        assert content["recused"] == [
            {"member": str(panel.colleague.pk), "name": panel.colleague.name, "scope": "question"}
        ]
        assert "board" not in opened.snapshot.content

    def test_the_settings_go_with_the_round(self, panel: Panel) -> None:
        guideline_settings.change_guideline_settings(**examples.change_guideline_settings(panel))
        opened = rounds.open_round(**examples.open_round(panel))
        assert (opened.tally_display, opened.reasons_named, opened.consensus_rule) == (
            "named",
            True,
            rule_to_json(own_rule(80)),
        )
        guideline_settings.change_guideline_settings(
            **(
                examples.change_guideline_settings(panel)
                | {"tally_display": "none", "consensus_threshold": 90}
            )
        )
        opened.refresh_from_db()
        assert (opened.tally_display, opened.consensus_rule["key"]) == ("named", "own")

    def test_nobody_to_vote(self, panel: Panel) -> None:
        arguments = examples.open_round(panel)
        for person in (panel.chair, panel.member, panel.colleague):
            f.recusal(question=arguments["question"], user=person)
        before = contents()
        with pytest.raises(Refused, match="Nobody may vote"):
            rounds.open_round(**arguments)
        assert contents() == before

    def test_a_closing_time_lies_ahead(self, panel: Panel) -> None:
        with pytest.raises(Refused, match="passed already"):
            rounds.open_round(**examples.open_round(panel), closes_at=timezone.now())


class TestExtend:
    def test_more_time(self, panel: Panel, opened: VotingRound) -> None:
        assert opened.closes_at is not None
        later = opened.closes_at + LATER
        assert rounds.extend_round(voting_round=opened, closes_at=later, by=panel.chair).closes_at == later
        assert last_event() == expected_event(
            "round_extended",
            "Round 1",
            question=opened.question,
            before={"closes_at": opened.closes_at.isoformat()},
            after={"closes_at": later.isoformat()},
            by=panel.chair,
        )
        before = contents()
        rounds.extend_round(voting_round=opened, closes_at=later, by=panel.chair)
        assert contents() == before, "the same again changes nothing"
        assert rounds.extend_round(voting_round=opened, closes_at=None, by=panel.chair).closes_at is None
        with pytest.raises(Refused, match="only be given more time"):
            rounds.extend_round(voting_round=opened, closes_at=later, by=panel.chair)

    def test_never_less_and_never_again(self, panel: Panel, opened: VotingRound) -> None:
        assert opened.closes_at is not None
        with pytest.raises(Refused, match="only be given more time"):
            rounds.extend_round(
                voting_round=opened, closes_at=opened.closes_at - timedelta(minutes=1), by=panel.chair
            )
        let_time_pass(opened)
        before = contents()
        with pytest.raises(Refused, match="is over"):
            rounds.extend_round(voting_round=opened, closes_at=opened.closes_at + LATER, by=panel.chair)
        assert contents() == before


class TestClose:
    def test_commitments_are_opened_and_tallies_kept(self, panel: Panel) -> None:
        arguments = examples.close_round(panel)
        closed = rounds.close_round(**arguments)
        assert (closed.closed_by, closed.closed_at is not None) == (panel.chair, True)
        said = last_event()
        assert (said["type"], said["by"]) == ("round_closed", (str(panel.chair.pk), panel.chair.name))
        tallies = said["after"]["tallies"]
        assert tallies[0]["counts"] == {key: int(key in OPTIONS[:2]) for key in OPTIONS}
        assert (tallies[0]["ballots"], tallies[0]["votes"], tallies[1]["votes"]) == (3, 2, 0)
        assert said["after"]["tally_digest"] == digest(tallies) == closed.tally_digest
        revealed = [json.loads(e.after) for e in AuditEvent.objects.filter(type="vote_revealed")]
        stored = {vote.commitment: vote for vote in Vote.objects.all()}
        assert {one["commitment"] for one in revealed} == set(stored)
        for one in revealed:
            code, nonce = one.pop("commitment"), one.pop("nonce")
            assert committed(nonce, one) == code == commitment(stored[code])
            assert one["comment"] == "Because."
        assert audit.verify_chain(audit.chain_name(panel.guideline)) == []

    def test_closed_is_closed(self, panel: Panel) -> None:
        arguments = examples.close_round(panel)
        closed = rounds.close_round(**arguments)
        before = contents()
        assert rounds.close_round(**arguments) == closed
        with pytest.raises(Refused, match="has closed"):
            cast(closed.question, panel.chair, OPTIONS[0])
        with pytest.raises(Refused, match="is over"):
            rounds.void_ballot(ballot=closed.ballots.get(member=panel.member), reason="No.", by=panel.chair)
        assert contents() == before
        again = rounds.open_round(question=closed.question, item_keys=[PLAIN.key], by=panel.chair)
        assert (again.number, again.ballots.count()) == (2, 3)

    def closed_by(self, road: str, panel: Panel, opened: VotingRound) -> VotingRound:
        question = opened.question
        if road == "chair":
            rounds.close_round(voting_round=opened, by=panel.chair)
        elif road == "command":
            call_command("close_rounds", stdout=StringIO())
        elif road == "next round":
            rounds.open_round(question=question, item_keys=[PLAIN.key], by=panel.chair)
        elif road == "status":
            questions.change_status(question=question, status=QuestionStatus.IN_REVIEW, by=panel.chair)
        else:
            conflicts.manage_conflict(
                member=panel.member,
                guideline=panel.guideline,
                level=ConflictLevel.EXCLUDED,
                note="",
                by=panel.chair,
            )
        return VotingRound.objects.get(pk=opened.pk)

    @pytest.mark.parametrize("road", ["chair", "command", "next round", "status", "recusal"])
    def test_whoever_writes_down_that_time_is_up_the_count_is_the_same(self, panel: Panel, road: str) -> None:
        opened: VotingRound = examples.close_round(panel)["voting_round"]
        let_time_pass(opened)
        with pytest.raises(Refused, match="has closed"):
            cast(opened.question, panel.chair, OPTIONS[0])
        closed = self.closed_by(road, panel, opened)
        assert closed.closed_at == closed.closes_at
        assert closed.closed_by == opened.opened_by
        event = AuditEvent.objects.get(type="round_closed")
        assert event.actor_name == "System"
        counts = json.loads(event.after)["tallies"][0]
        assert (counts["ballots"], counts["votes"]) == (3, 2), "a recusal after the end changes nothing"
        assert not Ballot.objects.filter(round=opened, voided_at__isnull=False).exists()

    def test_the_command_leaves_open_rounds_alone(self, panel: Panel, opened: VotingRound) -> None:
        before = contents()
        call_command("close_rounds", stdout=StringIO())
        assert contents() == before

    def test_a_refused_action_writes_down_no_close(self, panel: Panel, opened: VotingRound) -> None:
        let_time_pass(opened)
        before = contents()
        with pytest.raises(Refused, match="no criterion"):
            rounds.open_round(question=opened.question, item_keys=["taste"], by=panel.chair)
        assert contents() == before


class TestVoid:
    def test_a_voided_ballot_is_counted_nowhere_and_its_votes_stay(self, panel: Panel) -> None:
        opened: VotingRound = examples.close_round(panel)["voting_round"]
        ballot = opened.ballots.get(member=panel.member)
        rounds.void_ballot(ballot=ballot, reason="Voted for somebody else.", by=panel.chair)
        assert last_event() == expected_event(
            "ballot_voided",
            f"Round 1, {panel.member.name}",
            question=opened.question,
            after={"reason": "Voted for somebody else."},
            by=panel.chair,
        )
        before = contents()
        rounds.void_ballot(ballot=ballot, reason="Again.", by=panel.chair)
        assert contents() == before
        rounds.close_round(voting_round=opened, by=panel.chair)
        counts = last_event()["after"]["tallies"][0]
        assert (counts["ballots"], counts["votes"], counts["counts"][OPTIONS[0]]) == (2, 1, 0)
        assert Vote.objects.filter(ballot=ballot).count() == 1
        assert AuditEvent.objects.filter(type="vote_revealed").count() == 1

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_not_without_a_reason(self, panel: Panel, opened: VotingRound, reason: str) -> None:
        before = contents()
        with pytest.raises(Refused, match="say why"):
            rounds.void_ballot(ballot=opened.ballots.first(), reason=reason, by=panel.chair)  # type: ignore[arg-type]
        assert contents() == before

    def test_what_was_voted_before_leaving_counts(self, panel: Panel) -> None:
        opened: VotingRound = examples.close_round(panel)["voting_round"]
        accounts.end_membership(**examples.end_membership(panel))
        rounds.close_round(voting_round=opened, by=panel.chair)
        assert last_event()["after"]["tallies"][0]["counts"][OPTIONS[0]] == 1


class TestJudgement:
    @pytest.fixture
    def split(self, panel: Panel) -> VotingRound:
        """A closed round in which two members voted for two things."""
        return rounds.close_round(**examples.close_round(panel))

    def judge(self, panel: Panel, closed: VotingRound, *options: str, **fields: Any) -> CriterionAssessment:
        values: dict[str, Any] = {
            "question": closed.question,
            "criterion_key": PLAIN.key,
            "choices": [(option, "") for option in options],
            "basis": Basis.VOTE,
            "voting_round": closed,
            "revision": 1,
            "by": panel.chair,
        }
        return assessments.record_judgement(**(values | fields))

    def test_below_the_threshold_the_reason_is_asked_for(self, panel: Panel, split: VotingRound) -> None:
        before = contents()
        with pytest.raises(Refused, match=r"Round 1 ended with “no consensus”.*reason"):
            self.judge(panel, split, OPTIONS[0])
        assert contents() == before
        self.judge(panel, split, OPTIONS[0], reason="After talking about harms.")
        judgement = Judgement.objects.get()
        assert (judgement.round_number, judgement.tally_digest, judgement.reason) == (
            1,
            split.tally_digest,
            "After talking about harms.",
        )
        assert judgement.evidence_digest == evidence_digests(split.question)[PLAIN.key]
        assert last_event()["after"] == {
            "choices": [[OPTIONS[0], ""]],
            "basis": "vote",
            "evidence_digest": judgement.evidence_digest,
            "round": 1,
            "tally_digest": split.tally_digest,
            "reason": "After talking about harms.",
        }
        before = contents()
        self.judge(panel, split, OPTIONS[0], reason="After talking about harms.", revision=2)
        assert contents() == before, "the same again changes nothing"

    def test_where_the_panel_agreed_no_reason_is_needed_but_for_another_option(self, panel: Panel) -> None:
        opened = examples.open_round_now(panel)
        for person in (panel.chair, panel.member, panel.colleague):
            cast(opened.question, person, OPTIONS[1])
        closed = rounds.close_round(voting_round=opened, by=panel.chair)
        with pytest.raises(Refused, match="for something else"):
            self.judge(panel, closed, OPTIONS[0])
        self.judge(panel, closed, OPTIONS[1], basis=Basis.CONSENSUS)
        assert Judgement.objects.get().round_number == 1

    def test_a_judgement_by_vote_names_its_round(self, panel: Panel, split: VotingRound) -> None:
        with pytest.raises(Refused, match="which round"):
            self.judge(panel, split, OPTIONS[0], voting_round=None)
        self.judge(panel, split, OPTIONS[0], voting_round=None, basis=Basis.CHAIR)
        assert Judgement.objects.get().round_number is None

    def test_only_a_closed_round_about_this(self, panel: Panel, opened: VotingRound) -> None:
        with pytest.raises(Refused, match="still open"):
            self.judge(panel, opened, OPTIONS[0])
        with pytest.raises(Refused, match="did not ask"):
            self.judge(
                panel, opened, CRITERIA[-1].options[0].key, criterion_key=CRITERIA[-1].key, reason="Because."
            )
        with pytest.raises(Refused, match="did not ask"):
            self.judge(panel, opened, OPTIONS[0], question=panel.question(status=QuestionStatus.VOTING))

    def test_a_round_whose_time_is_up_is_closed_on_the_way(self, panel: Panel) -> None:
        opened: VotingRound = examples.close_round(panel)["voting_round"]
        let_time_pass(opened)
        self.judge(panel, opened, OPTIONS[0], reason="So.")
        assert Judgement.objects.get().tally_digest == VotingRound.objects.get().tally_digest != ""

    def test_nothing_judges_by_itself(self, panel: Panel, split: VotingRound) -> None:
        assert not Judgement.objects.exists()


class TestType:
    """The type of recommendation, as TestJudgement."""

    def voted(self, panel: Panel, *types: str, rule: Rule | None = None) -> VotingRound:
        question = panel.question(status=QuestionStatus.VOTING)
        opened = rounds.open_round(
            question=question, item_keys=[RECOMMENDATION_TYPE_ITEM], rule=rule, by=panel.chair
        )
        for person, key in zip((panel.chair, panel.member, panel.colleague), types, strict=False):
            cast(question, person, key, item_key=RECOMMENDATION_TYPE_ITEM)
        return rounds.close_round(voting_round=opened, by=panel.chair)

    def record(self, panel: Panel, closed: VotingRound, key: str, **fields: Any) -> Recommendation:
        values: dict[str, Any] = {
            "question": closed.question,
            "type_key": key,
            "basis": Basis.VOTE,
            "voting_round": closed,
            "revision": 1,
            "by": panel.chair,
        }
        return recommendations.record_type(**(values | fields))

    def test_below_the_threshold_the_reason_is_asked_for(self, panel: Panel) -> None:
        closed = self.voted(panel, "conditional_for", "conditional_against")
        before = contents()
        with pytest.raises(Refused, match=r"Round 1 ended with “no consensus”.*reason for this type"):
            self.record(panel, closed, "conditional_for")
        assert contents() == before
        self.record(panel, closed, "conditional_for", reason="Harms weighed less.")
        stored = Recommendation.objects.get(question=closed.question)
        assert (stored.type_round_number, stored.type_tally_digest, stored.type_reason) == (
            1,
            closed.tally_digest,
            "Harms weighed less.",
        )
        before = contents()
        self.record(panel, closed, "conditional_for", reason="Harms weighed less.", revision=2)
        assert contents() == before, "the same again changes nothing"

    def test_where_the_panel_agreed_no_reason_is_needed_but_for_another_type(self, panel: Panel) -> None:
        closed = self.voted(panel, *["strong_for"] * 3)
        with pytest.raises(Refused, match="for something else"):
            self.record(panel, closed, "conditional_for")
        assert self.record(panel, closed, "strong_for").type_key == "strong_for"

    def test_the_grade_grid_decides_by_side_and_strength_not_by_the_most_votes(self, panel: Panel) -> None:
        """Two of three say strong, fewer than 70 %: a conditional recommendation, and strong asks for a reason."""
        closed = self.voted(panel, "strong_for", "strong_for", "conditional_for", rule=GRADE_GRID)
        with pytest.raises(Refused, match="“conditional recommendation for the intervention”"):
            self.record(panel, closed, "strong_for")
        assert self.record(panel, closed, "conditional_for").type_key == "conditional_for"

    def test_without_a_quorum_the_reason_is_asked_for(self, panel: Panel) -> None:
        Guideline.objects.filter(pk=panel.guideline.pk).update(consensus_quorum=60)
        panel.guideline.refresh_from_db()
        closed = self.voted(panel, "strong_for")
        with pytest.raises(Refused, match=r"“no quorum \(1 of 3 voted; 2 needed\)”.*reason for this type"):
            self.record(panel, closed, "strong_for")
        Guideline.objects.filter(pk=panel.guideline.pk).update(consensus_quorum=None)
        with pytest.raises(Refused, match="no quorum"):  # frozen with the round
            self.record(panel, closed, "strong_for")
        assert (
            self.record(panel, closed, "strong_for", reason="All agreed in the room.").type_round_number == 1
        )

    def test_only_a_closed_round_about_it_and_a_vote_names_its_round(self, panel: Panel) -> None:
        other = rounds.open_round(
            question=panel.question(status=QuestionStatus.VOTING), item_keys=[PLAIN.key], by=panel.chair
        )
        with pytest.raises(Refused, match="did not ask about the type"):
            self.record(panel, other, "strong_for", reason="Because.")
        closed = self.voted(panel, "strong_for")
        with pytest.raises(Refused, match="which round this type by vote"):
            self.record(panel, closed, "strong_for", voting_round=None)
        again = rounds.open_round(
            question=closed.question, item_keys=[RECOMMENDATION_TYPE_ITEM], by=panel.chair
        )
        with pytest.raises(Refused, match="still open: a type refers"):
            self.record(panel, again, "strong_for", reason="Because.")

    def test_nothing_recommends_by_itself(self, panel: Panel) -> None:
        closed = self.voted(panel, *["strong_for"] * 3)
        assert Recommendation.objects.get(question=closed.question).type_key == ""


class TestSettings:
    @pytest.mark.parametrize(
        "change",
        [
            {"consensus_threshold": None},
            {"consensus_threshold": 49},
            {"consensus_preset": "awmf"},
            {"consensus_preset": "gut", "consensus_threshold": None},
        ],
    )
    def test_rules_that_cannot_be(self, panel: Panel, change: dict[str, Any]) -> None:
        before = contents()
        with pytest.raises(Refused, match=r"threshold|no rule"):
            guideline_settings.change_guideline_settings(
                **(examples.change_guideline_settings(panel) | change)
            )
        assert contents() == before

    def test_what_changed_is_on_record(self, panel: Panel) -> None:
        guideline_settings.change_guideline_settings(**examples.change_guideline_settings(panel))
        assert last_event() == expected_event(
            "settings_changed",
            panel.guideline.slug,
            guideline=panel.guideline,
            before={
                "tally_display": "counts",
                "reasons_named": False,
                "consensus_preset": "awmf",
                "consensus_threshold": None,
                "consensus_quorum": None,
            },
            after={
                "tally_display": "named",
                "reasons_named": True,
                "consensus_preset": "own",
                "consensus_threshold": 80,
                "consensus_quorum": None,
            },
            by=panel.chair,
        )
