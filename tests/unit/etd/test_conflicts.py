"""Conflicts of interest: every version kept, words for author and chair alone, recusal by structure."""

from __future__ import annotations

from typing import Any

import pytest

from etd.actions import audit, conflicts, rounds, voting
from etd.actions.errors import Refused, StaleEdit
from etd.enums import ConflictKind, ConflictLevel, Role
from etd.models import (
    AuditEvent,
    Ballot,
    ConflictDeclaration,
    ConflictManagement,
    Recusal,
    User,
    Vote,
    VotingRound,
)
from etd.selectors import conflict_register, is_recused, may_discuss, own_conflicts, printed_conflicts
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, contents, last_event

SECRET = "Shares in Impella's maker, 4711."


def declare(panel: Panel, **fields: Any) -> ConflictDeclaration:
    values: dict[str, Any] = {
        "guideline": panel.guideline,
        "has_conflict": True,
        "kinds": {ConflictKind.FINANCIAL},
        "text": SECRET,
        "version": 0,
        "by": panel.member,
    }
    return conflicts.declare_conflict(**(values | fields))


def manage(panel: Panel, level: ConflictLevel, **fields: Any) -> ConflictManagement:
    values: dict[str, Any] = {
        "member": panel.member,
        "guideline": panel.guideline,
        "level": level,
        "note": "",
        "by": panel.chair,
    }
    return conflicts.manage_conflict(**(values | fields))


class TestDeclare:
    def test_every_version_is_kept(self, panel: Panel) -> None:
        declare(panel)
        second = declare(panel, text="Sold them.", version=1)
        assert (second.version, ConflictDeclaration.objects.count()) == (2, 2)
        declare(panel, has_conflict=False, kinds=(), text="", version=2)
        mine = own_conflicts(panel.guideline, panel.member)
        assert [(one.version, one.has_conflict, one.text) for one in mine.history] == [
            (3, False, ""),
            (2, True, "Sold them."),
            (1, True, SECRET),
        ]
        assert [one.version for one in mine.present] == [3]

    def test_a_question_and_the_guideline_are_declared_apart(self, panel: Panel) -> None:
        question = panel.question()
        declare(panel)
        assert declare(panel, question=question).version == 1
        mine = own_conflicts(panel.guideline, panel.member)
        assert {one.question_slug for one in mine.present} == {"", question.slug}
        assert mine.for_scope(question.slug) is not None

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"kinds": ()}, "of which kind"),
            ({"text": " "}, "of which kind"),
            ({"has_conflict": False}, "which holds"),
        ],
    )
    def test_half_a_declaration_is_refused(self, panel: Panel, change: dict[str, Any], message: str) -> None:
        before = contents()
        with pytest.raises(Refused, match=message):
            declare(panel, **change)
        assert contents() == before

    def test_from_two_windows(self, panel: Panel) -> None:
        declare(panel)
        before = contents()
        with pytest.raises(StaleEdit) as refusal:
            declare(panel, text="Other.")
        assert (refusal.value.revision, refusal.value.current["text"]) == (1, SECRET)
        assert contents() == before

    def test_only_members_and_only_of_this_guideline(self, panel: Panel) -> None:
        with pytest.raises(Refused, match="not a member"):
            declare(panel, by=panel.outsider)
        with pytest.raises(Refused, match="another guideline"):
            declare(panel, question=f.question())


class TestWords:
    """The words reach their author, and a chair who opens them on record; the trail holds none of them."""

    def test_the_trail_commits_and_does_not_tell(self, panel: Panel) -> None:
        declaration = declare(panel)
        conflicts.manage_conflict(
            **(examples.manage_conflict(panel) | {"note": SECRET, "declaration": declaration})
        )
        trail = " ".join(str(value) for event in AuditEvent.objects.values() for value in event.values())
        assert SECRET not in trail
        assert declaration.nonce not in trail
        assert declaration.commitment in trail

    def test_an_opening_is_logged(self, panel: Panel) -> None:
        declaration = declare(panel)
        assert conflicts.read_declaration(declaration=declaration, by=panel.chair) == SECRET
        event = last_event()
        assert (event["type"], event["subject"], event["by"]) == (
            "declaration_read",
            panel.member.name,
            (str(panel.chair.pk), panel.chair.name),
        )

    @pytest.mark.parametrize("reader", ["colleague", "methodologist", "staff", "observer", "outsider"])
    def test_nobody_else_reads(self, panel: Panel, reader: str) -> None:
        declaration = declare(panel)
        person: User = getattr(panel, reader)
        before = contents()
        with pytest.raises(Refused, match="author and by the chair alone"):
            conflicts.read_declaration(declaration=declaration, by=person)
        assert contents() == before
        assert conflict_register(panel.guideline, person) == ()
        assert SECRET not in repr(own_conflicts(panel.guideline, person))

    def test_a_chair_of_elsewhere_or_of_before_reads_nothing(self, panel: Panel) -> None:
        declaration = declare(panel)
        elsewhere = f.panel_membership(role=Role.CHAIR).user
        former = f.panel_membership(
            guideline=panel.guideline, role=Role.CHAIR, ended_at=f.NOW, ended_by=panel.staff
        ).user
        for person in (elsewhere, former):
            with pytest.raises(Refused):
                conflicts.read_declaration(declaration=declaration, by=person)

    def test_the_register_and_the_document_hold_no_words(self, panel: Panel) -> None:
        question = panel.question()
        declaration = declare(panel, question=question)
        manage(panel, ConflictLevel.NO_VOTE, question=question, declaration=declaration)
        register = conflict_register(panel.guideline, panel.chair)
        (row,) = [one for one in register if one.question_slug == question.slug]
        assert (row.name, row.has_conflict, row.kinds, row.declaration_id, row.is_outdated) == (
            panel.member.name,
            True,
            ("Financial",),
            declaration.pk,
            False,
        )
        assert row.decision is not None
        assert row.decision.level == "no_vote"
        assert {one.name for one in register if one.version == 0} >= {panel.chair.name, panel.staff.name}
        printed = printed_conflicts(question)
        assert [(one.name, one.scope, one.level) for one in printed] == [
            (panel.member.name, "question", "no_vote")
        ]
        assert SECRET not in repr(register) + repr(printed)
        declare(panel, question=question, text="More.", version=1)
        assert any(one.is_outdated for one in conflict_register(panel.guideline, panel.chair))
        assert printed_conflicts(panel.question()) == ()


