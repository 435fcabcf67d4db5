"""Study data typed, pasted, corrected and edited in a table on a page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from etd.enums import QuestionStatus
from etd.models import AuditEvent, OutcomeRow, Question
from metaanalysis.importers import read_table
from metaanalysis.models import Analysis, DataUpload, StudyResult, UploadStatus
from tests import factories
from tests.integration.conftest import ClientFor, get_question
from tests.integration.test_evidence import (
    HEADER,
    SMALL,
    UPDATE,
    VOTED_ON,
    confirmed,
    form,
    methodologist,
    place,
    staged,
    text,
    url,
    workbook,
)

COUNTS = HEADER.replace(",", "\t")
MEANS_HEADER = (
    "study,mean_intervention,sd_intervention,n_intervention,mean_comparison,sd_comparison,n_comparison"
)
OF_EACH_KIND = {
    "counts": (SMALL.decode(), "Alpha 2001,5,20", "Alpha 2001,6,20", "events_intervention", 6, "OR"),
    "means": (
        f"{MEANS_HEADER}\nAlpha 2001,12.5,3,20,14.1,3.5,21\nBeta 2002,11,2.25,30,13,2,31\n",
        "Alpha 2001,12.5",
        "Alpha 2001,12.25",
        "mean_intervention",
        12.25,
        "MD",
    ),
    "estimate": (
        "study,measure,estimate,se\nAlpha 2001,HR,-0.30111,0.14995\nBeta 2002,HR,0.1,0.2\n",
        "-0.30111",
        "-0.30112",
        "estimate",
        -0.30112,
        "HR",
    ),
}


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def shown(response: Any) -> dict[str, Any]:
    """What the page's script draws the table from."""
    found = re.search(
        r'<script id="grid-data" type="application/json">(.*?)</script>', response.content.decode()
    )
    assert found is not None
    script: dict[str, Any] = json.loads(found[1])
    return script


def cells(response: Any) -> list[list[str]]:
    return [row["cells"] for row in shown(response)["rows"]]


def as_csv(response: Any) -> str:
    """The table as the page's script would send it, with commas."""
    script = shown(response)
    lines = [[column["name"] for column in script["columns"]], *cells(response)]
    return "\n".join(",".join(line) for line in lines) + "\n"


# Typed or pasted


def test_what_is_typed_becomes_a_file_that_is_read_like_every_other(client: Client) -> None:
    typed = f"{COUNTS}\nAlpha 2001\t5\t20\t7\t21\nBeta 2002\t6\t30\t6\t31\n"
    answer = client.post(url("type_studies"), {"table": typed})
    upload = DataUpload.objects.get()
    assert answer["Location"] == url("upload_preview", upload.pk)
    assert re.fullmatch(r"typed-in-\d{4}-\d\d-\d\d\.csv", upload.filename)
    rows = read_table(bytes(upload.content), filename="t.csv").rows
    assert rows == read_table(SMALL, filename="t.csv").rows
    assert "Alpha 2001 5/20 7/21" in text(client.get(answer["Location"]))


def test_mistakes_are_shown_at_their_cells_and_nothing_is_lost_or_kept(client: Client) -> None:
    typed = f"{COUNTS}\tsource\nAlpha\t12\t10\t7\t21\tp. 4\nBeta\t6,5\t30\t\t31\t\n"
    answer = client.post(url("type_studies"), {"table": typed, "action": "save"})
    assert answer.status_code == 422
    assert "3 errors: nothing was stored" in text(answer)
    assert cells(answer) == [["Alpha", "12", "10", "7", "21", "p. 4"], ["Beta", "6,5", "30", "", "31", ""]]
    assert [(mark["row"], mark["column"]) for mark in shown(answer)["marks"]] == [(0, 1), (1, 1), (1, 3)]
    assert not DataUpload.objects.exists()


def test_a_pasted_table_with_its_own_names_is_arranged_and_not_yet_kept(client: Client) -> None:
    pasted = "Trial\tEvents 1\tTotal 1\tEvents 2\tTotal 2\nAlpha\t5\t20\t7\t21\n"
    answer = client.post(url("type_studies"), {"table": pasted, "action": "arrange"})
    assert [column["name"] for column in shown(answer)["columns"]] == HEADER.split(",")
    assert shown(answer)["columns"][0]["written"] == "Trial"
    assert not DataUpload.objects.exists()


