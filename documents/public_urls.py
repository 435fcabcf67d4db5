"""The addresses of what is published: open to everybody, and kept for good."""

from django.urls import path

from documents.views import difference, public, verifying

QUESTION = "published/<slug:guideline>/<slug:question>/"
VERSION = f"{QUESTION}versions/<int:number>/"
DIFFERENCE = f"{QUESTION}difference/<int:old>/<int:new>/"

urlpatterns = [
    path("robots.txt", public.robots, name="robots"),
    path("sitemap.xml", public.sitemap, name="sitemap"),
    path("verify/", verifying.verify_pdf, name="verify_pdf"),
    path("verify/verify_etd.py", verifying.verifier, name="verifier"),
    path("published/", public.guidelines, name="published_guidelines"),
    path("published/<slug:guideline>/", public.guideline, name="published_guideline"),
    path("published/<slug:guideline>/feed.atom", public.feed, name="published_feed"),
    path(QUESTION, public.question, name="published_question"),
    path(f"{QUESTION}feed.atom", public.question_feed, name="published_question_feed"),
    path(DIFFERENCE, difference.version_difference, name="version_difference"),
    path(f"{DIFFERENCE}errata.txt", difference.version_errata, name="version_errata"),
    path(VERSION, public.version, name="published_version"),
    path(f"{VERSION}document.pdf", public.pdf, name="published_pdf"),
    path(f"{VERSION}document.json", public.document_json, name="published_json"),
    path(f"{VERSION}bundle.zip", verifying.version_bundle, name="version_bundle"),
    path(f"{VERSION}metadata.jsonld", public.metadata, name="published_metadata"),
    path(f"{VERSION}citation.<slug:style>", public.citation, name="published_citation"),
]
