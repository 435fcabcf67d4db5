"""The alias tables: every label they explain is one of a framework, and no word means two things of one kind."""

from __future__ import annotations

import tomllib
from dataclasses import astuple

from documents.importing.labels import FOLDER, REFERENCES, Labels, aliases, same
from etd.frameworks import Framework, all_frameworks

TABLES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.toml")}


def labels_of(framework: Framework) -> set[str]:
    labels = [*astuple(framework.headings), REFERENCES]
    labels += [field.heading for field in framework.question_fields]
    labels += [kind.label for kind in framework.recommendation_types]
    labels += [section.heading for section in framework.sections]
    for criterion in framework.criteria:
        labels += [criterion.heading, *(option.label for option in criterion.options)]
    return {same(label) for label in labels}


def test_every_alias_stands_for_a_label_of_a_framework() -> None:
    known = set().union(*(labels_of(framework) for framework in all_frameworks()))
    said = {same(entry["is"]) for table in TABLES.values() for entry in table.get("label", ())}
    assert said - known == set()
    assert len(said) > 30


def test_no_alias_is_the_label_of_something_else_of_its_kind() -> None:
    """An alias that is also a framework's own word would change what documents say."""
    for framework in all_frameworks():
        for criterion in framework.criteria:
            options = Labels([(option.label, option.key) for option in criterion.options])
            for option in criterion.options:
                assert options.find(option.label) == option.key
        headings = Labels([(criterion.heading, criterion.key) for criterion in framework.criteria])
        for criterion in framework.criteria:
            assert headings.find(criterion.heading) == criterion.key


def test_other_languages_await_a_check() -> None:
    assert {name: table.get("awaits_check", False) for name, table in TABLES.items()} == {
        "en": False,
        "de": True,
        "es": True,
        "fr": True,
    }
    assert all(table["language"] == name for name, table in TABLES.items())


def test_an_alias_means_one_option_of_a_criterion() -> None:
    for framework in all_frameworks():
        for criterion in framework.criteria:
            own = {same(option.label) for option in criterion.options}
            twice = {
                other: set(meant) & own
                for other, meant in aliases().labels.items()
                if len(set(meant) & own) > 1
            }
            assert twice == {}


def test_labels_are_compared_without_capitals_hyphens_and_marks() -> None:
    labels = Labels([("Cost effectiveness", 1), ("Don't know", 2), ("Favors the comparison", 3)])
    found = [
        labels.find(text)
        for text in ("COST-EFFECTIVENESS:", "Don’t  know", "Favours the comparison.", "Cost", "")
    ]
    assert found == [1, 2, 3, None, None]
    assert labels.find("Cost effectiveness " + "x" * 1000) is None
