from django.apps import AppConfig


class MetaanalysisConfig(AppConfig):
    name = "metaanalysis"
    verbose_name = "Meta-analysis"
