"""A guideline's own framework, and the move of a question to another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from crispy_forms.layout import Column, Row
from django import forms
from django.utils.text import slugify

from etd.forms.helper import form_helper
from etd.frameworks import Framework
from etd.frameworks.overlay import Changes, OwnCriterion, places
from etd.frameworks.schema import SCALE_COLUMNS

MAX_OWN = 10


@dataclass(frozen=True)
class FormPart:
    """One criterion, type or section in the form: whether it is hidden, and its words."""

    name: str
    hide: forms.BoundField | None
    words: tuple[forms.BoundField, ...]
    options: tuple[forms.BoundField, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Is something of it other than in the shipped framework, or in error? Then it stands open."""
        fields = [*self.words, *self.options]
        hidden = self.hide is not None and bool(self.hide.value())
        return hidden or any(field.errors or field.value() != field.field.initial for field in fields)


class OwnFrameworkForm(forms.Form):
    """The words of a shipped framework, each of which a guideline may replace, and its parts, which it may hide."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    title = forms.CharField(
        max_length=200,
        label="Name of your framework",
        help_text="Documents print it. Each change is a new version; questions keep the version they began with.",
    )

    def __init__(self, base: Framework, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base = base
        for place, words in places(base).items():
            self.fields[f"words/{place}"] = forms.CharField(
                max_length=500,
                label=_label(place, words),
                initial=words,
                widget=forms.Textarea(attrs={"rows": 2}) if place.endswith("/prompt") else forms.TextInput,
            )
        for criterion in base.criteria:
            self.fields[f"hide/criterion/{criterion.key}"] = forms.BooleanField(
                required=False, label=f"Leave “{criterion.heading}” out"
            )
        for section in base.sections:
            if not section.holds_statements:
                self.fields[f"hide/section/{section.key}"] = forms.BooleanField(
                    required=False, label=f"Leave “{section.heading}” out"
                )
        self.helper = form_helper("op", "title")

    @staticmethod
    def initial_for(title: str, changes: Changes) -> dict[str, Any]:
        return (
            {"title": title}
            | {f"words/{place}": words for place, words in changes.words.items()}
            | {f"hide/criterion/{key}": True for key in changes.hidden_criteria}
            | {f"hide/section/{key}": True for key in changes.hidden_sections}
        )

    def criteria(self) -> Iterator[FormPart]:
        for criterion in self.base.criteria:
            place = f"words/criterion/{criterion.key}"
            yield FormPart(
                criterion.heading,
                self[f"hide/criterion/{criterion.key}"],
                (self[f"{place}/heading"], self[f"{place}/prompt"]),
                tuple(self[f"{place}/{option.key}"] for option in criterion.options),
            )

    def types(self) -> tuple[forms.BoundField, ...]:
        return tuple(self[f"words/type/{kind.key}"] for kind in self.base.recommendation_types)

    def sections(self) -> Iterator[FormPart]:
        for section in self.base.sections:
            hide = None if section.holds_statements else self[f"hide/section/{section.key}"]
            yield FormPart(section.heading, hide, (self[f"words/section/{section.key}"],))

    def changes(self, own: Sequence[OwnCriterion]) -> Changes:
        """What differs from the shipped framework."""
        cleaned = self.cleaned_data
        return Changes(
            hidden_criteria=frozenset(
                c.key for c in self.base.criteria if cleaned[f"hide/criterion/{c.key}"]
            ),
            hidden_sections=frozenset(
                s.key for s in self.base.sections if cleaned.get(f"hide/section/{s.key}")
            ),
            words={
                place: cleaned[f"words/{place}"]
                for place, words in places(self.base).items()
                if cleaned[f"words/{place}"] != words
            },
            own_criteria=tuple(own),
        )


def _label(place: str, words: str) -> str:
    what = place.rpartition("/")[2]
    if place.startswith("criterion/") and what in {"heading", "prompt"}:
        return {"heading": "Heading", "prompt": "Question"}[what]
    return f"In place of “{words}”"


class OwnCriterionForm(forms.Form):
    """A criterion that the guideline adds."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    heading = forms.CharField(
        max_length=120, required=False, help_text="Leave it empty to take the criterion out."
    )
    prompt = forms.CharField(max_length=500, required=False, label="Question")
    scale = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="Options of the scale, one a line",
        help_text=f"Two to {SCALE_COLUMNS}, from what speaks against to what speaks for.",
    )
    unsure = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Beside the scale, one a line",
        help_text="At most two, such as Varies and Don’t know.",
    )
    after = forms.ChoiceField(required=False, label="It follows")

    def __init__(self, base: Framework, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["after"].choices = [("", "nothing: it comes first")] + [  # type: ignore[attr-defined]
            (criterion.key, criterion.heading) for criterion in base.criteria
        ]
        self.helper = form_helper(
            "key", Row(Column("heading"), Column("after")), "prompt", Row(Column("scale"), Column("unsure"))
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["scale"], cleaned["unsure"] = _lines(cleaned.get("scale")), _lines(cleaned.get("unsure"))
        if not cleaned.get("heading"):
            if cleaned.get("prompt") or cleaned["scale"]:
                self.add_error("heading", "This criterion has no heading.")
            return cleaned
        if not cleaned.get("prompt"):
            self.add_error("prompt", "Write the question that the panel answers.")
        if not 2 <= len(cleaned["scale"]) <= SCALE_COLUMNS:
            self.add_error(
                "scale", f"The scale needs 2 to {SCALE_COLUMNS} options, not {len(cleaned['scale'])}."
            )
        if len(cleaned["unsure"]) > 2:
            self.add_error(
                "unsure", f"At most 2 options stand beside the scale, not {len(cleaned['unsure'])}."
            )
        return cleaned


OwnCriterionFormSet = forms.formset_factory(OwnCriterionForm, extra=1, max_num=MAX_OWN, validate_max=True)


def own_initial(changes: Changes) -> list[dict[str, Any]]:
    return [
        {
            "key": own.key,
            "heading": own.heading,
            "prompt": own.prompt,
            "scale": "\n".join(own.scale),
            "unsure": "\n".join(own.unsure),
            "after": own.after,
        }
        for own in changes.own_criteria
    ]


def own_criteria_of(formset: forms.BaseFormSet) -> list[OwnCriterion]:
    """The own criteria of a valid form set; a new one gets a key from its heading."""
    filled = [form.cleaned_data for form in formset if form.cleaned_data.get("heading")]
    taken = {cleaned["key"] for cleaned in filled if cleaned["key"]}
    made = []
    for cleaned in filled:
        key = cleaned["key"] or _new_key(cleaned["heading"], taken)
        taken.add(key)
        made.append(
            OwnCriterion(
                key=key,
                heading=cleaned["heading"],
                prompt=cleaned["prompt"],
                scale=tuple(cleaned["scale"]),
                unsure=tuple(cleaned["unsure"]),
                after=cleaned["after"],
            )
        )
    return made


def _new_key(heading: str, taken: set[str]) -> str:
    stem = "own_" + (slugify(heading).replace("-", "_")[:40] or "criterion")
    number = 1
    while (key := stem if number == 1 else f"{stem}_{number}") in taken:
        number += 1
    return key


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


class MoveForm(forms.Form):
    """Which criterion of the framework now goes to which of the next; empty: it is kept aside, in words."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def __init__(self, former: Framework, target: Framework, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "kept aside, in words"), *((c.key, c.heading) for c in target.criteria)]
        for criterion in former.criteria:
            self.fields[criterion.key] = forms.ChoiceField(
                required=False, choices=choices, label=criterion.heading
            )
        self.former = former
        self.helper = form_helper("op")

    def mapping(self) -> dict[str, str]:
        return {criterion.key: self.cleaned_data[criterion.key] for criterion in self.former.criteria}