def test_a_text_in_which_no_cells_can_be_told_apart_stays_as_it_was_typed(client: Client) -> None:
    typed = f'{COUNTS}\n"Alpha\t5\t20\t7\t21\n'
    answer = client.post(url("type_studies"), {"table": typed})
    assert answer.status_code == 422
    assert "a quote opened in this row is never closed" in text(answer).casefold()
    assert "&quot;Alpha\t5\t20" in answer.content.decode()
    assert b'id="grid-data"' not in answer.content


def test_numbers_without_names_are_refused_not_guessed(client: Client) -> None:
    answer = client.post(url("type_studies"), {"table": "Alpha\t5\t20\t7\t21\nBeta\t6\t30\t6\t31\n"})
    assert answer.status_code == 422
    assert "the header was not found" in text(answer)
    assert not DataUpload.objects.exists()


def test_an_unknown_kind_is_no_page(client: Client) -> None:
    assert "Mean, intervention" in client.get(url("type_studies"), {"kind": "means"}).content.decode()
    assert client.get(url("type_studies"), {"kind": "ranks"}).status_code == 404


# Corrected


def test_a_workbook_with_errors_is_corrected_here_and_kept_as_it_came(client: Client) -> None:
    content = workbook(
        Read=[["Notes"]], Trials=[HEADER.split(","), ["Alpha", 12, 10, 7, 21], ["Beta", 6, 30, "six", 31]]
    )
    old = study_upload(content, "trials.xlsx", sheet="Trials")
    page = client.get(url("upload_preview", old.pk))
    assert "Rejected: rows 2, 3." in text(page)
    target = url("correct_upload", old.pk)
    assert target in page.content.decode()
    opened = client.get(target)
    assert cells(opened) == [["Alpha", "12", "10", "7", "21"], ["Beta", "6", "30", "six", "31"]]
    assert [(mark["row"], mark["column"]) for mark in shown(opened)["marks"]] == [(0, 1), (1, 3)]
    corrected = as_csv(opened).replace("Alpha,12", "Alpha,2").replace("six", "6")
    answer = client.post(target, {"table": corrected})
    new = DataUpload.objects.exclude(pk=old.pk).get()
    assert answer["Location"] == url("upload_preview", new.pk)
    old.refresh_from_db()
    assert (old.status, bytes(old.content)) == (UploadStatus.DISCARDED, content)
    assert new.filename == "trials-corrected.csv"
    said = f"Corrected here from trials.xlsx, sheet Trials (sha256 {old.sha256[:16]}…)."
    assert said in text(client.get(answer["Location"]))
    event = AuditEvent.objects.get(type="upload_corrected")
    assert (old.sha256 in event.before, new.sha256 in event.after) == (True, True)


def study_upload(content: bytes, name: str, sheet: str = "") -> DataUpload:
    from metaanalysis.actions.uploads import stage_upload

    return stage_upload(
        question=get_question(), filename=name, content=content, sheet=sheet, by=methodologist()
    )


def test_a_correction_that_is_still_wrong_keeps_the_first_file_waiting(client: Client) -> None:
    old = staged(f"{HEADER}\nAlpha,12,10,7,21\n".encode())
    answer = client.post(url("correct_upload", old.pk), {"table": f"{HEADER}\nAlpha,11,10,7,21\n"})
    assert answer.status_code == 422
    assert "more events (11) than people" in text(answer)
    old.refresh_from_db()
    assert (old.status, DataUpload.objects.count()) == (UploadStatus.STAGED, 1)


def test_a_column_can_be_given_another_meaning(client: Client) -> None:
    old = staged(b"study,Died A,n_intervention,events_comparison,n_comparison,events_t\nAlpha,5,20,7,21,1\n")
    opened = client.get(url("correct_upload", old.pk))
    assert [(c["name"], c["known"]) for c in shown(opened)["columns"]][1] == ("Died A", False)
    remapped = as_csv(opened).replace("events_intervention", "Other").replace("Died A", "events_intervention")
    answer = client.post(url("correct_upload", old.pk), {"table": remapped})
    assert "Alpha 5/20 7/21" in text(client.get(answer["Location"]))


