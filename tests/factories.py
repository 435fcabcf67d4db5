"""One plain function a model: it writes a row, and the rows that this one needs, and returns it.

Every field has a plain default and can be given. Nothing is audited and no rule is asked but those of the database: a
test of rules calls the actions. `draft_question` is the one exception, and calls the action.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django_tasks_db.models import DBTaskResult

from etd.actions import questions
from etd.domain.findings import Severity
from etd.enums import (
    AdolopmentChoice,
    Basis,
    Better,
    CertaintyDomain,
    ConflictLevel,
    Measure,
    QuestionStatus,
    RiskLevel,
    RiskSource,
    Role,
    StatementKind,
    StudyDesign,
    SummaryColumn,
    ValueSource,
)
from etd.frameworks import get_framework
from etd.frameworks.overlay import Changes
from etd.models import (
    Adolopment,
    Approval,
    AuditChainHead,
    AuditEvent,
    Ballot,
    Book,
    CertaintyRating,
    CertaintyWorksheet,
    ComparatorRisk,
    ConclusionSection,
    ConflictDeclaration,
    ConflictManagement,
    CriterionAssessment,
    DecisionThresholds,
    DiscussionNote,
    DismissedFinding,
    Guideline,
    ImportanceRating,
    Invitation,
    Judgement,
    KeptEvidence,
    KeptPart,
    Mailing,
    Outcome,
    OutcomeRow,
    OutcomeTable,
    OwnFramework,
    PanelMembership,
    Population,
    PracticeAnswer,
    PublishedVersion,
    Question,
    Recommendation,
    RecommendationStatement,
    Recusal,
    Reference,
    RoundSnapshot,
    SourceDocument,
    StagedImport,
    SummaryEdit,
    SummaryRow,
    User,
    Vote,
    VotingRound,
    Withdrawal,
    Worker,
)
from metaanalysis import specification
from metaanalysis.models import Analysis, DataUpload, MainMethod, ResultKind, Study, StudyResult
from metaanalysis.stats.types import PoolingSpec

NOW = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
DIGEST = "0" * 64
FRAMEWORK = get_framework("grade_clinical_population", 1)

_numbers = count(1)


def user(*, password: str | None = None, **fields: Any) -> User:
    n = next(_numbers)
    return User.objects.create_user(
        fields.pop("email", f"person{n}@example.org"),
        password,
        name=fields.pop("name", f"Person {n}"),
        **fields,
    )


def guideline(**fields: Any) -> Guideline:
    n = next(_numbers)
    values: dict[str, Any] = {"slug": f"guideline-{n}", "title": f"Guideline {n}", "created_at": NOW} | fields
    values["created_by"] = values.get("created_by") or user()
    return Guideline.objects.create(**values)


def own_framework(**fields: Any) -> OwnFramework:
    values: dict[str, Any] = {
        "version": next(_numbers),
        "title": "Our framework",
        "base_key": FRAMEWORK.key,
        "base_version": FRAMEWORK.version,
        "changes": Changes().to_json(),
        "created_at": NOW,
    } | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["created_by"] = values.get("created_by") or values["guideline"].created_by
    return OwnFramework.objects.create(**values)


def panel_membership(**fields: Any) -> PanelMembership:
    values: dict[str, Any] = {"role": Role.PANEL_MEMBER, "created_at": NOW} | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["user"] = values.get("user") or user()
    values["created_by"] = values.get("created_by") or values["guideline"].created_by
    return PanelMembership.objects.create(**values)


def invitation(**fields: Any) -> Invitation:
    """One that waits, whose link nobody knows."""
    values: dict[str, Any] = {
        "email": f"invited{next(_numbers)}@example.org",
        "role": Role.PANEL_MEMBER,
        "token_hash": DIGEST,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=14),
    } | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["created_by"] = values.get("created_by") or values["guideline"].created_by
    return Invitation.objects.create(**values)


def question(**fields: Any) -> Question:
    """The question's row alone; see `draft_question` for one with its assessments and conclusions."""
    n = next(_numbers)
    values: dict[str, Any] = {
        "slug": f"question-{n}",
        "title": f"Question {n}?",
        "intervention_label": "device",
        "comparison_label": "usual care",
        "framework_key": FRAMEWORK.key,
        "framework_version": FRAMEWORK.version,
        "status": QuestionStatus.DRAFT,
        "created_at": NOW,
    } | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["created_by"] = values.get("created_by") or values["guideline"].created_by
    return Question.objects.create(**values)


