"""Reads the times of schedules from beat's tables."""

from zoneinfo import ZoneInfo

from django.db.models import CharField, Model
from django.db.models.functions import Cast
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule

from bot.prepared import Placeholder, Prepared, columns

CLOCKS: dict[str, type[Model]] = {  # in beat's order (`PeriodicTask.scheduler`): a row may have several
    "interval": IntervalSchedule,
    "crontab": CrontabSchedule,
    "solar": SolarSchedule,
    "clocked": ClockedSchedule,
}
ZONE = "timezone"  # a field of a crontab. Reading it raises an error if this machine doesn't know the zone
ZONE_AS_TEXT = Cast(ZONE, CharField())


def _query(model: type[Model]) -> Prepared:
    """Selects one row. A crontab's zone is the last column, as text."""
    plain = [name for name in columns(model) if name != ZONE]
    expressions = [ZONE_AS_TEXT] if ZONE in columns(model) else []
    rows = model._default_manager  # noqa: SLF001  # documented
    return Prepared(lambda: rows.filter(pk=Placeholder("clock")).values_list(*plain, *expressions))


QUERIES = {kind: _query(model) for kind, model in CLOCKS.items()}


def of(kind: str, key: int, alias: str) -> tuple[Model, str] | None:
    """The row, and the name of its time zone if this machine doesn't know it. The row then has UTC. None: no such row."""
    model = CLOCKS[kind]
    found = QUERIES[kind].first(alias, clock=key)
    if found is None:
        return None
    if ZONE not in columns(model):
        return model.from_db(alias, columns(model), found), ""
    *values, zone_name = found
    zone = known(zone_name)
    names = [column for column in columns(model) if column != ZONE]
    row = model.from_db(alias, [*names, ZONE], [*values, zone or ZoneInfo("UTC")])
    unknown_zone = "" if zone else zone_name or "no time zone"
    return row, unknown_zone


def known(zone: str) -> ZoneInfo | None:
    """The zone of this name. None: this machine doesn't know it."""
    try:
        return ZoneInfo(zone)
    except (LookupError, ValueError, OSError):  # no such zone, no name, or a folder
        return None


def unknown_zones() -> dict[int, str]:
    """The zones that this machine doesn't know, by the keys of their crontabs. beat can't read these rows either."""
    rows = CrontabSchedule.objects.order_by("pk").values_list("pk", ZONE_AS_TEXT)
    return {pk: zone for pk, zone in rows if known(zone) is None}
