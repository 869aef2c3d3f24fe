import time
from datetime import date

from celery import shared_task
from celery.utils.log import get_task_logger

from .models import Order

logger = get_task_logger(__name__)


@shared_task
def reconcile_payments(day: str, *, dry_run: bool = False) -> dict:
    """Mark the orders of a day as paid."""
    open_orders = Order.objects.filter(placed_on=date.fromisoformat(day), paid=False)
    found = open_orders.count()
    if not dry_run:
        open_orders.update(paid=True)
    return {"day": day, "reconciled": found, "dry_run": dry_run}


@shared_task(bind=True, priority=5)
def rebuild_search_index(self, batch: int = 500, *, only: list[str] | None = None, batches: int = 5) -> str:
    """Takes a while and reports its progress."""
    for done in range(batches):
        self.update_state(state="PROGRESS", meta={"current": done, "total": batches})
        time.sleep(0.3)
    return f"{batches * batch} products indexed"


@shared_task(soft_time_limit=120, time_limit=150)
def export_orders(rows: int = 4000, *, columns: list[str] | None = None) -> str:
    """Returns the whole CSV: 200 KB and more."""
    columns = columns or ["number", "customer", "total"]
    lines = [";".join(columns)]
    lines += [";".join(f"{column}-{row:06}-{'x' * 8}" for column in columns) for row in range(rows)]
    return "\n".join(lines)


@shared_task(queue="mail", max_retries=3)
def send_invoices(month: str, *, limit: int | None = None) -> int:
    """Runs on another queue, which has its own worker."""
    orders = Order.objects.filter(placed_on__startswith=month, paid=True)[: limit or 1000]
    for order in orders:
        logger.info("invoice %s to %s", order.number, order.customer_email)
    return len(orders)


@shared_task(ignore_result=True)
def prune_carts(days: int = 30) -> None:
    """Its result is ignored."""
    logger.info("carts older than %s days are gone", days)
