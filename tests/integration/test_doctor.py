"""`manage.py doctor`: every fault it knows is made, found, and gone when it is mended."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as configured
from django.core import mail
from django.core.checks import ERROR, CheckMessage, register
from django.core.checks.registry import registry
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings

from config.settings import database
from documents import checks as documents_checks
from documents import pdf
from etd.actions import audit
from etd.installation import doctor, doctor_database, doctor_settings, doctor_work
from etd.installation.backups import Reason, make_backup
from etd.models import AuditEvent, Worker
from tests import factories as f
from tests.integration.test_health import NOBODYS_PORT
from tests.unit.etd.test_backup_files import made

LONG_KEY = "0123456789abcdefghij" * 3
Examine = Callable[[], Iterable[CheckMessage]]


def found(examine: Examine) -> dict[str, int]:
    """What an examination finds: id to level. Everything found has a remedy."""
    messages = list(examine())
    assert [one.msg for one in messages if not one.hint] == []
    return {str(one.id).removeprefix("installation."): one.level for one in messages}


@pytest.fixture
def public(settings: Settings, tmp_path: Path) -> Settings:
    """A public site on which the doctor finds nothing, for a test to spoil."""
    settings.HTTPS = True
    settings.ALLOWED_HOSTS = ["etd.example.org"]
    settings.SITE_URL = "https://etd.example.org"
    settings.SECRET_KEY = LONG_KEY
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.REQUIRE_TOTP_FOR = frozenset({"chair", "staff"})
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir(mode=0o750)
    settings.BACKUP_DIR = settings.DATA_DIR / "backups"
    return settings


class TestSettings:
    def test_nothing_is_wrong_with_a_sound_site(self, public: Settings) -> None:
        for examine in (
            doctor_settings.examine_how_it_is_served,
            doctor_settings.examine_secret_key,
            doctor_settings.examine_letters,
            doctor_settings.examine_codes,
            doctor_settings.examine_data_folder,
        ):
            assert found(examine) == {}, examine

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("DEBUG", True, {"debug"}),
            ("HTTPS", False, {"https"}),
            ("ALLOWED_HOSTS", ["*"], {"any_host"}),
            ("SITE_URL", "https://other.example.org", {"site_url"}),
        ],
    )
    def test_how_it_is_served(self, name: str, value: object, told: set[str], public: Settings) -> None:
        setattr(public, name, value)
        assert set(found(doctor_settings.examine_how_it_is_served)) == told

    def test_on_ones_own_machine_plain_http_is_well(self, public: Settings) -> None:
        public.HTTPS = False
        public.SITE_URL = "http://127.0.0.1:8000"
        public.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
        public.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        public.REQUIRE_TOTP_FOR = frozenset()
        assert not doctor.is_public()
        for examine in (
            doctor_settings.examine_how_it_is_served,
            doctor_settings.examine_letters,
            doctor_settings.examine_codes,
        ):
            assert found(examine) == {}
        public.ALLOWED_HOSTS = ["127.0.0.1", "10.0.0.7"]
        assert doctor.is_public()

    @pytest.mark.parametrize("key", ["short", "ab" * 40])
    def test_a_key_that_can_be_guessed(self, key: str, public: Settings) -> None:
        public.SECRET_KEY = key
        assert found(doctor_settings.examine_secret_key) == {"secret_key": ERROR}

    def test_a_key_that_others_can_read(self, public: Settings) -> None:
        path = public.DATA_DIR / "secret_key"
        path.write_text(LONG_KEY)
        path.chmod(0o640)
        assert found(doctor_settings.examine_secret_key) == {"secret_key_file": ERROR}
        path.chmod(0o600)
        assert found(doctor_settings.examine_secret_key) == {}

    @pytest.mark.parametrize(
        ("backend", "told"),
        [
            ("etd.mail.NoMailBackend", {"email"}),
            ("django.core.mail.backends.console.EmailBackend", {"email"}),
            ("django.core.mail.backends.filebased.EmailBackend", {"email_folder"}),
        ],
    )
    def test_letters_that_go_nowhere(self, backend: str, told: set[str], public: Settings) -> None:
        public.EMAIL_BACKEND = backend
        assert set(found(doctor_settings.examine_letters)) == told

    def test_codes_that_are_not_asked_for(self, public: Settings) -> None:
        public.REQUIRE_TOTP_FOR = frozenset({"staff"})
        (one,) = doctor_settings.examine_codes()
        assert "required of: chair." in one.msg


class TestFiles:
    def test_a_folder_that_is_not_there_or_open_to_all(self, public: Settings) -> None:
        public.DATA_DIR.chmod(0o755)
        assert set(found(doctor_settings.examine_data_folder)) == {"data_dir_open"}
        public.DATA_DIR.rmdir()
        assert found(doctor_settings.examine_data_folder) == {"data_dir": ERROR}

    def test_a_folder_that_takes_no_file(self, public: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever runs tests as root may write anywhere, so the system's answer is put in its mouth."""
        monkeypatch.setattr("os.access", lambda path, mode: False)
        assert found(doctor_settings.examine_data_folder) == {"data_dir_written": ERROR}

    def test_a_disk_that_is_nearly_full(self, public: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bounds are raised to what is really free."""
        free = shutil.disk_usage(public.DATA_DIR).free
        monkeypatch.setattr(doctor_settings, "LOW_BYTES", free * 2)
        (warned,) = found(doctor_settings.examine_data_folder).values()
        monkeypatch.setattr(doctor_settings, "VERY_LOW_BYTES", free * 2)
        assert (warned < ERROR, found(doctor_settings.examine_data_folder)) == (True, {"disk": ERROR})

    def test_collected_files_of_another_release(self, public: Settings, tmp_path: Path) -> None:
        public.STATIC_ROOT = None
        assert set(found(doctor_settings.examine_static_files)) == {"static"}
        public.STATIC_ROOT = tmp_path / "collected"
        shutil.copytree(configured.BASE_DIR / "static", public.STATIC_ROOT)
        assert found(doctor_settings.examine_static_files) == {}
        (public.STATIC_ROOT / "css" / "app.css").write_text("of before")
        assert found(doctor_settings.examine_static_files) == {"static_old": ERROR}

    def test_a_python_with_the_fault_of_zip_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        version = namedtuple("version", "major minor micro")
        monkeypatch.setattr(sys, "version_info", version(3, 11, 7))
        assert set(found(doctor_settings.examine_python)) == {"python"}
        monkeypatch.setattr(sys, "version_info", version(3, 11, 8))
        assert found(doctor_settings.examine_python) == {}


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BaseDatabaseWrapper]:
    """A SQLite file of this test's own, which the doctor takes for the site's."""
    opened: BaseDatabaseWrapper = ConnectionHandler(
        {"default": database(f"sqlite:///{tmp_path}/one.sqlite3")}
    )["default"]
    monkeypatch.setattr(doctor_database, "connection", opened)
    yield opened
    opened.close()


@pytest.mark.django_db
class TestDatabase:
    def test_all_is_well_with_the_one_of_the_tests(self) -> None:
        for examine in (
            doctor_database.examine_whether_it_answers,
            doctor_database.examine_migrations,
            doctor_database.examine_version,
            doctor_database.examine_sqlite,
            doctor_database.examine_clock,
        ):
            assert found(examine) == {}, examine

    def test_one_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        away = ConnectionHandler({"default": database(NOBODYS_PORT)})["default"]
        monkeypatch.setattr(doctor_database, "connection", away)
        (one,) = doctor_database.examine_whether_it_answers()
        assert one.id == "installation.database"
        assert "secret-canary" not in one.msg

    def test_migrations_of_an_older_and_of_a_newer_release(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('etd', '9999_x', %s)", [f.NOW]
            )
        assert found(doctor_database.examine_migrations) == {"newer_database": ERROR}
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'documents' OR app = 'etd'")
        assert found(doctor_database.examine_migrations) == {"migrations": ERROR}

    def test_an_old_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor_database, "OLDEST_POSTGRESQL", 99)
        expected = {"database_version": ERROR} if connection.vendor == "postgresql" else {}
        assert found(doctor_database.examine_version) == expected

    @pytest.mark.parametrize("pragma", ["foreign_keys", "recursive_triggers"])
    def test_pragmas_that_are_not_in_force(self, pragma: str, on_disk: BaseDatabaseWrapper) -> None:
        assert found(doctor_database.examine_sqlite) == {}
        with on_disk.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma} = OFF")
        assert found(doctor_database.examine_sqlite) == {pragma: ERROR}

    def test_the_fault_of_wal(self, on_disk: BaseDatabaseWrapper) -> None:
        assert found(doctor_database.examine_version) == {}
        with on_disk.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
        has_fault = doctor_database.has_wal_fault(sqlite3.sqlite_version_info)
        assert found(doctor_database.examine_version) == ({"wal": ERROR} if has_fault else {})
        faulty = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)]
        mended = [(3, 6, 23), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0)]
        assert [one for one in faulty + mended if doctor_database.has_wal_fault(one)] == faulty

    def test_a_file_over_a_network(
        self, on_disk: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No such file system can be mounted in a test; the lines are those of the kernel."""
        mounts = (
            "/dev/sda1 / ext4 rw 0 0\nsrv:/export /mnt/with\\040space nfs4 rw 0 0\n"
            "tmpfs /mnt tmpfs rw 0 0\nshort\n"
        )
        of = doctor_database.file_system_of
        assert of(Path("/mnt/with space/etd/one.sqlite3"), mounts) == "nfs4"
        assert [of(Path(one), mounts) for one in ("/mnt/x", "/var/x", "/mnt/with")] == [
            "tmpfs",
            "ext4",
            "tmpfs",
        ]
        monkeypatch.setattr(doctor_database, "file_system_of", lambda path, mounts: "nfs4")
        assert found(doctor_database.examine_sqlite) == {"network_file_system": ERROR}

    def test_roles_of_postgresql(self) -> None:
        """The tests' own role is a superuser; another role, that owns nothing, is taken on and given rights."""
        if connection.vendor != "postgresql":
            assert found(doctor_database.examine_role) == {}
            return
        table = AuditEvent._meta.db_table
        assert set(found(doctor_database.examine_role)) == {"superuser_role"}
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE doctors_test")
            cursor.execute("SET LOCAL ROLE doctors_test")
            assert found(doctor_database.examine_role) == {}
            cursor.execute("RESET ROLE")
            cursor.execute(f"GRANT SELECT, UPDATE ON {table} TO doctors_test")
            cursor.execute("SET LOCAL ROLE doctors_test")
            assert set(found(doctor_database.examine_role)) == {"role_may_update"}
            cursor.execute("RESET ROLE")
            cursor.execute(f"ALTER TABLE {table} OWNER TO doctors_test")
            cursor.execute("SET LOCAL ROLE doctors_test")
            assert set(found(doctor_database.examine_role)) == {"owner_role"}

    def test_clocks_that_disagree(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = doctor_database.time.time
        monkeypatch.setattr(doctor_database.time, "time", lambda: real() + 60)
        expected = {"clocks": ERROR} if connection.vendor == "postgresql" else {}
        assert found(doctor_database.examine_clock) == expected

    def test_an_event_that_is_yet_to_come(self) -> None:
        audit.record(type="t", subject="s", at=timezone.now() + timedelta(hours=1), by=None)
        assert found(doctor_database.examine_clock) == {"clock": ERROR}


@pytest.mark.django_db
class TestWork:
    def test_nobody_looks_after_the_site(self, public: Settings) -> None:
        assert found(doctor_work.examine_administrators) == {"no_administrator": ERROR}
        f.guideline()
        assert found(doctor_work.examine_administrators)["no_administrator"] < ERROR
        administrator = f.user(is_superuser=True)
        assert set(found(doctor_work.examine_administrators)) == {"administrator_without_codes"}
        TOTPDevice.objects.create(user=administrator, confirmed=True)
        assert found(doctor_work.examine_administrators) == {}

    def test_a_worker_that_is_gone(self, settings: Settings) -> None:
        settings.JOBS = "worker"
        now = timezone.now()
        (one,) = doctor_work.examine_jobs()
        assert "none was ever seen" in one.msg
        worker = Worker.objects.create(name="one", began_at=now, seen_at=now - timedelta(minutes=5))
        (one,) = doctor_work.examine_jobs()
        assert f"at {worker.seen_at:%Y-%m-%d %H:%M} UTC" in one.msg
        Worker.objects.update(seen_at=now)
        assert found(doctor_work.examine_jobs) == {}

    def test_jobs_that_wait_and_jobs_that_failed(self) -> None:
        waiting = f.job(status=TaskResultStatus.READY)
        assert found(doctor_work.examine_jobs) == {}
        DBTaskResult.objects.filter(pk=waiting.pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
        assert found(doctor_work.examine_jobs) == {"jobs_wait": ERROR}
        DBTaskResult.objects.filter(pk=waiting.pk).update(run_after=timezone.now() + timedelta(minutes=5))
        assert found(doctor_work.examine_jobs) == {}
        f.job(status=TaskResultStatus.FAILED)
        assert set(found(doctor_work.examine_jobs)) == {"jobs_failed"}

    def test_a_round_that_nobody_closes(self) -> None:
        now = timezone.now()
        late = f.voting_round(opened_at=now - timedelta(days=2), closes_at=now - timedelta(hours=2))
        assert set(found(doctor_work.examine_rounds)) == {"rounds_late"}
        late.closes_at = now - timedelta(minutes=5)
        late.save()
        assert found(doctor_work.examine_rounds) == {}


@pytest.mark.django_db
class TestBackups:
    def test_none_an_old_one_and_one_of_damaged_data(
        self, public: Settings, on_disk: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor_work, "connection", on_disk)
        assert set(found(doctor_work.examine_backups)) == {"no_backup"}
        with on_disk.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
            cursor.execute("CREATE TABLE child (parent INTEGER REFERENCES parent (id))")
            cursor.execute("INSERT INTO child VALUES (7)")
        _, manifest = make_backup(on_disk, public.BACKUP_DIR)
        assert found(doctor_work.examine_backups) == {"backup_of_faults": ERROR}
        monkeypatch.setattr(doctor_work, "newest_backup", lambda folder: replace(manifest, faults=()))
        assert found(doctor_work.examine_backups) == {}
        old = replace(manifest, faults=(), made_at=manifest.made_at - timedelta(hours=30))
        monkeypatch.setattr(doctor_work, "newest_backup", lambda folder: old)
        (one,) = doctor_work.examine_backups()
        assert (one.id, "30 hours old" in one.msg) == ("installation.old_backup", True)

    def test_only_what_was_asked_for_of_this_site_counts(
        self, public: Settings, on_disk: BaseDatabaseWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor_work, "connection", on_disk)
        folder, member = public.BACKUP_DIR, tmp_path / "member"
        folder.mkdir()
        member.write_bytes(b"a database")
        ours = {"site": "https://etd.example.org", "name": "one.sqlite3"}
        made(folder, member, f.NOW, **ours | {"site": "https://other.example.org"})
        made(folder, member, f.NOW, **ours | {"name": "other.sqlite3"})
        made(folder, member, f.NOW, **ours, reason=Reason.BEFORE_MIGRATING)
        assert doctor_work.newest_backup(folder) is None
        older = f.NOW - timedelta(days=2)
        made(folder, member, older, **ours)
        newest = doctor_work.newest_backup(folder)
        assert newest is not None
        assert newest.made_at == older

    def test_a_file_that_is_no_backup_is_none(self, public: Settings) -> None:
        public.BACKUP_DIR.mkdir()
        (public.BACKUP_DIR / "openetd-20260101T000000Z.zip").write_bytes(b"PK of nothing")
        assert set(found(doctor_work.examine_backups)) == {"no_backup"}


@pytest.mark.django_db
class TestDocuments:
    def test_demo_accounts_with_the_public_password(self, public: Settings) -> None:
        chair = f.user(email="chair@example.org", password="demo-panel-2026")
        f.user(email="panel@example.org", password="another one")
        (one,) = documents_checks.examine_demo_accounts()
        assert "sign in as chair@example.org" in one.msg
        assert "(1 accounts)" in one.msg
        chair.is_active = False
        chair.save()
        assert found(documents_checks.examine_demo_accounts) == {}

    @pytest.mark.parametrize(("status", "told"), [(pdf.NO_LIBRARY, "pdf_off"), (1, "pdf")])
    def test_documents_that_cannot_be_rendered(self, status: int, told: str) -> None:
        ended = mock.Mock(returncode=status, stdout=b"", stderr=b"RuntimeError: why")
        with mock.patch("documents.pdf.subprocess.run", return_value=ended):
            assert set(found(documents_checks.examine_rendering)) == {told}


def diagnosed(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command."""
    out = StringIO()
    status = 0
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, out.getvalue()


@pytest.fixture
def as_shipped(settings: Settings) -> None:
    """But for a variable that the tests with a browser need, and for the host of the tests."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "async.E001"]
    settings.STATIC_ROOT = None


@pytest.mark.django_db
@pytest.mark.usefixtures("as_shipped")
class TestCommand:
    def test_a_damaged_trail_is_found_and_not_when_it_is_to_be_fast(self) -> None:
        f.user(is_superuser=True)
        status, said = diagnosed("--fast")
        assert (status, "Database: well" in said, "What is stored" in said) == (
            0,
            connection.vendor == "sqlite",
            False,
        )
        f.audit_event(chain="site", seq=7)
        rendered = mock.Mock(returncode=0, stdout=b"%PDF-1.7", stderr=b"")
        with mock.patch("documents.pdf.subprocess.run", return_value=rendered):
            status, said = diagnosed("--json")
        told = json.loads(said)
        of_the_trail = [one for one in told["findings"] if one["area"] == "What is stored"]
        assert {(one["id"], one["level"]) for one in of_the_trail} == {("etd.E005", "mend")}, told
        assert ("What is stored" in told["areas"], told["unread"], status) == (True, [], 1)
        assert diagnosed("--fast")[0] == 0

    def test_a_letter_is_sent_where_that_is_asked(self, settings: Settings) -> None:
        f.user(is_superuser=True)
        assert diagnosed("--fast")[0] == 0
        assert mail.outbox == []
        assert diagnosed("--fast", "--send-to", "me@example.org")[0] == 0
        assert [one.to for one in mail.outbox] == [["me@example.org"]]
        settings.EMAIL_BACKEND = "etd.mail.NoMailBackend"
        status, said = diagnosed("--fast", "--send-to", "me@example.org")
        assert status == 1
        assert "The letter did not go out" in said
        assert "EMAIL_URL" in said

    def test_a_check_that_fails_hides_no_other(self) -> None:
        def check_that_fails(**kwargs: Any) -> list[CheckMessage]:
            raise ValueError("by accident")

        register(check_that_fails)
        try:
            status, said = diagnosed("--fast")
        finally:
            registry.registered_checks.discard(check_that_fails)
        assert status == 1
        assert "check_that_fails could not be examined: ValueError: by accident" in said
        assert "Machine and files" in said

    def test_without_a_database_the_rest_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        away = ConnectionHandler({"default": database(NOBODYS_PORT)})["default"]
        monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", away.cursor)
        status, said = diagnosed("--fast")
        assert status == 1
        assert "Mend: The database does not answer" in said
        assert "People: not all could be looked at" in said
        assert "Settings" in said

    def test_no_other_command_pays_for_it(self, settings: Settings) -> None:
        settings.DEBUG = True
        settings.ALLOWED_HOSTS = ["*"]
        out = StringIO()
        call_command("check", "--deploy", stdout=out, stderr=out)
        assert "installation." not in out.getvalue()
