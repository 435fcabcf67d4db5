"""From a file of study counts to a recomputed row beside the reported one, page by page."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from etd.enums import Better, QuestionStatus, ValueSource
from etd.models import AuditEvent, Outcome, OutcomeRow, OutcomeTable, Population, Question, User
from metaanalysis.actions import uploads as study_uploads
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.importers import read_table
from metaanalysis.importers.limits import MAX_FILE_BYTES, MAX_REVIEW_BYTES
from metaanalysis.kinds import study_of
from metaanalysis.models import Analysis, DataUpload, Study, StudyResult, UploadStatus
from metaanalysis.readings import Group
from metaanalysis.specification import beside_a_reported_row, on_its_own
from metaanalysis.stats.small_study import RegressionTest, small_study_effects
from metaanalysis.stats.types import CiMethod, PoolingSpec, Tau2Method
from tests import factories
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor, get_question

TRIALS = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc" / "trials"
LONGEST = (TRIALS / "survival_longest_sourced_13trials.csv").read_bytes()
COMPLICATIONS = (TRIALS / "complications.csv").read_bytes()
UPDATE, PUBLISHED, VOTED_ON = "mcs-after-rosc-update", "mcs-after-rosc", "mcs-after-rosc-vote"
HEADER = "study,events_intervention,n_intervention,events_comparison,n_comparison"
SMALL = f"{HEADER}\nAlpha 2001,5,20,7,21\nBeta 2002,6,30,6,31\n".encode()
NEW_SURVIVAL = study_uploads.NewOutcome("Survival to the census", Better.HIGHER)


def url(name: str, *args: object, question: str = UPDATE, guideline: str = "ilcor-als") -> str:
    return reverse(name, args=[guideline, question, *args])


def text(response: Any) -> str:
    """The page as it reads: without tags, entities resolved, spaces folded."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def send(client: Client, content: bytes, name: str = "trials.csv", question: str = UPDATE) -> Any:
    return client.post(url("upload", question=question), {"file": SimpleUploadedFile(name, content)})


def methodologist() -> User:
    return User.objects.get(email="methodologist@example.org")


def staged(content: bytes = SMALL, question: str = UPDATE, name: str = "trials.csv") -> DataUpload:
    return study_uploads.stage_upload(
        question=get_question(question), filename=name, content=content, by=methodologist()
    )


def place(question: str = UPDATE) -> tuple[Outcome, Population]:
    """Survival at the longest follow-up, with or without prior cardiac arrest: 14 studies reported."""
    rows = OutcomeRow.objects.filter(table__question=get_question(question), n_studies=14)
    row = rows.select_related("outcome", "population").get(source=ValueSource.REPORTED)
    return row.outcome, row.population


def form(upload: DataUpload, outcome: Any, population: Any, **more: str) -> dict[str, Any]:
    return {
        "action": "confirm",
        "sha256": upload.sha256,
        "accepted_warnings": "yes",
        "rows0-outcome": outcome.pk if isinstance(outcome, Outcome) else outcome,
        "rows0-population": population.pk if isinstance(population, Population) else population,
        "rows0-measure": "OR",
        "rows0-model": "random",
        "rows0-method": "iv",
        "rows0-tau2": "DL",
        "rows0-ci": "wald",
        "rows0-missing": "keep",
    } | more


def confirmed(content: bytes = SMALL, question: str = UPDATE) -> OutcomeRow:
    upload = staged(content, question)
    outcome, population = place(question)
    groups = {Group(row.outcome, row.population) for row in read_table(content, filename="a.csv").rows}
    (row,) = study_uploads.confirm_upload(
        upload=upload,
        assignments=[
            study_uploads.Assignment(group, outcome, population, beside_a_reported_row().spec)
            for group in groups
        ],
        sha256=upload.sha256,
        accepted_warnings=True,
        by=methodologist(),
    )
    return row