def test_only_what_waits_can_be_corrected(client: Client) -> None:
    confirmed()
    upload = DataUpload.objects.get()
    for answer in (
        client.get(url("correct_upload", upload.pk)),
        client.post(url("correct_upload", upload.pk), {"table": SMALL.decode()}),
    ):
        assert answer["Location"] == url("upload_preview", upload.pk)
    assert DataUpload.objects.count() == 1


def test_a_long_table_is_corrected_as_text(client: Client) -> None:
    rows = "".join(f"Study {number},5,20,7,21\n" for number in range(501))
    opened = client.get(url("correct_upload", staged(f"{HEADER}\n{rows}".encode()).pk))
    assert b'id="grid-data"' not in opened.content
    assert "Study 500\t5\t20\t7\t21" in opened.content.decode()


# Edited


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_a_number_of_a_stored_study_is_changed_and_no_study_is_doubled(kind: str, client: Client) -> None:
    content, before, after, field, value, measure = OF_EACH_KIND[kind]
    upload = staged(content.encode())
    outcome, population = place()
    choices = {"rows0-measure": measure, "rows0-usual": ""}
    new = {"rows0-new_outcome": "Death or days", "rows0-better": "lower"} | choices
    client.post(url("upload_preview", upload.pk), form(upload, "new", population, **new))
    row = OutcomeRow.objects.get(source="computed")
    target = url("edit_studies", row.outcome_id, row.population_id)
    assert target in client.get(url("evidence")).content.decode()
    opened = client.get(target)
    same = client.post(target, {"table": as_csv(opened)})
    assert "0 new 0 changed 2 unchanged 0 stored but not in this file" in text(client.get(same["Location"]))
    edited = as_csv(opened).replace("Alpha 2001,,", "Alpha 2001,")
    edited = edited.replace("study,year,", "study,").replace("Beta 2002,,", "Beta 2002,")
    assert before in edited
    answer = client.post(target, {"table": edited.replace(before, after)})
    page = client.get(answer["Location"])
    assert "0 new 1 changed 1 unchanged 0 stored but not in this file" in text(page)
    assert "The main method of this outcome and population" in text(page)
    assert f'<option value="{row.outcome_id}" selected>' in page.content.decode()
    assert "Edited here from the stored studies of Death or days" in text(page)
    waiting = DataUpload.objects.latest("pk")
    stored = form(waiting, outcome, population, **choices) | {"rows0-outcome": row.outcome_id}
    client.post(url("upload_preview", waiting.pk), stored)
    results = StudyResult.objects.order_by("position")
    assert [result.study.label for result in results] == ["Alpha 2001", "Beta 2002"]
    assert getattr(results[0], field) == value
    assert Analysis.objects.count() == 2


def test_editing_needs_studies_of_this_question(client: Client) -> None:
    outcome, population = place()
    assert client.get(url("edit_studies", outcome.pk, population.pk)).status_code == 404
    confirmed()
    elsewhere = factories.outcome(question=get_question(VOTED_ON))
    assert client.get(url("edit_studies", elsewhere.pk, population.pk)).status_code == 404
    opened = client.get(url("edit_studies", outcome.pk, population.pk))
    assert cells(opened)[0][0] == "Alpha 2001"


def test_a_question_under_a_vote_takes_nothing_by_any_way(client: Client) -> None:
    row, waiting = confirmed(), staged(f"{HEADER}\nDelta,1,20,2,21\n".encode())
    Question.objects.filter(slug=UPDATE).update(status=QuestionStatus.VOTING)
    ways = (
        url("type_studies"),
        url("correct_upload", waiting.pk),
        url("edit_studies", row.outcome_id, row.population_id),
    )
    for target in ways:
        for answer in (client.get(target), client.post(target, {"table": SMALL.decode()})):
            assert answer.status_code == 409
            assert "takes no study data now" in text(answer)
    assert DataUpload.objects.count() == 2
