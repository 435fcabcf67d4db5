from django.urls import path

from documents.views import exports, files
from documents.views import word

QUESTION = "guidelines/<slug:guideline>/<slug:question>"

urlpatterns = [
    path(f"{QUESTION}/document/", exports.document, name="document"),
    path(f"{QUESTION}/document.pdf", exports.document_pdf, name="document_pdf"),
    path(f"{QUESTION}/document.json", exports.document_json, name="document_json"),
    path(f"{QUESTION}/document.docx", word.document_docx, name="document_docx"),
    path(f"{QUESTION}/document.html", files.document_html, name="document_html"),
    path(f"{QUESTION}/summary/<slug:table>.csv", exports.summary_csv, name="summary_csv"),
    path(f"{QUESTION}/summary/<slug:table>.docx", exports.summary_docx, name="summary_docx"),
    path(
        f"{QUESTION}/evidence/analysis/<int:row>/<slug:name>.png", exports.analysis_image, name="analysis_image"
    ),
]
