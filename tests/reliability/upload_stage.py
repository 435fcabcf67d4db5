"""Sets up people who send files, and reads what is stored: `python -m tests.reliability.upload_stage COMMAND …`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402 -- after the set-up

from etd.actions.verification import verify_guideline  # noqa: E402
from etd.enums import QuestionStatus, Role  # noqa: E402
from etd.models import Guideline, OutcomeRow, Question, StagedImport  # noqa: E402
from metaanalysis.models import DataUpload, Study, StudyResult  # noqa: E402
from tests import factories as f  # noqa: E402
from tests.reliability.stage import session_of  # noqa: E402


def set_up(people: str) -> dict[str, Any]:
    """Two guidelines with so many methodologists and a question at work each, and one of the first that is closed."""
    first, second = f.guideline(), f.guideline()
    users = [f.user(name=f"Methodologist {n}") for n in range(int(people))]
    for user in users:
        f.panel_membership(guideline=first, role=Role.METHODOLOGIST, user=user)
    stranger = f.panel_membership(guideline=second, role=Role.METHODOLOGIST).user
    return {
        "guideline": first.slug,
        "question": f.draft_question(guideline=first, status=QuestionStatus.EVIDENCE).slug,
        "other": f.draft_question(guideline=first, status=QuestionStatus.EVIDENCE).slug,
        "closed": f.draft_question(guideline=first, status=QuestionStatus.PUBLISHED).slug,
        "foreign": [second.slug, f.draft_question(guideline=second, status=QuestionStatus.EVIDENCE).slug],
        "stranger": session_of(stranger),
        "people": [session_of(user) for user in users],
    }


def count(guideline: str) -> dict[str, Any]:
    """What files have left behind."""
    found = Guideline.objects.get(slug=guideline)
    return {
        "uploads": DataUpload.objects.filter(question__guideline=found).count(),
        "documents": StagedImport.objects.filter(guideline=found).count(),
        "rows": sum(
            model.objects.filter(**{f"{path}question__guideline": found}).count()
            for model, path in ((Study, ""), (StudyResult, "study__"), (OutcomeRow, "table__"))
        ),
        "questions": Question.objects.filter(guideline=found).count(),
        "faults": [str(fault) for fault in verify_guideline(found)],
    }


def fill(question: str, mib: str, less: str) -> dict[str, Any]:
    """Files of so many MiB, less so many bytes, sent by somebody else long ago."""
    parent = Question.objects.get(slug=question)
    sizes = [10 * 1024**2] * (int(mib) // 10)
    sizes[-1] -= int(less)
    for number, size in enumerate(sizes):
        DataUpload.objects.create(
            question=parent,
            filename=f"{number}.csv",
            content=bytes(size),
            sha256=f"{number:064}",
            reading={},
            created_at=f.NOW,
            created_by=parent.guideline.created_by,
        )
    return {"files": len(sizes), "at": timezone.now().isoformat()}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    command.__name__: command for command in (set_up, count, fill)
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
