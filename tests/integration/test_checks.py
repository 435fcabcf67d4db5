"""The pages of the checks: what is found, where it leads, and what is dismissed with a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.actions import publishing
from documents.assemble import assemble
from documents.published import content_sha256
from etd.actions import questions
from etd.actions.checks import dismiss_finding, restore_finding
from etd.actions.errors import Refused
from etd.domain.findings import Severity
from etd.enums import QuestionStatus
from etd.models import AuditEvent, DismissedFinding, Judgement, OutcomeRow, Question, Recommendation, User
from etd.selectors.checks import (
    CheckedQuestion,
    FindingView,
    QuestionChecks,
    load_checks,
    load_guideline_checks,
    located_findings,
    page_places,
)
from etd.selectors.question import load_etd
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question
from tests.integration.full_question import furnish, over
from tests.unit.etd.document_examples import no_pdf
from tests.unit.etd.worlds import last_event

SLUG = "mcs-after-rosc-update"
HOME = f"/guidelines/ilcor-als/{SLUG}/"
CHECKS = f"{HOME}checks/"
SEES = ("chair", "methodologist", "staff")
METHODOLOGIST = demo("methodologist")


def checks() -> QuestionChecks:
    return load_checks(get_question(SLUG))


def found(code: str, where: str = "") -> FindingView:
    (one,) = [v for v in checks().findings if v.finding.code == code and where in v.finding.where]
    return one


def content(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def dismiss(one: FindingView, reason: str = "As it was printed.", by: User | None = None) -> DismissedFinding:
    return dismiss_finding(
        question=get_question(SLUG),
        fingerprint=one.fingerprint,
        reason=reason,
        find=located_findings,
        by=by or METHODOLOGIST(),
    )


def row_of(one: FindingView) -> OutcomeRow:
    return OutcomeRow.objects.get(pk=int(one.located.fragments[0].removeprefix("row-")))


def make_impossible() -> OutcomeRow:
    """An estimate printed outside its own interval."""
    row = OutcomeRow.objects.filter(table__question=get_question(SLUG), estimate__isnull=False).earliest("pk")
    row.printed = {**row.printed, "estimate": "2.10"}
    row.save()
    return row


class TestPlaces:
    def test_every_finding_has_a_place_but_for_the_one_about_the_whole_question(self, example: None) -> None:
        nowhere = [one.finding.code for one in checks().findings if not one.located.fragments]
        assert nowhere == ["incomplete"]
        assert len(checks().findings) == 22

    def test_every_place_is_there_once_on_the_question_page(self, client_for: ClientFor) -> None:
        page = content(client_for("methodologist"), HOME)
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert sorted(ids) == sorted(set(ids))
        named = {place.fragment for place in page_places(load_etd(get_question(SLUG), None))}
        assert named <= set(ids)
        assert set(checks().marks) <= set(ids)

    def test_each_mark_leads_to_its_finding(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        page, listed = content(client, HOME), content(client, CHECKS)
        anchors = re.findall(rf'class="check-mark[^"]*" href="{CHECKS}#(finding-\w+)"', page)
        assert len(anchors) == len(checks().marks)
        assert set(anchors) <= set(re.findall(r'<article class="finding" id="([^"]+)"', listed))

    def test_only_the_graver_marks_are_tinted(self, client_for: ClientFor) -> None:
        page = content(client_for("methodologist"), HOME)
        marks = re.findall(r'class="check-mark( check-mark-grave)?" [^>]*>([^<]*)<', page)
        grave, plain = ({text for tint, text in marks if bool(tint) is tinted} for tinted in (True, False))
        assert all("inconsistent" in text for text in grave)
        assert all("inconsistent" not in text for text in plain)
        assert "1 check: inconsistent" in grave
        assert "5 checks: 1 inconsistent, 4 informational" in grave
        assert "1 check: informational" in plain

    def test_the_pages_own_order_is_kept_within_a_severity(self, example: None) -> None:
        severities = [one.severity for one in checks().findings]
        assert severities == sorted(severities, key=list(Severity).index)
        first, *_, last = [one for one in checks().findings if one.severity is Severity.INFORMATIONAL]
        assert (first.finding.code, last.finding.code) == ("outcome_without_evidence", "incomplete")


class TestWhoSees:
    @pytest.mark.parametrize("actor", ["chair", "methodologist", "staff", "panel member", "observer"])
    @pytest.mark.parametrize("address", [HOME, f"{HOME}criteria/acceptability/", f"{HOME}rounds/"])
    def test_marks_and_the_link_are_for_those_who_see_the_checks(
        self, client_for: ClientFor, actor: str, address: str
    ) -> None:
        page = content(client_for(actor), address)
        assert (CHECKS in page) == (actor in SEES)
        assert ("check-mark" in page) == (actor in SEES and address != f"{HOME}rounds/")
        assert ("8 to look at" in page) == (actor in SEES)

    @pytest.mark.parametrize("actor", ["chair", "panel member"])
    def test_the_guideline_links_to_them(self, client_for: ClientFor, actor: str) -> None:
        page = content(client_for(actor), "/guidelines/ilcor-als/")
        assert ("/guidelines/ilcor-als/checks/" in page) == (actor in SEES)

    def test_nothing_of_them_is_projected_at_a_meeting(self, client_for: ClientFor) -> None:
        page = content(client_for("chair"), f"{HOME}meeting/desirable_effects/")
        assert "Table 2" in page
        assert "check-mark" not in page


class TestDismissing:
    def send(self, client: Client, one: FindingView, **data: Any) -> Any:
        return client.post(
            reverse("dismiss_finding", args=["ilcor-als", SLUG]), {"fingerprint": one.fingerprint} | data
        )

    def test_a_dismissed_finding_is_folded_with_who_and_why_and_leaves_its_place(
        self, client_for: ClientFor
    ) -> None:
        client, one = client_for("methodologist"), found("too_many_options")
        answer = self.send(client, one, reason="Both were printed.")
        assert answer.status_code == 302
        page = content(client, CHECKS)
        listed, folded = page.split('id="dismissed"')
        assert one.anchor not in listed
        assert one.anchor in folded
        assert "Both were printed." in folded
        assert str(METHODOLOGIST()) in folded
        assert "7 inconsistent" in listed
        question = content(client, HOME)
        assert one.anchor not in question
        assert "7 to look at" in question

    def test_the_trail_holds_what_was_dismissed_and_why(self, example: None) -> None:
        one = found("too_many_options")
        dismiss(one, "Both were printed.")
        event = last_event()
        assert (event["type"], event["subject"]) == ("finding_dismissed", "Resources required")
        wanted = {"code", "where", "message", "reason", "severity", "evidence", "fingerprint"}
        assert set(event["after"]) == wanted
        assert event["after"]["message"] == one.finding.message
        assert event["after"]["reason"] == "Both were printed."

    def test_the_history_says_so_without_the_finding(self, client_for: ClientFor) -> None:
        one = found("too_many_options")
        dismiss(one, "Both were printed.")
        page = content(client_for("observer"), f"{HOME}history/")
        assert "dismissed a finding of the checks, Resources required: Both were printed." in page
        assert one.finding.message not in page

    @pytest.mark.parametrize("reason", ["", " \n "])
    def test_without_a_reason_nothing_is_dismissed_and_the_form_says_so(
        self, client_for: ClientFor, reason: str
    ) -> None:
        one = found("too_many_options")
        answer = self.send(client_for("methodologist"), one, reason=reason)
        assert answer.status_code in (409, 422)
        page = answer.content.decode()
        article = page.split(f'id="{one.anchor}"')[1].split("</article>")[0]
        assert "Please say why this can stay as it is." in article
        assert '<details class="more dismiss" open>' in article
        assert page.count('<details class="more dismiss" open>') == 1
        assert not DismissedFinding.objects.exists()

    def test_of_a_finding_that_is_gone_the_typed_reason_is_not_lost(self, client_for: ClientFor) -> None:
        client, one = client_for("methodologist"), found("too_many_options")
        Judgement.objects.filter(assessment__criterion_key="resources_required").delete()
        answer = self.send(client, one, reason="Typed <at length>")
        assert answer.status_code == 409
        page = answer.content.decode()
        assert "This finding is not there any more" in page
        assert "Typed &lt;at length&gt;" in page
        assert not DismissedFinding.objects.exists()

    def test_the_same_again_changes_nothing_and_another_reason_is_refused(self, example: None) -> None:
        one = found("too_many_options")
        first = dismiss(one, "Both were printed.")
        events = AuditEvent.objects.count()
        assert dismiss(one, " Both were printed.\n", by=demo("chair")()) == first
        assert AuditEvent.objects.count() == events
        with pytest.raises(Refused, match="has dismissed this already, because: Both were printed"):
            dismiss(one, "Another.", by=demo("chair")())
        assert DismissedFinding.objects.get().reason == "Both were printed."

    def test_a_place_with_a_long_name_is_kept_whole(self, example: None) -> None:
        """The trail's heading has room for 300 letters."""
        row = row_of(found("p_against_interval", "row 4"))
        row.outcome.name = "Survival " * 33
        row.outcome.save()
        one = found("p_against_interval", "row 4")
        dismiss(one)
        assert len(last_event()["subject"]) == 300
        assert last_event()["after"]["where"] == one.finding.where

    def test_show_again_brings_it_back_to_its_place(self, client_for: ClientFor) -> None:
        client, one = client_for("methodologist"), found("too_many_options")
        dismiss(one)
        answer = client.post(f"{CHECKS}restore/", {"fingerprint": one.fingerprint})
        assert answer.status_code == 302
        assert one.anchor in content(client, HOME)
        assert last_event()["type"] == "finding_restored"
        assert last_event()["before"]["reason"] == "As it was printed."
        events = AuditEvent.objects.count()
        restore_finding(question=get_question(SLUG), fingerprint=one.fingerprint, by=METHODOLOGIST())
        assert AuditEvent.objects.count() == events

    def test_a_dismissal_of_another_question_dismisses_nothing_here(self, example: None) -> None:
        one = found("too_many_options")
        dismiss(one)
        other = load_checks(get_question("mcs-after-rosc"))
        assert [v.finding.code for v in other.findings if v.fingerprint == one.fingerprint] == [
            "too_many_options"
        ]
        assert other.dismissed == ()