def draft_question(*, status: str = QuestionStatus.DRAFT, **fields: Any) -> Question:
    """A question with its assessments, conclusions and recommendation, all empty, as the action makes it."""
    n = next(_numbers)
    parent = fields.pop("guideline", None) or guideline()
    made = questions.create_question(
        guideline=parent,
        slug=fields.pop("slug", f"question-{n}"),
        framework_key=FRAMEWORK.key,
        framework_version=FRAMEWORK.version,
        values={"title": f"Question {n}?", "intervention_label": "device", "comparison_label": "usual care"}
        | fields,
        by=parent.created_by,
    )
    if status != QuestionStatus.DRAFT:
        made.status = status
        made.save(update_fields=["status"])
    return made


def recusal(**fields: Any) -> Recusal:
    values: dict[str, Any] = {"reason": "Advises the manufacturer.", "created_at": NOW} | fields
    values["question"] = values.get("question") or question()
    values["user"] = values.get("user") or user()
    values["created_by"] = values.get("created_by") or values["question"].created_by
    return Recusal.objects.create(**values)


def conflict_declaration(**fields: Any) -> ConflictDeclaration:
    """A financial conflict for the whole guideline."""
    values: dict[str, Any] = {
        "version": 1,
        "has_conflict": True,
        "financial": True,
        "text": "Shares in the manufacturer.",
        "nonce": DIGEST,
        "commitment": DIGEST,
        "made_at": NOW,
    } | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["member"] = values.get("member") or user()
    return ConflictDeclaration.objects.create(**values)


def conflict_management(**fields: Any) -> ConflictManagement:
    values: dict[str, Any] = {"level": ConflictLevel.NO_VOTE, "managed_at": NOW} | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["member"] = values.get("member") or user()
    values["managed_by"] = values.get("managed_by") or values["guideline"].created_by
    return ConflictManagement.objects.create(**values)


def kept_part(**fields: Any) -> KeptPart:
    values: dict[str, Any] = {
        "former_framework": "GRADE, version 1",
        "heading": "Equity: research evidence",
        "text": "None found.",
        "kept_at": NOW,
    } | fields
    values["question"] = values.get("question") or question()
    values["kept_by"] = values.get("kept_by") or values["question"].created_by
    return KeptPart.objects.create(**values)


def reference(**fields: Any) -> Reference:
    values: dict[str, Any] = {"number": next(_numbers), "citation": "Thiele 2023"} | fields
    values["question"] = values.get("question") or question()
    return Reference.objects.create(**values)


def outcome(**fields: Any) -> Outcome:
    n = next(_numbers)
    values: dict[str, Any] = {"name": f"Survival {n}", "better": Better.HIGHER, "position": n} | fields
    values["question"] = values.get("question") or question()
    return Outcome.objects.create(**values)


def population(**fields: Any) -> Population:
    n = next(_numbers)
    values: dict[str, Any] = {"label": f"Adults {n}", "position": n} | fields
    values["question"] = values.get("question") or question()
    return Population.objects.create(**values)


def outcome_table(**fields: Any) -> OutcomeTable:
    values: dict[str, Any] = {
        "criterion_key": FRAMEWORK.criteria[1].key,
        "number": next(_numbers),
        "title": "Survival",
    } | fields
    values["question"] = values.get("question") or question()
    return OutcomeTable.objects.create(**values)


def outcome_row(**fields: Any) -> OutcomeRow:
    """A reported row with counts and an odds ratio."""
    values: dict[str, Any] = {
        "source": ValueSource.REPORTED,
        "n_studies": 3,
        "events_intervention": 190,
        "n_intervention": 406,
        "events_comparison": 171,
        "n_comparison": 410,
        "measure": Measure.OR,
        "estimate": 1.21,
        "ci_low": 0.91,
        "ci_high": 1.6,
        "p_value": 0.19,
        "i_squared": 0.0,
        "created_at": NOW,
    } | fields
    values["table"] = values.get("table") or outcome_table()
    values["outcome"] = values.get("outcome") or outcome(question=values["table"].question)
    values["population"] = values.get("population") or population(question=values["table"].question)
    values["created_by"] = values.get("created_by") or values["table"].question.created_by
    return OutcomeRow.objects.create(**values)


def importance_rating(**fields: Any) -> ImportanceRating:
    values: dict[str, Any] = {"rating": 7, "rated_at": NOW} | fields
    values["outcome"] = values.get("outcome") or outcome()
    values["rated_by"] = values.get("rated_by") or user()
    return ImportanceRating.objects.create(**values)


