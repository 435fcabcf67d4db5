"""A guideline's own version of a framework: what it may change, and what it is told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.frameworks import FrameworkError, OptionKind, all_frameworks
from etd.frameworks.overlay import Changes, OwnCriterion, apply, places

BASE = next(framework for framework in all_frameworks() if len(framework.criteria) == 12)
FIRST, SECOND, LAST = BASE.criteria[0], BASE.criteria[1], BASE.criteria[-1]
OWN = OwnCriterion(
    key="own_planet",
    heading="Planet",
    prompt="How large is the carbon footprint?",
    scale=("Large", "Small"),
    unsure=("Varies",),
    after=FIRST.key,
)


def made(**changes: object) -> object:
    return apply(BASE, Changes(**changes), title="Ours", version=3)  # type: ignore[arg-type]


def test_without_changes_only_title_and_version_are_its_own() -> None:
    assert made() == replace(BASE, title="Ours", version=3)


def test_a_hidden_criterion_and_a_hidden_section_are_gone_and_the_rest_stays_in_order() -> None:
    section = next(s for s in BASE.sections if not s.holds_statements)
    framework = apply(
        BASE,
        Changes(hidden_criteria=frozenset({SECOND.key}), hidden_sections=frozenset({section.key})),
        title="Ours",
        version=1,
    )
    assert [c.key for c in framework.criteria] == [c.key for c in BASE.criteria if c is not SECOND]
    assert [s.key for s in framework.sections] == [s.key for s in BASE.sections if s is not section]


def test_an_own_criterion_follows_the_one_it_names() -> None:
    framework = apply(BASE, Changes(own_criteria=(OWN,)), title="Ours", version=1)
    criterion = framework.criteria[1]
    assert (criterion.key, criterion.summary_heading) == ("own_planet", "PLANET")
    assert [(o.label, o.column, o.kind) for o in criterion.options] == [
        ("Large", 1, OptionKind.SCALE),
        ("Small", 2, OptionKind.SCALE),
        ("Varies", 6, OptionKind.UNSURE),
    ]
    assert framework.criteria[2:] == BASE.criteria[1:]


def test_an_own_criterion_without_a_place_comes_first_and_one_after_a_hidden_criterion_keeps_its_place() -> (
    None
):
    alone = apply(BASE, Changes(own_criteria=(replace(OWN, after=""),)), title="Ours", version=1)
    assert alone.criteria[0].key == OWN.key
    after_hidden = Changes(
        hidden_criteria=frozenset({SECOND.key}), own_criteria=(replace(OWN, after=SECOND.key),)
    )
    assert [c.key for c in apply(BASE, after_hidden, title="Ours", version=1).criteria[:2]] == [
        FIRST.key,
        OWN.key,
    ]


def test_words_change_and_keys_do_not() -> None:
    option, kind, section = SECOND.options[0], BASE.recommendation_types[0], BASE.sections[0]
    framework = apply(
        BASE,
        Changes(
            words={
                f"criterion/{SECOND.key}/heading": "Benefits",
                f"criterion/{SECOND.key}/prompt": "How good is it?",
                f"criterion/{SECOND.key}/{option.key}": "Hardly any",
                f"type/{kind.key}": "Do not",
                f"section/{section.key}": "What we say",
            }
        ),
        title="Ours",
        version=1,
    )
    changed = framework.criteria[1]
    assert (changed.key, changed.heading, changed.summary_heading) == (SECOND.key, "Benefits", "BENEFITS")
    assert (changed.prompt, changed.options[0].label) == ("How good is it?", "Hardly any")
    assert changed.options[0].key == option.key
    assert framework.recommendation_types[0] == replace(kind, label="Do not")
    assert framework.sections[0] == replace(section, heading="What we say")
    assert framework.criteria[0] == FIRST


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (Changes(hidden_criteria=frozenset({"price"})), "no criterion “price”"),
        (Changes(hidden_criteria=frozenset(c.key for c in BASE.criteria)), "All criteria are hidden"),
        (Changes(hidden_sections=frozenset({"price"})), "no section “price”"),
        (
            Changes(hidden_sections=frozenset({BASE.statements_section.key})),
            "holds the recommendation and cannot be hidden",
        ),
        (Changes(words={"criterion/price/heading": "Price"}), "no words at “criterion/price/heading”"),
        (Changes(words={f"criterion/{FIRST.key}/heading": " "}), f"in place of “{FIRST.heading}” are empty"),
        (
            Changes(words={f"criterion/{FIRST.key}/heading": SECOND.heading.upper()}),
            "two criteria are headed",
        ),
        (
            Changes(words={f"criterion/{FIRST.key}/{FIRST.options[0].key}": FIRST.options[1].label}),
            f"two options of “{FIRST.heading}” read “{FIRST.options[1].label}”",
        ),
        (
            Changes(words={f"type/{BASE.recommendation_types[0].key}": BASE.recommendation_types[1].label}),
            "two types of recommendation read",
        ),
        (Changes(words={f"section/{BASE.sections[0].key}": BASE.sections[1].heading}), "two sections"),
        (Changes(own_criteria=(replace(OWN, key="planet"),)), "must begin with own_"),
        (Changes(own_criteria=(OWN, replace(OWN, heading="Other"))), "Two own criteria have the key"),
        (Changes(own_criteria=(replace(OWN, heading=" "),)), "needs a heading and a question"),
        (Changes(own_criteria=(replace(OWN, prompt=""),)), "“Planet” needs a heading and a question"),
        (Changes(own_criteria=(replace(OWN, scale=("Yes",)),)), "options on its scale, not 1."),
        (Changes(own_criteria=(replace(OWN, scale=tuple("abcdef")),)), "options on its scale, not 6."),
        (Changes(own_criteria=(replace(OWN, unsure=tuple("xyz")),)), "more than two options beside"),
        (Changes(own_criteria=(replace(OWN, after="price"),)), "to follow “price”"),
        (Changes(own_criteria=(replace(OWN, scale=("Yes", "yes ")),)), "two options of “Planet” read “Yes”"),
        (Changes(own_criteria=(replace(OWN, scale=("Yes", " ")),)), "A label is empty"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(changes: Changes, words: str) -> None:
    with pytest.raises(FrameworkError, match=re.escape(words)):
        apply(BASE, changes, title="Ours", version=1)


@given(
    st.frozensets(st.sampled_from([c.key for c in BASE.criteria])),
    st.dictionaries(st.sampled_from(sorted(places(BASE))), st.text(min_size=1, max_size=20)),
    st.lists(st.text(min_size=1, max_size=10), min_size=2, max_size=5).map(tuple),
)
def test_changes_are_stored_whole_and_either_apply_or_are_refused(
    hidden: frozenset[str], words: dict[str, str], scale: tuple[str, ...]
) -> None:
    changes = Changes(
        hidden_criteria=hidden, words=words, own_criteria=(replace(OWN, scale=scale, after=LAST.key),)
    )
    assert Changes.from_json(changes.to_json()) == changes
    try:
        framework = apply(BASE, changes, title="Ours", version=2)
    except FrameworkError:
        return
    kept = [c.key for c in BASE.criteria if c.key not in hidden]
    assert sorted([*kept, OWN.key]) == sorted(c.key for c in framework.criteria)
