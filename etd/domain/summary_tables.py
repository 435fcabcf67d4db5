"""The three tables that are made from the same cells: which columns each has, and under which headings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from etd.domain.canonical import digest

STANDARD, WHAT_HAPPENS, PROFILE = "sof", "what-happens", "profile"
# Cochrane Handbook for Systematic Reviews of Interventions, version 6, chapter 14: no more than seven outcomes.
MOST_OUTCOMES = 7


@dataclass(frozen=True)
class Column:
    """`key` names the cell; `group` the heading over several columns, empty where a column stands alone."""

    key: str
    heading: str
    group: str = ""


@dataclass(frozen=True)
class Layout:
    key: str
    title: str
    columns: tuple[Column, ...]

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Pairs of heading and number of columns for the row over the headings; empty without a group."""
        if not any(column.group for column in self.columns):
            return ()
        runs: list[tuple[str, int]] = []
        for column in self.columns:
            if runs and column.group and runs[-1][0] == column.group:
                runs[-1] = (column.group, runs[-1][1] + 1)
            else:
                runs.append((column.group, 1))
        return tuple(runs)


def layouts(*, intervention: str, comparison: str) -> tuple[Layout, ...]:
    """Standard Summary of Findings, the one with “what happens”, and the evidence profile, by the arms' short names."""
    absolute = "Anticipated absolute effects (95% CI)"
    start = (
        Column("outcome", "Outcome"),
        Column("studies", "Participants (studies)"),
        Column("relative", "Relative effect (95% CI)"),
        Column("comparator_risk", f"Risk with {comparison}", absolute),
        Column("intervention_risk", f"Risk with {intervention}", absolute),
        Column("difference", "Difference", absolute),
        Column("certainty", "Certainty of the evidence"),
    )
    assessment, people, effect = "Certainty assessment", "Number of people", "Effect"
    return (
        Layout(STANDARD, "Summary of findings", (*start, Column("comments", "Comments"))),
        Layout(
            WHAT_HAPPENS,
            "Summary of findings, with what happens",
            (*start, Column("what_happens", "What happens")),
        ),
        Layout(
            PROFILE,
            "Evidence profile",
            (
                Column("outcome", "Outcome"),
                Column("n_studies", "Number of studies", assessment),
                Column("design", "Design", assessment),
                Column("risk_of_bias", "Risk of bias", assessment),
                Column("inconsistency", "Inconsistency", assessment),
                Column("indirectness", "Indirectness", assessment),
                Column("imprecision", "Imprecision", assessment),
                Column("other", "Other considerations", assessment),
                Column("intervention", intervention, people),
                Column("comparison", comparison, people),
                Column("relative", "Relative (95% CI)", effect),
                Column("difference", "Absolute (95% CI)", effect),
                Column("certainty", "Certainty"),
                Column("importance", "Importance"),
            ),
        ),
    )


def rows_revision(rows: Iterable[tuple[int, int, str]]) -> int:
    """The revision that a choice of rows starts from: outcomes, populations and sources, in their order."""
    return _revision_of(list(rows))


def words_revision(words: str | None) -> int:
    """The revision that an edit of a cell starts from; 0 where nobody has worded it."""
    return 0 if words is None else _revision_of(words)


def _revision_of(content: object) -> int:
    """A number that is another one for other content; content that comes back is the same, and nothing is lost."""
    return int(digest(content)[:12], 16)
