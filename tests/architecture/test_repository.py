"""The files around the code say the same thing: packages, variables, commands; and none tells where it was written."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import postgres
from tests.launcher import ROOT, load_launcher

LOCKS = ("requirements.txt", "requirements-dev.txt")
APPLICATION = ("config", "documents", "etd", "metaanalysis")
# Set by the machinery, never by an operator: Django's own, the image's build, the test run.
# Set by our own commands for their own child processes; nobody configures them.
INTERNAL_VARIABLES = {"DJANGO_SETTINGS_MODULE", "COLLECTSTATIC", "SOURCE_DATE_EPOCH"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, set[str]]:
    """Package name to its pinned versions (a universal lock may pin one for each version of Python)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text(lock), flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def committed_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address_and_hashes_every_package(lock: str) -> None:
    content = text(lock)
    assert "://" not in content
    assert not re.search(r"^\s*--(?!hash=)", content, flags=re.MULTILINE)
    requirements = re.split(r"^(?=[A-Za-z0-9])", content, flags=re.MULTILINE)[1:]
    assert len(requirements) >= 40
    assert [r.split()[0] for r in requirements if "--hash=sha256:" not in r] == []


def test_the_development_lock_holds_the_other_one() -> None:
    everything = pins("requirements-dev.txt")
    assert {
        name: versions
        for name, versions in pins("requirements.txt").items()
        if everything.get(name) != versions
    } == {}


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    declared = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": project["dependency-groups"]["dev"],
    }
    for lock, requirements in declared.items():
        names = {
            re.split(r"[<>=;\[ ]", requirement)[0].lower().replace("_", "-") for requirement in requirements
        }
        assert names - set(pins(lock)) == set(), lock


def test_dockerfile_installs_the_locked_packages_and_the_launchers_libraries() -> None:
    dockerfile = text("Dockerfile")
    assert "pip install --no-deps --require-hashes -r requirements.txt" in dockerfile
    (installed,) = re.findall(r"apt-get install -y --no-install-recommends ([^\\&]+)", dockerfile)
    assert installed.split() == [*load_launcher().PDF.apt, "postgresql-client"]


def test_dockerfile_runs_as_a_numbered_user_and_its_python_is_supported() -> None:
    dockerfile = text("Dockerfile")
    assert re.search(r"^USER 10001:10001$", dockerfile, flags=re.MULTILINE)
    assert re.search(r"^FROM python:3\.11-slim-bookworm$", dockerfile, flags=re.MULTILINE)


def test_readme_names_the_system_packages_of_the_launcher() -> None:
    launcher = load_launcher()
    known = {package for need in launcher.TO_TEST for package in need.apt}
    lines = re.findall(r"apt-get install (?:-\S+ )*([^\n`]+)", text("README.md"))
    assert {package for line in lines for package in line.split()} == known


def test_compose_starts_the_tested_major_version_of_postgresql() -> None:
    assert re.findall(r"image: postgres:(\d+)", text("docker-compose.yml")) == [str(postgres.MAJOR)]


def variables_read() -> set[str]:
    """Names that the application's code and docker-compose.yml read from the environment."""
    pattern = re.compile(
        r"(?:environ\.get|getenv|env_bool|env_list)\(\s*\"([A-Z_]+)\"|environ\[\"([A-Z_]+)\"\]"
    )
    sources = [path for folder in APPLICATION for path in (ROOT / folder).rglob("*.py")]
    found = {a or b for path in sources for a, b in pattern.findall(path.read_text(encoding="utf-8"))}
    return found | set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.yml")))


def test_env_example_lists_the_variables_that_are_read() -> None:
    listed = re.findall(r"^([A-Z_]+)=", text(".env.example"), flags=re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == variables_read() - INTERNAL_VARIABLES


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documented_commands_exist(document: str) -> None:
    commands = set(re.findall(r"\./openetd ([a-z][a-z-]*)", text(document)))
    assert {"run", "test"} <= commands
    assert commands - set(load_launcher().COMMANDS) == set()


def test_the_launchers_help_lists_its_commands() -> None:
    launcher = load_launcher()
    assert set(re.findall(r"^  ([a-z-]+) ", launcher.__doc__ or "", flags=re.MULTILINE)) == set(
        launcher.COMMANDS
    )


def test_ci_runs_the_launchers_checks_and_tests() -> None:
    lines = [line for line in text(".ci/run").splitlines() if line.startswith("./")]
    assert lines == ["./openetd check", "./openetd test"]


def test_no_file_names_a_package_registry_or_a_place_on_somebodys_machine() -> None:
    # Written in two halves, so that this file does not name them either.
    forbidden = [
        first + second
        for first, second in (
            ("pypi", ".org"),
            ("pythonhosted", ".org"),
            ("npmjs", ".org"),
            ("--index", "-url"),
            ("--extra-index", "-url"),
            ("--find", "-links"),
            ("file:", "///opt"),
            ("file:", "///home"),
            ("/root", "/"),
            ("/Users", "/"),
            ("/work", "/main"),
            ("/work", "/shared"),
        )
    ]
    files = committed_files()
    assert len(files) > 30
    hits = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for content in [path.read_bytes()]
        if b"\0" not in content[:8000]
        for word in forbidden
        if word.encode() in content
    ]
    assert hits == []
