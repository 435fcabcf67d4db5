"""The launcher's decisions, with the machine underneath played by the test."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.launcher import ROOT, load_launcher

launcher = load_launcher()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The launcher on an empty project in a temporary folder, with pip and apt-get replaced by a record."""
    for name, value in {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "VAR": tmp_path / "var"}.items():
        monkeypatch.setattr(launcher, name, value)
    monkeypatch.setattr(launcher, "PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / "requirements-dev.txt").write_text("a==1\nb==2\n")
    monkeypatch.setattr(launcher.shutil, "which", lambda name: None)
    monkeypatch.delenv("CI", raising=False)
    return launcher


@pytest.fixture
def calls(machine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the launcher runs; making an environment leaves the file that one has."""
    made: list[str] = []

    def call(command: Sequence[str], **options: Any) -> bool:
        made.append(" ".join(command))
        if "-m venv" in made[-1]:
            machine.VENV.mkdir(parents=True)
            version = f"{sys.version_info.major}.{sys.version_info.minor}.9"
            (machine.VENV / "pyvenv.cfg").write_text(f"home = x\nversion = {version}\n")
        return True

    monkeypatch.setattr(machine, "call", call)
    return made


def installs(calls: list[str]) -> list[str]:
    return [call.rpartition("/")[2] for call in calls if "pip install" in call]


def test_the_second_install_does_nothing(machine: ModuleType, calls: list[str]) -> None:
    machine.install(needs=())
    assert installs(calls) == ["requirements.txt"]
    calls.clear()
    machine.install(needs=())
    assert calls == []


def test_packages_are_installed_by_hash_and_compiled(machine: ModuleType, calls: list[str]) -> None:
    machine.install(needs=())
    (command,) = [call for call in calls if "pip install" in call]
    assert "--require-hashes" in command
    assert "--no-deps" in command
    assert "--compile" in command
    assert "--no-input" in command


def test_after_the_tests_packages_running_needs_no_install(machine: ModuleType, calls: list[str]) -> None:
    machine.install(dev=True, needs=())
    calls.clear()
    machine.install(needs=())
    assert calls == []


def test_a_changed_lock_is_installed(machine: ModuleType, calls: list[str]) -> None:
    machine.install(needs=())
    calls.clear()
    (machine.ROOT / "requirements.txt").write_text("a==2\n")
    machine.install(needs=())
    assert installs(calls) == ["requirements.txt"]
    assert not [call for call in calls if "-m venv" in call]


def test_an_environment_left_half_made_is_made_anew(
    machine: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    working = machine.install_packages
    monkeypatch.setattr(machine, "install_packages", lambda *args, **options: False)
    with pytest.raises(SystemExit, match="could not be installed"):
        machine.install(needs=())
    monkeypatch.setattr(machine, "install_packages", working)
    machine.VENV.mkdir()
    (machine.VENV / "half").touch()
    machine.install(needs=())
    assert not (machine.VENV / "half").exists()
    assert installs(calls) == ["requirements.txt"]


def test_an_environment_of_another_python_is_made_anew(machine: ModuleType, calls: list[str]) -> None:
    machine.VENV.mkdir()
    (machine.VENV / "pyvenv.cfg").write_text("version = 3.9.2\n")
    machine.install(needs=())
    assert [call for call in calls if "-m venv" in call]


def test_a_second_install_waits_for_the_first(
    machine: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "from tests.launcher import load_launcher; l = load_launcher(); l.VAR = Path(sys.argv[2])\n"
        "with l.only_one('install'): print('has it', flush=True)"
    )
    with machine.only_one("install"):
        second = subprocess.Popen(
            [sys.executable, "-c", program, str(ROOT), str(machine.VAR)], stdout=subprocess.PIPE, text=True
        )
        assert second.stdout is not None
        waiting = second.stdout.readline()
    rest, _ = second.communicate(timeout=60)
    assert "waiting" in waiting
    assert rest == "has it\n"


@pytest.fixture
def debian(machine: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(machine, "os_release", lambda: {"ID": "debian"})
    monkeypatch.setattr(
        machine.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    return machine


def need(*, present: bool) -> Any:
    return launcher.SystemNeed("the PDF export", ("libpango-1.0-0",), ("pango",), lambda: present)


def test_root_installs_the_missing_system_packages(
    debian: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian.os, "geteuid", lambda: 0)
    assert len(debian.settle_system_needs([need(present=False), need(present=True)])) == 1
    update, install = calls
    assert update.startswith("env DEBIAN_FRONTEND=noninteractive apt-get")
    assert update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends libpango-1.0-0")


def test_nothing_is_installed_without_the_right_to(
    debian: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    debian.install(needs=[need(present=False)])
    assert [call for call in calls if "apt-get" in call] == []
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libpango-1.0-0"
    assert line in capsys.readouterr().out.splitlines()[-1]


def test_without_the_means_to_make_an_environment_it_stops_with_one_line(
    debian: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    missing = launcher.SystemNeed("making .venv", ("python3-venv",), (), lambda: False)
    monkeypatch.setattr(debian, "ENVIRONMENT", missing)
    with pytest.raises(SystemExit, match="apt-get install -y --no-install-recommends python3-venv"):
        debian.install(needs=[missing])


def test_in_ci_nothing_that_tests_need_may_be_missing(
    debian: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="nothing may be missing"):
        debian.install(dev=True, needs=[need(present=False)])


def test_a_busy_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port} is in use"):
            launcher.refuse_busy_port(port)


@pytest.mark.parametrize(("arguments", "port"), [([], 8000), (["--port", "8123"], 8123), (["--port=80"], 80)])
def test_port(arguments: list[str], port: int) -> None:
    assert launcher.port_of(arguments) == port


@pytest.mark.parametrize(
    "arguments", [["--port"], ["--port", "x"], ["--port", "0"], ["8000"], ["--port", "70000"]]
)
def test_a_port_that_is_none(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        launcher.port_of(arguments)


def test_the_summary_tells_failures_from_passes(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>',
        encoding="utf-8",
    )
    assert launcher.read_report(report) == (9, 3, 3)
    assert launcher.read_report(tmp_path / "none.xml") == (0, 0, 0)


def test_one_failing_database_fails_the_run(
    machine: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[tuple[str, list[str]]] = []

    def run_suite(database: str, arguments: list[str]) -> Any:
        given.append((database, arguments))
        status = 1 if database == "postgres" else 0
        return launcher.SuiteResult(database, status, 5, status, 0, 1.0)

    monkeypatch.setattr(machine, "run_suite", run_suite)
    monkeypatch.setattr(machine, "install", lambda **options: None)
    assert machine.command_test(["-k", "vote"]) == 1
    assert given == [("sqlite", ["-k", "vote"]), ("postgres", ["-k", "vote"])]
    assert capsys.readouterr().out.splitlines()[-1] == "FAILED on postgres."
    assert machine.command_test(["--sqlite"]) == 0
    assert given[2:] == [("sqlite", [])]


def test_reliability_runs_in_the_environment_of_the_tests(
    machine: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[Sequence[str]] = []
    monkeypatch.setattr(machine, "become", became.append)
    monkeypatch.setattr(machine, "settle_system_needs", lambda needs: [])
    machine.main(["reliability", "--quick", "V7"])
    assert installs(calls) == ["requirements-dev.txt"]
    assert became == [[machine.PYTHON, "-m", "tests.reliability", "--quick", "V7"]]