class TestMending:
    """One defect of the example is mended: its finding is gone, and the others stay."""

    def fingerprints(self) -> set[str]:
        return {one.fingerprint for one in checks().findings}

    def test_two_options_become_one(self, example: None) -> None:
        one, before = found("too_many_options"), self.fingerprints()
        Judgement.objects.filter(
            assessment__question=get_question(SLUG), assessment__criterion_key="resources_required"
        ).latest("pk").delete()
        assert before - self.fingerprints() == {one.fingerprint}
        assert self.fingerprints() <= before

    def test_a_p_that_the_interval_can_give(self, example: None) -> None:
        """What is said of another row may name this one ("have they changed places?"), so its words may differ."""

        def at_their_places() -> set[tuple[str, tuple[str, ...]]]:
            return {(one.finding.code, one.located.fragments) for one in checks().findings}

        one, before = found("p_against_interval", "row 4"), at_their_places()
        row = row_of(one)
        row.p_value, row.printed = 0.10, {**row.printed, "p_value": "0.10"}
        row.save()
        assert before - at_their_places() == {("p_against_interval", one.located.fragments)}
        assert at_their_places() <= before

    def test_a_type_that_says_what_the_first_statement_says(self, example: None) -> None:
        one, before = found("type_against_statement"), self.fingerprints()
        types = factories.FRAMEWORK.recommendation_types
        against = next(t for t in types if (t.direction, t.strength) == ("against", "conditional"))
        Recommendation.objects.filter(question=get_question(SLUG)).update(type_key=against.key)
        # what is said of the type itself is said of another type now
        of_type = {found("several_statements_one_type").fingerprint}
        assert self.fingerprints() - before == of_type
        gone = before - self.fingerprints()
        assert one.fingerprint in gone
        assert len(gone) == 2

    def test_a_dismissed_finding_of_which_the_number_changes_is_open_again(self, example: None) -> None:
        one = found("p_against_interval", "row 4")
        dismiss(one)
        row = row_of(one)
        row.p_value, row.printed = 0.13, {**row.printed, "p_value": "0.13"}
        row.save()
        again = found("p_against_interval", "row 4")
        assert again.dismissal is None
        assert again.fingerprint != one.fingerprint

    def test_a_dismissed_finding_stays_so_when_a_row_is_added_above_it(self, example: None) -> None:
        one = found("p_against_interval", "row 4")
        dismiss(one)
        row = row_of(one)
        above = factories.outcome(question=get_question(SLUG), name="Delirium", position=0)
        factories.outcome_row(table=row.table, outcome=above, population=row.population)
        moved = found("p_against_interval", "row 5")
        assert moved.fingerprint == one.fingerprint
        assert moved.dismissal is not None


