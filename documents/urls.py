from django.urls import path

from documents.views import books, difference, exports, files, importing, publication, word

QUESTION = "guidelines/<slug:guideline>/<slug:question>"

urlpatterns = [
    path(f"{QUESTION}/publication/changes/", difference.changes_since_version, name="changes_since_version"),
    path("guidelines/<slug:guideline>/import/", importing.import_document, name="import_document"),
    path("guidelines/<slug:guideline>/import/<int:staged>/", importing.preview_import, name="preview_import"),
    path(
        "guidelines/<slug:guideline>/import/<int:staged>/store/", importing.store_import, name="store_import"
    ),
    path(
        "guidelines/<slug:guideline>/import/<int:staged>/discard/",
        importing.discard_import,
        name="discard_import",
    ),
    path("guidelines/<slug:guideline>/book/", books.book, name="book"),
    path("guidelines/<slug:guideline>/book/make/", books.make_book, name="make_book"),
    path("guidelines/<slug:guideline>/book/book.pdf", books.book_file, name="book_file"),
    path(f"{QUESTION}/document/", exports.document, name="document"),
    path(f"{QUESTION}/document.pdf", exports.document_pdf, name="document_pdf"),
    path(f"{QUESTION}/document.json", exports.document_json, name="document_json"),
    path(f"{QUESTION}/document.docx", word.document_docx, name="document_docx"),
    path(f"{QUESTION}/document.html", files.document_html, name="document_html"),
    path(f"{QUESTION}/exports/", files.exports, name="exports"),
    path(f"{QUESTION}/tables.xlsx", files.tables_xlsx, name="tables_xlsx"),
    path(f"{QUESTION}/tables/<slug:table>.csv", files.table_csv, name="table_csv"),
    path("schema/etd-document-1.json", files.document_schema, name="document_schema"),
    path(f"{QUESTION}/publication/", publication.publication, name="publication"),
    path(f"{QUESTION}/publication/review/", publication.send_to_review, name="send_to_review"),
    path(f"{QUESTION}/publication/back/", publication.back_to_work, name="back_to_work"),
    path(f"{QUESTION}/publication/approve/", publication.approve_question, name="approve_question"),
    path(f"{QUESTION}/publication/publish/", publication.publish_version, name="publish_version"),
    path(f"{QUESTION}/publication/begin/", publication.begin_version, name="begin_version"),
    path(f"{QUESTION}/publication/withdraw/", publication.withdraw_version, name="withdraw_version"),
    path(f"{QUESTION}/summary/<slug:table>.csv", exports.summary_csv, name="summary_csv"),
    path(f"{QUESTION}/summary/<slug:table>.docx", exports.summary_docx, name="summary_docx"),
    path(
        f"{QUESTION}/evidence/analysis/<int:row>/<slug:name>.png",
        exports.analysis_image,
        name="analysis_image",
    ),
]
