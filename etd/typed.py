"""What a form sent, in words, for the pages that say it was not saved.

They know neither the form nor the question, and a person who is signed out may be told nothing of either: field names
and the values of choices are made readable as they are, never looked up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest

# Fields that nobody filled in, and buttons; the last part of their name.
NOT_TYPED = frozenset(
    {
        *("csrfmiddlewaretoken", "op", "revision", "over", "code", "setup", "next", "action", "arrange"),
        *("content", "declaration", "evidence_digest", "fingerprint", "key", "made"),
        *("back", "seen", "sha256", "shown", "usual", "version"),
        *("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS"),
    }
)
LONGEST_SHORT = 40
_NUMBER = re.compile(r"[0-9]{1,6}")
_VALUE_OF_A_CHOICE = re.compile(r"[a-z]+(_[a-z0-9]+)+")


@dataclass(frozen=True)
class Typed:
    """One answer to be shown again. `is_short`: one word, as choices and numbers are, and not a text to be copied."""

    label: str
    text: str

    @property
    def is_short(self) -> bool:
        return len(self.text) <= LONGEST_SHORT and not re.search(r"\s", self.text)

    @property
    def words(self) -> str:
        """Its text; the value of a choice (`probably_yes`) in words."""
        return self.text.replace("_", " ") if _VALUE_OF_A_CHOICE.fullmatch(self.text) else self.text


def typed_text(request: HttpRequest) -> list[Typed]:
    """What a person answered in the form that was sent, without what is secret, hidden or empty; texts first."""
    found = [
        Typed(_label(name), value)
        for name, values in request.POST.lists()
        if name.rpartition("-")[2] not in NOT_TYPED and "password" not in name
        for value in values
        if value
    ]
    return sorted(found, key=lambda one: one.is_short)


def _label(name: str) -> str:
    """`statements-0-why_necessary`, the first of several, reads “Statement 1: why necessary”."""
    *places, field = name.split("-")
    place = " ".join(str(int(one) + 1) if _NUMBER.fullmatch(one) else one for one in places)
    words = (f"{place}: {field}" if place else field).replace("_", " ").replace("statements ", "statement ")
    return words[:1].upper() + words[1:]
