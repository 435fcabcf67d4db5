"""Lines of a forest plot's table that are no studies, as they come with a table copied from RevMan."""

import re

_LINES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"subtotal\b.*\(.*%\s*(CI|CrI|confidence)", re.IGNORECASE),
        "this is the pooled result of a subgroup, not a study.",
    ),
    (
        re.compile(r"total\b.*\(.*%\s*(CI|CrI|confidence)", re.IGNORECASE),
        "this is the pooled result, not a study.",
    ),
    (re.compile(r"total events\b", re.IGNORECASE), "this is the sum of the events, not a study."),
    (
        re.compile(r"heterogeneity\s*(:|$|not applicable)", re.IGNORECASE),
        "this is the line of heterogeneity statistics, not a study.",
    ),
    (
        re.compile(r"test for overall effect", re.IGNORECASE),
        "this is the test of the pooled result, not a study.",
    ),
    (
        re.compile(r"tests? for subgroup differences", re.IGNORECASE),
        "this is the test for subgroup differences, not a study.",
    ),
)


def what_instead(name: str) -> str:
    """What a line is that stands in the place of a study, as a sentence; "" for a study."""
    return next((sentence for pattern, sentence in _LINES if pattern.match(name)), "")
