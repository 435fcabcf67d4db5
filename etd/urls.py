from django.urls import include, path

from etd.views import assessment, home, questions, recommendation, voting

QUESTION = "guidelines/<slug:guideline>/<slug:question>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("etd.people_urls")),
    path(QUESTION, questions.question, name="question"),
    path(f"{QUESTION}edit/", questions.edit_question, name="edit_question"),
    path(f"{QUESTION}criteria/<slug:key>/", assessment.criterion, name="criterion"),
    path(f"{QUESTION}criteria/<slug:key>/texts/", assessment.edit_texts, name="edit_texts"),
    path(f"{QUESTION}criteria/<slug:key>/judgement/", assessment.edit_judgement, name="edit_judgement"),
    path(f"{QUESTION}votes/<slug:item>/", voting.cast_vote, name="cast_vote"),
    path(f"{QUESTION}recommendation/", recommendation.edit_recommendation, name="edit_recommendation"),
    path(f"{QUESTION}sections/<slug:key>/", recommendation.edit_section, name="edit_section"),
]