def workbook(**sheets: list[list[Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def provenance(row: OutcomeRow) -> dict[str, Any]:
    assert row.provenance is not None
    return dict(row.provenance)


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


# The whole way


def test_a_methodologist_puts_a_recomputed_row_beside_the_reported_one(client: Client) -> None:
    answer = send(client, LONGEST, "survival_longest.csv")
    upload = DataUpload.objects.get()
    assert answer["Location"] == url("upload_preview", upload.pk)
    assert bytes(upload.content) == LONGEST
    assert upload.sha256 == hashlib.sha256(LONGEST).hexdigest()
    shown = text(client.get(answer["Location"]))
    assert "13 rows from a text table" in shown
    assert "IABP-SHOCK II 2019 100/297 97/294" in shown
    assert (
        "Column confidence: this column is not used for pooling; what it holds is kept in the note" in shown
    )
    outcome, population = place()
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population))
    row = OutcomeRow.objects.get(source=ValueSource.COMPUTED)
    assert answer["Location"] == url("analysis", row.pk)
    assert (row.outcome, row.population, row.n_studies) == (outcome, population, 13)
    assert (row.events_intervention, row.n_intervention) == (429, 913)
    assert (row.events_comparison, row.n_comparison) == (390, 901)
    assert row.estimate == pytest.approx(1.16755, abs=5e-6)
    assert row.ci_low == pytest.approx(0.96480, abs=5e-6)
    assert row.ci_high == pytest.approx(1.41291, abs=5e-6)
    assert (row.i_squared, row.tau_squared) == (0, 0)
    analysis_page = text(client.get(url("analysis", row.pk)))
    assert "1.168 (0.965–1.413)" in analysis_page
    assert "Odds ratio 1.17 (0.97–1.42) 0.10 0%" in analysis_page
    assert "Odds ratio 1.17 (0.96–1.41) 0.11 0%" in analysis_page
    assert "9.485 on 12 df" in analysis_page
    assert upload.sha256 in analysis_page
    question_page = text(client.get(url("question")))
    assert "Recomputed" in question_page
    assert "429/913 (47%)" in question_page
    assert "426/944 (45%)" in question_page


def test_what_a_reader_must_know_is_said_beside_the_number(client: Client) -> None:
    row = confirmed(LONGEST)
    said = " ".join(provenance(row)["caveats"])
    assert "13 of the 14 studies of the reported row have counts here." in said
    assert "429/913 and 390/901 here, 426/944 and 385/931 reported" in said
    assert "Follow-up differs between studies: 1 year; 12 months; 180 days; 6.2 years (median);" in said
    assert "The counts of 4 studies were worked out from percentages: IABP-SHOCK II, EURO SHOCK," in said
    assert "0.5 was added to each cell of 1 study" in said
    assert "13 of the 14 studies" in text(client.get(url("question")))
    assert "13 of the 14 studies" in text(client.get(url("analysis", row.pk)))


def test_the_methodologists_note_is_shown_with_the_number_and_outlives_another_method(client: Client) -> None:
    upload = staged(LONGEST)
    outcome, population = place()
    note = "Firdaus 2019 has no sourced counts.\r\nIABP counts as standard care in five trials."
    client.post(url("upload_preview", upload.pk), form(upload, outcome, population, **{"rows0-note": note}))
    row = OutcomeRow.objects.get(source=ValueSource.COMPUTED)
    for spec in (PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD), PoolingSpec()):
        run_analysis(outcome=outcome, population=population, spec=spec, by=methodologist(), reason="Agreed.")
        for address in (url("analysis", row.pk), url("question")):
            page = text(client.get(address))
            assert "Firdaus 2019 has no sourced counts." in page
            assert "IABP counts as standard care in five trials." in page


def test_where_a_number_comes_from_is_stored_with_it(example: None) -> None:
    row = confirmed(LONGEST)
    analysis = Analysis.objects.get()
    upload = DataUpload.objects.get()
    stored = provenance(row)
    assert stored["analysis"] == analysis.pk
    assert stored["input_digest"] == analysis.input_digest
    assert stored["uploads"] == [{"filename": "trials.csv", "sha256": upload.sha256}]
    # The seventh of thirteen: ISAR-SHOCK, where 7 of 13 people survived in the comparison arm.
    assert stored["median_comparison_risk"] == {"risk": 7 / 13, "trials": 13}
    assert stored["spec"]["tau2_method"] == "DL"
    assert stored["k"] == 13
    assert set(stored["engine"]) == {"openetd", "statsmodels", "scipy", "numpy"}
    assert analysis.inputs[3]["note"] == "confidence: medium (count from %)"
    assert OutcomeRow.objects.get(pk=row.pk).provenance == stored


