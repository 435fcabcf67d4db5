from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Field
from django import forms

from etd.domain.scale import ScaleCell, scale
from etd.enums import RECOMMENDATION_TYPE_ITEM, Confidence, NoEvidenceBasis
from etd.forms.fields import ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.frameworks import Framework
from etd.selectors import CriterionView, EtdView, RecommendationTypeView, VoteView, recommendation_types


class VoteForm(RevisionForm):
    """A member's own judgement of one item, why, and how sure they are; the revision is the version they saw.

    What it rests on is asked where no research evidence was written, and where it was said before.
    """

    options = forms.MultipleChoiceField(required=False, label="Your judgement")
    comment = ProseField(
        required=False,
        label="Why",
        rows=2,
        help_text=(
            "Only you see this while the round is open. Afterwards the panel reads it; "
            "the page of the round says whether with your name."
        ),
    )
    confidence = forms.ChoiceField(
        required=False, label="How sure are you?", choices=[*Confidence.choices, ("", "Not said")]
    )
    no_evidence_basis = forms.ChoiceField(
        required=False,
        label="There is no research evidence: what does your judgement rest on?",
        choices=[*NoEvidenceBasis.choices, ("", "Not said")],
    )

    def __init__(
        self,
        item_key: str,
        cells: Sequence[ScaleCell | RecommendationTypeView | None],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.multiple = bool(kwargs.pop("multiple", False))
        without_evidence = bool(kwargs.pop("without_evidence", False))
        kwargs.setdefault("auto_id", f"id_{item_key}_%s")
        super().__init__(*args, **kwargs)
        self.cells = cells
        self.fields["options"].choices = [(cell.key, cell.label) for cell in cells if cell]  # type: ignore[attr-defined]
        template = "scale_field" if any(isinstance(cell, ScaleCell) for cell in cells) else "types_field"
        asked = ["confidence", *(["no_evidence_basis"] if without_evidence else [])]
        self.helper = form_helper(
            Field("options", template=f"_components/{template}.html"),
            "comment",
            *(Field(name, template="_components/small_choice.html") for name in asked),
        )

    @staticmethod
    def initial_for(vote: VoteView) -> dict[str, Any]:
        return {
            "revision": vote.version,
            "options": list(vote.option_keys),
            "comment": vote.comment,
            "confidence": vote.confidence,
            "no_evidence_basis": vote.no_evidence_basis,
        }

    @classmethod
    def for_criterion(cls, criterion: CriterionView) -> VoteForm:
        return cls(
            criterion.key,
            criterion.vote_scale,
            multiple=criterion.multiple,
            without_evidence=bool(
                criterion.vote.no_evidence_basis or not (criterion.research_evidence or criterion.tables)
            ),
            initial=cls.initial_for(criterion.vote),
        )

    @classmethod
    def for_type(cls, etd: EtdView) -> VoteForm:
        """The form for the type of recommendation, with the viewer's own vote."""
        assert etd.type_vote is not None
        return cls(RECOMMENDATION_TYPE_ITEM, etd.recommendation_types, initial=cls.initial_for(etd.type_vote))

    @classmethod
    def for_item(cls, framework: Framework, item_key: str, data: Any) -> VoteForm:
        """The form as it was sent; raises UnknownKey for an item that the framework does not have."""
        if item_key == RECOMMENDATION_TYPE_ITEM:
            return cls(item_key, recommendation_types(framework, ""), data)
        criterion = framework.criterion(item_key)
        return cls(
            item_key,
            scale(criterion, {}),
            data,
            multiple=criterion.multiple,
            without_evidence=bool(data.get("no_evidence_basis")),
        )
