"""Limits of an upload. Each is tested at the limit and one beyond it."""

MIB = 1024 * 1024

MAX_FILE_BYTES = 2 * MIB
"""Of a text table or workbook."""
MAX_REVIEW_BYTES = 10 * MIB
"""Of RevMan's .rm5 and data packages, which hold a whole review and its plots; no upload may be larger."""
MAX_BYTES_IN_WORDS = f"{MAX_FILE_BYTES // MIB} MiB ({MAX_REVIEW_BYTES // MIB} MiB for RevMan's .rm5 and .zip)"
MAX_ROWS = 5_000
"""Studies. The lines of a text may be more, as RevMan's export has lines of headings and totals."""
MAX_LINES = 4 * MAX_ROWS
MAX_COLUMNS = 64
MAX_CELL_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 200
"""Study, outcome, time point, population, subgroup."""
MAX_COUNT = 10_000_000
MAX_DECIMAL = 1_000_000_000_000
MIN_SPREAD = 1e-9
"""The smallest standard deviation or standard error; with MAX_DECIMAL it keeps every weight finite."""

MAX_PARTS = 200
MAX_DIRECTORY_ENTRIES = 5_000
"""Beyond this, the directory of a zip is not even listed."""
MAX_UNPACKED_BYTES = 10 * MIB
"""Of the parts that are read, together."""
MAX_RATIO = 200
"""Unpacked to packed size, for parts larger than RATIO_FLOOR_BYTES."""
RATIO_FLOOR_BYTES = MIB

MAX_PROBLEMS_KEPT = 50
"""Of each severity; the totals are always given."""
