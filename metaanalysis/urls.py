from django.urls import path

from metaanalysis import views

EVIDENCE = "guidelines/<slug:guideline>/<slug:question>/evidence/"

urlpatterns = [
    path(EVIDENCE, views.evidence, name="evidence"),
    path(f"{EVIDENCE}template.csv", views.upload_template, name="upload_template"),
    path(f"{EVIDENCE}uploads/new/", views.upload, name="upload"),
    path(f"{EVIDENCE}uploads/<int:upload>/", views.upload_preview, name="upload_preview"),
    path(f"{EVIDENCE}uploads/<int:upload>/file/", views.upload_file, name="upload_file"),
    path(f"{EVIDENCE}analysis/<int:row>/", views.analysis, name="analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/use/", views.use_analysis, name="use_analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/data.csv", views.analysis_data, name="analysis_data"),
]
