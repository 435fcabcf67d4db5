"""`{% check_mark "row" row.id %}`: what the checks say of a part of the question page, for whoever sees them."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("_components/check_mark.html", takes_context=True)
def check_mark(context: dict[str, Any], part: str, key: object = "") -> dict[str, Any]:
    """The part's fragment is `part`, or `part-key`. Without `checks` in the context there is nothing to say."""
    checks = context.get("checks")
    fragment = f"{part}-{key}" if key != "" else part
    return {"mark": checks.marks.get(fragment) if checks else None, "etd": context.get("etd")}
