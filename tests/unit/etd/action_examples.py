"""One working example of every action: what it is called with. An action without one fails `test_every_action.py`.

Keys are dotted names; each function prepares the database for a panel and returns the keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils import timezone

from etd.actions import assessments, conflicts, rounds, voting
from etd.actions.certainty import DomainRating
from etd.actions.outcome_tables import RowValues
from etd.actions.outcomes import Risk, Thresholds
from etd.actions.recommendations import Answer, Statement
from etd.domain.comparator_risk import risks_revision
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    Better,
    CertaintyDomain,
    ConflictKind,
    ConflictLevel,
    ConsensusPreset,
    Importance,
    QuestionStatus,
    RiskLevel,
    RiskSource,
    Role,
    StrengthWord,
    StudyDesign,
    TallyDisplay,
)
from etd.evidence import evidence_digests
from etd.models import OutcomeTable, PanelMembership, VotingRound
from etd.selectors.checks import located_findings
from metaanalysis.actions import places, uploads
from metaanalysis.readings import Group
from metaanalysis.stats.types import Measure, PoolingSpec
from tests import factories as f
from tests.unit.etd import (
    document_examples,
    framework_examples,
    people_examples,
    reference_examples,
    summary_examples,
)
from tests.unit.etd.worlds import JUDGED_BY_TABLES, OPTIONS, PLAIN, Panel

Example = Callable[[Panel], dict[str, Any]]


def create_account(panel: Panel) -> dict[str, Any]:
    return {"email": "New.Person@example.org", "name": "Nora New", "password": None, "by": panel.staff}


def create_guideline(panel: Panel) -> dict[str, Any]:
    return {
        "slug": "als-2027",
        "title": "Advanced life support",
        "organisation": "ILCOR",
        "strength_word": "weak",
        "by": panel.staff,
    }


def add_member(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "user": panel.outsider,
        "role": Role.PANEL_MEMBER,
        "by": panel.staff,
    }


def end_membership(panel: Panel) -> dict[str, Any]:
    return {
        "membership": PanelMembership.objects.get(guideline=panel.guideline, user=panel.member),
        "by": panel.staff,
    }


def create_question(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "slug": "cooling",
        "framework_key": f.FRAMEWORK.key,
        "framework_version": f.FRAMEWORK.version,
        "values": {"title": "Cooling?", "intervention_label": "cooling", "comparison_label": "none"},
        "by": panel.staff,
    }


def edit_question(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "values": {"population": "Adults after arrest"},
        "revision": 1,
        "by": panel.methodologist,
    }


def change_status(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "status": QuestionStatus.EVIDENCE,
        "only_from": [QuestionStatus.DRAFT],
        "by": panel.chair,
    }


def dismiss_finding(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    return {
        "question": question,
        "fingerprint": located_findings(question)[0].fingerprint,
        "reason": "The panel is named in the printed guideline.",
        "find": located_findings,
        "by": panel.methodologist,
    }


def restore_finding(panel: Panel) -> dict[str, Any]:
    put_aside = f.dismissed_finding(question=panel.question())
    return {"question": put_aside.question, "fingerprint": put_aside.fingerprint, "by": panel.methodologist}


def add_reference(panel: Panel) -> dict[str, Any]:
    return {"question": panel.question(), "number": 1, "citation": "Thiele 2023", "by": panel.staff}


def edit_texts(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "criterion_key": PLAIN.key,
        "research_evidence": "Two trials, p<0.05.",
        "additional_considerations": "None.",
        "revision": 1,
        "by": panel.methodologist,
    }


def record_judgement(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "criterion_key": PLAIN.key,
        "choices": [(OPTIONS[0], "IABP"), (OPTIONS[1], "active devices")],
        "basis": Basis.CONSENSUS,
        "revision": 1,
        "by": panel.chair,
    }


def reaffirm(panel: Panel) -> dict[str, Any]:
    """A judgement whose research evidence was written anew."""
    assessment = assessments.record_judgement(**record_judgement(panel))
    assessments.edit_texts(**(edit_texts(panel) | {"question": assessment.question}))
    return {
        "question": assessment.question,
        "item_key": PLAIN.key,
        "reason": "The third trial says the same.",
        "revision": assessment.judgement_revision,
        "evidence_digest": evidence_digests(assessment.question)[PLAIN.key],
        "by": panel.chair,
    }


def reopen(panel: Panel) -> dict[str, Any]:
    arguments = reaffirm(panel) | {"reason": "The third trial says something else."}
    return {name: value for name, value in arguments.items() if name != "evidence_digest"}


def create_outcome(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "name": "Survival",
        "better": Better.HIGHER,
        "timepoint": "30 days",
        "by": panel.methodologist,
    }


def rate_certainty(panel: Panel) -> dict[str, Any]:
    outcome = f.outcome(question=panel.question())
    return {
        "outcome": outcome,
        "row": f.outcome_row(outcome=outcome),
        "design": StudyDesign.RANDOMISED,
        "ratings": [
            DomainRating(domain, -1 if domain == "imprecision" else 0, "Few events")
            for domain in CertaintyDomain.values
        ],
        "revision": 0,
        "by": panel.methodologist,
    }


def edit_outcome(panel: Panel) -> dict[str, Any]:
    return {
        "outcome": f.outcome(question=panel.question(), name="Survival", better=Better.HIGHER),
        "values": {"name": "Survival, functional", "importance": Importance.CRITICAL},
        "revision": 1,
        "by": panel.methodologist,
    }


def move_outcome(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    f.outcome(question=question, name="Survival", position=1)
    f.outcome(question=question, name="Pain", position=2)
    last = f.outcome(question=question, name="Bleeding", position=3)
    return {"outcome": last, "position": 1, "by": panel.methodologist}


def remove_outcome(panel: Panel) -> dict[str, Any]:
    return {"outcome": f.outcome(question=panel.question(), name="Survival"), "by": panel.methodologist}


def rate_importance(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    survival, pain = (f.outcome(question=question, name=name) for name in ("Survival", "Pain"))
    return {"question": question, "ratings": {survival.pk: 9, pain.pk: 4}, "by": panel.member}


def set_thresholds(panel: Panel) -> dict[str, Any]:
    return {
        "outcome": f.outcome(question=panel.question(), name="Survival"),
        "thresholds": Thresholds(Decimal(5), Decimal("12.5"), Decimal(50), "What members would accept."),
        "revision": 0,
        "by": panel.methodologist,
    }


def lock_thresholds(panel: Panel) -> dict[str, Any]:
    outcome = f.outcome(question=panel.question(), name="Survival")
    f.decision_thresholds(outcome=outcome)
    return {"outcome": outcome, "revision": 1, "by": panel.methodologist}


def set_comparator_risks(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    return {
        "outcome": f.outcome(question=question, name="Survival"),
        "population": f.population(question=question, label="Adults"),
        "risks": [
            Risk(RiskLevel.STUDIES, RiskSource.MEDIAN),
            Risk(RiskLevel.HIGH, RiskSource.EXTERNAL, Decimal("0.52"), "Registry 2024"),
        ],
        "revision": risks_revision([]),
        "by": panel.methodologist,
    }


def create_population(panel: Panel) -> dict[str, Any]:
    return {"question": panel.question(), "label": "Adults", "by": panel.methodologist}


def create_table(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "criterion_key": JUDGED_BY_TABLES.key,
        "number": 1,
        "title": "Survival",
        "by": panel.methodologist,
    }


def rename_table(panel: Panel) -> dict[str, Any]:
    return {"table": empty_table(panel), "title": "Survival, risk ratio", "by": panel.methodologist}


VALUES = RowValues(
    n_studies=11,
    measure="OR",
    events_intervention=190,
    n_intervention=406,
    events_comparison=171,
    n_comparison=410,
    estimate=1.21,
    ci_low=0.91,
    ci_high=1.6,
    p_value=0.19,
    i_squared=0.0,
)


def empty_table(panel: Panel, status: str = QuestionStatus.DRAFT) -> OutcomeTable:
    return f.outcome_table(question=panel.question(status=status), criterion_key=JUDGED_BY_TABLES.key)


def record_reported_row(panel: Panel) -> dict[str, Any]:
    table = empty_table(panel)
    return {
        "table": table,
        "outcome": f.outcome(question=table.question, name="Survival"),
        "population": f.population(question=table.question, label="Adults"),
        "values": VALUES,
        "printed": {"p_value": "0.190"},
        "by": panel.methodologist,
    }


def record_computed_row(panel: Panel) -> dict[str, Any]:
    example = record_reported_row(panel)
    del example["printed"]
    return example | {"provenance": {"analysis": 1}}


def record_type(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "type_key": f.FRAMEWORK.recommendation_types[1].key,
        "basis": Basis.CONSENSUS,
        "revision": 1,
        "by": panel.chair,
    }


def edit_recommendation(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "note": "",
        "statements": [
            Statement("recommendation", "We suggest against.", "Adults", "conditional", "against", "low"),
            Statement(
                "recommendation",
                "We recommend calling for help.",
                strength="strong",
                direction="for",
                certainty="very_low",
                remark="At once.",
                paradigm="life_threatening",
                paradigm_reason="Untreated, everybody dies.",
            ),
            Statement(
                "good_practice_statement",
                "Decide with the family.",
                practice_basis="ethics",
                answers=(Answer("necessary", "no", "It is done anyway."), Answer("clear_rationale", "yes")),
            ),
        ],
        "revision": 1,
        "by": panel.chair,
    }


def edit_section(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "section_key": f.FRAMEWORK.sections[1].key,
        "body": "Because of *harm*.",
        "revision": 1,
        "by": panel.chair,
    }


def open_round(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(status=QuestionStatus.VOTING),
        "item_keys": [PLAIN.key, RECOMMENDATION_TYPE_ITEM],
        "by": panel.chair,
    }


def cast_vote(panel: Panel) -> dict[str, Any]:
    question = panel.question(status=QuestionStatus.VOTING)
    opened = f.voting_round(question=question, item_keys=[PLAIN.key, RECOMMENDATION_TYPE_ITEM], number=1)
    f.ballot(round=opened, member=panel.member)
    return {
        "question": question,
        "item_key": PLAIN.key,
        "option_keys": [OPTIONS[0]],
        "comment": "Seen it often.",
        "confidence": "high",
        "version": 0,
        "by": panel.member,
    }


def open_round_now(panel: Panel) -> VotingRound:
    """A round that is open until an hour from now."""
    return rounds.open_round(**(open_round(panel) | {"closes_at": timezone.now() + timedelta(hours=1)}))


def add_discussion_note(panel: Panel) -> dict[str, Any]:
    opened = open_round_now(panel)
    rounds.close_round(voting_round=opened, by=panel.chair)
    return {
        "voting_round": opened,
        "item_key": PLAIN.key,
        "text": "Trials of other devices point the same way.",
        "by": panel.member,
    }


def extend_round(panel: Panel) -> dict[str, Any]:
    opened = open_round_now(panel)
    assert opened.closes_at is not None
    return {
        "voting_round": opened,
        "closes_at": opened.closes_at + timedelta(days=1),
        "by": panel.chair,
    }


def close_round(panel: Panel) -> dict[str, Any]:
    opened = open_round_now(panel)
    for member, option in ((panel.member, OPTIONS[0]), (panel.colleague, OPTIONS[1])):
        voting.cast_vote(
            question=opened.question,
            item_key=PLAIN.key,
            option_keys=[option],
            comment="Because.",
            version=0,
            by=member,
        )
    return {"voting_round": opened, "by": panel.chair}


def announce(panel: Panel) -> dict[str, Any]:
    return {"voting_round": open_round_now(panel), "by": panel.chair}


def open_and_tell(panel: Panel) -> dict[str, Any]:
    return open_round(panel) | {"closes_at": None, "blind": True, "rule": None}


def announce_results(panel: Panel) -> dict[str, Any]:
    return {"voting_round": rounds.close_round(**close_round(panel)), "by": panel.chair}


def remind_before_close(panel: Panel) -> dict[str, Any]:
    """An hour before the close of a round that has been open for a week."""
    opened = open_round_now(panel)
    VotingRound.objects.filter(pk=opened.pk).update(opened_at=timezone.now() - timedelta(days=7))
    return {"voting_round": opened, "hours": 48, "by": panel.chair}


def void_ballot(panel: Panel) -> dict[str, Any]:
    opened = open_round_now(panel)
    return {
        "ballot": opened.ballots.get(member=panel.member),
        "reason": "Left the panel.",
        "by": panel.chair,
    }


def declare_conflict(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "question": panel.question(),
        "has_conflict": True,
        "kinds": {ConflictKind.FINANCIAL},
        "text": "Shares in the manufacturer.",
        "version": 0,
        "by": panel.member,
    }


def read_declaration(panel: Panel) -> dict[str, Any]:
    declaration = conflicts.declare_conflict(**declare_conflict(panel))
    return {"declaration": declaration, "by": panel.chair}


def manage_conflict(panel: Panel) -> dict[str, Any]:
    """The second decision about a member who has a ballot in an open round."""
    opened = open_round_now(panel)
    decision: dict[str, Any] = {
        "member": panel.member,
        "guideline": panel.guideline,
        "question": opened.question,
        "by": panel.chair,
    }
    conflicts.manage_conflict(**decision, level=ConflictLevel.DISCLOSURE, note="Small.")
    return decision | {"level": ConflictLevel.NO_VOTE, "note": "Not so small."}


def change_guideline_settings(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "tally_display": TallyDisplay.NAMED,
        "reasons_named": True,
        "consensus_preset": ConsensusPreset.OWN,
        "consensus_threshold": 80,
        "by": panel.chair,
    }


def require_approvals(panel: Panel) -> dict[str, Any]:
    return {"guideline": panel.guideline, "approvals_needed": 3, "by": panel.chair}


def describe_guideline(panel: Panel) -> dict[str, Any]:
    return {
        "guideline": panel.guideline,
        "title": "Advanced life support",
        "organisation": "ILCOR",
        "strength_word": StrengthWord.WEAK,
        "by": panel.staff,
    }


TRIALS = b"""study,year,events_intervention,n_intervention,events_comparison,n_comparison
Alpha 2019,2019,12,40,9,41
Beta 2021,2021,30,100,28,98
Gamma 2023,2023,7,55,11,54
"""


def stage_upload(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "filename": "trials.csv",
        "content": TRIALS,
        "by": panel.methodologist,
    }


def two_sheets() -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title in ("Trials", "Later"):
        sheet = workbook.create_sheet(title)
        for line in TRIALS.decode().splitlines():
            sheet.append([int(cell) if cell.isdecimal() else cell for cell in line.split(",")])
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


def choose_sheet(panel: Panel) -> dict[str, Any]:
    upload = uploads.stage_upload(
        **(stage_upload(panel) | {"filename": "trials.xlsx", "content": two_sheets()})
    )
    return {"upload": upload, "sheet": "Later", "by": panel.methodologist}


def discard_upload(panel: Panel) -> dict[str, Any]:
    return {"upload": uploads.stage_upload(**stage_upload(panel)), "by": panel.methodologist}


def stage_typed(panel: Panel) -> dict[str, Any]:
    replaced = uploads.stage_upload(**(stage_upload(panel) | {"content": TRIALS + b"Delta,2024,1,2,x,4\n"}))
    return {
        "question": replaced.question,
        "filename": "trials-corrected.csv",
        "content": TRIALS,
        "made_from": "Corrected here from trials.csv.",
        "replaces": replaced,
        "by": panel.methodologist,
    }


def confirm_upload(panel: Panel) -> dict[str, Any]:
    upload = uploads.stage_upload(**stage_upload(panel))
    group = Group(outcome="", population="")
    return {
        "upload": upload,
        "assignments": [
            uploads.Assignment(group, uploads.NewOutcome("Survival", Better.HIGHER), "Adults", PoolingSpec())
        ],
        "sha256": upload.sha256,
        "accepted_warnings": True,
        "by": panel.methodologist,
    }


def run_analysis(panel: Panel) -> dict[str, Any]:
    (row,) = uploads.confirm_upload(**confirm_upload(panel))
    return {
        "outcome": row.outcome,
        "population": row.population,
        "spec": PoolingSpec(measure=Measure.RR),
        "reason": "The protocol says risk ratio.",
        "by": panel.methodologist,
    }


def choose_main_method(panel: Panel) -> dict[str, Any]:
    question = panel.question()
    return {
        "outcome": f.outcome(question=question, name="Survival"),
        "population": f.population(question=question, label="Adults"),
        "spec": PoolingSpec(measure=Measure.RR),
        "by": panel.methodologist,
    }


def find_or_create_outcome(panel: Panel) -> dict[str, Any]:
    chosen = places.NewOutcome("Survival", Better.HIGHER)
    return {"question": panel.question(), "chosen": chosen, "by": panel.methodologist}


def find_or_create_population(panel: Panel) -> dict[str, Any]:
    return {"question": panel.question(), "chosen": "Adults", "by": panel.methodologist}


def plan_main_method(panel: Panel) -> dict[str, Any]:
    return {
        "question": panel.question(),
        "outcome": places.NewOutcome("Survival", Better.HIGHER),
        "population": "Adults",
        "spec": PoolingSpec(measure=Measure.RR),
        "by": panel.methodologist,
    }


EXAMPLES: dict[str, Example] = {
    **people_examples.EXAMPLES,
    **document_examples.EXAMPLES,
    **framework_examples.EXAMPLES,
    **summary_examples.EXAMPLES,
    **reference_examples.EXAMPLES,
    "etd.actions.references.add_reference": add_reference,
    "etd.actions.accounts.create_account": create_account,
    "etd.actions.accounts.create_guideline": create_guideline,
    "etd.actions.accounts.add_member": add_member,
    "etd.actions.accounts.end_membership": end_membership,
    "etd.actions.questions.create_question": create_question,
    "etd.actions.questions.edit_question": edit_question,
    "etd.actions.questions.change_status": change_status,
    "etd.actions.assessments.edit_texts": edit_texts,
    "etd.actions.assessments.record_judgement": record_judgement,
    "etd.actions.reaffirming.reaffirm": reaffirm,
    "etd.actions.reaffirming.reopen": reopen,
    "etd.actions.outcome_tables.create_outcome": create_outcome,
    "etd.actions.certainty.rate_certainty": rate_certainty,
    "etd.actions.outcomes.edit_outcome": edit_outcome,
    "etd.actions.outcomes.move_outcome": move_outcome,
    "etd.actions.outcomes.remove_outcome": remove_outcome,
    "etd.actions.outcomes.rate_importance": rate_importance,
    "etd.actions.outcomes.set_thresholds": set_thresholds,
    "etd.actions.outcomes.lock_thresholds": lock_thresholds,
    "etd.actions.outcomes.set_comparator_risks": set_comparator_risks,
    "etd.actions.outcome_tables.create_population": create_population,
    "etd.actions.outcome_tables.create_table": create_table,
    "etd.actions.outcome_tables.rename_table": rename_table,
    "etd.actions.outcome_tables.record_reported_row": record_reported_row,
    "etd.actions.outcome_tables.record_computed_row": record_computed_row,
    "etd.actions.recommendations.record_type": record_type,
    "etd.actions.recommendations.edit_recommendation": edit_recommendation,
    "etd.actions.recommendations.edit_section": edit_section,
    "etd.actions.rounds.open_round": open_round,
    "etd.actions.rounds.extend_round": extend_round,
    "etd.actions.discussion.add_discussion_note": add_discussion_note,
    "etd.actions.rounds.close_round": close_round,
    "etd.actions.rounds.void_ballot": void_ballot,
    "etd.actions.reminders.open_and_tell": open_and_tell,
    "etd.actions.reminders.extend_and_tell": extend_round,
    "etd.actions.reminders.close_and_tell": close_round,
    "etd.actions.reminders.announce_opening": announce,
    "etd.actions.reminders.announce_more_time": announce,
    "etd.actions.reminders.announce_results": announce_results,
    "etd.actions.reminders.remind": announce,
    "etd.actions.reminders.remind_before_close": remind_before_close,
    "etd.actions.conflicts.declare_conflict": declare_conflict,
    "etd.actions.conflicts.read_declaration": read_declaration,
    "etd.actions.conflicts.manage_conflict": manage_conflict,
    "etd.actions.guideline_settings.change_guideline_settings": change_guideline_settings,
    "etd.actions.guideline_settings.describe_guideline": describe_guideline,
    "etd.actions.guideline_settings.require_approvals": require_approvals,
    "etd.actions.voting.cast_vote": cast_vote,
    "etd.actions.checks.dismiss_finding": dismiss_finding,
    "etd.actions.checks.restore_finding": restore_finding,
    "metaanalysis.actions.uploads.stage_upload": stage_upload,
    "metaanalysis.actions.uploads.choose_sheet": choose_sheet,
    "metaanalysis.actions.uploads.discard_upload": discard_upload,
    "metaanalysis.actions.uploads.confirm_upload": confirm_upload,
    "metaanalysis.actions.typed.stage_typed": stage_typed,
    "metaanalysis.actions.analyses.run_analysis": run_analysis,
    "metaanalysis.actions.methods.choose_main_method": choose_main_method,
    "metaanalysis.actions.plans.plan_main_method": plan_main_method,
    "metaanalysis.actions.places.find_or_create_outcome": find_or_create_outcome,
    "metaanalysis.actions.places.find_or_create_population": find_or_create_population,
}
