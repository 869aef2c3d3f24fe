"""Which database our tables are in."""

from typing import TypeVar

from django.db import models, router

M = TypeVar("M", bound=models.Model)


def database_of(model: type[models.Model]) -> str:
    """The alias of the database that a model is written to. We also read there: a replica may lag behind."""
    return router.db_for_write(model)


class Primary(models.Manager[M]):
    """Reads from the database that it writes to. As base manager also for `refresh_from_db` and `notice.run`."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().using(database_of(self.model))
