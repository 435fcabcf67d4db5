"""What members declare about their interests, and how a chair manages it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from crispy_forms.layout import HTML, Div
from django import forms

from etd.enums import ConflictKind, ConflictLevel
from etd.forms.fields import ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors.conflicts import DeclarationView

YES, NO = "yes", "no"
KINDS = {
    ConflictKind.FINANCIAL: "Financial: payments, shares, patents, grants, an employer that gains or loses",
    ConflictKind.INTELLECTUAL: "Intellectual: own studies on the question, published positions, other guidelines",
    ConflictKind.OTHER: "Other: family, friends, an office, anything that others might wonder about",
}
LEVELS = {
    ConflictLevel.DISCLOSURE: "Disclosed only: takes part and votes",
    ConflictLevel.NO_VOTE: "May discuss, does not vote",
    ConflictLevel.EXCLUDED: "Takes no part: neither discusses nor votes",
}


class DeclarationForm(RevisionForm):
    """One's own declaration; the revision is the version that the person saw, 0 for none."""

    has_conflict = forms.ChoiceField(
        choices=[
            (NO, "No, I have no conflict of interest"),
            (YES, "Yes, I have one, or it might look like one"),
        ],
        widget=forms.RadioSelect,
        label="Do you have a conflict of interest?",
        error_messages={"required": "Please choose one of the two."},
    )
    kinds = forms.MultipleChoiceField(
        choices=list(KINDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Of which kind? Tick all that hold",
    )
    text = ProseField(
        required=False,
        rows=6,
        label="In your own words",
        help_text=(
            "Whom or what it concerns, since when, and how much. With no conflict you may leave this empty. "
            "Only you and the chairs of this guideline can read it."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("revision", "op", "has_conflict", "kinds", "text")

    @staticmethod
    def initial_for(present: DeclarationView | None) -> dict[str, Any]:
        if present is None:
            return {"revision": 0}
        return {
            "revision": present.version,
            "has_conflict": YES if present.has_conflict else NO,
            "kinds": [str(kind) for kind in ConflictKind if kind.label in present.kinds],
            "text": present.text,
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kinds, text = cleaned.get("kinds"), (cleaned.get("text") or "").strip()
        if cleaned.get("has_conflict") == YES:
            if not kinds:
                self.add_error("kinds", "Please say of which kind it is.")
            if not text:
                self.add_error("text", "Please describe it; a sentence or two is enough.")
        elif cleaned.get("has_conflict") == NO and kinds:
            self.add_error("has_conflict", "You ticked a kind of conflict below: please say which holds.")
        return cleaned

    def declared(self) -> dict[str, Any]:
        """What `etd.actions.conflicts.declare_conflict` takes of it."""
        return {
            "has_conflict": self.cleaned_data["has_conflict"] == YES,
            "kinds": {ConflictKind(kind) for kind in self.cleaned_data["kinds"]},
            "text": self.cleaned_data["text"],
        }

    @staticmethod
    def described(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """A stored declaration in words: pairs of label and text."""
        kinds = ", ".join(kind.label for kind in ConflictKind if current[str(kind)])
        state = f"Conflict declared: {kinds.lower()}" if current["has_conflict"] else "No conflict declared"
        return (("What you declared", state), ("In your words", current["text"]))


class ManageForm(forms.Form):
    """The chair's decision about one member, for the whole guideline or one question.

    `declaration` is the version that it is about. Where a ballot would be voided, that has to be confirmed.
    """

    declaration = forms.IntegerField(widget=forms.HiddenInput, required=False)
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    level = forms.ChoiceField(
        widget=forms.RadioSelect,
        label="From now on",
        error_messages={"required": "Please choose how it is managed."},
    )
    note = ProseField(
        required=False,
        rows=3,
        label="Note",
        help_text="Why, in a sentence. The member and the chairs see it, nobody else.",
    )
    confirmed = forms.BooleanField(
        required=False, label="I know that the ballot is voided and does not come back"
    )

    def __init__(
        self, *args: Any, levels: Sequence[ConflictLevel], voids: bool, present: int | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.voids, self.present = voids, present
        self.fields["level"].choices = [(level, LEVELS[level]) for level in levels]  # type: ignore[attr-defined]
        fields: list[object] = ["declaration", "op", "level"]
        if voids:
            fields.append(
                Div(HTML('{% include "etd/conflicts/_voided.html" %}'), "confirmed", css_class="voided")
            )
        else:
            del self.fields["confirmed"]
        self.helper = form_helper(*fields, "note")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("declaration") != self.present:
            raise forms.ValidationError(
                "They have declared again since you opened this page. Please look at that first, then decide."
            )
        recuses = cleaned.get("level") not in {None, "", ConflictLevel.DISCLOSURE}
        if self.voids and recuses and not cleaned.get("confirmed"):
            self.add_error("confirmed", "Please confirm it: the votes given so far would no longer count.")
        return cleaned
