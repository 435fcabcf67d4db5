"""Sending a file, and saying what its rows become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crispy_forms.layout import Column, Row
from django import forms

from etd.enums import Better
from etd.forms.helper import form_helper
from etd.models import Outcome, Population
from metaanalysis.actions.uploads import Assignment, Missing, NewOutcome
from metaanalysis.forms.method import SPEC_FIELDS, SpecForm
from metaanalysis.forms.place import NEW, PlaceFields
from metaanalysis.importers.limits import MAX_BYTES_IN_WORDS, MAX_ROWS
from metaanalysis.readings import Group
from metaanalysis.stats.types import PoolingSpec

LEAVE_OUT = "leave-out"


class UploadForm(forms.Form):
    """Lays out the file field; `metaanalysis.uploads.received_file` says what is wrong with what was sent."""

    file = forms.FileField(
        label="A table with one study a row",
        help_text=(
            f"CSV, XLSX, or RevMan (.rm5, .csv, .zip). At most {MAX_BYTES_IN_WORDS}, and {MAX_ROWS:,} studies. You see "
            "everything that was read before anything is stored."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.rm5,.zip,text/csv"}),
    )

    def __init__(self, *, corrected: bool = False) -> None:
        super().__init__()
        if corrected:
            self.fields["file"].label = "The corrected file"
        self.helper = form_helper("file")


class AssignmentForm(PlaceFields, SpecForm):
    """What one group of rows becomes, how it is pooled, and what happens to studies that the file does not have."""

    missing = forms.ChoiceField(
        choices=[(Missing.KEEP, "Keep them in the analysis"), (Missing.REMOVE, "Remove them from it")],
        widget=forms.RadioSelect,
        required=False,
        label="Studies that are stored already but not in this file",
    )
    note = forms.CharField(
        max_length=2000,
        required=False,
        label="What else a reader must know beside this number",
        help_text="A sentence a line, for example which trial is missing. It is shown wherever the number is.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    reason = forms.CharField(
        max_length=2000,
        required=False,
        label="Why another method than the main one",
        help_text="There are results by the main method already, so the change and its reason are kept with them.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # Which choice of method the form began with, so that one made by hand can be told from it.
    usual = forms.CharField(widget=forms.HiddenInput, required=False)

    usual_spec: PoolingSpec | None = None

    def __init__(
        self,
        group: Group,
        outcomes: Sequence[Outcome],
        populations: Sequence[Population],
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.group = group
        self.outcomes = {str(outcome.pk): outcome for outcome in outcomes}
        self.populations = {str(population.pk): population for population in populations}
        self._choose_from("outcome", self.outcomes, leave_out=True)
        self._choose_from("population", self.populations, leave_out=False)
        self.place_helper = form_helper("usual", *self.place_layout())
        self.spec_helper = form_helper(
            Row(*(Column(name, css_class="col-sm-6 col-xl-4") for name in SPEC_FIELDS))
        )
        self.missing_helper = form_helper("missing")
        self.note_helper = form_helper("note")
        self.reason_helper = form_helper("reason")

    def _choose_from(self, name: str, known: Mapping[str, Any], *, leave_out: bool) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        new = "A new outcome" if leave_out else "A new population"
        field.choices = [
            ("", "Choose"),
            *((key, str(value)) for key, value in known.items()),
            (NEW, f"{new} …"),
            *([(LEAVE_OUT, "None: leave these rows out")] if leave_out else []),
        ]

    @property
    def leaves_out(self) -> bool:
        return bool(self["outcome"].value() == LEAVE_OUT)

    @property
    def chosen_outcome(self) -> Outcome | None:
        """The existing outcome that the form shows as chosen, valid or not."""
        return self.outcomes.get(str(self["outcome"].value() or ""))

    @property
    def chosen_population(self) -> Population | None:
        return self.populations.get(str(self["population"].value() or ""))

    def shown(self, name: str) -> Any:
        """What a field shows. Unlike its bound field this may be asked before `initial` is settled."""
        return self[name].value() if self.is_bound else self.initial.get(name)

    def shows(self, spec: PoolingSpec) -> bool:
        """Whether the fields of the method are just as this specification has them."""
        return {name: self.shown(name) for name in SPEC_FIELDS} == SpecForm.initial_for(spec)

    def shown_spec(self) -> PoolingSpec | None:
        """The method that the form shows: the usual one with all its choices where nothing was changed by hand."""
        if self.usual_spec is not None and self.shows(self.usual_spec):
            return self.usual_spec
        alone = SpecForm({name: self.shown(name) for name in SPEC_FIELDS}, kind=self.kind)
        return alone.spec if alone.is_valid() else None

    def as_chosen(self) -> AssignmentForm:
        """What the form shows as if it were sent now, to be validated without a word beside its fields."""
        if self.is_bound:
            return self
        sent = AssignmentForm(
            self.group,
            list(self.outcomes.values()),
            list(self.populations.values()),
            {self.add_prefix(name): self.shown(name) or "" for name in self.fields},
            kind=self.kind,
            prefix=self.prefix,
        )
        sent.usual_spec = self.usual_spec
        return sent

    def full_clean(self) -> None:
        # Rows that are left out need neither a population nor a method.
        if self.leaves_out:
            for name in ("population", *SPEC_FIELDS):
                self.fields[name].required = False
        super().full_clean()

    def assignment(self) -> Assignment | None:
        """What a valid form says; None where the rows are left out."""
        cleaned = self.cleaned_data
        if cleaned["outcome"] == LEAVE_OUT:
            return None
        outcome = self.outcomes.get(cleaned["outcome"]) or NewOutcome(
            cleaned["new_outcome"], Better(cleaned["better"])
        )
        population = self.populations.get(cleaned["population"]) or cleaned["new_population"]
        return Assignment(
            group=self.group,
            outcome=outcome,
            population=population,
            spec=self.shown_spec() or self.spec,
            missing=Missing(cleaned["missing"] or Missing.KEEP),
            note=cleaned["note"].replace("\r\n", "\n"),
            reason=cleaned["reason"].replace("\r\n", "\n"),
        )
