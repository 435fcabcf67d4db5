"""Runs the child process that parses workbooks and reviews, within limits of memory and time."""

import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from etd.installation.turns import READING, turn
from metaanalysis.importers.child_main import MAX_ANSWER_BYTES, READY, Job
from metaanalysis.importers.limits import MIB
from metaanalysis.importers.table import Refusal

_PROJECT_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; sys.path.append(sys.argv[1]); from metaanalysis.importers.child_main import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])"
)


@dataclass(frozen=True)
class WorkerLimits:
    """Of one child process; `wait_seconds` is how long an upload waits for its turn."""

    memory_bytes: int = 512 * MIB
    cpu_seconds: int = 10
    wall_seconds: float = 20
    wait_seconds: float = 20


class ReaderUnavailable(RuntimeError):
    """The child process cannot start here: a fault of the installation, not of the file."""


def run_worker(data: bytes, job: Job, limits: WorkerLimits = WorkerLimits()) -> dict[str, Any]:
    """The child's answer. Raises Refusal for what the child refuses and for what it did not survive; Busy."""
    with turn(READING, wait_seconds=limits.wait_seconds):
        output = _run(data, job, limits)
    if not output.startswith(READY):
        raise ReaderUnavailable("the process that reads files does not start")
    answer = output.removeprefix(READY)
    if not answer or len(answer) > MAX_ANSWER_BYTES:
        text = f"the {job.name} is too complex to read within the limits. {job.make_smaller}"
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


def _run(data: bytes, job: Job, limits: WorkerLimits) -> bytes:
    """What the child wrote, at most READY and the largest answer and one byte; killed when its time is up."""
    command = [sys.executable, "-I", "-B", "-c", _START, _PROJECT_ROOT]
    command += [str(limits.memory_bytes), str(limits.cpu_seconds), job.reader]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={}, cwd="/", **streams) as child:  # type: ignore[call-overload]
        alarm = threading.Timer(limits.wall_seconds, child.kill)
        alarm.start()
        try:
            try:
                child.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
                child.stdin.write(data)
                child.stdin.close()
            except BrokenPipeError:
                pass
            output: bytes = child.stdout.read(len(READY) + MAX_ANSWER_BYTES + 1)
        finally:
            alarm.cancel()
            child.kill()
    return output
