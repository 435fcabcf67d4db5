"""Files of Cochrane's RevMan: the CSV export and the .rm5 file of RevMan 5, the data package (zip) of RevMan Web.

Each format has a reader that only says what the file holds (`analyses`); `rows` turns that into study rows, so that
one set of rules decides what is a count, what is left out and what is refused.
"""

from metaanalysis.importers.revman.analyses import RevmanFile
from metaanalysis.importers.revman.data_package import is_data_package, read_data_package
from metaanalysis.importers.revman.revman5_csv import is_revman5_csv, read_revman5_csv
from metaanalysis.importers.revman.rm5 import is_rm5, read_rm5
from metaanalysis.importers.revman.rows import layout_of, study_rows

__all__ = [
    "RevmanFile",
    "is_data_package",
    "is_revman5_csv",
    "is_rm5",
    "layout_of",
    "read_data_package",
    "read_revman5_csv",
    "read_rm5",
    "study_rows",
]
