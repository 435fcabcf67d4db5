"""The audit trail of a question in sentences: who did what. Nothing of a vote, nothing of what was declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from etd.domain.thresholds import in_words


class Kind(StrEnum):
    """What an entry is about; the filter of the page."""

    ROUNDS = "rounds"
    JUDGEMENTS = "judgements"
    TEXTS = "texts"
    EVIDENCE = "evidence"
    PEOPLE = "people"


KIND_LABELS = {
    Kind.ROUNDS: "Voting rounds",
    Kind.JUDGEMENTS: "Judgements and recommendation",
    Kind.TEXTS: "Question and texts",
    Kind.EVIDENCE: "Evidence",
    Kind.PEOPLE: "Interests",
}

# Votes are told by their round's close alone: when and how often somebody voted is theirs.
NEVER_TOLD = frozenset({"vote_cast", "vote_revealed"})
# Who opened a declaration is for the chair to know, as the declaration is.
# A reminder says that somebody had not finished, which is for the chair to see as well.
TOLD_TO_CHAIRS = frozenset({"declaration_read", "reminder_sent", "letters_not_sent"})

KIND_OF_TYPE = {
    "round_opened": Kind.ROUNDS,
    "round_extended": Kind.ROUNDS,
    "round_closed": Kind.ROUNDS,
    "ballot_voided": Kind.ROUNDS,
    "panel_told": Kind.ROUNDS,
    "reminder_sent": Kind.ROUNDS,
    "letters_not_sent": Kind.ROUNDS,
    "discussion_note_added": Kind.ROUNDS,
    "judgement_recorded": Kind.JUDGEMENTS,
    "recommendation_type_recorded": Kind.JUDGEMENTS,
    "judgement_reaffirmed": Kind.JUDGEMENTS,
    "judgement_reopened": Kind.JUDGEMENTS,
    "recommendation_edited": Kind.JUDGEMENTS,
    "section_edited": Kind.JUDGEMENTS,
    "source_kept": Kind.TEXTS,
    "adolopment_chosen": Kind.JUDGEMENTS,
    "question_created": Kind.TEXTS,
    "question_edited": Kind.TEXTS,
    "question_moved": Kind.TEXTS,
    "status_changed": Kind.TEXTS,
    "approved": Kind.JUDGEMENTS,
    "version_published": Kind.JUDGEMENTS,
    "version_withdrawn": Kind.JUDGEMENTS,
    "texts_edited": Kind.TEXTS,
    "reference_added": Kind.TEXTS,
    "reference_edited": Kind.TEXTS,
    "reference_removed": Kind.TEXTS,
    "references_imported": Kind.TEXTS,
    "conflict_declared": Kind.PEOPLE,
    "conflict_managed": Kind.PEOPLE,
    "declaration_read": Kind.PEOPLE,
}

PHRASES = {
    "discussion_note_added": "wrote in the discussion of {item}, {round}",
    "question_created": "began the question",
    "question_edited": "edited the question",
    "question_moved": "moved the question to another framework",
    "texts_edited": "edited the texts of {item}",
    "reference_added": "added reference {subject}",
    "reference_edited": "edited reference {subject}",
    "reference_removed": "removed reference {subject}",
    "references_imported": "imported {subject}",
    "judgement_reaffirmed": "reaffirmed the judgement on {item} on new evidence{because}",
    "judgement_reopened": "opened {item} again{because}",
    "recommendation_edited": "edited the recommendation: {statements}",
    "section_edited": "edited “{item}”",
    "table_created": "added the table “{subject}”",
    "outcome_created": "added the outcome “{subject}”",
    "outcome_edited": "edited the outcome “{subject}”",
    "outcome_moved": "moved the outcome “{subject}”",
    "outcome_removed": "removed the outcome “{subject}”",
    # Which outcomes, and how important, stays with the rater.
    "importance_rated": "rated how important outcomes are",
    "comparator_risks_set": "chose the comparator risks of {subject}",
    "population_created": "added the population “{subject}”",
    "row_reported": "put a reported row into the outcome table: {subject}",
    "summary_rows_chosen": "chose the rows of the Summary of Findings",
    "summary_people_per_set": "had absolute effects shown per {subject} people",
    "summary_cell_worded": "worded a cell of the Summary of Findings by hand: {subject}",
    "summary_words_taken_back": "took words in the Summary of Findings back: {subject}",
    "table_renamed": "renamed the table “{subject}”",
    "row_computed": "put a recomputed row into the outcome table: {subject}",
    "analysis_run": "computed {subject} anew",
    "main_method_chosen": "recorded the main method of {subject}",
    "source_kept": "kept the source “{subject}” beside the question",
    "adolopment_chosen": "said what becomes of the source’s judgement on {item}{because}",
    "parts_kept": "kept parts of “{subject}” beside the question",
    "upload_staged": "sent the file “{subject}”",
    "upload_confirmed": "confirmed the upload “{subject}”",
    "upload_discarded": "discarded the upload “{subject}”",
    "upload_corrected": "corrected the upload “{subject}”",
    "study_results_imported": "stored study results: {subject}",
    "approved": "approved the question as it stood",
    "version_published": "published {subject}",
    "version_withdrawn": "withdrew {subject}{because}",
    "conflict_declared": "declared their interests",
    "conflict_managed": "recorded how the interests of {subject} are managed",
    "declaration_read": "opened the declaration of {subject}",
    # Where and why, not what was found: that is for those who see the checks.
    "finding_dismissed": "dismissed a finding of the checks, {subject}{because}",
    "finding_restored": "had a dismissed finding of the checks shown again, {subject}",
    # What was done is said; why stays with the chair and the member.
    "ballot_voided": "voided a ballot: {subject}",
    "reminder_sent": "sent a reminder to those who had not finished {round}",
    "letters_not_sent": "could not reach everybody by e-mail about {round}",
}
LETTERS = {
    "round_opened": "{round} is open",
    "round_extended": "{round} has more time",
    "round_results": "the results of {round} are there",
}


THRESHOLD_PHRASES = {
    "thresholds_set": "set the decision thresholds",
    "thresholds_locked": "locked the decision thresholds",
    "thresholds_changed": "changed the locked decision thresholds",
}


@dataclass(frozen=True)
class Happened:
    """One event as far as a sentence needs it. `names` gives headings by key, `statuses` labels by status."""

    type: str
    actor: str
    subject: str
    after: Any
    names: Mapping[str, str]
    statuses: Mapping[str, str]


def kind_of(type: str) -> Kind:
    """What has no kind of its own is about the evidence: tables, uploads, analyses."""
    return KIND_OF_TYPE.get(type, Kind.EVIDENCE)


def sentence(one: Happened) -> str:
    """What happened, after the actor's name: `opened round 2 on 4 items, blind, closing 2 December 2026, 14:00 UTC`."""
    after = one.after if isinstance(one.after, Mapping) else {}
    round_name, _, item = one.subject.partition(", ")
    round_name = round_name[:1].lower() + round_name[1:]
    if one.type == "round_opened":
        return f"opened {round_name} on {_number(after, 'items', 'item')}{_way(after)}{_closing(after)}"
    if one.type == "round_extended":
        return f"gave {round_name} more time{_closing(after)}"
    if one.type == "round_closed":
        by_time = "ended, its time was up" if one.actor == "System" else "closed"
        return f"{round_name} {by_time}" if one.actor == "System" else f"{by_time} {round_name}"
    if one.type == "panel_told":
        return "told the panel by e-mail that " + LETTERS[after["letter"]].format(round=round_name)
    if one.type == "status_changed":
        return f"moved the question to “{one.statuses.get(str(one.after), str(one.after))}”"
    if one.type == "judgement_recorded":
        name = one.names.get(one.subject, one.subject)
        if not after.get("choices"):
            return f"took back the panel’s judgement on {name}"
        return f"recorded the panel’s judgement on {name}{_after_round(after)}"
    if one.type == "recommendation_type_recorded":
        if not after.get("type"):
            return "took back the type of recommendation"
        return f"recorded the type of recommendation{_after_round(after)}"
    if one.type in THRESHOLD_PHRASES:
        because = f", because: {after['reason']}" if after.get("reason") else ""
        return f"{THRESHOLD_PHRASES[one.type]} of “{one.subject}”: {in_words(after)}{because}"
    if one.type == "certainty_rated":
        return f"rated the certainty of the evidence of “{one.subject}”: {after.get('arithmetic', '')}"
    phrase = PHRASES.get(one.type, one.type.replace("_", " ") + ": {subject}")
    named = one.names.get(item or one.subject, item or one.subject)
    return phrase.format(
        subject=one.subject,
        item=named,
        round=round_name,
        statements=_number(after, "statements", "statement"),
        # The line that it ends has a full stop of its own.
        because=f": {after['reason'].removesuffix('.')}" if after.get("reason") else "",
    )


def _number(after: Mapping[str, Any], key: str, name: str) -> str:
    number = len(after.get(key, ()))
    return f"{number or 'no'} {name}{'' if number == 1 else 's'}"


def _after_round(after: Mapping[str, Any]) -> str:
    return f", after round {after['round']}" if after.get("round") else ""


def _way(after: Mapping[str, Any]) -> str:
    return ", blind" if after.get("blind", True) else ", with open votes"


def _closing(after: Mapping[str, Any]) -> str:
    at = after.get("closes_at")
    if not at:
        return ", without a closing time"
    moment = datetime.fromisoformat(at)
    return f", closing {moment.day} {moment:%B %Y, %H:%M} {moment.tzname()}"
