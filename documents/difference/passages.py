"""Where two states of a text differ, as passages of both, letter for letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\S+\s*|^\s+")
# Words beside a change that are quoted with it: more where the passage stands in the text twice.
BESIDE = (3, 6, 12, 24)


@dataclass(frozen=True)
class Passage:
    """For `before` read `after`; each stands in its text as it is. One is empty where a whole text came or went."""

    before: str
    after: str


def passages(before: str, after: str, words_beside: Sequence[int] = BESIDE) -> tuple[Passage, ...]:
    """What to replace in `before` to have `after`, with the words around it that show where; empty where they are one.

    Each passage stands only once in `before`; where it would not, the whole texts are one passage.
    """
    if before == after:
        return ()
    if before and after:
        for beside in words_beside:
            found = tuple(_passages(before, after, beside))
            if all(one.before and before.count(one.before) == 1 for one in found):
                return found
    return (Passage(before, after),)


def _passages(before: str, after: str, beside: int) -> Iterator[Passage]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    for steps in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(beside):
        _, i, _, j, _ = steps[0]
        _, _, i_end, _, j_end = steps[-1]
        yield _trimmed("".join(old[i:i_end]), "".join(new[j:j_end]))


def _trimmed(before: str, after: str) -> Passage:
    """Without the white space at the end, where it is the same."""
    end, end_now = before[len(before.rstrip()) :], after[len(after.rstrip()) :]
    return Passage(before.rstrip(), after.rstrip()) if end == end_now else Passage(before, after)
