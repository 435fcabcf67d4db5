"""Outcomes: their words and importance, members' ratings, decision thresholds, comparator risks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from crispy_forms.bootstrap import AppendedText
from crispy_forms.layout import Column, Fieldset, Row
from django import forms

from etd.actions.outcomes import OUTCOME_FIELDS, Risk, Thresholds
from etd.domain import thresholds as limits
from etd.domain.comparator_risk import impossible_with
from etd.domain.importance import BANDS, SCALE
from etd.enums import Better, HazardOf, Importance, RiskLevel, RiskSource
from etd.forms.fields import ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.models import ComparatorRisk, DecisionThresholds, Outcome
from etd.selectors.outcomes import OutcomeView

A_NUMBER = "Write a number, with a point before its decimals: 41.4."
PER_THOUSAND, PERCENT = "per_1000", "percent"
UNITS = ((PER_THOUSAND, "per 1,000"), (PERCENT, "percent"))
PEOPLE = {PER_THOUSAND: Decimal(1_000), PERCENT: Decimal(100)}


def number_field(**kwargs: Any) -> forms.DecimalField:
    """A number in a text box, so that what is no number stays there to be mended."""
    return forms.DecimalField(
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"invalid": A_NUMBER},
        **kwargs,
    )


class OutcomeForm(RevisionForm):
    """`proposal` is what the members' ratings propose as the class of importance, in words."""

    name = ProseField(rows=2, label="Outcome", help_text="As it heads the tables: Survival, Major bleeding.")
    timepoint = forms.CharField(
        max_length=200, required=False, label="Time point", help_text="30 days, or hospital discharge."
    )
    better = forms.ChoiceField(
        choices=[
            (Better.HIGHER, "Good: more events, or a higher value, are better"),
            (Better.LOWER, "Bad: fewer events, or a lower value, are better"),
        ],
        widget=forms.RadioSelect,
        label="Is the event good or bad?",
        error_messages={"required": "Please say whether the event is good or bad."},
    )
    measured_with = forms.CharField(
        max_length=300, required=False, label="How it is measured", help_text="Cerebral Performance Category."
    )
    hazard_ratio_of = forms.ChoiceField(
        choices=[("", "Not said"), *HazardOf.choices],
        required=False,
        label="Hazard ratios, if there are any, are",
        help_text="Without it there are no absolute effects from the hazard ratio of an outcome that is good to have.",
    )
    importance = forms.ChoiceField(
        choices=[("", "Not decided"), *Importance.choices], required=False, label="Importance"
    )

    def __init__(self, *args: Any, proposal: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["importance"].help_text = proposal or "The members rate it from 1 to 9; a person decides."
        self.helper = form_helper(
            "revision",
            "op",
            "name",
            Row(Column("timepoint"), Column("measured_with")),
            "better",
            Row(Column("importance"), Column("hazard_ratio_of")),
        )

    @staticmethod
    def initial_for(outcome: Outcome) -> dict[str, Any]:
        return {"revision": outcome.revision} | {name: getattr(outcome, name) for name in OUTCOME_FIELDS}

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in OUTCOME_FIELDS}


class MoveForm(forms.Form):
    """The place that an outcome goes to, 1 being the first."""

    op = forms.UUIDField(required=False)
    position = forms.IntegerField(min_value=1, max_value=10_000)


@dataclass(frozen=True)
class Band:
    """Three numbers of the scale under their name; each with whether it is chosen."""

    label: str
    cells: tuple[tuple[int, bool], ...]


@dataclass(frozen=True)
class RatingField:
    outcome: OutcomeView
    html_name: str
    bands: tuple[Band, ...]
    errors: tuple[str, ...]


