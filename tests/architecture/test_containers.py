"""The container's files: what tests/bare_debian.py performs is what Docker would, and nothing is left open."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import get_commands

from tests import containers
from tests.launcher import ROOT

SERVICES: dict[str, dict[str, Any]] = containers.compose()["services"]
# Runs once and ends.
ONE_SHOT = {"migrate"}
GIVEN = {"SECRET_KEY": "x" * 50, "POSTGRES_PASSWORD": "secret"}


def test_every_instruction_of_the_dockerfile_is_performed_on_a_bare_debian_too() -> None:
    names = [one.name for one in containers.dockerfile()]
    assert names[0] == "FROM"
    assert set(names) == set(containers.PERFORMED)


def test_a_control_another_instruction_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        containers, "PERFORMED", tuple(one for one in containers.PERFORMED if one != "VOLUME")
    )
    with pytest.raises(ValueError, match="VOLUME is not known here"):
        containers.dockerfile()


def test_what_is_copied_is_there_and_holds_no_secret_and_no_test() -> None:
    copied = containers.context()
    assert [path.name for path in copied if not path.exists()] == []
    assert {"manage.py", "config", "requirements.txt"} <= {path.name for path in copied}
    assert {path.name for path in copied} & {"tests", "var", ".env", ".git", ".venv", "reports"} == set()


def commands_of(service: dict[str, Any]) -> list[str]:
    return service.get("command") or containers.start_command()


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_the_applications_services_start_what_there_is(name: str) -> None:
    words = commands_of(SERVICES[name])
    assert words[0] == "python"
    if words[1] == "manage.py":
        assert words[2] in get_commands()
    else:
        assert words[1:4] == ["-m", "gunicorn", "--config"]
        assert (ROOT / words[4]).is_file()


def test_every_service_is_read_only_and_without_rights() -> None:
    found = {
        name: (service.get("read_only"), service.get("cap_drop"), service.get("security_opt"))
        for name, service in SERVICES.items()
    }
    assert set(found) == {"postgres", "migrate", "web", "worker", "proxy"}
    assert set(map(str, found.values())) == {"(True, ['ALL'], ['no-new-privileges:true'])"}


def test_every_service_that_stays_has_a_health_check_and_starts_again() -> None:
    of_the_image = {"web"}
    assert containers.health_check()[0] == "python"
    for name, service in SERVICES.items():
        if name not in ONE_SHOT:
            assert "healthcheck" in service or name in of_the_image, name
            assert service["restart"] == "unless-stopped", name


def test_images_of_others_are_pinned_to_a_major_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}
    assert set(images) == {"postgres", "proxy"}
    assert [image for image in images.values() if not re.fullmatch(r"[a-z]+:\d+(-bookworm)?", image)] == []


def test_what_is_mounted_from_here_is_there() -> None:
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert mounted == ["./deploy/Caddyfile"]
    assert "reverse_proxy web:8000" in (ROOT / mounted[0]).read_text(encoding="utf-8")


def test_web_worker_and_migrations_have_one_environment() -> None:
    web, worker, migrate = (containers.environment(name, GIVEN) for name in ("web", "worker", "migrate"))
    assert web == worker == migrate
    assert web["DATABASE_URL"] == "postgresql://openetd:secret@postgres:5432/openetd"
    assert web["HTTPS"] == "true"
    assert web["OPENETD_JOBS"] == "worker"


def test_another_postgresql_can_be_named_and_an_owner_of_its_tables() -> None:
    theirs, owners = "postgresql://app@db.example.org/etd", "postgresql://owner@db.example.org/etd"
    of_one_role = GIVEN | {"DATABASE_URL": theirs}
    of_two = of_one_role | {"MIGRATION_DATABASE_URL": owners}
    found = [
        containers.environment(name, given)["DATABASE_URL"]
        for given in (of_one_role, of_two)
        for name in ("web", "worker", "migrate")
    ]
    assert found == [theirs, theirs, theirs, theirs, theirs, owners]


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_without_a_secret_nothing_starts(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: set"):
        containers.environment("web", {one: value for one, value in GIVEN.items() if one != name})
