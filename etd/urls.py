from django.contrib.auth import views as auth_views
from django.urls import path

from etd.forms.sign_in import SignInForm
from etd.views import assessment, home, questions, recommendation, voting

QUESTION = "guidelines/<slug:guideline>/<slug:question>/"

urlpatterns = [
    path("", home.home, name="home"),
    path(
        "sign-in/",
        auth_views.LoginView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True),
        name="sign_in",
    ),
    path("sign-out/", auth_views.LogoutView.as_view(), name="sign_out"),
    path(QUESTION, questions.question, name="question"),
    path(f"{QUESTION}edit/", questions.edit_question, name="edit_question"),
    path(f"{QUESTION}criteria/<slug:key>/", assessment.criterion, name="criterion"),
    path(f"{QUESTION}criteria/<slug:key>/texts/", assessment.edit_texts, name="edit_texts"),
    path(f"{QUESTION}criteria/<slug:key>/judgement/", assessment.edit_judgement, name="edit_judgement"),
    path(f"{QUESTION}votes/<slug:item>/", voting.cast_vote, name="cast_vote"),
    path(f"{QUESTION}recommendation/", recommendation.edit_recommendation, name="edit_recommendation"),
    path(f"{QUESTION}sections/<slug:key>/", recommendation.edit_section, name="edit_section"),
]
