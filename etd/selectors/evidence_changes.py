"""What has become of the evidence since something was judged on it: then and now beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from etd.domain import certainty, numbers
from etd.domain.evidence_change import Change, Row, RowChange, worst
from etd.domain.row_values import RowValues
from etd.domain.small_plot import SmallPlot, small_plot, table_axis
from etd.enums import RECOMMENDATION_TYPE_ITEM, Measure, ValueSource
from etd.evidence import ROW_VALUES, Evidence, evidence_of, row_content, told_evidence
from etd.evidence_history import Moved, Stood, heading_of, moved
from etd.models import OutcomeRow, Question, Vote
from etd.selectors.outcome_tables import RowView, arm
from etd.selectors.question import EtdView, JudgementView
from etd.stored import Stored


@dataclass(frozen=True)
class ResultView:
    """The results of one row as they are printed; `-` where there is nothing. `plot` is on the axis of both sides."""

    studies: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str
    certainty: str
    plot: SmallPlot | None = None


@dataclass(frozen=True)
class RowChangeView:
    """One row then and now, None where it was not there or is not any more; `measure` is in words.

    A recomputed row that is new has the reported results of its place as `before`: `before_source_label` says so.
    """

    outcome: str
    population: str
    measure: str
    source_label: str
    before_source_label: str
    after_source_label: str
    before: ResultView | None
    after: ResultView | None
    change: Change
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class TextChange:
    """The research evidence of a criterion then and now, in other words."""

    heading: str
    before: str
    after: str


@dataclass(frozen=True)
class ItemChange:
    """A recorded judgement, or the type of recommendation, that stands on other evidence than today's.

    `judgement` is what was recorded in words, `revision` the one to reaffirm or reopen with, `evidence_digest` that of
    the evidence as it is now. `is_kept` is False where the evidence of that time was not kept: nothing can be shown
    beside today's then. `reasons` say what is no row's; those of a row stand with it. For the type of recommendation
    `because_of` has the headings of the criteria whose evidence moved, `rows` and `texts` those of all of them.
    """

    item_key: str
    heading: str
    judgement: str
    judged_by: str
    judged_at: datetime
    basis_label: str
    change: Change
    rows: tuple[RowChangeView, ...]
    text_before: str
    text_after: str
    text_changed: bool
    reasons: tuple[str, ...]
    is_kept: bool
    because_of: tuple[str, ...]
    texts: tuple[TextChange, ...]
    revision: int
    evidence_digest: str

    @property
    def is_changed(self) -> bool:
        """Does the change cross something, or is it not known?"""
        return self.change is Change.CHANGED


@dataclass(frozen=True)
class ProposedRow:
    """A recomputed row that is not stored yet; an id is None where the outcome or the population is new as well.

    `median_comparison_risk` is the proportion that would be stored with it, None where there would be none.
    """

    outcome_id: int | None
    outcome: str
    population_id: int | None
    population: str
    values: RowValues
    median_comparison_risk: float | None = None


@dataclass(frozen=True)
class Marks:
    """What would become of the judgements once something was stored.

    `marked` would stand on other evidence than they do today, as they would be shown; `cleared` are shown today and
    would stand on the evidence again; `kept` are shown today and would be in just the same way.
    """

    marked: tuple[ItemChange, ...]
    cleared: tuple[ItemChange, ...]
    kept: tuple[ItemChange, ...]


def load_changes(question: Question, view: EtdView) -> tuple[ItemChange, ...]:
    """Every judgement, and the type, that stands on other evidence than today's: what crosses something first.

    `view` is the question as it is shown. In one query, and those of `moved` where anything has.
    """
    stored = Stored(question)
    now = evidence_of(view.framework, _texts(view), stored.rows)
    return _changes(view, moved(stored, _stood_on(view), now=now), now)


def touched_by(question: Question, view: EtdView, proposed: Sequence[ProposedRow]) -> Marks:
    """What `load_changes` would say once these recomputed rows were stored, beside what it says today."""
    stored = Stored(question)
    today = evidence_of(view.framework, _texts(view), stored.rows)
    then = _with_proposed(view, stored.rows, today, proposed)
    stood = _stood_on(view)
    said = {one.item_key: one for one in _changes(view, moved(stored, stood, now=today), today)}
    medians = {
        (one.outcome_id, one.population_id): one.median_comparison_risk
        for one in proposed
        if one.outcome_id is not None and one.population_id is not None
    }
    after = _changes(view, moved(stored, stood, now=then, today=today, medians=medians), then)
    kept = tuple(one for one in after if _says_the_same(one, said.get(one.item_key)))
    return Marks(
        marked=tuple(one for one in after if one not in kept),
        cleared=tuple(one for key, one in said.items() if key not in {each.item_key for each in after}),
        kept=kept,
    )


@dataclass(frozen=True)
class VotesMoved:
    """What a closed round voted on: headings of what has changed since, and of what has by a minor change."""

    round_number: int
    changed: tuple[str, ...]
    minor: tuple[str, ...]


def votes_on_other_evidence(question: Question, view: EtdView) -> tuple[VotesMoved, ...]:
    """The rounds in which the panel voted on other evidence than today's, by what there is in the framework now.

    Of closed rounds alone: in an open one the evidence is as it was, and nobody's vote is to be seen. Votes on voided
    ballots are left out, and those that say nothing of their evidence. In two queries, and those of `moved`.
    """
    votes = (
        Vote.objects.filter(
            ballot__round__question=question,
            ballot__round__closed_at__isnull=False,
            ballot__voided_at__isnull=True,
        )
        .exclude(evidence_digest="")
        .order_by("ballot__round__number")
        .values_list("ballot__round__number", "item_key", "evidence_digest")
        .distinct()
    )
    voted = list(votes)
    if not voted:
        return ()
    stored = Stored(question)
    now = evidence_of(view.framework, _texts(view), stored.rows)
    changes = moved(stored, {(key, digest) for _, key, digest in voted}, now=now)
    by_round: dict[int, dict[str, Change]] = {}
    for number, key, digest in voted:
        of_round = by_round.setdefault(number, {})
        of_round[key] = worst([changes[key, digest].change, of_round.get(key, Change.NONE)])
    headings = {one.key: one.heading for one in view.criteria}
    headings[RECOMMENDATION_TYPE_ITEM] = view.framework.headings.type_of_recommendation.capitalize()
    found = []
    for number, of_round in by_round.items():
        changed, minor = (
            tuple(heading for key, heading in headings.items() if of_round.get(key) is change)
            for change in (Change.CHANGED, Change.MINOR)
        )
        if changed or minor:
            found.append(VotesMoved(number, changed, minor))
    return tuple(found)


@dataclass(frozen=True)
class _Judged:
    """An item of the question with what was recorded on it; never empty."""

    key: str
    heading: str
    judgements: tuple[JudgementView, ...]
    revision: int


def _judged(view: EtdView) -> list[_Judged]:
    """In the framework's order, the type of recommendation last."""
    found = [
        _Judged(one.key, one.heading, one.judgements, one.judgement_revision)
        for one in view.criteria
        if one.judgements
    ]
    if view.type_judgement:
        heading = view.framework.headings.type_of_recommendation.capitalize()
        found.append(_Judged(RECOMMENDATION_TYPE_ITEM, heading, (view.type_judgement,), view.type_revision))
    return found


