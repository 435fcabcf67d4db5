"""The child process that parses Word files: bytes on stdin, `{"text"}` or `{"refusal"}` as JSON on stdout.

It limits itself before it parses, so that a hostile file can cost no more than that.
"""

from __future__ import annotations

import json
import sys

from metaanalysis.importers.child_main import limit_this_process
from metaanalysis.importers.limits import MIB
from metaanalysis.importers.table import Refusal

READY = b"ready\n"
MEMORY_BYTES, CPU_SECONDS = 512 * MIB, 10
MOST_ANSWER_BYTES = 8 * MIB


def main() -> None:
    limit_this_process(int(sys.argv[2]), int(sys.argv[3]))
    from documents.importing.docx_package import open_package  # noqa: PLC0415, RUF100 -- once it is limited
    from documents.importing.docx_text import text_of  # noqa: PLC0415, RUF100 -- once it is limited

    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    content = sys.stdin.buffer.read()
    try:
        answer = {"text": text_of(open_package(content))}
    except Refusal as refusal:
        answer = {"refusal": f"{str(refusal.text)[:1].upper()}{str(refusal.text)[1:]}"}
    except MemoryError:
        answer = {
            "refusal": "The Word file needs too much memory to read. Delete its pictures and import it again."
        }
    except Exception:  # noqa: BLE001, RUF100 -- a parser fed with hostile bytes may raise anything
        answer = {"refusal": "The Word file is damaged. Open it in Word, save it again and import that."}
    sys.stdout.buffer.write(json.dumps(answer).encode())
