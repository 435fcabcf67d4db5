from __future__ import annotations

from typing import Any

from crispy_forms.layout import Column, Row
from django import forms

from etd.enums import Role
from etd.forms.helper import form_helper

WHAT_ROLES_DO = {
    Role.CHAIR: "leads the panel: opens rounds, records judgements, manages people, votes",
    Role.PANEL_MEMBER: "reads everything and votes",
    Role.METHODOLOGIST: "prepares the evidence: texts, study data, analyses",
    Role.STAFF: "writes the recommendation and conclusions, manages people, exports",
    Role.OBSERVER: "reads everything and changes nothing",
}


class RoleField(forms.ChoiceField):
    """The roles that somebody may give: those of chairs are given by chairs alone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.RadioSelect, **kwargs)

    def offer(self, *, chairs: bool) -> None:
        self.choices = [
            (role.value, f"{role.label}: {does}")
            for role, does in WHAT_ROLES_DO.items()
            if chairs or role != Role.CHAIR
        ]

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return Role(text) if text in Role.values else text


class InviteForm(forms.Form):
    name = forms.CharField(max_length=200, help_text="As it stands in the letter; they can change it.")
    email = forms.EmailField(label="E-mail address", help_text="Their account will have this address.")
    role = RoleField()

    def __init__(self, *args: Any, chairs: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].offer(chairs=chairs)  # type: ignore[attr-defined]
        self.helper = form_helper(Row(Column("name"), Column("email")), "role")


class RoleForm(forms.Form):
    role = RoleField(label="New role")

    def __init__(self, *args: Any, chairs: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].offer(chairs=chairs)  # type: ignore[attr-defined]
        self.helper = form_helper("role")


class EndForm(forms.Form):
    """Nothing to fill in: sending it is the answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper()