class TestPublishing:
    def agreed(self) -> Question:
        question = get_question(SLUG)
        question.status = QuestionStatus.IN_REVIEW
        question.save()
        return question

    def publish(self) -> Question:
        question = get_question(SLUG)
        seen = content_sha256(assemble(question))
        for person in ("chair", "methodologist"):
            publishing.approve(question=question, content=seen, by=demo(person)())
        return publishing.publish(
            question=question, content=seen, note="Mended.", by=demo("staff")(), render=no_pdf
        ).question

    def test_a_number_that_cannot_be_holds_up_publishing_until_it_is_dismissed(self, example: None) -> None:
        make_impossible()
        self.agreed()
        with pytest.raises(Refused, match=r"Table 2, row 1 .*2\.10.*dismiss the finding with a reason"):
            self.publish()
        assert get_question(SLUG).status == QuestionStatus.IN_REVIEW
        dismiss(found("estimate_outside_interval"), "So it is printed; the authors were asked.")
        assert self.publish().status == QuestionStatus.PUBLISHED

    def test_nothing_else_holds_up_publishing(self, example: None) -> None:
        assert checks().n_inconsistent == 8
        self.agreed()
        assert self.publish().status == QuestionStatus.PUBLISHED

    def test_a_number_that_cannot_be_holds_up_no_other_step(self, example: None) -> None:
        make_impossible()
        moved = questions.change_status(
            question=get_question(SLUG), status=QuestionStatus.VOTING, by=demo("chair")()
        )
        assert moved.status == QuestionStatus.VOTING

    def test_the_page_before_publication_says_what_holds_it_up(self, client_for: ClientFor) -> None:
        client = client_for("staff")
        page = content(client, f"{CHECKS}before-publication/")
        assert "Nothing holds up publishing" in page
        row = make_impossible()
        page = content(client, f"{CHECKS}before-publication/")
        assert "Nothing holds up publishing" not in page
        assert "Nothing else on this page holds anything up" in page
        gate = page.split('class="gate-list"')[1].split("</ul>")[0]
        assert f"{HOME}#row-{row.pk}" in gate
        assert f"{CHECKS}#{found('estimate_outside_interval').anchor}" in gate

    def test_the_list_says_what_is_open_done_and_not_applicable(self, client_for: ClientFor) -> None:
        page = content(client_for("methodologist"), f"{CHECKS}before-publication/")
        parts = {
            key: page.split(f'id="items-{key}"')[1].split("</section>")[0]
            for key in ("open", "done", "not_applicable")
        }
        assert "The interests of each panel member declared" in parts["open"]
        assert f"{HOME}#statement-3" in parts["open"]
        assert reverse("certainty_overview", args=["ilcor-als", SLUG]) in parts["open"]
        assert "An explicit judgement on each criterion" in parts["done"]
        assert "“For either” is a fifth type" in parts["done"]
        assert "Strong on low certainty" in parts["not_applicable"]


