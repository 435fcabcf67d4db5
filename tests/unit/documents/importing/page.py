"""The example as a web page in GRADEpro's layout, written from the fixture: nested tables, entities, superscripts."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from etd.frameworks import Criterion, Framework, all_frameworks
from tests.unit.documents.importing.example import document, outcome_rows

_MARK = re.compile(r"\[\^([0-9,–]+)\]")
HEAD = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><style>td{color:red}</style></head>'


def framework(content: dict[str, Any]) -> Framework:
    question, word = content["question"], content["guideline"]["strength_word"]
    named = (question["framework_key"], question["framework_version"])
    return next(one for one in all_frameworks() if (one.key, one.version) == named).worded(word)


def page() -> str:
    """The whole page."""
    content = document()
    own = framework(content)
    return "\n".join(
        (HEAD, "<body><script>var x = '<td>● Yes</td>';</script>", _question(content, own), _assessment(content, own),
         _summary(content, own), _type(content, own), _conclusions(content, own), "</body></html>")
    )  # fmt: skip


def paragraphs(text: str) -> str:
    """CommonMark with citation marks as paragraphs with superscripts; backslashes before signs are gone."""
    return "".join(f"<p>{_inline(one)}</p>" for one in text.split("\n\n"))


def _inline(text: str) -> str:
    plain = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", text)
    return _MARK.sub(r"<sup>\1</sup>", escape(plain)).replace("\n", "<br>\n").replace("\u00a0", "&nbsp;")


def _question(content: dict[str, Any], own: Framework) -> str:
    question = content["question"]
    rows = "".join(
        f"<tr><td><b>{field.heading}:</b></td><td>{paragraphs(question[field.key])}</td></tr>"
        for field in own.question_fields
        if question.get(field.key)
    )
    return (
        f"<table><tr><th colspan=2>QUESTION</th></tr><tr><td colspan=2><h3>{escape(question['title'])}</h3></td></tr>"
        f"{rows}</table><h2>ASSESSMENT</h2>"
    )


def _assessment(content: dict[str, Any], own: Framework) -> str:
    return "".join(_criterion(content, one, own.criterion(one["key"])) for one in content["criterion"])


def _criterion(content: dict[str, Any], one: dict[str, Any], criterion: Criterion) -> str:
    options = "<br/>\n".join(
        f"{'●' if option.key in one['options'] else '○'}&nbsp;{escape(option.label)}"
        for option in criterion.options
    )
    table = content["outcome_table"]
    nested = _table(content) if table["criterion"] == criterion.key else ""
    return f"""
      <table class="criterion" style="width:100%">
        <tr><td colspan="3"><p><strong>{criterion.heading}</strong></p><p>{escape(criterion.prompt)}</p></td></tr>
        <tr><th>JUDGEMENT</th><th>RESEARCH EVIDENCE</th><th>ADDITIONAL CONSIDERATIONS</th></tr>
        <tr>
          <td>{options}</td>
          <td>{paragraphs(one["research_evidence"])}{nested}</td>
          <td>{paragraphs(one["additional_considerations"])}</td>
        </tr>
      </table>"""


def _table(content: dict[str, Any]) -> str:
    table = content["outcome_table"]
    headings = "".join(
        f"<th><p>{escape(one).replace(chr(10), '<br>')}</p></th>" for one in table["column_headings"]
    )
    rows, outcome = [], ""
    for row in outcome_rows():
        if row["outcome"] != outcome:
            outcome = row["outcome"]
            rows.append(f"<tr><td colspan=7>{escape(outcome)}</td></tr>")
        rows.append(_row(row))
    notes = "".join(f"<p>{escape(table[name])}</p>" for name in ("abbreviations", "footnotes"))
    return (
        f"<p>Table {table['number']}. {escape(table['title'])}</p><table border=1><thead><tr>{headings}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{notes}"
    )


def _row(row: dict[str, str]) -> str:
    def arm(name: str) -> str:
        if not row[f"n_{name}"]:
            return "-"
        return f"{row[f'events_{name}']}/{row[f'n_{name}']} ({row[f'percent_{name}']}%)"

    effect = f"{row['estimate']} ({row['ci_low']}–{row['ci_high']})" if row["estimate"] else "-"
    cells = (
        f"&nbsp;&nbsp; {escape(row['population'])}",
        row["n_studies"] + row["footnote_mark"],
        arm("intervention"),
        arm("comparison"),
        effect,
        f"<b>{row['p_value']}</b>" if row["p_value"] else "-",
        f"{row['i2']}%" if row["i2"] else "-",
    )
    return f"<tr>{''.join(f'<td><p>{cell}</p></td>' for cell in cells)}</tr>"


def _summary(content: dict[str, Any], own: Framework) -> str:
    chosen = {one["key"]: one["options"] for one in content["criterion"]}
    rows = []
    for criterion in own.criteria:
        cells = "".join(
            "<td></td>"
            if option is None
            else f"<td>{'<b>' if option.key in chosen[criterion.key] else ''}{escape(option.label)}</td>"
            for option in criterion.cells
        )
        rows.append(f"<tr><td><b>{escape(criterion.summary_heading.upper())}</b></td>{cells}</tr>")
    return f"<h2>SUMMARY OF JUDGEMENTS</h2><table><tr><td></td><td colspan=7>JUDGEMENT</td></tr>{''.join(rows)}</table>"


def _type(content: dict[str, Any], own: Framework) -> str:
    kinds = own.recommendation_types
    labels = "".join(f"<td>{escape(kind.label)}</td>" for kind in kinds)
    key = content["recommendation"]["type"]
    buttons = "".join(f"<td>{'●' if kind.key == key else '○'}</td>" for kind in kinds)
    return f"<h2>TYPE OF RECOMMENDATION</h2><table><tr>{labels}</tr><tr>{buttons}</tr></table>"


def _conclusions(content: dict[str, Any], own: Framework) -> str:
    bodies = {section["key"]: section["body"] for section in content["section"]}
    rows = []
    for section in own.sections:
        body = bodies.get(section.key, "")
        if section.holds_statements:
            body = "\n\n".join(statement["text"] for statement in content["statement"])
        rows.append(f"<tr><td><h3>{section.heading}</h3></td></tr><tr><td>{paragraphs(body)}</td></tr>")
    return f"<h2>CONCLUSIONS</h2><table>{''.join(rows)}</table>"
