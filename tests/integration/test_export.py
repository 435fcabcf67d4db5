"""The example out again: as a PDF, as JSON, as a page, and by the command."""

from __future__ import annotations

import io
import json
import re
import subprocess
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents import pdf
from documents.assemble import assemble
from documents.html import render_html
from documents.published import document_bytes
from documents.schema import EtdDocument, from_json
from etd.enums import Better
from etd.models import Outcome, OutcomeRow, OutcomeTable, Population, User
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.specification import beside_a_reported_row
from tests import factories
from tests.integration.conftest import ClientFor, get_question

SOURCE = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc" / "source.txt"
PLACE = {"guideline": "ilcor-als", "question": "mcs-after-rosc"}


# What stands at the top and at the bottom of every page, in the middle of what is read across it.
RUNNING = re.compile(
    r"\f?(ILCOR Advanced Life Support\s+·\s+Mechanical|(Draft|Working copy) – not [^·]*·|[0-9]+ / [0-9]+$)"
)


def fold(text: str) -> str:
    return " ".join(text.split())


def sentences() -> list[str]:
    """The lines of the document as published, and where a line holds several sentences, each."""
    lines = [fold(line) for line in SOURCE.read_text(encoding="utf-8").split("\n") if fold(line)]
    return [part for line in lines for part in (line, *re.split(r"(?<=[.:;])\s+(?=[A-Z0-9])", line))]


