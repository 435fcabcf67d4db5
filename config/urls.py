"""The addresses of the site: each app brings its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    # Before the others: its pages of a guideline would be read as questions of that name.
    path("", include("documents.urls")),
    path("", include("etd.urls")),
    path("", include("metaanalysis.urls")),
    path("", include("documents.public_urls")),
    path("admin/", admin.site.urls),
]

handler500 = "etd.views.errors.server_error"
