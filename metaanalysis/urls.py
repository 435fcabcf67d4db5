from django.urls import path

from metaanalysis.views import analyses, evidence, grids, methods, reproduction, uploads

EVIDENCE = "guidelines/<slug:guideline>/<slug:question>/evidence/"

urlpatterns = [
    path(EVIDENCE, evidence.evidence, name="evidence"),
    path(
        f"{EVIDENCE}template/<str:kind>.<str:file_format>", evidence.upload_template, name="upload_template"
    ),
    path(f"{EVIDENCE}studies/new/", grids.type_studies, name="type_studies"),
    path(f"{EVIDENCE}studies/<int:outcome>/<int:population>/", grids.edit_studies, name="edit_studies"),
    path(f"{EVIDENCE}uploads/new/", uploads.upload, name="upload"),
    path(f"{EVIDENCE}uploads/<int:upload>/", uploads.upload_preview, name="upload_preview"),
    path(f"{EVIDENCE}uploads/<int:upload>/correct/", grids.correct_upload, name="correct_upload"),
    path(f"{EVIDENCE}uploads/<int:upload>/file/", uploads.upload_file, name="upload_file"),
    path(f"{EVIDENCE}methods/", methods.methods, name="main_methods"),
    path(f"{EVIDENCE}methods/choose/", methods.choose_method, name="choose_main_method"),
    path(f"{EVIDENCE}reproduction/", reproduction.reproduction, name="reproduction"),
    path(f"{EVIDENCE}analysis/<int:row>/", analyses.analysis, name="analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/use/", analyses.use_analysis, name="use_analysis"),
    path(f"{EVIDENCE}analysis/<int:row>/data.csv", analyses.analysis_data, name="analysis_data"),
    path(f"{EVIDENCE}analysis/<int:row>/result.json", analyses.analysis_result, name="analysis_result"),
    path(f"{EVIDENCE}analysis/<int:row>/analysis.R", analyses.analysis_r_code, name="analysis_r_code"),
    path(f"{EVIDENCE}analysis/<int:row>/<slug:name>.svg", analyses.analysis_plot, name="analysis_plot"),
]
