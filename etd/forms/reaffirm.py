"""What a person says of a judgement whose evidence has changed: it still stands, or it is open again."""

from __future__ import annotations

from django import forms

from etd.forms.fields import ProseField, RevisionForm


class ReopenForm(RevisionForm):
    """The reason, and the revision of the judgement that the person saw."""

    reason = ProseField(
        rows=3, label="Why is it opened again?", error_messages={"required": "Say why it is opened again."}
    )

    def clean_reason(self) -> str:
        """Blanks are no reason."""
        reason: str = self.cleaned_data["reason"]
        if not reason.strip():
            raise forms.ValidationError(self.fields["reason"].error_messages["required"])
        return reason

    @property
    def has_no_revision(self) -> bool:
        """Was it sent without what the page itself fills in?"""
        return self.is_bound and bool(self.errors) and "reason" not in self.errors


class ReaffirmForm(ReopenForm):
    """Also the digest of today's evidence as the person saw it: nobody signs for numbers that they have not seen."""

    evidence_digest = forms.CharField(max_length=64)
    reason = ProseField(
        rows=3, label="Why does it still stand?", error_messages={"required": "Say why it still stands."}
    )
