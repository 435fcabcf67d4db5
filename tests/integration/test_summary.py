"""The Summary of Findings from the page to the files: the example's numbers, hand-worded cells, who may do what."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.assemble import assemble
from documents.html import render_html
from documents.schema import from_json, to_json
from etd.actions.summary import ChosenRow, choose_rows, word_cell
from etd.domain.summary_tables import rows_revision, words_revision
from etd.models import OutcomeRow, Question, SummaryEdit, SummaryRow, User
from etd.selectors.summary import candidates
from tests import factories as f
from tests.integration.conftest import MEMBERS, STRANGERS, ClientFor, get_question

PLACE = {"guideline": "ilcor-als", "question": "mcs-after-rosc-update"}
PAGE = reverse("summary_of_findings", kwargs=PLACE)
CHOOSE = reverse("choose_summary_rows", kwargs=PLACE)
# Risk with the comparison and difference of each row, per 1,000: worked out apart from this program.
EXPECTED = [
    ("OR 1.21 (0.91–1.60)", "417", "47 more per 1,000 (from 23 fewer to 117 more)"),
    ("OR 1.17 (0.97–1.42)", "414", "39 more per 1,000 (from 7 fewer to 87 more)"),
    ("OR 0.97 (0.73–1.30)", "552", "8 fewer per 1,000 (from 78 fewer to 64 more)"),
    ("OR 1.16 (0.97–1.40)", "524", "37 more per 1,000 (from 8 fewer to 82 more)"),
    ("OR 1.21 (0.87–1.68)", "457", "48 more per 1,000 (from 34 fewer to 129 more)"),
    ("OR 1.18 (0.95–1.46)", "451", "41 more per 1,000 (from 13 fewer to 94 more)"),
    ("OR 1.11 (0.79–1.57)", "387", "25 more per 1,000 (from 54 fewer to 111 more)"),
    ("OR 0.85 (0.60–1.21)", "368", "37 fewer per 1,000 (from 109 fewer to 45 more)"),
    ("OR 1.09 (0.77–1.54)", "391", "21 more per 1,000 (from 60 fewer to 106 more)"),
]


def choose_all(question: Question) -> list[SummaryRow]:
    by = User.objects.get(email="methodologist@example.org")
    rows = [ChosenRow(c.outcome_id, c.population_id, c.sources[0]) for c in candidates(question)]
    choose_rows(question=question, rows=rows, revision=rows_revision([]), by=by)
    return list(SummaryRow.objects.filter(question=question).order_by("position"))


def with_words(row: SummaryRow, text: str = "About 47 more, perhaps none") -> None:
    word_cell(
        row=row,
        column="difference",
        text=text,
        made="47 more per 1,000 (from 23 fewer to 117 more)",
        revision=0,
        by=User.objects.get(email="chair@example.org"),
    )


def text_of(client: Client, address: str) -> str:
    markup = re.sub(r"<(title|svg)\b.*?</\1>", " ", client.get(address).content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def file_of(client: Client, name: str, table: str) -> bytes:
    answer = client.get(reverse(name, kwargs=PLACE | {"table": table}))
    assert answer.status_code == 200
    assert f"mcs-after-rosc-update-{table}." in answer["Content-Disposition"]
    return b"".join(answer) if answer.streaming else answer.content


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def word_file(content: bytes) -> Any:
    import docx

    return docx.Document(io.BytesIO(content))


def word_table(content: bytes) -> list[list[str]]:
    (table,) = word_file(content).tables
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_examples_numbers_are_the_same_on_the_page_and_in_the_files(client_for: ClientFor) -> None:
    choose_all(get_question())
    client = client_for("observer")
    page = text_of(client, PAGE)
    sheet = [row for row in csv_rows(file_of(client, "summary_csv", "sof")) if len(row) == 8][1:]
    word = word_table(file_of(client, "summary_docx", "sof"))[2:]
    assert len(sheet) == len(word) == 12
    with_results = [row for row in sheet if row[2]]
    in_word = [row for row in word if row[2] != "-"]
    for (relative, risk, difference), row, cells in zip(EXPECTED, with_results, in_word, strict=True):
        assert (row[2], row[3], row[5].split("\n")[0]) == (relative, f"{risk} per 1,000", difference)
        assert (cells[2], cells[3], cells[5].split("\n")[0]) == (relative, f"{risk} per 1,000", difference)
        assert f"{relative} {risk} per 1,000" in page
        assert difference in page
    assert [row[1] for row in sheet].count("No studies") == [row[1] for row in word].count("No studies") == 3
    assert page.count("No studies") == 3


def test_the_evidence_profile_has_the_arms_and_the_domains(client_for: ClientFor) -> None:
    rows = choose_all(get_question())
    rows[1].outcome.certainty, rows[1].outcome.importance = "moderate", "critical"
    rows[1].outcome.save()
    f.certainty_rating(worksheet=f.certainty_worksheet(outcome=rows[1].outcome))
    sheet = csv_rows(file_of(client_for("chair"), "summary_csv", "profile"))
    assert sheet[0][1:9] == [
        *("Number of studies", "Design", "Risk of bias", "Inconsistency", "Indirectness", "Imprecision"),
        *("Other considerations", "MCS"),
    ]
    line = dict(zip(sheet[0], sheet[2], strict=True))
    assert (line["MCS"], line["Standard care"], line["Number of studies"]) == (
        "426/944 (45%)",
        "385/931 (41%)",
        "14",
    )
    assert (line["Design"], line["Imprecision"], line["Inconsistency"]) == (
        "Randomised trials",
        "serious [a]",
        "not serious",
    )
    assert (line["Certainty"], line["Importance"]) == ("⊕⊕⊕◯ Moderate [a]", "Critical")
    assert ["a", "Imprecision: serious. Wide interval"] in sheet


def test_a_hand_worded_cell_is_marked_wherever_it_goes(client_for: ClientFor) -> None:
    question = get_question()
    rows = choose_all(question)
    with_words(rows[0])
    client = client_for("observer")
    note = "Worded by hand; computed: 47 more per 1,000 (from 23 fewer to 117 more)"
    page = text_of(client, PAGE)
    assert "About 47 more, perhaps none" in page
    assert note in page
    assert "Take back" not in page
    sheet = csv_rows(file_of(client, "summary_csv", "sof"))
    assert sheet[1][5].split("\n")[0].startswith("About 47 more, perhaps none")
    assert ["a", note] in sheet
    content = file_of(client, "summary_docx", "sof")
    assert word_table(content)[2][5].startswith("About 47 more, perhaps nonea\nNNTB")
    assert f"a {note}" in [p.text for p in word_file(content).paragraphs]
    document = assemble(question)
    printed = document.summary_tables[0].rows[0].cell("difference")
    assert (printed.worded_by_hand, printed.computed) == (True, note.partition("computed: ")[2])
    assert from_json(to_json(document)) == document
    markup = render_html(document)
    assert markup.count("About 47 more, perhaps none") == 2
    assert note in html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_a_word_file_is_a_real_table_with_its_heading_and_language(client_for: ClientFor) -> None:
    question = get_question()
    choose_all(question)
    for key, headings in (("sof", 2), ("what-happens", 2), ("profile", 2), ("table-2", 1)):
        document = word_file(file_of(client_for("staff"), "summary_docx", key))
        (table,) = document.tables
        repeated = [row._tr.xpath("./w:trPr/w:tblHeader") != [] for row in table.rows]
        assert repeated == [number < headings for number in range(len(repeated))], key
        assert document.sections[0].page_width > document.sections[0].page_height
        assert document.core_properties.title == question.title
        assert document.core_properties.language == question.framework.language
        captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
        assert len(captions) == 1


def test_the_outcome_table_of_the_document_is_taken_away_as_it_is(client_for: ClientFor) -> None:
    client = client_for("panel member")
    sheet = csv_rows(file_of(client, "summary_csv", "table-2"))
    assert sheet[0][2:5] == ["N. of studies", "MCS", "Standard care"]
    assert sheet[1][2:8] == ["11*", "190/406 (47%)", "171/410 (42%)", "1.21 (0.91–1.60)", "0.19", "0%"]
    assert sheet[7][2:8] == ["0", "", "", "", "", ""]
    word = word_table(file_of(client, "summary_docx", "table-2"))
    assert word[2][1:7] == sheet[1][2:8]
    assert len(set(word[1])) == 1
    assert client.get(reverse("summary_csv", kwargs=PLACE | {"table": "table-9"})).status_code == 404
    assert client.get(reverse("summary_csv", kwargs=PLACE | {"table": "sof"})).status_code == 404


def test_no_spreadsheet_runs_what_a_person_typed(client_for: ClientFor) -> None:
    rows = choose_all(get_question())
    with_words(rows[0], '=HYPERLINK("http://example.org")')
    sheet = csv_rows(file_of(client_for("chair"), "summary_csv", "sof"))
    assert sheet[1][5].startswith("'=HYPERLINK")
    content = file_of(client_for("chair"), "summary_docx", "sof")
    assert word_table(content)[2][5].startswith("=HYPERLINK")


def test_letters_that_xml_cannot_hold_do_not_break_a_word_file(client_for: ClientFor) -> None:
    rows = choose_all(get_question())
    with_words(rows[0], "A bell \x07 rings")
    content = file_of(client_for("chair"), "summary_docx", "sof")
    assert word_table(content)[2][5].startswith("A bell \ufffd rings")


def placed(question: Question, *places: int) -> dict[str, Any]:
    names = [f"place-{c.outcome_id}-{c.population_id}" for c in candidates(question)]
    return dict(zip(names, places, strict=False))


def test_rows_are_chosen_by_their_places(client_for: ClientFor) -> None:
    question = get_question()
    client = client_for("methodologist")
    answer = client.post(CHOOSE, {"revision": rows_revision([]), **placed(question, 3, 1, 2)})
    assert answer.status_code == 302
    stored = [row.population.label for row in SummaryRow.objects.order_by("position")]
    assert stored[0].startswith("Cardiogenic shock")
    assert len(stored) == 3
    stale = client.post(CHOOSE, {"revision": rows_revision([]), **placed(question, 1)})
    assert stale.status_code == 409
    assert "somebody else has saved this" in stale.content.decode()
    wrong = client.post(CHOOSE, {"revision": "0", **placed(question, 0)})
    assert wrong.status_code == 422
    assert SummaryRow.objects.count() == 3


def test_leaving_out_a_worded_row_asks_first(client_for: ClientFor) -> None:
    question = get_question()
    with_words(choose_all(question)[0])
    stored = [(r.outcome_id, r.population_id, r.source) for r in SummaryRow.objects.order_by("position")]
    client = client_for("chair")
    data = {"revision": rows_revision(stored), **placed(question, *[""] * 1, 1)}  # type: ignore[arg-type]
    asked = client.post(CHOOSE, data)
    assert asked.status_code == 409
    assert "About 47 more, perhaps none" in asked.content.decode()
    assert SummaryEdit.objects.count() == 1
    assert client.post(CHOOSE, data | {"drop_words": "on"}).status_code == 302
    assert SummaryEdit.objects.count() == 0


def test_a_cell_is_worded_over_what_was_seen(client_for: ClientFor) -> None:
    rows = choose_all(get_question())
    client = client_for("methodologist")
    address = reverse("word_summary_cell", kwargs=PLACE | {"row": rows[0].pk, "column": "difference"})
    page = client.get(address).content.decode()
    assert "47 more per 1,000 (from 23 fewer to 117 more)" in page
    data = {
        "revision": 0,
        "text": "First line\r\nand a second",
        "made": "47 more per 1,000 (from 23 fewer to 117 more)",
    }
    OutcomeRow.objects.filter(outcome=rows[0].outcome, population=rows[0].population).update(
        estimate=1.3, printed={}
    )
    moved = client.post(address, data)
    assert moved.status_code == 422
    assert "The computed text has changed" in moved.content.decode()
    assert "and a second" in moved.content.decode()
    OutcomeRow.objects.filter(outcome=rows[0].outcome, population=rows[0].population).update(estimate=1.21)
    assert client.post(address, data).status_code == 302
    assert SummaryEdit.objects.get().text == "First line\nand a second"
    stale = client.post(address, data | {"text": "Another"})
    assert stale.status_code == 409
    assert "First line<br>and a second" in stale.content.decode()
    back = reverse("take_back_summary_words", kwargs=PLACE | {"row": rows[0].pk, "column": "difference"})
    assert client.post(back, {"revision": 0}).status_code == 409
    assert client.post(back, {"revision": words_revision("First line\nand a second")}).status_code == 302
    assert SummaryEdit.objects.count() == 0


def test_people_per_changes_every_absolute_effect(client_for: ClientFor) -> None:
    choose_all(get_question())
    client = client_for("chair")
    people = reverse("set_people_per", kwargs=PLACE)
    assert client.post(people, {"people_per": 100, "revision": 1000}).status_code == 302
    assert "4 more per 100 (from 1 fewer to 9 more)" in text_of(client, PAGE)
    assert client.post(people, {"people_per": 10_000, "revision": 1000}).status_code == 409
    assert client.post(people, {"people_per": 7, "revision": 100}).status_code == 422
    assert get_question().people_per == 100


@pytest.mark.parametrize("name", ["word_summary_cell", "take_back_summary_words"])
def test_a_line_is_worded_by_those_who_edit_outcomes(client_for: ClientFor, name: str) -> None:
    row = choose_all(get_question())[0]
    address = reverse(name, kwargs=PLACE | {"row": row.pk, "column": "difference"})
    found = {actor: client_for(actor).post(address).status_code for actor in (*MEMBERS, *STRANGERS)}
    assert found == {
        **dict.fromkeys(MEMBERS, 403),
        **dict.fromkeys(STRANGERS, 404),
        "chair": 422,
        "methodologist": 422,
    }
    elsewhere = reverse(name, kwargs=PLACE | {"row": f.summary_row().pk, "column": "difference"})
    assert client_for("chair").post(elsewhere).status_code == 404


def test_only_cells_that_are_texts_can_be_worded(client_for: ClientFor) -> None:
    row = choose_all(get_question())[0]
    client = client_for("chair")
    for column, status in (("importance", 404), ("n_studies", 404), ("comments", 200)):
        address = reverse("word_summary_cell", kwargs=PLACE | {"row": row.pk, "column": column})
        assert (column, client.get(address).status_code) == (column, status)


def test_why_something_is_empty_is_for_those_who_can_mend_it(client_for: ClientFor) -> None:
    choose_all(get_question())
    sentence = "What happens is not said. The certainty of the evidence is not rated."
    assert sentence in text_of(client_for("methodologist"), PAGE)
    assert sentence not in text_of(client_for("observer"), PAGE)
    assert client_for("observer").get(PAGE + "?table=nonsense").status_code == 404


def test_the_page_takes_the_same_queries_for_one_outcome_and_for_all(client_for: ClientFor) -> None:
    question = get_question()
    client = client_for("methodologist")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert "Summary of findings" in client.get(PAGE).content.decode()
        return len(captured)

    rows = choose_all(question)
    with_words(rows[0])
    many = queries()
    SummaryRow.objects.exclude(pk=rows[0].pk).delete()
    assert queries() == many
