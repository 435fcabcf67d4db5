"""The page of a question's publication: who sees and does what, what is refused, and that no typed word is lost."""

from __future__ import annotations

import html
import re
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from documents.actions import publishing
from documents.pdf import CannotRender, RendererBusy, RendererMissing
from documents.schema import EtdDocument
from etd.actions import guideline_settings, publication, questions
from etd.enums import QuestionStatus, Role
from etd.models import (
    Approval,
    AuditEvent,
    CriterionAssessment,
    Guideline,
    OutcomeRow,
    PublishedVersion,
    Question,
)
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question
from tests.unit.etd.document_examples import no_pdf
from tests.unit.etd.test_publication import approve, publish, reword

SLUG = "mcs-after-rosc-update"
AT = "/guidelines/ilcor-als/"
PAGE = f"{AT}{SLUG}/publication/"
CHAIR, STAFF, METHODOLOGIST = demo("chair"), demo("staff"), demo("methodologist")
TYPED = "Typed for an hour & <more>, p<0.05\nÄ second line"


@pytest.fixture(autouse=True)
def quick_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the renderer, which takes seconds."""
    monkeypatch.setattr(publishing, "publish", partial(publishing.publish, render=no_pdf))


def page(answer: Any) -> str:
    """What the page says, its tags left out."""
    main = answer.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.unescape(main)))


def in_review(*approvers: str) -> Question:
    question = get_question(SLUG)
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.IN_REVIEW)
    approve(question, *(demo(name)() for name in approvers))
    return get_question(SLUG)


def published() -> Question:
    question = in_review("chair", "methodologist")
    publish(question, STAFF(), note="First.")
    return get_question(SLUG)


def second_in_review() -> Question:
    question = published()
    for status in (QuestionStatus.EVIDENCE, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW):
        questions.change_status(question=question, status=status, by=CHAIR())
    approve(question, CHAIR(), STAFF())
    return get_question(SLUG)


def hidden(client: Client, address: str, name: str = "content") -> str:
    """A hidden field of the form that is sent to this address."""
    shown = client.get(PAGE).content.decode()
    form = shown.split(f'action="{PAGE}{address}"')[1].split("</form>")[0]
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found
    return found[1]


def send(client: Client, address: str, **data: Any) -> Any:
    return client.post(f"{PAGE}{address}", data)


def status_now() -> str:
    return get_question(SLUG).status


class TestTheWay:
    def test_from_evidence_the_page_says_how_to_get_to_review(self, client_for: ClientFor) -> None:
        shown = client_for("chair").get(PAGE)
        assert "Next: panel voting" in page(shown)
        assert f'action="{AT}{SLUG}/rounds/begin/"' in shown.content.decode()
        for actor in ("methodologist", "observer"):
            other = client_for(actor).get(PAGE)
            assert "A chair begins panel voting" in page(other)
            assert "rounds/begin/" not in other.content.decode()

    def test_the_whole_way_by_its_buttons(self, client_for: ClientFor) -> None:
        chair, methodologist = client_for("chair"), client_for("methodologist")
        chair.post(f"{AT}{SLUG}/rounds/begin/")
        assert send(chair, "review/")["Location"] == PAGE
        assert "0 of 2 approvals" in page(chair.get(PAGE))
        for client in (chair, methodologist):
            answer = send(client, "approve/", content=hidden(client, "approve/"))
            assert answer["Location"] == PAGE
        assert "2 of 2 approvals" in page(chair.get(PAGE))
        answer = send(chair, "publish/", content=hidden(chair, "publish/"), note="First.")
        assert answer["Location"] == PAGE
        shown = page(chair.get(PAGE))
        assert "Version 1 is published" in shown
        assert "Approved byHelena Brandt, Mats Lindqvist" in shown
        version = PublishedVersion.objects.get(question__slug=SLUG)
        assert (version.note, version.published_by) == ("First.", CHAIR())
        send(chair, "begin/")
        assert status_now() == QuestionStatus.EVIDENCE
        shown = page(chair.get(PAGE))
        assert "stays public, unchanged, while version 2 is prepared here" in shown
        send(chair, "withdraw/", version="1", reason="A trial was retracted.")
        shown = page(chair.get(PAGE))
        assert "Withdrawn by Helena Brandt" in shown
        assert "A trial was retracted." in shown
        assert status_now() == QuestionStatus.EVIDENCE

    def test_an_open_round_holds_it(self, client_for: ClientFor) -> None:
        vote = f"{AT}mcs-after-rosc-vote/publication/"
        chair = client_for("chair")
        shown = chair.get(vote)
        assert "Round 1 is open. The question can go to review once it has closed." in page(shown)
        assert "publication/review/" not in shown.content.decode()
        answer = chair.post(f"{vote}review/")
        assert answer.status_code == 409
        assert "A round is open" in page(answer)

    def test_back_to_work_names_the_approvals_that_end(self, client_for: ClientFor) -> None:
        in_review("chair", "staff")
        methodologist = client_for("methodologist")
        assert "The 2 approvals given so far end;" in page(methodologist.get(PAGE))
        send(methodologist, "back/")
        assert status_now() == QuestionStatus.EVIDENCE
        assert not Approval.objects.filter(question__slug=SLUG, ended_at__isnull=True).exists()
        assert "every approval has ended" in page(methodologist.get(PAGE))

    def test_a_published_question_is_not_reopened_as_if_it_were_voted_on(self, client_for: ClientFor) -> None:
        published()
        chair = client_for("chair")
        answer = chair.post(f"{AT}{SLUG}/rounds/reopen/")
        assert answer.status_code == 409
        assert "it is “Published” now" in page(answer)
        for address in ("back/", "review/"):
            assert send(chair, address).status_code == 409
        assert status_now() == QuestionStatus.PUBLISHED

    def test_nothing_published_has_no_next_version(self, client_for: ClientFor) -> None:
        in_review("chair")
        answer = send(client_for("chair"), "begin/")
        assert answer.status_code == 409
        assert "Nothing of this question has been published yet." in page(answer)
        assert status_now() == QuestionStatus.IN_REVIEW

    def test_a_withdrawn_question_can_be_begun_again(self, client_for: ClientFor) -> None:
        question = published()
        publication.withdraw_version(version=question.versions.get(), reason="Wrong.", by=CHAIR())
        staff = client_for("staff")
        assert "Version 1 is withdrawn" in page(staff.get(PAGE))
        send(staff, "begin/")
        assert status_now() == QuestionStatus.EVIDENCE


class TestWhoMay:
    def test_readers_see_all_and_have_no_button(self, client_for: ClientFor) -> None:
        second_in_review()
        for actor in ("observer", "panel member"):
            answer = client_for(actor).get(PAGE)
            assert "Helena Brandt approved the question as it stands now" in page(answer)
            assert "First." in page(answer)
            assert 'method="post"' not in answer.content.decode().split("<main", 1)[1]

    def test_a_methodologist_approves_and_does_not_publish(self, client_for: ClientFor) -> None:
        second_in_review()
        answer = client_for("methodologist").get(PAGE)
        assert "I approve it as it stands now" in page(answer)
        assert "A chair or staff publishes." in page(answer)
        assert "publication/publish/" not in answer.content.decode()
        assert "publication/withdraw/" not in answer.content.decode()

    def test_findings_are_told_to_those_who_see_the_checks(self, client_for: ClientFor) -> None:
        in_review()
        assert "inconsistent findings to weigh" in page(client_for("staff").get(PAGE))
        assert "finding" not in page(client_for("observer").get(PAGE))


class TestApprovals:
    def test_one_of_an_earlier_state_is_shown_as_such(self, client_for: ClientFor) -> None:
        question = in_review("chair", "methodologist")
        reword(question, STAFF())
        approve(question, STAFF())
        shown = page(client_for("chair").get(PAGE))
        assert "1 of 2 approvals" in shown
        assert "Helena Brandt approved an earlier state; it counts no more" in shown
        assert "Sam Osei approved the question as it stands now" in shown
        assert "1 more person has to approve" in shown

    def test_what_changed_meanwhile_is_not_approved(self, client_for: ClientFor) -> None:
        question = in_review()
        chair = client_for("chair")
        seen = hidden(chair, "approve/")
        reword(question, STAFF())
        answer = send(chair, "approve/", content=seen)
        assert answer.status_code == 409
        assert "has changed since you opened this page" in page(answer)
        assert not Approval.objects.filter(question=question).exists()
        assert send(chair, "approve/", content=hidden(chair, "approve/")).status_code == 302

    @pytest.mark.parametrize("content", ["", "x", "A" * 64])
    def test_what_names_no_state_approves_nothing(self, client_for: ClientFor, content: str) -> None:
        in_review()
        answer = send(client_for("chair"), "approve/", content=content)
        assert answer.status_code == 422
        assert "did not say what you saw" in page(answer)
        assert not Approval.objects.filter(question__slug=SLUG).exists()


class TestPublishing:
    def test_a_first_note_is_proposed_from_what_has_changed(self, client_for: ClientFor) -> None:
        published()
        CriterionAssessment.objects.filter(question__slug=SLUG).update(
            additional_considerations="One word more."
        )
        question = get_question(SLUG)
        for status in (QuestionStatus.EVIDENCE, QuestionStatus.VOTING, QuestionStatus.IN_REVIEW):
            questions.change_status(question=question, status=status, by=CHAIR())
        approve(question, CHAIR(), STAFF())
        shown = client_for("staff").get(PAGE).content.decode()
        note = re.search(r'<textarea name="note"[^>]*>\s*(.*?)</textarea>', shown, re.DOTALL)
        assert note is not None
        assert note[1].startswith("Changed: ")
        assert "proposed from the differences" in shown

    @pytest.mark.parametrize("note", ["", " \n"])
    def test_the_note_is_asked_for_from_the_second_version_on(self, client_for: ClientFor, note: str) -> None:
        second_in_review()
        staff = client_for("staff")
        answer = send(staff, "publish/", content=hidden(staff, "publish/"), note=note)
        assert answer.status_code == 409
        assert "Please say what has changed since the last version." in page(answer)
        assert PublishedVersion.objects.filter(question__slug=SLUG).count() == 1

    def test_a_note_is_kept_letter_for_letter_where_it_is_refused(self, client_for: ClientFor) -> None:
        question = second_in_review()
        staff = client_for("staff")
        seen = hidden(staff, "publish/")
        approve(question, METHODOLOGIST())
        reword(question, STAFF())
        reword(question, STAFF(), "Another.")
        approve(question, METHODOLOGIST(), CHAIR())
        answer = send(staff, "publish/", content=seen, note=TYPED)
        assert answer.status_code == 409
        form = answer.content.decode().split(f'action="{PAGE}publish/"')[1].split("</form>")[0]
        assert TYPED in html.unescape(form)
        assert seen not in form

    def test_a_note_is_kept_where_no_form_shows_it(self, client_for: ClientFor) -> None:
        question = second_in_review()
        staff = client_for("staff")
        seen = hidden(staff, "publish/")
        reword(question, STAFF())
        answer = send(staff, "publish/", content=seen, note=TYPED)
        assert answer.status_code == 409
        assert f'action="{PAGE}publish/"' not in answer.content.decode()
        assert TYPED in html.unescape(answer.content.decode())

    @pytest.mark.parametrize(
        ("problem", "status"),
        [
            (CannotRender("It is too long."), 422),
            (RendererBusy("Others are being rendered."), 503),
            (RendererMissing("Pango is missing."), 503),
        ],
    )
    def test_without_a_pdf_nothing_is_published_and_the_page_says_why(
        self, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, problem: CannotRender, status: int
    ) -> None:
        second_in_review()

        def render(document: EtdDocument) -> bytes:
            raise problem

        monkeypatch.setattr(publishing, "publish", partial(publishing.publish, render=render))
        staff = client_for("staff")
        answer = send(staff, "publish/", content=hidden(staff, "publish/"), note=TYPED)
        assert answer.status_code == status
        assert f"nothing was published. {problem}" in page(answer)
        assert TYPED in html.unescape(answer.content.decode())
        assert answer.has_header("Retry-After") is isinstance(problem, RendererBusy)
        assert PublishedVersion.objects.filter(question__slug=SLUG).count() == 1

    def test_two_clicks_are_one_version(self, client_for: ClientFor) -> None:
        in_review("chair", "methodologist")
        staff = client_for("staff")
        sent = {"content": hidden(staff, "publish/"), "op": hidden(staff, "publish/", "op"), "note": ""}
        assert [send(staff, "publish/", **sent).status_code for _ in range(2)] == [302, 302]
        assert PublishedVersion.objects.filter(question__slug=SLUG).count() == 1
        assert AuditEvent.objects.filter(question=SLUG, type="version_published").count() == 1

    def test_an_impossible_number_closes_the_gate(self, client_for: ClientFor) -> None:
        question = get_question(SLUG)
        row = OutcomeRow.objects.filter(table__question=question, estimate__isnull=False).earliest("pk")
        row.printed = {**row.printed, "estimate": "2.10"}
        row.save()
        question = in_review("chair", "methodologist")
        staff = client_for("staff")
        answer = staff.get(PAGE)
        assert "1 number that cannot be right holds up publishing" in page(answer)
        assert "publication/publish/" not in answer.content.decode()
        content = Approval.objects.filter(question=question).values_list("content_sha256", flat=True)[0]
        refused = send(staff, "publish/", content=content, note=TYPED)
        assert refused.status_code == 409
        assert TYPED in html.unescape(refused.content.decode())


class TestWithdrawing:
    @pytest.mark.parametrize("reason", ["", " \n "])
    def test_it_needs_a_reason(self, client_for: ClientFor, reason: str) -> None:
        published()
        answer = send(client_for("staff"), "withdraw/", version="1", reason=reason)
        assert answer.status_code in (409, 422)
        assert "say why this version is withdrawn" in page(answer)
        assert status_now() == QuestionStatus.PUBLISHED

    def test_a_second_reason_is_refused_and_kept(self, client_for: ClientFor) -> None:
        question = published()
        publication.withdraw_version(version=question.versions.get(), reason="Wrong.", by=CHAIR())
        answer = send(client_for("staff"), "withdraw/", version="1", reason=TYPED)
        assert answer.status_code == 409
        assert "Version 1 is withdrawn already." in page(answer)
        assert TYPED in html.unescape(answer.content.decode())

    def test_a_version_that_there_is_not(self, client_for: ClientFor) -> None:
        published()
        staff = client_for("staff")
        assert send(staff, "withdraw/", version="7", reason="Wrong.").status_code == 404
        assert send(staff, "withdraw/", version="x", reason=TYPED).status_code == 422
        assert status_now() == QuestionStatus.PUBLISHED


class TestElsewhere:
    def test_the_head_of_the_question_names_the_version(self, client_for: ClientFor) -> None:
        question = published()
        client = client_for("observer")
        address = f"{AT}{SLUG}/"
        shown = client.get(address)
        assert "Published: version 1 of " in page(shown)
        assert "pill-published" in shown.content.decode()
        questions.change_status(question=question, status=QuestionStatus.EVIDENCE, by=CHAIR())
        assert "Public meanwhile: version 1 of " in page(client.get(address))
        publication.withdraw_version(version=question.versions.get(), reason="Wrong.", by=CHAIR())
        assert "version 1 of" not in page(client.get(address))

    def test_an_earlier_version_does_not_come_back_by_a_withdrawal(self, client_for: ClientFor) -> None:
        """As the public page has it, on which no recommendation stands then."""
        question = second_in_review()
        publish(question, STAFF(), note="Second.")
        publication.withdraw_version(version=question.versions.get(number=2), reason="Wrong.", by=CHAIR())
        client = client_for("observer")
        assert "ersion 1 of" not in page(client.get(f"{AT}{SLUG}/"))
        assert "stays public" not in page(client.get(PAGE))

    def test_the_outline_leads_there(self, client_for: ClientFor) -> None:
        for actor in ("observer", "chair"):
            outline = client_for(actor).get(f"{AT}{SLUG}/").content.decode().split("</nav>")[1]
            assert f'href="{PAGE}"' in outline

    def test_the_history_tells_it(self, client_for: ClientFor) -> None:
        question = published()
        publication.withdraw_version(version=question.versions.get(), reason="A slip.", by=CHAIR())
        shown = page(client_for("observer").get(f"{AT}{SLUG}/history/"))
        assert "Helena Brandt approved the question as it stood" in shown
        assert "Sam Osei published version 1" in shown
        assert "Helena Brandt withdrew version 1: A slip." in shown


class TestHowManyApprove:
    def test_it_is_a_setting(self, client_for: ClientFor) -> None:
        in_review("chair", "methodologist")
        staff = client_for("staff")
        address = f"{AT}settings/publishing/"
        assert staff.post(address, {"approvals_needed": "3"})["Location"] == f"{AT}settings/"
        assert "2 of 3 approvals" in page(staff.get(PAGE))
        event = AuditEvent.objects.latest("pk")
        assert (event.type, event.before, event.after) == (
            "settings_changed",
            '{"approvals_needed":2}',
            '{"approvals_needed":3}',
        )

    @pytest.mark.parametrize("number", ["0", "6", "", "two"])
    def test_from_one_to_five(self, client_for: ClientFor, number: str) -> None:
        answer = client_for("chair").post(f"{AT}settings/publishing/", {"approvals_needed": number})
        assert answer.status_code == 422
        assert Guideline.objects.get(slug="ilcor-als").approvals_needed == 2


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(PAGE).status_code == 200
    return len(found)


def test_the_page_takes_no_more_queries_for_more_of_everything(client_for: ClientFor) -> None:
    """In review the whole document is assembled to say which approvals count; elsewhere it is not."""
    chair = client_for("chair")
    assert queries(chair) <= 22
    point = transaction.savepoint()
    in_review("chair")
    one = queries(chair)
    transaction.savepoint_rollback(point)
    question = second_in_review()
    guideline_settings.require_approvals(guideline=question.guideline, approvals_needed=5, by=CHAIR())
    for _ in range(4):
        approve(question, factories.panel_membership(guideline=question.guideline, role=Role.STAFF).user)
    many = queries(chair)
    # The last version is read once, for a first note on the next.
    assert many == one + 1
    assert one <= 32
