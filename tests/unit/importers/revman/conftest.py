"""The child's own code in this process, where a test looks into it or reads hundreds of files."""

import json
from typing import Any

import pytest

from metaanalysis.importers import review
from metaanalysis.importers.child_main import Job, answer
from metaanalysis.importers.table import Refusal


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "run_worker", read_here)


def read_here(data: bytes, job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer(data, job))
    if "refusal" in found:
        refusal = found["refusal"]
        raise Refusal(refusal["code"], refusal["text"], row=refusal["row"], value=refusal["value"])
    return found
