"""The one template filter: a text that somebody typed, as safe HTML."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from etd.domain.text import Citations, to_html

register = template.Library()


@register.filter
def markdown(text: str | None, citations: Citations | None = None) -> SafeString:
    """CommonMark without HTML, letter for letter; see `etd.domain.text`. None is an empty text.

    Citation marks are links where the page says with `citations` what they lead to.
    """
    return mark_safe(to_html(text or "", citations))  # noqa: S308 -- to_html escapes every letter and writes only its own tags
