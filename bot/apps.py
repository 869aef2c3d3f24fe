"""The Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RunTaskConfig(AppConfig):
    """The package is `bot`, but the app label is `runtask`: tables, migrations and the names of URLs use the label."""

    name = "bot"
    label = "runtask"
    verbose_name = "Run tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from bot import sidecar as beside  # noqa: PLC0415
        from bot.broker.app import remember_current  # noqa: PLC0415
        from bot.checks import options, platform, sidecar, site  # noqa: F401, PLC0415  # registers the checks, which need the models
        from bot.conf import is_apart, is_sidecar  # noqa: PLC0415
        from bot.models.permissions import make  # noqa: PLC0415
        from bot.runs.accounts import watch_deletions  # noqa: PLC0415

        remember_current()
        watch_deletions()
        post_migrate.connect(make, sender=self)
        if is_apart():
            beside.only_read()
            beside.hide()
        elif is_sidecar():
            beside.keep_to(self)
