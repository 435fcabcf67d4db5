from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register
from django.db import connections
from django.db.models.signals import post_migrate

from etd.append_only import check_triggers, install_triggers
from etd.frameworks import use_directory
from etd.installation.contents import WHOLE
from etd.installation.durability import check_durability


def _install_append_only_triggers(*, using: str, **kwargs: Any) -> None:
    install_triggers(connections[using])


class EtdConfig(AppConfig):
    name = "etd"
    verbose_name = "Evidence to Decision"

    def ready(self) -> None:
        use_directory(settings.FRAMEWORKS_DIRECTORY)
        from etd.checks import check_frameworks, check_proxies, check_stored_keys  # noqa: PLC0415 -- needs the models
        from etd.installation import doctor_database, doctor_settings, doctor_work  # noqa: F401, PLC0415 -- register
        from etd.trail_checks import check_trails  # noqa: PLC0415 -- needs the models

        # The one signal of the project: migrations drop triggers, and only Django knows when it has migrated.
        post_migrate.connect(_install_append_only_triggers, dispatch_uid="append_only_triggers")
        register(check_frameworks)
        register(check_proxies, Tags.security, deploy=True)
        register(check_stored_keys, Tags.database)
        register(check_triggers, Tags.database)
        register(check_durability, Tags.database)
        register(check_trails, WHOLE, deploy=True)
