"""Dockerfile, .dockerignore and docker-compose.yml as data, for whoever performs their steps without Docker.

Only what these files use is understood; anything else raises ValueError, so that the steps cannot be half performed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.launcher import ROOT

PERFORMED = ("FROM", "ENV", "RUN", "WORKDIR", "COPY", "VOLUME", "USER", "EXPOSE", "HEALTHCHECK", "CMD")
# docker build ignores these; so does whoever copies.
_ALL, _CACHES = "*", "**/__pycache__"


@dataclass(frozen=True)
class Instruction:
    """`text` is what follows the instruction's name, with continued lines joined."""

    name: str
    text: str


def dockerfile() -> list[Instruction]:
    """The instructions in order. Raises ValueError for one that is not in PERFORMED."""
    content = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in content.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    found = [Instruction(*line.strip().split(None, 1)) for line in joined.splitlines() if line.strip()]
    if unknown := [one.name for one in found if one.name not in PERFORMED]:
        raise ValueError(f"Dockerfile: {unknown[0]} is not known here; add it to tests/bare_debian.py.")
    return found


def assignments(instruction: Instruction) -> dict[str, str]:
    """The variables of an ENV."""
    return dict(part.split("=", 1) for part in shlex.split(instruction.text))


def command(text: str) -> list[str]:
    """The words of a CMD, which is written as a list. Raises ValueError where it is not."""
    words = json.loads(text)
    if not isinstance(words, list):
        raise ValueError(f"not a list of words: {text}")
    return [str(word) for word in words]


def health_check() -> list[str]:
    """The words of the Dockerfile's HEALTHCHECK."""
    (found,) = [one.text for one in dockerfile() if one.name == "HEALTHCHECK"]
    return command(found.partition("CMD ")[2])


def start_command() -> list[str]:
    (found,) = [one.text for one in dockerfile() if one.name == "CMD"]
    return command(found)


def context() -> list[Path]:
    """What `COPY . .` copies: the files and folders that .dockerignore names as exceptions. Raises ValueError."""
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line]
    if lines[:1] != [_ALL] or lines[-1:] != [_CACHES]:
        raise ValueError(f".dockerignore must begin with {_ALL} and end with {_CACHES}")
    names = [line.removeprefix("!") for line in lines[1:-1]]
    if unknown := [line for line in lines[1:-1] if not re.fullmatch(r"![A-Za-z0-9_.-]+", line)]:
        raise ValueError(f".dockerignore: {unknown[0]} is not known here; add it to tests/containers.py.")
    return [ROOT / name for name in names]


def compose() -> dict[str, Any]:
    """docker-compose.yml with its anchors resolved."""
    content = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return YAML(typ="safe", pure=True).load(content)


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}` and `${NAME:?message}` as compose does, defaults within defaults too.

    Raises ValueError where one is missing.
    """

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.group(1), match.group(2), match.group(3)
        if variables.get(name):
            return variables[name]
        if kind == ":?":
            raise ValueError(f"{name}: {rest}")
        return filled_in(rest, variables) if kind == ":-" else ""

    plain = r"[^{}]"
    nested = rf"(?:{plain}|\$\{{(?:{plain}|\$\{{{plain}*\}})*\}})*"
    return re.sub(rf"\$\{{([A-Z_]+)(?:(:-|:\?)({nested}))?\}}", value, text)


def environment(service: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service, filled in."""
    return {
        name: filled_in(text, variables)
        for name, text in compose()["services"][service]["environment"].items()
    }
