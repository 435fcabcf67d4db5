from django.urls import path

from documents import views

QUESTION = "guidelines/<slug:guideline>/<slug:question>"

urlpatterns = [
    path(f"{QUESTION}/document/", views.document, name="document"),
    path(f"{QUESTION}/document.pdf", views.document_pdf, name="document_pdf"),
    path(f"{QUESTION}/document.json", views.document_json, name="document_json"),
    path(f"{QUESTION}/summary/<slug:table>.csv", views.summary_csv, name="summary_csv"),
    path(f"{QUESTION}/summary/<slug:table>.docx", views.summary_docx, name="summary_docx"),
    path(
        f"{QUESTION}/evidence/analysis/<int:row>/<slug:name>.png", views.analysis_image, name="analysis_image"
    ),
]
