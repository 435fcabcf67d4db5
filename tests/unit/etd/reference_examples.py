"""Working examples of the actions on references, for `action_examples`."""

from __future__ import annotations

from typing import Any

from etd.actions.references import NewReference
from tests import factories as f
from tests.unit.etd.worlds import Panel


def edit_reference(panel: Panel) -> dict[str, Any]:
    return {
        "reference": f.reference(question=panel.question(), number=1, citation="Thiele 2023"),
        "citation": "Thiele H. Extracorporeal life support. N Engl J Med. 2023;389(14):1286-1297.",
        "doi": "https://doi.org/10.1056/NEJMoa2307227",
        "pmid": "37634145",
        "revision": 1,
        "by": panel.methodologist,
    }


def remove_reference(panel: Panel) -> dict[str, Any]:
    return {
        "reference": f.reference(question=panel.question(), number=1, citation="Thiele 2023"),
        "cited_at": lambda question: {2: ["Equity – research evidence"]},
        "by": panel.methodologist,
    }


def import_references(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "references": [
            NewReference(1, "Thiele 2023", doi="10.1056/NEJMoa2307227"),
            NewReference(2, "Møller 2024", pmid="38587239"),
        ],
        "by": panel.methodologist,
    }


EXAMPLES = {
    "etd.actions.references.edit_reference": edit_reference,
    "etd.actions.references.remove_reference": remove_reference,
    "etd.actions.references.import_references": import_references,
}