def test_what_certainty_is_rated_by_is_pushed_with_the_row(example: None) -> None:
    """The prediction interval and Egger's P as the analysis has them; None where studies are too few for either."""
    stored = provenance(confirmed(LONGEST))
    analysis = Analysis.objects.get()
    small = small_study_effects([study_of(row) for row in analysis.inputs], beside_a_reported_row().spec)
    assert isinstance(small.egger, RegressionTest)
    assert stored["egger_p"] == small.egger.p_value
    assert 0 < stored["prediction_low"] < 1 < stored["prediction_high"]
    assert stored["prediction_low"] == analysis.result["prediction_low"]
    assert stored["prediction_high"] == analysis.result["prediction_high"]


def test_two_trials_have_neither_a_prediction_interval_nor_eggers_test(example: None) -> None:
    stored = provenance(confirmed(SMALL))
    assert (stored["k"], stored["prediction_low"], stored["prediction_high"], stored["egger_p"]) == (
        2,
        None,
        None,
        None,
    )


# Choosing a method


def test_another_method_is_looked_at_without_being_stored(client: Client) -> None:
    row = confirmed(LONGEST)
    shown = text(client.get(url("analysis", row.pk), {"method": "mh", "model": "common"}))
    assert "Odds ratio, common effect, Mantel-Haenszel, Wald interval" in shown
    assert "As chosen beside the plot, not stored 13 429/913 (47%) 390/901 (43%)" in shown
    assert "This is only to look at" in shown
    assert Analysis.objects.count() == 1
    row.refresh_from_db()
    assert provenance(row)["spec"]["method"] == "iv"


def test_the_stored_method_in_the_query_string_is_the_stored_analysis(client: Client) -> None:
    row = confirmed(LONGEST)
    shown = text(client.get(url("analysis", row.pk), {"tau2": "DL", "ci": "wald"}))
    assert "This is only to look at" not in shown


def test_the_chosen_method_is_used_in_the_etd_on_request(client: Client) -> None:
    row = confirmed(LONGEST)
    chosen = {"measure": "OR", "model": "common", "method": "mh", "reason": "The protocol says so."}
    answer = client.post(url("use_analysis", row.pk), chosen)
    assert answer["Location"] == url("analysis", row.pk)
    row.refresh_from_db()
    assert provenance(row)["spec"]["method"] == "mh"
    assert row.tau_squared is None
    assert Analysis.objects.filter(row=row).count() == 2
    assert OutcomeRow.objects.filter(source=ValueSource.COMPUTED).count() == 1


def test_a_combination_that_no_method_defines_is_put_right_with_a_word_and_never_stored(
    client: Client,
) -> None:
    row = confirmed(LONGEST)
    chosen = {"measure": "RR", "method": "peto", "model": "common"}
    answer = client.get(url("analysis", row.pk), chosen)
    assert "Peto does not give a risk ratio: the weights were set to inverse variance." in text(answer)
    assert "Risk ratio, common effect, inverse variance" in text(answer)
    posted = client.post(url("use_analysis", row.pk), chosen | {"reason": "Agreed."})
    assert posted.status_code == 422
    assert Analysis.objects.count() == 1


def test_a_risk_ratio_does_not_go_into_a_table_of_odds_ratios(client: Client) -> None:
    row = confirmed(LONGEST)
    shown = client.get(url("analysis", row.pk), {"measure": "RR"})
    assert "the risk ratio in it would be misread" in text(shown)
    assert "Use in the EtD" not in text(shown).replace("until you choose “Use in the EtD”", "")
    chosen = {"measure": "RR", "reason": "Agreed."}
    assert client.post(url("use_analysis", row.pk), chosen).status_code == 409
    row.refresh_from_db()
    assert row.measure == "OR"


def test_the_method_offered_first_depends_on_the_reported_row_and_says_so(client: Client) -> None:
    upload = staged()
    outcome, population = place()
    target = url("upload_preview", upload.pk)
    beside = client.post(target, form(upload, outcome, population, action="compare") | {"rows0-usual": "own"})
    assert beside_a_reported_row().why in text(beside)
    offered = {"rows0-usual": "undecided"}
    alone = client.post(target, form(upload, "new", population, action="compare") | offered)
    assert on_its_own().why in text(alone)
    assert '<option value="REML" selected>' in alone.content.decode()
    assert '<option value="auto" selected>' in alone.content.decode()
    own_choice = {"rows0-tau2": "PM", "rows0-usual": "undecided"}
    kept = client.post(target, form(upload, "new", population, action="compare") | own_choice)
    assert '<option value="PM" selected>' in kept.content.decode()


