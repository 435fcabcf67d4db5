"""The list of rules that are switched off in turn: each still stands where it is looked for."""

from __future__ import annotations

from tests.reliability.mutants import all_mutants


def test_every_rule_stands_in_its_module_once() -> None:
    times = {one.name: one.file.read_text(encoding="utf-8").count(one.old) for one in all_mutants()}
    assert len(times) > 40
    assert [name for name, n in times.items() if n != 1] == []
