"""RevMan's .rm5 and data packages: bytes → study rows, through a limited child process."""

from typing import Literal

from metaanalysis.importers.child_main import Job
from metaanalysis.importers.child_process import run_worker
from metaanalysis.importers.table import Problem, ProblemLog, StudyRow

_EXPORT_LESS = "Export one comparison at a time from RevMan."
_NAMES = {"rm5": "RevMan file", "revman-web": "data package"}
_SAVE_AGAIN = {
    "rm5": "Open the review in RevMan, save it as .rm5 and upload that.",
    "revman-web": "Export the data package from RevMan again and upload it unchanged.",
}


def read_review_rows(
    data: bytes, file_format: Literal["rm5", "revman-web"], log: ProblemLog
) -> list[StudyRow]:
    """Every study of every analysis, none if there are errors. Raises Refusal, ReaderUnavailable."""
    found = run_worker(data, review_job(file_format))
    log.problems += [Problem(**fields) for fields in found["problems"]]
    log.counts["error"] += found["counts"]["error"]
    log.counts["warning"] += found["counts"]["warning"]
    log.notices += found["notices"]
    return [StudyRow(**fields) for fields in found["rows"]]


def review_job(file_format: Literal["rm5", "revman-web"]) -> Job:
    return Job(file_format, _NAMES[file_format], _SAVE_AGAIN[file_format], _EXPORT_LESS)
