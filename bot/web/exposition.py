"""The metrics in Prometheus' text format. Needs the extra `metrics`."""

from collections.abc import Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.runs import clock
from bot.runs.metrics import Metrics, measure

CONTENT_TYPE = CONTENT_TYPE_LATEST  # the format that `generate_latest` writes


class _Rows(Collector):
    """Reads the rows at each scrape, so that every process of the site reports the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from families(measure(now=clock.now()))


def shown() -> bytes:
    registry = CollectorRegistry()  # our own, because the default one has metrics of the process
    registry.register(_Rows())
    return generate_latest(registry)


def families(found: Metrics) -> Iterator[GaugeMetricFamily]:
    """All metrics. docs/operations.md has a table of them."""
    yield _by(
        "runtask_runs",
        "Runs that have not ended, and those that have ended within the last hour, by state and by Celery's status.",
        ("state", "status"),
        found.runs,
    )
    yield _one(
        "runtask_oldest_open_run_seconds",
        "Seconds since somebody asked for the oldest run that was sent and has not ended. 0: there is none.",
        found.oldest_open_run,
    )
    yield _by(
        "runtask_notices",
        "Slack messages that wait, and those that were due within the last hour and are sent or given up, by state.",
        ("state",),
        found.notices,
    )
    yield _one(
        "runtask_oldest_due_notice_seconds",
        "Seconds since the oldest Slack message that waits for a deliverer was due. 0: there is none.",
        found.oldest_due_notice,
    )
    yield _one(
        "runtask_failing_notices",
        "Slack messages that wait although several tries to deliver them have failed.",
        found.failing_notices,
    )
    yield _by(
        "runtask_parked_notices",
        "Slack messages that were given up within the last hour, by the reason.",
        ("reason",),
        found.parked_notices,
    )
    yield _by(
        "runtask_refusals",
        "Requests that were refused within the last hour, by kind.",
        ("kind",),
        found.refusals,
    )
    yield _by(
        "runtask_source_lag_seconds",
        "Seconds for which runs have waited for results that nobody could read, by source. 0: none waits.",
        ("source",),
        found.source_lags,
    )
    yield _by(
        "runtask_installation_up",
        "1: within the last two minutes, Slack has taken the token of a process that delivers there. 0: it has not.",
        ("installation",),
        found.installations,
    )


def _one(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def _by(
    name: str, help_text: str, labels: tuple[str, ...], values: Mapping[str, float] | Mapping[tuple[str, str], float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric([key] if isinstance(key, str) else list(key), value)
    return family
