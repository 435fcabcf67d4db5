"""Published versions under later edits: `python -m tests.reliability.later_edits --edits N`.

T5: the JSON, the PDF and their hashes of every version stay letter for letter what they were, whatever is done to the
question afterwards. Its control changes one byte behind the triggers.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 -- after the set-up

from documents.pdf import render_pdf  # noqa: E402
from etd.actions.verification import verify_guideline  # noqa: E402
from etd.models import PublishedVersion, Question  # noqa: E402
from tests.unit.etd.test_append_only import drop_triggers  # noqa: E402
from tests.unit.etd.test_publication import Editor, in_review, publish  # noqa: E402
from tests.unit.etd.worlds import Panel, panel_of  # noqa: E402

Row = dict[str, Any]


def published(panel: Panel) -> Question:
    """A question whose first version has a real PDF; those after it have a stand-in, as one takes seconds."""
    question = in_review(panel, panel.chair, panel.staff)
    publish(question, panel.staff, render=render_pdf)
    return question


def rows(known: set[int]) -> dict[int, Row]:
    """Every column of the versions but those that are known."""
    found = PublishedVersion.objects.exclude(pk__in=known).values()
    return {row["id"]: dict(row) | {"pdf": bytes(row["pdf"])} for row in found}


def changed(stored: dict[int, Row]) -> list[str]:
    """What is not as it was stored, or does not fit its own hash."""
    now = rows(set())
    wrong = [f"version {pk} is another" for pk, row in stored.items() if now.get(pk) != row]
    for row in now.values():
        if hashlib.sha256(row["document"].encode()).hexdigest() != row["document_sha256"]:
            wrong.append(f"the JSON of {row['id']} has another hash")
        if hashlib.sha256(row["pdf"]).hexdigest() != row["pdf_sha256"]:
            wrong.append(f"the PDF of {row['id']} has another hash")
    return wrong


def control(stored: dict[int, Row]) -> int:
    """One byte of one PDF is changed, with the triggers gone; how much is found."""
    pk, row = next(iter(stored.items()))
    drop_triggers(connection, PublishedVersion._meta.db_table)
    pdf = bytearray(row["pdf"])
    pdf[len(pdf) // 2] ^= 1
    PublishedVersion.objects.filter(pk=pk).update(pdf=bytes(pdf))
    return len(changed(stored))


def main(edits: int) -> dict[str, Any]:
    panel = panel_of()
    seed = random.SystemRandom().randrange(10**6)
    editor = Editor(published(panel), panel, seed)
    stored = rows(set())
    first = next(iter(stored.values()))
    tried = 0
    while editor.n_done < edits and tried < 10 * edits:
        editor.edit()
        tried += 1
        stored |= rows(set(stored))
    return {
        "seed": seed,
        "edits": editor.n_done,
        "tried": tried,
        "versions": len(stored),
        "bytes_of_the_first_pdf": len(first["pdf"]),
        "changed": changed(stored),
        "faults": [str(fault) for fault in verify_guideline(panel.guideline)],
        "control_found": control(stored),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[sys.argv.index("--edits") + 1]))))
