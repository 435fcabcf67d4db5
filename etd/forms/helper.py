"""How crispy lays our forms out: fields only; the <form>, its address and its buttons belong to the template."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout


def form_helper(*layout: object) -> FormHelper:
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.include_media = False
    if layout:
        helper.layout = Layout(*layout)
    return helper