# New outcomes and tables


def test_an_outcome_that_is_new_gets_its_row_and_a_table_of_its_measure(client: Client) -> None:
    upload = staged()
    more = {
        "rows0-new_outcome": "Death",
        "rows0-better": "lower",
        "rows0-new_population": "Adults",
        "rows0-measure": "RR",
    }
    client.post(url("upload_preview", upload.pk), form(upload, "new", "new", **more))
    row = OutcomeRow.objects.select_related("outcome", "population", "table").get(source=ValueSource.COMPUTED)
    assert (row.outcome.name, row.outcome.better, row.population.label) == ("Death", "lower", "Adults")
    assert (row.table.number, row.measure) == (3, "RR")
    assert row.table.title == "Results of the studies, risk ratio"


def test_a_new_outcome_of_a_known_name_must_have_the_same_polarity(client: Client) -> None:
    question, upload = get_question(), staged()
    factories.outcome(question=question, name="Death", better="lower")
    _, population = place()
    more = {"rows0-new_outcome": "Death", "rows0-better": "higher"}
    refused = client.post(url("upload_preview", upload.pk), form(upload, "new", population, **more))
    assert refused.status_code == 422
    assert "There is already an outcome Death, of which lower is better." in text(refused)
    assert not StudyResult.objects.exists()
    more["rows0-better"] = "lower"
    client.post(url("upload_preview", upload.pk), form(upload, "new", population, **more))
    assert {result.outcome.name for result in StudyResult.objects.all()} == {"Death"}
    assert question.outcomes.filter(name="Death").count() == 1


def test_a_question_without_tables_gets_one_where_its_framework_expects_benefits(db: None) -> None:
    question = factories.draft_question(status=QuestionStatus.EVIDENCE)
    by = question.created_by
    upload = study_uploads.stage_upload(question=question, filename="t.csv", content=SMALL, by=by)
    assignment = study_uploads.Assignment(Group("", ""), NEW_SURVIVAL, "Adults", PoolingSpec())
    (row,) = study_uploads.confirm_upload(
        upload=upload, assignments=[assignment], sha256=upload.sha256, accepted_warnings=True, by=by
    )
    table = OutcomeTable.objects.get(question=question)
    assert row.table == table
    roles = {criterion.key: criterion.role for criterion in factories.FRAMEWORK.criteria}
    assert roles[table.criterion_key] == "desirable"


def test_a_file_with_several_outcomes_asks_for_each_and_leaves_out_what_is_not_wanted(client: Client) -> None:
    upload = staged(COMPLICATIONS)
    page = client.get(url("upload_preview", upload.pk), {"take": ["0", "1"]}).content.decode()
    assert set(re.findall(r'name="rows(\d+)-outcome"', page)) == {"0", "1"}
    _, population = place()
    data = form(upload, "leave-out", "") | {"take": ["0", "1"]}
    data |= {
        f"rows1-{name.removeprefix('rows0-')}": value
        for name, value in form(
            upload, "new", population, **{"rows0-new_outcome": "Bleeding", "rows0-better": "lower"}
        ).items()
        if name.startswith("rows0-")
    }
    answer = client.post(url("upload_preview", upload.pk), data)
    assert answer.status_code == 302
    results = StudyResult.objects.all()
    assert {result.outcome.name for result in results} == {"Bleeding"}
    assert results.count() == sum(
        row.outcome == "bleeding" for row in read_table(COMPLICATIONS, filename="c.csv").rows
    )


# The same studies again


def test_a_second_file_changes_adds_and_keeps_or_removes(client: Client) -> None:
    confirmed(SMALL)
    second = f"{HEADER}\nAlpha 2001,6,20,7,21\nGamma 2003,4,40,5,41\n".encode()
    upload = staged(second)
    outcome, population = place()
    target = url("upload_preview", upload.pk)
    chosen = form(upload, outcome, population, action="compare")
    del chosen["rows0-missing"]
    answer = client.post(target, chosen)
    assert re.search(r'<input[^>]*value="keep"[^>]*checked', answer.content.decode())
    compared = text(answer)
    assert "1 new 1 changed 0 unchanged 1 stored but not in this file" in compared
    assert "Alpha 2001 Events, intervention 5 6" in compared
    assert "Not in this file: Beta 2002" in compared
    client.post(target, form(upload, outcome, population, **{"rows0-missing": "remove"}))
    stored = StudyResult.objects.values_list("study__label", "events_intervention").order_by("position")
    assert list(stored) == [("Alpha 2001", 6), ("Gamma 2003", 4)]
    event = AuditEvent.objects.filter(type="study_results_imported").latest("seq")
    assert '"Beta 2002":"6/30 and 6/31"' in event.before
    assert '"Alpha 2001":"5/20 and 7/21"' in event.before