class TestRecusal:
    @pytest.fixture
    def voted(self, panel: Panel) -> VotingRound:
        """An open round in which the member and the colleague have voted."""
        opened: VotingRound = examples.close_round(panel)["voting_round"]
        return opened

    @pytest.mark.parametrize("level", [ConflictLevel.NO_VOTE, ConflictLevel.EXCLUDED])
    @pytest.mark.parametrize("whole", [False, True], ids=["question", "guideline"])
    def test_a_ballot_in_an_open_round_is_voided(
        self, panel: Panel, voted: VotingRound, level: ConflictLevel, whole: bool
    ) -> None:
        question = voted.question
        manage(panel, level, question=None if whole else question, note="Very private.")
        ballot = Ballot.objects.get(round=voted, member=panel.member)
        assert (ballot.voided_by, ballot.void_reason) == (panel.chair, conflicts.RECUSED)
        assert Vote.objects.filter(ballot=ballot).exists(), "what was voted stays stored"
        with pytest.raises(Refused, match="no ballot"):
            voting.cast_vote(
                question=question, item_key=PLAIN.key, option_keys=[], comment="x", version=1, by=panel.member
            )
        rounds.close_round(voting_round=voted, by=panel.chair)
        assert last_event()["after"]["tallies"][0]["counts"][OPTIONS[0]] == 0
        assert is_recused(question, panel.member)
        assert may_discuss(question, panel.member) == (level == ConflictLevel.NO_VOTE)
        again = rounds.open_round(question=question, item_keys=[PLAIN.key], by=panel.chair)
        assert not again.ballots.filter(member=panel.member).exists()
        assert again.ballots.filter(member=panel.colleague).exists()
        other = panel.question()
        assert is_recused(other, panel.member) == whole
        assert "private" not in " ".join(AuditEvent.objects.values_list("after", flat=True))

    def test_disclosure_alone_recuses_nobody(self, panel: Panel, voted: VotingRound) -> None:
        manage(panel, ConflictLevel.DISCLOSURE)
        assert not Recusal.objects.exists()
        assert Ballot.objects.get(round=voted, member=panel.member).voided_at is None

    def test_back_to_disclosure_ends_it_for_later_rounds_only(self, panel: Panel, voted: VotingRound) -> None:
        manage(panel, ConflictLevel.NO_VOTE, question=voted.question)
        manage(panel, ConflictLevel.DISCLOSURE, question=voted.question)
        assert Ballot.objects.get(round=voted, member=panel.member).voided_at is not None
        assert not is_recused(voted.question, panel.member)
        assert Recusal.objects.get().ended_by == panel.chair
        rounds.close_round(voting_round=voted, by=panel.chair)
        again = rounds.open_round(question=voted.question, item_keys=[PLAIN.key], by=panel.chair)
        assert again.ballots.filter(member=panel.member).exists()

    def test_either_scope_keeps_from_voting(self, panel: Panel) -> None:
        question = panel.question()
        manage(panel, ConflictLevel.EXCLUDED)
        manage(panel, ConflictLevel.DISCLOSURE, question=question)
        assert is_recused(question, panel.member)
        assert not may_discuss(question, panel.member)

    def test_a_stricter_level_takes_the_place_of_the_milder(self, panel: Panel) -> None:
        question = panel.question()
        manage(panel, ConflictLevel.NO_VOTE, question=question)
        manage(panel, ConflictLevel.EXCLUDED, question=question)
        assert [(one.level, one.ended_at is None) for one in Recusal.objects.order_by("pk")] == [
            ("no_vote", False),
            ("excluded", True),
        ]
        before = contents()
        manage(panel, ConflictLevel.EXCLUDED, question=question)
        assert contents() == before

    def test_chairs_may_be_strict_with_themselves_and_nothing_else(self, panel: Panel) -> None:
        before = contents()
        with pytest.raises(Refused, match="Another chair"):
            manage(panel, ConflictLevel.DISCLOSURE, member=panel.chair)
        assert contents() == before
        manage(panel, ConflictLevel.EXCLUDED, member=panel.chair)
        with pytest.raises(Refused, match="Another chair"):
            manage(panel, ConflictLevel.NO_VOTE, member=panel.chair)

    def test_what_is_not_this_members(self, panel: Panel) -> None:
        mine = declare(panel, by=panel.colleague)
        with pytest.raises(Refused, match="not this member's own"):
            manage(panel, ConflictLevel.NO_VOTE, declaration=mine)
        with pytest.raises(Refused, match="not a member"):
            manage(panel, ConflictLevel.NO_VOTE, member=panel.outsider)

    def test_the_chain_is_whole(self, panel: Panel, voted: VotingRound) -> None:
        manage(panel, ConflictLevel.EXCLUDED, declaration=declare(panel, kinds={ConflictKind.OTHER}))
        assert audit.verify_chain(audit.chain_name(panel.guideline)) == []
