"""A Word file → text in the layout that `read_text` reads, with its formatting (`marks`).

The file is looked at before it is unpacked, and parsed in a child process with limits of memory and time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from documents.importing.decoding import NotText
from documents.importing.docx_worker import CPU_SECONDS, MEMORY_BYTES, MOST_ANSWER_BYTES, READY
from etd.installation.turns import READING, turn
from metaanalysis.importers.limits import MIB

MAX_BYTES = 10 * MIB
WALL_SECONDS, WAIT_SECONDS = 20.0, 20.0
_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.append(sys.argv[1]); from documents.importing.docx_worker import main; main()"
_SAVE = "Open it in Word, save it as a Word document (.docx) and import that."
_OLE = b"\xd0\xcf\x11\xe0"
_OTHER = (
    (b"%PDF", f"This is a PDF, which has lost its tables. {_SAVE[:-1]}, or copy its text into a text file."),
    (b"{\\rtf", f"This is an RTF document. {_SAVE}"),
    (b"<", f"This is HTML or XML, not a Word file. {_SAVE}"),
)


class NotWord(NotText):
    """A file that is no Word document, or one that is not read; the message says why and what to do."""


def is_docx(content: bytes) -> bool:
    """Does it look like a package that `read_docx` may read? Nothing is unpacked."""
    return content.startswith(b"PK\x03\x04") and b"word/" in content


def read_docx(content: bytes) -> str:
    """The text of a Word file: a tab before each cell, an empty line after each row, every line with its formatting.

    Raises NotWord for what is none: other files, old .doc, passwords, macros, what is damaged or too large; Busy.
    """
    _refuse_other(content)
    with turn(READING, wait_seconds=WAIT_SECONDS):
        output = _run(content)
    if not output.startswith(READY):
        raise RuntimeError("the process that reads Word files does not start")
    answer = output.removeprefix(READY)
    if not answer or len(answer) > MOST_ANSWER_BYTES:
        raise NotWord(
            "The Word file is too large or too complex to read. Delete its pictures and import it again."
        )
    found = json.loads(answer)
    if "refusal" in found:
        raise NotWord(found["refusal"])
    return str(found["text"])


def _refuse_other(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise NotWord(
            f"The file is larger than {MAX_BYTES // MIB} MiB. Make its pictures smaller and import it again."
        )
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise NotWord(
                "The Word file is protected by a password. Remove the password and import it again."
            )
        raise NotWord(f"This is an old Word file (.doc). {_SAVE}")
    for start, message in _OTHER:
        if content.lstrip()[:16].startswith(start):
            raise NotWord(message)
    if not content.startswith(b"PK\x03\x04"):
        raise NotWord(f"This is no Word file. {_SAVE}")


def _run(content: bytes) -> bytes:
    """What the child wrote; it is killed when its time is up."""
    command = [sys.executable, "-I", "-B", "-c", _START, _ROOT, str(MEMORY_BYTES), str(CPU_SECONDS)]
    with subprocess.Popen(
        command, env={}, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        alarm = threading.Timer(WALL_SECONDS, child.kill)
        alarm.start()
        try:
            try:
                child.stdin.write(content)
                child.stdin.close()
            except BrokenPipeError:
                pass
            output = child.stdout.read(len(READY) + MOST_ANSWER_BYTES + 1)
        finally:
            alarm.cancel()
            child.kill()
    return output
