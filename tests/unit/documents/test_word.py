"""A table as a Word file."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from unittest import mock

from documents.tables import TextRow, TextTable, plain_cell
from documents.word import to_docx

TABLE = TextTable(
    caption="Summary of findings",
    headings=("Outcome", "What happens"),
    groups=(),
    rows=(TextRow((plain_cell("Survival"), plain_cell("May change little"))),),
    footnotes=(("a", "Wide interval"),),
    notes=(),
)


def packed_in(year: int) -> bytes:
    with mock.patch("time.time", return_value=datetime(year, 3, 1, tzinfo=UTC).timestamp()):
        return to_docx(TABLE, title="Device?", subtitle="Draft", author="Panel", language="en-GB")


def test_the_same_table_is_the_same_file_at_any_time() -> None:
    import docx

    content = packed_in(2024)
    assert content == packed_in(2026)
    (table,) = docx.Document(io.BytesIO(content)).tables
    assert [cell.text for cell in table.rows[1].cells] == ["Survival", "May change little"]
