"""A file against what was published: the page for everybody, the commands, the bundle; and T2 for stored versions."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents import verify_etd
from documents.actions.publishing import publish
from documents.assemble import assemble
from documents.bundle import bundle
from documents.published import content_sha256
from documents.verification import Verdict, verify_file, verify_guideline
from documents.verify_etd import record_of as record_of_a_file
from etd.actions import publication
from etd.enums import QuestionStatus
from etd.models import AuditEvent, PublishedVersion, Question, Withdrawal
from metaanalysis.importers.limits import MAX_REVIEW_BYTES
from tests import factories
from tests.unit.etd.document_examples import no_pdf
from tests.unit.etd.test_append_only import drop_triggers
from tests.unit.etd.worlds import Panel, panel_of

VERIFY = "/verify/"


def stored() -> PublishedVersion:
    return PublishedVersion.objects.select_related("question__guideline").get()


def with_data(document: str, page_size: int = 100) -> bytes:
    """A PDF of one empty page that holds this document."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(page_size, page_size)
    writer.add_attachment("document.json", document.encode())
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def altered(version: PublishedVersion, **changes: Any) -> str:
    document = json.loads(version.document)
    document["question"].update(changes)
    return json.dumps(document)


# --- The answer


def test_the_published_file_is_known_by_any_of_its_forms(example: None) -> None:
    version = stored()
    for content, beginning in (
        (bytes(version.pdf), "This is version 1 of “Mechanical circulatory support"),
        (version.document.encode(), "This is version 1 of “Mechanical circulatory support"),
    ):
        answer = verify_file(content)
        assert answer.verdict is Verdict.PUBLISHED
        assert answer.sentences[0].startswith(beginning)
        assert answer.sentences[0].endswith("byte for byte.")
        assert answer.sentences[1:] == ("Version 1 is the newest one, and it has not been withdrawn.",)


def test_the_same_data_in_another_file_and_other_data_are_told_apart(example: None) -> None:
    version = stored()
    same = verify_file(with_data(version.document))
    assert (same.verdict, same.document_sha256) == (Verdict.DATA_PUBLISHED, version.document_sha256)
    assert "but the file itself was changed" in same.sentences[0]
    written_otherwise = verify_file(with_data(json.dumps(json.loads(version.document))))
    assert written_otherwise.verdict is Verdict.DATA_PUBLISHED
    assert "written otherwise" in written_otherwise.sentences[0]
    other = verify_file(with_data(altered(version, title="Should everybody be operated on?")))
    assert other.verdict is Verdict.DIFFERENT
    ((where, published, file),) = [(one.where, one.published, one.file) for one in other.differences]
    assert where == "question › title"
    assert published.startswith("Mechanical circulatory support")
    assert file == "Should everybody be operated on?"


def test_a_difference_is_named_by_what_it_is_about(example: None) -> None:
    version = stored()
    document = json.loads(version.document)
    document["criteria"][3]["research_evidence"] += " And more."
    document["criteria"][3]["judgements"] = []
    del document["recommendation_note"]
    document["added"] = {"x": 1}
    answer = verify_file(json.dumps(document).encode())
    heading = document["criteria"][3]["heading"]
    found = {one.where: one for one in answer.differences}
    assert set(found) == {
        f"criteria › {heading} › judgements",
        f"criteria › {heading} › research evidence",
        "recommendation note",
        "added",
    }
    assert found[f"criteria › {heading} › research evidence"].file.endswith("And more.")
    assert found[f"criteria › {heading} › judgements"].file == "0 of them"
    assert (found["recommendation note"].file, found["added"].published) == ("", "")


def test_what_a_reader_would_notice_comes_first(example: None) -> None:
    document = json.loads(stored().document)
    document["criteria"][0]["judgements"][0]["at"] = "2001-01-01T00:00:00+00:00"
    document["openetd_version"] = ""
    document["sections"][0]["heading"] += "!"
    answer = verify_file(json.dumps(document).encode())
    assert answer.differences[0].where.startswith("sections")
    assert len(answer.differences) == 3


