"""Addresses of a run's pages: complete ones for messages, paths for our own pages. Empty where there is no such page."""

from urllib.parse import quote

from django.urls import NoReverseMatch, reverse

from bot.core.model import Source
from bot.models import Run


def result(base_url: str, run: Run) -> str:
    """Where the result is shown: on the run's page or, without that page, in the admin. Empty if there will be no result."""
    if run.source == Source.NONE:
        return ""
    return _absolute(base_url, path("runtask:status", run.pk) or result_path(run) or record_path(run))


def page(base_url: str, run: Run) -> str:
    """The run's own page, which needs no permission for the admin. Without that page, the run's record in the admin."""
    return _absolute(base_url, path("runtask:status", run.pk) or record_path(run))


def thread(workspace: str, run: Run) -> str:
    """The permalink of a run's root message, as Slack builds it (docs.slack.dev: reference/methods/chat.getPermalink).

    `workspace` is the workspace's address (`auth.test`), or empty.
    """
    if not (run.channel and run.thread):
        return ""
    address = f"/archives/{quote(run.channel)}/p{quote(run.thread.replace('.', ''))}"
    if run.parent:
        address += f"?thread_ts={quote(run.parent)}&cid={quote(run.channel)}"
    return _absolute(workspace, address)


def result_path(run: Run) -> str:
    """The results admin, searched for the task's id, as the row may appear later than the link."""
    if run.source != Source.ROWS:
        return ""
    address = path("admin:django_celery_results_taskresult_changelist")
    return f"{address}?q={quote(run.task_id)}" if address else ""


def record_path(run: Run) -> str:
    return path("admin:runtask_run_change", run.pk)


def path(view: str, *args: object) -> str:
    try:
        return reverse(view, args=args)
    except NoReverseMatch:  # a project without this page
        return ""


def _absolute(base_url: str, address: str) -> str:
    return base_url.rstrip("/") + address if base_url and address else ""
