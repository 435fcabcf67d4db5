"""What awaits a methodologist's check is marked in the files and listed in the docs."""

from __future__ import annotations

from pathlib import Path

from etd.frameworks import DATA, all_frameworks, get_framework
from etd.frameworks.awaiting import awaiting_check, table

DOCS = Path(__file__).parents[3] / "docs" / "frameworks-awaiting-check.md"


def test_the_docs_list_what_the_files_mark() -> None:
    """To write it anew: `python -m tests.unit.frameworks.test_awaiting`."""
    assert table(all_frameworks()) in DOCS.read_text(encoding="utf-8")


def test_every_mark_is_listed() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DATA.glob("*.toml"))
    marks = text.count("awaits_check = true")
    prompts = sum(len(one.help_awaits_check) for framework in all_frameworks() for one in framework.criteria)
    assert sum(len(awaiting_check(framework)) for framework in all_frameworks()) == marks + prompts


def test_a_place_is_told_in_words() -> None:
    found = awaiting_check(get_framework("grade_coverage", 1))
    assert found[0] == ("criteria", "which there are, and their order")
    assert ("headings", "TYPE OF DECISION") in found
    assert ("prompt of Resources required", "How large are the resource requirements (costs)?") in found
    assert ("help of Feasibility", "Is the intervention sustainable?") in found
    assert ("type", "Cover with evidence development") in found
    assert ("section", "Decision") in found
    of_tests = awaiting_check(get_framework("grade_test_population", 1))
    assert ("option of Balance of effects", "Favors the test") in of_tests
    assert any(place == "criterion" and words.startswith("Test accuracy: Very") for place, words in of_tests)


if __name__ == "__main__":
    before = DOCS.read_text(encoding="utf-8").partition("| framework |")[0]
    DOCS.write_text(f"{before}{table(all_frameworks())}\n", encoding="utf-8")
