"""Votes, a recusal and a close at the same time: nothing acknowledged is lost, nothing is counted twice or too late."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.launcher import ROOT
from tests.server import ExampleDatabase, application_environment


@pytest.fixture
def storm(example_database: ExampleDatabase, tmp_path: Path) -> dict[str, Any]:
    """What eight members, voting from eight threads until they are refused, were answered; and what was stored."""
    name = example_database.copy()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.voting_storm"],
            cwd=ROOT,
            env=application_environment(example_database.url(name), tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        example_database.drop(name)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def last_acknowledged(storm: dict[str, Any]) -> dict[int, tuple[int, str]]:
    return {member: (version, option) for member, version, option in storm["acknowledged"]}


def test_close_and_recusal_among_votes(storm: dict[str, Any]) -> None:
    assert storm["errors"] == []
    assert len(storm["acknowledged"]) >= 32
    stored = {member: (version, option) for member, version, option in storm["stored"]}
    assert len(stored) == len(storm["stored"]), "nobody has two votes"
    assert stored == last_acknowledged(storm), "what was acknowledged last is what is stored"
    assert storm["cast_events"] == len(storm["acknowledged"])

    counted = {member: vote for member, vote in stored.items() if member != storm["recused"]}
    tally = storm["tally"]
    assert tally["votes"] == len(counted)
    assert tally["ballots"] == len(storm["members"]) - 1 + 3, "the chair and two members did not vote"
    assert {key: n for key, n in tally["counts"].items() if n} == dict(
        Counter(option for _, option in counted.values())
    )

    assert (storm["is_closed"], storm["closings"]) == (True, 1)
    everybody = len(storm["members"])
    assert storm["refused_after_close"] in (everybody - 1, everybody), (
        "the recused member lost the ballot before, and may have asked again only after the close"
    )
    assert (storm["faults"], storm["chain"]) == ([], 0)
