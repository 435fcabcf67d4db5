"""The child process that parses what can be made to cost much: bytes on stdin, JSON on stdout, nothing else.

Started by `child_process.py` with an empty environment. It limits itself before it parses, so that a hostile file can
cost at most 512 MiB, 10 seconds of processor time and no file: ten MiB of the smallest XML elements take 3 to 4
seconds and 270 to 430 MiB, which a process of the web server must not spend.

Answers what the reader of the format gives, or `{"refusal": {"code", "text", "row", "column", "value", "sheet",
"sheets"}}`.
"""

import json
import os
import resource
import sys
from dataclasses import dataclass
from typing import Any, Literal

from metaanalysis.importers import review_worker, workbook_worker
from metaanalysis.importers.limits import MIB
from metaanalysis.importers.table import Refusal

READY = b"ready\n"
MAX_ANSWER_BYTES = 4 * MIB
BEHIND_THE_PAGES = 10
"""How nice the process is to those that answer pages."""


@dataclass(frozen=True)
class Job:
    """Which reader is wanted; `name`, `save_again` and `make_smaller` are for its messages."""

    reader: Literal["workbook", "rm5", "revman-web"]
    name: str
    save_again: str
    make_smaller: str
    sheet: str | None = None


def limit_this_process(memory_bytes: int, cpu_seconds: int) -> None:
    """No more memory, processor time, files or open descriptors than these, and pages first; cannot be undone."""
    os.nice(BEHIND_THE_PAGES)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))


def main(memory_bytes: int, cpu_seconds: int, reader: str) -> None:
    """One file: `Job as a JSON object\\n` and the bytes come on stdin."""
    limit_this_process(memory_bytes, cpu_seconds)
    if reader == "workbook":
        workbook_worker.load_parser()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), job))


def answer(data: bytes, job: Job) -> bytes:
    """The JSON for this file; whatever the parser raises becomes a refusal."""
    try:
        encoded = json.dumps(_read(data, job)).encode()
        if len(encoded) > MAX_ANSWER_BYTES:
            text = f"the {job.name} holds more than {MAX_ANSWER_BYTES // MIB} MiB of text. {job.make_smaller}"
            raise Refusal("too_much_text", text)
    except Refusal as refusal:
        return _refusal(refusal)
    except MemoryError:
        return _refusal(
            Refusal("too_complex", f"the {job.name} needs too much memory to read. {job.save_again}")
        )
    except Exception:  # noqa: BLE001, RUF100 -- a parser fed with hostile bytes may raise anything
        return _refusal(Refusal("damaged", f"the {job.name} is damaged. {job.save_again}"))
    return encoded


def _read(data: bytes, job: Job) -> dict[str, Any]:
    if job.reader == "workbook":
        return workbook_worker.read_workbook(data, job.sheet)
    return review_worker.read_review(data, job.reader)


def _refusal(refusal: Refusal) -> bytes:
    fields = {
        "code": refusal.code,
        "text": refusal.text,
        "row": refusal.row,
        "column": refusal.column,
        "value": refusal.value,
        "sheet": refusal.sheet,
        "sheets": list(refusal.sheets),
    }
    return json.dumps({"refusal": fields}).encode()
