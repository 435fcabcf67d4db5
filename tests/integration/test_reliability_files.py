"""Files sent to a running server, with small numbers, beside the control that must be caught."""

from __future__ import annotations

from tests.reliability import uploads
from tests.reliability.panel import Result
from tests.server import ExampleDatabase


def missed(results: list[Result]) -> list[Result]:
    return [result for result in results if not result.passed]


def test_bad_files_and_odd_requests_do_no_harm(example_database: ExampleDatabase) -> None:
    (result,) = uploads.u1_bad_files(example_database, every=40, most_seconds=None)
    assert missed([result]) == []
    assert result.figures["files"] >= 5


def test_an_application_that_trusts_files_is_caught(example_database: ExampleDatabase) -> None:
    (result,) = uploads.u1_control_trusting(example_database, every=40)
    assert missed([result]) == []
    assert result.is_control
