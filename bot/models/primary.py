"""Chooses the database of our tables."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models, router

M = TypeVar("M", bound=models.Model)


def database_of(model: type[models.Model]) -> str:
    """The alias of the database to which a model is written. We read from there, too, because a replica may lag behind."""
    return router.db_for_write(model)


def put(model: type[models.Model], key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Updates the row with this unique key, or inserts it. Call this in `writers_turn`.

    `update_or_create` isn't used: in MariaDB, two processes that find no row would deadlock.
    """
    rows = model._default_manager  # noqa: SLF001  # documented
    if not rows.filter(**key).update(**values):
        rows.bulk_create([model(**key, **values)], ignore_conflicts=True)


class Primary(models.Manager[M]):
    """Reads from the database that is written to. As base manager, it does so for `refresh_from_db` and `notice.run`, too."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().using(database_of(self.model))
