"""Canonical JSON, certainty, the scale and the digest of evidence: pure functions of values."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.canonical import canonical_json, digest
from etd.domain.certainty import symbols
from etd.domain.evidence import ROLES_JUDGED_BY_TABLES, evidence_digest
from etd.domain.scale import ScaleCell, scale
from etd.enums import CertaintyLevel
from etd.frameworks import Role, all_frameworks
from etd.frameworks.schema import Criterion, Option, OptionDirection, OptionKind

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé⊕"\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé"), inner, max_size=3),
)
ROW = {"id": 1, "estimate": 1.21, "events_intervention": 190}


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


def test_canonical_json_is_this_very_text() -> None:
    value = {"b": [1, 2.5, None, True], "a": 'é ⊕ "x"\n'}
    assert canonical_json(value) == '{"a":"é ⊕ \\"x\\"\\n","b":[1,2.5,null,true]}'
    assert digest({}) == hashlib.sha256(b"{}").hexdigest()


@given(JSON)
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    assert canonical_json(reversed_keys(value)) == canonical_json(value)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_an_error(odd: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"p": odd})


def test_symbols() -> None:
    assert [symbols(level) for level in CertaintyLevel.values] == ["⊕⊕⊕⊕", "⊕⊕⊕◯", "⊕⊕◯◯", "⊕◯◯◯"]
    assert symbols("") == ""


CRITERION = Criterion(
    key="taste",
    heading="Taste",
    summary_heading="TASTE",
    prompt="How does it taste?",
    options=(
        Option("bad", "Bad", 1, OptionKind.SCALE, OptionDirection.COMPARISON),
        Option("good", "Good", 3, OptionKind.SCALE, OptionDirection.INTERVENTION),
        Option("unknown", "Don't know", 7, OptionKind.UNSURE),
    ),
)


def test_a_scale_has_seven_cells_and_marks_the_chosen() -> None:
    assert scale(CRITERION, {"good": ["", "IABP", "ECMO"]}) == (
        ScaleCell("bad", "Bad", 1, "comparison", aside=False, chosen=False),
        None,
        ScaleCell("good", "Good", 3, "intervention", aside=False, chosen=True, applies_to=("IABP", "ECMO")),
        None,
        None,
        None,
        ScaleCell("unknown", "Don't know", 7, "", aside=True, chosen=False),
    )


@pytest.mark.parametrize("framework", all_frameworks(), ids=lambda framework: framework.name)
def test_every_option_of_every_framework_can_be_marked(framework: Any) -> None:
    for criterion in framework.criteria:
        for option in criterion.options:
            chosen = [cell for cell in scale(criterion, {option.key: [""]}) if cell and cell.chosen]
            assert [(cell.key, cell.column, cell.applies_to) for cell in chosen] == [
                (option.key, option.column, ())
            ]


class TestEvidenceDigest:
    @pytest.mark.parametrize("role", ["", *Role])
    def test_the_text_moves_every_criterion(self, role: str) -> None:
        assert evidence_digest(role=role, research_evidence="A", rows=[]) != evidence_digest(
            role=role, research_evidence="B", rows=[]
        )

    @pytest.mark.parametrize("role", ["", *Role])
    def test_a_number_moves_the_criteria_judged_by_the_tables_and_no_other(self, role: str) -> None:
        before = evidence_digest(role=role, research_evidence="A", rows=[ROW])
        after = evidence_digest(role=role, research_evidence="A", rows=[ROW | {"estimate": 1.22}])
        assert (before != after) == (role in ("desirable", "undesirable", "overall_certainty", "balance"))

    def test_a_row_more_or_less_is_a_change(self) -> None:
        digests = {
            evidence_digest(role="balance", research_evidence="", rows=rows)
            for rows in ([], [ROW], [ROW, ROW | {"id": 2}])
        }
        assert len(digests) == 3

    def test_the_order_of_rows_is_not_evidence(self) -> None:
        rows = [ROW | {"id": n} for n in (9, 10, 11)]
        assert evidence_digest(role="balance", research_evidence="", rows=rows) == evidence_digest(
            role="balance", research_evidence="", rows=rows[::-1]
        )

    def test_the_roles_are_those_of_the_framework(self) -> None:
        assert set(Role) >= ROLES_JUDGED_BY_TABLES