def test_more_differences_than_can_be_read_are_cut(example: None) -> None:
    document = json.loads(stored().document)
    answer = verify_file(json.dumps({**document, **{f"k{n}": n for n in range(1000)}}).encode())
    assert (len(answer.differences), answer.has_more) == (20, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": None}, "This is no published version."),
        ({"question": {"slug": "elsewhere", "title": "Elsewhere"}}, "This was not published here."),
        ({"question": {"slug": "nul\0", "title": "x"}}, "This was not published here."),
        ({"question": {}}, "What it says of itself cannot be read."),
        ({"version": {"number": 2}}, "What it says of itself cannot be read."),
        ({"schema_version": "other/1"}, "This is no file that was published here"),
    ],
)
def test_what_was_not_published_here_is_said(example: None, changes: dict[str, Any], said: str) -> None:
    answer = verify_file(json.dumps(json.loads(stored().document) | changes).encode())
    assert said in answer.sentences[0]
    assert answer.version is None


@pytest.mark.parametrize("number", [0, -1, 7, 10**29])
def test_a_number_that_is_none_of_ours_is_not_asked_for(example: None, number: int) -> None:
    document = json.loads(stored().document)
    document["version"]["number"] = number
    answer = verify_file(json.dumps(document).encode())
    assert answer.verdict is Verdict.UNKNOWN
    assert f"version {number} of" in answer.sentences[1]


def test_a_version_that_no_longer_stands_says_so(db: None) -> None:
    panel, question = published_three_times()
    first, second, third = versions_of(question)
    assert "version 3 has followed it" in verify_file(first.document.encode()).sentences[1]
    publication.withdraw_version(version=third, reason="A trial was\nretracted.", by=panel.chair)
    said = verify_file(third.document.encode()).sentences[1]
    assert said.startswith("Version 3 was withdrawn on ")
    assert said.endswith(": A trial was\nretracted.")
    assert second.previous_sha256 == first.record_sha256


def test_a_version_does_not_come_back_where_the_one_after_it_is_withdrawn(db: None) -> None:
    panel, question = published_three_times()
    first, _, third = versions_of(question)
    publication.withdraw_version(version=third, reason="Wrong.", by=panel.chair)
    said = verify_file(first.document.encode()).sentences[1]
    assert said.startswith("Version 1 no longer holds: version 3 followed it, and was withdrawn on ")


def test_a_withdrawal_that_is_gone_is_not_denied(db: None) -> None:
    panel, question = published_three_times()
    third = versions_of(question)[2]
    publication.withdraw_version(version=third, reason="Wrong.", by=panel.chair)
    drop_triggers(connection, Withdrawal._meta.db_table)
    Withdrawal.objects.all().delete()
    said = verify_file(third.document.encode()).sentences[-1]
    assert "its withdrawal is no longer stored" in said
    assert "do not rely on this answer" in said


def test_where_the_sites_own_copy_is_not_whole_its_word_is_worth_nothing(example: None) -> None:
    version = stored()
    drop_triggers(connection, PublishedVersion._meta.db_table)
    forged = altered(version, title="Forged")
    PublishedVersion.objects.update(document=forged, document_sha256=verify_etd.sha256(forged.encode()))
    answer = verify_file(forged.encode())
    assert "do not rely on this answer" in answer.sentences[-1]
    PublishedVersion.objects.update(document="{")
    answer = verify_file(bytes(version.pdf))
    assert (answer.version and answer.version.title, "do not rely" in answer.sentences[-1]) == (
        "mcs-after-rosc",
        True,
    )


# --- The page