def _stood_on(view: EtdView) -> set[Stood]:
    return {(item.key, one.evidence_digest) for item in _judged(view) for one in item.judgements}


def _texts(view: EtdView) -> dict[str, str]:
    return {one.key: one.research_evidence for one in view.criteria}


def _changes(view: EtdView, changes: Mapping[Stood, Moved], now: Evidence) -> tuple[ItemChange, ...]:
    printed = {row.id: row for table in view.tables for group in table.groups for row in group.rows}
    found = []
    for item in _judged(view):
        of_item = [changes[item.key, one.evidence_digest] for one in item.judgements]
        gravest = worst(one.change for one in of_item)
        if gravest is not Change.NONE:
            what = next(one for one in of_item if one.change is gravest)
            found.append(_item_change(view, item, what, now, printed))
    return tuple(sorted(found, key=lambda one: one.change is not Change.CHANGED))


def _item_change(
    view: EtdView, item: _Judged, moved: Moved, now: Evidence, printed: Mapping[int, RowView]
) -> ItemChange:
    first, what = item.judgements[0], moved.what
    return ItemChange(
        item_key=item.key,
        heading=item.heading,
        judgement="; ".join(_in_words(one) for one in item.judgements),
        judged_by=first.by,
        judged_at=first.at,
        basis_label=first.basis_label,
        change=moved.change,
        rows=tuple(_row_change(one, moved, now, printed) for one in what.rows) if what else (),
        text_before=what.text_before if what else "",
        text_after=what.text_after if what else "",
        text_changed=what.text_changed if what else False,
        reasons=what.reasons if what else (),
        is_kept=what is not None,
        because_of=tuple(heading_of(view.framework, key) for key in moved.because_of),
        texts=tuple(
            TextChange(heading_of(view.framework, key), one.text_before, one.text_after)
            for key, one in moved.because_of.items()
            if one.text_changed
        ),
        revision=item.revision,
        evidence_digest=now.digest_of(item.key),
    )


