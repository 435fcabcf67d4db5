"""Who may open and who may send what: every address of a question with the roles that its view lets in.

`tests/integration/test_access.py` asks each address as each actor, and fails when an address is not listed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EVERYBODY = frozenset({"chair", "panel member", "methodologist", "staff", "observer"})
EDITORS = frozenset({"chair", "methodologist"})
WRITERS = frozenset({"chair", "methodologist", "staff"})
VOTERS = frozenset({"chair", "panel member"})
METHODOLOGIST = frozenset({"methodologist"})
CHAIR = frozenset({"chair"})
CHAIR_AND_STAFF = frozenset({"chair", "staff"})


@dataclass(frozen=True)
class Address:
    """A named address: the roles it lets in, the verbs it takes, and the rest of its path."""

    name: str
    roles: frozenset[str]
    verbs: frozenset[str] = frozenset({"GET"})
    kwargs: dict[str, str] = field(default_factory=dict)
    # The status of an empty form sent by somebody who may send it.
    empty_post: int = 422
    question: str = "mcs-after-rosc-update"
    # A page of the guideline itself, with no question in its address.
    of_guideline: bool = False


READ = frozenset({"GET"})
EDIT = frozenset({"GET", "POST"})
SEND = frozenset({"POST"})
CRITERION = {"key": "resources_required"}
FIRST = {"number": "1"}

ADDRESSES = (
    Address("question", EVERYBODY),
    Address("criterion", EVERYBODY, kwargs=CRITERION),
    Address("edit_question", EDITORS, EDIT),
    Address("edit_texts", EDITORS, EDIT, CRITERION),
    Address("edit_judgement", EDITORS, EDIT, CRITERION),
    Address("cast_vote", VOTERS, SEND, {"item": "resources_required"}, question="mcs-after-rosc-vote"),
    Address("rounds", EVERYBODY),
    Address("begin_voting", CHAIR, SEND, empty_post=302),
    Address("reopen_evidence", CHAIR, SEND, empty_post=302),
    Address("open_round", CHAIR, EDIT),
    Address("round", EVERYBODY, kwargs=FIRST, question="mcs-after-rosc-vote"),
    Address("extend_round", CHAIR, SEND, FIRST, question="mcs-after-rosc-vote"),
    Address("remind", CHAIR, EDIT, FIRST, empty_post=302, question="mcs-after-rosc-vote"),
    Address("close_round", CHAIR, EDIT, FIRST, empty_post=302, question="mcs-after-rosc-vote"),
    Address("void_ballot", CHAIR, EDIT, FIRST, question="mcs-after-rosc-vote"),
    Address("add_note", EDITORS | VOTERS, SEND, FIRST | {"item": "equity"}, question="mcs-after-rosc-vote"),
    Address("receipt", EVERYBODY),
    Address("meeting", EVERYBODY),
    Address("meeting_item", EVERYBODY, kwargs={"item": "resources_required"}),
    Address("history", EVERYBODY),
    Address("evidence_changes", EVERYBODY),
    Address("reaffirm_judgement", EDITORS, SEND, {"item": "resources_required"}),
    Address("reopen_judgement", EDITORS, SEND, {"item": "resources_required"}),
    Address("question_framework", EVERYBODY),
    Address("move_question", EDITORS, EDIT, {"to": "grade_clinical_individual:1"}),
    Address("edit_recommendation", WRITERS, EDIT),
    Address("edit_type", EDITORS, EDIT),
    Address("references", EVERYBODY),
    Address("add_reference", EDITORS, EDIT),
    Address("import_references", EDITORS, EDIT),
    Address("store_references", EDITORS, SEND),
    Address("edit_reference", EDITORS, EDIT, FIRST),
    Address("remove_reference", EDITORS, EDIT, FIRST, empty_post=409),
    Address("edit_section", WRITERS, EDIT, {"key": "justification"}),
    Address("certainty_overview", EVERYBODY),
    Address("outcomes", EVERYBODY),
    Address("add_outcome", EDITORS, EDIT),
    Address("rate_importance", EDITORS | VOTERS, EDIT),
    Address("summary_of_findings", EVERYBODY),
    Address("choose_summary_rows", EDITORS, EDIT),
    Address("set_people_per", EDITORS, SEND),
    Address("summary_csv", EVERYBODY, kwargs={"table": "table-2"}),
    Address("summary_docx", EVERYBODY, kwargs={"table": "table-2"}),
    Address("evidence", EVERYBODY),
    Address("upload_template", EVERYBODY, kwargs={"kind": "means", "file_format": "xlsx"}),
    Address("type_studies", METHODOLOGIST, EDIT),
    Address("upload", METHODOLOGIST, EDIT),
    Address("main_methods", EVERYBODY),
    Address("reproduction", WRITERS),
    Address("choose_main_method", METHODOLOGIST, SEND),
    Address("checks", WRITERS),
    Address("dismiss_finding", WRITERS, SEND),
    Address("restore_finding", WRITERS, SEND),
    Address("before_publication", WRITERS),
    Address("publication", EVERYBODY),
    Address("send_to_review", WRITERS, SEND, empty_post=409),
    Address("back_to_work", WRITERS, SEND, empty_post=302),
    Address("approve_question", WRITERS, SEND),
    Address("publish_version", CHAIR_AND_STAFF, SEND),
    Address("begin_version", CHAIR_AND_STAFF, SEND, empty_post=409),
    Address("withdraw_version", CHAIR_AND_STAFF, SEND),
    Address("changes_since_version", EVERYBODY),
    Address("document", EVERYBODY),
    Address("document_pdf", EVERYBODY),
    Address("document_json", EVERYBODY),
    Address("document_docx", EVERYBODY),
    Address("document_html", EVERYBODY),
    Address("exports", EVERYBODY),
    Address("tables_xlsx", EVERYBODY),
    Address("table_csv", EVERYBODY, kwargs={"table": "table-2"}),
    Address("guideline", EVERYBODY, of_guideline=True),
    Address("book", EVERYBODY, of_guideline=True),
    Address("make_book", EVERYBODY, SEND, empty_post=302, of_guideline=True),
    Address("guideline_jobs", CHAIR_AND_STAFF, of_guideline=True),
    Address("guideline_checks", WRITERS, of_guideline=True),
    Address("new_question", WRITERS, EDIT, of_guideline=True),
    Address("import_document", EDITORS, EDIT, of_guideline=True),
    Address("invite", CHAIR_AND_STAFF, EDIT, of_guideline=True),
    Address("my_conflicts", EVERYBODY, of_guideline=True),
    Address("declare_conflict", EVERYBODY, EDIT, of_guideline=True),
    Address("declare_conflict", EVERYBODY, EDIT, {"scope": "mcs-after-rosc-vote"}, of_guideline=True),
    Address("conflict_register", CHAIR, of_guideline=True),
    Address("guideline_settings", CHAIR_AND_STAFF, EDIT, of_guideline=True),
    Address("vote_settings", CHAIR, SEND, of_guideline=True),
    Address("publishing_settings", CHAIR_AND_STAFF, SEND, of_guideline=True),
    Address("own_frameworks", EVERYBODY, of_guideline=True),
    Address(
        "edit_own_framework",
        CHAIR_AND_STAFF,
        EDIT,
        {"base": "grade_clinical_population:1"},
        of_guideline=True,
    ),
)

# Addresses that name a person: tests/integration/test_conflict_pages.py and test_people.py ask them as each actor.
OF_A_MEMBER = {
    "manage_conflict",
    "open_declaration",
    "change_role",
    "end_membership",
    "resend_invitation",
    "withdraw_invitation",
}

# Addresses of an outcome: tests/integration/test_certainty_pages.py and test_outcome_pages.py ask them as each actor.
OF_AN_OUTCOME = {
    "certainty",
    "rate_certainty",
    "outcome",
    "edit_outcome",
    "move_outcome",
    "remove_outcome",
    "edit_thresholds",
    "lock_thresholds",
    "edit_risks",
}

# Addresses of an upload or of a recomputed row: tests/integration/test_evidence.py makes one and asks as each actor.
OF_AN_UPLOAD_OR_A_ROW = {
    "upload_preview",
    "upload_file",
    "correct_upload",
    "edit_studies",
    "analysis",
    "use_analysis",
    "analysis_data",
    "analysis_result",
    "analysis_r_code",
    "analysis_plot",
    "analysis_image",
}

# Addresses of a line of the Summary of Findings: tests/integration/test_summary.py chooses one and asks as each actor.
OF_A_SUMMARY_ROW = {"word_summary_cell", "take_back_summary_words"}

# Addresses of a source document: tests/integration/test_source_page.py keeps one and asks as each actor.
OF_A_SOURCE = {"source", "source_file", "choose_adolopment"}

# Addresses of a document that was sent: tests/integration/test_import_pages.py sends one and asks as each actor.
OF_AN_IMPORT = {"preview_import", "store_import", "discard_import"}

# The PDF of a guideline's book: tests/integration/test_book_page.py has one made and asks as each actor.
OF_A_BOOK = {"book_file"}

# Addresses that do not belong to a question, with why they need no row: each is tested where it lives.
OUTSIDE_A_QUESTION = {
    "healthz": "open to all; says no more than that the process lives",
    "readyz": "open to all; says whether the database takes writes, nothing that it holds",
    "metrics": "for whoever has the token of the settings, with no sign-in; numbers alone",
    "home": "asks for sign-in; shows only the visitor's own guidelines",
    "sign_in": "open to all",
    "sign_out": "only ends one's own session",
    "sign_in_code": "for whoever has just given a right password",
    "admin_sign_in": "leads to the one sign-in",
    "admin_change_password": "leads to the one form for it",
    "ask_for_reset": "open to all; the same answer for every address",
    "reset_password": "for whoever has a link of a letter",
    "account": "asks for sign-in; one's own account only",
    "change_password": "asks for sign-in; one's own account only",
    "set_up_codes": "asks for sign-in; one's own account only",
    "renew_recovery_codes": "asks for sign-in; one's own account only",
    "remove_codes": "asks for sign-in; one's own account only",
    "sign_out_everywhere": "only ends one's own sessions",
    "invitation": "for whoever has a link of a letter",
    "jobs": "for administrators of the site; kinds and states, nothing of what is in them",
    "try_job_again": "for administrators of the site",
    "new_guideline": "for administrators of the site",
    "version_bundle": "open to all, as published_guidelines",
    "verify_pdf": "open to all; compares a file with what is published, and keeps nothing of it",
    "verifier": "open to all; the program that checks a bundle",
    "robots": "open to all; the same text for everybody",
    "sitemap": "open to all; the addresses of published questions alone",
    "published_guidelines": "open to all; what is published, and no sign-in is looked at",
    "published_guideline": "open to all, as published_guidelines",
    "published_feed": "open to all, as published_guidelines",
    "published_question": "open to all, as published_guidelines",
    "published_question_feed": "open to all, as published_guidelines",
    "published_version": "open to all, as published_guidelines",
    "version_difference": "open to all, as published_guidelines",
    "version_errata": "open to all, as published_guidelines",
    "published_pdf": "open to all, as published_guidelines",
    "published_json": "open to all, as published_guidelines",
    "published_metadata": "open to all, as published_guidelines",
    "published_citation": "open to all, as published_guidelines",
    "document_schema": "open to all; says what documents are made of and nothing of any",
}
