"""A document as one HTML file: its style, its fonts and its data inside it, so that it opens without a network.

The file asks for nothing and runs nothing, and tells the browser so by a policy of its own. The document as JSON is in
it as data, in the element `etd-document`; a program that reads it has the same as in the JSON file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

from documents.html import render_html
from documents.published import document_bytes
from documents.schema import EtdDocument

STATIC = Path(__file__).parents[1] / "static"
STYLE_SHEET = STATIC / "css" / "print.css"
DATA_ID = "etd-document"

_FONT = re.compile(r'url\("\.\./fonts/([\w-]+)\.ttf"\)')


def to_single_file(document: EtdDocument) -> bytes:
    """The document as an HTML file in UTF-8 that needs no other file. The same content gives the same bytes."""
    style = _FONT.sub(lambda found: _font(found[1]), STYLE_SHEET.read_text(encoding="utf-8"))
    head, end, body = render_html(document).partition("</head>")
    body, close, rest = body.rpartition("</body>")
    return "".join((head, _head(style), end, body, _data(document), close, rest)).encode()


def _head(style: str) -> str:
    sha256 = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{sha256}'; font-src data:; base-uri 'none'; form-action 'none'"
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{style}</style>\n"
    )


def _data(document: EtdDocument) -> str:
    """The JSON as data. No letter of it can end the element, nor begin a comment in it."""
    data = document_bytes(document).decode().replace("<", "\\u003c")
    return f'<script type="application/json" id="{DATA_ID}">\n{data}</script>\n'


def _font(name: str) -> str:
    file = STATIC / "fonts" / f"{name}.woff2"
    return f'url("data:font/woff2;base64,{base64.b64encode(file.read_bytes()).decode()}")'
