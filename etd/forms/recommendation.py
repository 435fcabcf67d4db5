from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Div, Field, Fieldset, Row
from django import forms

from etd.actions.recommendations import Answer, Statement
from etd.domain.recommendation_rules import (
    ANSWERS,
    PARADIGMS,
    PRACTICE_BASES,
    PRACTICE_QUESTIONS,
    asks_for_paradigm,
    faults,
    graded,
)
from etd.enums import CertaintyLevel, Direction, StatementKind, Strength, StrengthWord
from etd.forms.assessment import DecisionForm
from etd.forms.fields import HOW_TO_MARK_UP, ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors import EtdView, strength_label

NONE = [("", "–")]
GRADED_FIELDS = (
    "kind",
    "strength",
    "direction",
    "certainty",
    "paradigm",
    "paradigm_reason",
    "practice_basis",
)
STATEMENT_FIELDS = ("text", "population", "remark", *GRADED_FIELDS)
PRACTICE_FIELDS = tuple(f"{part}_{key}" for key in PRACTICE_QUESTIONS for part in ("answer", "why"))
# What would be lost without a word if a statement without text were left out.
PROSE_BESIDE = ("remark", "paradigm_reason", *(f"why_{key}" for key in PRACTICE_QUESTIONS))
STRONG_ON_LOW = (
    "A strong recommendation on low or very low certainty is made in one of five situations. "
    "If it is in none of them, it may be a conditional recommendation, or a good practice statement."
)
NAME_THE_SITUATION = (
    "Strong on low certainty: please choose one of the five situations that GRADE names: "
    f"{'; '.join(PARADIGMS.values())}. Or choose another strength or certainty."
)
GOOD_PRACTICE_HELP = (
    "GRADE asks for yes on all five questions. You can save before they are answered; "
    "what is missing is said beside the statement."
)


