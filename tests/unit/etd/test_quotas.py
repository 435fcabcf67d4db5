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
from metaanalysis.actions import uploads
from metaanalysis.actions.quotas import QuotaReached
from metaanalysis.importers.limits import MIB
from metaanalysis.models import DataUpload
from tests.unit.etd.action_examples import TRIALS, two_sheets
from tests.unit.etd.document_examples import store_import
from tests.unit.etd.worlds import Panel

pytestmark = pytest.mark.django_db


def send(question: Question, panel: Panel, number: int, by: Any = None) -> DataUpload:
    content = TRIALS + f"Delta {number},2024,1,20,2,40\n".encode()
    return uploads.stage_upload(
        question=question, filename=f"{number}.csv", content=content, by=by or panel.methodologist
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
