"""Strings that would run a script, or lose letters, on a careless page; and a site that has one in every text field.

Each text that is put somewhere ends in a mark of its own, `⟦17⟧`: where the mark is shown, the text must stand before
it, letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from django.apps import apps
from django.db import connection, models

from etd.append_only import append_only_tables, install_triggers

STRINGS = (
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script/xss>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img/src/onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><svg onload=alert(1)>',
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>body{display:none}</style>",
    "<div style=background:url(//evil.example/x)>",
    "<form action=javascript:alert(1)><button>x",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<x onclick=alert(1)>x</x>",
    "<b hx-get=/sign-out/ hx-trigger=load>x</b>",
    "<b hx-on:load=alert(1)>x</b>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "[x](javascript:alert(1))",
    "![x](//evil.example/x.png)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)",
    "' onmouseover=alert(1) x='",
    '" onfocus=alert(1) autofocus x="',
    "';alert(1);//",
    '";alert(1);//',
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "{% debug %}{{ settings.SECRET_KEY }}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "＜script＞alert(1)＜/script＞",
    "<\u200bscript>alert(1)</script>",
    "p<0.05 and I²>50%, R&D, AT&amp;T",
    "<median survival> was <12 months>",
    "a < b && c > d",
    "תוצאה <b>ראשית</b> 5%",
    "نتيجة <img src=x onerror=alert(1)>",
    "Ωμέγα “quotes” ‘x’ – 5×10⁻³ ≥ µg",
    "<b>",
    "<i>&",
)
MARK = re.compile(r"⟦(\d+)⟧")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")

# No text that anybody types: what code decides by, or what holds other texts.
NO_TEXT = {
    *(
        "slug",
        "key",
        "framework_key",
        "base_key",
        "criterion_key",
        "question_key",
        "section_key",
        "option_key",
    ),
    *("item_key", "type_key", "code", "type", "password", "email", "chain", "guideline"),
    *("question", "actor_id", "subject", "hash", "prev_hash", "request_id", "before", "after", "content"),
    *("document", "schema_version", "fingerprint", "nonce", "commitment", "made", "answer", "paradigm"),
    *("practice_basis", "severity", "where"),
}
NO_TEXT_ENDS = ("_digest", "sha256", "_hash", "_commitment", "digest")


class Texts:
    """Texts one after another, each with its own mark; `typed` is what was put where, by the number of its mark."""

    def __init__(self) -> None:
        self.typed: dict[int, str] = {}
        self.where: dict[int, str] = {}
        self._strings = cycle(STRINGS)

    def next(self, where: str, most: int | None = None) -> str:
        number = len(self.typed)
        room = (most or 10_000) - len(f"⟦{number}⟧")
        string = next(one for one in self._strings if len(one) <= room)
        self.typed[number], self.where[number] = string, where
        return f"{string}⟦{number}⟧"

    def lost(self, shown: str) -> list[str]:
        """The texts that do not stand whole before their marks; `shown` is compared without its spaces."""
        bare = "".join(shown.split())
        found = []
        for mark in MARK.finditer(bare):
            typed = self.typed[int(mark[1])]
            wanted = {"".join(one.split()) for one in (typed, *as_shown_elsewhere(typed))}
            before = bare[: mark.start()]
            if not before.endswith(tuple(wanted)):
                found.append(f"{self.where[int(mark[1])]}: {typed!r} is {before[-90:]!r}")
        return found


def as_shown_elsewhere(typed: str) -> tuple[str, ...]:
    """A text as it may stand beside the text itself, by design.

    Where texts are CommonMark a backslash makes the next sign plain; in a table to be pasted quotes are doubled; what
    cannot be seen in an upload is named.
    """
    return _ESCAPED.sub(r"\1", typed), typed.replace('"', '""'), typed.replace("\u200b", "<U+200B>")


def text_fields(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
        if is_text and field.name not in NO_TEXT and not field.name.endswith(NO_TEXT_ENDS):
            yield field


def fill_every_text(texts: Texts) -> None:
    """One of the strings in every text of every row of ours, also in those that nothing can change."""
    _drop_triggers()
    for model in apps.get_models():
        if model._meta.app_label in {"etd", "metaanalysis", "documents"}:
            for field in text_fields(model):
                for pk, value in list(model._default_manager.values_list("pk", field.name)):
                    if value and not MARK.search(value):
                        new = texts.next(f"{model.__name__}.{field.name}", field.max_length)
                        model._default_manager.filter(pk=pk).update(**{field.name: new})
    install_triggers(connection)


def fill_studies_of_analyses(texts: Texts) -> None:
    _drop_triggers()
    for analysis in apps.get_model("metaanalysis", "Analysis")._default_manager.all():
        inputs = [row | {"study": texts.next("Analysis.inputs.study")} for row in analysis.inputs]
        type(analysis)._default_manager.filter(pk=analysis.pk).update(inputs=inputs)
    install_triggers(connection)


def _drop_triggers() -> None:
    with connection.cursor() as cursor:
        # PostgreSQL alters no table while foreign keys of its new rows are still to be looked at.
        connection.check_constraints()
        for table in append_only_tables():
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                for event in ("update", "delete"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}")
