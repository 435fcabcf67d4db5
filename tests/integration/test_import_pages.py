"""A document is sent, looked at and stored as a question; our own JSON comes back as it went."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from documents import schema
from documents.actions import staging
from documents.assemble import assemble
from documents.importing.files import read_file
from documents.published import document_bytes
from documents.single_file import to_single_file
from etd.domain.source_content import from_text
from etd.enums import Basis, QuestionStatus, StagedStatus
from etd.frameworks import all_frameworks
from etd.models import AuditEvent, KeptPart, OutcomeRow, Question, SourceDocument, StagedImport, User
from tests.integration.conftest import MEMBERS, ClientFor, get_question
from tests.matrix import EDITORS
from tests.unit.documents.importing.example import FOLDER
from tests.unit.documents.importing.page import page

GUIDELINE = "ilcor-als"
SOURCE = (FOLDER / "source.txt").read_bytes()
PAGE = page().replace("190/406 (47%)", "190/40x (47%)").encode()


def send(client: Client, content: bytes, name: str = "etd.html") -> HttpResponse:
    answer: HttpResponse = client.post(
        reverse("import_document", args=[GUIDELINE]), {"file": SimpleUploadedFile(name, content)}
    )  # type: ignore[assignment]
    return answer


def staged(client: Client, content: bytes = PAGE, name: str = "etd.html") -> StagedImport:
    answer = send(client, content, name)
    assert answer.status_code == 302, answer.content.decode()
    return StagedImport.objects.get(pk=answer["Location"].rstrip("/").rpartition("/")[2])


def store(client: Client, one: StagedImport, **values: str) -> HttpResponse:
    typed = {"sha256": one.sha256, "slug": "imported", "framework": "", "better": ""} | values
    answer: HttpResponse = client.post(reverse("store_import", args=[GUIDELINE, one.pk]), typed)  # type: ignore[assignment]
    return answer


def look(client: Client, one: StagedImport, **values: str) -> str:
    return client.get(reverse("preview_import", args=[GUIDELINE, one.pk]), values).content.decode()


def test_a_page_is_looked_at_stored_and_kept_as_its_source(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    shown = look(chair, one)
    assert "<strong>12 of 12</strong> criteria, 12 with a judgement" in shown
    assert "1 with two ticks" in shown
    assert "<strong>11</strong> rows of results" in shown
    assert "“190/40x (47%)” under MCS is not events/people (percent)" in shown
    assert "Resources required, judgement.</strong> 2 options are ticked" in shown
    answer = store(chair, one, organisation="ILCOR", address="https://example.org/etd")
    assert answer.status_code == 302
    question = Question.objects.get(slug="imported")
    assert question.status == QuestionStatus.EVIDENCE
    assert OutcomeRow.objects.filter(table__question=question).count() == 11
    (part,) = KeptPart.objects.filter(question=question)
    assert "190/40x (47%)" in part.text
    source = SourceDocument.objects.get(question=question)
    assert (source.organisation, source.address, source.file_name) == (
        "ILCOR",
        "https://example.org/etd",
        "etd.html",
    )
    assert bytes(source.original) == PAGE
    assert source.sha256 == hashlib.sha256(PAGE).hexdigest()
    content = from_text(source.content)
    assert set(content.criteria) == {criterion.key for criterion in question.framework.criteria}
    assert content.criteria["desirable_effects"].labels == ("Small",)
    assert content.type_label.startswith("Conditional recommendation")
    one.refresh_from_db()
    assert (one.status, one.question, bytes(one.content)) == (StagedStatus.STORED, question, b"")
    assert chair.get(reverse("preview_import", args=[GUIDELINE, one.pk])).status_code == 302


def test_sent_twice_it_is_stored_once(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    assert staged(chair) == one
    assert store(chair, one)["Location"] == store(chair, one, slug="other")["Location"]
    assert not Question.objects.filter(slug="other").exists()
    assert store(client_for("methodologist"), one, slug="other").status_code == 302
    assert not Question.objects.filter(slug="other").exists()


def test_what_is_stored_is_what_was_shown(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    answer = store(chair, one, sha256="0" * 64)
    assert answer.status_code == 409
    assert "This is not the file that was shown to you" in answer.content.decode()
    assert not Question.objects.filter(slug="imported").exists()


def test_an_address_that_is_taken_loses_nothing_that_was_typed(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    answer = store(chair, one, slug="mcs-after-rosc", organisation="A body & more")
    assert answer.status_code == 409
    assert "has a question “mcs-after-rosc” already" in answer.content.decode()
    assert "A body &amp; more" in answer.content.decode()
    answer = store(chair, one, slug="import", organisation="A body & more")
    assert answer.status_code == 422
    assert "is used by the site itself" in answer.content.decode()
    assert "A body &amp; more" in answer.content.decode()


def test_a_discarded_file_is_forgotten(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    assert one.file_name in chair.get(reverse("import_document", args=[GUIDELINE])).content.decode()
    discard = reverse("discard_import", args=[GUIDELINE, one.pk])
    assert chair.post(discard).status_code == chair.post(discard).status_code == 302
    one.refresh_from_db()
    assert (one.status, bytes(one.content)) == (StagedStatus.DISCARDED, b"")
    assert store(chair, one).status_code == 302
    assert not Question.objects.filter(slug="imported").exists()
    assert [e.type for e in AuditEvent.objects.filter(type__startswith="import_").order_by("seq")] == [
        "import_staged",
        "import_discarded",
    ]


def test_outcomes_that_do_not_say_what_is_better_are_asked_for(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair, SOURCE.replace(b"Survival at 6 months", b"Days at 6 months"), "etd.txt")
    assert "does not say whether more or less of it is better" in look(chair, one)
    assert "does not say whether more or less of it is better" not in look(chair, one, better="lower")
    store(chair, one, better="lower")
    sides = dict(Question.objects.get(slug="imported").outcomes.values_list("name", "better"))
    assert sides["Days at 6 months or 1 year, n (%)"] == "lower"


def test_another_framework_can_be_chosen(client_for: ClientFor) -> None:
    chair = client_for("chair")
    one = staged(chair)
    assert "GRADE EtD: health system" not in look(chair, one).partition("Read by:")[2][:60]
    other = next(framework for framework in all_frameworks() if framework.key == "grade_coverage")
    assert f"Read by: {other.title}" in look(chair, one, framework=f"{other.key}:{other.version}")
    store(chair, one, framework=f"{other.key}:{other.version}")
    assert Question.objects.get(slug="imported").framework_key == other.key


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7", "This is a PDF"),
        (b"Dear all", "No part of an Evidence-to-Decision document"),
        (b"x" * (10 * 1024**2 + 1), "larger than 10 MiB"),
    ],
    ids=["pdf", "letter", "large"],
)
def test_another_file_is_named_and_not_kept(client_for: ClientFor, content: bytes, said: str) -> None:
    answer = send(client_for("chair"), content, "etd.docx")
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not StagedImport.objects.exists()


def test_nobody_has_more_documents_waiting_than_can_be_looked_at(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MOST_STAGED", 1)
    chair = client_for("chair")
    staged(chair)
    answer = send(chair, SOURCE, "other.txt")
    assert answer.status_code == 409
    assert "You have 1 documents waiting" in answer.content.decode()


def test_each_role_is_let_in_or_refused(client_for: ClientFor) -> None:
    one = staged(client_for("chair"))
    elsewhere = {"guideline": "no-such-guideline", "staged": one.pk}
    for actor in MEMBERS:
        client = client_for(actor)
        allowed = actor in EDITORS
        assert client.get(reverse("preview_import", args=[GUIDELINE, one.pk])).status_code == (
            200 if allowed else 403
        )
        for name in ("store_import", "discard_import"):
            if not allowed:
                assert client.post(reverse(name, args=[GUIDELINE, one.pk])).status_code == 403
            assert client.post(reverse(name, kwargs=elsewhere)).status_code == 404
    assert client_for("outsider").get(reverse("preview_import", args=[GUIDELINE, one.pk])).status_code == 404
    assert client_for("anonymous").get(reverse("preview_import", args=[GUIDELINE, one.pk])).status_code == 302
    assert store(client_for("chair"), one, slug="").status_code == 422


# JSON: what differs when a document went out and came back, and why.
ELSEWHERE = {
    "guideline": "it is another guideline's",
    "version": "it was published elsewhere",
    "rounds": "votes were given elsewhere",
    "panel": "it is another panel",
    "analyses": "nothing was computed here",
    "summary_tables": "outcomes are chosen anew",
    "source": "the file is the source here",
}
TAKEN = {
    "schema_version", "openetd_version", "question", "framework", "criteria", "tables", "recommendation_types",
    "recommendation_note", "statements", "sections", "references", "type_judgement",
}  # fmt: skip
OF_A_JUDGEMENT = (
    "at", "basis", "basis_key", "recorded_by", "round_number", "reason", "evidence_digest", "evidence_change",
    "evidence_changed", "reaffirmed_by", "reaffirmed_at", "reaffirmed_because",
)  # fmt: skip
OF_A_ROW = ("source", "source_label", "is_stale", "caveats", "provenance", "certainty_marks", "certainty_sum")
OF_A_QUESTION = ("slug", "status", "status_label", "revision", "adolopment", "certainty_notes")


def comparable(value: Any) -> Any:
    """A document without what does not come back."""
    left_out = {*ELSEWHERE, *OF_A_JUDGEMENT, *OF_A_ROW, *OF_A_QUESTION}
    if isinstance(value, dict):
        return {name: comparable(one) for name, one in value.items() if name not in left_out}
    return [comparable(one) for one in value] if isinstance(value, list | tuple) else value


def of(slug: str) -> schema.EtdDocument:
    return assemble(Question.objects.select_related("guideline", "recommendation").get(slug=slug))


def test_every_part_of_a_document_is_taken_over_or_kept() -> None:
    assert {field.name for field in fields(schema.EtdDocument)} == TAKEN | set(ELSEWHERE)


@pytest.mark.parametrize("slug", ["mcs-after-rosc", "mcs-after-rosc-update", "mcs-after-rosc-vote"])
@pytest.mark.parametrize("write", [document_bytes, to_single_file], ids=["json", "html"])
def test_our_own_document_comes_back_without_a_difference(
    client_for: ClientFor, slug: str, write: Any
) -> None:
    chair = client_for("chair")
    out = of(slug)
    one = staged(chair, write(out), "document.json")
    assert store(chair, one).status_code == 302
    back = of("imported")
    assert comparable(json.loads(document_bytes(back))) == comparable(json.loads(document_bytes(out)))
    assert back.criteria[0].research_evidence


def test_what_a_question_cannot_hold_is_kept_in_words(client_for: ClientFor) -> None:
    out = of("mcs-after-rosc")
    row = out.tables[0].groups[0].rows[0]
    computed = replace(
        row, source="computed", source_label="Recomputed", caveats=("Few studies.",), provenance={}
    )
    alone = replace(out.tables[0].groups[1].rows[0], source="computed", provenance={})
    alone = replace(alone, values=dict(alone.values) | {"estimate": 0.9712345})
    groups = (
        replace(
            out.tables[0].groups[0], rows=(row, computed), certainty="Low", certainty_sum="High -2 = Low"
        ),
        replace(out.tables[0].groups[1], rows=(alone,)),
        *out.tables[0].groups[2:],
    )
    judgement = replace(
        out.criteria[0].judgements[0], basis="Vote", basis_key="vote", recorded_by="A. Chair", round_number=1
    )
    changed = replace(
        out,
        tables=(replace(out.tables[0], groups=groups), *out.tables[1:]),
        criteria=(replace(out.criteria[0], judgements=(judgement,)), *out.criteria[1:]),
        panel=schema.Panel(conflicts=(), declared_none=("A. Member",), no_declaration=()),
        references=(
            schema.Reference(1, "Møller 2024.", "10.1056/nejmoa2312572", "38587239"),
            *out.references[1:],
        ),
    )
    chair = client_for("chair")
    one = staged(chair, document_bytes(changed), "document.json")
    shown = look(chair, one)
    assert "Recomputed by the document&#x27;s makers; here they are what a document reports" in shown
    assert "OR 0.97 (0.73–1.30)" in shown
    assert "0.9712345" not in shown
    assert "doi:10.1056/nejmoa2312572 PMID 38587239" in shown
    assert store(chair, one).status_code == 302
    question = Question.objects.get(slug="imported")
    kept = {part.heading: part.text for part in KeptPart.objects.filter(question=question)}
    assert any("Recomputed" in text for heading, text in kept.items() if heading.startswith("Table 2"))
    assert "A. Member" in kept["The panel and its interests"]
    assert "Vote, round 1, recorded by A. Chair" in kept["What the judgements rested on there"]
    assert {row.source for row in OutcomeRow.objects.filter(table__question=question)} == {"reported"}
    assert OutcomeRow.objects.filter(table__question=question, estimate=0.9712345).count() == 1
    assert question.outcomes.get(name=groups[0].name).certainty == "low"
    reference = question.references.get(number=1)
    assert (reference.doi, reference.pmid) == ("10.1056/nejmoa2312572", "38587239")
    bases = {j.basis for a in question.assessments.all() for j in a.judgements.all()}
    assert bases == {Basis.DOCUMENT}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("estimate", 1.31, "It prints the effect"),
        ("estimate", 2.5, "outside its interval"),
        ("estimate", "1.21", "no number"),
        ("n_studies", 12, "It prints 11 studies"),
        ("events_intervention", 500, "more events than people"),
        ("events_intervention", 191, "It prints “190/406 (47%)” for 191 of 406"),
        ("p_value", 1.5, "is no probability"),
        ("p_value", 0.9, "It prints P 0.19"),
        ("ci_low", 1.5, "outside its interval"),
        ("i_squared", 80, "It prints I²"),
        ("n_intervention", 10**12, "no whole number"),
    ],
)
def test_a_row_whose_numbers_are_not_what_it_prints_is_left(
    example: None, name: str, value: Any, said: str
) -> None:
    out = of("mcs-after-rosc")
    row = out.tables[0].groups[0].rows[0]
    bad = replace(row, values=dict(row.values) | {name: value})
    groups = (replace(out.tables[0].groups[0], rows=(bad,)), *out.tables[0].groups[1:])
    changed = replace(out, tables=(replace(out.tables[0], groups=groups),))
    etd = read_file(document_bytes(changed), frameworks=[get_question().framework]).etd
    assert said in " ".join(left.reason for left in etd.not_understood)
    assert out.tables[0].groups[0].name not in etd.better


def test_who_created_it_is_the_importer(client_for: ClientFor) -> None:
    methodologist = client_for("methodologist")
    store(methodologist, staged(methodologist))
    assert Question.objects.get(slug="imported").created_by == User.objects.get(
        email="methodologist@example.org"
    )
