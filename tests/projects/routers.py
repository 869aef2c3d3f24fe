"""Database routers of the unusual projects."""

from typing import Any

from django.db.models import Model

CELERY = {"django_celery_beat", "django_celery_results"}


class Split:
    """Some apps are in one database, and the others in another."""

    def db_for_write(self, model: type[Model], **_: Any) -> str:
        return self.home(model._meta.app_label)

    db_for_read = db_for_write

    def allow_relation(self, one: Model, other: Model, **_: Any) -> bool:
        return self.home(one._meta.app_label) == self.home(other._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool:
        return db == self.home(app_label)

    def home(self, app: str) -> str:
        raise NotImplementedError


class CeleryApart(Split):
    def home(self, app: str) -> str:
        return "celery" if app in CELERY else "default"


class PeopleApart(Split):
    def home(self, app: str) -> str:
        return "default" if app in CELERY else "people"


class Replica:
    def db_for_read(self, model: type[Model], **_: Any) -> str:
        return "default" if model._meta.app_label == "sessions" else "replica"

    def db_for_write(self, _model: type[Model], **_: Any) -> str:
        return "default"

    def allow_relation(self, _one: Model, _other: Model, **_: Any) -> bool:
        return True
