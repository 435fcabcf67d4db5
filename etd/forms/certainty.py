"""The certainty worksheet: on which results, the start by design, and for each domain its levels and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField

from etd.actions.certainty import DomainRating
from etd.certainty_evidence import Suggested, suggested_change
from etd.domain import certainty
from etd.enums import CertaintyDomain, StudyDesign
from etd.forms.fields import ProseField, RevisionForm
from etd.selectors.certainty import WorksheetView, degree

UP = frozenset({domain for domain, degrees in certainty.DEGREES.items() if max(degrees) > 0})


@dataclass(frozen=True)
class DomainFields:
    """The two fields of one domain."""

    key: str
    label: str
    is_up: bool
    levels: BoundField
    reason: BoundField
    choices: list[tuple[int, str]]


class CertaintyForm(RevisionForm):
    """`rows` are the outcome's lines of results, as pairs of id and label; without any there is no such choice.

    `suggestions` are those of the chosen line: who leaves one must say why.
    """

    row = forms.TypedChoiceField(label="Rated on these results", coerce=int, empty_value=None)
    design = forms.ChoiceField(
        choices=[("", "Please choose"), *StudyDesign.choices], label="Design of the studies"
    )
    design_note = ProseField(
        required=False,
        rows=2,
        label="Note on the design",
        help_text="For example, which studies are of another design.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, rows: Sequence[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suggestions: Mapping[str, Suggested] = {}
        self.fields["row"].choices = rows  # type: ignore[attr-defined]
        if not rows:
            del self.fields["row"]
        for domain, degrees in certainty.DEGREES.items():
            label = str(CertaintyDomain(domain).label)
            self.fields[f"levels_{domain}"] = forms.TypedChoiceField(
                label=label,
                choices=[(levels, _capital(degree(domain, levels))) for levels in degrees],
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": f"Please rate {certainty.DOMAIN_NAMES[domain]}."},
            )
            self.fields[f"reason_{domain}"] = ProseField(
                required=False, rows=2, label=f"Reason: {label.lower()}"
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for domain in certainty.DEGREES:
            if (cleaned.get(f"reason_{domain}") or "").strip():
                continue
            if cleaned.get(f"levels_{domain}"):
                self.add_error(f"reason_{domain}", "Say why: the reason becomes the footnote in the tables.")
            elif suggested := suggested_change(domain, self.suggestions):
                self.add_error(
                    f"reason_{domain}", f"Say why: the data suggest “{degree(domain, suggested)}”."
                )
        return cleaned

    def domains(self) -> tuple[DomainFields, ...]:
        return tuple(
            DomainFields(
                domain,
                str(CertaintyDomain(domain).label),
                domain in UP,
                self[f"levels_{domain}"],
                self[f"reason_{domain}"],
                [(levels, _capital(degree(domain, levels))) for levels in certainty.DEGREES[domain]],
            )
            for domain in certainty.DEGREES
        )

    def ratings(self) -> list[DomainRating]:
        return [
            DomainRating(domain, self.cleaned_data[f"levels_{domain}"], self.cleaned_data[f"reason_{domain}"])
            for domain in certainty.DEGREES
        ]

    def so_far(self) -> certainty.Rating | None:
        """What the levels chosen until now come to, None before there is a design."""
        design = self["design"].value()
        if design not in certainty.START_LEVELS:
            return None
        chosen = {domain: str(self[f"levels_{domain}"].value()) for domain in certainty.DEGREES}
        return certainty.rate(
            design,
            {
                domain: levels
                for domain, value in chosen.items()
                for levels in certainty.DEGREES[domain]
                if str(levels) == value
            },
        )

    def not_rated_yet(self) -> list[str]:
        return [
            certainty.DOMAIN_NAMES[domain]
            for domain in certainty.DEGREES
            if self[f"levels_{domain}"].value() in (None, "")
        ]

    def take_over(self, domain: str, suggestions: Mapping[str, Suggested]) -> None:
        """Fill in the levels that the data suggest for one domain, and nothing else; the reason is the person's."""
        suggestion = suggestions.get(domain)
        if suggestion and suggestion["levels"] is not None:
            self.data = {**self.data.dict(), f"levels_{domain}": str(suggestion["levels"])}  # type: ignore[attr-defined]

    @staticmethod
    def initial_for(worksheet: WorksheetView | None, row_id: int | None) -> dict[str, Any]:
        """Domains that rate down begin without a choice; those that rate up begin with none, as a worksheet does."""
        if worksheet is None:
            return {"revision": 0, "row": row_id} | {f"levels_{domain}": 0 for domain in UP}
        initial: dict[str, Any] = {
            "revision": worksheet.revision,
            "row": worksheet.row_id or row_id,
            "design": worksheet.design,
            "design_note": worksheet.design_note,
        }
        for domain in worksheet.domains:
            initial[f"levels_{domain.key}"] = domain.levels
            initial[f"reason_{domain.key}"] = domain.reason
        return initial


def stored_texts(stored: Mapping[str, Any], typed: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What somebody else stored where it differs from what was typed: pairs of label and text."""
    texts: list[tuple[str, str]] = []
    if stored.get("design") != typed.get("design"):
        texts.append(("Design of the studies", str(StudyDesign(stored["design"]).label)))
    if stored.get("design_note") != typed.get("design_note"):
        texts.append(("Note on the design", stored["design_note"]))
    for domain, rating in stored["domains"].items():
        mine = (typed.get(f"levels_{domain}"), (typed.get(f"reason_{domain}") or "").strip())
        if mine != (rating["levels"], rating["reason"]):
            words = _capital(degree(domain, rating["levels"]))
            texts.append(
                (str(CertaintyDomain(domain).label), "\n".join(filter(None, [words, rating["reason"]])))
            )
    return tuple(texts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
