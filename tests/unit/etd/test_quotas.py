"""How many files a person sends within an hour and a guideline keeps: the limit is accepted, one more is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from documents.actions import staging
from etd.installation.environment import env_number
from etd.models import AuditEvent, Question, StagedImport
from metaanalysis.actions import typed, uploads
from metaanalysis.actions.quotas import QuotaReached
from metaanalysis.importers.limits import MIB
from metaanalysis.models import DataUpload, UploadStatus
from tests.unit.etd.action_examples import TRIALS, two_sheets
from tests.unit.etd.document_examples import store_import
from tests.unit.etd.worlds import Panel

pytestmark = pytest.mark.django_db


def send(question: Question, panel: Panel, number: int, by: Any = None) -> DataUpload:
    content = TRIALS + f"Delta {number},2024,1,20,2,40\n".encode()
    return uploads.stage_upload(
        question=question, filename=f"{number}.csv", content=content, by=by or panel.methodologist
    )


def correct(replaced: DataUpload | None, question: Question, panel: Panel, number: int) -> DataUpload:
    return typed.stage_typed(
        question=question,
        filename="corrected.csv",
        content=TRIALS + f"Corrected {number},2024,1,20,2,40\n".encode(),
        replaces=replaced,
        by=panel.methodologist,
    )


def send_document(panel: Panel, number: int, by: Any = None) -> StagedImport:
    return staging.stage_import(
        guideline=panel.guideline,
        file_name=f"{number}.txt",
        content=f"Document {number}".encode(),
        by=by or panel.methodologist,
    )


class TestFilesOfAnHour:
    @pytest.fixture(autouse=True)
    def three(self, settings: Any) -> None:
        settings.UPLOADS_AN_HOUR = 3

    def test_the_limit_and_one_more(self, panel: Panel) -> None:
        question = panel.question()
        send(question, panel, 1)
        send(question, panel, 2)
        send_document(panel, 3)
        events = AuditEvent.objects.count()
        with pytest.raises(
            QuotaReached, match=r"3 files within an hour.*again in 60 minutes.*UPLOADS_AN_HOUR"
        ):
            send(question, panel, 4)
        with pytest.raises(QuotaReached, match="3 files within an hour"):
            send_document(panel, 5)
        assert (DataUpload.objects.count(), StagedImport.objects.count()) == (2, 1)
        assert AuditEvent.objects.count() == events

    def test_others_are_not_counted_and_the_same_file_is_one(self, panel: Panel) -> None:
        question, other = panel.question(), panel.question(slug="other")
        for number in (1, 1, 2, 2, 3, 3):
            send(question, panel, number)
            send(other, panel, number)
        send(question, panel, 4, by=panel.chair)
        assert DataUpload.objects.count() == 7

    def test_another_sheet_of_a_file_is_no_other_file(self, panel: Panel) -> None:
        question = panel.question()
        send(question, panel, 1)
        send(question, panel, 2)
        book = uploads.stage_upload(
            question=question, filename="b.xlsx", content=two_sheets(), by=panel.methodologist
        )
        chosen = uploads.choose_sheet(upload=book, sheet="Later", by=panel.methodologist)
        assert chosen.sheet == "Later"

    def test_a_correction_is_no_other_file(self, panel: Panel) -> None:
        question = panel.question()
        send(question, panel, 1)
        table = send(question, panel, 2)
        for number in range(5):
            table = correct(table, question, panel, number)
        send(question, panel, 3)
        for number in range(5, 10):
            table = correct(table, question, panel, number)
        assert (table.status, DataUpload.objects.count()) == (UploadStatus.STAGED, 13)
        with pytest.raises(QuotaReached, match="3 files within an hour"):
            send(question, panel, 4)

    def test_a_table_that_is_typed_anew_is_one(self, panel: Panel) -> None:
        question = panel.question()
        for number in (1, 2, 3):
            correct(None, question, panel, number)
        with pytest.raises(QuotaReached, match="3 files within an hour"):
            correct(None, question, panel, 4)
        gone = uploads.discard_upload(upload=DataUpload.objects.latest("pk"), by=panel.chair)
        with pytest.raises(QuotaReached, match="3 files within an hour"):
            correct(gone, question, panel, 4)
        assert DataUpload.objects.count() == 3

    def test_after_an_hour_there_is_room_again(self, panel: Panel) -> None:
        question = panel.question()
        first = [send(question, panel, number) for number in (1, 2, 3)]
        with pytest.raises(QuotaReached):
            send(question, panel, 4)
        DataUpload.objects.filter(pk=first[0].pk).update(created_at=first[0].created_at - timedelta(hours=1))
        assert send(question, panel, 4).pk
        with pytest.raises(QuotaReached):
            send(question, panel, 5)


class TestBytesOfAGuideline:
    def fill(self, question: Question, panel: Panel, n_bytes: int) -> None:
        kept = send(question, panel, 0)
        DataUpload.objects.filter(pk=kept.pk).update(content=b"x" * n_bytes)

    def test_the_limit_and_one_byte_more(self, panel: Panel, settings: Any) -> None:
        settings.GUIDELINE_MIB = 1
        question = panel.question()
        document = staging.stage_import(**self.of_bytes(panel, 1000, 1))
        self.fill(question, panel, MIB - 1000 - 500)
        last = staging.stage_import(**self.of_bytes(panel, 500, 2))
        staging.discard_import(staged=last, by=panel.chair)
        with pytest.raises(QuotaReached, match=r"would take 1\.0 MiB.*1 MiB are kept.*OPENETD_GUIDELINE_MIB"):
            staging.stage_import(**self.of_bytes(panel, 501, 3))
        staging.discard_import(staged=document, by=panel.chair)
        assert staging.stage_import(**self.of_bytes(panel, 1500, 4)).pk
        assert StagedImport.objects.count() == 3

    @staticmethod
    def of_bytes(panel: Panel, n_bytes: int, number: int) -> dict[str, Any]:
        content = str(number).encode() * n_bytes
        return {"guideline": panel.guideline, "file_name": "a.txt", "content": content, "by": panel.chair}

    def test_sheets_of_one_workbook_are_one_file(self, panel: Panel, settings: Any) -> None:
        settings.GUIDELINE_MIB = 1
        question, book = panel.question(), two_sheets()
        self.fill(question, panel, MIB - len(book))
        shown = uploads.stage_upload(
            question=question, filename="b.xlsx", content=book, by=panel.methodologist
        )
        for sheet in ("Trials", "Later") * 3:
            shown = uploads.choose_sheet(upload=shown, sheet=sheet, by=panel.methodologist)
        assert (shown.sheet, shown.status) == ("Later", UploadStatus.STAGED)
        kept = DataUpload.objects.filter(filename="b.xlsx").values_list("sheet", "status")
        assert sorted(kept) == [("", "discarded"), ("Later", "staged"), ("Trials", "discarded")]
        with pytest.raises(QuotaReached, match=r"sent stay counted, discarded ones too"):
            send(question, panel, 1)

    def test_a_file_that_is_sent_and_discarded_again_and_again_is_one(
        self, panel: Panel, settings: Any
    ) -> None:
        settings.GUIDELINE_MIB = 1
        question = panel.question()
        first = send(question, panel, 1)
        self.fill(question, panel, MIB - len(first.content))
        for _ in range(3):
            uploads.discard_upload(upload=first, by=panel.methodologist)
            assert send(question, panel, 1) == first
        assert DataUpload.objects.count() == 2

    def test_each_confirmed_one_is_counted(self, panel: Panel, settings: Any) -> None:
        settings.GUIDELINE_MIB = 1
        question = panel.question()
        first = send(question, panel, 1)
        self.fill(question, panel, MIB - 2 * len(first.content))
        for _ in range(2):
            found = DataUpload.objects.filter(pk=send(question, panel, 1).pk)
            found.update(
                status=UploadStatus.CONFIRMED, confirmed_at=first.created_at, confirmed_by=panel.methodologist
            )
        assert send(question, panel, 1).status == UploadStatus.STAGED
        DataUpload.objects.filter(status=UploadStatus.STAGED, sha256=first.sha256).update(
            status=UploadStatus.CONFIRMED, confirmed_at=first.created_at, confirmed_by=panel.methodologist
        )
        with pytest.raises(QuotaReached):
            send(question, panel, 1)

    def test_a_correction_is_counted(self, panel: Panel, settings: Any) -> None:
        settings.GUIDELINE_MIB = 1
        question = panel.question()
        first = send(question, panel, 1)
        self.fill(question, panel, MIB - len(first.content))
        with pytest.raises(QuotaReached, match="1 MiB are kept"):
            correct(first, question, panel, 1)
        first.refresh_from_db()
        assert first.status == UploadStatus.STAGED

    def test_a_source_is_counted_and_another_guideline_is_not(self, panel: Panel, settings: Any) -> None:
        settings.GUIDELINE_MIB = 1
        stored = staging.store_import(**store_import(panel))
        n_bytes = len(stored.source_document.original)
        question = panel.question()
        self.fill(question, panel, MIB - n_bytes - 3)
        staging.stage_import(**self.of_bytes(panel, 3, 1))
        with pytest.raises(QuotaReached):
            staging.stage_import(**self.of_bytes(panel, 1, 2))
        assert DataUpload.objects.count() == 1


def test_a_discarded_table_that_is_sent_again_is_taken_up_anew(panel: Panel) -> None:
    question = panel.question()
    first = send(question, panel, 1)
    first.refresh_from_db()
    content, reading = bytes(first.content), first.reading
    uploads.discard_upload(upload=first, by=panel.chair)
    DataUpload.objects.filter(pk=first.pk).update(reading={}, created_at=first.created_at - timedelta(days=1))
    again = uploads.stage_upload(question=question, filename="again.csv", content=content, by=panel.chair)
    again = DataUpload.objects.get(pk=again.pk)
    assert (again.pk, again.status, again.filename) == (first.pk, UploadStatus.STAGED, "again.csv")
    assert (again.created_by, again.created_at > first.created_at) == (panel.chair, True)
    assert (bytes(again.content), again.reading) == (content, reading)
    events = AuditEvent.objects.filter(type__startswith="upload_").order_by("seq")
    assert [(event.type, event.subject) for event in events] == [
        ("upload_staged", "1.csv"),
        ("upload_discarded", "1.csv"),
        ("upload_staged", "again.csv"),
    ]


def test_a_document_is_read_before_the_transaction(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite nobody could save while a large file is read, if it were read within."""
    depth: list[int] = []
    read = staging.read_file

    def looked_at(*args: Any, **options: Any) -> Any:
        depth.append(len(connection.savepoint_ids))
        return read(*args, **options)

    arguments = store_import(panel)
    monkeypatch.setattr(staging, "read_file", looked_at)
    before = len(connection.savepoint_ids)
    staging.store_import(**arguments)
    assert depth == [before]


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "12345678"])
def test_a_number_of_the_environment_is_a_whole_one(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENETD_GUIDELINE_MIB", value)
    with pytest.raises(ImproperlyConfigured, match="OPENETD_GUIDELINE_MIB must be a whole number"):
        env_number("OPENETD_GUIDELINE_MIB", default=200)
    monkeypatch.setenv("OPENETD_GUIDELINE_MIB", "")
    assert env_number("OPENETD_GUIDELINE_MIB", default=200) == 200
