from __future__ import annotations

from typing import Any

from crispy_forms.layout import HTML, Column, Row
from django import forms

from etd.actions.questions import QUESTION_FIELDS
from etd.forms.fields import ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.frameworks import Framework
from etd.models import Question


class QuestionForm(RevisionForm):
    title = ProseField(rows=2)
    population = ProseField(required=False)
    intervention = ProseField(required=False)
    comparison = ProseField(required=False)
    main_outcomes = ProseField(required=False, rows=4)
    setting = ProseField(required=False, rows=2)
    perspective = ProseField(required=False, rows=2)
    background = ProseField(required=False)
    intervention_label = forms.CharField(
        max_length=60,
        label="Short name of the intervention",
        help_text="Heads the columns of tables and plots.",
    )
    comparison_label = forms.CharField(max_length=60, label="Short name of the comparison")

    def __init__(self, *args: Any, framework: Framework | None = None, **kwargs: Any) -> None:
        """Fields are called as `framework` calls them, where a question has one already."""
        super().__init__(*args, **kwargs)
        for field in framework.question_fields if framework else ():
            self.fields[field.key].label = field.heading.capitalize()
        self.helper = form_helper(
            "revision",
            "op",
            "title",
            "population",
            "intervention",
            "comparison",
            "main_outcomes",
            "setting",
            HTML('<details class="more"><summary>Perspective, background and short names</summary>'),
            "perspective",
            "background",
            Row(Column("intervention_label"), Column("comparison_label")),
            HTML("</details>"),
        )

    @staticmethod
    def initial_for(question: Question) -> dict[str, Any]:
        return {"revision": question.revision} | {
            field: getattr(question, field) for field in QUESTION_FIELDS
        }

    def values(self) -> dict[str, str]:
        return {field: self.cleaned_data[field] for field in QUESTION_FIELDS}
