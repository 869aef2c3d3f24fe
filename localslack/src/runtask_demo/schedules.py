"""The schedules of an imagined shop: ordinary ones first, then those that show what can go wrong.

Arguments are JSON texts, as in the database, so that exact and large numbers and broken JSON stay as they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

TIME_ZONE = "Europe/Berlin"
RECIPIENTS = [f"customer{number:03}@example.com" for number in range(150)]
RATES = """{
  "größe_µ": 1.10,
  "日本円": 0.0061500,
  "vérité": 12345678901234567890,
  "tiny": 1e-30,
  "emoji 👩🏽‍🚀": "naïve “quotes” & <tags>"
}"""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When a schedule runs: the field of PeriodicTask that says so, and the row to which it refers."""

    kind: Literal["interval", "crontab", "solar", "clocked"]
    row: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The values of a PeriodicTask row. `options` are its other fields."""

    name: str
    task: str
    timing: Timing
    description: str
    args: str = "[]"
    kwargs: str = "{}"
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def every(count: int, period: str) -> Timing:
    return Timing(kind="interval", row={"every": count, "period": period})


def at(hour: int, minute: int = 0, **days: str) -> Timing:
    any_day = {"day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
    row = {"hour": str(hour), "minute": str(minute), **any_day, **days, "timezone": TIME_ZONE}
    return Timing(kind="crontab", row=row)


SUNRISE_IN_BERLIN = Timing(kind="solar", row={"event": "sunrise", "latitude": "52.520008", "longitude": "13.404954"})
NEW_YEAR_2030 = Timing(kind="clocked", row={"clocked_time": datetime(2030, 1, 1, 5, tzinfo=UTC)})

ORDINARY = (
    Entry(
        name="Nightly sales report",
        task="demo.reports.sales_report",
        timing=at(2),
        kwargs='{"days": 7, "region": "EU", "include_refunds": false}',
        description="Sales of the last days in one region. Ends well within a second.",
    ),
    Entry(
        name="Weekly sales report, US",
        task="demo.reports.sales_report",
        timing=at(6, 30, day_of_week="1"),
        args='[7, "US"]',
        description="The same report with arguments by position.",
    ),
    Entry(
        name="Pay refunds",
        task="demo.refunds.pay",
        timing=at(9, day_of_week="5"),
        kwargs='{"days": 7, "most": 500}',
        description="Pays customers back. A rule asks for the yes of somebody in accounting.",
    ),
    Entry(
        name="Rebuild search index",
        task="demo.search.rebuild_index",
        timing=every(6, "hours"),
        kwargs='{"seconds": 20, "index": "products"}',
        description="Takes as many seconds as you say and tells how far it is.",
    ),
    Entry(
        name="Yearly archive",
        task="demo.reports.yearly_archive",
        timing=at(3, day_of_month="1", month_of_year="1"),
        args="[2025]",
        kwargs='{"compress": true}',
        description="Runs on a queue of its own.",
        options={"queue": "reports", "priority": 3, "headers": '{"X-Tenant": "shop"}', "expire_seconds": 3600},
    ),
    Entry(
        name="Send newsletter",
        task="demo.newsletter.send",
        timing=at(9, day_of_week="2,4"),
        kwargs=json.dumps({"subject": "New in the shop", "test_only": True, "recipients": RECIPIENTS}, indent=2),
        description="Stored arguments longer than an input in Slack takes.",
    ),
    Entry(
        name="Book exchange rates",
        task="demo.finance.book_rates",
        timing=every(15, "minutes"),
        kwargs=RATES,
        description="Names in many scripts, and numbers whose last digit counts.",
    ),
    Entry(
        name="Send invoice 1042 again",
        task="demo.billing.send_invoice",
        timing=NEW_YEAR_2030,
        args="[1042]",
        kwargs='{"copy_to": "ana@example.com"}',
        description="Once, at a fixed time.",
        options={"one_off": True},
    ),
    Entry(
        name="Rotate partner key",
        task="demo.partners.rotate_key",
        timing=at(4, day_of_month="1"),
        kwargs='{"partner": "acme", "api_token": "demo-token-that-opens-nothing",'
        ' "webhook": {"url": "https://partner.example/hook", "secret": "demo-secret-of-nobody"}}',
        description="Stored arguments that not everybody should read.",
    ),
    Entry(
        name="Clear old sessions",
        task="demo.cleanup.sessions",
        timing=at(1, 15),
        kwargs='{"older_than_days": 30}',
        description="Its result isn't kept when the clock starts it; a run from Slack is told how it ended all the same.",
    ),
    Entry(
        name="Sync stock levels",
        task="demo.stock.sync",
        timing=SUNRISE_IN_BERLIN,
        kwargs='{"shop": "all"}',
        description="Every day at sunrise.",
    ),
    Entry(
        name="Reconcile the payments of all shops with the statements of all banks, and tell the bookkeepers what differs",
        task="demo.billing.send_invoice",
        timing=at(5, 45),
        args="[7]",
        description="A name longer than Slack shows in a list.",
    ),
)
TROUBLED = (
    Entry(
        name="Import partner feed",
        task="demo.imports.partner_feed",
        timing=every(30, "minutes"),
        kwargs='{"partner": "acme", "skip_broken_lines": false}',
        description="Fails with a traceback; with skip_broken_lines it doesn't.",
    ),
    Entry(
        name="Export visitors' comments <!channel> & *more*",
        task="demo.comments.export",
        timing=at(7),
        description="Returns 200 KB of text that tries to ring everybody, to pose as a link, and worse.",
    ),
    Entry(
        name="Sync stock levels of a closed shop",
        task="demo.stock.sync",
        timing=every(1, "days"),
        kwargs='{"shop": "closed"}',
        description="Has nothing to do and asks Celery to ignore it: there is never a result.",
    ),
    Entry(
        name="Compact the database",
        task="demo.maintenance.compact",
        timing=at(3, 30, day_of_week="0"),
        description="Ended by its time limit after three seconds.",
    ),
    Entry(
        name="Resize product images",
        task="demo.images.resize",
        timing=every(2, "hours"),
        kwargs='{"folder": "products"}',
        description="Takes its worker process with it.",
    ),
    Entry(
        name="Close the month",
        task="demo.billing.close_month",
        timing=at(23, 50, day_of_month="28"),
        kwargs='{"month": "2026-10"}',
        description="Switched off: the clock doesn't run it.",
        options={"enabled": False},
    ),
    Entry(
        name="Legacy nightly export",
        task="legacy.exports.nightly",
        timing=at(2, 30),
        description="A task that no worker knows any more.",
    ),
    Entry(
        name="Monthly tax report",
        task="demo.reports.sales_report",
        timing=at(8, day_of_month="1"),
        kwargs='{"days": 31, "region": "EU"',
        description="Somebody lost a bracket when editing its arguments.",
    ),
    Entry(
        name="Summer sale prices",
        task="demo.stock.sync",
        timing=every(1, "hours"),
        kwargs='{"shop": "all"}',
        description="Its last day has passed.",
        options={"expires": datetime(2025, 8, 31, tzinfo=UTC)},
    ),
)