def test_studies_that_the_file_does_not_have_stay_unless_they_are_removed(example: None) -> None:
    confirmed(SMALL)
    row = confirmed(f"{HEADER}\nGamma 2003,4,40,5,41\n".encode())
    assert row.n_studies == 3
    labels = StudyResult.objects.order_by("position").values_list("study__label", flat=True)
    assert list(labels) == ["Gamma 2003", "Alpha 2001", "Beta 2002"]


def test_the_same_rows_again_change_nothing_and_keep_their_first_file(example: None) -> None:
    confirmed(SMALL)
    before = list(StudyResult.objects.order_by("pk").values())
    confirmed(SMALL + b"\n")
    assert list(StudyResult.objects.order_by("pk").values()) == before


# Refusals


def nothing_is_stored() -> bool:
    return not (StudyResult.objects.exists() or Study.objects.exists() or Analysis.objects.exists())


def test_every_error_is_shown_by_row_and_column_and_nothing_is_stored(client: Client) -> None:
    bad = f"{HEADER}\nAlpha,12,10,3,20\nBeta,1.5,10,,20\n".encode()
    answer = send(client, bad)
    shown = text(client.get(answer["Location"]))
    assert "3 errors: nothing of this file can be stored" in shown
    assert "Row 2, column events_intervention ('12'): more events (12) than people" in shown
    assert "Row 3, column events_intervention ('1.5'): a count must be a whole number" in shown
    assert "Row 3, column events_comparison" in shown
    assert "Store the studies" not in shown
    upload = DataUpload.objects.get()
    outcome, population = place()
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population))
    assert answer.status_code == 409
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("trials.csv", b"", "is empty"),
        ("trials.csv", b"%PDF-1.7 x", "this is a PDF, not a table"),
        ("trials.xlsx", SMALL, "not a workbook although it is named .xlsx"),
        ("trials.csv", b"a,b\n1,2\n", "the header was not found"),
        ("trials.csv", b"x" * (MAX_FILE_BYTES + 1), "The file is larger than 2 MiB"),
    ],
    ids=["empty", "pdf", "wrong name", "no header", "too large"],
)
def test_what_is_no_table_is_refused_at_the_form(
    client: Client, name: str, content: bytes, said: str
) -> None:
    answer = send(client, content, name)
    assert answer.status_code == 422
    assert said.casefold() in text(answer).casefold()
    assert b'type="file"' in answer.content
    assert not DataUpload.objects.exists()


def test_a_file_at_the_limit_is_read(client: Client) -> None:
    filler = SMALL + b"\n" * (MAX_FILE_BYTES - len(SMALL))
    assert len(filler) == MAX_FILE_BYTES
    assert send(client, filler).status_code == 302
    assert DataUpload.objects.get().reading["error_count"] == 0


def test_no_file_and_two_files_are_refused(client: Client) -> None:
    none = client.post(url("upload"), {"file": ""})
    two = client.post(
        url("upload"), {"file": [SimpleUploadedFile("a.csv", SMALL), SimpleUploadedFile("b.csv", SMALL)]}
    )
    assert (none.status_code, two.status_code) == (422, 422)
    assert "No file was chosen" in text(none)
    assert "Two files were sent" in text(two)
    assert not DataUpload.objects.exists()


