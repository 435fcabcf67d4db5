"""Radio buttons and other marks of a choice, as text has them."""

from __future__ import annotations

import re

TICKED = "●⬤⚫◉•☒☑✓✔✗✘"
OPEN = "○◯⚪☐oO"
# Signs that nobody begins a sentence with: what follows them is an option, known or not.
_CIRCLES = "○◯⚪●⬤⚫◉"
_MARKED = re.compile(rf"\s*([{TICKED}{OPEN}])(?:\s+(.*)|\s*)", re.S)
_BOXED = re.compile(rf"\s*[\[(]\s*([xX{TICKED}]?)\s*[\])]\s+(.*)", re.S)
_UNSPACED = re.compile(rf"\s*([{_CIRCLES}])(.*)", re.S)
_EMPHASISED = re.compile(
    rf"\s*(?:\*\*(.+)\*\*|__(.+)__|\[(.+)\]|[{TICKED}]\s*(.+)|(.+?)\s*[{TICKED}]|→\s*(.+)|\[[xX]\]\s*(.+))\s*",
    re.S,
)


def split_mark(text: str) -> tuple[str, str]:
    """The mark before a label and the label; the mark is empty where there is none."""
    if len(text) > 400:
        return "", text
    if boxed := _BOXED.fullmatch(text):
        return TICKED[0] if boxed[1] else OPEN[0], boxed[2].strip()
    found = _MARKED.fullmatch(text) or _UNSPACED.fullmatch(text)
    return (found[1], (found[2] or "").strip()) if found else ("", text)


def is_ticked(mark: str) -> bool:
    return mark != "" and mark in TICKED


def is_circle(mark: str) -> bool:
    return mark != "" and mark in _CIRCLES


def emphasised(text: str) -> str:
    """The label within a surviving mark of a choice (bold, brackets, a tick); empty where there is none."""
    if len(text) > 400:
        return ""
    found = _EMPHASISED.fullmatch(text)
    return next((group.strip() for group in found.groups() if group), "") if found else ""
