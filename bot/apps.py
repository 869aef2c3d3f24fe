"""Django's entry to the bot."""

from django.apps import AppConfig


class RunTaskConfig(AppConfig):
    """Package `bot`, app label `runtask`: the label is what tables, migrations and URLs carry."""

    name = "bot"
    label = "runtask"
    verbose_name = "Run tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from bot import checks  # noqa: F401, PLC0415  # registers them; needs the models
