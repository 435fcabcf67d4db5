"""Limits of an upload. Each is tested at the limit and one beyond it."""

MIB = 1024 * 1024

MAX_FILE_BYTES = 2 * MIB
MAX_ROWS = 5_000
MAX_COLUMNS = 64
MAX_CELL_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 200
"""Study, outcome, time point, population, subgroup."""
MAX_COUNT = 10_000_000
MAX_DECIMAL = 1_000_000_000_000
MIN_SPREAD = 1e-9
"""The smallest standard deviation or standard error; with MAX_DECIMAL it keeps every weight finite."""

MAX_PARTS = 200
MAX_UNPACKED_BYTES = 10 * MIB
MAX_RATIO = 200
"""Unpacked to packed size, for parts larger than RATIO_FLOOR_BYTES."""
RATIO_FLOOR_BYTES = MIB

MAX_PROBLEMS_KEPT = 50
"""Of each severity; the totals are always given."""