class TypeForm(DecisionForm):
    """The type of recommendation that the panel decided on; where one is recorded, it can be taken back.

    `name_of_type` is what the framework calls it: the type of recommendation, or of decision.
    """

    options = forms.ChoiceField(required=False)

    def __init__(self, etd: EtdView, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = etd.recommendation_types
        self.name_of_type = etd.framework.headings.type_of_recommendation.capitalize()
        self.fields["options"].label = self.name_of_type
        self.can_be_none = any(t.chosen for t in etd.recommendation_types)
        labels = [(t.key, t.label) for t in etd.recommendation_types]
        self.fields["options"].choices = [("", "None"), *labels]  # type: ignore[attr-defined]
        self.helper = form_helper(
            "revision",
            "op",
            Field("options", template="_components/types_field.html"),
            *self._fields_of_the_basis(),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.can_be_none and not cleaned.get("options") and "options" not in self.errors:
            self.add_error("options", f"Please choose the {self.name_of_type.lower()}.")
        return cleaned

    @staticmethod
    def initial_for(etd: EtdView) -> dict[str, Any]:
        chosen = next((t.key for t in etd.recommendation_types if t.chosen), "")
        return {"revision": etd.type_revision, "options": chosen} | DecisionForm.initial_basis(
            etd.type_judgement
        )


class RecommendationForm(RevisionForm):
    """The revision that the statements were made from."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("revision", "op")

    @staticmethod
    def initial_for(etd: EtdView) -> dict[str, Any]:
        return {"revision": etd.recommendation_revision}


class StatementForm(forms.Form):
    """One statement. `practice_answers` are the five questions of a good practice statement, two fields each."""

    text = ProseField(required=False, label="Statement")
    kind = forms.ChoiceField(choices=StatementKind.choices, initial=StatementKind.RECOMMENDATION)
    population = forms.CharField(
        strip=False, required=False, label="For whom", help_text="Empty: the question’s population."
    )
    direction = forms.ChoiceField(choices=NONE + Direction.choices, required=False)
    strength = forms.ChoiceField(required=False)
    certainty = forms.ChoiceField(
        choices=NONE + CertaintyLevel.choices, required=False, label="Certainty of evidence"
    )
    paradigm = forms.ChoiceField(choices=[*NONE, *PARADIGMS.items()], required=False, label="Situation")
    paradigm_reason = ProseField(rows=2, required=False, label="Why it is such a situation")
    practice_basis = forms.ChoiceField(
        choices=[*NONE, *PRACTICE_BASES.items()], required=False, label="What it rests on"
    )
    remark = ProseField(rows=2, required=False, help_text="It is printed under the statement.")

    def __init__(self, *args: Any, strength_word: str = StrengthWord.CONDITIONAL, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["strength"].choices = [  # type: ignore[attr-defined]
            *NONE,
            *((value, strength_label(value, strength_word)) for value in Strength.values),
        ]
        for key in PRACTICE_QUESTIONS:
            self.fields[f"answer_{key}"] = forms.ChoiceField(
                choices=[*NONE, *ANSWERS.items()], required=False, label="Answer"
            )
            self.fields[f"why_{key}"] = ProseField(rows=2, required=False, label="Why")

    @property
    def helper(self) -> FormHelper:
        """Made late: which parts hold a value, and so stay in sight, is known then, and so is whether it may go."""
        return form_helper(
            "text",
            Row(Column("kind"), Column("population")),
            Row(
                Column("direction", css_class="of-recommendations"),
                Column("strength", css_class="of-recommendations"),
                Column("certainty", css_class="not-of-practice"),
            ),
            self._part("situation-part", STRONG_ON_LOW, "paradigm", "paradigm_reason"),
            self._part("practice-part", GOOD_PRACTICE_HELP, "practice_basis", *PRACTICE_FIELDS),
            "remark",
            *(["DELETE"] if "DELETE" in self.fields else []),
        )

    def _part(self, css_class: str, help_text: str, first: str, *others: str) -> Div:
        """Fields that are out of sight where they do not belong to the statement; never what holds a value."""
        in_use = any(self[name].value() for name in (first, *others))
        shown = [first, *others] if css_class != "practice-part" else [first, *_practice_questions()]
        return Div(
            HTML(f'<p class="help">{help_text}</p>'),
            *shown,
            css_class=f"statement-part {css_class}{' in-use' if in_use else ''}",
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in PROSE_BESIDE:
            if not cleaned.get(name, "").strip():
                cleaned[name] = ""
        if not cleaned.get("text", "").strip():
            if any(cleaned[name] for name in PROSE_BESIDE):
                self.add_error("text", "Please write the statement, or tick “Remove this statement”.")
            return cleaned
        found = faults(
            **{name: cleaned.get(name, "") for name in GRADED_FIELDS},
            is_answered=any(cleaned.get(name) for name in PRACTICE_FIELDS),
        )
        asks = asks_for_paradigm(cleaned.get("strength", ""), cleaned.get("certainty", ""))
        if asks and not cleaned.get("paradigm") and "paradigm" not in self.errors:
            found["paradigm"] = NAME_THE_SITUATION
        if cleaned.get("strength") == Strength.STRONG and cleaned.get("direction") == Direction.EITHER:
            found["direction"] = "A strong recommendation is for or against."
        for name, message in found.items():
            self.add_error(name, message)
        return cleaned

    def statement(self) -> Statement:
        """What was typed, once it is valid. Raises Refused where it cannot stand together."""
        return Statement(
            **{name: self.cleaned_data[name] for name in STATEMENT_FIELDS},
            answers=tuple(
                Answer(key, self.cleaned_data[f"answer_{key}"], self.cleaned_data[f"why_{key}"])
                for key in PRACTICE_QUESTIONS
            ),
        )


def _practice_questions() -> list[Fieldset]:
    return [
        Fieldset(
            question,
            Row(Column(f"answer_{key}", css_class="col-md-2"), Column(f"why_{key}", css_class="col-md-10")),
            css_class="practice-question",
        )
        for key, question in PRACTICE_QUESTIONS.items()
    ]


class BaseStatementFormSet(forms.BaseFormSet):
    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this statement"


StatementFormSet = forms.formset_factory(
    StatementForm,
    formset=BaseStatementFormSet,
    extra=0,
    max_num=30,
    validate_max=True,
    can_delete=True,
)


def statements_initial(etd: EtdView) -> list[dict[str, Any]]:
    """What the forms begin with: the stored statements, or an empty one where there is none."""
    stored = [
        {name: getattr(statement, name) for name in STATEMENT_FIELDS}
        | {f"answer_{one.question_key}": one.answer for one in statement.practice_answers}
        | {f"why_{one.question_key}": one.rationale for one in statement.practice_answers}
        for statement in etd.statements
    ]
    return stored or [{}]


def statements_of(formset: forms.BaseFormSet) -> list[Statement]:
    """Those that say something and are not to be removed, in order."""
    return [
        form.statement()
        for form in formset
        if not form.cleaned_data.get("DELETE") and form.cleaned_data.get("text", "").strip()
    ]


def rearranged(formset: forms.BaseFormSet, how: str) -> tuple[list[dict[str, Any]], int | None]:
    """What was typed into the statements, in another order or with an empty one more, and the place of that one.

    `how` is `add`, or `up-` or `down-` and the place of a statement, from 0; anything else changes nothing.
    """
    typed = [{name: form[name].value() for name in form.fields} for form in formset.forms]
    if how == "add":
        return [*typed, {}], len(typed)
    way, _, place = how.partition("-")
    if way not in ("up", "down") or place not in map(str, range(len(typed))):
        return typed, None
    here = int(place)
    there = here - 1 if way == "up" else here + 1
    if not 0 <= there < len(typed):
        return typed, here
    typed[here], typed[there] = typed[there], typed[here]
    return typed, there


def statement_in_words(statement: Mapping[str, Any], strength_word: str) -> str:
    """Everything that a stored statement says, a line each."""
    strength = strength_label(statement["strength"], strength_word) if statement["strength"] else ""
    kind = StatementKind(statement["kind"])
    certainty = statement["certainty"]
    lines = [
        statement["text"],
        graded(strength, statement["direction"]) if strength else str(kind.label),
        f"{CertaintyLevel(certainty).label} certainty of evidence" if certainty else "",
        statement["population"],
        PARADIGMS.get(statement["paradigm"], ""),
        statement["paradigm_reason"],
        PRACTICE_BASES.get(statement["practice_basis"], ""),
        *(
            f"{PRACTICE_QUESTIONS[one['question_key']]} {ANSWERS.get(one['answer'], '–')} {one['rationale']}"
            for one in statement["answers"]
        ),
        f"Remark: {statement['remark']}" if statement["remark"] else "",
    ]
    return "\n".join(line for line in lines if line)


class SectionForm(RevisionForm):
    body = ProseField(required=False, rows=12, help_text=HOW_TO_MARK_UP)

    def __init__(self, heading: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].label = heading
        self.helper = form_helper("revision", "op", "body")
