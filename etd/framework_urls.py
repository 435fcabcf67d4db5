from django.urls import path

from etd.views import frameworks

GUIDELINE = "guidelines/<slug:guideline>/"
QUESTION = "guidelines/<slug:guideline>/<slug:question>/"

urlpatterns = [
    path(f"{GUIDELINE}frameworks/", frameworks.own_frameworks, name="own_frameworks"),
    path(f"{GUIDELINE}frameworks/<str:base>/edit/", frameworks.edit_own_framework, name="edit_own_framework"),
    path(f"{QUESTION}framework/", frameworks.question_framework, name="question_framework"),
    path(f"{QUESTION}framework/<str:to>/", frameworks.move_question, name="move_question"),
]
