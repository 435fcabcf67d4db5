from django.apps import AppConfig
from django.core.checks import register

from etd.installation.contents import WHOLE


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = "Documents"

    def ready(self) -> None:
        from documents.checks import check_versions  # noqa: PLC0415 -- needs the models

        register(check_versions, WHOLE, deploy=True)
