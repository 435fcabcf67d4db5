"""Reads a RevMan file in the child process (`child_main`): an .rm5 or a data package → study rows.

Gives `{"rows": [fields of a StudyRow that are not its defaults, …], "problems": [fields of a Problem, …],
"counts": {"error", "warning"}, "notices": [text, …]}`; `rows` is empty if there is an error.
"""

from dataclasses import asdict, fields
from typing import Any, Literal

from metaanalysis.importers.revman import read_data_package, read_rm5, study_rows
from metaanalysis.importers.table import ProblemLog, StudyRow


def read_review(data: bytes, file_format: Literal["rm5", "revman-web"]) -> dict[str, Any]:
    """Raises Refusal, and whatever a parser fed with hostile bytes may raise."""
    log = ProblemLog()
    rows = study_rows(read_rm5(data, log) if file_format == "rm5" else read_data_package(data, log), log)
    return {
        "rows": [] if log.has_errors else [_said(row) for row in rows],
        "problems": [asdict(problem) for problem in log.problems],
        "counts": log.counts,
        "notices": log.notices,
    }


def _said(row: StudyRow) -> dict[str, Any]:
    """Most fields of a row are not used by its kind; a large review would not fit the answer with them."""
    return {
        field.name: value
        for field in fields(row)
        if field.name != "extra" and (value := getattr(row, field.name)) != field.default
    }
