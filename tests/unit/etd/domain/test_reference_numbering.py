"""Which number each reference of a file is given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etd.domain.references import ReadReference
from etd.domain.references.numbering import Known, numbered

DOI, OTHER = "10.1056/one", "10.1056/two"


def read(*references: tuple[str, str, str]) -> list[ReadReference]:
    return [ReadReference(n, n, *one) for n, one in enumerate(references, start=1)]


def said(references: list[ReadReference], known: dict[int, Known], first: int) -> list[tuple[int, str]]:
    return [(one.number, one.same_as) for one in numbered(references, known, first)]


def test_free_numbers_in_the_order_of_the_file() -> None:
    known = {2: Known("Two", "", ""), 4: Known("Four", "", "")}
    assert said(read(("A", "", ""), ("B", "", ""), ("C", "", "")), known, 1) == [(1, ""), (3, ""), (5, "")]


def test_repeated_ones_follow_after_the_new_ones() -> None:
    known = {1: Known("Old words", DOI, "12")}
    found = said(read(("A", DOI, ""), ("B", "", ""), ("C", "", "12"), ("b!", "", "")), known, 2)
    assert found == [(3, "reference 1"), (2, ""), (4, "reference 1"), (5, "entry 2 of this file")]


def test_the_same_words_with_another_doi_are_another_work() -> None:
    known = {1: Known("Editorial. 2020.", DOI, "")}
    assert said(read(("Editorial. 2020.", OTHER, "")), known, 2) == [(2, "")]
    assert said(read(("Editorial 2020", "", "")), known, 2) == [(2, "reference 1")]


WORKS = st.tuples(st.sampled_from("ABC"), st.sampled_from(["", DOI, OTHER]), st.sampled_from(["", "1", "2"]))


@given(
    st.lists(WORKS, max_size=12),
    st.dictionaries(st.integers(1, 20), WORKS.map(lambda one: Known(*one)), max_size=6),
)
def test_every_reference_has_a_free_number_of_its_own(
    works: list[tuple[str, str, str]], known: dict[int, Known]
) -> None:
    found = numbered(read(*works), known, 3)
    numbers = [one.number for one in found]
    assert len(set(numbers)) == len(works)
    assert not set(numbers) & set(known)
    new = [one.number for one in found if not one.same_as]
    assert new == sorted(new)
    assert all(number >= 3 for number in numbers)
