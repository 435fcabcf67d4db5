"""Judgements, votes and rounds in the document: by the setting of each round, and nothing of an open one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents import pdf
from documents.assemble import assemble
from documents.html import render_html
from documents.published import document_bytes
from documents.schema import from_json
from etd.actions import assessments, recommendations, rounds, voting
from etd.domain.consensus import own_rule
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, QuestionStatus, TallyDisplay
from etd.models import CriterionAssessment, Judgement, Question, User, VotingRound
from tests import factories as f
from tests.unit.documents.test_html import words
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, panel_of

LABELS = {option.key: option.label for option in PLAIN.options}
TYPES = f.FRAMEWORK.recommendation_types


@pytest.fixture
def panel(db: None) -> Panel:
    return panel_of()


@pytest.fixture
def question(panel: Panel) -> Question:
    return panel.question(status=QuestionStatus.VOTING)


@pytest.fixture
def voters(panel: Panel) -> list[User]:
    """The seven of the panel whose names sort before everybody else's."""
    return [
        f.panel_membership(guideline=panel.guideline, user=f.user(name=f"Anna {letter}")).user
        for letter in "ABCDEFG"
    ]


def opened(question: Question, panel: Panel, **fields: Any) -> VotingRound:
    values: dict[str, Any] = {
        "item_keys": [PLAIN.key],
        "rule": own_rule(70),
        "tally_display": TallyDisplay.COUNTS,
    } | fields
    return rounds.open_round(question=question, by=panel.chair, **values)


def cast(question: Question, voters: Sequence[User], *options: str, item: str = PLAIN.key) -> None:
    for voter, option in zip(voters, options, strict=False):
        voting.cast_vote(
            question=question,
            item_key=item,
            option_keys=[option],
            comment="Seen at the bedside.",
            version=0,
            by=voter,
        )


def voted(
    question: Question, panel: Panel, voters: Sequence[User], *options: str, **fields: Any
) -> VotingRound:
    """A round that is over, in which the voters chose these options."""
    made = opened(question, panel, **fields)
    cast(question, voters, *options)
    return rounds.close_round(voting_round=made, by=panel.chair)


def judged(
    question: Question, by: User, basis: Basis, *, option: str = OPTIONS[1], **fields: Any
) -> Judgement:
    assessment = CriterionAssessment.objects.get(question=question, criterion_key=PLAIN.key)
    assessments.record_judgement(
        question=question,
        criterion_key=PLAIN.key,
        choices=[(option, "")],
        basis=basis,
        revision=assessment.judgement_revision,
        by=by,
        **fields,
    )
    return Judgement.objects.get(assessment=assessment)


def fresh(question: Question) -> Question:
    return Question.objects.select_related("guideline", "recommendation").get(pk=question.pk)


def json_of(question: Question) -> str:
    return document_bytes(assemble(fresh(question))).decode()


def page_of(question: Question) -> str:
    return words(render_html(assemble(fresh(question))))


def pdf_text(question: Question) -> str:
    """The PDF's words as they are read back, the running lines of its pages among them."""
    reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(assemble(fresh(question)))))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def figures(element: Any) -> list[str]:
    """The alternative texts of all drawings, in reading order; empty where there is none."""
    element = element.get_object()
    found = [str(element.get("/Alt", ""))] if element.get("/S") == "/Figure" else []
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        if isinstance(kid.get_object(), dict):
            found += figures(kid)
    return found