def _in_words(judgement: JudgementView) -> str:
    return f"{judgement.label} ({judgement.applies_to})" if judgement.applies_to else judgement.label


def _row_change(
    change: RowChange, moved: Moved, now: Evidence, printed: Mapping[int, RowView]
) -> RowChangeView:
    before, after = change.before, change.after
    there = [row for row in (before, after) if row is not None]
    measures = {row["measure"] for row in there}
    axis = table_axis(measures.pop(), there) if len(measures) == 1 else None

    def result(row: Row | None) -> ResultView | None:
        if row is None:
            return None
        text = _effect(row)
        plot = small_plot(row, axis, f"{row['measure']} {text}") if axis else None
        return _result(row, printed.get(row["id"]), plot)

    return RowChangeView(
        outcome=_name("outcomes", change.outcome_id, now, moved),
        population=_name("populations", change.population_id, now, moved),
        measure=_measure(there[-1]["measure"]),
        source_label=ValueSource(change.source).label,
        before_source_label=ValueSource(before["source"]).label if before else "",
        after_source_label=ValueSource(after["source"]).label if after else "",
        before=result(before),
        after=result(after),
        change=change.change,
        reasons=change.reasons,
    )


def _name(kind: str, id: int, now: Evidence, moved: Moved) -> str:
    """As it is called now, or was when it was judged."""
    return now.names[kind].get(str(id)) or moved.names.get(kind, {}).get(str(id), "")


def _measure(measure: str) -> str:
    return Measure(measure).label if measure else ""


def _result(row: Row, printed: RowView | None, plot: SmallPlot | None) -> ResultView:
    """In the digits that the table has, where it has these very numbers."""
    level = row.get("certainty", "")
    rated = f"{certainty.symbols(level)} {certainty.LABELS[level]}" if level else "-"
    studies = str(row["n_studies"])
    if printed and all(printed.values[name] == row[name] for name in ROW_VALUES):
        return ResultView(
            studies,
            printed.intervention,
            printed.comparison,
            printed.effect,
            printed.p_value,
            printed.i_squared,
            rated,
            plot,
        )
    return ResultView(
        studies=studies,
        intervention=arm(row["events_intervention"], row["n_intervention"]),
        comparison=arm(row["events_comparison"], row["n_comparison"]),
        effect=_effect(row),
        p_value="-" if row["p_value"] is None else numbers.p_value(row["p_value"]),
        i_squared="-" if row["i_squared"] is None else f"{numbers.rounded(row['i_squared'], 0)}%",
        certainty=rated,
        plot=plot,
    )


def _effect(row: Row) -> str:
    if row["estimate"] is None or row["ci_low"] is None or row["ci_high"] is None:
        return "-"
    return numbers.effect(row["estimate"], row["ci_low"], row["ci_high"], row["measure"])


def _with_proposed(
    view: EtdView, rows: Iterable[OutcomeRow], today: Evidence, proposed: Sequence[ProposedRow]
) -> Evidence:
    """The evidence once the rows were stored: each in the place of the recomputed one before it, or a new one."""
    told = [row_content(row) for row in rows]
    names = {kind: dict(of_kind) for kind, of_kind in today.names.items()}
    # Whatever is not stored yet has an id that nothing stored has.
    for new_id, one in enumerate(proposed, start=1):
        outcome_id = -new_id if one.outcome_id is None else one.outcome_id
        population_id = -new_id if one.population_id is None else one.population_id
        place = {
            "outcome_id": outcome_id,
            "population_id": population_id,
            "source": str(ValueSource.COMPUTED),
        }
        names["outcomes"].setdefault(str(outcome_id), one.outcome)
        names["populations"].setdefault(str(population_id), one.population)
        earlier = next((row for row in told if all(row[key] == value for key, value in place.items())), None)
        values = {name: value for name, value in asdict(one.values).items() if name in ROW_VALUES}
        if earlier is not None:
            earlier.update(values)
        else:
            told.append({"id": -new_id, **place, **values} | _certainty_of(view, outcome_id))
    return told_evidence(view.framework, _texts(view), told, names)


def _certainty_of(view: EtdView, outcome_id: int) -> dict[str, Any]:
    outcome = view.certainty.outcome(outcome_id)
    return {"certainty": outcome.level} if outcome and outcome.level else {}


def _says_the_same(one: ItemChange, other: ItemChange | None) -> bool:
    """But for the digest of the evidence, which the proposed rows move in any case."""
    if other is None:
        return False
    return replace(one, evidence_digest="") == replace(other, evidence_digest="")
