"""A reference by hand, and references from a file or pasted text."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from crispy_forms.layout import Column, Row
from django import forms
from django.core.files.uploadedfile import UploadedFile

from etd.actions.references import FIELDS, LARGEST_NUMBER
from etd.domain.references import MOST_BYTES, TOO_LARGE, NoIdentifier, clean_doi, clean_pmid
from etd.forms.fields import ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors.question import ReferenceView

NO_CITATION = "A reference needs its citation."
NO_NUMBER = f"Write a number from 1 to {LARGEST_NUMBER:,}."


class ReferenceForm(RevisionForm):
    """One reference; its number is asked for only where it is new."""

    number = forms.IntegerField(
        min_value=1,
        max_value=LARGEST_NUMBER,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": NO_NUMBER, "min_value": NO_NUMBER, "max_value": NO_NUMBER},
        label="Number",
        help_text="As the texts cite it: 7 for [^7].",
    )
    citation = ProseField(
        rows=4,
        label="Citation",
        help_text="Authors. Title. Journal. Year;volume(issue):pages.",
        error_messages={"required": NO_CITATION},
    )
    doi = forms.CharField(
        required=False,
        max_length=400,
        label="DOI",
        help_text="10.1056/nejmoa2307227, or its address.",
    )
    pmid = forms.CharField(
        required=False, max_length=100, label="PMID", help_text="The number that PubMed gives it."
    )

    def __init__(self, *args: Any, is_new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["number"]
        number = ("number",) if is_new else ()
        self.helper = form_helper("revision", "op", *number, "citation", Row(Column("doi"), Column("pmid")))

    @staticmethod
    def initial_for(reference: ReferenceView) -> dict[str, Any]:
        return {"revision": reference.revision} | {name: getattr(reference, name) for name in FIELDS}

    def clean_citation(self) -> str:
        citation: str = self.cleaned_data["citation"].strip()
        if not citation:
            raise forms.ValidationError(NO_CITATION)
        return citation

    def clean_doi(self) -> str:
        return _identifier(clean_doi, self.cleaned_data["doi"])

    def clean_pmid(self) -> str:
        return _identifier(clean_pmid, self.cleaned_data["pmid"])

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in FIELDS}


def _identifier(clean: Any, text: str) -> str:
    try:
        return str(clean(text))
    except NoIdentifier as error:
        raise forms.ValidationError(str(error)) from error


class RemoveReferenceForm(forms.Form):
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)


class ReferenceFileForm(forms.Form):
    """A file, or what was pasted; one of the two."""

    file = forms.FileField(
        required=False,
        label="File",
        help_text="RIS (.ris), or NBIB from PubMed (.nbib); up to 2,000 references and 2 MiB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".ris,.nbib,.txt,text/plain"}),
        error_messages={"empty": "This file is empty."},
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("file", "text")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text", "")
        if self.errors:
            return cleaned
        if bool(file) == bool(text.strip()):
            said = (
                "Choose one of the two: a file is chosen, and text is pasted."
                if file
                else "Choose a file, or paste."
            )
            self.add_error("text" if file else "file", said)
        elif (file.size if file else len(text.encode())) > MOST_BYTES:
            self.add_error("file" if file else "text", TOO_LARGE)
        return cleaned

    def data_sent(self) -> bytes:
        file: UploadedFile | None = self.cleaned_data["file"]
        return file.read() if file else self.cleaned_data["text"].encode()


class StoreReferencesForm(forms.Form):
    """What the preview showed, signed, and from which number on; `do` says which button was pressed."""

    shown = forms.CharField(widget=forms.HiddenInput, strip=False)
    first = forms.IntegerField(
        min_value=1,
        max_value=LARGEST_NUMBER,
        error_messages={
            "required": NO_NUMBER,
            "invalid": NO_NUMBER,
            "min_value": NO_NUMBER,
            "max_value": NO_NUMBER,
        },
    )
    do = forms.ChoiceField(
        choices=[(value, value) for value in ("number", "new", "all")],
        error_messages={"required": "Choose what to do.", "invalid_choice": "Choose what to do."},
    )
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
