"""Approvals, published versions and their withdrawal: every refusal, the chain, and what later edits leave alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from documents.actions import publishing
from documents.assemble import assemble
from documents.published import content_sha256
from documents.schema import EtdDocument
from documents.selectors.publication import load_publication
from etd.actions import accounts, assessments, publication, questions, recommendations
from etd.actions.errors import Refused, StaleEdit
from etd.actions.guideline_settings import require_approvals
from etd.enums import APPROVING, Basis, QuestionStatus, Role
from etd.models import Approval, PublishedVersion, Question, User, Withdrawal
from etd.permissions import ROLE_PERMISSIONS, Permission
from etd.selectors import load_etd
from etd.workflow import TRANSITIONS
from metaanalysis.importers.limits import MAX_REVIEW_BYTES
from tests import factories as f
from tests.unit.etd import document_examples as examples
from tests.unit.etd.document_examples import no_pdf
from tests.unit.etd.worlds import OPTIONS, PLAIN, Panel, contents, last_event

SECTION = next(section.key for section in f.FRAMEWORK.sections if not section.holds_statements)


def now(question: Question) -> Question:
    return Question.objects.select_related("guideline", "own_framework").get(pk=question.pk)


def content_of(question: Question) -> str:
    return content_sha256(assemble(now(question)))


def approve(question: Question, *people: User) -> None:
    for person in people:
        publishing.approve(question=now(question), content=content_of(question), by=person)


def in_review(panel: Panel, *approvers: User) -> Question:
    question = panel.question(status=QuestionStatus.IN_REVIEW)
    approve(question, *approvers)
    return question


def publish(question: Question, by: User, note: str = "", render: Any = no_pdf) -> PublishedVersion:
    return publishing.publish(
        question=now(question), content=content_of(question), note=note, by=by, render=render
    )


def published(panel: Panel) -> Question:
    question = in_review(panel, panel.chair, panel.methodologist)
    publish(question, panel.staff)
    return question


def step(question: Question, by: User, *statuses: QuestionStatus) -> None:
    for status in statuses:
        questions.change_status(question=now(question), status=status, by=by)


def again_in_review(question: Question, panel: Panel) -> None:
    """The next version, with another population, before anybody has approved it."""
    step(question, panel.chair, QuestionStatus.EVIDENCE)
    current = now(question)
    questions.edit_question(
        question=current,
        values={"population": f"Adults, revision {current.revision}"},
        revision=current.revision,
        by=panel.methodologist,
    )
    step(question, panel.chair, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW)


def reword(question: Question, by: User, body: str = "Because.") -> None:
    """What can be edited in review as well."""
    section = question.sections.get(section_key=SECTION)
    recommendations.edit_section(
        question=now(question), section_key=SECTION, body=body, revision=section.revision, by=by
    )


def assert_refused(words: str, act: Callable[[], Any]) -> None:
    """The action refuses with these words and leaves every table as it was."""
    before = contents()
    with pytest.raises(Refused, match=words):
        act()
    assert contents() == before


class TestApproving:
    def test_the_roles_that_approve(self) -> None:
        may = {role for role, permissions in ROLE_PERMISSIONS.items() if Permission.APPROVE in permissions}
        assert may == set(APPROVING)

    def test_whoever_cannot_sign_in_any_more_approves_nothing(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        seen = content_of(question)
        assert len(publication.approvals_of(question, seen)) == 2
        panel.methodologist.is_active = False
        panel.methodologist.save()
        assert [name for name, _ in publication.approvals_of(question, seen)] == [panel.chair.name]

    def test_what_has_changed_since_is_not_approved(self, panel: Panel) -> None:
        question = in_review(panel)
        seen = content_of(question)
        reword(question, panel.staff)
        assert_refused(
            "has changed since you opened this page",
            lambda: publishing.approve(question=question, content=seen, by=panel.chair),
        )

    @pytest.mark.parametrize("status", sorted(set(QuestionStatus) - {QuestionStatus.IN_REVIEW}))
    def test_only_in_review(self, panel: Panel, status: QuestionStatus) -> None:
        question = panel.question(status=status)
        assert_refused("is not in review: it is “" + status.label, lambda: approve(question, panel.chair))

    def test_twice_by_one_person_is_one_approval(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair)
        before = contents()
        approve(question, panel.chair)
        assert contents() == before
        assert publication.approvals_of(question, content_of(question))[0][0] == "Carla Chair"
        assert_refused("1 of 2 people have approved", lambda: publish(question, panel.chair))

    def test_the_hash_on_the_page_is_the_one_that_is_compared(self, panel: Panel) -> None:
        question = in_review(panel)
        f.voting_round(question=question, closed_at=f.NOW, closed_by=panel.chair)

        for viewer in (panel.chair, panel.member, panel.observer):
            seen = assemble(now(question), load_etd(now(question), viewer))
            assert content_sha256(seen) == content_of(question)

    def test_back_to_work_ends_approvals(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        step(question, panel.staff, QuestionStatus.EVIDENCE)
        ended = Approval.objects.filter(question=question).values_list("ended_by", flat=True)
        assert list(ended) == [panel.staff.pk, panel.staff.pk]
        step(question, panel.chair, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW)
        assert_refused("0 of 2 people have approved", lambda: publish(question, panel.chair))
        approve(question, panel.chair, panel.staff)
        assert publish(question, panel.chair).number == 1


class TestPublishing:
    def test_a_version_is_what_was_approved_with_its_hashes(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        seen = content_of(question)
        version = publish(question, panel.chair, note="First.")
        document = json.loads(version.document)
        assert document["question"]["status"] == "published"
        assert document["version"]["number"] == 1
        assert document["version"]["published_by"] == "Carla Chair"
        assert [one["name"] for one in document["version"]["approvals"]] == [
            "Carla Chair",
            "Mats Methodologist",
        ]
        assert version.document_sha256 == hashlib.sha256(version.document.encode()).hexdigest()
        assert version.pdf_sha256 == hashlib.sha256(bytes(version.pdf)).hexdigest()
        assert version.record_sha256 == publication.record_of(version).sha256
        assert now(question).status == QuestionStatus.PUBLISHED
        assert content_of(question) == seen
        told = last_event()
        assert (told["type"], told["subject"], told["after"]["note"]) == (
            "version_published",
            "version 1",
            "First.",
        )

    def test_too_few_approvals(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair)
        assert_refused("1 of 2 people have approved", lambda: publish(question, panel.staff))

    def test_an_approval_of_an_earlier_state_counts_for_nothing(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        reword(question, panel.staff)
        assert_refused("0 of 2 people have approved", lambda: publish(question, panel.staff))
        reword(question, panel.staff, "Because of harm.")
        approve(question, panel.chair, panel.staff)
        assert [name for name, _ in publish(question, panel.staff).approvals] == ["Carla Chair", "Sam Staff"]

    def test_words_that_come_back_are_still_approved(self, panel: Panel) -> None:
        """What was approved is the content: a word changed and put back needs no second approval."""
        question = in_review(panel, panel.chair, panel.methodologist)
        seen = content_of(question)
        section = question.sections.get(section_key=SECTION)
        reword(question, panel.staff, "Another reason.")
        reword(question, panel.staff, section.body)
        assert content_of(question) == seen
        assert publish(question, panel.staff).number == 1

    @pytest.mark.parametrize("status", sorted(set(QuestionStatus) - {QuestionStatus.IN_REVIEW}))
    def test_only_in_review(self, panel: Panel, status: QuestionStatus) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        Question.objects.filter(pk=question.pk).update(status=status)
        assert_refused("is not in review: it is “" + status.label, lambda: publish(question, panel.staff))

    def test_what_has_changed_since_the_page_was_opened(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        seen = content_of(question)
        reword(question, panel.staff)
        assert_refused(
            "has changed since you opened this page",
            lambda: publishing.publish(
                question=question, content=seen, note="", by=panel.staff, render=no_pdf
            ),
        )

    def test_what_changes_while_the_pdf_is_made(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)

        def render(document: EtdDocument) -> bytes:
            reword(question, panel.staff)
            return no_pdf(document)

        with pytest.raises(Refused, match="has changed since you opened this page"):
            publish(question, panel.staff, render=render)
        assert not PublishedVersion.objects.exists()
        assert now(question).status == QuestionStatus.IN_REVIEW

    def test_words_of_a_moment_are_not_published(self, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Changed as the document is put together, and changed back before it is stored."""
        question = in_review(panel, panel.chair, panel.methodologist)
        was = question.sections.get(section_key=SECTION).body
        seen: list[str] = []

        def assemble_meanwhile(current: Question) -> EtdDocument:
            seen.append("assembled")
            if len(seen) != 2:
                return assemble(current)
            reword(question, panel.staff, "Approved by nobody.")
            document = assemble(now(question))
            reword(question, panel.staff, was)
            return document

        monkeypatch.setattr(publishing, "assemble", assemble_meanwhile)
        with pytest.raises(Refused, match="has changed since you opened this page"):
            publish(question, panel.staff)
        assert len(seen) == 2
        assert not PublishedVersion.objects.exists()

    def test_whoever_may_no_longer_approve_has_not(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        approver = panel.guideline.memberships.get(user=panel.methodologist)
        accounts.change_role(membership=approver, role=Role.OBSERVER, by=panel.chair)
        assert_refused("1 of 2 people have approved", lambda: publish(question, panel.staff))
        found = load_publication(now(question), panel.methodologist, assemble(now(question)))
        assert ([one.name for one in found.approvals], found.n_missing) == (["Carla Chair"], 1)
        accounts.change_role(membership=approver, role=Role.STAFF, by=panel.chair)
        accounts.end_membership(membership=approver, by=panel.chair)
        assert_refused("1 of 2 people have approved", lambda: publish(question, panel.staff))
        approve(question, panel.staff)
        assert [name for name, _ in publish(question, panel.staff).approvals] == ["Carla Chair", "Sam Staff"]

    def test_an_approval_while_the_pdf_is_made(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)

        def render(document: EtdDocument) -> bytes:
            approve(question, panel.staff)
            return no_pdf(document)

        with pytest.raises(Refused, match="Somebody approved it at this moment"):
            publish(question, panel.staff, render=render)
        assert not PublishedVersion.objects.exists()
        assert publish(question, panel.staff).approvals[2][0] == "Sam Staff"

    def test_a_withdrawal_while_the_pdf_is_made(self, panel: Panel) -> None:
        """The document names the versions before it, and which of them are withdrawn."""
        question = published(panel)
        again_in_review(question, panel)
        approve(question, panel.chair, panel.methodologist)

        def render(document: EtdDocument) -> bytes:
            publication.withdraw_version(version=question.versions.get(), reason="Wrong.", by=panel.chair)
            return no_pdf(document)

        with pytest.raises(Refused, match="An earlier version was withdrawn at this moment"):
            publish(question, panel.staff, note="Newer.", render=render)
        document = json.loads(publish(question, panel.staff, note="Newer.").document)
        assert document["version"]["earlier"][0]["withdrawn"] == "Wrong."

    def test_a_pdf_that_cannot_be_made_stores_nothing(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)

        def render(document: EtdDocument) -> bytes:
            raise RuntimeError("no PDF")

        before = contents()
        with pytest.raises(RuntimeError, match="no PDF"):
            publish(question, panel.staff, render=render)
        assert contents() == before

    def test_what_nobody_could_verify(self, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Too large for the page and the program that compare a file with what was published."""
        question = in_review(panel, panel.chair, panel.methodologist)
        assert_refused(
            "The PDF of this question would have 10.0 MiB",
            lambda: publish(question, panel.staff, render=lambda document: bytes(MAX_REVIEW_BYTES + 1)),
        )
        monkeypatch.setattr(publishing, "MOST_DOCUMENT", 100)
        assert_refused("The data of this question would have", lambda: publish(question, panel.staff))

    def test_a_number_that_cannot_be(self, panel: Panel) -> None:
        question = in_review(panel)
        table = f.outcome_table(question=question)
        f.outcome_row(
            table=table,
            measure="OR",
            estimate="1.00",
            ci_low="0.50",
            ci_high="2.00",
            printed={"estimate": "2.10", "ci_low": "0.50", "ci_high": "2.00"},
        )
        approve(question, panel.chair, panel.methodologist)
        assert_refused("cannot be published yet", lambda: publish(question, panel.staff))

    def test_one_approval_is_enough_where_that_is_the_rule(self, panel: Panel) -> None:
        require_approvals(guideline=panel.guideline, approvals_needed=1, by=panel.chair)
        question = in_review(panel, panel.chair)
        assert publish(question, panel.chair).approvals[0][0] == "Carla Chair"

    @pytest.mark.parametrize("number", [0, 6, -1])
    def test_no_other_number_of_approvals(self, panel: Panel, number: int) -> None:
        assert_refused(
            "from 1 to 5",
            lambda: require_approvals(guideline=panel.guideline, approvals_needed=number, by=panel.chair),
        )


class TestAtOnce:
    def test_the_same_click_twice_is_one_version(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        first = publish(question, panel.staff, note="First.")
        before = contents()
        assert publish(question, panel.staff, note="First.") == first
        assert contents() == before

    def test_the_second_click_while_the_first_is_rendered(self, panel: Panel) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        others: list[PublishedVersion] = []

        def render(document: EtdDocument) -> bytes:
            others.append(publish(question, panel.staff, note="First."))
            return no_pdf(document)

        assert publish(question, panel.staff, note="First.", render=render) == others[0]
        assert PublishedVersion.objects.count() == 1

    @pytest.mark.parametrize("note", ["First.", "Another note."])
    def test_somebody_else_is_told(self, panel: Panel, note: str) -> None:
        question = in_review(panel, panel.chair, panel.methodologist)
        publish(question, panel.staff, note="First.")
        other = panel.chair if note == "First." else panel.staff
        assert_refused(
            "Sam Staff has just published it, as version 1", lambda: publish(question, other, note=note)
        )

    def test_of_two_versions_with_one_number_the_second_is_refused(self, panel: Panel) -> None:
        arguments = examples.store_version(panel)
        first = publication.store_version(**arguments)
        question = first.question
        again_in_review(question, panel)
        approve(question, panel.chair, panel.methodologist)
        late = replace(
            arguments["finished"], document='{"late": true}', document_sha256="1" * 64, note="Late."
        )
        with pytest.raises(Refused, match="Another version was published in the meantime"):
            publication.store_version(
                question=question, content_sha256=content_of(question), finished=late, by=panel.staff
            )
        unchained = replace(late, number=2, previous_sha256="2" * 64)
        with pytest.raises(Refused, match="Another version was published in the meantime"):
            publication.store_version(
                question=question, content_sha256=content_of(question), finished=unchained, by=panel.staff
            )
        assert PublishedVersion.objects.count() == 1


class TestNextVersion:
    def test_it_is_chained_to_the_one_before(self, panel: Panel) -> None:
        question = published(panel)
        for number in (2, 3):
            again_in_review(question, panel)
            approve(question, panel.chair, panel.staff)
            assert publish(question, panel.staff, note=f"Change {number}").number == number
        first, second, third = PublishedVersion.objects.order_by("number")
        assert (first.previous_sha256, second.previous_sha256, third.previous_sha256) == (
            "",
            first.record_sha256,
            second.record_sha256,
        )
        assert json.loads(third.document)["version"]["previous_sha256"] == second.record_sha256
        assert len({one.document_sha256 for one in (first, second, third)}) == 3

    @pytest.mark.parametrize("note", ["", "  \n"])
    def test_it_needs_a_note(self, panel: Panel, note: str) -> None:
        question = published(panel)
        again_in_review(question, panel)
        approve(question, panel.chair, panel.staff)
        assert_refused(
            "say what has changed since the last", lambda: publish(question, panel.staff, note=note)
        )

    def test_the_published_one_stays_while_the_next_is_made(self, panel: Panel) -> None:
        question = published(panel)
        before = list(PublishedVersion.objects.values())
        again_in_review(question, panel)
        assert list(PublishedVersion.objects.values()) == before
        assert not Withdrawal.objects.exists()

    def test_approvals_of_the_last_version_do_not_carry_over(self, panel: Panel) -> None:
        question = published(panel)
        step(question, panel.chair, QuestionStatus.EVIDENCE, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW)
        assert_refused(
            "0 of 2 people have approved", lambda: publish(question, panel.staff, note="Nothing new.")
        )


class TestSteps:
    @pytest.mark.parametrize(
        "status", sorted(set(QuestionStatus) - {QuestionStatus.VOTING, QuestionStatus.EVIDENCE})
    )
    def test_a_step_is_taken_from_where_it_is_meant_to(self, panel: Panel, status: QuestionStatus) -> None:
        question = panel.question(status=status)
        assert_refused(
            f"has moved on: it is “{status.label}” now",
            lambda: questions.change_status(
                question=question,
                status=QuestionStatus.EVIDENCE,
                only_from=[QuestionStatus.VOTING],
                by=panel.chair,
            ),
        )

    def test_a_step_taken_already_changes_nothing(self, panel: Panel) -> None:
        question = panel.question(status=QuestionStatus.EVIDENCE)
        before = contents()
        again = questions.change_status(
            question=question,
            status=QuestionStatus.EVIDENCE,
            only_from=[QuestionStatus.IN_REVIEW],
            by=panel.chair,
        )
        assert again.status == QuestionStatus.EVIDENCE
        assert contents() == before


class TestWithdrawing:
    def test_the_newest_takes_the_question_with_it(self, panel: Panel) -> None:
        question = published(panel)
        before = list(PublishedVersion.objects.values())
        publication.withdraw_version(
            version=question.versions.get(), reason="A trial was retracted.", by=panel.chair
        )
        assert now(question).status == QuestionStatus.WITHDRAWN
        assert list(PublishedVersion.objects.values()) == before
        assert last_event()["after"]["reason"] == "A trial was retracted."

    def test_an_old_one_leaves_the_question_published(self, panel: Panel) -> None:
        question = published(panel)
        again_in_review(question, panel)
        approve(question, panel.chair, panel.staff)
        publish(question, panel.staff, note="Newer.")
        publication.withdraw_version(version=question.versions.get(number=1), reason="Old.", by=panel.chair)
        assert now(question).status == QuestionStatus.PUBLISHED
        assert not Withdrawal.objects.filter(version__number=2).exists()

    def test_one_at_work_stays_at_work(self, panel: Panel) -> None:
        question = published(panel)
        again_in_review(question, panel)
        publication.withdraw_version(version=question.versions.get(), reason="Wrong.", by=panel.chair)
        assert now(question).status == QuestionStatus.IN_REVIEW

    @pytest.mark.parametrize("reason", ["", " \n"])
    def test_not_without_a_reason(self, panel: Panel, reason: str) -> None:
        version = published(panel).versions.get()
        assert_refused(
            "say why this version is withdrawn",
            lambda: publication.withdraw_version(version=version, reason=reason, by=panel.chair),
        )

    def test_not_twice(self, panel: Panel) -> None:
        version = published(panel).versions.get()
        first = publication.withdraw_version(version=version, reason="Wrong.", by=panel.chair)
        before = contents()
        assert publication.withdraw_version(version=version, reason="Wrong.", by=panel.chair) == first
        assert contents() == before
        assert_refused(
            "Version 1 is withdrawn already",
            lambda: publication.withdraw_version(version=version, reason="Other.", by=panel.staff),
        )


class Editor:
    """Somebody who edits a question by its actions, at random, whatever its status."""

    def __init__(self, question: Question, panel: Panel, seed: int) -> None:
        self.question, self.panel, self.random = question, panel, Random(seed)  # noqa: S311
        self.n_done = self.n_words = 0

    def words(self) -> str:
        self.n_words += 1
        return f"{self.random.choice(('Adults', 'p<0.05 & R&D', 'ÄÖ ≥ 5', ''))} {self.n_words}"

    def edit(self) -> None:
        """One edit; a refusal is an answer too."""
        acts = (
            self.pico,
            self.texts,
            self.judgement,
            self.section,
            self.title,
            self.move,
            self.out,
            self.back,
        )
        try:
            self.random.choices(acts, weights=(6, 6, 6, 6, 2, 8, 2, 1))[0]()
        except (Refused, StaleEdit):
            return
        self.n_done += 1

    def pico(self) -> None:
        question = now(self.question)
        questions.edit_question(
            question=question,
            values={"population": self.words()},
            revision=question.revision,
            by=self.panel.methodologist,
        )

    def texts(self) -> None:
        stored = self.question.assessments.get(criterion_key=PLAIN.key)
        assessments.edit_texts(
            question=now(self.question),
            criterion_key=PLAIN.key,
            research_evidence=self.words(),
            additional_considerations=self.words(),
            revision=stored.revision,
            by=self.panel.methodologist,
        )

    def judgement(self) -> None:
        stored = self.question.assessments.get(criterion_key=PLAIN.key)
        assessments.record_judgement(
            question=now(self.question),
            criterion_key=PLAIN.key,
            choices=[(self.random.choice(OPTIONS), "")],
            basis=Basis.CONSENSUS,
            revision=stored.judgement_revision,
            by=self.panel.chair,
        )

    def section(self) -> None:
        reword(self.question, self.panel.staff, self.words())

    def title(self) -> None:
        question = now(self.question)
        questions.edit_question(
            question=question, values={"title": self.words()}, revision=question.revision, by=self.panel.chair
        )

    def move(self) -> None:
        onward = sorted(TRANSITIONS[now(self.question).status])
        step(self.question, self.panel.chair, QuestionStatus(self.random.choice(onward)))

    def out(self) -> None:
        """The way to the next version, as far as it leads from here."""
        if now(self.question).status != QuestionStatus.IN_REVIEW:
            step(self.question, self.panel.chair, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW)
        approve(self.question, self.panel.chair, self.panel.staff)
        publish(self.question, self.panel.staff, note=self.words())

    def back(self) -> None:
        version = self.random.choice(list(self.question.versions.all()))
        publication.withdraw_version(version=version, reason=self.words(), by=self.panel.staff)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_later_edit_touches_what_is_published(panel: Panel, seed: int) -> None:
    editor = Editor(published(panel), panel, seed)
    stored: dict[int, dict[str, Any]] = {}
    for _ in range(700):
        editor.edit()
        for row in PublishedVersion.objects.exclude(pk__in=stored).values():
            stored[row["id"]] = dict(row) | {"pdf": bytes(row["pdf"])}
    assert editor.n_done > 300
    assert len(stored) > 5
    found = {row["id"]: row | {"pdf": bytes(row["pdf"])} for row in PublishedVersion.objects.values()}
    assert found == stored
    before = ""
    for version in PublishedVersion.objects.order_by("number"):
        assert hashlib.sha256(version.document.encode()).hexdigest() == version.document_sha256
        assert hashlib.sha256(bytes(version.pdf)).hexdigest() == version.pdf_sha256
        assert publication.record_of(version).sha256 == version.record_sha256
        assert version.previous_sha256 == before
        before = version.record_sha256