class TestBasis:
    def test_by_vote_it_names_round_recorder_moment_evidence_and_reason(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        closed = voted(question, panel, voters, *[OPTIONS[0]] * 4, *[OPTIONS[1]] * 3)
        found = judged(
            question, panel.chair, Basis.VOTE, voting_round=closed, reason="The trials <do> not reach\nus."
        )
        page = page_of(question)
        at = found.judged_at.strftime("%Y, %H:%M UTC")
        assert "By vote in round 1. Recorded by Carla Chair, " in page
        assert f"{at}, on evidence {found.evidence_digest[:12]}." in page
        assert "Reason: The trials <do> not reach us." in page
        (plain,) = next(c for c in json.loads(json_of(question))["criteria"] if c["key"] == PLAIN.key)[
            "judgements"
        ]
        assert (plain["basis_key"], plain["round_number"]) == ("vote", 1)
        assert plain["recorded_by"] == "Carla Chair"
        assert plain["reason"] == "The trials <do> not reach\nus."
        assert plain["evidence_digest"] == found.evidence_digest

    def test_the_type_of_recommendation_says_what_it_rests_on(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        asked = opened(question, panel, item_keys=[RECOMMENDATION_TYPE_ITEM])
        cast(question, voters, *[TYPES[0].key] * 4, *[TYPES[1].key] * 3, item=RECOMMENDATION_TYPE_ITEM)
        closed = rounds.close_round(voting_round=asked, by=panel.chair)
        assert json.loads(json_of(question))["type_judgement"] is None
        assert "Recorded by" not in page_of(question)
        recommendations.record_type(
            question=question,
            type_key=TYPES[1].key,
            basis=Basis.VOTE,
            voting_round=closed,
            reason="Harm weighed most.",
            revision=1,
            by=panel.chair,
        )
        plain = json.loads(json_of(question))["type_judgement"]
        assert (plain["option_key"], plain["basis_key"], plain["round_number"], plain["reason"]) == (
            TYPES[1].key,
            "vote",
            1,
            "Harm weighed most.",
        )
        assert from_json(json.loads(json_of(question))) == assemble(fresh(question))
        page = page_of(question)
        assert "By vote in round 1. Recorded by Carla Chair, " in page
        assert "Reason: Harm weighed most." in page

    @pytest.mark.parametrize(
        ("basis", "referred", "text"),
        [
            (Basis.CONSENSUS, False, "By consensus. Recorded by Carla Chair,"),
            (Basis.CONSENSUS, True, "By consensus after round 1. Recorded by"),
            (Basis.CHAIR, False, "By the chair. Recorded by Carla Chair,"),
            (Basis.CHAIR, True, "By the chair after round 1. Recorded by"),
        ],
    )
    def test_without_a_vote(
        self, panel: Panel, question: Question, voters: list[User], basis: Basis, referred: bool, text: str
    ) -> None:
        more: dict[str, Any] = (
            {"voting_round": voted(question, panel, voters, *[OPTIONS[1]] * 7)} if referred else {}
        )
        judged(question, panel.chair, basis, **more)
        assert text in page_of(question)

    def test_changed_evidence_is_said(self, panel: Panel, question: Question) -> None:
        judged(question, panel.chair, Basis.CONSENSUS)
        assert "the evidence has changed since" not in page_of(question)
        CriterionAssessment.objects.filter(question=question, criterion_key=PLAIN.key).update(
            research_evidence="One more trial."
        )
        assert "; the evidence has changed since." in page_of(question)

    def test_a_reaffirmed_judgement_says_who_stands_by_it_when_and_why(
        self, panel: Panel, question: Question
    ) -> None:
        found = judged(question, panel.chair, Basis.CONSENSUS)
        found.reaffirmed_at, found.reaffirmed_by = f.NOW, panel.methodologist
        found.reaffirmed_because = "One trial more, & the effect <is> the same."
        found.save()
        said = (
            f"by {panel.methodologist}, on evidence {found.evidence_digest[:12]}: {found.reaffirmed_because}"
        )
        assert said in page_of(question)
        assert said in pdf_text(question)
        (plain,) = next(c for c in json.loads(json_of(question))["criteria"] if c["key"] == PLAIN.key)[
            "judgements"
        ]
        assert (plain["evidence_change"], plain["reaffirmed_by"], plain["reaffirmed_at"]) == (
            "none",
            str(panel.methodologist),
            f.NOW.isoformat(),
        )
        assert plain["reaffirmed_because"] == found.reaffirmed_because

    def test_evidence_that_moved_is_minor_or_changed_in_the_data(
        self, panel: Panel, question: Question
    ) -> None:
        def change() -> tuple[str, bool]:
            criteria = json.loads(json_of(question))["criteria"]
            (plain,) = next(c for c in criteria if c["key"] == PLAIN.key)["judgements"]
            return plain["evidence_change"], plain["evidence_changed"]

        judged(question, panel.chair, Basis.CONSENSUS)
        stored = CriterionAssessment.objects.filter(question=question, criterion_key=PLAIN.key)
        words_now = stored.get().research_evidence
        assert change() == ("none", False)
        stored.update(research_evidence=f"{words_now}  \n")
        assert change() == ("minor", False)
        assert "; a minor change of the evidence since." in page_of(question)
        stored.update(research_evidence=f"{words_now} One more.")
        assert change() == ("changed", True)

    def test_what_was_taken_over_was_recorded_by_nobody(self, panel: Panel, question: Question) -> None:
        judged(question, panel.staff, Basis.DOCUMENT)
        assert "Recorded by" not in page_of(question)
        assert "Sam Staff" not in json_of(question)


class TestTallies:
    def test_counts_verdict_and_how_the_panel_moved(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        voted(question, panel, voters, *[OPTIONS[0]] * 3, *[OPTIONS[1]] * 3)
        voted(question, panel, voters, OPTIONS[0], *[OPTIONS[1]] * 6)
        document = assemble(fresh(question))
        assert from_json(json.loads(document_bytes(document))) == document
        for text in (words(render_html(document)), pdf_text(question)):
            assert "VOTES IN ROUND 2" in text
            assert f"1 14.3% {LABELS[OPTIONS[0]]}" in text
            assert f"6 85.7% {LABELS[OPTIONS[1]]}" in text
            assert "Consensus, 85.7% (6 of 7)" in text
            assert "; the rule asks for at least 70%. 7 of 10 voted, 3 abstained." in text
            assert text.index("HOW THE PANEL MOVED") > text.index("VOTES IN ROUND 2")
            assert ": no consensus, 50% (3 of 6)" in text
            assert "Anna" not in text[: text.index("PANEL AND CONFLICTS OF INTEREST")]
        plain = json.loads(document_bytes(document))
        plain.pop("panel")
        assert "Anna" not in json.dumps(plain)
        assert "Seen at the bedside" not in json.dumps(plain)

    def test_bars_are_as_high_as_their_share_and_say_so(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        voted(question, panel, voters, OPTIONS[0], *[OPTIONS[1]] * 4)
        html = render_html(assemble(fresh(question)))
        assert f"<title>{LABELS[OPTIONS[1]]}: 4 of 5</title>" in html
        assert 'd="M0 100h100v-80h-100z"' in html
        assert html.count(" leads") == 1

    def test_every_drawing_in_the_pdf_says_what_it_shows(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        voted(question, panel, voters, *[OPTIONS[0]] * 2, *[OPTIONS[1]] * 3)
        voted(question, panel, voters, *[OPTIONS[1]] * 5)
        reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(assemble(fresh(question)))))
        found = figures(reader.trailer["/Root"]["/StructTreeRoot"])  # type: ignore[index]
        assert len(found) == len(PLAIN.options) + 1
        assert all(found)
        assert f"{LABELS[OPTIONS[1]]}: 5 of 5" in found
        assert found[-1].startswith(f"Round 1. {LABELS[OPTIONS[0]]}: 2 of 5; {LABELS[OPTIONS[1]]}: 3 of 5;")

    def test_who_chose_what_only_where_it_is_said(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        voted(question, panel, voters, *[OPTIONS[0]] * 2, OPTIONS[1], tally_display=TallyDisplay.NAMED)
        text = page_of(question)
        assert f"{LABELS[OPTIONS[0]]} Anna A, Anna B {LABELS[OPTIONS[1]]} Anna C" in text
        assert "Who could vote Anna A, Anna B, Anna C, Anna D" in text
        assert "66.7%" in text

    def test_few_votes_without_names_have_no_percentages(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        voted(question, panel, voters, *[OPTIONS[0]] * 3, OPTIONS[1])
        text = page_of(question)
        assert f"3 {LABELS[OPTIONS[0]]}" in text
        assert "Consensus, 3 of 4 ; the rule asks for at least 70%." in text
        assert "With so few votes, percentages are left out." in text
        assert "75%" not in text

    def test_the_type_of_recommendation_has_its_own(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        made = opened(question, panel, item_keys=[RECOMMENDATION_TYPE_ITEM])
        cast(question, voters, *[TYPES[1].key] * 5, item=RECOMMENDATION_TYPE_ITEM)
        rounds.close_round(voting_round=made, by=panel.chair)
        text = page_of(question)
        part = text[text.index(f.FRAMEWORK.headings.type_of_recommendation) :]
        assert f"VOTES IN ROUND 1 {TYPES[0].label}: 0 of 5 0 {TYPES[0].label}" in part
        assert f"5 100% {TYPES[1].label}" in part
        assert "VOTES IN ROUND" not in text[: text.index("SUMMARY OF JUDGEMENTS")]


class TestNone:
    """Tallies that are not shown: the fact of the round, and nothing from which a count could be had."""

    def world(self, question: Question, panel: Panel, voters: list[User], *options: str) -> str:
        with transaction.atomic():
            voted(question, panel, voters, *options, tally_display=TallyDisplay.NONE)
            VotingRound.objects.filter(question=question).update(opened_at=f.NOW, closed_at=f.NOW)
            text = json_of(question) + page_of(question)
            transaction.set_rollback(True)
        return text

    def test_the_round_is_told_and_no_count(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        closed = voted(question, panel, voters, *[OPTIONS[0]] * 6, tally_display=TallyDisplay.NONE)
        (one,) = assemble(fresh(question)).rounds
        assert (one.n_cast, one.tallies, one.tally_digest, one.roll) == (None, (), "", ())
        assert one.n_ballots == 10
        text = page_of(question)
        assert "HOW THE PANEL DECIDED" in text
        assert "10 members could vote" in text
        assert "Not part of this document, by the setting of the guideline." in text
        assert "VOTES IN ROUND" not in text
        assert closed.tally_digest
        assert closed.tally_digest not in json_of(question)

    def test_whatever_was_voted_it_is_the_same_document(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        one = self.world(question, panel, voters, *[OPTIONS[0]] * 7)
        other = self.world(question, panel, voters, OPTIONS[1], OPTIONS[2])
        assert one == other


class TestHowThePanelDecided:
    def test_rounds_are_told_with_ballots_rule_and_source(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        closed = voted(question, panel, voters, *[OPTIONS[1]] * 6, rule=None)
        ballot = closed.ballots.get(member=voters[6])
        ballot.voided_at, ballot.voided_by, ballot.void_reason = f.NOW, panel.chair, "Left."
        ballot.save()
        text = page_of(question)
        annex = text[text.index("HOW THE PANEL DECIDED") :]
        assert "The panel voted in 1 round." in annex
        assert f"Asked about {PLAIN.heading[:1].upper()}{PLAIN.heading[1:]}" in annex
        assert "Ballots 6 of 9 cast; 1 more voided" in annex
        assert "Rule AWMF levels of consensus: more than 75%" in annex
        assert "AWMF-Regelwerk Leitlinien" in annex
        assert f"Tallies With each criterion. sha256 {closed.tally_digest}" in annex
        assert ", by a chair" in annex

    def test_a_round_that_its_time_has_ended_says_so_before_anybody_records_it(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        made = opened(question, panel, closes_at=timezone.now() + timedelta(hours=1))
        cast(question, voters, *[OPTIONS[0]] * 5)
        assert assemble(fresh(question)).rounds == ()
        VotingRound.objects.filter(pk=made.pk).update(closes_at=timezone.now() - timedelta(seconds=1))
        (one,) = assemble(fresh(question)).rounds
        assert one.by_time
        assert "at its closing time" in page_of(question)

    def test_without_rounds_nothing_is_said_of_votes(self, panel: Panel, question: Question) -> None:
        text = page_of(question)
        assert "HOW THE PANEL DECIDED" not in text
        assert "VOTES" not in text


class TestOpenRound:
    """N5: two worlds that differ only in what was said in a round that is open are one document."""

    def world(self, question: Question, vote: Callable[[], None]) -> tuple[str, str, bytes]:
        with transaction.atomic():
            vote()
            document = assemble(fresh(question))
            seen = document_bytes(document).decode(), render_html(document), pdf.render_pdf(document)
            transaction.set_rollback(True)
        return seen

    @pytest.mark.parametrize("display", list(TallyDisplay))
    @pytest.mark.parametrize("blind", [True, False])
    def test_votes_change_no_byte(
        self, panel: Panel, question: Question, voters: list[User], blind: bool, display: TallyDisplay
    ) -> None:
        voted(question, panel, voters, *[OPTIONS[0]] * 5)
        opened(question, panel, blind=blind, tally_display=display)
        one = self.world(question, lambda: cast(question, voters, OPTIONS[0]))
        other = self.world(question, lambda: cast(question, voters[1:], *OPTIONS[1:4]))
        assert one == other
        assert [entry["number"] for entry in json.loads(one[0])["rounds"]] == [1]

    def test_a_control_once_it_is_over_the_worlds_differ(
        self, panel: Panel, question: Question, voters: list[User]
    ) -> None:
        made = opened(question, panel)

        def vote_and_close(option: str) -> Callable[[], None]:
            def act() -> None:
                cast(question, voters, option)
                rounds.close_round(voting_round=made, by=panel.chair)

            return act

        one, other = (self.world(question, vote_and_close(option)) for option in OPTIONS[:2])
        assert one[0] != other[0]
        assert one[1] != other[1]
        assert one[2] != other[2]


def test_another_round_costs_no_query(panel: Panel, question: Question, voters: list[User]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assemble(fresh(question))
        return len(captured)

    voted(question, panel, voters, OPTIONS[0])
    one = queries()
    voted(question, panel, voters, *[OPTIONS[1]] * 7)
    assert queries() == one
