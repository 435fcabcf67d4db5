"""A site's own framework files: loaded besides the shipped ones, checked at the start, and by a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from etd.checks import check_frameworks
from etd.frameworks import (
    DATA,
    FrameworkError,
    all_frameworks,
    get_framework,
    offered_frameworks,
    use_directory,
)
from tests.unit.frameworks.test_loader import TINY_TOML


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    use_directory(tmp_path)
    yield tmp_path
    use_directory(settings.FRAMEWORKS_DIRECTORY)


def write(directory: Path, version: int, extra: str = "") -> Path:
    path = directory / f"short_coverage_v{version}.toml"
    text = TINY_TOML.replace("version = 3", f"version = {version}\n{extra}")
    path.write_text(text, encoding="utf-8")
    use_directory(directory)
    return path


def test_own_files_are_loaded_after_the_shipped_ones(own: Path) -> None:
    shipped = all_frameworks()
    write(own, 3)
    assert [one.name for one in all_frameworks()] == [*(one.name for one in shipped), "short_coverage v3"]
    assert get_framework("short_coverage", 3).title == "A short coverage framework"
    assert check_frameworks() == []


def test_without_a_directory_there_are_the_shipped_ones_alone(own: Path) -> None:
    write(own, 3)
    use_directory(None)
    assert {one.key for one in all_frameworks()} == {path.stem.rpartition("_v")[0] for path in DATA.iterdir()}


def test_the_newest_version_is_offered_unless_it_is_retired(own: Path) -> None:
    write(own, 3)
    write(own, 10)
    assert [one.name for one in offered_frameworks() if one.key == "short_coverage"] == ["short_coverage v10"]
    write(own, 11, "retired = true")
    assert [one.name for one in offered_frameworks() if one.key == "short_coverage"] == []
    assert get_framework("short_coverage", 3).version == 3


def test_a_shipped_key_cannot_be_taken(own: Path) -> None:
    taken = all_frameworks()[0].key
    text = TINY_TOML.replace("short_coverage", taken).replace("version = 3", "version = 99")
    (own / f"{taken}_v99.toml").write_text(text, encoding="utf-8")
    use_directory(own)
    with pytest.raises(FrameworkError, match=f"{taken}_v99.toml: the key '{taken}' belongs to a framework"):
        all_frameworks()


def test_a_wrong_file_or_folder_is_reported_at_the_start(own: Path) -> None:
    write(own, 3).write_text(TINY_TOML.replace('key = "sure"', 'key = "worth_it"'), encoding="utf-8")
    use_directory(own)
    (error,) = check_frameworks()
    assert error.id == "etd.E001"
    assert error.msg.startswith("short_coverage_v3.toml: criterion key used twice: worth_it (lines ")
    use_directory(own / "nowhere")
    (error,) = check_frameworks()
    assert error.msg.endswith("nowhere: no such directory of framework files")


def test_the_command_prints_a_good_file_in_short(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_framework", write(own, 3))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "short_coverage v3: A short coverage framework (fr)"
    assert "  1. Worth it [balance]: Is it worth it?" in said
    assert "     Nah · Yep · Shrug" in said
    assert said[-1] == "0 places await a methodologist's check."


def test_the_command_says_what_is_wrong_and_fails(own: Path) -> None:
    broken = write(own, 3)
    broken.write_text(TINY_TOML.replace('label = "Yep"', 'label = "Nah"'), encoding="utf-8")
    with pytest.raises(
        CommandError, match=r"criterion 'worth_it' .*: option label used twice: Nah"
    ) as caught:
        call_command("check_framework", broken)
    assert caught.value.returncode == 1
