"""Lines of a Word file that are told by the style of their paragraph, wherever they stand: our own, and what stands
beside a document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from documents.importing.account import Account
from documents.importing.fragments import Fragment
from documents.importing.grades import read_certainty_line
from documents.importing.marks import marked_line, plain_of
from documents.importing.roles import BESIDE, Role

_BETTER = {Role.HIGHER: "higher", Role.LOWER: "lower"}
_ARMS = (Role.INTERVENTION, Role.COMPARISON)
_TAKEN = {
    Role.AGAIN: "Printed by OpenEtD around the document",
    Role.INTERVENTION: "Question: name of the intervention in tables",
    Role.COMPARISON: "Question: name of the comparison in tables",
    Role.HIGHER: "Which way is better",
    Role.LOWER: "Which way is better",
    Role.CERTAINTY: "Certainty of the outcome's evidence",
}
_DOI = re.compile(r"(.*\S) doi:(10\.\S+)", re.S)
_PMID = re.compile(r"(.*\S) PMID: (\d+)", re.S)


class OwnLines:
    """`others` are the fragments without these lines: where one stood nothing is printed."""

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        self.has_formatting = any(fragment.marked for fragment in fragments)
        self._fragments = fragments
        self.others = tuple(
            replace(fragment, text="", begins_cell=False, marked="", role=Role.NONE)
            if fragment.role in _TAKEN or fragment.role in BESIDE
            else fragment
            for fragment in fragments
        )

    def settle(self, account: Account) -> None:
        for fragment in self._fragments:
            if fragment.role in BESIDE:
                account.leave([fragment], *BESIDE[fragment.role])
            elif fragment.role in _TAKEN:
                account.take([fragment], _TAKEN[fragment.role])

    @property
    def arms(self) -> tuple[str, str] | None:
        found = [self._texts(role) for role in _ARMS]
        return (found[0][0], found[1][0]) if all(found) else None

    @property
    def better(self) -> dict[str, str]:
        """Outcome to "higher" or "lower", from `Higher is better: Survival`."""
        return {text.partition(": ")[2]: side for role, side in _BETTER.items() for text in self._texts(role)}

    @property
    def certainty(self) -> dict[str, str]:
        """Outcome to level; the line stands under the outcome's name."""
        found = {}
        name = ""
        for fragment in self._fragments:
            if fragment.role == Role.EXACT:
                name = _text(fragment)
            elif fragment.role == Role.CERTAINTY and (level := read_certainty_line(_text(fragment))):
                found[name] = level
        return found

    def identified(self, listed: Mapping[int, str]) -> tuple[dict[int, str], dict[int, tuple[str, str]]]:
        """References without the DOI and the PMID that our file prints behind them, and those by number."""
        citations = dict(listed)
        identifiers: dict[int, tuple[str, str]] = {}
        if not any(fragment.role == Role.EXACT for fragment in self._fragments):
            return citations, identifiers
        for number, line in listed.items():
            citation, ids = line, ["", ""]
            for place, pattern in ((1, _PMID), (0, _DOI)):
                if found := pattern.fullmatch(citation):
                    citation, ids[place] = found[1], found[2]
            if any(ids):
                citations[number], identifiers[number] = citation, (ids[0], ids[1])
        return citations, identifiers

    def _texts(self, role: Role) -> list[str]:
        return [_text(fragment) for fragment in self._fragments if fragment.role == role]


def _text(fragment: Fragment) -> str:
    return plain_of(marked_line(fragment.marked).text)
