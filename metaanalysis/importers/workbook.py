"""XLSX: bytes → rows of cells, through the check of the package and a limited child process."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaanalysis.importers.cells import EMPTY, Cell, CellKind, Row
from metaanalysis.importers.exports import unguarded
from metaanalysis.importers.limits import MIB
from metaanalysis.importers.table import ProblemLog, Refusal
from metaanalysis.importers.workbook_archive import check_archive
from metaanalysis.importers.workbook_worker import MAX_ANSWER_BYTES, READY

_PROJECT_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; sys.path.append(sys.argv[1]); from metaanalysis.importers.workbook_worker import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]))"
)
_AT_ONCE = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class WorkerLimits:
    """Of one child process; `wait_seconds` is how long an upload waits for its turn."""

    memory_bytes: int = 512 * MIB
    cpu_seconds: int = 10
    wall_seconds: float = 20
    wait_seconds: float = 45


@dataclass(frozen=True)
class WorkbookTable:
    """`first_column` is 0 if the table starts in column A; all rows have the same width."""

    rows: tuple[Row, ...]
    sheet: str
    sheets: tuple[str, ...]
    first_column: int


class WorkbookReaderUnavailable(RuntimeError):
    """The child process cannot start here: a fault of the installation, not of the file."""


def read_workbook_table(data: bytes, sheet: str | None, log: ProblemLog) -> WorkbookTable:
    """The cells of one sheet. Raises Refusal, WorkbookReaderUnavailable."""
    check_archive(data)
    found = run_worker(data, sheet)
    log.sheet = found["sheet"]
    if found["merged"]:
        ranges = ", ".join(found["merged"])
        raise Refusal(
            "merged_cells", f"there are merged cells in {ranges}. Unmerge them and fill every cell."
        )
    _warn_hidden(found, log)
    numbers = [cell[0] for _, cells in found["rows"] for cell in cells]
    first, last = min(numbers, default=1), max(numbers, default=1)
    rows = tuple(Row(number, _padded(cells, first, last)) for number, cells in found["rows"])
    return WorkbookTable(rows, found["sheet"], tuple(found["sheets"]), first - 1)


def run_worker(data: bytes, sheet: str | None, limits: WorkerLimits = WorkerLimits()) -> dict[str, Any]:
    """The child's answer. Raises Refusal for what the child refuses and for what it did not survive."""
    if not _AT_ONCE.acquire(timeout=limits.wait_seconds):
        text = "the server is busy reading other workbooks. Upload the file again in a minute."
        raise Refusal("busy", text)
    try:
        output = _run(data, sheet, limits)
    finally:
        _AT_ONCE.release()
    if not output.startswith(READY):
        raise WorkbookReaderUnavailable("the process that reads workbooks does not start")
    answer = output.removeprefix(READY)
    if not answer or len(answer) > MAX_ANSWER_BYTES:
        text = "the workbook is too complex to read within the limits. Keep only the sheet with the table."
        raise Refusal("too_complex", text)
    found: dict[str, Any] = json.loads(answer)
    if "refusal" in found:
        refusal = found["refusal"]
        raise Refusal(
            refusal["code"],
            refusal["text"],
            row=refusal["row"],
            column=refusal["column"],
            sheet=refusal["sheet"],
            value=refusal["value"],
            sheets=tuple(refusal["sheets"]),
        )
    return found


def _run(data: bytes, sheet: str | None, limits: WorkerLimits) -> bytes:
    """What the child wrote, at most READY and the largest answer and one byte; killed when its time is up."""
    command = [sys.executable, "-I", "-B", "-c", _START, _PROJECT_ROOT]
    command += [str(limits.memory_bytes), str(limits.cpu_seconds)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={}, cwd="/", **streams) as child:  # type: ignore[call-overload]
        alarm = threading.Timer(limits.wall_seconds, child.kill)
        alarm.start()
        try:
            try:
                child.stdin.write(json.dumps(sheet).encode() + b"\n" + data)
                child.stdin.close()
            except BrokenPipeError:
                pass
            output: bytes = child.stdout.read(len(READY) + MAX_ANSWER_BYTES + 1)
        finally:
            alarm.cancel()
            child.kill()
    return output


def _warn_hidden(found: dict[str, Any], log: ProblemLog) -> None:
    hidden = [
        (found["hidden_rows"], "hidden_rows", "hidden row", "read too"),
        (found["hidden_columns"], "hidden_columns", "hidden column", "read too"),
        (len(found["unread_hidden_sheets"]), "hidden_sheets", "hidden sheet", "not read"),
    ]
    for count, code, name, fate in hidden:
        if count:
            plural = f"{count} {name}s are" if count > 1 else f"1 {name} is"
            log.warning(code, f"{plural} {fate}. Check that this is what you want.")


def _padded(cells: list[list[Any]], first: int, last: int) -> tuple[Cell, ...]:
    row = [EMPTY] * (last - first + 1)
    for column, kind, text, number_format in cells:
        plain = unguarded(text) if kind == CellKind.TEXT else text
        row[column - first] = Cell(plain, CellKind(kind), number_format)
    return tuple(row)
