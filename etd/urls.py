from django.urls import include, path

from etd.views import (
    assessment,
    certainty,
    conflicts,
    history,
    home,
    meeting,
    questions,
    recommendation,
    rounds,
    settings,
    voting,
)

GUIDELINE = "guidelines/<slug:guideline>/"
QUESTION = "guidelines/<slug:guideline>/<slug:question>/"
OUTCOME = f"{QUESTION}outcomes/<int:outcome>/"
# A person of the guideline in the chair's register; `scope` is a question, or the whole guideline where it is left out.
MEMBER = f"{GUIDELINE}conflicts/members/<int:member>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("etd.people_urls")),
    path("", include("etd.framework_urls")),
    path(f"{GUIDELINE}conflicts/", conflicts.my_conflicts, name="my_conflicts"),
    path(f"{GUIDELINE}conflicts/declare/", conflicts.declare_conflict, name="declare_conflict"),
    path(f"{GUIDELINE}conflicts/declare/<slug:scope>/", conflicts.declare_conflict, name="declare_conflict"),
    path(f"{GUIDELINE}conflicts/members/", conflicts.conflict_list, name="conflict_register"),
    path(MEMBER, conflicts.manage_conflict, name="manage_conflict"),
    path(f"{MEMBER}declaration/", conflicts.open_declaration, name="open_declaration"),
    path(f"{MEMBER}for/<slug:scope>/", conflicts.manage_conflict, name="manage_conflict"),
    path(f"{MEMBER}for/<slug:scope>/declaration/", conflicts.open_declaration, name="open_declaration"),
    path(f"{GUIDELINE}settings/", settings.settings, name="guideline_settings"),
    path(f"{GUIDELINE}settings/votes/", settings.vote_settings, name="vote_settings"),
    path(QUESTION, questions.question, name="question"),
    path(f"{QUESTION}edit/", questions.edit_question, name="edit_question"),
    path(f"{QUESTION}criteria/<slug:key>/", assessment.criterion, name="criterion"),
    path(f"{QUESTION}criteria/<slug:key>/texts/", assessment.edit_texts, name="edit_texts"),
    path(f"{QUESTION}criteria/<slug:key>/judgement/", assessment.edit_judgement, name="edit_judgement"),
    path(f"{QUESTION}votes/<slug:item>/", voting.cast_vote, name="cast_vote"),
    path(f"{QUESTION}rounds/", rounds.rounds, name="rounds"),
    path(f"{QUESTION}rounds/begin/", rounds.begin_voting, name="begin_voting"),
    path(f"{QUESTION}rounds/new/", rounds.open_round, name="open_round"),
    path(f"{QUESTION}rounds/<int:number>/", rounds.voting_round, name="round"),
    path(f"{QUESTION}rounds/<int:number>/extend/", rounds.extend_round, name="extend_round"),
    path(f"{QUESTION}rounds/<int:number>/remind/", rounds.remind, name="remind"),
    path(f"{QUESTION}rounds/<int:number>/close/", rounds.close_round, name="close_round"),
    path(f"{QUESTION}rounds/<int:number>/void/", rounds.void_ballot, name="void_ballot"),
    path(f"{QUESTION}rounds/<int:number>/notes/<slug:item>/", rounds.add_note, name="add_note"),
    path(f"{QUESTION}receipt/", rounds.receipt, name="receipt"),
    path(f"{QUESTION}meeting/", meeting.meeting, name="meeting"),
    path(f"{QUESTION}meeting/<slug:item>/", meeting.meeting_item, name="meeting_item"),
    path(f"{QUESTION}history/", history.history, name="history"),
    path(f"{QUESTION}certainty/", certainty.overview, name="certainty_overview"),
    path(f"{OUTCOME}certainty/", certainty.worksheet, name="certainty"),
    path(f"{OUTCOME}certainty/rate/", certainty.rate, name="rate_certainty"),
    path(f"{QUESTION}recommendation/", recommendation.edit_recommendation, name="edit_recommendation"),
    path(f"{QUESTION}recommendation/type/", recommendation.edit_type, name="edit_type"),
    path(f"{QUESTION}sections/<slug:key>/", recommendation.edit_section, name="edit_section"),
]
