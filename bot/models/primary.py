"""Chooses the database of our tables."""

from typing import TypeVar

from django.db import models, router

M = TypeVar("M", bound=models.Model)


def database_of(model: type[models.Model]) -> str:
    """The alias of the database to which a model is written. We read from there, too, as a replica may lag behind."""
    return router.db_for_write(model)


class Primary(models.Manager[M]):
    """Reads from the database that is written to. As base manager, it does so for `refresh_from_db` and `notice.run`, too."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().using(database_of(self.model))