def decision_thresholds(**fields: Any) -> DecisionThresholds:
    values: dict[str, Any] = {"small": 5, "moderate": 20, "large": 50, "rationale": "Agreed"} | fields
    values["outcome"] = values.get("outcome") or outcome()
    return DecisionThresholds.objects.create(**values)


def comparator_risk(**fields: Any) -> ComparatorRisk:
    values: dict[str, Any] = {"level": RiskLevel.STUDIES, "source": RiskSource.POOLED} | fields
    values["outcome"] = values.get("outcome") or outcome()
    values["population"] = values.get("population") or population()
    return ComparatorRisk.objects.create(**values)


def certainty_worksheet(**fields: Any) -> CertaintyWorksheet:
    values: dict[str, Any] = {"design": StudyDesign.RANDOMISED, "rated_at": NOW} | fields
    values["outcome"] = values.get("outcome") or outcome()
    values["rated_by"] = values.get("rated_by") or user()
    return CertaintyWorksheet.objects.create(**values)


def certainty_rating(**fields: Any) -> CertaintyRating:
    values: dict[str, Any] = {
        "domain": CertaintyDomain.IMPRECISION,
        "levels": -1,
        "reason": "Wide interval",
    } | fields
    values["worksheet"] = values.get("worksheet") or certainty_worksheet()
    return CertaintyRating.objects.create(**values)


def summary_row(**fields: Any) -> SummaryRow:
    values: dict[str, Any] = {"source": ValueSource.REPORTED, "position": next(_numbers)} | fields
    values["question"] = values.get("question") or question()
    values["outcome"] = values.get("outcome") or outcome(question=values["question"])
    values["population"] = values.get("population") or population(question=values["question"])
    return SummaryRow.objects.create(**values)


def summary_edit(**fields: Any) -> SummaryEdit:
    values: dict[str, Any] = {
        "column": SummaryColumn.WHAT_HAPPENS,
        "text": "May change little",
        "edited_at": NOW,
    } | fields
    values["row"] = values.get("row") or summary_row()
    values["edited_by"] = values.get("edited_by") or user()
    return SummaryEdit.objects.create(**values)


def criterion_assessment(**fields: Any) -> CriterionAssessment:
    values: dict[str, Any] = {"criterion_key": FRAMEWORK.criteria[0].key} | fields
    values["question"] = values.get("question") or question()
    return CriterionAssessment.objects.create(**values)


def judgement(**fields: Any) -> Judgement:
    values: dict[str, Any] = {
        "option_key": FRAMEWORK.criteria[0].options[0].key,
        "basis": Basis.CONSENSUS,
        "evidence_digest": DIGEST,
        "judged_at": NOW,
    } | fields
    values["assessment"] = values.get("assessment") or criterion_assessment()
    values["judged_by"] = values.get("judged_by") or values["assessment"].question.created_by
    return Judgement.objects.create(**values)


def kept_evidence(**fields: Any) -> KeptEvidence:
    values: dict[str, Any] = {"digest": DIGEST, "content": "{}", "kept_at": NOW} | fields
    values["question"] = values.get("question") or question()
    return KeptEvidence.objects.create(**values)


def approval(**fields: Any) -> Approval:
    values: dict[str, Any] = {"content_sha256": DIGEST, "approved_at": NOW} | fields
    values["question"] = values.get("question") or question()
    values["approved_by"] = values.get("approved_by") or user()
    return Approval.objects.create(**values)


def published_version(**fields: Any) -> PublishedVersion:
    """A row of its kind; its hashes are right for nothing. `documents.actions.publish` makes true ones."""
    values: dict[str, Any] = {
        "number": 1,
        "schema_version": "openetd-etd/1",
        "document": "{}",
        "document_sha256": DIGEST,
        "pdf": b"%PDF",
        "pdf_sha256": DIGEST,
        "record_sha256": DIGEST,
        "published_at": NOW,
        "published_by_name": "Stella Staff",
    } | fields
    values["question"] = values.get("question") or question()
    values["published_by"] = values.get("published_by") or user()
    return PublishedVersion.objects.create(**values)


def withdrawal(**fields: Any) -> Withdrawal:
    values: dict[str, Any] = {"reason": "A trial was retracted.", "withdrawn_at": NOW} | fields
    values["version"] = values.get("version") or published_version()
    values["withdrawn_by"] = values.get("withdrawn_by") or user()
    return Withdrawal.objects.create(**values)