class TestPages:
    def test_each_finding_shows_its_reason_its_arithmetic_and_what_it_is_worth(
        self, client_for: ClientFor
    ) -> None:
        page = content(client_for("methodologist"), CHECKS)
        one = found("p_against_interval", "row 4")
        article = page.split(f'id="{one.anchor}"')[1].split("</article>")[0]
        assert "P = 0.12 cannot come from OR 1.16 (0.97 to 1.40)" in article
        assert "half the width gives P from 0.096 to 0.114" in article
        assert "From reading English" not in article
        english = page.split(f'id="{found("sign_clash").anchor}"')[1].split("</article>")[0]
        assert "From reading English, may be mistaken." in english

    def test_a_question_without_findings_says_so_calmly(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        fresh = factories.draft_question(guideline=get_question(SLUG).guideline, slug="fresh")
        address = reverse("checks", args=["ilcor-als", "fresh"])
        (one,) = load_checks(fresh).findings
        assert "The list before publication" in content(client, address)
        dismiss_finding(
            question=fresh,
            fingerprint=one.fingerprint,
            reason="It is a draft.",
            find=located_findings,
            by=METHODOLOGIST(),
        )
        assert "Nothing is open: every finding has been dismissed with a reason." in content(client, address)

    def test_a_card_that_is_saved_in_place_has_the_mark_of_now(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        address = f"{HOME}criteria/acceptability/texts/"
        assert found("judgement_without_basis").anchor in content(client, HOME)
        form = client.get(address).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields}
        sent["additional_considerations"] = "The panel went by its own experience with families."
        answer = client.post(address, sent, headers={"HX-Request": "true"})
        card = answer.content.decode()
        assert answer.status_code == 200
        assert 'id="criterion-acceptability"' in card
        assert "check-mark" not in card
        assert 'id="outline-checks"' in card

    @pytest.mark.parametrize(
        ("address", "field", "text"),
        [
            ("sections/monitoring_and_evaluation/", "body", "Adverse events, every day."),
            ("edit/", "main_outcomes", "Survival at 30 days."),
        ],
    )
    def test_so_has_the_outline(self, client_for: ClientFor, address: str, field: str, text: str) -> None:
        client, before = client_for("methodologist"), len(checks().open)
        form = client.get(HOME + address).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields}
        answer = client.post(HOME + address, sent | {field: text}, headers={"HX-Request": "true"})
        assert len(checks().open) < before
        assert answer.content.decode().count('id="outline-checks"') == 1

    def test_a_form_alone_does_not_pay_for_the_checks(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        with CaptureQueriesContext(connection) as captured:
            content(client, f"{HOME}criteria/acceptability/texts/")
        assert captured.captured_queries
        assert [q["sql"] for q in captured.captured_queries if "dismissedfinding" in q["sql"]] == []

    def test_the_guideline_counts_the_findings_of_every_question(self, client_for: ClientFor) -> None:
        make_impossible()
        dismiss(found("too_many_options"))
        page = content(client_for("chair"), "/guidelines/ilcor-als/checks/")
        lines = page.split('<li class="checked-question">')[1:]
        (line,) = [line for line in lines if f'href="{CHECKS}"' in line]
        assert len(lines) == 3
        for words in ("1 impossible", "inconsistent", "informational", "1 dismissed"):
            assert words in line
        assert "impossible" not in next(line for line in lines if "mcs-after-rosc/checks/" in line)

    def test_the_guidelines_page_costs_as_many_queries_for_twenty_questions_as_for_three(
        self, client_for: ClientFor
    ) -> None:
        client = client_for("chair")

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                content(client, "/guidelines/ilcor-als/checks/")
            return len(captured)

        queries()
        before = queries()
        for number in range(17):
            factories.draft_question(guideline=get_question(SLUG).guideline, slug=f"more-{number}")
        assert queries() == before <= 20

    def test_of_questions_read_together_each_has_what_it_has_when_read_alone(self, example: object) -> None:
        """With members, rounds, dismissals and evidence that has moved in more than one of them."""
        chair = User.objects.get(email="chair@example.org")
        slugs = (SLUG, "mcs-after-rosc-vote")
        for n, slug in enumerate(slugs, start=1):
            furnish(get_question(slug), n, chair)
        over(get_question(slugs[0]), ["equity"], [chair], 1, chair)
        lines = load_guideline_checks(get_question(SLUG).guideline).lines
        assert {line.etd.slug for line in lines} >= set(slugs)
        for line in lines:
            question = get_question(line.etd.slug)
            assert line == CheckedQuestion(load_etd(question, None), load_checks(question))
        assert sum(line.etd.n_evidence_changed > 0 for line in lines) == len(slugs)
