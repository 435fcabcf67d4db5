"""How often the integrity checks find an altered number, and how often they call a right row wrong.

`python -m tests.detection` prints the figures of docs/checks.md, from seeded simulations, as `./openetd bench` does.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etd.domain.findings import Severity
from etd.domain.integrity import ReportedRow, TableFinding, check_table
from etd.domain.integrity.rows import NUMBER_COLUMNS
from tests.unit.etd.domain.published_tables import ALTERATIONS, METHODS, Trials, draw_table

SEED = 14
MEASURES = ("OR", "RR", "RD")
# Harder to leave in peace: by DerSimonian and Laird, and by Hartung and Knapp.
HARD = {
    "risks that differ": Trials(risk_spread=1.0, most_people=300),
    "up to 600 people": Trials(most_people=600),
    "risks of 1 to 5%": Trials(risks=(0.01, 0.05), most_people=400),
    "2:1 or 1:2 in 30%": Trials(two_to_one=0.3, most_people=300),
}
HARD_TABLES = 12
TABLES, FEWER_TABLES = 100, 40
RIGHT_TABLES = 50
ROWS_ALTERED = 4


@dataclass(frozen=True)
class Share:
    """Of `tried` alterations: found by any new finding, by one that is more than informational, and by one that names
    the number or the mistake; in percent.
    """

    tried: int
    found: float
    inconsistent: float
    named: float


def names_it(alteration: str, row: ReportedRow, altered: ReportedRow, finding: TableFinding) -> bool:
    """Whether a reader is led to what was altered: by the suspicion, the right number, or the arm."""
    message = finding.finding.message
    changed = next(
        (column for column in NUMBER_COLUMNS if getattr(row, column) != getattr(altered, column)), ""
    )
    arm = changed.rpartition("_")[2]
    match alteration:
        case "arms exchanged" | "odds ratio inverted":
            return "is the ratio turned round?" in message.lower()
        case "one bound moved by 0.1":
            bound = {"ci_low": "the lower bound", "ci_high": "the upper bound"}[changed]
            return f"{bound} (" in message.lower() or finding.finding.code == "bounds_turned_round"
        case "P moved by 0.05":
            return finding.column == "p_value"
        case "P of another row":
            return "The same P stands in row" in message or finding.finding.code == "p_out_of_range"
        case "two digits of the events exchanged" | "two digits of the people exchanged":
            return f"{getattr(row, changed)} " in message or finding.column == changed
        case _:
            return finding.column == f"percent_{arm}"


def above_informational(findings: Sequence[TableFinding]) -> list[TableFinding]:
    return [each for each in findings if each.finding.severity is not Severity.INFORMATIONAL]


def detection(
    method: str,
    *,
    tables: int = TABLES,
    rows_altered: int = ROWS_ALTERED,
    seed: int = SEED,
    alone: bool = False,
) -> dict[str, Share]:
    """By alteration. One number of one row is altered at a time; `alone`: the row is checked without its table."""
    draw = random.Random(seed)  # noqa: S311 -- made-up tables, not secrets
    tried, found_at_all, inconsistent, named = (Counter[str]() for _ in range(4))
    for _ in range(tables):
        table = draw_table(draw, method)
        before = {(each.row, each.finding.code) for each in check_table(table)}
        for name, alter in ALTERATIONS.items():
            for place in draw.sample(range(len(table)), rows_altered):
                others = [*table[:place], *table[place + 1 :]]
                altered = alter(draw, table[place], others)
                if altered is None:
                    continue
                checked = check_table([altered] if alone else [*others, altered])
                found = [each for each in checked if each.row == altered.row]
                above = bool(above_informational(found))
                tried[name] += 1
                inconsistent[name] += above
                found_at_all[name] += above or any(
                    (each.row, each.finding.code) not in before for each in found
                )
                named[name] += any(names_it(name, table[place], altered, each) for each in found)
    return {
        name: Share(n, *(100 * each[name] / n for each in (found_at_all, inconsistent, named)))
        for name, n in tried.items()
    }


@dataclass(frozen=True)
class FalseAlarms:
    """Of `rows` right rows: how many have a finding above informational, and how many an informational one."""

    rows: int
    inconsistent: int
    informational: int


def false_alarms(
    method: str, measure: str, *, kind: Trials, tables: int = RIGHT_TABLES, seed: int = SEED
) -> FalseAlarms:
    draw = random.Random(seed)  # noqa: S311 -- as above
    rows = inconsistent = informational = 0
    for _ in range(tables):
        table = draw_table(draw, method, measure, kind)
        findings = check_table(table)
        wrong = {each.row for each in above_informational(findings)}
        rows += len(table)
        inconsistent += len(wrong)
        informational += len({each.row for each in findings} - wrong)
    return FalseAlarms(rows, inconsistent, informational)


def report() -> Iterator[str]:
    """The figures, line by line."""
    yield "Altered numbers found, in percent: with hints / as inconsistent or impossible / named (of so many)"
    for method, alone, tables in (
        ("DL", False, TABLES),
        ("DL", True, FEWER_TABLES),
        ("HKSJ", False, FEWER_TABLES),
    ):
        yield f"  {method} tables{', each row alone' if alone else ''}"
        for name, share in detection(method, alone=alone, tables=tables).items():
            yield f"    {name:37} {share.found:3.0f} / {share.inconsistent:3.0f} / {share.named:3.0f}  ({share.tried})"
    yield "False alarms on right rows: inconsistent or impossible / informational / of so many rows"
    for arms in ("balanced", "lopsided"):
        yield f"  {f'{arms} arms':28}" + "".join(f"{measure:>17}" for measure in MEASURES)
        for method in METHODS:
            yield _alarms_line(method, method, Trials(balanced=arms == "balanced"), RIGHT_TABLES)
    yield "  trials of other kinds"
    for name, kind in HARD.items():
        for method in ("DL", "HKSJ"):
            yield _alarms_line(f"{name}, {method}", method, kind, HARD_TABLES)


def _alarms_line(name: str, method: str, kind: Trials, tables: int) -> str:
    alarms = (false_alarms(method, measure, kind=kind, tables=tables) for measure in MEASURES)
    return f"    {name:26}" + "".join(
        f"{each.inconsistent:>6} /{each.informational:3} /{each.rows:4}" for each in alarms
    )


if __name__ == "__main__":
    for line in report():
        sys.stdout.write(f"{line}\n")
