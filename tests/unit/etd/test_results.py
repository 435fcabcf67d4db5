"""Results as each may see them: nothing of a blind round before it is over, the guard of small panels, receipts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from etd.actions import accounts, conflicts, rounds, voting
from etd.enums import RECOMMENDATION_TYPE_ITEM, ConflictLevel, Role
from etd.models import Ballot, Question, User, Vote, VotingRound
from etd.selectors import (
    ballot_progress,
    check_receipt,
    conflict_register,
    load_etd,
    my_guidelines,
    own_conflicts,
    printed_conflicts,
    receipt,
    round_progress,
    round_results,
    rounds_of,
)
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel

TYPES = tuple(t.key for t in f.FRAMEWORK.recommendation_types)
VIEWERS = ("chair", "member", "methodologist", "staff", "observer", "outsider", None)


def cast(question: Question, by: User, *options: str, **fields: Any) -> Vote:
    values: dict[str, Any] = {"item_key": PLAIN.key, "comment": "", "version": 0} | fields
    return voting.cast_vote(question=question, option_keys=list(options), by=by, **values)


def person(panel: Panel, name: str | None) -> User | None:
    return getattr(panel, name) if name else None


def opened_with(panel: Panel, **fields: Any) -> VotingRound:
    return rounds.open_round(**(examples.open_round(panel) | fields))


def more_members(panel: Panel, n: int) -> list[User]:
    return [
        f.panel_membership(guideline=panel.guideline, user=f.user(name=f"Member {i}")).user for i in range(n)
    ]


class TestTwoWorlds:
    """C2: worlds that differ only in what others said in a blind round are one world to everybody else."""

    def everything(self, question: Question, opened: VotingRound, viewer: User | None) -> list[Any]:
        """Every selector of the project that speaks of this question, asked as this person."""
        question = Question.objects.select_related("guideline", "recommendation").get(pk=question.pk)
        seen: list[Any] = [
            load_etd(question, viewer),
            round_results(question, opened, viewer),
            rounds_of(question),
            printed_conflicts(question),
            check_receipt(question, "0" * 64),
        ]
        if viewer is not None:
            seen += [
                my_guidelines(viewer),
                round_progress(question, viewer),
                ballot_progress(question, opened, viewer),
                own_conflicts(question.guideline, viewer),
                conflict_register(question.guideline, viewer),
            ]
        return seen

    def world(
        self, question: Question, opened: VotingRound, viewer: User | None, vote: Callable[[], Any]
    ) -> list[Any]:
        """What is seen after `vote`, which is then taken back."""
        with transaction.atomic():
            vote()
            seen = self.everything(question, opened, viewer)
            transaction.set_rollback(True)
        return seen

    @pytest.mark.parametrize("viewer", VIEWERS)
    def test_anothers_blind_vote_changes_nothing(self, panel: Panel, viewer: str | None) -> None:
        opened = opened_with(panel, closes_at=timezone.now() + timedelta(hours=1))
        question = opened.question

        def vote(option: str, comment: str, times: int) -> Callable[[], None]:
            def votes() -> None:
                for version in range(times):
                    said = f"{comment} {version}"
                    cast(question, panel.colleague, option, comment=said, confidence="low", version=version)

            return votes

        one, other = (
            self.world(question, opened, person(panel, viewer), vote(*said))
            for said in ((OPTIONS[0], "For.", 1), (OPTIONS[3], "Against, and at length.", 3))
        )
        assert one == other

    @pytest.mark.parametrize("viewer", sorted({*VIEWERS, "colleague"} - {"outsider", None}, key=str))
    def test_a_control_after_the_close_the_worlds_differ(self, panel: Panel, viewer: str) -> None:
        opened = opened_with(panel, closes_at=timezone.now() + timedelta(hours=1))

        def vote(option: str) -> Callable[[], None]:
            def votes() -> None:
                cast(opened.question, panel.colleague, option)
                rounds.close_round(voting_round=opened, by=panel.chair)
                opened.refresh_from_db()

            return votes

        one, other = (
            self.world(opened.question, opened, person(panel, viewer), vote(option)) for option in OPTIONS[:2]
        )
        assert one != other

    def test_only_the_chair_sees_how_far_each_has_come(self, panel: Panel) -> None:
        opened = opened_with(panel)
        cast(opened.question, panel.member, OPTIONS[0])
        cast(opened.question, panel.colleague, comment="Only a reason.")
        rows = ballot_progress(opened.question, opened, panel.chair)
        assert [(row.name, row.n_voted, row.n_items) for row in rows] == [
            ("Carla Chair", 0, 2),
            ("Cem Colleague", 0, 2),
            ("Mia Member", 1, 2),
        ]
        for viewer in (panel.member, panel.methodologist, panel.staff, panel.outsider):
            assert ballot_progress(opened.question, opened, viewer) == ()


class TestWhoSees:
    @pytest.mark.parametrize("viewer", VIEWERS)
    @pytest.mark.parametrize("blind", [True, False])
    def test_before_the_end(self, panel: Panel, blind: bool, viewer: str | None) -> None:
        opened = opened_with(panel, blind=blind)
        seen = round_results(opened.question, opened, person(panel, viewer)) is not None
        assert seen == (not blind and viewer in {"chair", "member"})

    @pytest.mark.parametrize("viewer", VIEWERS)
    @pytest.mark.parametrize("display", ["none", "counts", "named"])
    @pytest.mark.parametrize("end", ["closed", "time is up"])
    def test_once_it_is_over(self, panel: Panel, end: str, display: str, viewer: str | None) -> None:
        opened = opened_with(panel, tally_display=display, closes_at=timezone.now() + timedelta(hours=1))
        cast(opened.question, panel.member, OPTIONS[0], comment="Because.")
        if end == "closed":
            rounds.close_round(voting_round=opened, by=panel.chair)
        else:
            VotingRound.objects.update(closes_at=timezone.now())
        opened.refresh_from_db()
        results = round_results(opened.question, opened, person(panel, viewer))
        allowed = viewer == "chair" or (display != "none" and viewer != "outsider")
        assert (results is not None) == allowed
        if results is not None:
            assert results.is_over
            assert results.ended_at is not None
            names = [name for item in results.items for option in item.options for name in option.names]
            assert names == (["Mia Member"] if display == "named" else [])

    def test_a_voided_ballot_sees_no_open_round(self, panel: Panel) -> None:
        opened = opened_with(panel, blind=False)
        conflicts.manage_conflict(
            member=panel.member,
            guideline=panel.guideline,
            level=ConflictLevel.NO_VOTE,
            note="",
            by=panel.chair,
        )
        assert round_results(opened.question, opened, panel.member) is None

    def test_who_has_left_sees_nothing(self, panel: Panel) -> None:
        opened = rounds.close_round(**examples.close_round(panel))
        assert round_results(opened.question, opened, panel.member) is not None
        accounts.end_membership(**examples.end_membership(panel))
        assert round_results(opened.question, opened, panel.member) is None


class TestResults:
    def closed(self, panel: Panel, **fields: Any) -> VotingRound:
        """Seven ballots, six votes: five for one option, one for another; the type of recommendation is disputed."""
        members = [*more_members(panel, 4), panel.member, panel.colleague]
        opened = opened_with(panel, **fields)
        for n, member in enumerate(members):
            option = OPTIONS[0] if n else OPTIONS[3]
            cast(opened.question, member, option, comment=f"Reason {n}.", confidence="high")
            cast(opened.question, member, TYPES[0 if n % 2 else 4], item_key=RECOMMENDATION_TYPE_ITEM)
        return rounds.close_round(voting_round=opened, by=panel.chair)

    def test_the_most_disputed_item_comes_first(self, panel: Panel) -> None:
        closed = self.closed(panel)
        results = round_results(closed.question, closed, panel.observer)
        assert results is not None
        assert [(item.key, item.disagreement) for item in results.items] == [
            (RECOMMENDATION_TYPE_ITEM, 1.0),
            (PLAIN.key, pytest.approx(5 / 9)),
        ]
        assert (results.rule, results.tally_digest) == ("AWMF levels of consensus", closed.tally_digest)
        item = results.item(PLAIN.key)
        assert item is not None
        assert (item.n_ballots, item.n_votes, item.n_abstained, item.n_unsure) == (7, 6, 1, 0)
        assert {option.key: (option.count, option.share) for option in item.options if option.count} == {
            OPTIONS[0]: (5, "83.3%"),
            OPTIONS[3]: (1, "16.7%"),
        }
        assert (item.verdict, item.is_met) == ("consensus, 83.3% (5 of 6)", True)
        assert item.median == item.leading == (PLAIN.option(OPTIONS[0]).label,)
        assert (item.confidence, item.is_small) == ((("High", 6),), False)
        assert results.items[0].is_met is False

    def test_reasons_stand_under_their_option_without_names(self, panel: Panel) -> None:
        closed = self.closed(panel)
        results = round_results(closed.question, closed, panel.member)
        assert results is not None
        item = results.item(PLAIN.key)
        assert item is not None
        said = {option.key: [reason.text for reason in option.reasons] for option in item.options}
        assert sorted(said[OPTIONS[0]]) == [f"Reason {n}." for n in range(1, 6)]
        assert said[OPTIONS[3]] == ["Reason 0."]
        assert item.reasons == ()
        assert "Member 0" not in repr(results)

    def test_reasons_with_names(self, panel: Panel) -> None:
        closed = self.closed(panel, reasons_named=True)
        results = round_results(closed.question, closed, None)
        assert results is not None
        item = results.item(PLAIN.key)
        assert item is not None
        assert [r.name for option in item.options if option.key == OPTIONS[3] for r in option.reasons] == [
            "Member 0"
        ]

    def test_who_chose_what_never_gives_an_unnamed_reason_away(self, panel: Panel) -> None:
        closed = self.closed(panel, tally_display="named")
        results = round_results(closed.question, closed, panel.member)
        assert results is not None
        item = results.item(PLAIN.key)
        assert item is not None
        assert [option.names for option in item.options if option.key == OPTIONS[3]] == [("Member 0",)]
        assert not any(option.reasons for option in item.options)
        assert sorted((reason.text, reason.name) for reason in item.reasons) == [
            (f"Reason {n}.", "") for n in range(6)
        ]

    @pytest.mark.parametrize(("n_votes", "small"), [(4, True), (5, False)])
    def test_a_small_panel(self, panel: Panel, n_votes: int, small: bool) -> None:
        members = more_members(panel, 5)
        opened = opened_with(panel)
        for member in members[:n_votes]:
            cast(opened.question, member, OPTIONS[0], comment="Because.")
        rounds.close_round(voting_round=opened, by=panel.chair)
        opened.refresh_from_db()
        results = round_results(opened.question, opened, panel.chair)
        assert results is not None
        item = results.item(PLAIN.key)
        assert item is not None
        chosen = item.options[0]
        assert (item.is_small, chosen.count, chosen.share) == (small, n_votes, "" if small else "100%")
        assert (len(chosen.reasons), len(item.reasons)) == ((0, 4) if small else (5, 0))
        assert ("%" in item.verdict) == (not small)

    def test_the_queries_do_not_grow(
        self, panel: Panel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        closed = self.closed(panel)
        question = Question.objects.select_related("guideline").get(pk=closed.question_id)
        with django_assert_num_queries(3):
            round_results(question, closed, panel.member)
        with django_assert_num_queries(2):
            rounds_of(question)

    def test_the_list_of_rounds(self, panel: Panel) -> None:
        first = rounds.close_round(**examples.close_round(panel))
        opened = rounds.open_round(question=first.question, item_keys=[PLAIN.key], by=panel.chair)
        rounds.void_ballot(ballot=opened.ballots.get(member=panel.member), reason="x", by=panel.chair)
        assert [
            (one.number, one.is_over, one.by_time, one.n_ballots, one.n_voided, one.item_keys)
            for one in rounds_of(first.question)
        ] == [
            (1, True, False, 3, 0, (PLAIN.key, RECOMMENDATION_TYPE_ITEM)),
            (2, False, False, 2, 1, (PLAIN.key,)),
        ]
        VotingRound.objects.filter(pk=opened.pk).update(closes_at=timezone.now())
        assert rounds_of(first.question)[1].by_time


class TestReceipt:
    def test_it_stands_and_is_counted(self, panel: Panel) -> None:
        opened = opened_with(panel)
        vote = cast(opened.question, panel.member, OPTIONS[0])
        found = check_receipt(opened.question, f" {receipt(vote).upper()}\n")
        assert (found.stands, found.round_number, found.item_key, found.cast_at, found.is_counted) == (
            True,
            1,
            PLAIN.key,
            vote.cast_at,
            None,
        )
        rounds.close_round(voting_round=opened, by=panel.chair)
        found = check_receipt(opened.question, receipt(vote))
        assert (found.is_counted, found.why_not) == (True, "")
        assert panel.member.name not in repr(found)

    def test_why_one_is_not_counted(self, panel: Panel) -> None:
        opened = opened_with(panel)
        question = opened.question
        first = receipt(cast(question, panel.member, OPTIONS[0]))
        cast(question, panel.member, OPTIONS[1], version=1)
        voided = receipt(cast(question, panel.colleague, OPTIONS[1]))
        reason = receipt(cast(question, panel.chair, comment="Only a reason."))
        rounds.void_ballot(ballot=Ballot.objects.get(member=panel.colleague), reason="x", by=panel.chair)
        assert {check_receipt(question, code).is_counted for code in (first, voided, reason)} == {None}
        rounds.close_round(voting_round=opened, by=panel.chair)
        said = [check_receipt(question, code) for code in (first, voided, reason)]
        assert [one.is_counted for one in said] == [False] * 3
        assert [
            word in one.why_not for word, one in zip(("later", "voided", "reason"), said, strict=True)
        ] == [True] * 3

    def test_a_receipt_of_nothing_or_of_another_question(self, panel: Panel) -> None:
        opened = opened_with(panel)
        vote = cast(opened.question, panel.member, OPTIONS[0])
        for question, code in ((opened.question, "0" * 64), (panel.question(), receipt(vote))):
            found = check_receipt(question, code)
            assert (found.stands, found.is_counted, found.round_number) == (False, None, None)


def test_a_role_that_votes_no_more_keeps_what_it_voted(panel: Panel) -> None:
    opened = opened_with(panel)
    cast(opened.question, panel.member, OPTIONS[0])
    accounts.end_membership(**examples.end_membership(panel))
    accounts.add_member(guideline=panel.guideline, user=panel.member, role=Role.OBSERVER, by=panel.staff)
    rounds.close_round(voting_round=opened, by=panel.chair)
    opened.refresh_from_db()
    results = round_results(opened.question, opened, panel.member)
    assert results is not None
    assert sum(item.n_votes for item in results.items) == 1
