"""What was read of a source is kept as one text and read back from it, letter for letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etd.domain.source_content import SourceContent, SourceCriterion, from_text

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
CRITERIA = st.builds(
    SourceCriterion,
    options=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    labels=st.lists(TEXT, max_size=3).map(tuple),
    research_evidence=TEXT,
    additional_considerations=TEXT,
)
CONTENTS = st.builds(
    SourceContent,
    criteria=st.dictionaries(TEXT, CRITERIA, max_size=3),
    statements=st.lists(TEXT, max_size=3).map(tuple),
    type_key=TEXT,
    type_label=TEXT,
)


@given(CONTENTS)
def test_what_is_kept_is_what_was_read(content: SourceContent) -> None:
    assert from_text(content.to_text()) == content
