"""The JSON Schema (draft 2020-12) of the document, made from the dataclasses of `documents.schema`.

It says what this version of OpenEtD writes and reads: every key, none besides. A later version may add keys; whoever
must read those too leaves out what the schema does not know.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from documents.schema import SCHEMA_VERSION, EtdDocument

# A name, not an address: whoever runs a site serves the schema under an address of their own.
SCHEMA_ID = "urn:openetd:etd-document:1"
FILE_NAME = "etd-document.schema.json"

_SHA256 = {"pattern": "^([0-9a-f]{64})?$"}
# What the type alone does not say, by class and key.
_NARROWER: dict[tuple[str, str], dict[str, Any]] = {
    ("EtdDocument", "schema_version"): {"const": SCHEMA_VERSION},
    ("Criterion", "scale"): {"minItems": 7, "maxItems": 7},
    ("Option", "column"): {"minimum": 1, "maximum": 7},
    ("Judgement", "evidence_change"): {"enum": ["", "none", "minor", "changed"]},
    ("Judgement", "evidence_digest"): _SHA256,
    ("Analysis", "input_digest"): _SHA256,
    ("Row", "n_studies"): {"minimum": 0},
    ("SummaryTable", "key"): {"enum": ["sof", "what-happens", "profile"]},
    ("Conflict", "scope"): {"enum": ["question", "guideline"]},
    ("PracticeAnswer", "answer"): {"enum": ["", "yes", "no"]},
    ("Round", "tally_display"): {"enum": ["none", "counts", "named"]},
    ("Round", "number"): {"minimum": 1},
    ("Round", "tally_digest"): _SHA256,
    ("OptionVotes", "count"): {"minimum": 0},
    ("Version", "number"): {"minimum": 1},
    ("Version", "previous_sha256"): _SHA256,
}
_PLAIN: dict[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def json_schema() -> dict[str, Any]:
    """The schema as plain dicts and lists."""
    found: dict[str, dict[str, Any]] = {}
    _describe(EtdDocument, found)
    whole = found.pop(EtdDocument.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": f"Evidence-to-Decision document, {SCHEMA_VERSION}",
        **whole,
        "$defs": dict(sorted(found.items())),
    }


def schema_bytes() -> bytes:
    """The schema as a file: UTF-8, indented."""
    return (json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n").encode()


def _describe(kind: Any, found: dict[str, dict[str, Any]]) -> None:
    """Adds the class, and those that its keys hold, to `found`."""
    found[kind.__name__] = {}
    hints = get_type_hints(kind)
    properties = {
        field.name: _of(hints[field.name], found) | _NARROWER.get((kind.__name__, field.name), {})
        for field in fields(kind)
    }
    found[kind.__name__] = {
        **_said(kind),
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields(kind) if field.default is MISSING],
        "additionalProperties": False,
    }


def _of(kind: Any, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], found)}
    if origin in (UnionType, Union):
        return {"anyOf": [_of(one, found) for one in arguments if one is not type(None)] + [{"type": "null"}]}
    if is_dataclass(kind):
        name = str(getattr(kind, "__name__", ""))
        if name not in found:
            _describe(kind, found)
        return {"$ref": f"#/$defs/{name}"}
    return {"type": "object" if origin is Mapping else _PLAIN[kind]}


def _said(kind: Any) -> dict[str, str]:
    """The docstring, where a person wrote one: dataclasses without get their signature for it."""
    text = " ".join((inspect.getdoc(kind) or "").split()).replace("None", "null")
    return {"description": text} if text and not text.startswith(f"{kind.__name__}(") else {}