def book(**fields: Any) -> Book:
    values: dict[str, Any] = {"asked_at": NOW, "sign_of_life": NOW, "n_questions": 3} | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["asked_by"] = values.get("asked_by") or user()
    return Book.objects.create(**values)


def mailing(**fields: Any) -> Mailing:
    values: dict[str, Any] = {"about": {"letter": "round_opened"}, "at": NOW} | fields
    values["round"] = values.get("round") or voting_round()
    return Mailing.objects.create(**values)


def job(**fields: Any) -> DBTaskResult:
    values: dict[str, Any] = {
        "args_kwargs": {"args": [], "kwargs": {}},
        "task_path": "etd.tasks.none",
        "backend_name": "default",
        "priority": 0,
    }
    return DBTaskResult.objects.create(**values | fields)


def worker(**fields: Any) -> Worker:
    return Worker.objects.create(
        **({"name": f"worker-{next(_numbers)}", "began_at": NOW, "seen_at": NOW} | fields)
    )


def source_document(**fields: Any) -> SourceDocument:
    values: dict[str, Any] = {
        "title": "Mechanical circulatory support",
        "file_name": "mcs.docx",
        "original": b"PK",
        "sha256": DIGEST,
        "content": "{}",
        "taken_at": NOW,
    } | fields
    values["question"] = values.get("question") or question()
    values["taken_by"] = values.get("taken_by") or user()
    return SourceDocument.objects.create(**values)


def adolopment(**fields: Any) -> Adolopment:
    values: dict[str, Any] = {"choice": AdolopmentChoice.ADOPT, "chosen_at": NOW} | fields
    values["assessment"] = values.get("assessment") or criterion_assessment()
    values["chosen_by"] = values.get("chosen_by") or user()
    return Adolopment.objects.create(**values)


def dismissed_finding(**fields: Any) -> DismissedFinding:
    values: dict[str, Any] = {
        "fingerprint": DIGEST,
        "code": "table_number",
        "severity": Severity.INFORMATIONAL.value,
        "where": "Table 2",
        "message": "There is no table 1.",
        "reason": "Table 1 describes the studies and is not shown here.",
        "dismissed_at": NOW,
    } | fields
    values["question"] = values.get("question") or question()
    values["dismissed_by"] = values.get("dismissed_by") or values["question"].created_by
    return DismissedFinding.objects.create(**values)


def recommendation(**fields: Any) -> Recommendation:
    values: dict[str, Any] = dict(fields)
    values["question"] = values.get("question") or question()
    if values.get("type_judged_at"):
        values["type_judged_by"] = values.get("type_judged_by") or values["question"].created_by
    return Recommendation.objects.create(**values)


def recommendation_statement(**fields: Any) -> RecommendationStatement:
    values: dict[str, Any] = {
        "position": next(_numbers),
        "kind": StatementKind.RECOMMENDATION,
        "text": "We suggest against routine use.",
    } | fields
    values["question"] = values.get("question") or question()
    return RecommendationStatement.objects.create(**values)


def practice_answer(**fields: Any) -> PracticeAnswer:
    values: dict[str, Any] = {"question_key": "necessary", "answer": "yes"} | fields
    values["statement"] = values.get("statement") or recommendation_statement(
        kind=StatementKind.GOOD_PRACTICE
    )
    return PracticeAnswer.objects.create(**values)


def conclusion_section(**fields: Any) -> ConclusionSection:
    values: dict[str, Any] = {"section_key": FRAMEWORK.sections[0].key} | fields
    values["question"] = values.get("question") or question()
    return ConclusionSection.objects.create(**values)


def voting_round(**fields: Any) -> VotingRound:
    values: dict[str, Any] = {
        "number": next(_numbers),
        "item_keys": [FRAMEWORK.criteria[0].key],
        "opened_at": NOW,
    } | fields
    values["question"] = values.get("question") or question(status=QuestionStatus.VOTING)
    for name in ("framework_key", "framework_version", "own_framework"):
        values.setdefault(name, getattr(values["question"], name))
    values["opened_by"] = values.get("opened_by") or values["question"].created_by
    return VotingRound.objects.create(**values)


def round_snapshot(**fields: Any) -> RoundSnapshot:
    """Not what the round is about; `etd.actions.rounds.open_round` writes true ones."""
    values: dict[str, Any] = {"content": "{}", "sha256": DIGEST} | fields
    values["round"] = values.get("round") or voting_round()
    return RoundSnapshot.objects.create(**values)


