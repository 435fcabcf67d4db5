from django.urls import path

from metaanalysis.views import analyses, evidence, uploads

EVIDENCE = "guidelines/<slug:guideline>/<slug:question>/evidence/"

urlpatterns = [
    path(EVIDENCE, evidence.evidence, name="evidence"),
    path(f"{EVIDENCE}template.csv", evidence.upload_template, name="upload_template"),
    path(f"{EVIDENCE}uploads/new/", uploads.upload, name="upload"),
    path(f"{EVIDENCE}uploads/<int:upload>/", uploads.upload_preview, name="upload_preview"),
    path(f"{EVIDENCE}uploads/<int:upload>/file/", uploads.upload_file, name="upload_file"),
    path(f"{EVIDENCE}analysis/<int:row>/", analyses.analysis, name="analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/use/", analyses.use_analysis, name="use_analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/data.csv", analyses.analysis_data, name="analysis_data"),
]
