"""From one framework to another: what is proposed, and what has no place."""

from __future__ import annotations

from itertools import product

import pytest

from etd.frameworks import Framework, UnknownKey, all_frameworks
from etd.frameworks.mapping import placed, proposed
from etd.frameworks.overlay import Changes, OwnCriterion, apply

PAIRS = list(product(all_frameworks(), repeat=2))
BASE = next(framework for framework in all_frameworks() if len(framework.criteria) == 12)


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda framework: framework.name)
def test_a_proposal_names_every_criterion_once_and_no_target_twice(
    source: Framework, target: Framework
) -> None:
    mapping = proposed(source, target)
    assert set(mapping) == {criterion.key for criterion in source.criteria}
    targets = [key for key in mapping.values() if key]
    assert len(targets) == len(set(targets))
    assert set(targets) <= {criterion.key for criterion in target.criteria}
    for criterion in source.criteria:
        if criterion.key in {c.key for c in target.criteria}:
            assert mapping[criterion.key] == criterion.key
    same = {c.role for c in source.criteria if c.role} & {c.role for c in target.criteria if c.role}
    assert same <= {target.criterion(key).role for key in targets}


def test_to_the_same_framework_everything_has_its_place() -> None:
    assert all(one.target == one.criterion for one in placed(BASE, BASE, proposed(BASE, BASE)))
    assert not any(one.without_place for one in placed(BASE, BASE, proposed(BASE, BASE)))


def test_what_the_target_does_not_have_is_named() -> None:
    gone, changed = BASE.criteria[0], BASE.criteria[-1]
    own = OwnCriterion(key="own_one", heading="One", prompt="One?", scale=("A", "B"))
    target = apply(
        BASE,
        Changes(hidden_criteria=frozenset({gone.key, changed.key}), own_criteria=(own,)),
        title="Ours",
        version=1,
    )
    mapping = proposed(BASE, target) | {changed.key: "own_one"}
    by_key = {one.criterion.key: one for one in placed(BASE, target, mapping)}
    assert (by_key[gone.key].target, by_key[gone.key].without_place) == (None, gone.options)
    assert by_key[changed.key].target == target.criterion("own_one")
    assert by_key[changed.key].without_place == changed.options


@pytest.mark.parametrize("mapping", [{"price": BASE.criteria[0].key}, {BASE.criteria[0].key: "price"}])
def test_an_unknown_key_is_refused(mapping: dict[str, str]) -> None:
    with pytest.raises(UnknownKey, match="no criterion 'price'"):
        placed(BASE, BASE, mapping)
