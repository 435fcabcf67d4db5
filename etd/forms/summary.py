"""Choosing the rows of a Summary of Findings, and wording one of its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from etd.actions.summary import ChosenRow
from etd.domain.absolute import PER_CHOICES
from etd.enums import ValueSource
from etd.forms.fields import ProseField, RevisionForm
from etd.selectors.summary import Candidate, CellView

MOST_PLACES = 99


@dataclass(frozen=True)
class CandidateFields:
    """A line of the form: a row that may be chosen with its fields; `source` is None where there is only one."""

    candidate: Candidate
    place: forms.BoundField
    source: forms.BoundField | None


class RowsForm(RevisionForm):
    """A place for each outcome in a population: a number puts it into the table, an empty one leaves it out."""

    def __init__(self, candidates: Sequence[Candidate], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = candidates
        for one in candidates:
            self.fields[_name("place", one)] = forms.IntegerField(
                required=False,
                min_value=1,
                max_value=MOST_PLACES,
                label=f"Place of {one.outcome}, {one.population}",
                widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
            )
            if len(one.sources) > 1:
                self.fields[_name("source", one)] = forms.ChoiceField(
                    choices=[(source, ValueSource(source).label) for source in one.sources],
                    label=f"Numbers of {one.outcome}, {one.population}",
                    widget=forms.Select(attrs={"class": "form-select"}),
                )
        self.fields["drop_words"] = forms.BooleanField(
            required=False, label="Leave these rows out, with the words in them"
        )

    @staticmethod
    def initial_for(chosen: Iterable[ChosenRow], revision: int) -> dict[str, Any]:
        values: dict[str, Any] = {"revision": revision}
        for place, row in enumerate(chosen, start=1):
            values[f"place-{row.outcome}-{row.population}"] = place
            values[f"source-{row.outcome}-{row.population}"] = row.source
        return values

    def lines(self) -> list[CandidateFields]:
        return [
            CandidateFields(
                one,
                self[_name("place", one)],
                self[_name("source", one)] if len(one.sources) > 1 else None,
            )
            for one in self.candidates
        ]

    def rows(self) -> list[ChosenRow]:
        """What was chosen, by place; rows with the same place in the order of the form."""
        placed = [
            (
                self.cleaned_data[_name("place", one)],
                ChosenRow(
                    one.outcome_id,
                    one.population_id,
                    self.cleaned_data.get(_name("source", one)) or one.sources[0],
                ),
            )
            for one in self.candidates
            if self.cleaned_data[_name("place", one)] is not None
        ]
        return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


class PeoplePerForm(RevisionForm):
    people_per = forms.TypedChoiceField(
        choices=[(per, f"{per:,} people") for per in PER_CHOICES],
        coerce=int,
        label="Absolute effects per",
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class WordsForm(RevisionForm):
    """A person's words for a cell; `made` is the computed text that they had before them."""

    text = ProseField(rows=3, label="Your words")
    made = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)

    def __init__(self, cell: CellView, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cell = cell
        self.fields["text"].widget.attrs["class"] = "form-control"

    @staticmethod
    def initial_for(cell: CellView) -> dict[str, Any]:
        return {"revision": cell.revision, "text": cell.words, "made": cell.made}

    def clean_made(self) -> str:
        """Words are put over what their author saw: where that is another text by now, they look again."""
        seen: str = self.cleaned_data["made"].replace("\r\n", "\n")
        if seen != self.cell.made:
            raise forms.ValidationError("The computed text has changed since this page was opened.")
        return seen

    @property
    def made_has_changed(self) -> bool:
        return "made" in self.errors

    def current_made(self) -> str:
        """For the hidden field: always what is computed now."""
        return self.cell.made


def _name(field: str, one: Candidate) -> str:
    return f"{field}-{one.outcome_id}-{one.population_id}"


def conflicting(current: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What somebody else saved in the meantime, as pairs of label and text."""
    if "rows" in current:
        return (("Rows of the table", "\n".join(current["rows"])),)
    return tuple((name.replace("_", " ").capitalize(), str(value)) for name, value in current.items())