def test_two_files_that_are_too_large_together_are_not_kept_in_memory(client: Client) -> None:
    half = b"x" * (MAX_REVIEW_BYTES // 2 + 1)
    files = [SimpleUploadedFile("a.csv", half), SimpleUploadedFile("b.csv", half)]
    answer = client.post(url("upload"), {"file": files})
    assert answer.status_code == 422
    assert "larger than 10 MiB; the limit is 2 MiB (10 MiB for RevMan" in text(answer)


def test_an_upload_that_was_cut_off_leaves_nothing(client: Client) -> None:
    whole = (
        b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\n" + SMALL + b"\r\n--frontier--\r\n"
    )
    kind = "multipart/form-data; boundary=frontier"
    cut = client.post(url("upload"), whole[:-40], content_type=kind)
    assert cut.status_code == 422
    assert "was cut off on its way" in text(cut)
    assert not DataUpload.objects.exists()
    assert client.post(url("upload"), whole, content_type=kind).status_code == 302


def test_the_same_file_twice_is_one_upload(client: Client) -> None:
    first, second = send(client, SMALL), send(client, SMALL)
    assert first["Location"] == second["Location"]
    assert DataUpload.objects.count() == 1


def test_confirming_twice_imports_once(client: Client) -> None:
    upload = staged()
    outcome, population = place()
    target, data = url("upload_preview", upload.pk), form(upload, outcome, population)
    first, second = client.post(target, data), client.post(target, data)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert Analysis.objects.count() == 1
    assert AuditEvent.objects.filter(type="upload_confirmed").count() == 1


def test_an_upload_that_somebody_else_has_confirmed_is_not_imported_again(client: Client) -> None:
    confirmed()
    upload = DataUpload.objects.get()
    upload.confirmed_by = User.objects.get(email="chair@example.org")
    upload.save()
    outcome, population = place()
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population))
    assert answer.status_code == 409
    assert "Helena Brandt has confirmed this upload already" in text(answer)
    assert Analysis.objects.count() == 1


def test_only_the_file_that_was_shown_can_be_confirmed(client: Client) -> None:
    upload = staged()
    outcome, population = place()
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population, sha256="0" * 64))
    assert answer.status_code == 409
    assert "not the file that was shown to you" in text(answer)
    assert nothing_is_stored()


def test_warnings_need_a_tick_and_what_was_chosen_stays(client: Client) -> None:
    upload = staged(LONGEST)
    outcome, population = place()
    answer = client.post(
        url("upload_preview", upload.pk), form(upload, outcome, population, accepted_warnings="")
    )
    assert answer.status_code == 422
    assert "Tick that you have looked at the warnings" in text(answer)
    assert f'<option value="{outcome.pk}" selected>' in answer.content.decode()
    assert nothing_is_stored()


def test_an_outcome_must_be_chosen(client: Client) -> None:
    upload = staged()
    answer = client.post(url("upload_preview", upload.pk), form(upload, "", ""))
    assert answer.status_code == 422
    assert "This field is required" in text(answer)
    assert nothing_is_stored()


def test_a_study_twice_in_one_place_is_refused_by_its_rows(client: Client) -> None:
    upload = staged(f"{HEADER},timepoint\nAlpha,5,20,7,21,30 days\nAlpha,6,20,8,21,1 year\n".encode())
    outcome, population = place()
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population))
    assert answer.status_code == 422
    assert "Alpha would be in" in text(answer)
    assert "twice, from rows 2 and 3" in text(answer)
    assert nothing_is_stored()


def test_an_upload_of_another_question_is_not_here(client: Client) -> None:
    other = factories.data_upload(question=get_question(VOTED_ON))
    for name in ("upload_preview", "upload_file"):
        assert client.get(url(name, other.pk)).status_code == 404
    assert client.post(url("upload_preview", other.pk), {"action": "discard"}).status_code == 404
    other.refresh_from_db()
    assert other.status == UploadStatus.STAGED


def test_a_row_of_another_question_is_not_here(client: Client) -> None:
    row = confirmed()
    for name in ("analysis", "analysis_data"):
        assert client.get(url(name, row.pk, question=VOTED_ON)).status_code == 404
    chosen = {"measure": "OR", "model": "common", "method": "iv", "tau2": "DL", "ci": "wald"}
    assert client.post(url("use_analysis", row.pk, question=VOTED_ON), chosen).status_code == 404
    assert Analysis.objects.count() == 1
    assert Analysis.objects.filter(row=row).count() == 1


@pytest.mark.parametrize("question", [PUBLISHED, VOTED_ON])
def test_a_question_whose_evidence_is_frozen_takes_no_data(client: Client, question: str) -> None:
    for answer in (client.get(url("upload", question=question)), send(client, SMALL, question=question)):
        assert answer.status_code == 409
        assert "takes no study data now" in text(answer)
    assert not DataUpload.objects.exists()


def test_a_staged_file_cannot_be_confirmed_once_the_panel_votes(client: Client) -> None:
    upload = staged()
    outcome, population = place()
    Question.objects.filter(pk=upload.question_id).update(status=QuestionStatus.VOTING)
    answer = client.post(url("upload_preview", upload.pk), form(upload, outcome, population))
    assert answer.status_code == 409
    assert nothing_is_stored()


