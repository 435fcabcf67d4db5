"""Before a file or a method is stored: which judgements that would touch. They are the ones that are marked then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.actions import reaffirming
from etd.actions.recommendations import clear_type
from etd.domain.evidence import ROLES_JUDGED_BY_TABLES
from etd.enums import RECOMMENDATION_TYPE_ITEM, RiskSource, ValueSource
from etd.models import Judgement, OutcomeRow, Recommendation
from etd.selectors import load_etd
from etd.selectors.evidence_changes import ItemChange, load_changes
from metaanalysis.models import Analysis, DataUpload
from tests import factories
from tests.integration.conftest import ClientFor, demo, get_question
from tests.integration.test_evidence import HEADER, LONGEST, confirmed, form, place, staged, text, url

METHODOLOGIST = demo("methodologist")
FAR = f"{HEADER}\nAlpha 2001,60,100,20,100\nBeta 2002,70,110,30,110\n"
HEADING = "What this would change"


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def compared(client: Client, upload: DataUpload, chosen: dict[str, Any], **more: Any) -> Any:
    return client.post(url("upload_preview", upload.pk), chosen | {"action": "compare"}, **more)


def said(page: Any) -> dict[str, ItemChange]:
    """What the page says of each judgement that would be touched."""
    return {
        item.item_key: _of(item) for group in page.context["consequences"].touched for item in group.items
    }


def marked() -> dict[str, ItemChange]:
    """What is said of each judgement whose evidence has moved."""
    question = get_question()
    return {item.item_key: _of(item) for item in load_changes(question, load_etd(question, METHODOLOGIST()))}


def _of(item: ItemChange) -> ItemChange:
    """Stored rows have ids, and so another digest than proposed ones."""
    return replace(item, evidence_digest="")


def judged_by_tables() -> set[str]:
    criteria = get_question().framework.criteria
    return {one.key for one in criteria if one.role in ROLES_JUDGED_BY_TABLES} | {RECOMMENDATION_TYPE_ITEM}


# Files


@pytest.mark.parametrize(
    ("content", "change", "reason"),
    [
        (
            LONGEST.decode(),
            "minor",
            "It would cross neither no effect nor a decision threshold nor a level of certainty.",
        ),
        (FAR, "changed", "it crosses no effect (1)"),
    ],
    ids=["minor", "changed"],
)
def test_what_the_preview_names_is_what_is_marked_after_confirming(
    content: str, change: str, reason: str, client: Client
) -> None:
    upload = staged(content.encode())
    chosen = form(upload, *place())
    page = compared(client, upload, chosen)
    assert marked() == {}
    client.post(url("upload_preview", upload.pk), chosen)
    assert said(page) == marked()
    assert set(said(page)) == judged_by_tables()
    assert {item.change for item in said(page).values()} == {change}
    shown = text(page).partition(HEADING)[2]
    assert "5 judgements would be marked" in shown
    assert reason in shown
    assert "426/944 (45%)" in shown


def test_a_new_population_of_a_new_outcome_touches_them_too(client: Client) -> None:
    upload = staged(FAR.encode())
    new = {"rows0-new_outcome": "Delirium", "rows0-better": "lower", "rows0-new_population": "Children"}
    chosen = form(upload, "new", "new", **new)
    page = compared(client, upload, chosen)
    client.post(url("upload_preview", upload.pk), chosen)
    assert set(said(page)) == set(marked()) == judged_by_tables()
    (row,) = said(page)[RECOMMENDATION_TYPE_ITEM].rows
    assert (row.outcome, row.population, row.before) == ("Delirium", "Children", None)
    assert {key: item.rows for key, item in said(page).items()} == {
        key: item.rows for key, item in marked().items()
    }


def test_all_parts_of_a_file_are_looked_at_together(client: Client) -> None:
    others = OutcomeRow.objects.filter(table__question=get_question(), n_studies=13)
    other = others.get(source=ValueSource.REPORTED)
    lines = [f"{line},one" for line in FAR.splitlines()[1:]]
    lines += ["Gamma 2003,521,928,479,914,two"]
    upload = staged("\n".join([f"{HEADER},outcome", *lines]).encode())
    chosen = form(upload, *place())
    second = form(upload, other.outcome_id, other.population_id)
    chosen |= {key.replace("rows0", "rows1"): value for key, value in second.items()}
    page = compared(client, upload, chosen)
    client.post(url("upload_preview", upload.pk), chosen)
    assert said(page) == marked()
    assert {row.change for row in said(page)[RECOMMENDATION_TYPE_ITEM].rows} == {"changed", "minor"}


def test_what_is_already_marked_is_named_again_only_where_something_else_is_said(client: Client) -> None:
    confirmed(LONGEST)
    before = marked()
    upload = staged(FAR.encode())
    chosen = form(upload, *place())
    page = compared(client, upload, chosen)
    client.post(url("upload_preview", upload.pk), chosen)
    assert said(page) == marked()
    assert all(item != before[key] for key, item in said(page).items())


@pytest.mark.parametrize("has_data", [False, True], ids=["first data", "later data"])
def test_absolute_effects_are_those_of_the_median_that_would_be_stored(
    has_data: bool, client: Client
) -> None:
    outcome, population = place()
    factories.decision_thresholds(outcome=outcome, small=5, moderate=20, large=50)
    factories.comparator_risk(outcome=outcome, population=population, source=RiskSource.MEDIAN)
    if has_data:
        confirmed(LONGEST)
    rare = f"{HEADER}\nAlpha 2001,4,100,3,100\nBeta 2002,5,110,4,110\nGamma 2003,300,500,290,500\n"
    upload = staged(rare.encode())
    chosen = form(upload, outcome, population, **{"rows0-missing": "remove"})
    page = compared(client, upload, chosen)
    client.post(url("upload_preview", upload.pk), chosen)
    assert said(page) == marked()
    row = OutcomeRow.objects.get(outcome=outcome, population=population, source=ValueSource.COMPUTED)
    assert row.provenance is not None
    assert row.provenance["median_comparison_risk"]["risk"] < 0.05
    reasons = [reason for item in said(page).values() for one in item.rows for reason in one.reasons]
    assert any("per 1,000" in reason for reason in reasons), reasons


def test_the_method_in_the_form_is_the_one_that_is_looked_at(client: Client) -> None:
    upload = staged(LONGEST)
    by_dl = said(compared(client, upload, form(upload, *place())))
    chosen = form(upload, *place(), **{"rows0-model": "common", "rows0-method": "peto"})
    by_peto = said(compared(client, upload, chosen))
    assert by_dl.keys() == by_peto.keys()
    assert by_dl != by_peto
    client.post(url("upload_preview", upload.pk), chosen)
    assert by_peto == marked()


def test_the_part_that_is_drawn_anew_says_the_same_as_the_whole_page(client: Client) -> None:
    upload = staged(FAR.encode())
    chosen = form(upload, *place())
    whole = text(compared(client, upload, chosen))
    part = text(compared(client, upload, chosen, headers={"HX-Request": "true"}))
    lines = part.partition(HEADING)[2]
    assert "it crosses no effect (1)" in lines
    assert lines in whole


def test_nothing_is_named_before_everything_is_chosen(client: Client) -> None:
    upload = staged(FAR.encode())
    page = client.get(url("upload_preview", upload.pk))
    assert "This is known once everything is chosen. Choose an outcome and choose a population." in text(page)
    outcome, _ = place()
    page = compared(client, upload, {"rows0-outcome": str(outcome.pk)})
    assert "This is known once everything is chosen. Choose a population." in text(page)
    assert "would be marked" not in text(page)
    left_out = compared(client, upload, {"rows0-outcome": "leave-out"})
    assert "Nothing: all rows are left out." in text(left_out)


def test_what_cannot_be_stored_so_is_said_before(client: Client) -> None:
    upload = staged(FAR.encode())
    page = compared(client, upload, form(upload, *place(), **{"rows0-measure": "RR"}))
    assert "It cannot be stored like this: Table 2 holds the odds ratio" in text(page)


def test_the_same_numbers_again_touch_nothing(client: Client) -> None:
    confirmed(FAR.encode())
    upload = staged(FAR.replace("study", "Study").encode())
    page = compared(client, upload, form(upload, *place()))
    assert said(page) == {}
    assert "No judgement is touched: the results stay as they are." in text(page)


def test_what_stands_on_the_results_that_come_back_is_marked_no_more(client: Client) -> None:
    confirmed(FAR.encode())
    question = get_question()
    for one in load_changes(question, load_etd(question, None)):
        reaffirming.reaffirm(
            question=question,
            item_key=one.item_key,
            reason="It still stands.",
            revision=one.revision,
            evidence_digest=one.evidence_digest,
            by=METHODOLOGIST(),
        )
    confirmed(FAR.replace("60,100,20", "22,100,20").encode())
    assert set(marked()) == judged_by_tables()
    upload = staged(FAR.replace("study", "Study").encode())
    chosen = form(upload, *place())
    page = compared(client, upload, chosen)
    assert said(page) == {}
    assert {one.item_key for one in page.context["consequences"].cleared} == judged_by_tables()
    assert "5 judgements would no longer be marked, as they would stand on this very evidence again" in text(
        page
    )
    assert "stay marked" not in text(page)
    client.post(url("upload_preview", upload.pk), chosen)
    assert marked() == {}


def test_no_judgement_rests_on_the_results_of_a_question_without_judgements(client: Client) -> None:
    Judgement.objects.all().delete()
    recommendation = Recommendation.objects.get(question=get_question())
    clear_type(recommendation)
    recommendation.save()
    upload = staged(FAR.encode())
    page = compared(client, upload, form(upload, *place()))
    assert "No judgement rests on these results." in text(page)


def test_an_upload_that_is_over_says_nothing_of_it(client: Client) -> None:
    confirmed(FAR.encode())
    assert HEADING not in text(client.get(url("upload_preview", DataUpload.objects.get().pk)))


def test_more_parts_take_no_more_queries(client: Client) -> None:
    def n_queries(parts: int) -> int:
        lines = [f"Study {n},60,100,20,100,Outcome {n}" for n in range(parts)]
        upload = staged("\n".join([f"{HEADER},outcome", *lines]).encode())
        chosen: dict[str, Any] = {}
        for n in range(parts):
            new = form(
                upload, "new", place()[1], **{"rows0-new_outcome": f"New {n}", "rows0-better": "lower"}
            )
            chosen |= {key.replace("rows0", f"rows{n}"): value for key, value in new.items()}
        compared(client, upload, chosen)
        with CaptureQueriesContext(connection) as queries:
            page = compared(client, upload, chosen)
        assert len(page.context["consequences"].proposal.rows) == parts
        return len(queries)

    assert n_queries(2) == n_queries(8)


# Another method of an analysis


def test_another_method_names_what_it_would_touch_before_it_is_used(client_for: ClientFor) -> None:
    client = client_for("methodologist")
    row = confirmed(LONGEST)
    asked = {"measure": "OR", "model": "common", "method": "peto", "order": "year"}
    page = client.get(url("analysis", row.pk), asked)
    assert Analysis.objects.count() == 1
    assert '<a href="#touched-heading">5 judgements would be marked</a>' in page.content.decode()
    client.post(url("use_analysis", row.pk), asked | {"reason": "As the protocol says."})
    assert Analysis.objects.count() == 2
    assert said(page) == marked()


def test_only_who_can_use_a_method_sees_what_it_would_touch(client_for: ClientFor) -> None:
    row = confirmed(LONGEST)
    asked = {"measure": "OR", "model": "common", "method": "peto"}
    for actor, sees in (("methodologist", True), ("chair", False), ("observer", False)):
        assert (HEADING in text(client_for(actor).get(url("analysis", row.pk), asked))) is sees
    stored = client_for("methodologist").get(url("analysis", row.pk))
    assert HEADING not in text(stored)
    misread = client_for("methodologist").get(
        url("analysis", row.pk), asked | {"measure": "RR", "method": "iv"}
    )
    assert HEADING not in text(misread)
