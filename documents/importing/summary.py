"""The summary of judgements against the ticks of the criteria: it has no judgement of its own."""

from __future__ import annotations

from collections.abc import Sequence

from documents.importing.account import Account
from documents.importing.imported import ImportedCriterion
from documents.importing.labels import Labels
from documents.importing.layout import Layout, Part
from documents.importing.ticks import emphasised
from etd.frameworks import Criterion, Option

_WHERE = "Summary of judgements"


def compare_summary(layout: Layout, account: Account, criteria: Sequence[ImportedCriterion]) -> None:
    """Flags every criterion that the grid marks otherwise; where the marking is lost in the text, it says so."""
    marked: dict[str, set[str]] = {}
    labels: dict[str, set[str]] = {}
    criterion: Criterion | None = None
    for fragment in layout.lines_of(Part.SUMMARY):
        if fragment.is_blank:
            continue
        if row := layout.summary_rows.find(fragment.text):
            criterion = row
            account.take([fragment], f"{_WHERE}: {row.heading}")
            continue
        if criterion is None and layout.is_judgement_heading(fragment):
            account.take([fragment], f"{_WHERE}: heading")
            continue
        options = layout.options[criterion.key] if criterion else Labels[Option](())
        inside = emphasised(fragment.text)
        option = options.find(fragment.text) or options.find(inside)
        if criterion is None or option is None:
            account.leave(
                [fragment], _WHERE, "It is no criterion of the framework and no option of the one above."
            )
            continue
        labels.setdefault(criterion.key, set()).add(option.key)
        if fragment.is_chosen or (inside and not options.find(fragment.text)):
            marked.setdefault(criterion.key, set()).add(option.key)
        account.take([fragment], f"{_WHERE}: {criterion.heading}")
    _compare(layout, account, criteria, marked, has_grid=bool(labels))


def _compare(
    layout: Layout,
    account: Account,
    criteria: Sequence[ImportedCriterion],
    marked: dict[str, set[str]],
    *,
    has_grid: bool,
) -> None:
    if has_grid and not marked:
        account.flag(_WHERE, "Its marking is lost; it was not compared with the criteria.")
    for one in criteria:
        choice = marked.get(one.key)
        if choice is not None and choice != set(one.options):
            criterion = layout.framework.criterion(one.key)
            summary = " · ".join(option.label for option in criterion.options if option.key in choice)
            ticked = " · ".join(option.label for option in criterion.options if option.key in one.options)
            account.flag(
                f"{one.heading}, judgement",
                f"The summary of judgements marks “{summary}”, the criterion ticks “{ticked or 'nothing'}”. "
                "The criterion's own tick was taken.",
            )