def test_a_row_under_a_vote_keeps_its_method(client: Client) -> None:
    row = confirmed()
    Question.objects.filter(slug=UPDATE).update(status=QuestionStatus.VOTING)
    chosen = {"measure": "OR", "model": "common", "method": "iv", "reason": "Agreed."}
    assert client.post(url("use_analysis", row.pk), chosen).status_code == 409
    assert Analysis.objects.count() == 1


def test_a_discarded_upload_is_kept_for_the_record_and_cannot_be_confirmed(client: Client) -> None:
    upload = staged()
    target = url("upload_preview", upload.pk)
    assert client.post(target, {"action": "discard"})["Location"] == url("evidence")
    outcome, population = place()
    assert client.post(target, form(upload, outcome, population)).status_code == 409
    upload.refresh_from_db()
    assert (upload.status, bytes(upload.content)) == (UploadStatus.DISCARDED, SMALL)
    assert nothing_is_stored()


# Workbooks


def test_a_workbook_with_two_sheets_asks_which_one(client: Client) -> None:
    columns = HEADER.split(",")
    content = workbook(First=[columns, ["Alpha", 1, 10, 2, 11]], Second=[columns, ["Beta", 3, 30, 4, 31]])
    first = send(client, content, "book.xlsx")["Location"]
    assert "Which sheet holds the table?" in text(client.get(first))
    answer = client.post(first, {"action": "sheet", "sheet": "Second"})
    shown = text(client.get(answer["Location"]))
    assert "Beta 3/30 4/31" in shown
    assert "Alpha" not in shown
    statuses = dict(DataUpload.objects.values_list("sheet", "status"))
    assert statuses == {"": UploadStatus.DISCARDED, "Second": UploadStatus.STAGED}
    assert client.post(answer["Location"], {"action": "sheet", "sheet": "Third"}).status_code == 422


# Files out


def test_the_file_comes_back_as_it_came_and_only_as_a_download(client: Client) -> None:
    upload = staged(LONGEST, name='a"b\u202e.csv')
    answer = client.get(url("upload_file", upload.pk))
    assert answer.content == LONGEST
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_template_can_be_filled_in_and_uploaded(client: Client) -> None:
    answer = client.get(url("upload_template", "counts", "csv"))
    table = read_table(answer.content, filename="study-data.csv")
    assert table.ok
    assert len(table.rows) == 1


def test_the_data_come_out_as_they_went_in_and_safe_for_a_spreadsheet(client: Client) -> None:
    row = confirmed(f"{HEADER},note\nAlpha,5,20,7,21,=1+1\nBeta,6,30,6,31,plain\n".encode())
    answer = client.get(url("analysis_data", row.pk))
    assert "'=1+1" in answer.content.decode("utf-8-sig")
    back = read_table(answer.content, filename="data.csv").rows
    assert [(r.study, r.events_intervention, r.n_comparison) for r in back] == [
        ("Alpha", 5, 21),
        ("Beta", 6, 31),
    ]


# Nothing to pool


def test_studies_without_any_event_give_a_row_without_an_effect(client: Client) -> None:
    row = confirmed(f"{HEADER}\nAlpha,0,20,0,21\nBeta,0,30,0,31\n".encode())
    assert (row.n_studies, row.estimate, row.n_intervention) == (2, None, 50)
    shown = text(client.get(url("analysis", row.pk)))
    assert "not estimable" in shown
    assert "Not in the analysis: Alpha" in shown
    assert "nan" not in shown.casefold().split()
    assert client.get(url("question")).status_code == 200


# Everybody


@pytest.fixture
def addresses(example: None) -> Callable[[str], list[tuple[str, str, str]]]:
    row, upload = confirmed(), staged(f"{HEADER}\nDelta,1,20,2,21\n".encode())

    def of(question: str) -> list[tuple[str, str, str]]:
        """Name, verb and address of every page of the evidence, in this question."""
        arguments: dict[str, list[object]] = {
            "evidence": [],
            "upload_template": ["counts", "csv"],
            "upload": [],
            "upload_preview": [upload.pk],
            "upload_file": [upload.pk],
            "correct_upload": [upload.pk],
            "edit_studies": [row.outcome_id, row.population_id],
            "analysis": [row.pk],
            "use_analysis": [row.pk],
            "analysis_data": [row.pk],
            "analysis_result": [row.pk],
            "analysis_r_code": [row.pk],
            "analysis_plot": [row.pk, "forest"],
            "analysis_image": [row.pk, "forest"],
        }
        both: tuple[str, ...] = ("GET", "POST")
        verbs = dict.fromkeys(("upload", "upload_preview", "correct_upload", "edit_studies"), both)
        verbs["use_analysis"] = ("POST",)
        return [
            (name, verb, url(name, *args, question=question))
            for name, args in arguments.items()
            for verb in verbs.get(name, ("GET",))
        ]

    return of