@pytest.fixture(scope="module")
def exported(example_loaded: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The example's PDF as the command writes it."""
    file = tmp_path_factory.mktemp("export") / "etd.pdf"
    with django_db_blocker.unblock():
        call_command("export_etd", "mcs-after-rosc", format="pdf", output=str(file), stderr=StringIO())
    return file.read_bytes()


def test_a_table_is_drawn_by_its_measure_also_where_its_first_row_has_none(example: None) -> None:
    question = get_question()
    first = OutcomeRow.objects.filter(table__question=question).order_by(
        "outcome__position", "population__position", "-source"
    )[:1]
    nothing = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value"))
    OutcomeRow.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(measure="", **nothing)
    (table,) = assemble(question).tables
    assert table.groups[0].rows[0].measure == ""
    assert (table.measure, table.measure_label) == ("OR", "Odds ratio")


def with_a_recomputed_row() -> None:
    """Two trials' counts, pooled beside the reported row of the example's first outcome."""
    question = get_question()
    by = User.objects.get(email="methodologist@example.org")
    outcome = Outcome.objects.filter(question=question).order_by("position")[0]
    population = Population.objects.filter(question=question).order_by("position")[1]
    for label, *counts in (("Alpha", 12, 21, 11, 20), ("Beta", 97, 179, 73, 176)):
        factories.study_result(
            study=factories.study(question=question, label=label),
            outcome=outcome,
            population=population,
            events_intervention=counts[0],
            n_intervention=counts[1],
            events_comparison=counts[2],
            n_comparison=counts[3],
        )
    run_analysis(outcome=outcome, population=population, spec=beside_a_reported_row().spec, by=by)


def test_every_sentence_of_the_document_is_in_the_pdf(exported: bytes) -> None:
    assert len(sentences()) > 450
    done = subprocess.run(
        ["pdftotext", "-", "-"], input=exported, capture_output=True, timeout=60, check=True
    )
    pages = pypdf.PdfReader(io.BytesIO(exported)).pages
    for text in (done.stdout.decode(), "\n".join(page.extract_text() for page in pages)):
        whole = fold(" ".join(line for line in text.splitlines() if not RUNNING.match(line)))
        assert [sentence for sentence in sentences() if sentence not in whole] == []


def test_the_summary_of_the_example_is_one_page(exported: bytes) -> None:
    first, second, *_ = (fold(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(exported)).pages)
    for part in (
        "Main outcomes",
        "We suggest against",
        "● Conditional recommendation for either",
        "Feasibility",
    ):
        assert part in first
    assert "⊕⊕◯◯" in first
    assert "ASSESSMENT" in second


def test_every_sentence_is_in_the_preview_too(client_for: ClientFor) -> None:
    answer = client_for("observer").get(reverse("document", kwargs=PLACE))
    inline = re.sub(r"</?(?:span|sup|strong)\b[^>]*>", "", answer.content.decode())
    text = fold(unescape(re.sub(r"<[^>]*>", " ", inline)))
    assert [sentence for sentence in sentences() if sentence not in text] == []
    assert reverse("question", kwargs=PLACE) in answer.content.decode()


def test_a_member_takes_the_pdf_away_under_its_name(client_for: ClientFor) -> None:
    answer = client_for("staff").get(reverse("document_pdf", kwargs=PLACE))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc.pdf"'
    assert answer.content.startswith(b"%PDF-1.7")


def test_the_json_is_the_document(client_for: ClientFor) -> None:
    answer = client_for("panel member").get(reverse("document_json", kwargs=PLACE))
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc.json"'
    document = from_json(json.loads(answer.content))
    assert document == assemble(get_question("mcs-after-rosc"))
    assert len(document.criteria) == 12
    assert sum(len(group.rows) for table in document.tables for group in table.groups) == 12
    assert [criterion.number for criterion in document.criteria if criterion.too_many] == [7]


def test_a_recomputed_row_stands_beside_the_reported_one_with_its_analysis(example: None) -> None:
    with_a_recomputed_row()
    document = assemble(get_question())
    rows = [row for row in document.tables[0].groups[0].rows if row.source_label == "Recomputed"]
    assert len(document.tables[0].groups[0].rows) == 3
    assert [(row.n_studies, row.intervention) for row in rows] == [(2, "109/200 (55%)")]
    (analysis,) = document.analyses
    assert [row["study"] for row in analysis.inputs] == ["Alpha", "Beta"]
    assert analysis.caveats == rows[0].caveats != ()
    html = render_html(document)
    assert "2 of the 14 studies of the reported row have counts here." in html
    assert from_json(json.loads(document_bytes(document))) == document


def test_only_the_newest_analysis_of_a_row_is_printed(example: None) -> None:
    with_a_recomputed_row()
    outcome = Outcome.objects.filter(question=get_question()).order_by("position")[0]
    population = Population.objects.filter(question=get_question()).order_by("position")[1]
    by = User.objects.get(email="methodologist@example.org")
    newest = run_analysis(outcome=outcome, population=population, spec=beside_a_reported_row().spec, by=by)
    (analysis,) = assemble(get_question()).analyses
    assert analysis.at == newest.created_at.isoformat()


def test_the_number_of_queries_does_not_grow(example: None) -> None:
    def queries() -> int:
        question = get_question()
        with CaptureQueriesContext(connection) as captured:
            assemble(question)
        return len(captured)

    as_judged = queries()
    with_a_recomputed_row()
    moved = queries()
    question = get_question()
    table = OutcomeTable.objects.get(question=question)
    for name in ("One more", "And another"):
        outcome = factories.outcome(question=question, name=name, better=Better.LOWER)
        factories.outcome_row(table=table, outcome=outcome, population=Population.objects.first())
    assert queries() == moved
    # Where evidence has moved since a judgement: what was kept, and the comparator risks.
    assert (as_judged <= 18, moved - as_judged) == (True, 2)


def test_a_pdf_that_cannot_be_made_is_explained(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_for(problem: pdf.CannotRender) -> Any:
        def fail(document: Any, layout: Any) -> bytes:
            raise problem

        monkeypatch.setattr("documents.views.exports.render_pdf", fail)
        return client_for("chair").get(reverse("document_pdf", kwargs=PLACE))

    too_large = answer_for(pdf.DocumentTooLarge("A text has 30,000 characters."))
    assert (too_large.status_code, "Retry-After" in too_large) == (422, False)
    assert "A text has 30,000 characters." in too_large.content.decode()
    assert reverse("document_json", kwargs=PLACE) in too_large.content.decode()
    busy = answer_for(pdf.RendererBusy("Try again."))
    assert (busy.status_code, busy["Retry-After"]) == (503, "60")
    missing = answer_for(pdf.RendererMissing("PDF export is off."))
    assert (missing.status_code, "Retry-After" in missing) == (503, False)
    assert "PDF export is off." in missing.content.decode()


def test_the_command_writes_json_to_a_file_or_the_output(
    example: None, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "etd.json"
    call_command("export_etd", "ilcor-als/mcs-after-rosc", format="json", output=str(file), stderr=StringIO())
    call_command("export_etd", "mcs-after-rosc", format="json", output="-")
    assert capfdbinary.readouterr().out == file.read_bytes()
    assert json.loads(file.read_bytes())["schema_version"] == "openetd-etd/1"


@pytest.mark.parametrize("slug", ["mcs", "other/mcs-after-rosc", ""])
def test_an_unknown_question_ends_with_status_2_and_the_names_there_are(example: None, slug: str) -> None:
    with pytest.raises(CommandError, match="ilcor-als/mcs-after-rosc-update") as caught:
        call_command("export_etd", slug, format="json", output="-")
    assert caught.value.returncode == 2


def test_an_ambiguous_slug_ends_with_status_2_and_both_names(example: None) -> None:
    other = factories.guideline(slug="second")
    factories.question(guideline=other, slug="mcs-after-rosc")
    with pytest.raises(CommandError, match="ilcor-als/mcs-after-rosc, second/mcs-after-rosc") as caught:
        call_command("export_etd", "mcs-after-rosc", format="json", output="-")
    assert caught.value.returncode == 2


def test_a_file_that_cannot_be_written_is_said(example: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="could not be written") as caught:
        call_command("export_etd", "mcs-after-rosc", format="json", output=str(tmp_path / "no" / "where"))
    assert caught.value.returncode == 2


def test_the_classic_layout_is_asked_for_by_name(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def render(document: EtdDocument, layout: str) -> bytes:
        asked.append(layout)
        return b"%PDF-1.7"

    monkeypatch.setattr("documents.views.exports.render_pdf", render)
    client = client_for("observer")
    page, file = (reverse(name, kwargs=PLACE) for name in ("document", "document_pdf"))
    scales, classic = client.get(page).content.decode(), client.get(f"{page}?layout=classic").content.decode()
    assert f'<a href="{page}?layout=classic">Three columns</a>' in scales
    assert f'<a href="{page}">Judgement scales</a>' in classic
    assert f'<a href="{file}?layout=classic">PDF in this layout</a>' in classic
    assert classic.count('<table class="columns') == 12
    assert (
        "ilcor-als-mcs-after-rosc-classic.pdf" in client.get(f"{file}?layout=classic")["Content-Disposition"]
    )
    assert "ilcor-als-mcs-after-rosc.pdf" in client.get(file)["Content-Disposition"]
    assert asked == ["classic", "scales"]
    assert client.get(f"{page}?layout=modern").status_code == 404
    assert client.get(f"{file}?layout=modern").status_code == 404
