"""What OpenEtD is made of beside its own code: `./openetd audit` and `./openetd sbom`.

The audit asks a public service for known vulnerabilities of each locked package, by pip-audit. Where the service does
not answer, or does not know a package, that is said, and is neither a pass nor a failure of the check. The bill of
materials is CycloneDX JSON by cyclonedx-bom, of the locked packages as they are installed, with their licences.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
UNKNOWN = "not declared"


def locked(lock: str) -> dict[str, list[str]]:
    """Name and versions of every package of a lock file: several where they depend on the version of Python."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", lock, flags=re.MULTILINE):
        found.setdefault(as_in_indexes(name), []).append(version)
    return found


def as_in_indexes(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def audit_verdict(output: str, packages: Mapping[str, Sequence[str]]) -> tuple[int, list[str]]:
    """Exit status and lines for what pip-audit printed: 1 for a known vulnerability; and what was not audited."""
    try:
        answers = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, [
            "NOT AUDITED: the vulnerability service did not answer. Nothing is known about any package."
        ]
    audited = {as_in_indexes(one["name"]): one["vulns"] for one in answers if "vulns" in one}
    lines = [
        f"VULNERABLE: {name} {' or '.join(packages.get(name, ()))}: {found['id']}"
        f"{', mended in ' + ', '.join(found['fix_versions']) if found.get('fix_versions') else ''}"
        for name, vulns in sorted(audited.items())
        for found in vulns
    ]
    status = 1 if lines else 0
    if missed := sorted(set(packages) - set(audited)):
        lines.append(
            f"NOT AUDITED, unknown to the service: {len(missed)} of {len(packages)}: {', '.join(missed)}"
        )
    lines.append(f"{len(audited)} of {len(packages)} locked packages were audited.")
    return status, lines


def audit() -> int:
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout
    except subprocess.TimeoutExpired:
        output = ""
    status, lines = audit_verdict(output, locked(LOCK.read_text(encoding="utf-8")))
    sys.stdout.write("\n".join(lines) + "\n")
    return status


def licences(component: Mapping[str, Any]) -> str:
    """The licences that a package declares, in short."""
    named = [
        one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        for one in component.get("licenses", ())
    ]
    # Some packages put the whole text where its name belongs.
    return " / ".join(dict.fromkeys(name.strip().partition("\n")[0][:60] for name in named)) or UNKNOWN


def bill_of(environment: dict[str, Any], packages: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The bill of an environment without what only development needs. Raises ValueError where a version is another."""
    kept = [one for one in environment["components"] if as_in_indexes(one["name"]) in packages]
    if other := [one["name"] for one in kept if one["version"] not in packages[as_in_indexes(one["name"])]]:
        raise ValueError(
            f"Not the locked version is installed: {', '.join(other)}. Run ./openetd install --dev first."
        )
    references = {one["bom-ref"] for one in kept} | {
        environment["metadata"].get("component", {}).get("bom-ref")
    }
    dependencies = [
        one | {"dependsOn": [to for to in one.get("dependsOn", ()) if to in references]}
        for one in environment.get("dependencies", ())
        if one["ref"] in references
    ]
    return environment | {"components": kept, "dependencies": dependencies}


def write_bill(target: Path) -> int:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--of", "JSON", "-o", "-"]
    command += ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml")]
    made = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    packages = locked(LOCK.read_text(encoding="utf-8"))
    bill = bill_of(json.loads(made), packages)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines_of(bill, len(packages), target)) + "\n")
    return 0


def lines_of(bill: Mapping[str, Any], n_locked: int, target: Path) -> list[str]:
    """Every package with its licences, and how many there are."""
    ordered = sorted(bill["components"], key=lambda component: str(component["name"]).lower())
    lines = [f"{one['name']} {one['version']}: {licences(one)}" for one in ordered]
    elsewhere = n_locked - len(ordered)
    return [
        *lines,
        f"{len(ordered)} packages are in {target}; {elsewhere} of the lock are for other systems.",
    ]


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case ["audit"]:
            return audit()
        case ["sbom"]:
            return write_bill(ROOT / "reports" / "sbom.json")
        case ["sbom", file] if not file.startswith("-"):
            return write_bill(Path(file))
    sys.stderr.write("usage: ./openetd audit, or ./openetd sbom [FILE]\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