Addresses = Callable[[str], list[tuple[str, str, str]]]
FOR_UPLOADERS = {"upload", "upload_preview", "upload_file", "correct_upload", "edit_studies", "use_analysis"}


@pytest.mark.parametrize("actor", MEMBERS)
def test_everybody_reads_and_only_a_methodologist_uploads(
    actor: str, client_for: ClientFor, addresses: Addresses
) -> None:
    client = client_for(actor)
    found = {
        (name, verb): client.generic(verb, address).status_code for name, verb, address in addresses(UPDATE)
    }
    uploads = actor == "methodologist"
    empty_post = {"upload_preview": 200}
    assert found == {
        (name, verb): (403 if name in FOR_UPLOADERS and not uploads else 200)
        if verb == "GET" or not uploads
        else empty_post.get(name, 422)
        for name, verb in found
    }


@pytest.mark.parametrize("actor", STRANGERS)
def test_a_stranger_learns_nothing(actor: str, client_for: ClientFor, addresses: Addresses) -> None:
    client = client_for(actor)

    def body(verb: str, address: str) -> tuple[int, str]:
        answer = client.generic(verb, address)
        return answer.status_code, re.sub(
            r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode()
        )

    here = [body(verb, address) for _, verb, address in addresses(UPDATE)]
    absent = [body(verb, address) for _, verb, address in addresses("absent")]
    assert here == absent
    assert {status for status, _ in here} == {404}


def test_the_signed_out_are_asked_to_sign_in(client_for: ClientFor, addresses: Addresses) -> None:
    client = client_for("anonymous")
    for _, verb, address in addresses(UPDATE):
        answer = client.generic(verb, address)
        if verb == "GET":
            assert answer["Location"].startswith(reverse("sign_in"))
        else:
            assert answer.status_code == 403


def test_the_file_of_a_confirmed_upload_can_be_seen_by_every_member(client_for: ClientFor) -> None:
    confirmed()
    upload = DataUpload.objects.get()
    answer = client_for("observer").get(url("upload_file", upload.pk))
    assert answer.content == SMALL


def test_reading_writes_nothing(client: Client, addresses: Addresses) -> None:
    pages = [address for _, verb, address in addresses(UPDATE) if verb == "GET"]
    what_if = [
        f"{page}?method=mh&model=common" for page in pages if page.endswith("/") and "analysis" in page
    ]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for address in pages + what_if:
            client.get(address)
    writes = [q["sql"] for q in queries if re.match(r"INSERT|UPDATE|DELETE", q["sql"].lstrip(), re.I)]
    assert writes == []


def test_comparing_writes_nothing(client: Client) -> None:
    upload = staged()
    outcome, population = place()
    with CaptureQueriesContext(connection) as queries:
        client.post(url("upload_preview", upload.pk), form(upload, outcome, population, action="compare"))
    assert not [q for q in queries if re.match(r"INSERT|UPDATE|DELETE", q["sql"].lstrip(), re.I)]


def test_the_evidence_page_asks_as_little_for_three_outcomes_as_for_one(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url("evidence")).status_code == 200
        return len(asked)

    confirmed()
    one = queries()
    question, by = get_question(), methodologist()
    for number in (2, 3):
        upload = staged(f"{HEADER}\nStudy {number},5,20,7,21\nBeta 2002,6,30,6,31\n".encode())
        assignment = study_uploads.Assignment(
            Group("", ""),
            study_uploads.NewOutcome(f"Outcome {number}", Better.LOWER),
            "Adults",
            PoolingSpec(),
        )
        study_uploads.confirm_upload(
            upload=upload, assignments=[assignment], sha256=upload.sha256, accepted_warnings=True, by=by
        )
    assert question.outcomes.count() == 8
    assert queries() == one
