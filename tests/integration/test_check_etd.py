"""`manage.py check_etd`, and the stored example as the checks read it."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etd.actions.checks import dismiss_finding
from etd.domain.coherence import coherence_findings
from etd.domain.findings import Severity
from etd.enums import ValueSource
from etd.models import CriterionAssessment, OutcomeRow, Question, User
from etd.selectors.checks import integrity_findings, load_checks, located_findings, question_findings
from tests import factories
from tests.unit.etd.domain.coherence_examples import example as as_printed

SLUG = "ilcor-als/mcs-after-rosc"


def question(slug: str = "mcs-after-rosc") -> Question:
    return Question.objects.select_related("guideline", "recommendation").get(
        slug=slug, guideline__slug="ilcor-als"
    )


def run(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("check_etd", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def printed(*arguments: str) -> list[dict[str, Any]]:
    output, _ = run(*arguments, "--json")
    found: list[dict[str, Any]] = json.loads(output)
    return found


def make_impossible() -> OutcomeRow:
    """An estimate printed outside its own interval."""
    row = OutcomeRow.objects.filter(table__question=question(), estimate__isnull=False).earliest("pk")
    row.printed = {**row.printed, "estimate": "2.10"}
    row.save()
    return row


def test_the_stored_document_has_the_findings_of_the_printed_one(example: None) -> None:
    stored, on_paper = (coherence_findings(etd) for etd in (load_checks(question()).etd, as_printed()))
    but_for_the_panel = [finding for finding in stored if finding.code != "incomplete"]
    assert but_for_the_panel == [finding for finding in on_paper if finding.code != "incomplete"]
    (incomplete,) = [finding for finding in stored if finding.code == "incomplete"]
    # The demo guideline has members; what they declared, how and when they agreed is not in the document.
    assert "5 of 6" in incomplete.message


def test_every_text_of_the_question_reaches_the_checks(example: None) -> None:
    read = {passage.text.strip() for passage in load_checks(question()).etd.all_texts()}
    texts = CriterionAssessment.objects.filter(question=question()).values_list(
        "research_evidence", flat=True
    )
    bodies = question().sections.values_list("body", flat=True)
    statements = question().statements.values_list("text", flat=True)
    assert {text.strip() for text in (*texts, *bodies, *statements) if text.strip()} <= read
    assert {question().population.strip(), question().main_outcomes.strip()} <= read


def test_the_number_of_queries_does_not_grow(example: None) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            load_checks(question())
        return len(captured)

    table = question().outcome_tables.get()

    def add(number: int) -> None:
        outcome = factories.outcome(question=question(), name=f"Outcome {number}", position=100 + number)
        population = question().populations.earliest("pk")
        factories.outcome_row(table=table, outcome=outcome, population=population)
        factories.recommendation_statement(question=question(), position=100 + number)
        factories.reference(question=question(), number=100 + number)
        factories.summary_row(
            question=question(), outcome=outcome, population=population, position=100 + number
        )

    add(0)
    before = queries()
    assert before <= 22
    for number in range(1, 6):
        add(number)
    assert queries() == before


def test_the_command_prints_each_finding_with_its_place(example: None) -> None:
    output, status = run(SLUG)
    assert status == 0
    assert output.startswith("0 impossible, ")
    for finding in question_findings(question()):
        assert f"{finding.where} [{finding.severity.value}" in output
        assert finding.message in output
        assert finding.evidence in output


def test_with_json_there_is_nothing_but_json(example: None) -> None:
    found = printed(SLUG)
    assert found == [finding.to_json() | {"dismissed": ""} for finding in question_findings(question())]
    keys = {"code", "severity", "where", "message", "evidence", "heuristic", "dismissed"}
    assert all(set(one) == keys for one in found)
    assert {"type_against_statement", "sign_clash"} <= {one["code"] for one in found}


def test_what_is_impossible_comes_first_and_ends_with_status_1(example: None) -> None:
    make_impossible()
    output, status = run("mcs-after-rosc", "--json")
    first = json.loads(output)[0]
    assert status == 1
    assert first["severity"] == Severity.IMPOSSIBLE
    assert first["where"].startswith("Table 2, row ")


def test_what_was_dismissed_is_said_and_stays_impossible(example: None) -> None:
    make_impossible()
    found = located_findings(question())[0]
    chair = User.objects.get(email="chair@example.org")
    dismiss_finding(
        question=question(),
        fingerprint=found.fingerprint,
        reason="As printed.",
        find=located_findings,
        by=chair,
    )
    assert [one["dismissed"] for one in printed(SLUG)][:2] == ["As printed.", ""]
    output, status = run(SLUG)
    assert f"Dismissed by {chair}: As printed." in output
    assert status == 1


def test_the_two_rows_whose_p_cannot_be_are_inconsistent_and_no_other_is_more_than_informational(
    example: None,
) -> None:
    graver = [one for one in integrity_findings(question()) if one.severity is not Severity.INFORMATIONAL]
    assert len(graver) == 2
    assert {one.severity for one in graver} == {Severity.INCONSISTENT}


def test_recomputed_rows_are_checked_as_a_table_of_their_own(example: None) -> None:
    row = make_impossible()
    row.source, row.provenance = ValueSource.COMPUTED, {"k": 1}
    row.save()
    (found,) = [one for one in integrity_findings(question()) if one.severity is Severity.IMPOSSIBLE]
    assert found.where.startswith("Table 2, recomputed rows, row 1 (")


@pytest.mark.parametrize("slug", ["mcs", "other/mcs-after-rosc", ""])
def test_an_unknown_question_ends_with_status_2_and_the_names_there_are(example: None, slug: str) -> None:
    with pytest.raises(CommandError, match="ilcor-als/mcs-after-rosc-update") as caught:
        call_command("check_etd", slug)
    assert caught.value.returncode == 2


def test_an_ambiguous_slug_ends_with_status_2_and_both_names(example: None) -> None:
    other = factories.guideline(slug="second")
    factories.question(guideline=other, slug="mcs-after-rosc")
    with pytest.raises(CommandError, match="ilcor-als/mcs-after-rosc, second/mcs-after-rosc") as caught:
        call_command("check_etd", "mcs-after-rosc")
    assert caught.value.returncode == 2


def test_a_fresh_question_says_only_what_is_not_recorded(example: None) -> None:
    fresh = factories.draft_question(slug="fresh")
    name = f"{fresh.guideline.slug}/fresh"
    assert [one["code"] for one in printed(name)] == ["incomplete"]


def test_checking_writes_nothing(example: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        question_findings(question())
    assert all(query["sql"].lstrip(" (").upper().startswith("SELECT") for query in captured)
