"""Django's entry to the bot."""

from django.apps import AppConfig, apps

NEEDED = ("django_celery_beat", "django_celery_results")


class RunTaskConfig(AppConfig):
    """Package `bot`, app label `runtask`: the label is what tables, migrations and URLs carry."""

    name = "bot"
    label = "runtask"
    verbose_name = "Run tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from bot.broker.app import remember_current  # noqa: PLC0415
        from bot.checks import options, platform, sidecar, site  # noqa: F401, PLC0415  # registers them; needs the models
        from bot.sidecar import is_sidecar, keep_to  # noqa: PLC0415

        remember_current()
        if is_sidecar():
            keep_to(self)


def missing_apps() -> list[str]:
    """What must be in INSTALLED_APPS and isn't: until it is, the bot has no pages, and a check says why."""
    return [name for name in NEEDED if not apps.is_installed(name)]
