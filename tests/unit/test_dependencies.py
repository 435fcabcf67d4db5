"""The audit of packages says what it does not know; the bill of materials holds the locked packages and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import dependencies

LOCK = """asgiref==3.13.0 \\
    --hash=sha256:00
numpy==2.2.6 ; python_full_version < '3.11' \\
    --hash=sha256:01
numpy==2.4.6 ; python_full_version >= '3.11' \\
    --hash=sha256:02
et_xmlfile==2.0.0 \\
    --hash=sha256:03
"""
PACKAGES = dependencies.locked(LOCK)
FOUND = {"id": "PYSEC-2026-1", "fix_versions": ["3.13.1"]}


def test_the_lock_is_read_with_every_version() -> None:
    assert PACKAGES == {"asgiref": ["3.13.0"], "numpy": ["2.2.6", "2.4.6"], "et-xmlfile": ["2.0.0"]}
    shipped = dependencies.locked(dependencies.LOCK.read_text(encoding="utf-8"))
    assert {"django", "weasyprint", "django-axes"} <= shipped.keys()


def answer(**vulns: Any) -> str:
    return json.dumps(
        {"dependencies": [{"name": name, "version": "1", "vulns": v} for name, v in vulns.items()]}
    )


def test_a_known_vulnerability_fails_the_audit() -> None:
    status, lines = dependencies.audit_verdict(answer(asgiref=[FOUND], numpy=[], et_xmlfile=[]), PACKAGES)
    assert (status, lines[0]) == (1, "VULNERABLE: asgiref 3.13.0: PYSEC-2026-1, mended in 3.13.1")
    assert lines[1:] == ["3 of 3 locked packages were audited."]


def test_nothing_known_passes() -> None:
    verdict = dependencies.audit_verdict(answer(asgiref=[], numpy=[], et_xmlfile=[]), PACKAGES)
    assert verdict == (0, ["3 of 3 locked packages were audited."])


def test_what_the_service_does_not_know_is_said() -> None:
    skipped = {
        "dependencies": [{"name": "numpy", "skip_reason": "not found"}, {"name": "asgiref", "vulns": []}]
    }
    status, lines = dependencies.audit_verdict(json.dumps(skipped), PACKAGES)
    assert status == 0
    assert lines == [
        "NOT AUDITED, unknown to the service: 2 of 3: et-xmlfile, numpy",
        "1 of 3 locked packages were audited.",
    ]


@pytest.mark.parametrize("output", ["", "Traceback", "{}", "[]"])
def test_a_service_that_does_not_answer_is_no_failure_and_is_said(output: str) -> None:
    status, lines = dependencies.audit_verdict(output, PACKAGES)
    assert (status, lines[0].startswith("NOT AUDITED: the vulnerability service did not answer")) == (0, True)


def component(name: str, version: str, *licences: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": version, "bom-ref": f"{name}=={version}", "licenses": list(licences)}


def environment(*components: dict[str, Any]) -> dict[str, Any]:
    refs = [one["bom-ref"] for one in components]
    return {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": list(components),
        "dependencies": [
            {"ref": "root", "dependsOn": refs},
            *({"ref": ref, "dependsOn": refs} for ref in refs),
        ],
    }


def test_the_bill_leaves_out_what_only_tests_need() -> None:
    made = environment(
        component("numpy", "2.4.6"), component("et_xmlfile", "2.0.0"), component("pytest", "9")
    )
    bill = dependencies.bill_of(made, PACKAGES)
    assert [one["name"] for one in bill["components"]] == ["numpy", "et_xmlfile"]
    assert "pytest" not in json.dumps(bill)
    assert [one["ref"] for one in bill["dependencies"]] == ["root", "numpy==2.4.6", "et_xmlfile==2.0.0"]


def test_another_version_than_the_locked_one_is_refused() -> None:
    with pytest.raises(ValueError, match="Not the locked version is installed: asgiref"):
        dependencies.bill_of(environment(component("asgiref", "3.12.0")), PACKAGES)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([{"license": {"id": "MIT"}}], "MIT"),
        ([{"expression": "MIT OR Apache-2.0"}], "MIT OR Apache-2.0"),
        (
            [{"license": {"name": "BSD License\nCopyright …"}}, {"license": {"id": "MIT"}}],
            "BSD License / MIT",
        ),
        ([], "not declared"),
    ],
)
def test_licences(given: list[dict[str, Any]], told: str) -> None:
    assert dependencies.licences(component("x", "1", *given)) == told


@pytest.mark.parametrize("arguments", [["sbom", "--help"], ["sbom", "a", "b"], ["audit", "x"], []])
def test_what_is_no_file_is_not_written_to(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert dependencies.main(arguments) == 2
    assert "usage: ./openetd audit, or ./openetd sbom [FILE]" in capsys.readouterr().err
