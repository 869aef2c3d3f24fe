"""Tasks of an imagined shop, for the demo: ordinary ones, slow ones, and every way in which a task can end badly.

They only pretend to work, and touch nothing outside. Celery loads them by name (`RUNTASK_IMPORTS=runtask_demo.tasks`).
"""

import os
import signal
import time
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Ignore
from celery.utils.log import get_task_logger

from runtask_demo.feed import read_feed
from runtask_demo.hostile import HOSTILE

log = get_task_logger(__name__)


@shared_task(name="demo.reports.sales_report")
def sales_report(days: int = 7, region: str = "EU", *, include_refunds: bool = False) -> dict[str, Any]:
    """Adds up the sales of the last `days` days in one region."""
    orders = days * (120 if region == "EU" else 45)
    refunds = orders // 20 if include_refunds else 0
    revenue = f"{(orders - refunds) * 37:,}.00 EUR"
    return {"region": region, "days": days, "orders": orders, "refunds": refunds, "revenue": revenue}


@shared_task(name="demo.reports.yearly_archive")
def yearly_archive(year: int, *, compress: bool = True) -> str:
    """Packs a year's reports into one file. Runs on the queue `reports`."""
    return f"reports-{year}.{'tar.gz' if compress else 'tar'} (1,204 files)"


@shared_task(name="demo.search.rebuild_index", bind=True)
def rebuild_index(
    self: Task[..., Any], seconds: float = 20, index: str = "products", parts: int = 10
) -> dict[str, Any]:
    """Builds the shop's search index again, part by part, and reports its progress."""
    for part in range(parts):
        note = f"part {part + 1} of the index “{index}”"
        self.update_state(state="PROGRESS", meta={"done": part, "total": parts, "note": note})
        time.sleep(seconds / parts)
    return {"index": index, "documents": parts * 1_250}


@shared_task(name="demo.imports.partner_feed")
def partner_feed(partner: str = "acme", *, skip_broken_lines: bool = False) -> dict[str, Any]:
    """Imports a partner's price list. One of its lines is broken, so this fails unless such lines are skipped."""
    prices = read_feed(partner, skip_broken_lines=skip_broken_lines)
    return {"partner": partner, "prices": prices}


@shared_task(name="demo.newsletter.send")
def send_newsletter(subject: str, recipients: list[str], *, test_only: bool = True) -> str:
    """Sends a newsletter to a long list of people; with `test_only` to nobody."""
    return f"“{subject}”: {0 if test_only else len(recipients)} of {len(recipients)} sent"


@shared_task(name="demo.finance.book_rates")
def book_rates(**rates: Any) -> dict[str, str]:
    """Books exchange rates. The result shows each value exactly as the task got it."""
    return {name: repr(value) for name, value in rates.items()}


@shared_task(name="demo.billing.send_invoice")
def send_invoice(invoice: int, copy_to: str = "") -> str:
    """Sends an invoice again, to its customer and to one more address if one is given."""
    return f"Invoice {invoice} sent{f', copy to {copy_to}' if copy_to else ''}"


@shared_task(name="demo.billing.close_month")
def close_month(month: str) -> str:
    """Closes a month's books, after which nothing in it can be changed."""
    return f"{month} is closed"


@shared_task(name="demo.refunds.pay")
def pay_refunds(days: int = 7, most: int = 500) -> str:
    """Pays back what customers have returned, up to `most` euros each."""
    return f"Refunds of {days} days paid, at most {most} EUR each"


@shared_task(name="demo.partners.rotate_key")
def rotate_key(partner: str, api_token: str, webhook: dict[str, str]) -> str:
    """Replaces the key with which a partner calls our API, and tells the partner through their webhook."""
    return f"{partner} has a new key of {len(api_token)} characters; {webhook['url']} was told"


@shared_task(name="demo.cleanup.sessions", ignore_result=True)
def clear_sessions(older_than_days: int = 30) -> None:
    """Removes sessions that nobody used. Its result is kept if the bot sends it, but not if beat does."""
    log.info("sessions older than %s days removed", older_than_days)


@shared_task(name="demo.stock.sync", bind=True)
def sync_stock(self: Task[..., Any], shop: str = "all") -> str:
    """Takes over stock levels from the warehouse. If there are none, it tells Celery to keep no result at all."""
    if shop == "all":
        return "431 articles updated"
    log.info("%s: nothing to do for %s", self.name, shop)
    raise Ignore


@shared_task(name="demo.maintenance.compact", soft_time_limit=3)
def compact_database(seconds: float = 30) -> str:
    """Makes the database smaller. It needs 30 seconds, but its time limit ends it after three."""
    time.sleep(seconds)
    return "done"


@shared_task(name="demo.images.resize")
def resize_images(folder: str = "products") -> None:
    """Makes small pictures of large ones, runs out of memory, and takes its process with it."""
    log.warning("%s: out of memory", folder)
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="demo.comments.export")
def export_comments(*, fail: bool = False) -> str:
    """Returns what visitors wrote: 200 KB that try to ring everybody, pose as links, and turn the text around."""
    if fail:
        raise ValueError(HOSTILE)
    return HOSTILE