def ballot(**fields: Any) -> Ballot:
    values: dict[str, Any] = dict(fields)
    values["round"] = values.get("round") or voting_round()
    values["member"] = values.get("member") or user()
    return Ballot.objects.create(**values)


def vote(**fields: Any) -> Vote:
    values: dict[str, Any] = {
        "item_key": FRAMEWORK.criteria[0].key,
        "option_keys": [FRAMEWORK.criteria[0].options[0].key],
        "evidence_digest": DIGEST,
        "nonce": DIGEST,
        "commitment": DIGEST,
        "version": 1,
        "cast_at": NOW,
    } | fields
    values["ballot"] = values.get("ballot") or ballot()
    return Vote.objects.create(**values)


def discussion_note(**fields: Any) -> DiscussionNote:
    values: dict[str, Any] = {
        "item_key": FRAMEWORK.criteria[0].key,
        "text": "The device is not to be had everywhere.",
        "written_at": NOW,
    } | fields
    values["round"] = values.get("round") or voting_round()
    values["question"] = values.get("question") or values["round"].question
    values["author"] = values.get("author") or user()
    return DiscussionNote.objects.create(**values)


def audit_chain_head(**fields: Any) -> AuditChainHead:
    return AuditChainHead.objects.create(**({"chain": f"chain-{next(_numbers)}"} | fields))


def audit_event(**fields: Any) -> AuditEvent:
    """A row that follows from nothing; `etd.actions.audit.record` writes true ones."""
    n = next(_numbers)
    values: dict[str, Any] = {
        "chain": f"chain-{n}",
        "seq": 1,
        "actor_id": "system",
        "actor_name": "System",
        "type": "tested",
        "subject": "a test",
        "at": NOW,
        "hash": DIGEST,
    } | fields
    return AuditEvent.objects.create(**values)


def staged_import(**fields: Any) -> StagedImport:
    values: dict[str, Any] = {
        "file_name": "etd.docx",
        "content": b"PK",
        "sha256": DIGEST,
        "staged_at": NOW,
    } | fields
    values["guideline"] = values.get("guideline") or guideline()
    values["staged_by"] = values.get("staged_by") or user()
    return StagedImport.objects.create(**values)


def data_upload(**fields: Any) -> DataUpload:
    content = fields.pop("content", b"study,events_intervention\n")
    values: dict[str, Any] = {
        "filename": "trials.csv",
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "reading": {},
        "created_at": NOW,
    } | fields
    values["question"] = values.get("question") or question()
    values["created_by"] = values.get("created_by") or values["question"].created_by
    return DataUpload.objects.create(**values)


def study(**fields: Any) -> Study:
    values: dict[str, Any] = {"label": f"Thiele {next(_numbers)}"} | fields
    values["question"] = values.get("question") or question()
    return Study.objects.create(**values)


def study_result(**fields: Any) -> StudyResult:
    """Counts of two arms."""
    values: dict[str, Any] = {
        "position": next(_numbers),
        "kind": ResultKind.COUNTS,
        "events_intervention": 12,
        "n_intervention": 40,
        "events_comparison": 9,
        "n_comparison": 41,
    } | fields
    values["study"] = values.get("study") or study()
    parent = values["study"].question
    values["outcome"] = values.get("outcome") or outcome(question=parent)
    values["population"] = values.get("population") or population(question=parent)
    values["upload"] = values.get("upload") or data_upload(question=parent)
    return StudyResult.objects.create(**values)


def analysis(**fields: Any) -> Analysis:
    values: dict[str, Any] = {
        "spec": {"measure": "OR"},
        "inputs": [],
        "input_digest": DIGEST,
        "result": {},
        "engine": {"statsmodels": "0.15"},
        "created_at": NOW,
    } | fields
    values["row"] = values.get("row") or outcome_row(source=ValueSource.COMPUTED, provenance={})
    values["created_by"] = values.get("created_by") or values["row"].created_by
    return Analysis.objects.create(**values)


def main_method(**fields: Any) -> MainMethod:
    values: dict[str, Any] = {
        "spec": specification.to_json(PoolingSpec()),
        "reason": "",
        "after_results": False,
        "created_at": NOW,
    } | fields
    values["outcome"] = values.get("outcome") or outcome()
    values["population"] = values.get("population") or population(question=values["outcome"].question)
    values["created_by"] = values.get("created_by") or user()
    return MainMethod.objects.create(**values)
