"""The assessment: each criterion with its ticks, its research evidence with tables, and the considerations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from documents.importing.account import Account
from documents.importing.evidence_tables import TableReader
from documents.importing.fragments import Fragment, cells_of
from documents.importing.imported import ImportedCriterion, ImportedTable
from documents.importing.labels import Labels
from documents.importing.layout import Layout, Part
from documents.importing.plain_text import as_markdown
from documents.importing.ticks import is_circle, is_ticked, split_mark
from etd.frameworks import Criterion, Option

Lines = Sequence[Fragment]
_LINES_OF_A_HEADING = 4
_COLUMNS = 3
_LONGEST_HEADING = 200


class AssessmentReader:
    """Reads the criteria one after the other, in whatever order; `better` and `known` are for `TableReader`."""

    def __init__(
        self, layout: Layout, account: Account, *, better: str = "", known: Mapping[str, str] | None = None
    ) -> None:
        self._layout = layout
        self._account = account
        self._tables = TableReader(account, better=better, known=known or {})
        self.criteria: list[ImportedCriterion] = []

    @property
    def tables(self) -> list[ImportedTable]:
        return self._tables.tables

    @property
    def better(self) -> dict[str, str]:
        return self._tables.better

    def read(self) -> None:
        lines = self._layout.lines_of(Part.ASSESSMENT)
        blocks = self._blocks(lines)
        first = blocks[0][0] if blocks else len(lines)
        self._account.leave(lines[:first], "Assessment", "It stands before the first criterion.")
        for (start, criterion), (end, _) in pairwise([*blocks, (len(lines), None)]):
            block = lines[start:end]
            if criterion is None or criterion.key in {one.key for one in self.criteria}:
                self._leave_block(block, criterion)
            else:
                self._read_block(criterion, block)
        for criterion in self._layout.framework.criteria:
            if criterion.key not in {one.key for one in self.criteria}:
                self._account.flag(criterion.heading, "The document does not have this criterion.")

    def _blocks(self, lines: Lines) -> list[tuple[int, Criterion | None]]:
        """Where each criterion begins; None for one that the framework does not have."""
        blocks: list[tuple[int, Criterion | None]] = []
        headed = True
        floor = 0
        for place, fragment in enumerate(lines):
            criterion = self._layout.criterion_at(fragment.index)
            if criterion and (headed or blocks[-1][1] != criterion):
                blocks.append((place, criterion))
                headed, floor = False, place + 1
            elif self._layout.heads_judgement(fragment.index):
                if headed:
                    blocks.append((self._heading_before(lines, place, floor), None))
                headed, floor = True, place + 1
        return blocks

    def _heading_before(self, lines: Lines, place: int, floor: int) -> int:
        """Where the paragraph or cell right before a judgement begins: what an unknown criterion is called."""
        start = place
        while start > floor and lines[start - 1].is_blank and not lines[start - 1].begins_cell:
            start -= 1
        for _ in range(_LINES_OF_A_HEADING):
            before = lines[start - 1] if start > floor else None
            if before is None or before.is_blank or self._layout.is_column_heading(before):
                return start
            if len(before.text) > _LONGEST_HEADING or before.folded.endswith("."):
                return place
            start -= 1
            if before.begins_cell:
                return start
        return place

    def _leave_block(self, block: Lines, criterion: Criterion | None) -> None:
        heading = block[0].folded
        reason = (
            "This criterion stands in the document twice."
            if criterion
            else "No such criterion is in the framework."
        )
        self._account.leave(block, f"Assessment, {heading}", reason)

    def _read_block(self, criterion: Criterion, block: Lines) -> None:
        body = self._after_headings(criterion, block)
        options, rest = self._options(criterion, body)
        evidence, considerations = self._texts(criterion, rest)
        self.criteria.append(
            ImportedCriterion(criterion.key, criterion.heading, options, evidence, considerations)
        )

    def _after_headings(self, criterion: Criterion, block: Lines) -> Lines:
        """Takes the criterion's heading, its prompt and the headings of the three columns."""
        known = Labels([(criterion.heading, "heading"), (criterion.prompt, "prompt")])
        place, headed = 0, False
        while place < len(block):
            fragment = block[place]
            if self._layout.is_column_heading(fragment):
                headed = True
                self._account.take([fragment], f"{criterion.heading}: heading of a column")
            elif headed or self._is_option(criterion, fragment):
                if not fragment.is_blank:
                    break
            elif what := known.find(fragment.text):
                self._account.take([fragment], f"{criterion.heading}: {what}")
            else:
                self._account.leave(
                    [fragment], criterion.heading, "It stands between the heading and the judgement."
                )
            place += 1
        headings = [fragment for fragment in block[:place] if self._layout.is_column_heading(fragment)]
        if len({fragment.line for fragment in headings}) < len(headings):
            return _continued(block[place:])
        return block[place:]

    def _is_option(self, criterion: Criterion, fragment: Fragment) -> bool:
        mark, label = split_mark(fragment.text)
        return bool(mark) and self._layout.options[criterion.key].find(label) is not None

    def _options(self, criterion: Criterion, body: Lines) -> tuple[tuple[str, ...], Lines]:
        """The ticked options, and what follows the cell of the judgement."""
        end, last = self._option_cell(criterion, body)
        has_cells_after = end < len(body)
        where = f"{criterion.heading}, judgement"
        marked: list[tuple[Fragment, Option, bool]] = []
        bare: list[tuple[Fragment, Option]] = []
        for fragment in body[: last + 1]:
            mark, label = split_mark(fragment.text)
            option = self._layout.options[criterion.key].find(label)
            if option and mark:
                marked.append((fragment, option, is_ticked(mark)))
            elif option:
                bare.append((fragment, option))
            elif not fragment.is_blank:
                ticked = " It is ticked: the judgement may be missing." if is_ticked(mark) else ""
                self._account.leave([fragment], where, f"It is no option of this criterion.{ticked}")
        if has_cells_after:
            self._account.leave(body[last + 1 : end], where, "It stands in the cell of the judgement.")
        self._settle_bare(bare, where, alone=not marked)
        for fragment, option, is_chosen in marked:
            said = f"ticked, {option.label}" if is_chosen else "not ticked"
            self._account.take([fragment], f"{where}: {said}")
        chosen = tuple(dict.fromkeys(option.key for _, option, is_chosen in marked if is_chosen))
        self._flag_ticks(criterion, chosen, where)
        return chosen, body[end:] if has_cells_after else body[last + 1 :]

    def _option_cell(self, criterion: Criterion, body: Lines) -> tuple[int, int]:
        """Where the cell of the judgement ends, and its last line that is an option; -1 where none is."""
        options = self._layout.options[criterion.key]
        seen: set[str] = set()
        last, has_marks = -1, False
        first = next((place for place, one in enumerate(body) if one.begins_cell or not one.is_blank), 0)
        for place, fragment in enumerate(body):
            mark, label = split_mark(fragment.text)
            option = options.find(label) if not fragment.is_blank else None
            counts = bool(option) and bool(mark or not (has_marks and fragment.begins_cell))
            if counts or is_circle(mark):
                last, has_marks = place, has_marks or bool(mark)
                seen |= {option.key} if option else set()
            elif fragment.begins_cell and not (
                place == first and self._is_judgement(criterion, body[place:])
            ):
                return place, last
            if len(seen) == len(criterion.options):
                break
        following = (p for p in range(last + 1, len(body)) if body[p].begins_cell)
        return next(following, len(body)), last

    def _is_judgement(self, criterion: Criterion, lines: Lines) -> bool:
        """Is the cell that begins here that of the judgement, though its first line is no option?"""
        cells = cells_of(lines)
        labels = (split_mark(fragment.text)[1] for fragment in cells[0].fragments)
        return len(cells) == _COLUMNS or any(self._layout.options[criterion.key].find(one) for one in labels)

    def _settle_bare(self, bare: Sequence[tuple[Fragment, Option]], where: str, *, alone: bool) -> None:
        """Labels without any mark: all options where the marks are lost, or the one that was chosen."""
        if alone and len(bare) == 1:
            self._account.leave(
                [bare[0][0]], where, "One option without a mark: it may be the judgement, or left over."
            )
            return
        for fragment, _ in bare:
            self._account.take([fragment], f"{where}: options without a mark")

    def _flag_ticks(self, criterion: Criterion, chosen: Sequence[str], where: str) -> None:
        if not chosen:
            self._account.flag(where, "No option is ticked.")
        elif len(chosen) > 1 and not criterion.multiple:
            labels = " · ".join(criterion.option(key).label for key in chosen)
            self._account.flag(
                where,
                f"{len(chosen)} options are ticked where the framework takes one: {labels}. Both were kept.",
            )

    def _texts(self, criterion: Criterion, rest: Lines) -> tuple[str, str]:
        """The research evidence and the additional considerations: two cells. One alone is research evidence."""
        cells = list(cells_of(rest))
        if cells and not cells[0].fragments[0].begins_cell and not cells[0].folded:
            cells.pop(0)
        texts = [*self._tables.read(criterion, cells), (), ()]
        names = ("research evidence", "additional considerations")
        for text, name in zip(texts, names, strict=False):
            self._account.take(text, f"{criterion.heading}: {name}")
        for text in texts[2:]:
            self._account.leave(
                text,
                f"{criterion.heading}, after the additional considerations",
                "A third text has no place here.",
            )
        evidence, considerations = (as_markdown(f.stored for f in text) for text in texts[:2])
        return evidence, considerations


def _continued(body: Lines) -> Lines:
    """The lines of a criterion whose row is one line of cells: what stands before a tab ends the cell before it."""
    return [replace(fragment, begins_cell=False) if fragment.may_continue else fragment for fragment in body]