class RatingsForm(forms.Form):
    """One rating from 1 to 9 for each outcome; none is required."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def __init__(self, outcomes: Sequence[OutcomeView], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcomes = {f"outcome-{one.id}": one for one in outcomes}
        for name, one in self.outcomes.items():
            self.fields[name] = forms.TypedChoiceField(
                choices=[(str(n), str(n)) for n in SCALE],
                coerce=int,
                empty_value=None,
                required=False,
                label=one.label,
                initial=one.importance.own,
                error_messages={"invalid_choice": "Choose a number from 1 to 9."},
            )

    def rows(self) -> list[RatingField]:
        """The outcomes with their scale, as the page draws them."""
        labels = dict(Importance.choices)
        return [
            RatingField(
                one,
                name,
                tuple(
                    Band(
                        labels[Importance(band)],
                        tuple((n, str(n) == str(self[name].value())) for n in numbers),
                    )
                    for band, numbers in BANDS
                ),
                tuple(str(error) for error in self[name].errors),
            )
            for name, one in self.outcomes.items()
        ]

    def ratings(self) -> dict[int, int]:
        """Outcome id to rating, for those that were rated; of one outcome alone where only that one is to be saved."""
        only = self.data.get("only")
        return {
            one.id: self.cleaned_data[name]
            for name, one in self.outcomes.items()
            if self.cleaned_data[name] is not None and only in (None, "", str(one.id))
        }


class ThresholdsForm(RevisionForm):
    """From how many people in 1,000 on an effect matters; the reason is asked for once they are locked."""

    small = number_field(max_digits=6, decimal_places=2, label="A small effect from")
    moderate = number_field(max_digits=6, decimal_places=2, label="A moderate effect from")
    large = number_field(max_digits=6, decimal_places=2, label="A large effect from")
    rationale = ProseField(required=False, label="Why these", help_text="What the panel reasoned from.")
    reason = ProseField(
        required=False,
        rows=2,
        label="Why they change",
        help_text="The thresholds are locked; this is shown with them.",
    )

    def __init__(self, *args: Any, is_locked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_locked = is_locked
        if not is_locked:
            del self.fields["reason"]
        self.helper = form_helper(
            "revision",
            "op",
            Row(*(Column(AppendedText(size, "per 1,000")) for size in limits.SIZES)),
            "rationale",
            *(["reason"] if is_locked else []),
        )

    @staticmethod
    def initial_for(stored: DecisionThresholds | None) -> dict[str, Any]:
        if stored is None:
            return {"revision": 0}
        sizes = {size: limits.plain(getattr(stored, size)) for size in limits.SIZES}
        return sizes | {"revision": stored.revision, "rationale": stored.rationale}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for size in limits.SIZES:
            if cleaned.get(size) is None and size not in self.errors:
                self.add_error(size, f"From how many people in 1,000 on is an effect {size}?")
        given = {size: cleaned[size] for size in limits.SIZES if cleaned.get(size) is not None}
        for size, message in limits.faults(given).items():
            self.add_error(size, message)
        if self.is_locked and not cleaned.get("reason", "").strip():
            self.add_error("reason", "The thresholds are locked: please say why they change.")
        return cleaned

    def thresholds(self) -> Thresholds:
        sizes = {size: self.cleaned_data[size] for size in limits.SIZES}
        return Thresholds(**sizes, rationale=self.cleaned_data["rationale"])


class RisksForm(RevisionForm):
    """The comparator risks of one outcome and population: for each level its source, and an external number.

    `effects` are the measures and estimates that a risk is taken through.
    """

    def __init__(self, *args: Any, effects: Sequence[tuple[str, float]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.effects = effects
        self.helper = form_helper("revision", "op", *(self._add(level) for level in RiskLevel))

    def _add(self, level: RiskLevel) -> Fieldset:
        follows = [(RiskSource.POOLED, RiskSource.POOLED.label), (RiskSource.MEDIAN, RiskSource.MEDIAN.label)]
        external = [] if level is RiskLevel.STUDIES else [(RiskSource.EXTERNAL, RiskSource.EXTERNAL.label)]
        self.fields[f"{level}-source"] = forms.ChoiceField(
            choices=[("", "Not shown"), *external, *follows], required=False, label="Where it comes from"
        )
        if not external:
            return Fieldset(level.label, f"{level}-source")
        self.fields[f"{level}-risk"] = number_field(max_digits=9, decimal_places=4, label="External risk")
        self.fields[f"{level}-unit"] = forms.ChoiceField(choices=UNITS, label="Unit of the risk")
        self.fields[f"{level}-citation"] = ProseField(
            required=False, rows=2, label="Where it was read", help_text="The citation of an external risk."
        )
        return Fieldset(
            level.label,
            Row(Column(f"{level}-source"), Column(f"{level}-risk"), Column(f"{level}-unit")),
            f"{level}-citation",
        )

    @staticmethod
    def initial_for(stored: Iterable[ComparatorRisk], revision: int) -> dict[str, Any]:
        values: dict[str, Any] = {"revision": revision}
        for one in stored:
            values[f"{one.level}-source"] = one.source
            values[f"{one.level}-citation"] = one.citation
            if one.risk is not None:
                values[f"{one.level}-risk"] = limits.plain(one.risk * 1_000)
        return values

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        below: tuple[str, Decimal] | None = None
        for level in (RiskLevel.LOW, RiskLevel.MODERATE, RiskLevel.HIGH):
            risk = self._clean_external(level, cleaned)
            if risk is None:
                continue
            if below is not None and risk <= below[1]:
                self.add_error(
                    f"{level}-risk",
                    f"The {level.label.lower()}, {_per_thousand(risk)}, must be larger than the {below[0].lower()}, "
                    f"{_per_thousand(below[1])}.",
                )
            below = (str(level.label), risk)
        return cleaned

    def _clean_external(self, level: RiskLevel, cleaned: dict[str, Any]) -> Decimal | None:
        """The proportion that was typed; what is wrong is said at its field, and nothing typed is dropped unsaid."""
        number, citation = cleaned.get(f"{level}-risk"), cleaned.get(f"{level}-citation", "")
        if cleaned.get(f"{level}-source") != RiskSource.EXTERNAL:
            if number is not None or citation.strip():
                self.add_error(
                    f"{level}-source",
                    "A number or a citation is typed here: choose the external cohort, or empty both.",
                )
            return None
        if not citation.strip():
            self.add_error(f"{level}-citation", "Say where the external risk was read.")
        if number is None:
            if f"{level}-risk" not in self.errors:
                self.add_error(f"{level}-risk", "How large is the external risk?")
            return None
        unit = cleaned.get(f"{level}-unit") or PER_THOUSAND
        if not 0 <= number <= PEOPLE[unit]:
            words = dict(UNITS)[unit]
            self.add_error(
                f"{level}-risk",
                f"A risk of {limits.plain(number)} {words} cannot be: it lies between 0 and {PEOPLE[unit]:,} {words}.",
            )
            return None
        risk = Decimal(number / PEOPLE[unit])
        for measure, estimate in self.effects:
            if why := impossible_with(measure, estimate, risk):
                self.add_error(f"{level}-risk", why)
        return risk

    def risks(self) -> list[Risk]:
        """What was chosen, level by level."""
        chosen = [level for level in RiskLevel if self.cleaned_data[f"{level}-source"]]
        return [self._risk(level, self.cleaned_data[f"{level}-source"]) for level in chosen]

    def _risk(self, level: RiskLevel, source: str) -> Risk:
        if source != RiskSource.EXTERNAL:
            return Risk(level, source)
        number = self.cleaned_data[f"{level}-risk"]
        people = PEOPLE[self.cleaned_data[f"{level}-unit"]]
        return Risk(level, source, number / people, self.cleaned_data[f"{level}-citation"])


def _per_thousand(risk: Decimal) -> str:
    return f"{limits.plain(risk * 1_000)} per 1,000"
