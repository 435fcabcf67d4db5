"""The small document with everything in it that two documents can differ in."""

from __future__ import annotations

from dataclasses import replace

from documents import schema
from tests.unit.documents import example as small


def round_over() -> schema.Round:
    votes = tuple(
        schema.OptionVotes(key, label, column, "", "", False, count, "", count > 1, (name,))
        for key, label, column, count, name in (
            ("small", "Small", 1, 1, "Mia"),
            ("large", "Large", 2, 2, "Cem"),
        )
    )
    tally = schema.Tally("benefit", "Benefit", 3, 3, 0, 0, votes, "The rule was met: 2 of 3.", True, False)
    return schema.Round(
        number=1,
        blind=True,
        opened_at="2026-01-02T10:00:00+00:00",
        ended_at="2026-01-09T10:00:00+00:00",
        by_time=True,
        items=("benefit",),
        n_ballots=3,
        n_voided=0,
        n_cast=3,
        rule="Most votes",
        rule_asks="More than half",
        rule_citation="",
        tally_display="named",
        roll=("Cem", "Mia"),
        tallies=(tally,),
        tally_digest="cd" * 32,
    )


def summary_table() -> schema.SummaryTable:
    columns = (
        schema.SummaryColumn("effect", "Relative effect", ""),
        schema.SummaryColumn("with", "With device", "Anticipated absolute effects"),
    )
    cells = (
        schema.SummaryCell("effect", (schema.SummaryLine("OR 1.17 (0.97 to 1.42)", ("a",)),), False, ""),
        schema.SummaryCell("with", (schema.SummaryLine("450 per 1,000", ()),), True, "451 per 1,000"),
    )
    row = schema.SummaryRow("Survival, n (%)", "All patients", "reported", cells, {"risk": 0.41})
    return schema.SummaryTable(
        "sof",
        "Summary of findings",
        1000,
        columns,
        (row,),
        (schema.Footnote("a", "Few events."),),
        ("A note.",),
    )


def full() -> schema.EtdDocument:
    document = small.example()
    table = document.tables[0]
    group = replace(table.groups[0], certainty_marks=("a",), certainty_sum="High − 2 = Low")
    table = replace(
        table,
        groups=(group,),
        certainty_notes=(schema.Footnote("a", "Wide interval."), schema.Footnote("b", "Led to by nothing.")),
    )
    answer = schema.PracticeAnswer("necessary", "Is it necessary?", "yes", "Yes", "Nobody would not.")
    first, practice = document.statements
    return replace(
        document,
        tables=(table,),
        criteria=(
            replace(
                document.criteria[0],
                adolopment=schema.Adolopment("adapt", "Adapted", "Our costs differ.", ("Small",), True),
            ),
            small.criterion(key="harm", number=2, heading="Harm", judgements=()),
        ),
        statements=(replace(first, strength_label="Weak"), replace(practice, practice_answers=(answer,))),
        panel=schema.Panel(
            (schema.Conflict("Mia", "question", "no_vote", "May discuss, does not vote"),), ("Cem",), ("Ole",)
        ),
        rounds=(round_over(),),
        type_judgement=schema.Judgement(
            "for", "For the device", "", "Vote", "2026-01-15T12:30:00+00:00", False
        ),
        summary_tables=(summary_table(),),
        source=schema.Source(
            "Devices",
            "Another society",
            "https://example.org/",
            "devices.docx",
            "ef" * 32,
            "For",
            ("We suggest it.",),
        ),
        version=schema.Version(1, "2026-02-01T10:00:00+00:00", "Sam Osei", "", (), ""),
    )
