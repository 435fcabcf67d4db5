"""What holds for every action, found by looking: audited, all or nothing, harmless when sent twice."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from itertools import count
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from etd.actions import audit
from etd.models import AuditChainHead, AuditEvent
from tests.unit.etd.action_examples import EXAMPLES
from tests.unit.etd.worlds import Panel, contents

PACKAGES = ("etd.actions", "metaanalysis.actions", "documents.actions")
# What actions are made of: the trail itself, locks, refusals.
MACHINERY = {"etd.actions.audit", "etd.actions.locks", "etd.actions.errors"}


def _modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            continue
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.iter_modules(getattr(package, "__path__", [])):
            yield importlib.import_module(f"{name}.{found.name}")


def _public_functions() -> dict[str, Callable[..., Any]]:
    return {
        f"{module.__name__}.{name}": function
        for module in _modules()
        if module.__name__ not in MACHINERY
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def _actions() -> dict[str, Callable[..., Any]]:
    """An action is a public function that says who acts: it takes `by`, as a keyword."""
    return {
        name: function
        for name, function in _public_functions().items()
        if "by" in inspect.signature(function).parameters
    }


ACTIONS = _actions()


def test_every_action_has_an_example() -> None:
    missing = sorted(set(ACTIONS) - set(EXAMPLES))
    assert missing == [], "add them to tests/unit/etd/action_examples.py"
    assert sorted(set(EXAMPLES) - set(ACTIONS)) == [], "these actions are gone"


def test_whatever_opens_a_transaction_says_who_acts() -> None:
    nameless = [
        name
        for name, function in _public_functions().items()
        if "atomic()" in inspect.getsource(function) and name not in ACTIONS
    ]
    assert nameless == []


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_takes_keywords_only(name: str) -> None:
    kinds = {p.kind for p in inspect.signature(ACTIONS[name]).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_action_leaves_an_event_on_a_whole_chain(name: str, panel: Panel) -> None:
    arguments = EXAMPLES[name](panel)
    before = AuditEvent.objects.count()
    ACTIONS[name](**arguments)
    assert AuditEvent.objects.count() > before
    event = AuditEvent.objects.latest("pk")
    assert (event.actor_id, event.actor_name) == (str(arguments["by"].pk), arguments["by"].name)
    assert [audit.verify_chain(head.chain) for head in AuditChainHead.objects.all()] == [
        [] for _ in AuditChainHead.objects.all()
    ]


def _number_of_events(action: Callable[..., Any], arguments: dict[str, Any]) -> int:
    before = AuditEvent.objects.count()
    with transaction.atomic():
        action(**arguments)
        written = AuditEvent.objects.count() - before
        transaction.set_rollback(True)
    return written


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_action_whose_event_cannot_be_written_changes_nothing(
    name: str, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of its events it is: the first, the last or one between."""
    arguments = EXAMPLES[name](panel)
    before = contents()
    save = AuditEvent.save
    for room in range(_number_of_events(ACTIONS[name], arguments)):
        written = count()

        def full(
            event: AuditEvent, *, room: int = room, written: count[int] = written, **options: Any
        ) -> None:
            if next(written) >= room:
                raise OSError("no room for the event")
            save(event, **options)

        with monkeypatch.context() as patch:
            patch.setattr(AuditEvent, "save", full)
            with pytest.raises(OSError, match="no room for the event"):
                ACTIONS[name](**arguments)
        assert contents() == before


@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if "op" in inspect.signature(ACTIONS[name]).parameters]
)
def test_the_same_request_again_changes_nothing(name: str, panel: Panel) -> None:
    arguments = EXAMPLES[name](panel) | {"op": uuid4()}
    first = ACTIONS[name](**arguments)
    before = contents()
    again = ACTIONS[name](**arguments)
    assert again == first
    assert contents() == before
    assert AuditEvent.objects.filter(op=arguments["op"]).count() == 1


@pytest.mark.parametrize(
    "name",
    [name for name in EXAMPLES if {"revision", "version"} & set(inspect.signature(ACTIONS[name]).parameters)],
)
def test_every_edit_of_a_text_can_be_repeated_safely(name: str) -> None:
    assert "op" in inspect.signature(ACTIONS[name]).parameters