def ask(content: bytes, name: str = "etd.pdf") -> str:
    answer = Client().post(VERIFY, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_everybody_may_ask_and_nothing_is_kept(example: None) -> None:
    version = stored()
    client = Client()
    page = client.get(VERIFY).content.decode()
    assert "Verify a PDF" in page
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(VERIFY, {"file": SimpleUploadedFile("My <b>file.pdf", bytes(version.pdf))})
    written = [q["sql"] for q in queries if not q["sql"].lstrip('"').upper().startswith("SELECT")]
    assert written == []
    assert set(client.cookies) == {"csrftoken"}
    said = answer.content.decode()
    assert "byte for byte" in said
    assert "My &lt;b&gt;file.pdf" in said
    assert reverse("published_version", args=["ilcor-als", "mcs-after-rosc", 1]) in said
    assert version.pdf_sha256 in said
    assert answer["Cache-Control"] == "no-store"


def test_the_page_shows_where_data_differ_as_text(example: None) -> None:
    said = ask(with_data(altered(stored(), title="<script>alert(1)</script>")))
    assert "its data differ from what was published" in said
    assert "&lt;script&gt;alert(1)" in said
    assert "<script>alert" not in said


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "No file was chosen"),
        ({"file": [SimpleUploadedFile("a.pdf", b"x"), SimpleUploadedFile("b.pdf", b"x")]}, "Two files were sent"),
        ({"file": SimpleUploadedFile("a.pdf", b" " * (MAX_REVIEW_BYTES + 1))}, "larger than 10 MiB"),
        ({"file": SimpleUploadedFile("a.pdf", b"")}, "The file is empty"),
    ],
)  # fmt: skip
def test_what_is_no_file_is_said_at_the_form(db: None, sent: dict[str, Any], said: str) -> None:
    answer = Client().post(VERIFY, sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_form_from_elsewhere_is_refused(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(VERIFY, {"file": SimpleUploadedFile("a.pdf", b"x")})
    assert (answer.status_code, "403_csrf.html" in {one.name for one in answer.templates}) == (403, True)


def test_the_verifier_is_handed_out_as_it_is(db: None) -> None:
    answer = Client().get("/verify/verify_etd.py")
    assert answer.content == Path(verify_etd.__file__).read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="verify_etd.py"'
    assert reverse("verifier") in Client().get(VERIFY).content.decode()


# --- The bundle


def test_a_bundle_holds_what_is_stored_and_the_chain_before_it(db: None) -> None:
    _, question = published_three_times()
    first, second, third = versions_of(question)
    answer = Client().get(reverse("version_bundle", args=[question.guideline.slug, question.slug, 3]))
    assert answer["Content-Type"] == "application/zip"
    assert answer.content == bundle(third)
    files = verify_etd.unpack(answer.content)
    assert files["document.json"].decode() == third.document
    assert files["document.pdf"] == bytes(third.pdf)
    assert verify_etd.sha256(files["record.json"]) == third.record_sha256
    chain = [one["sha256"] for one in json.loads(files["chain.json"])]
    assert chain == [first.record_sha256, second.record_sha256]
    assert record_of_a_file(
        verify_etd.read_document(files["document.json"]), third.document_sha256, third.pdf_sha256
    ) == json.loads(files["record.json"])


def test_the_page_of_a_version_gives_the_numbers_and_the_bundle(example: None) -> None:
    version = stored()
    page = Client().get("/published/ilcor-als/mcs-after-rosc/versions/1/").content.decode()
    for number in (version.record_sha256, version.pdf_sha256, version.document_sha256):
        assert number in page
    for name in ("verify_pdf", "verifier"):
        assert reverse(name) in page
    assert reverse("version_bundle", args=["ilcor-als", "mcs-after-rosc", 1]) in page


def test_there_is_no_bundle_of_what_is_not_published(example: None) -> None:
    for number in (2, 10**30):
        place = f"/published/ilcor-als/mcs-after-rosc/versions/{number}/bundle.zip"
        answer = Client().get(place)
        assert (answer.status_code, b"ilcor-als" in answer.content) == (404, False)


# --- The commands


def ran(*arguments: str, **options: Any) -> tuple[int, str]:
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command(*arguments, stdout=out, **options)
    assert isinstance(end.value.code, int)
    return end.value.code, out.getvalue()


def test_the_command_says_what_the_page_says(example: None, tmp_path: Path) -> None:
    version = stored()
    file = tmp_path / "etd.pdf"
    for content, status, said in (
        (bytes(version.pdf), 0, "byte for byte"),
        (with_data(version.document), 1, "the file itself was changed"),
        (with_data(altered(version, title="Other")), 1, "    this file  Other"),
        (b"no PDF", 2, "cannot be read as one"),
    ):
        file.write_bytes(content)
        code, text = ran("verify_pdf", str(file))
        assert (code, said in text) == (status, True), text
        code, text = ran("verify_pdf", str(file), json=True)
        assert (code, json.loads(text)["verdict"]) == (status, verify_file(content).verdict.value)


def test_a_file_that_is_not_there_is_said(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="could not be opened") as caught:
        call_command("verify_pdf", "/nowhere.pdf")
    assert getattr(caught.value, "returncode", None) == 2


# --- T2: whatever is changed in what is stored is found


def published_three_times() -> tuple[Panel, Question]:
    panel = panel_of()
    question = panel.question(status=QuestionStatus.IN_REVIEW)
    for number in (1, 2, 3):
        Question.objects.filter(pk=question.pk).update(
            status=QuestionStatus.IN_REVIEW, title=f"Title {number}?"
        )
        question.refresh_from_db()
        content = content_sha256(assemble(question))
        for person in (panel.chair, panel.methodologist):
            publication.approve(question=question, content_sha256=content, by=person)
        note = "" if number == 1 else f"Title {number}."
        publish(question=question, content=content, note=note, by=panel.staff, render=no_pdf)
    return panel, question


def versions_of(question: Question) -> list[PublishedVersion]:
    return list(PublishedVersion.objects.filter(question=question).order_by("number"))


@pytest.fixture
def tampered(db: None) -> tuple[Panel, Question]:
    """Three versions, the second withdrawn, in tables whose triggers are gone; and another question."""
    panel, question = published_three_times()
    publication.withdraw_version(
        version=versions_of(question)[1], reason="A trial was retracted.", by=panel.chair
    )
    panel.question(slug="another")
    assert verify_guideline(panel.guideline) == []
    for model in (AuditEvent, PublishedVersion, Withdrawal):
        drop_triggers(connection, model._meta.db_table)
    return panel, question


class Undone(Exception):
    """Ends a block whose changes are not to stay."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


def other_values(row: models.Model, field: models.Field[Any, Any], panel: Panel) -> list[Any]:
    """Values that the column may be changed to: the smallest change, and something else."""
    value = field.value_from_object(row)
    if isinstance(field, models.ForeignKey):
        assert field.remote_field is not None
        others = field.remote_field.model._default_manager.exclude(pk=value)
        if field.name == "question":
            others = others.filter(guideline=panel.guideline)
        return [others.order_by("pk").values_list("pk", flat=True)[0]]
    if isinstance(field, models.DateTimeField):
        return [value + timedelta(microseconds=1), value - timedelta(days=1)]
    if isinstance(field, models.BinaryField):
        return [bytes(value)[:-1] + b"?", b""]
    if isinstance(field, models.JSONField):
        return [
            value[:1],
            [*value, value[0]],
            [[name, at.replace("2", "3", 1)] for name, at in value],
            None,
            "x",
        ]
    if isinstance(field, models.IntegerField):
        return [value + 1, value + 1000]
    last = "0" if value[-1:] != "0" else "1"
    return [value[:-1] + last, value + " ", "", '{"schema_version": "openetd-etd/1"}']


def test_every_change_to_every_column_of_a_version_is_found(tampered: tuple[Panel, Question]) -> None:
    """All but `id`, which says nothing: it is in no record, and what points at it is checked by number."""
    panel, question = tampered
    refused, missed, tried = 0, [], 0
    rows = [*versions_of(question), *Withdrawal.objects.all()]
    for row in rows:
        for field in row._meta.concrete_fields:
            if field.primary_key:
                continue
            for value in other_values(row, field, panel):
                if value == field.value_from_object(row):
                    continue
                with undone():
                    try:
                        with transaction.atomic():
                            type(row)._default_manager.filter(pk=row.pk).update(**{field.attname: value})
                    except IntegrityError:
                        refused += 1
                        continue
                    again = type(row)._default_manager.get(pk=row.pk)
                    if field.value_from_object(again) == field.value_from_object(row):
                        continue  # PostgreSQL cuts a space beyond the length of a column
                    tried += 1
                    if not verify_guideline(panel.guideline):
                        missed.append((str(row), field.name, value))
    assert missed == []
    assert tried >= 90
    assert refused < tried / 4


def test_every_deletion_is_found(tampered: tuple[Panel, Question]) -> None:
    panel, question = tampered
    for version in versions_of(question):
        with undone():
            Withdrawal.objects.filter(version=version).delete()
            version.delete()
            faults = {(fault.number, fault.problem) for fault in verify_guideline(panel.guideline)}
            assert (version.number, "it was published, and is no longer stored") in faults
            if version.number < 3:
                assert (version.number + 1, "it does not follow from the version before it") in faults
    with undone():
        Withdrawal.objects.all().delete()
        (fault,) = verify_guideline(panel.guideline)
        assert (fault.number, "withdrawal is no longer stored" in fault.problem) == (2, True)
    assert verify_guideline(panel.guideline) == []


def test_what_the_trail_knows_nothing_of_is_found(tampered: tuple[Panel, Question]) -> None:
    panel, question = tampered
    first, _, third = versions_of(question)
    with undone():
        factories.withdrawal(version=first)
        (fault,) = verify_guideline(panel.guideline)
        assert (fault.number, "the audit trail knows nothing of that" in fault.problem) == (1, True)
    with undone():
        third.pk, third.number, third.previous_sha256 = None, 4, third.record_sha256
        third.record_sha256 = publication.record_of(third).sha256
        third.save(force_insert=True)
        problems = [fault.problem for fault in verify_guideline(panel.guideline) if fault.number == 4]
        assert "the audit trail knows nothing of its publication" in problems
    with undone():
        AuditEvent.objects.filter(type="version_published", subject="version 1").delete()
        (fault,) = verify_guideline(panel.guideline)
        assert (fault.number, fault.problem) == (1, "the audit trail knows nothing of its publication")
    for unreadable in ("{", "[]", "{}", '{"number": "one"}'):
        with undone():
            AuditEvent.objects.filter(type="version_published", subject="version 1").update(after=unreadable)
            (fault,) = verify_guideline(panel.guideline)
            assert fault.problem == "the audit trail knows nothing of its publication"
            assert "do not rely on this answer" in verify_file(first.document.encode()).sentences[-1]


def test_the_command_names_each_fault_and_is_quiet_otherwise(tampered: tuple[Panel, Question]) -> None:
    _, question = tampered
    out = StringIO()
    call_command("verify_versions", stdout=out)
    assert out.getvalue() == f"{PublishedVersion.objects.count()} stored versions, 0 faults\n"
    PublishedVersion.objects.filter(question=question, number=2).update(published_by_name="Somebody Else")
    code, text = ran("verify_versions")
    assert code == 1
    assert f"{question.guideline.slug}/{question.slug}, version 2: its record was changed" in text
    code, text = ran("verify_versions", json=True)
    assert (code, {one["number"] for one in json.loads(text)}) == (1, {2})


def test_a_control_a_whole_version_has_no_fault_whatever_happens_to_its_question(db: None) -> None:
    panel, question = published_three_times()
    Question.objects.filter(pk=question.pk).update(title="Something else", revision=99)
    assert verify_guideline(panel.guideline) == []
