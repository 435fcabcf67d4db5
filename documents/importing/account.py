"""What became of every line: each is taken, or left with its place and a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from documents.importing.fragments import Fragment
from documents.importing.imported import Flag, NotUnderstood, Understood

Fate = tuple[str, str, str]
_NOBODYS: Fate = ("", "Document", "No part of an Evidence-to-Decision document was recognised here.")


class Account:
    """Keeps the books while a document is read. Whatever nobody took is not understood in the end."""

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        self._fragments = fragments
        self._fates: dict[int, Fate] = {}
        self.flags: list[Flag] = []

    def take(self, fragments: Iterable[Fragment], became: str) -> None:
        self._settle(fragments, (became, "", ""))

    def leave(self, fragments: Iterable[Fragment], where: str, reason: str) -> None:
        self._settle(fragments, ("", where, reason))

    def flag(self, where: str, message: str) -> None:
        self.flags.append(Flag(where, message))

    @property
    def understood(self) -> tuple[Understood, ...]:
        return tuple(
            Understood(run[0].line, run[-1].line, self._verbatim(run), became)
            for (became, _, _), run in self._runs()
            if became
        )

    @property
    def not_understood(self) -> tuple[NotUnderstood, ...]:
        return tuple(
            NotUnderstood(run[0].line, run[-1].line, where, self._verbatim(run), reason)
            for (became, where, reason), run in self._runs()
            if not became
        )

    def _settle(self, fragments: Iterable[Fragment], fate: Fate) -> None:
        for fragment in fragments:
            if not fragment.is_blank:
                self._fates[fragment.index] = fate

    def _runs(self) -> Iterator[tuple[Fate, list[Fragment]]]:
        """Fragments that follow each other and had the same fate."""
        printed = (fragment for fragment in self._fragments if not fragment.is_blank)
        for fate, run in groupby(printed, key=lambda f: self._fates.get(f.index, _NOBODYS)):
            yield fate, list(run)

    def _verbatim(self, run: Sequence[Fragment]) -> str:
        """The lines as they stand in the document, with the blank ones and the tabs between them."""
        whole = self._fragments[run[0].index : run[-1].index + 1]
        lines = [
            "".join(f"\t{f.bare}" if f.begins_cell else f.bare for f in line)
            for _, line in groupby(whole, key=lambda f: f.line)
        ]
        return "\n".join(lines).removeprefix("\t" if run[0].begins_cell else "")
