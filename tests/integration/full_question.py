"""A question with everything in it that there can be, one of each kind or many."""

from __future__ import annotations

import hashlib

from etd.actions import discussion, questions, rounds, voting
from etd.actions.kept_evidence import keep_evidence
from etd.domain.source_content import SourceContent
from etd.enums import (
    RECOMMENDATION_TYPE_ITEM,
    Basis,
    CertaintyDomain,
    NoEvidenceBasis,
    QuestionStatus,
    StatementKind,
)
from etd.evidence import evidence_now
from etd.models import OutcomeRow, Question, Recommendation, User, VotingRound
from tests import factories

TYPES = factories.FRAMEWORK.recommendation_types
ALL = [*(c.key for c in factories.FRAMEWORK.criteria), RECOMMENDATION_TYPE_ITEM]


def option(item_key: str, number: int) -> str:
    if item_key == RECOMMENDATION_TYPE_ITEM:
        return TYPES[number % len(TYPES)].key
    options = factories.FRAMEWORK.criterion(item_key).options
    return options[number % len(options)].key


def vote_all(question: Question, opened: VotingRound, voters: list[User]) -> None:
    """Everybody votes on every item, each for another option, and says why."""
    for number, voter in enumerate(voters):
        for item_key in opened.item_keys:
            voting.cast_vote(
                question=question,
                item_key=item_key,
                option_keys=[option(item_key, number)],
                comment=f"Because {number}",
                version=0,
                by=voter,
                no_evidence_basis=NoEvidenceBasis.values[0] if item_key == "acceptability" else "",
            )


def over(question: Question, item_keys: list[str], voters: list[User], n_rounds: int, by: User) -> None:
    """So many rounds over these items that are closed, discussed, and one more that is open."""
    questions.change_status(question=question, status=QuestionStatus.VOTING, by=by)
    for _ in range(n_rounds):
        opened = rounds.open_round(question=question, item_keys=item_keys, by=by)
        vote_all(question, opened, voters)
        rounds.close_round(voting_round=opened, by=by)
        for item_key in item_keys:
            discussion.add_discussion_note(
                voting_round=opened, item_key=item_key, text="After this round.", by=by
            )
    opened = rounds.open_round(question=question, item_keys=item_keys, by=by)
    vote_all(question, opened, voters)


def furnish(question: Question, n: int, by: User) -> None:
    """`n` of everything but rounds, and evidence that has moved since it was judged."""
    table = factories.outcome_table(question=question, number=101)
    for number in range(n):
        _outcome(question, table, number, by)
        factories.reference(question=question, number=101 + number)
        factories.recommendation_statement(question=question, position=101 + 2 * number)
        statement = factories.recommendation_statement(
            question=question, position=102 + 2 * number, kind=StatementKind.GOOD_PRACTICE
        )
        factories.practice_answer(statement=statement)
        factories.dismissed_finding(
            question=question, fingerprint=hashlib.sha256(str(number).encode()).hexdigest()
        )
        member = factories.panel_membership(guideline=question.guideline).user
        factories.conflict_declaration(guideline=question.guideline, member=member)
        factories.kept_part(question=question, heading=f"Equity {number}")
        factories.published_version(
            question=question,
            number=number + 1,
            note="The evidence was updated." if number else "",
            previous_sha256=factories.DIGEST if number else "",
        )
    factories.source_document(question=question, content=SourceContent(criteria={}).to_text())
    _judge(question, ALL[:n], by)


def _outcome(question: Question, table: object, number: int, by: User) -> None:
    outcome = factories.outcome(question=question, certainty="low")
    population = factories.population(question=question)
    row = factories.outcome_row(table=table, outcome=outcome, population=population)
    factories.decision_thresholds(outcome=outcome)
    factories.comparator_risk(outcome=outcome, population=population)
    factories.importance_rating(outcome=outcome)
    sheet = factories.certainty_worksheet(outcome=outcome, row=row, rated_by=by)
    for domain in CertaintyDomain.values[: 1 + number]:
        factories.certainty_rating(worksheet=sheet, domain=domain, levels=0)
    line = factories.summary_row(question=question, outcome=outcome, population=population)
    factories.summary_edit(row=line)


def _judge(question: Question, keys: list[str], by: User) -> None:
    """These and the type are judged on evidence that has changed since, in its rows and in its texts."""
    evidence = evidence_now(question)
    keep_evidence(
        question=question,
        evidence=evidence,
        item_keys=[*keys, RECOMMENDATION_TYPE_ITEM],
        at=factories.NOW,
    )
    for assessment in question.assessments.filter(criterion_key__in=keys):
        factories.judgement(
            assessment=assessment,
            option_key=option(assessment.criterion_key, 0),
            evidence_digest=evidence.digest_of(assessment.criterion_key),
            judged_by=by,
        )
        factories.adolopment(assessment=assessment)
    Recommendation.objects.filter(question=question).update(
        type_key=TYPES[0].key,
        type_basis=Basis.CONSENSUS,
        type_evidence_digest=evidence.whole_digest,
        type_judged_at=factories.NOW,
        type_judged_by=by,
    )
    OutcomeRow.objects.filter(table__question=question, ci_low__isnull=False).update(ci_low=0.01)
    question.assessments.update(research_evidence="Three trials were found since [1].")
