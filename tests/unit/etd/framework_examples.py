"""Working examples of the actions of frameworks, for `action_examples`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from etd.frameworks.mapping import proposed
from etd.frameworks.overlay import Changes
from tests import factories as f
from tests.unit.etd.worlds import PLAIN, Panel


def create_own_framework(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "title": "Short form",
        "base_key": f.FRAMEWORK.key,
        "base_version": f.FRAMEWORK.version,
        "changes": Changes(hidden_criteria=frozenset({PLAIN.key})),
        "by": panel.chair,
    }


def move_question(panel: Panel) -> dict[str, Any]:
    own = f.own_framework(guideline=panel.guideline)
    question = panel.question()
    return {
        "question": question,
        "framework_key": own.base_key,
        "framework_version": own.base_version,
        "own_framework": own,
        "mapping": proposed(question.framework, own.framework),
        "by": panel.chair,
    }


EXAMPLES: dict[str, Callable[[Panel], dict[str, Any]]] = {
    "etd.actions.frameworks.create_own_framework": create_own_framework,
    "etd.actions.frameworks.move_question": move_question,
}
