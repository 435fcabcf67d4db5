"""Study tables in and out: bytes → ParsedTable → pandas, CSV, XLSX. No Django here."""

from metaanalysis.importers.checks import check_against_earlier
from metaanalysis.importers.exports import template_csv, template_xlsx, to_frame, write_csv, write_xlsx
from metaanalysis.importers.file_type import clean_filename
from metaanalysis.importers.read import read_table
from metaanalysis.importers.table import ParsedTable, Problem, ProblemLog, StudyRow

__all__ = [
    "ParsedTable",
    "Problem",
    "ProblemLog",
    "StudyRow",
    "check_against_earlier",
    "clean_filename",
    "read_table",
    "template_csv",
    "template_xlsx",
    "to_frame",
    "write_csv",
    "write_xlsx",
]
